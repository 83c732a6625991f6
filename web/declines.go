package web

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// growing are the waits, from the first failure on that has one.
var growing = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

const (
	failuresLast  = 24 * time.Hour // how long a failure counts
	waitsDeclined = 2              // from so many declined payments on, guests wait
)

// growingWait is how long to wait yet after so many failures, the last of them at a time, where
// the first wait comes with failure number first.
func growingWait(failures, first int, last, now time.Time) time.Duration {
	if failures < first {
		return 0
	}
	return max(0, last.Add(growing[min(failures-first, len(growing)-1)]).Sub(now))
}

// declineWait tells how long a guest waits before the next payment of a document, or from an
// address: whoever tries out cards is declined again and again, and a payer in trouble loses
// little. A document's declines are the journal's, an address's are this process's.
func (h *Handler) declineWait(ctx context.Context, e *payment.Engine, f sealedForm, from netip.Addr, now time.Time) (time.Duration, error) {
	ofDocument, err := e.Find(ctx, payment.Filter{
		States: []payment.State{payment.Declined}, Kind: f.Kind, Document: f.Document, Customer: f.Customer, Since: now.Add(-failuresLast),
	})
	if err != nil {
		return 0, err
	}
	var ofAddress []*payment.Payment
	for _, id := range h.Limits.StartedFrom(from, now) {
		p, err := e.Get(ctx, id)
		if errors.Is(err, payment.ErrNotFound) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if p.HasMoney() { // so that those behind one busy address need not be read again and again
			h.Limits.Paid(from, id)
			continue
		}
		ofAddress = append(ofAddress, p)
	}
	return max(waitAfter(ofDocument, now), waitAfter(ofAddress, now)), nil
}

// waitAfter is the wait after the declined ones of some payments of guests of the last day.
func waitAfter(all []*payment.Payment, now time.Time) time.Duration {
	declined, last := 0, time.Time{}
	for _, p := range all {
		if p.Origin != payment.OriginGuest || p.State != payment.Declined {
			continue
		}
		declined++
		if p.MovedAt.After(last) {
			last = p.MovedAt
		}
	}
	return growingWait(declined, waitsDeclined, last, now)
}
