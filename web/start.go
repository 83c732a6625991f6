package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// start has the engine start the payment. The second half of a double click waits for the
// first one, and leads to the same page.
func (h *Handler) start(r *http.Request, v visit, b *bill, f sealedForm, c choice) (*payment.Payment, error) {
	key := f.Key + c.key()
	p, err, _ := h.starts.Do(key, func() (any, error) {
		if err := h.countStart(r, v, f, key); err != nil {
			return nil, err
		}
		s := payment.Start{
			Kind: v.kind, Origin: v.origin(), Partner: b.partner, Customer: f.Customer,
			DocumentID: f.Document, DocumentNumber: b.number, ByID: v.byID, Amount: f.Amount, FormKey: key, Payer: f.Payer, Who: v.who(),
			SaveCard: c == saveAnother, LinkEnds: v.ends,
		}
		if c == savedCard {
			s.Card = f.Card
			return v.e.Charge(r.Context(), s)
		}
		p, err := v.e.Start(r.Context(), s)
		if err == nil && !v.portal {
			h.Limits.Started(h.ClientIP(r), p.ID, h.Now())
		}
		return p, err
	})
	started, _ := p.(*payment.Payment)
	return started, err
}

// countStart counts a form that will make a payment. One that only leads to a payment that is
// there takes nothing from anybody: else who sends one form again and again closes the link.
func (h *Handler) countStart(r *http.Request, v visit, f sealedForm, key string) error {
	// Both halves of a double click wait for this, whoever of them leaves.
	mine, err := v.e.Find(context.WithoutCancel(r.Context()), payment.Filter{Kind: f.Kind, Document: f.Document, Customer: f.Customer, Payer: f.Payer})
	if err != nil {
		return err
	}
	now := h.Now()
	for _, p := range mine {
		if p.FormKey == key || p.PageOpen(now) && p.Amount.Equal(f.Amount) {
			return nil
		}
	}
	if v.portal { // an address can be a thousand customers behind one NAT
		if wait := h.Limits.CustomerStart(v.customer, now); wait > 0 {
			h.Logger.Warn("customer limit reached", zap.Int64("customer", v.customer))
			return &limitError{wait}
		}
		return nil
	}
	return h.countGuest(r, v, f, now)
}

// countGuest counts the start of a guest, unless links are closed, or too much was declined.
func (h *Handler) countGuest(r *http.Request, v visit, f sealedForm, now time.Time) error {
	from, ctx := h.ClientIP(r), context.WithoutCancel(r.Context())
	if err := h.letGuestsStart(ctx, v.e); err != nil {
		return err
	}
	wait, err := h.declineWait(ctx, v.e, f, from, now)
	if err != nil {
		return err
	}
	if wait > 0 {
		h.Logger.Warn("a guest waits: too many payments of this document or from this address were declined", zap.Int64("document", f.Document), zap.Stringer("from", from), zap.Duration("wait", wait))
		return &limitError{wait}
	}
	if wait := h.Limits.Start(f.Document, from, now); wait > 0 {
		h.Logger.Warn("guest limit reached", zap.Int64("document", f.Document), zap.Stringer("from", from))
		if from.IsPrivate() || from.IsLoopback() {
			h.nearby.Do(func() {
				h.Logger.Warn("guests are counted by an address of this network: behind a proxy all of them are one; name the proxy in trusted_proxies",
					zap.Stringer("from", from), zap.String("write", "{ servers { trusted_proxies static "+from.String()+" } }"))
			})
		}
		return &limitError{wait}
	}
	return nil
}

// limitError tells that a start is beyond the limits, and when to come back.
type limitError struct{ wait time.Duration }

func (*limitError) Error() string { return "guest limit reached" }

// started shows where a payment stands after its form was sent at begun, once or again.
func (h *Handler) started(w http.ResponseWriter, r *http.Request, v visit, b *bill, begun time.Time, p *payment.Payment, err error) {
	var waiting bool
	if err == nil && !p.CreatedAt.After(begun) { // something may have come back for it
		waiting, err = v.e.Waiting(r.Context(), p)
	}
	switch {
	case err != nil:
		h.unstarted(w, r, v, b, p, err)
	case waiting: // what came back for it is not judged yet
		http.Redirect(w, r, h.paymentURL(p.ID), http.StatusSeeOther)
	case p.State == payment.Offered && p.PageURL != "" && h.Now().Before(p.PageEnds):
		http.Redirect(w, r, p.PageURL, http.StatusSeeOther)
	case p.ByPxPost() && p.State == payment.NotDone:
		h.unchanged(w, r, v, b, p)
	case p.State == payment.NotOffered, p.State == payment.NotStarted:
		h.offerForm(w, r, v, b, page{Status: http.StatusServiceUnavailable, Notice: "not_offered", RetryAfter: comeAgain})
	case p.State == payment.Declined, p.State == payment.Cancelled, p.State == payment.Expired:
		// This form's payment ended without money, as far as is known: a new one.
		h.offerForm(w, r, v, b, page{Status: http.StatusOK, Notice: endedKey(p), Reference: string(p.ID)})
	default:
		http.Redirect(w, r, h.paymentURL(p.ID), http.StatusSeeOther)
	}
}

// unstarted says why the engine gave no payment, or gave one of which it cannot tell where it
// stands.
func (h *Handler) unstarted(w http.ResponseWriter, r *http.Request, v visit, b *bill, p *payment.Payment, err error) {
	var beyond *limitError
	var shut *closedError
	switch {
	case errors.As(err, &beyond):
		h.show(w, r, tooMany(beyond.wait))
	case errors.As(err, &shut):
		h.show(w, r, h.guestsClosed(v, b, shut.until))
	case errors.Is(err, payment.ErrInFlight):
		h.inFlight(w, r, v.of(page{Number: v.shows(b.number), Partner: b.partner}))
	case errors.Is(err, payment.ErrFormChanged):
		h.show(w, r, v.of(page{Status: http.StatusConflict, Key: "bad_form"}))
	case isClosed(err): // said before there is a payment
		h.closed(w, r, err)
	default:
		shown := h.cannotShow(r, err)
		shown.Look, shown.RefreshAfter = h.at(r.Context(), v, b), "30"
		if p != nil {
			shown.Look, shown.RefreshAfter = h.paymentURL(p.ID), "2"
		}
		shown.RefreshAfter += ";url=" + shown.Look // what was sent here is not to be sent again
		h.show(w, r, shown)
	}
}

// unchanged shows the form anew after a saved card was not charged, because something was not as
// the page had shown it any more, or because nobody could be asked.
func (h *Handler) unchanged(w http.ResponseWriter, r *http.Request, v visit, b *bill, p *payment.Payment) {
	shown := page{Status: http.StatusConflict, Notice: "card_changed"}
	switch p.Reason {
	case payment.ReasonAmountChanged:
		shown.Notice = "amount_changed"
	case payment.ReasonCardChanged:
	case payment.ReasonCustomerChanged:
		h.show(w, r, v.of(page{Status: http.StatusConflict, Key: "bad_form"}))
		return
	default:
		shown = page{Status: http.StatusServiceUnavailable, Notice: "not_offered", RetryAfter: comeAgain}
	}
	if v.kind != payment.KindTopUp {
		if b = h.payable(w, r, v, v.item(b)); b == nil {
			return
		}
	}
	h.offerForm(w, r, v, b, shown)
}

// isClosed tells that the engine takes no new payment, and made none.
func isClosed(err error) bool {
	for _, why := range []error{payment.ErrNoGeneration, payment.ErrNoCredentials, payment.ErrNoPartner, payment.ErrCurrency, payment.ErrHeld, payment.ErrJournalOld, payment.ErrNoCardAccount} {
		if errors.Is(err, why) {
			return true
		}
	}
	return false
}
