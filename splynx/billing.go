package splynx

import (
	"context"
	"errors"
	"strconv"
)

// Billing is the little that is read of a customer's billing.
type Billing struct {
	CustomerID    int64
	Deposit       Decimal // the balance of the account; negative: the customer owes
	PaymentMethod int64   // the id of a PaymentMethod; 0 for none
}

type wireBilling struct {
	CustomerID    wireID   `json:"customer_id"`
	Deposit       *Decimal `json:"deposit"`
	PaymentMethod wireID   `json:"payment_method"`
}

// Billing reads a customer's billing. An answer about somebody else is no answer.
func (c *Client) Billing(ctx context.Context, customerID int64) (*Billing, error) {
	if customerID <= 0 {
		return nil, inputError(opBilling, "the id %d is not positive", customerID)
	}
	a, err := c.do(ctx, opBilling, request{element: strconv.FormatInt(customerID, 10)})
	if err != nil {
		return nil, err
	}
	var w wireBilling
	switch err := decode(a.body, &w); {
	case err != nil:
		return nil, unreadable(opBilling, a, err)
	case int64(w.CustomerID) != customerID:
		return nil, unreadable(opBilling, a, errors.New("it is about another customer than the one asked for"))
	case w.Deposit == nil:
		return nil, unreadable(opBilling, a, errors.New("it has no deposit"))
	}
	return &Billing{CustomerID: customerID, Deposit: *w.Deposit, PaymentMethod: int64(w.PaymentMethod)}, nil
}

// SetPaymentMethod makes a PaymentMethod the one that a customer pays with. It changes
// nothing else of the billing. After an error that does not say SurelyNot, Billing tells
// whether it was written.
func (c *Client) SetPaymentMethod(ctx context.Context, customerID, method int64) error {
	if customerID <= 0 || method <= 0 {
		return inputError(opSetMethod, "the customer or the payment method is missing")
	}
	return c.update(ctx, opSetMethod, customerID, struct {
		PaymentMethod int64 `json:"payment_method"`
	}{method})
}
