package splynx

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// The states of an invoice. What people see as partially paid is NotPaid with a Due below
// its Total; overdue is NotPaid after DateTill.
const (
	NotPaid = "not_paid"
	Paid    = "paid"
	Pending = "pending"
	Deleted = "deleted"
)

// Invoice is an invoice without its lines. Amounts are in the currency of the installation,
// which Splynx does not tell.
type Invoice struct {
	ID, CustomerID int64
	Number         string // unique by habit only
	Status         string
	Total          Decimal
	Due            Decimal // what is still to be paid
	PaymentID      int64   // 0 for none
	Deleted        bool
	DateCreated    Date
	DateTill       Date // the last day to pay
	DatePayment    Date
}

type wireInvoice struct {
	wireKey
	CustomerID  wireID   `json:"customer_id"`
	Number      wireText `json:"number"`
	Status      wireText `json:"status"`
	Total       *Decimal `json:"total"`
	Due         *Decimal `json:"due"`
	PaymentID   wireID   `json:"payment_id"`
	Deleted     wireFlag `json:"deleted"`
	DateCreated Date     `json:"date_created"`
	DateTill    Date     `json:"date_till"`
	DatePayment Date     `json:"date_payment"`
}

func (w wireInvoice) value() (Invoice, error) {
	if w.Total == nil || w.Due == nil {
		return Invoice{}, errors.New("the invoice has no total or no due amount")
	}
	return Invoice{
		ID: int64(w.ID), CustomerID: int64(w.CustomerID), Number: string(w.Number), Status: string(w.Status),
		Total: *w.Total, Due: *w.Due, PaymentID: int64(w.PaymentID), Deleted: bool(w.Deleted) || w.Status == Deleted,
		DateCreated: w.DateCreated, DateTill: w.DateTill, DatePayment: w.DatePayment,
	}, nil
}

// Invoice reads an invoice.
func (c *Client) Invoice(ctx context.Context, id int64) (*Invoice, error) {
	return read[wireInvoice](ctx, c, opInvoice, id)
}

// InvoicesByNumber finds the invoices of a number, deleted ones too. Spaces around the
// number are ignored; else it has to match exactly, upper and lower case included.
func (c *Client) InvoicesByNumber(ctx context.Context, number string) ([]Invoice, error) {
	number = strings.TrimSpace(number)
	if number == "" {
		return nil, inputError(opInvoices, "the number is empty")
	}
	return find[wireInvoice](ctx, c, opInvoices, query{}.equal(mainAttributes, "number", number),
		func(v Invoice) verdict { return sameText(v.Number, number) })
}

// CustomerInvoicesByNumber finds a customer's own invoices of a number, in the way of
// InvoicesByNumber. A row of anybody else makes the whole answer a KindFilter error.
func (c *Client) CustomerInvoicesByNumber(ctx context.Context, customerID int64, number string) ([]Invoice, error) {
	number = strings.TrimSpace(number)
	if number == "" || customerID <= 0 {
		return nil, inputError(opInvoices, "the number or the customer is missing")
	}
	q := query{}.equal(mainAttributes, "number", number).equal(mainAttributes, "customer_id", strconv.FormatInt(customerID, 10))
	return find[wireInvoice](ctx, c, opInvoices, q, func(v Invoice) verdict {
		return both(sameText(v.Number, number), sameID(v.CustomerID, customerID))
	})
}
