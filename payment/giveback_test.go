package payment_test

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// Money that does not fit its document goes to the balance, or back to the card where the
// provider wants that; never both, and not once it may stand in Splynx.
func TestMoneyThatDoesNotFit(t *testing.T) {
	t.Parallel()
	const create = "POST payments"
	back := payment.Settings{RefundSecond: true, RefundUnbookable: true}
	paid := func(w *world) { w.Splynx.PayInvoice(w.Invoice.ID) }
	deleted := func(w *world) { w.Splynx.DeleteInvoice(w.Invoice.ID) }
	refused := func(w *world) { w.Splynx.Inject(splynxtest.Fault{Op: create, Kind: splynxtest.Status, Status: 422}) }
	for name, c := range map[string]struct {
		settings payment.Settings
		story    func(*world)
		noPxPost bool
		end      payment.State
		refunds  int
	}{
		"paid, to the balance":    {payment.Settings{}, paid, false, payment.Recorded, 0},
		"paid, back":              {back, paid, false, payment.Refunded, 1},
		"paid, back, no pxpost":   {back, paid, true, payment.Recorded, 0},
		"deleted, back":           {back, deleted, false, payment.Refunded, 1},
		"deleted, only second":    {payment.Settings{RefundSecond: true}, deleted, false, payment.Recorded, 0},
		"paid, only unbookable":   {payment.Settings{RefundUnbookable: true}, paid, false, payment.Recorded, 0},
		"refused by splynx, back": {back, refused, false, payment.Refunded, 1},
		"paid, refund is unclear": {back, func(w *world) {
			paid(w)
			w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.RecordThenCut})
		}, false, payment.Refunded, 1},
		"paid, gateway goes away": {back, func(w *world) {
			paid(w)
			w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.CutBefore, Times: 2})
		}, false, payment.Refunded, 1},
		"paid after a lost answer": {back, func(w *world) {
			w.Splynx.Inject(splynxtest.Fault{Op: create, Kind: splynxtest.Status, Status: 500, Commit: true})
		}, false, payment.Recorded, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{Settings: c.settings, NoPxPost: c.noPxPost}, func(t *testing.T, w *world) {
				p := w.Start("form-1")
				to := w.Pay(p, windcavetest.CardApproved)
				c.story(w)
				if _, err := w.Return(to); err != nil {
					t.Fatal(err)
				}
				w.Until(p.ID, 120*time.Hour, c.end)
				if n := len(w.Gateway.Refunds()); n != c.refunds {
					t.Errorf("%d refunds, want %d", n, c.refunds)
				}
				if booked := len(ours(w)); (booked == 1) != (c.end == payment.Recorded) {
					t.Errorf("booked %d times", booked)
				}
				if c.end == payment.Refunded {
					if r := w.Splynx.Records(); len(r) != 1 || r[0].Status != "canceled" {
						t.Errorf("statement records %+v", r)
					}
				}
			})
		})
	}
}

// A process that dies anywhere while money goes back gives it back once.
func TestKilledWhileMoneyGoesBack(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 12; n++ {
		for _, after := range []bool{false, true} {
			play(t, option{Settings: payment.Settings{RefundSecond: true}}, func(t *testing.T, w *world) {
				p := w.Start("form-1")
				to := w.Pay(p, windcavetest.CardApproved)
				w.Splynx.PayInvoice(w.Invoice.ID)
				w.CrashAt(n, after)
				_, _ = w.Return(to)
				w.Pass(time.Minute)
				w.Revive()
				_, _ = w.Return(to)
				w.Until(p.ID, 120*time.Hour, payment.Refunded)
				if n := len(w.Gateway.Refunds()); n != 1 {
					t.Errorf("%d refunds", n)
				}
			})
		}
	}
}
