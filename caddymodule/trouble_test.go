package caddymodule

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// What is refused is known until it works again.
func TestTrouble(t *testing.T) {
	t.Parallel()
	var tr trouble
	if tr.splynx() != "" || !tr.refused().IsZero() {
		t.Error("trouble before anything was heard")
	}
	tr.probed(errors.New("the API key is refused"))
	if tr.splynx() != "the API key is refused" {
		t.Error(tr.splynx())
	}
	tr.probed(nil)
	if tr.splynx() != "" {
		t.Error(tr.splynx())
	}
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	tr.Moved(nil, payment.Event{Why: payment.ReasonPageRefused, At: at})
	tr.Moved(nil, payment.Event{Why: payment.ReasonBooked, At: at.Add(time.Hour)})
	if !tr.refused().Equal(at) {
		t.Error(tr.refused())
	}
	tr.Moved(nil, payment.Event{Why: payment.ReasonPageHad, At: at.Add(time.Hour)})
	if !tr.refused().IsZero() {
		t.Error(tr.refused())
	}
}
