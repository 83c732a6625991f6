package splynx

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// Proforma is a proforma invoice without its lines. It has no due amount: it is paid or not,
// as a whole, and it does not change the customer's balance.
type Proforma struct {
	ID, CustomerID int64
	Number         string // unique by habit only
	Status         string // NotPaid, Paid or Pending
	Total          Decimal
	PaymentID      int64 // 0 for none
	Deleted        bool
	DateCreated    Date
	DateTill       Date // the last day to pay
}

type wireProforma struct {
	wireKey
	CustomerID  wireID   `json:"customer_id"`
	Number      wireText `json:"number"`
	Status      wireText `json:"status"`
	Total       *Decimal `json:"total"`
	PaymentID   wireID   `json:"payment_id"`
	Deleted     wireFlag `json:"deleted"`
	DateCreated Date     `json:"date_created"`
	DateTill    Date     `json:"date_till"`
}

func (w wireProforma) value() (Proforma, error) {
	if w.Total == nil {
		return Proforma{}, errors.New("the proforma invoice has no total")
	}
	return Proforma{
		ID: int64(w.ID), CustomerID: int64(w.CustomerID), Number: string(w.Number), Status: string(w.Status),
		Total: *w.Total, PaymentID: int64(w.PaymentID), Deleted: bool(w.Deleted) || w.Status == Deleted,
		DateCreated: w.DateCreated, DateTill: w.DateTill,
	}, nil
}

// Proforma reads a proforma invoice.
func (c *Client) Proforma(ctx context.Context, id int64) (*Proforma, error) {
	return read[wireProforma](ctx, c, opProforma, id)
}

// ProformasByNumber finds the proforma invoices of a number, in the way of InvoicesByNumber.
func (c *Client) ProformasByNumber(ctx context.Context, number string) ([]Proforma, error) {
	number = strings.TrimSpace(number)
	if number == "" {
		return nil, inputError(opProformas, "the number is empty")
	}
	return find[wireProforma](ctx, c, opProformas, query{}.equal(mainAttributes, "number", number),
		func(v Proforma) verdict { return sameText(v.Number, number) })
}

// CustomerProformasByNumber finds a customer's own proforma invoices of a number, in the way
// of CustomerInvoicesByNumber.
func (c *Client) CustomerProformasByNumber(ctx context.Context, customerID int64, number string) ([]Proforma, error) {
	number = strings.TrimSpace(number)
	if number == "" || customerID <= 0 {
		return nil, inputError(opProformas, "the number or the customer is missing")
	}
	q := query{}.equal(mainAttributes, "number", number).equal(mainAttributes, "customer_id", strconv.FormatInt(customerID, 10))
	return find[wireProforma](ctx, c, opProformas, q, func(v Proforma) verdict {
		return both(sameText(v.Number, number), sameID(v.CustomerID, customerID))
	})
}
