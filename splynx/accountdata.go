package splynx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// AccountData is what a customer's payment account holds; there is at most one of each
// PaymentAccount. Staff may have typed anything into it, a card number too, so each value is
// a secret, and none is to be trusted.
type AccountData struct {
	AccountID, CustomerID int64
	Fields                [AccountFields]secret.Secret // field_1 to field_10
}

// wireAccountData is a row, which has no id of its own: among those of one account, the
// customer is its key.
type wireAccountData struct {
	AccountID  wireID `json:"account_id"`
	CustomerID wireID `json:"customer_id"`
	wireFields
}

func (w wireAccountData) rowID() int64 { return int64(w.CustomerID) }

func (w wireAccountData) value() (AccountData, error) {
	d := AccountData{AccountID: int64(w.AccountID), CustomerID: int64(w.CustomerID)}
	for i, text := range w.texts() {
		d.Fields[i] = secret.New(text)
	}
	return d, nil
}

// dataOf names a row by a plain name, as this resource has it.
func dataOf(customerID, accountID int64) request {
	id := strconv.FormatInt(customerID, 10) + "--" + strconv.FormatInt(accountID, 10)
	return request{query: url.Values{"id": {id}}.Encode()}
}

func checkDataOf(op operation, customerID, accountID int64) error {
	if customerID <= 0 || accountID <= 0 {
		return inputError(op, "the customer or the payment account is missing")
	}
	return nil
}

// AccountData reads what a customer's payment account holds; nil when there is nothing. A row
// that is another's makes the answer a KindFilter error.
func (c *Client) AccountData(ctx context.Context, customerID, accountID int64) (*AccountData, error) {
	if err := checkDataOf(opAccountData, customerID, accountID); err != nil {
		return nil, err
	}
	a, err := c.do(ctx, opAccountData, dataOf(customerID, accountID))
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == KindNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := dataRows(a)
	switch {
	case err != nil:
		return nil, unreadable(opAccountData, a, err)
	case len(rows) == 0:
		return nil, nil
	case len(rows) > 1:
		return nil, notHonoured(opAccountData, "more rows came than the one asked for")
	case int64(rows[0].CustomerID) != customerID || int64(rows[0].AccountID) != accountID:
		// Without its condition this resource lists the accounts themselves, which have neither.
		return nil, notHonoured(opAccountData, "a row came that does not match")
	}
	d, err := rows[0].value()
	return &d, err
}

// dataRows reads a list of rows, or one row by itself: the documents do not show the answer
// for a single account.
func dataRows(a *answer) ([]wireAccountData, error) {
	if bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("{")) {
		var w wireAccountData
		err := decode(a.body, &w)
		if err == nil && w.CustomerID == 0 && w.AccountID == 0 {
			err = errors.New("it is an object of another kind")
		}
		return []wireAccountData{w}, err
	}
	var list *[]wireAccountData // null is not a list
	if err := decode(a.body, &list); err != nil {
		return nil, err
	}
	if list == nil {
		return nil, errors.New("it is not a list")
	}
	return *list, nil
}

// SetAccountData writes fields, by their numbers 1 to 10, of a customer's payment account;
// what was not there is made. Whether Splynx keeps fields that are not sent is not
// documented: send all that matter. After an error that does not say SurelyNot, AccountData
// tells what was written.
func (c *Client) SetAccountData(ctx context.Context, customerID, accountID int64, fields map[int]secret.Secret) error {
	if err := checkDataOf(opSetAccountData, customerID, accountID); err != nil {
		return err
	}
	if len(fields) == 0 {
		return inputError(opSetAccountData, "no field")
	}
	sent := make(map[string]string, len(fields))
	for _, n := range slices.Sorted(maps.Keys(fields)) {
		if n < 1 || n > AccountFields {
			return inputError(opSetAccountData, "there is no field %d", n)
		}
		value := fields[n].Reveal()
		if err := checkText(fmt.Sprintf("field %d", n), value, MaxField); err != nil {
			return inputError(opSetAccountData, "%w", err)
		}
		sent["field_"+strconv.Itoa(n)] = value
	}
	return c.put(ctx, opSetAccountData, dataOf(customerID, accountID), sent)
}

// DeleteAccountData removes what a customer's payment account holds. That there is nothing to
// remove is no error. After an error that does not say SurelyNot, AccountData tells whether
// it is still there.
func (c *Client) DeleteAccountData(ctx context.Context, customerID, accountID int64) error {
	if err := checkDataOf(opDeleteAccountData, customerID, accountID); err != nil {
		return err
	}
	err := c.change(ctx, opDeleteAccountData, dataOf(customerID, accountID))
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != KindRefused || e.HTTPStatus != http.StatusNotFound {
		return err
	}
	// A 404 may also be about the customer or the address; only a look tells.
	if left, lookErr := c.AccountData(ctx, customerID, accountID); lookErr != nil || left != nil {
		return err
	}
	return nil
}
