package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// newItem is a charge of another invoice of the world's customer by the run R.
func newItem(w *world, n int) payment.Start {
	id := w.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: w.Customer, Number: fmt.Sprintf("ITEM/%d", n), Total: "10.00"})
	return ofRun(w, id, w.Customer, n)
}

// notBegun checks that neither way of charging for a run takes a start, and that nothing is written.
func notBegun(t *testing.T, w *world, s payment.Start, want error) {
	t.Helper()
	before := len(w.Journal())
	if p, err := w.Engine.Charge(background, s); !errors.Is(err, want) {
		t.Errorf("%v, %v, want %v", p, err, want)
	}
	places := func(context.Context) (func(), error) { return func() {}, nil }
	if err := w.Engine.ChargeMany(background, []payment.Start{s}, places, func(_ int, p *payment.Payment, err error) {
		if p != nil || !errors.Is(err, want) {
			t.Errorf("together: %v, %v, want %v", p, err, want)
		}
	}); err != nil {
		t.Error(err)
	}
	if n := len(w.Journal()); n != before {
		t.Errorf("%d payments were begun", n-before)
	}
}

// No run charges a card that was declined 10 times in 24 hours, or 15 times in 30 days; a person may.
func TestRunsKeepTheSchemesLimits(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		card, _ := w.SaveCard(windcavetest.CardDeclined)
		charged := 0
		tries := func(times int) {
			t.Helper()
			for range times {
				charged++
				p, err := w.Engine.Charge(background, newItem(w, charged))
				if err != nil {
					t.Fatalf("try %d: %v", charged, err)
				}
				want(t, p, payment.Declined, payment.ReasonGatewayDeclined)
			}
		}
		tries(10)
		notBegun(t, w, newItem(w, 100), payment.ErrTriedEnough)
		want(t, charge(t, w, card, "by hand"), payment.Declined, payment.ReasonGatewayDeclined)
		w.Pass(80 * time.Hour) // they are looked at again meanwhile
		tries(4)
		notBegun(t, w, newItem(w, 101), payment.ErrTriedEnough)
		w.Restart()
		notBegun(t, w, newItem(w, 102), payment.ErrTriedEnough)
		w.Pass(26*24*time.Hour + 17*time.Hour)
		tries(1)
		if c, err := w.Engine.Card(background, 1, w.Customer); err != nil || !c.Usable() || c.TriedEnough {
			t.Errorf("card %+v, %v", c, err)
		}
		w.SaveCard(windcavetest.CardDeclined) // another one
		tries(10)
		notBegun(t, w, newItem(w, 103), payment.ErrTriedEnough)
	})
}

// A card that died, or of which a code says that no bank will approve it, is not begun with by a run;
// a person may try the second sort.
func TestRunsLeaveDeadCards(t *testing.T) {
	t.Parallel()
	for code, dead := range map[string]bool{"07": false, "12": false, "57": false, "R1": false, "R0": false, "JD": true, "54": true} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				_, token := w.SaveCard(windcavetest.CardApproved)
				if err := w.Gateway.KillCard(token, code); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Engine.Charge(background, newItem(w, 0)); err != nil {
					t.Fatal(err)
				}
				notBegun(t, w, newItem(w, 100), payment.ErrCardDead)
				if n := asked(w, windcavetest.OpPurchase); n != 1 {
					t.Errorf("the gateway was asked %d times", n)
				}
				if c, err := w.Engine.Card(background, 1, w.Customer); err != nil || c.Usable() == dead {
					t.Errorf("card %+v, %v", c, err)
				}
			})
		})
	}
}

// A card that a bank has refused is approved when a person tries it: runs charge it again.
func TestApprovalClearsARefusal(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		card, token := w.SaveCard(windcavetest.CardApproved)
		for n, code := range []string{"57", ""} {
			if err := w.Gateway.KillCard(token, code); err != nil {
				t.Fatal(err)
			}
			if code == "" {
				notBegun(t, w, newItem(w, 100), payment.ErrCardDead)
				want(t, charge(t, w, card, "by hand"), payment.Approved, "")
				w.Pass(time.Minute) // until it is booked
			}
			if _, err := w.Engine.Charge(background, newItem(w, n)); err != nil {
				t.Errorf("%q: %v", code, err)
			}
		}
		w.Pass(time.Hour)
	})
}

// F08: what a decline says of the card is not lost with the process that has heard it, wherever that
// is killed.
func TestF08DeclineIsRemembered(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 8; n++ {
		play(t, option{}, func(t *testing.T, w *world) {
			_, token := w.SaveCard(windcavetest.CardApproved)
			if err := w.Gateway.KillCard(token, "57"); err != nil {
				t.Fatal(err)
			}
			s := newItem(w, 0)
			w.CrashAt(n, true)
			_, _ = w.Engine.Charge(background, s)
			w.Pass(time.Minute)
			w.Revive()
			w.Pass(10 * time.Minute)
			if asked(w, windcavetest.OpPurchase) > 0 {
				notBegun(t, w, newItem(w, 100), payment.ErrCardDead)
			}
		})
	}
}

// Nor does it matter who brings it.
func TestDeclineByStatusIsRemembered(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		_, token := w.SaveCard(windcavetest.CardApproved)
		if err := w.Gateway.KillCard(token, "57"); err != nil {
			t.Fatal(err)
		}
		w.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut})
		if _, err := w.Engine.Charge(background, newItem(w, 0)); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Minute)
		notBegun(t, w, newItem(w, 100), payment.ErrCardDead)
	})
}
