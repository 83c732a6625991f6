package payment_test

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var twice = paymenttest.Histories{AtRest: true, Second: true}

// F74: a page was charged twice, both charges were booked, and the journal was lost or an older
// one put back. Whichever charge is heard of first: neither is taken for the other, nor booked
// again.
func TestF74SecondChargeHeardFirst(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*world, string){
		"lost":     func(w *world, _ string) { w.LoseJournal() },
		"restored": func(w *world, backup string) { w.Restore(backup) },
	} {
		for order, firstFirst := range map[string]bool{"first, second": true, "second, first": false} {
			for kind, o := range map[string]option{"status": {}, "no status": {NoPxPost: true}} {
				t.Run(name+", "+order+", "+kind, func(t *testing.T) {
					t.Parallel()
					playing(t, o, twice, func(t *testing.T, w *world) {
						w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain})
						p := w.Start("form-1")
						backup := w.Backup()
						w.Pass(2 * time.Minute)
						first := w.Pay(p, windcavetest.CardApproved)
						w.Until(p.ID, time.Minute, payment.Recorded)
						second := w.Pay(p, windcavetest.CardApproved)
						w.Pass(time.Minute) // a journal that goes on does not wait
						if n := len(ours(w)); n != 2 {
							t.Fatalf("%d bookings of two charges", n)
						}
						lose(w, backup)
						backs := []string{first, second}
						if !firstFirst {
							backs = []string{second, first}
						}
						for _, back := range backs {
							_, _ = w.Return(back)
							w.Pass(20 * time.Minute)
						}
						settleAll(t, w)
						w.Pass(time.Hour)
						if n := len(ours(w)); n != 2 {
							t.Errorf("%d bookings of two charges", n)
						}
					})
				})
			}
		}
	}
}

// F74: the second charge alone was booked before the journal was lost, with the number of a
// second one. The new journal hears of it first, and does not book it with the page's own.
func TestF74OnlyTheSecondChargeIsBooked(t *testing.T) {
	t.Parallel()
	playing(t, option{NoPxPost: true}, twice, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain})
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 2})
		p := w.Start("form-1")
		first := w.Pay(p, windcavetest.CardApproved)
		w.Until(p.ID, time.Minute, payment.Parked)
		second := w.Pay(p, windcavetest.CardApproved)
		w.Pass(time.Minute)
		if n := len(ours(w)); n != 1 {
			t.Fatalf("%d bookings, want that of the second charge", n)
		}
		w.LoseJournal()
		_, _ = w.Return(second)
		settled(t, w, p.ID, payment.SettleAgain)
		w.Until(p.ID, time.Hour, payment.Parked)
		want(t, get(w, p.ID), payment.Parked, payment.ReasonBookedOtherwise)
		_, _ = w.Return(first)
		w.Pass(time.Hour)
		if n := len(ours(w)); n != 2 {
			t.Errorf("%d bookings of two charges", n)
		}
	})
}

// F74: what stands in Splynx with our number has another comment, for staff have changed it.
// Nobody knows then whose it is: a person looks, and nothing is posted beside it.
func TestF74CommentChangedByStaff(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*world, string){
		"lost":     func(w *world, _ string) { w.LoseJournal() },
		"restored": func(w *world, backup string) { w.Restore(backup) },
	} {
		for _, comment := range []string{"", "see my mail"} {
			t.Run(name+", "+comment, func(t *testing.T) {
				t.Parallel()
				play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
					p := w.Start("form-1")
					backup := w.Backup()
					back := w.Pay(p, windcavetest.CardApproved)
					w.Until(p.ID, time.Minute, payment.Recorded)
					recomment(w, p.ID, comment)
					lose(w, backup)
					_, _ = w.Return(back)
					w.Pass(20 * time.Minute)
					want(t, get(w, p.ID), payment.Parked, "")
					settleAll(t, w)
					w.Pass(time.Hour)
					want(t, get(w, p.ID), payment.Parked, payment.ReasonBookedOtherwise)
					if n := len(ours(w)); n != 1 {
						t.Errorf("booked %d times", n)
					}
				})
			})
		}
	}
}

// recomment puts a payment with another comment in the place of the one with our number.
func recomment(w *world, id payment.ID, comment string) {
	w.TB.Helper()
	for _, row := range ours(w) {
		if row.Receipt != string(id) {
			continue
		}
		w.Splynx.DeletePayment(row.ID)
		row.Comment = comment
		w.Splynx.InsertPayment(row)
	}
}

// F74: a second charge's POST is under way when the process dies, and an older journal is put
// back at once, or a new one made. It hears of the charge again, and waits as long as after any
// POST that it does not know the answer of; through a restart too.
func TestF74SecondChargeOnItsWay(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*world, string){
		"restored":            func(w *world, backup string) { w.Restore(backup) },
		"restored, restarted": func(w *world, backup string) { w.Restore(backup); w.Restart() },
		"lost":                func(w *world, _ string) { w.LoseJournal() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playing(t, option{NoPxPost: true}, twice, func(t *testing.T, w *world) {
				w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain})
				p := w.Start("form-1")
				first := w.Pay(p, windcavetest.CardApproved)
				w.Until(p.ID, time.Minute, payment.Recorded)
				backup := w.Backup()
				w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Late, Delay: 5 * time.Minute, Hold: time.Second})
				second := w.Pay(p, windcavetest.CardApproved)
				w.Pass(20 * time.Second)
				lose(w, backup)
				w.Splynx.ClearFaults()
				for _, back := range []string{first, second} {
					if _, err := w.Return(back); err != nil {
						t.Error(err)
					}
				}
				w.Pass(time.Hour)
				if n := len(ours(w)); n != 2 {
					t.Errorf("%d bookings of two charges", n)
				}
			})
		})
	}
}
