package caddymodule

import (
	"context"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Runs returns what works at charge runs, or why nothing does; it waits as Engine does. It may be
// replaced by a reload that changes the pace, so it is asked for at each use.
func (h *host) Runs(ctx context.Context) (*charge.Runs, error) {
	if _, err := h.Engine(ctx); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.engine == nil { // closed meanwhile
		return nil, h.why
	}
	return h.runs, nil
}

// keepPace has runs charge as the newest configuration says. h.mu is held.
func (h *host) keepPace() {
	if h.engine == nil || h.closed || h.pacing || !h.pacedOtherwise() {
		return
	}
	h.pacing = true
	go h.changePace()
}

func (h *host) pacedOtherwise() bool {
	return len(h.inForce) > 0 && h.inForce[len(h.inForce)-1].pace != h.pace
}

// changePace has the charges under way end, and what is left go on at the new pace. A reload
// does not wait for it, and meanwhile runs are read and changed as ever.
func (h *host) changePace() {
	for {
		h.mu.Lock()
		if h.closed || !h.pacedOtherwise() {
			h.pacing = false
			h.mu.Unlock()
			return
		}
		old := h.runs
		h.mu.Unlock()
		h.endRuns(old)
		h.mu.Lock()
		if n := len(h.inForce); n > 0 {
			h.pace = h.inForce[n-1].pace
		}
		if !h.closed {
			h.runs = charge.New(h.store, h.engine, h.runOptions())
		}
		h.mu.Unlock()
	}
}

func (h *host) endRuns(old *charge.Runs) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := old.Close(ctx); err != nil { // what it holds is left alone until its claim lapses
		caddy.Log().Named("paymentexpress").Warn("charges of a run are still under way; the run goes on without them at its new pace", zap.Error(err))
	}
}

// observers tell each of several.
type observers []payment.Observer

// Moved implements payment.Observer.
func (o observers) Moved(p *payment.Payment, e payment.Event) {
	for _, one := range o {
		one.Moved(p, e)
	}
}

// Moved implements payment.Observer: who watches a run learns what becomes of its payments.
func (h *host) Moved(p *payment.Payment, e payment.Event) {
	h.mu.Lock()
	runs := h.runs
	h.mu.Unlock()
	if runs != nil {
		runs.Moved(p, e)
	}
}

// Interface guards.
var (
	_ payment.Observer = observers(nil)
	_ payment.Observer = (*host)(nil)
)
