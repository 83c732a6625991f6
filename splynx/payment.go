package splynx

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// Payment is a payment that Splynx holds. Its receipt number is unique by habit only.
type Payment struct {
	ID, CustomerID int64
	InvoiceID      int64 // 0 for none
	RequestID      int64 // the proforma invoice; 0 for none
	PaymentType    int64 // the id of a PaymentMethod
	ReceiptNumber  string
	Date           Date
	Amount         Decimal // negative for a refund
	Comment        string
	Fields         [5]string // field_1 to field_5; what they mean is told by the PaymentMethod
	Deleted        bool
	AddedBy        string // system, api or admin
	CreatedAt      Date   // by Splynx's clock
}

type wirePayment struct {
	wireKey
	CustomerID    wireID   `json:"customer_id"`
	InvoiceID     wireID   `json:"invoice_id"`
	RequestID     wireID   `json:"request_id"`
	PaymentType   wireID   `json:"payment_type"`
	ReceiptNumber wireText `json:"receipt_number"`
	Date          Date     `json:"date"`
	Amount        *Decimal `json:"amount"`
	Comment       wireText `json:"comment"`
	Field1        wireText `json:"field_1"`
	Field2        wireText `json:"field_2"`
	Field3        wireText `json:"field_3"`
	Field4        wireText `json:"field_4"`
	Field5        wireText `json:"field_5"`
	Deleted       wireFlag `json:"deleted"`
	AddedBy       wireText `json:"added_by"`
	CreatedAt     Date     `json:"real_create_datetime"`
}

func (w wirePayment) value() (Payment, error) {
	if w.Amount == nil {
		return Payment{}, errors.New("the payment has no amount")
	}
	return Payment{
		ID: int64(w.ID), CustomerID: int64(w.CustomerID), InvoiceID: int64(w.InvoiceID), RequestID: int64(w.RequestID),
		PaymentType: int64(w.PaymentType), ReceiptNumber: string(w.ReceiptNumber), Date: w.Date, Amount: *w.Amount,
		Comment: string(w.Comment),
		Fields:  [5]string{string(w.Field1), string(w.Field2), string(w.Field3), string(w.Field4), string(w.Field5)},
		Deleted: bool(w.Deleted), AddedBy: string(w.AddedBy), CreatedAt: w.CreatedAt,
	}, nil
}

// Payment reads a payment.
func (c *Client) Payment(ctx context.Context, id int64) (*Payment, error) {
	return read[wirePayment](ctx, c, opPayment, id)
}

// PaymentsByReceipt finds a customer's payments with a receipt number, deleted ones too: the
// search that has to come back empty before a payment is created.
func (c *Client) PaymentsByReceipt(ctx context.Context, receipt string, customerID int64) ([]Payment, error) {
	if receipt == "" || customerID <= 0 {
		return nil, inputError(opPayments, "the receipt number or the customer is missing")
	}
	q := query{}.equal(mainAttributes, "receipt_number", receipt).equal(mainAttributes, "customer_id", strconv.FormatInt(customerID, 10))
	return find[wirePayment](ctx, c, opPayments, q, func(v Payment) verdict {
		return both(sameText(v.ReceiptNumber, receipt), sameID(v.CustomerID, customerID))
	})
}

// PaymentsSince finds a customer's payments dated on the day of since or later. The day is
// read in since's own time zone.
func (c *Client) PaymentsSince(ctx context.Context, customerID int64, since time.Time) ([]Payment, error) {
	if customerID <= 0 || since.IsZero() {
		return nil, inputError(opPayments, "the customer or the day is missing")
	}
	first := DateOf(since)
	q := query{}.equal(mainAttributes, "customer_id", strconv.FormatInt(customerID, 10)).where(mainAttributes, "date", atLeast, first.String())
	return find[wirePayment](ctx, c, opPayments, q, func(v Payment) verdict {
		if v.Date.Before(first) {
			return foreign
		}
		return sameID(v.CustomerID, customerID)
	})
}

// LatestPayments returns the newest payments of all customers, newest first, at most limit.
func (c *Client) LatestPayments(ctx context.Context, limit int) ([]Payment, error) {
	return c.NewestPayments(ctx, 0, limit)
}
