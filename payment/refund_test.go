package payment_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

func nzd(t testing.TB, number string) currency.Amount {
	t.Helper()
	a, err := money.Parse(number, "NZD")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// paidAndRecorded is the world's invoice, paid and recorded.
func paidAndRecorded(t *testing.T, w *world) *payment.Payment {
	t.Helper()
	p := w.Start("form-1")
	if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
		t.Fatal(err)
	}
	return w.Until(p.ID, time.Hour, payment.Recorded)
}

func giveBack(t *testing.T, w *world, of payment.ID, amount, form string) (*payment.Payment, error) {
	t.Helper()
	return w.Engine.Refund(background, payment.Refund{Of: of, Amount: nzd(t, amount), FormKey: form, Reason: "the customer has moved", Who: "office"})
}

// A refund gives money back once, whatever happens to the one request; then a person is told
// what to type into Splynx.
func TestRefundOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   fault
		end     payment.State
		refunds int
	}{
		"approved":      {fault{}, payment.Parked, 1},
		"answer lost":   {fault{Kind: windcavetest.RecordThenCut}, payment.Parked, 1},
		"request lost":  {fault{Kind: windcavetest.CutBefore}, payment.NotDone, 0},
		"refused":       {fault{Kind: windcavetest.CredentialsU5}, payment.NotDone, 0},
		"half a answer": {fault{Kind: windcavetest.HalfXML}, payment.Parked, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := paidAndRecorded(t, w)
				if c.fault.Kind != "" {
					c.fault.Op = windcavetest.OpRefund
					w.Gateway.Inject(c.fault)
				}
				r, err := giveBack(t, w, p.ID, "20.00", "refund-1")
				if err != nil {
					t.Fatal(err)
				}
				if again, err := giveBack(t, w, p.ID, "20.00", "refund-1"); err != nil || again.ID != r.ID { // pressed again
					t.Errorf("the same form gives %v, %v", again, err)
				}
				if _, err := giveBack(t, w, p.ID, "30.00", "refund-1"); !errors.Is(err, payment.ErrFormChanged) {
					t.Errorf("the same form with another amount: %v", err)
				}
				r = w.Until(r.ID, time.Hour, c.end)
				if n := len(w.Gateway.Refunds()); n != c.refunds {
					t.Errorf("%d refunds, want %d", n, c.refunds)
				}
				if n := asked(w, windcavetest.OpRefund); n != 1 {
					t.Errorf("the refund was sent %d times", n)
				}
				if c.refunds == 0 {
					return
				}
				want(t, r, payment.Parked, payment.ReasonTellSplynx)
				events, err := w.Store.Events(background, r.ID)
				if err != nil {
					t.Fatal(err)
				}
				if note := events[len(events)-1].Note; !strings.Contains(note, "a payment of -20.00") || !strings.Contains(note, string(r.ID)) {
					t.Errorf("the office reads %q", note)
				}
				if _, err := w.Engine.Settle(background, r.ID, payment.SettleRecorded, "typed it", "office"); err != nil {
					t.Error(err)
				}
				want(t, get(w, r.ID), payment.Settled, payment.ReasonSettledRecorded)
				want(t, get(w, p.ID), payment.Recorded, "")
			})
		})
	}
}

// F81: pressed again while the outcome is not known, and in parts by two people at once: never
// more than was paid.
func TestF81NeverMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := paidAndRecorded(t, w) // 57.50
		if _, err := giveBack(t, w, p.ID, "57.51", "too-much"); !errors.Is(err, payment.ErrTooMuch) {
			t.Errorf("more than was paid: %v", err)
		}
		if _, err := giveBack(t, w, p.ID, "0.00", "nothing"); !errors.Is(err, payment.ErrTooMuch) {
			t.Errorf("nothing: %v", err)
		}
		w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.RecordThenCut})
		if _, err := giveBack(t, w, p.ID, "40.00", "refund-1"); err != nil {
			t.Fatal(err)
		}
		if _, err := giveBack(t, w, p.ID, "40.00", "refund-2"); !errors.Is(err, payment.ErrTooMuch) {
			t.Errorf("again, while the first is not known: %v", err)
		}
		var both sync.WaitGroup
		for _, form := range []string{"office-a", "office-b", "office-c"} {
			both.Go(func() {
				if _, err := giveBack(t, w, p.ID, "10.00", form); err != nil && !errors.Is(err, payment.ErrTooMuch) {
					t.Error(err)
				}
			})
		}
		both.Wait()
		w.Pass(time.Hour)
		if n := len(w.Gateway.Refunds()); n != 2 {
			t.Errorf("%d refunds, want those of 40.00 and of 10.00", n)
		}
		if _, err := giveBack(t, w, p.ID, "7.50", "the-rest"); err != nil {
			t.Errorf("the rest: %v", err)
		}
	})
}

// A refund that has failed for good leaves its amount to be given back again; one that may still
// have been made does not, for a day.
func TestFailedRefundCountsNoMore(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := paidAndRecorded(t, w)
		w.GatewayUnreachable(true)
		r, err := giveBack(t, w, p.ID, "57.50", "refund-1")
		if err != nil {
			t.Fatal(err)
		}
		want(t, r, payment.NotDone, payment.ReasonNotSent)
		w.GatewayUnreachable(false)
		w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.CutBefore})
		if r, err = giveBack(t, w, p.ID, "57.50", "refund-2"); err != nil {
			t.Fatal(err)
		}
		w.Until(r.ID, time.Hour, payment.NotDone)
		if _, err := giveBack(t, w, p.ID, "57.50", "refund-3"); !errors.Is(err, payment.ErrTooMuch) {
			t.Errorf("while the gateway may still be asked about the second: %v", err)
		}
		w.Pass(25 * time.Hour)
		if r, err = giveBack(t, w, p.ID, "57.50", "refund-4"); err != nil {
			t.Fatal(err)
		}
		w.Until(r.ID, time.Hour, payment.Parked)
	})
}

// What cannot be given back says why; what was never booked is given back whole, and ends so.
func TestWhatCanBeGivenBack(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.Inject(splynxtest.Fault{Op: "POST payments", Kind: splynxtest.Status, Status: 422, Times: 2})
		p := w.Start("form-1")
		if _, err := giveBack(t, w, p.ID, "57.50", "early"); !errors.Is(err, payment.ErrNotRefundable) {
			t.Errorf("of a page that is open: %v", err)
		}
		if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
			t.Fatal(err)
		}
		want(t, w.Until(p.ID, time.Hour, payment.Parked), payment.Parked, payment.ReasonBookingRefused)
		if _, err := giveBack(t, w, p.ID, "20.00", "part"); !errors.Is(err, payment.ErrNotRefundable) {
			t.Errorf("a part of what is not booked: %v", err)
		}
		if _, err := giveBack(t, w, p.ID, "57.50", "whole"); err != nil {
			t.Fatal(err)
		}
		want(t, w.Until(p.ID, time.Hour, payment.Refunded), payment.Refunded, payment.ReasonGivenBack)
		if _, err := giveBack(t, w, p.ID, "57.50", "again"); err == nil {
			t.Error("given back again")
		}
	})
}

// A person's refund that was never sent is not sent after a restart, and counts no more.
func TestRefundIsNotSentAfterARestart(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 5; n++ {
		for _, after := range []bool{false, true} {
			play(t, option{}, func(t *testing.T, w *world) {
				p := paidAndRecorded(t, w)
				w.CrashAt(n, after)
				_, _ = giveBack(t, w, p.ID, "57.50", "refund-1")
				sent := asked(w, windcavetest.OpRefund)
				w.Pass(time.Second)
				w.Revive()
				w.Pass(time.Hour)
				if asked(w, windcavetest.OpRefund) > sent {
					t.Errorf("write %d: sent after the restart", n)
				}
				if len(w.Gateway.Refunds()) > 1 {
					t.Errorf("write %d: %d refunds", n, len(w.Gateway.Refunds()))
				}
			})
		}
	}
}
