package caddymodule

import (
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// trouble is what is known to be wrong though everybody answers: Splynx or Windcave refuses.
// It is a payment.Observer.
type trouble struct {
	mu      sync.Mutex
	why     string    // of Splynx's; empty: it was found well, or not heard yet
	refusal time.Time // of a page by Windcave; zero: none, or pages were had since
}

// probed notes what looking at Splynx has shown.
func (t *trouble) probed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.why = ""; err != nil {
		t.why = err.Error()
	}
}

func (t *trouble) splynx() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.why
}

// Moved implements payment.Observer.
func (t *trouble) Moved(_ *payment.Payment, e payment.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e.Why {
	case payment.ReasonPageRefused:
		t.refusal = e.At
	case payment.ReasonPageHad:
		t.refusal = time.Time{}
	}
}

func (t *trouble) refused() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refusal
}

// Interface guard.
var _ payment.Observer = (*trouble)(nil)
