package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// bill is an invoice as a payment link shows it.
type bill struct {
	invoice *splynx.Invoice
	partner int64
	due     currency.Amount
}

const (
	numberLimit   = 64               // characters of an invoice number
	splynxTimeout = 10 * time.Second // what a person waits for Splynx before we say that it cannot be reached

	// A flood of looks from many addresses waits here, and Splynx serves its staff meanwhile.
	lookUps    = 32              // links that are looked up in Splynx at the same time
	lookUpWait = 5 * time.Second // for one of them to end
)

var errBusy = errors.New("too many links are being looked up in Splynx")

// payable finds the invoice that a link names, or says why it cannot be paid, without a
// call to the gateway. A stranger learns the same of an unknown and of a deleted one.
func (h *Handler) payable(w http.ResponseWriter, r *http.Request, e *payment.Engine, number string) *bill {
	number = strings.TrimSpace(number)
	if !isNumber(number) {
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_invoice"})
		return nil
	}
	invoices, b, err := h.lookUp(r.Context(), number)
	switch {
	case len(invoices) == 1 && isGone(err): // the invoice of a customer who was removed is nobody's
		h.Logger.Warn("payment link names an invoice whose customer is not there", zap.Int64("invoice", invoices[0].ID))
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_invoice"})
	case err != nil:
		h.closed(w, r, err)
	case len(invoices) == 0:
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_invoice"})
	case len(invoices) > 1:
		h.Logger.Warn("payment link names several invoices", zap.String("number", number), zap.Int("invoices", len(invoices)))
		h.show(w, r, page{Status: http.StatusNotFound, Key: "several_invoices"})
	case !h.settled(w, r, e, b):
		return b
	}
	return nil
}

// lookUp asks Splynx for the invoices with a number and, if there is just one, for what is
// due on it. It writes no page: whoever reads slowly keeps nobody from asking.
func (h *Handler) lookUp(ctx context.Context, number string) (invoices []splynx.Invoice, b *bill, err error) {
	ctx, cancel := context.WithTimeout(ctx, splynxTimeout)
	defer cancel()
	turn, stop := context.WithTimeoutCause(ctx, lookUpWait, errBusy)
	defer stop()
	if h.asking.Acquire(turn, 1) != nil {
		return nil, nil, context.Cause(turn)
	}
	defer h.asking.Release(1)
	all, err := h.Generation.Splynx.InvoicesByNumber(ctx, number)
	if err != nil {
		return nil, nil, err
	}
	if invoices = present(all); len(invoices) == 1 {
		b, err = h.bill(ctx, &invoices[0])
	}
	return invoices, b, err
}

// isNumber tells whether text can be an invoice number at all.
func isNumber(text string) bool {
	return text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= numberLimit && !strings.ContainsFunc(text, unicode.IsControl)
}

// bill reads what is due on an invoice.
func (h *Handler) bill(ctx context.Context, invoice *splynx.Invoice) (*bill, error) {
	customer, err := h.Generation.Splynx.Customer(ctx, invoice.CustomerID)
	if err != nil {
		return nil, err
	}
	due, err := payment.Due(invoice, h.Generation.Partner(customer.PartnerID).Currency)
	if err != nil {
		return nil, err
	}
	return &bill{invoice: invoice, partner: customer.PartnerID, due: due}, nil
}

// settled answers where nothing can be paid on an invoice: it is paid, or money is under way.
func (h *Handler) settled(w http.ResponseWriter, r *http.Request, e *payment.Engine, b *bill) bool {
	v := page{Status: http.StatusOK, Number: b.invoice.Number, Partner: b.partner}
	if !b.due.IsPositive() {
		v.Key, v.Mark = "already_paid", markDone
		h.show(w, r, v)
		return true
	}
	open, err := e.Find(r.Context(), payment.Filter{
		States: payment.InFlight(),
		Kind:   payment.KindInvoice, Document: b.invoice.ID, Customer: b.invoice.CustomerID, Limit: 1,
	})
	switch {
	case err != nil:
		h.closed(w, r, err)
	case len(open) > 0:
		if payer, err := h.knownGuest(r, e); err == nil && payer != "" && payer == open[0].Payer {
			v.See = h.paymentURL(open[0].ID)
		}
		h.inFlight(w, r, v)
	case b.invoice.Status == splynx.Pending: // somebody else is charging it
		h.inFlight(w, r, v)
	default:
		return false
	}
	return true
}

func (h *Handler) inFlight(w http.ResponseWriter, r *http.Request, v page) {
	v.Key, v.Mark = "in_flight", markWait
	if r.Method == http.MethodPost {
		v.Status = http.StatusConflict
	}
	h.show(w, r, v)
}

// present leaves out what is deleted.
func present(all []splynx.Invoice) []splynx.Invoice {
	var left []splynx.Invoice
	for _, i := range all {
		if !i.Deleted {
			left = append(left, i)
		}
	}
	return left
}

func isGone(err error) bool {
	var failed *splynx.Error
	return errors.As(err, &failed) && failed.Kind == splynx.KindNotFound
}
