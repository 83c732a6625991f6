package splynx

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
)

// The longest texts that Splynx's columns hold, in characters.
const (
	MaxReceipt = 32
	MaxComment = 256
	MaxField   = 512
)

// NewPayment is a payment to be made. It pays an invoice or a proforma invoice, or goes to
// the customer's balance when both are 0. One that gives money back takes from the balance;
// whether Splynx takes such a payment by its API is not proven.
type NewPayment struct {
	CustomerID    int64
	InvoiceID     int64 // 0 for none
	RequestID     int64 // the proforma invoice; 0 for none
	PaymentType   int64 // the id of a PaymentMethod
	ReceiptNumber string
	Date          time.Time       // its day counts, in its own time zone
	Amount        currency.Amount // in the digits of its currency; more than 0, or less where GivesBack
	GivesBack     bool
	Comment       string
	Fields        [5]string
	Note          string
}

// wireNewPayment is what is posted. Everything is sent, empty when unused, since the
// documents do not agree on what is required.
type wireNewPayment struct {
	CustomerID    int64    `json:"customer_id"`
	InvoiceID     *int64   `json:"invoice_id"`
	RequestID     *int64   `json:"request_id"`
	PaymentType   int64    `json:"payment_type"`
	ReceiptNumber string   `json:"receipt_number"`
	Date          string   `json:"date"`
	Amount        string   `json:"amount"`
	Comment       string   `json:"comment"`
	IsSent        wireFlag `json:"is_sent"`
	Field1        string   `json:"field_1"`
	Field2        string   `json:"field_2"`
	Field3        string   `json:"field_3"`
	Field4        string   `json:"field_4"`
	Field5        string   `json:"field_5"`
	Note          string   `json:"note"`
	Memo          string   `json:"memo"`
}

// wire checks the payment and turns it into what is posted.
func (p NewPayment) wire() (*wireNewPayment, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	amount, err := p.wireAmount()
	if err != nil {
		return nil, err
	}
	return &wireNewPayment{
		CustomerID: p.CustomerID, InvoiceID: nullable(p.InvoiceID), RequestID: nullable(p.RequestID),
		PaymentType: p.PaymentType, ReceiptNumber: p.ReceiptNumber, Date: DateOf(p.Date).String(), Amount: amount,
		Comment: p.Comment, Field1: p.Fields[0], Field2: p.Fields[1], Field3: p.Fields[2], Field4: p.Fields[3],
		Field5: p.Fields[4], Note: p.Note,
	}, nil
}

func (p NewPayment) check() error {
	switch {
	case p.CustomerID <= 0:
		return errors.New("no customer")
	case p.InvoiceID < 0, p.RequestID < 0:
		return errors.New("a negative document id")
	case p.InvoiceID != 0 && p.RequestID != 0:
		return errors.New("two documents for one payment")
	case p.PaymentType <= 0:
		return errors.New("no payment type")
	case p.ReceiptNumber == "":
		return errors.New("no receipt number")
	case p.Date.IsZero():
		return errors.New("no date")
	}
	if err := checkText("the receipt number", p.ReceiptNumber, MaxReceipt); err != nil {
		return err
	}
	if err := checkText("the comment", p.Comment, MaxComment); err != nil {
		return err
	}
	for i, f := range p.Fields {
		if err := checkText(fmt.Sprintf("field %d", i+1), f, MaxField); err != nil {
			return err
		}
	}
	if !utf8.ValidString(p.Note) {
		return errors.New("the note is not UTF-8")
	}
	return nil
}

// checkText refuses what the column would cut, trim or change: a receipt number that was
// stored otherwise is never found again.
func checkText(name, s string, longest int) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s is not UTF-8", name)
	}
	if n := utf8.RuneCountInString(s); n > longest {
		return fmt.Errorf("%s has %d characters, more than %d", name, n, longest)
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	if s != "" && (unicode.IsSpace(first) || unicode.IsSpace(last)) {
		return fmt.Errorf("%s begins or ends with a space", name)
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return fmt.Errorf("%s has control characters", name)
		}
	}
	return nil
}

// wireAmount is the amount with its sign.
func (p NewPayment) wireAmount() (string, error) {
	if !p.GivesBack {
		return wireAmount(p.Amount)
	}
	positive, err := p.Amount.Mul("-1")
	if err != nil {
		return "", err
	}
	text, err := wireAmount(positive)
	if err != nil {
		return "", fmt.Errorf("of what is given back: %w", err)
	}
	return "-" + text, nil
}

// wireAmount writes an amount with its currency's own digits. Splynx would take more digits
// and keep them, and then no search for the amount finds it.
func wireAmount(a currency.Amount) (string, error) {
	switch {
	case !a.IsPositive():
		return "", errors.New("the amount is not more than 0")
	case !a.Equal(a.Round()):
		return "", errors.New("the amount has more digits than its currency")
	}
	return a.Round().Number(), nil
}

// CreatePayment books a payment and returns its id. It books each time that it is called:
// look for the receipt number first, and after an error that does not say SurelyNot.
func (c *Client) CreatePayment(ctx context.Context, p NewPayment) (int64, error) {
	w, err := p.wire()
	if err != nil {
		return 0, inputError(opCreatePayment, "%w", err)
	}
	return c.create(ctx, opCreatePayment, w)
}
