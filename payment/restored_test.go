package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// moment is where in a payment's life a backup is taken: reach brings the payment there.
type moment struct {
	name  string
	reach func(*testing.T, *world)
}

// away keeps Splynx from taking payments, or not any more.
func away(w *world, f splynxtest.Fault) {
	f.Op, f.Times = post, -1
	w.Splynx.Inject(f)
}

var moments = []moment{
	{"before it", func(*testing.T, *world) {}},
	{"offered", func(_ *testing.T, w *world) { w.Start("form-1") }},
	{"declined once", func(_ *testing.T, w *world) { w.Pay(w.Start("form-1"), windcavetest.CardDeclined); w.Pass(time.Second) }},
	{"approved", func(t *testing.T, w *world) {
		away(w, trouble{Kind: splynxtest.Status, Status: 503})
		paid(t, w)
	}},
	{"perhaps posted", func(t *testing.T, w *world) {
		away(w, trouble{Kind: splynxtest.Cut})
		paid(t, w)
	}},
	{"parked", func(t *testing.T, w *world) {
		away(w, trouble{Kind: splynxtest.Status, Status: 422})
		w.Until(paid(t, w).ID, time.Minute, payment.Parked)
		w.Splynx.ClearFaults()
	}},
	{"recorded", func(t *testing.T, w *world) { w.Until(paid(t, w).ID, time.Minute, payment.Recorded) }},
}

// page is the world's first page, whose payment is there from the backup on or not.
func page(t *testing.T, w *world) *payment.Payment {
	t.Helper()
	if all := w.Journal(); len(all) > 0 {
		return all[len(all)-1]
	}
	return w.Start("form-1")
}

// after is what becomes of the payment once the backup is taken.
var after = map[string]func(*testing.T, *world){
	"nothing": func(*testing.T, *world) {},
	"paid and booked": func(t *testing.T, w *world) {
		w.Splynx.ClearFaults()
		p := page(t, w)
		if !p.HasMoney() && p.PageURL != "" {
			w.Pay(p, windcavetest.CardApproved)
		}
		if p = get(w, p.ID); p.State == payment.Parked {
			settled(t, w, p.ID, payment.SettleAgain)
		}
		if get(w, p.ID).HasMoney() {
			w.Until(p.ID, 15*time.Minute, payment.Recorded)
		}
	},
	"paid, not booked": func(t *testing.T, w *world) {
		p := page(t, w)
		if p.HasMoney() || p.PageURL == "" {
			return
		}
		away(w, trouble{Kind: splynxtest.Status, Status: 503})
		w.Pay(p, windcavetest.CardApproved)
	},
	"posted, not answered": func(t *testing.T, w *world) {
		w.Splynx.ClearFaults()
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Late, Delay: 5 * time.Minute, Hold: time.Second})
		if p := page(t, w); p.State == payment.Parked {
			settled(t, w, p.ID, payment.SettleAgain)
		} else if !p.HasMoney() && p.PageURL != "" {
			w.Pay(p, windcavetest.CardApproved)
		}
		w.Pass(20 * time.Second)
	},
	"paid, nobody tells": func(t *testing.T, w *world) {
		if p := page(t, w); !p.HasMoney() && p.PageURL != "" {
			w.Gateway.HoldNotifications(true)
			w.Pay(p, windcavetest.CardApproved)
		}
	},
}

// F74: a backup of any moment, put back after the payment has gone on: whoever presses pay
// again is not charged again, and what was booked is not booked again.
func TestF74RestoredJournal(t *testing.T) {
	t.Parallel()
	for _, m := range moments {
		for then, goOn := range after {
			t.Run(m.name+", then "+then, func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					m.reach(t, w)
					backup := w.Backup()
					w.Pass(time.Minute) // of the page's life
					goOn(t, w)
					charges := len(w.Gateway.Charges())
					w.Restore(backup)
					w.Splynx.ClearFaults()
					w.Pass(2 * time.Minute)
					if h := health(t, w); h.Journal.Held != nil {
						t.Errorf("still held: %s", h.Journal.CompareError)
					}
					payAgain(t, w)
					if n := len(w.Gateway.Charges()); n > max(charges, 1) {
						t.Errorf("%d charges, %d before", n, charges)
					}
					w.Pass(30 * time.Hour)
					settleAll(t, w)
					w.Pass(time.Hour)
					if n := len(ours(w)); n != len(w.Gateway.Charges()) {
						t.Errorf("%d charges are booked %d times", len(w.Gateway.Charges()), n)
					}
				})
			})
		}
	}
}

// payAgain presses pay as somebody does who sees the invoice as unpaid.
func payAgain(t *testing.T, w *world) {
	t.Helper()
	if i, _ := w.Splynx.Invoice(w.Invoice.ID); i.Status == "paid" {
		return
	}
	p, err := w.Engine.Start(background, w.Order("form-again", "payer-form-1"))
	switch {
	case errors.Is(err, payment.ErrInFlight):
	case err != nil:
		t.Error(err)
	case p.PageURL != "":
		_, _ = w.Gateway.Pay(p.PageURL, windcavetest.CardApproved)
	}
}

// settleAll sends everything that is parked on.
func settleAll(t *testing.T, w *world) {
	t.Helper()
	for _, p := range w.Journal() {
		if p.State == payment.Parked {
			settled(t, w, p.ID, payment.SettleAgain)
		}
	}
}

// A restored journal is held until all that is unfinished in it was asked about, at the
// gateway and in Splynx, and money in it is not posted before that.
func TestRestoredIsHeld(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*world, bool){
		"no gateway": func(w *world, on bool) { w.GatewayUnreachable(on) },
		"no splynx":  func(w *world, on bool) { w.Splynx.SetOutage(on) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Start("form-1")
				backup := w.Backup()
				w.Pass(2 * time.Minute)
				cut(w, true)
				w.Restore(backup)
				if _, err := w.Engine.Start(background, w.Order("form-2", "payer")); !errors.Is(err, payment.ErrHeld) {
					t.Errorf("got %v, want ErrHeld", err)
				}
				if j := health(t, w).Journal; j.Held == nil || j.Held.Why != payment.HeldRestored || j.Held.Newest.IsZero() || j.CompareError == "" {
					t.Errorf("journal %+v", j)
				}
				w.Pass(time.Hour)
				cut(w, false)
				w.Pass(10 * time.Minute)
				w.Start("form-2")
			})
		})
	}
}

// Without PxPost nobody can be asked about a page: but Splynx shows that it was paid.
func TestRestoredWithoutStatus(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		p := w.Start("form-1")
		backup := w.Backup()
		back := w.Pay(p, windcavetest.CardApproved)
		w.Until(p.ID, time.Minute, payment.Recorded)
		w.Restore(backup)
		want(t, get(w, p.ID), payment.Parked, payment.ReasonBookedNoMoney)
		if _, err := w.Engine.Start(background, w.Order("form-2", "payer")); !errors.Is(err, payment.ErrInFlight) {
			t.Errorf("got %v, want ErrInFlight", err)
		}
		if _, err := w.Return(back); err != nil { // the browser, at last
			t.Error(err)
		}
		w.Until(p.ID, 15*time.Minute, payment.Recorded)
		if n := len(ours(w)); n != 1 {
			t.Errorf("booked %d times", n)
		}
	})
}

// F74: what was booked after the backup and is not in it makes the journal old, and stays so
// until a person accepts it, though the money itself is found again.
func TestF74RestoredIsOld(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		backup := w.Backup()
		p, row := booked(t, w)
		w.Restore(backup)
		want(t, get(w, p.ID), payment.Recorded, payment.ReasonBooked)
		for range 2 {
			if old := health(t, w).Journal.Old; old == nil || old.UpTo != row {
				t.Errorf("old %+v, want %d", old, row)
			}
			if err := w.Engine.Trusted(background); !errors.Is(err, payment.ErrJournalOld) {
				t.Errorf("got %v, want ErrJournalOld", err)
			}
			w.Restart()
		}
		accept(t, w)
	})
}

// A second charge on a page, booked after the backup: when the restored journal hears of it
// again it knows it by the same number, and finds it in Splynx.
func TestRestoredBeforeASecondCharge(t *testing.T) {
	t.Parallel()
	playing(t, option{}, paymenttest.Histories{AtRest: true, Second: true}, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain})
		p := w.Start("form-1")
		w.Pay(p, windcavetest.CardApproved)
		w.Until(p.ID, time.Minute, payment.Recorded)
		backup := w.Backup()
		back := w.Pay(p, windcavetest.CardApproved)
		w.Pass(time.Minute)
		if n := len(ours(w)); n != 2 {
			t.Fatalf("%d bookings of two charges", n)
		}
		w.Restore(backup)
		if _, err := w.Return(back); err != nil {
			t.Error(err)
		}
		w.Pass(time.Hour)
		if n := len(ours(w)); n != 2 {
			t.Errorf("%d bookings of two charges", n)
		}
	})
}
