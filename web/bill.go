package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// bill is a document with what is due on it, as it can be paid.
type bill struct {
	document
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

// payable finds the document that a visit's item_id names, or says why it cannot be paid,
// without a call to the gateway.
func (h *Handler) payable(w http.ResponseWriter, r *http.Request, v visit, item string) *bill {
	item = strings.TrimSpace(item)
	if !isNumber(item) {
		h.show(w, r, v.missing())
		return nil
	}
	found, b, err := h.lookUp(r.Context(), v, item)
	switch {
	case len(found) == 1 && isGone(err): // the document of a customer who was removed is nobody's
		h.Logger.Warn("payment link names an invoice whose customer is not there", zap.Int64("invoice", found[0].id), zap.String("kind", string(v.kind)))
		h.show(w, r, v.missing())
	case err != nil:
		h.closed(w, r, err)
	case len(found) == 0:
		h.show(w, r, v.missing())
	case len(found) > 1:
		h.Logger.Warn("payment link names several invoices", zap.String("number", item), zap.String("kind", string(v.kind)), zap.Int("invoices", len(found)))
		h.show(w, r, v.several())
	case !h.settled(w, r, v, b):
		return b
	}
	return nil
}

// several says that it is not clear which document is meant.
func (v visit) several() page {
	p := v.of(page{Status: http.StatusNotFound, Key: "several_invoices"})
	if v.kind == payment.KindProforma {
		p.Key = "several_proformas"
	}
	return p
}

// lookUp asks Splynx for what an item_id names and, if that is just one document, for what is
// due on it. It writes no page: whoever reads slowly keeps nobody from asking.
func (h *Handler) lookUp(ctx context.Context, v visit, item string) (found []document, b *bill, err error) {
	err = h.turn(ctx, func(ctx context.Context) error {
		var own *splynx.Customer // of whose documents alone are searched, meanwhile
		var ownErr error
		var reads sync.WaitGroup
		if v.customer != 0 {
			reads.Go(func() { own, ownErr = h.Generation.Splynx.Customer(ctx, v.customer) })
		}
		found, err = v.documents(ctx, h.Generation.Splynx, item)
		if reads.Wait(); err != nil || len(found) != 1 {
			return err
		}
		if own == nil && ownErr == nil {
			own, ownErr = h.Generation.Splynx.Customer(ctx, found[0].customer)
		}
		if err = ownErr; err == nil {
			b, err = h.bill(ctx, v.e, found[0], own)
		}
		return err
	})
	return found, b, err
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

// bill is what is due on a customer's document.
func (h *Handler) bill(ctx context.Context, e *payment.Engine, d document, customer *splynx.Customer) (*bill, error) {
	if err := e.Serves(ctx, h.Generation, customer.PartnerID); err != nil {
		return nil, err
	}
	due, err := d.due(h.Generation.Partner(customer.PartnerID).Currency)
	if err != nil {
		return nil, err
	}
	return &bill{document: d, partner: customer.PartnerID, due: due}, nil
}

// settled answers where nothing can be paid on a document: it is paid, or money is under way.
func (h *Handler) settled(w http.ResponseWriter, r *http.Request, v visit, b *bill) bool {
	p := v.of(page{Status: http.StatusOK, Number: v.shows(b.number), Partner: b.partner})
	if v.kind != payment.KindTopUp && !b.due.IsPositive() {
		if p.Key, p.Mark = "already_paid", markDone; v.kind == payment.KindProforma {
			p.Key = "already_paid_proforma"
		}
		h.show(w, r, p)
		return true
	}
	open, err := h.blocking(r.Context(), v, b)
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
	case b.pending:
		h.inFlight(w, r, p)
	default:
		return false
	}
	return true
}

// blocking finds the payments under way that forbid another one.
func (h *Handler) blocking(ctx context.Context, v visit, b *bill) (open []*payment.Payment, err error) {
	all, err := v.e.Find(ctx, payment.Filter{States: payment.InFlight(), Customer: b.customer, Limit: 1000})
	for _, p := range all {
		if p.Blocks(&payment.Payment{Kind: v.kind, Customer: b.customer, DocumentID: b.id}) {
			open = append(open, p)
		}
	}
	return open, err
}

func (h *Handler) inFlight(w http.ResponseWriter, r *http.Request, p page) {
	switch p.Key, p.Mark = "in_flight", markWait; p.Kind {
	case payment.KindProforma:
		p.Key = "in_flight_proforma"
	case payment.KindTopUp:
		p.Key = "in_flight_top_up"
	}
	if r.Method == http.MethodPost {
		p.Status = http.StatusConflict
	}
	h.show(w, r, p)
}

func isGone(err error) bool {
	var failed *splynx.Error
	return errors.As(err, &failed) && failed.Kind == splynx.KindNotFound
}
