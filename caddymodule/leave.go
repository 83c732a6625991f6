package caddymodule

import (
	"context"
	"fmt"
	"slices"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// unfinishedElsewhere refuses to leave a journal for that of h while it has payments under
// way. A parked one does not hold it: only a person ends that, perhaps never.
func unfinishedElsewhere(h *host) error {
	var refusal error
	hosts.Range(func(_, value any) bool {
		if other := value.(*host); other != h {
			refusal = other.mayBeLeft()
		}
		return refusal == nil
	})
	return refusal
}

// goesOn are the states of payments that end by themselves, but need their journal for it.
func goesOn() []payment.State {
	return slices.DeleteFunc(payment.Unfinished(), func(s payment.State) bool { return s == payment.Parked })
}

// mayBeLeft is nil if no payment of this journal is under way.
func (h *host) mayBeLeft() error {
	h.mu.Lock()
	engine, runs := h.engine, h.runs
	h.mu.Unlock()
	if engine == nil {
		return nil
	}
	running, err := runs.List(context.Background(), charge.RunFilter{States: []charge.State{charge.Running}, Limit: 1})
	if err != nil {
		return fmt.Errorf("paymentexpress: read the charge runs of the journal %s: %w", h.path, err)
	}
	if len(running) > 0 {
		return fmt.Errorf("paymentexpress: the charge run %s of the journal %s is running; let it end, or pause it, before another journal takes its place", running[0].ID, h.path)
	}
	open, err := count(engine, goesOn())
	if err != nil {
		return fmt.Errorf("paymentexpress: read the unfinished payments of the journal %s: %w", h.path, err)
	}
	if open == "" {
		return nil
	}
	parked, _ := count(engine, []payment.State{payment.Parked}) // a hint, no more
	if parked != "" {
		parked = fmt.Sprintf(" (and %s that wait for a person)", parked)
	}
	return fmt.Errorf("paymentexpress: the journal %s has %s unfinished payments%s; let them finish before another journal takes its place, or restart with the old one", h.path, open, parked)
}

// countLimit is how many payments are counted.
const countLimit = 100

// count tells how many payments are in one of the states, in words; empty for none.
func count(e *payment.Engine, states []payment.State) (string, error) {
	found, err := e.Find(context.Background(), payment.Filter{States: states, Limit: countLimit})
	switch {
	case err != nil, len(found) == 0:
		return "", err
	case len(found) == countLimit:
		return fmt.Sprintf("at least %d", len(found)), nil
	}
	return fmt.Sprint(len(found)), nil
}
