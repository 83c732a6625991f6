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
	lookUps    = 32              // questions of people who wait, at the same time
	lookUpWait = 5 * time.Second // for one of them to end
)

var errBusy = errors.New("too many people wait for Splynx")

// payable finds the invoice that a link names, or says why it cannot be paid, without a
// call to the gateway. A stranger learns the same of an unknown and of a deleted one, a
// customer the same of an unknown one and of somebody else's.
func (h *Handler) payable(w http.ResponseWriter, r *http.Request, v visit, number string) *bill {
	number = strings.TrimSpace(number)
	key := "no_invoice"
	if v.customer != 0 {
		key = "no_own_invoice"
	}
	missing := v.of(page{Status: http.StatusNotFound, Key: key})
	if !isNumber(number) {
		h.show(w, r, missing)
		return nil
	}
	invoices, b, err := h.lookUp(r.Context(), v, number)
	switch {
	case len(invoices) == 1 && isGone(err): // the invoice of a customer who was removed is nobody's
		h.Logger.Warn("payment link names an invoice whose customer is not there", zap.Int64("invoice", invoices[0].ID))
		h.show(w, r, missing)
	case err != nil:
		h.closed(w, r, err)
	case len(invoices) == 0:
		h.show(w, r, missing)
	case len(invoices) > 1:
		h.Logger.Warn("payment link names several invoices", zap.String("number", number), zap.Int("invoices", len(invoices)))
		h.show(w, r, v.of(page{Status: http.StatusNotFound, Key: "several_invoices"}))
	case !h.settled(w, r, v, b):
		return b
	}
	return nil
}

// lookUp asks Splynx for the invoices with a number and, if there is just one, for what is
// due on it. It writes no page: whoever reads slowly keeps nobody from asking.
func (h *Handler) lookUp(ctx context.Context, v visit, number string) (invoices []splynx.Invoice, b *bill, err error) {
	err = h.turn(ctx, func(ctx context.Context) error {
		all, err := v.invoices(ctx, h.Generation.Splynx, number)
		if err != nil {
			return err
		}
		if invoices = present(all); len(invoices) == 1 {
			b, err = h.bill(ctx, v.e, &invoices[0])
		}
		return err
	})
	return invoices, b, err
}

// turn asks Splynx for somebody who waits, when it is that one's turn.
func (h *Handler) turn(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, splynxTimeout)
	defer cancel()
	turn, stop := context.WithTimeoutCause(ctx, lookUpWait, errBusy)
	defer stop()
	if h.asking.Acquire(turn, 1) != nil {
		return context.Cause(turn)
	}
	defer h.asking.Release(1)
	return ask(ctx)
}

// isNumber tells whether text can be an invoice number at all.
func isNumber(text string) bool {
	return text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= numberLimit && !strings.ContainsFunc(text, unicode.IsControl)
}

// bill reads what is due on an invoice.
func (h *Handler) bill(ctx context.Context, e *payment.Engine, invoice *splynx.Invoice) (*bill, error) {
	customer, err := h.Generation.Splynx.Customer(ctx, invoice.CustomerID)
	if err != nil {
		return nil, err
	}
	if err := e.Serves(ctx, h.Generation, customer.PartnerID); err != nil {
		return nil, err
	}
	due, err := payment.Due(invoice, h.Generation.Partner(customer.PartnerID).Currency)
	if err != nil {
		return nil, err
	}
	return &bill{invoice: invoice, partner: customer.PartnerID, due: due}, nil
}

// settled answers where nothing can be paid on an invoice: it is paid, or money is under way.
func (h *Handler) settled(w http.ResponseWriter, r *http.Request, v visit, b *bill) bool {
	p := v.of(page{Status: http.StatusOK, Number: b.invoice.Number, Partner: b.partner})
	if !b.due.IsPositive() {
		p.Key, p.Mark = "already_paid", markDone
		h.show(w, r, p)
		return true
	}
	open, err := v.e.Find(r.Context(), payment.Filter{
		States: payment.InFlight(),
		Kind:   payment.KindInvoice, Document: b.invoice.ID, Customer: b.invoice.CustomerID, Limit: 1,
	})
	switch {
	case err != nil:
		h.closed(w, r, err)
	case len(open) > 0:
		payer := v.payer
		if payer == "" {
			payer, _ = h.knownGuest(r, v.e)
		}
		if payer != "" && payer == open[0].Payer {
			p.See = h.paymentURL(open[0].ID)
		}
		h.inFlight(w, r, p)
	case b.invoice.Status == splynx.Pending: // somebody else is charging it
		h.inFlight(w, r, p)
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
