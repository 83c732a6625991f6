package payment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// undecided is a charge whose answer got lost, and of which Status then says what the story makes
// it say.
func undecided(t *testing.T, w *world, refused string, status ...fault) *payment.Payment {
	t.Helper()
	card, token := w.SaveCard(windcavetest.CardApproved)
	if refused != "" {
		if err := w.Gateway.KillCard(token, refused); err != nil {
			t.Fatal(err)
		}
	}
	w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut})
	for _, f := range status {
		f.Op, f.Times = windcavetest.OpStatus, -1
		w.Gateway.Inject(f)
	}
	return charge(t, w, card, "form-1")
}

// What the gateway answers without ever saying what became of a charge waits for a person after a
// day, who may end it; then its document is open again.
func TestUndecidedIsEndedByAPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused string
		status  []fault
		note    string
	}{
		"the merchant":      {"03", nil, "03 (config.merchant)"},
		"the credentials":   {"U5", nil, "U5 (config.credentials)"},
		"the amount":        {"Z3", nil, "Z3 (request.amount)"},
		"the account":       {"SA", nil, "SA (request.account)"},
		"always another":    {"51", []fault{{Kind: windcavetest.OtherTxnID}}, "names another TxnId"},
		"another reference": {"51", []fault{{Kind: windcavetest.OtherReference}}, "differs in MerchantReference"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := undecided(t, w, c.refused, c.status...)
				w.Pass(23 * time.Hour)
				want(t, get(w, p.ID), payment.Unknown, "")
				p = w.Until(p.ID, 3*time.Hour, payment.Parked)
				want(t, p, payment.Parked, payment.ReasonUndecided)
				events, _ := w.Engine.Events(background, p.ID)
				if last := events[len(events)-1]; !strings.Contains(last.Note, c.note) {
					t.Errorf("the note is %q, want %q", last.Note, c.note)
				}
				for _, how := range []payment.Settlement{payment.SettleRecorded, payment.SettleRefunded} {
					if _, err := w.Engine.Settle(background, p.ID, how, "looked it up", "anna"); !errors.Is(err, payment.ErrSettlement) {
						t.Errorf("%s: got %v, want ErrSettlement: nobody knows of money", how, err)
					}
				}
				settled(t, w, p.ID, payment.SettleAgain) // it is asked at once, and a person at once
				w.Until(p.ID, time.Minute, payment.Parked)
				want(t, get(w, p.ID), payment.Parked, payment.ReasonUndecided)
				settled(t, w, p.ID, payment.SettleNotPaid)
				if _, err := w.Engine.Start(background, w.Order("form-2", "payer")); err != nil {
					t.Errorf("the document is closed: %v", err)
				}
			})
		})
	}
}

// While it waits the gateway is asked on, hourly: what it says then counts, and so does what it
// says while a person says that no money moved.
func TestUndecidedIsAskedOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused string
		end     payment.State
	}{
		"approved after all": {"", payment.Recorded},
		"declined after all": {"51", payment.Declined},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := undecided(t, w, c.refused)
				order := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.CredentialsU5, Times: -1})
				w.Until(p.ID, 26*time.Hour, payment.Parked)
				before := asked(w, windcavetest.OpStatus)
				w.Pass(10 * time.Hour)
				if n := asked(w, windcavetest.OpStatus) - before; n < 9 || n > 11 {
					t.Errorf("asked %d times in ten hours, want it hourly", n)
				}
				order.Cancel()
				w.Until(p.ID, 2*time.Hour, c.end)
			})
		})
		t.Run(name+", as a person says no", func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := undecided(t, w, c.refused)
				order := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.CredentialsU5, Times: -1})
				w.Until(p.ID, 26*time.Hour, payment.Parked)
				order.Cancel()
				if _, err := w.Engine.Settle(background, p.ID, payment.SettleNotPaid, "not at windcave", "anna"); !errors.Is(err, payment.ErrNotParked) {
					t.Errorf("got %v, want ErrNotParked: the gateway has just said what became of it", err)
				}
				w.Until(p.ID, time.Minute, c.end)
			})
		})
	}
}

// A gateway that is only away says nothing, and is waited for.
func TestUnreachableIsNotUndecided(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := undecided(t, w, "")
		w.GatewayUnreachable(true)
		w.Pass(10 * 24 * time.Hour)
		want(t, get(w, p.ID), payment.Unknown, "")
		w.GatewayUnreachable(false)
		w.Until(p.ID, 2*time.Hour, payment.Recorded)
	})
}

// A refund that nobody hears of waits for a person after a day: said to be not done, its amount can
// be given back again; done, it is typed into Splynx.
func TestUndecidedRefund(t *testing.T) {
	t.Parallel()
	for _, how := range []payment.Settlement{payment.SettleNotPaid, payment.SettleRecorded} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := paidAndRecorded(t, w)
				w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.RecordThenCut})
				if how == payment.SettleNotPaid {
					w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.Decline, Value: "03"})
				} else {
					w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.OtherTxnID, Times: -1})
				}
				r, err := giveBack(t, w, p.ID, "57.50", "one")
				if err != nil {
					t.Fatal(err)
				}
				w.Until(r.ID, 26*time.Hour, payment.Parked)
				want(t, get(w, r.ID), payment.Parked, payment.ReasonUndecided)
				settled(t, w, r.ID, how)
				_, again := giveBack(t, w, p.ID, "57.50", "two")
				if done := how == payment.SettleRecorded; done != errors.Is(again, payment.ErrTooMuch) {
					t.Errorf("given back again: %v", again)
				}
			})
		})
	}
}
