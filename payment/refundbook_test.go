package payment_test

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// A refund of what stands in Splynx is booked there once as a payment of less than 0, where that
// is wanted; where Splynx will not have it, a person is told what to type.
func TestRefundIsBooked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuses bool
		fault   trouble
		end     payment.State
		why     payment.Reason
		rows    int
	}{
		"booked":                  {end: payment.Settled, why: payment.ReasonBooked, rows: 1},
		"the answer is lost":      {fault: trouble{Op: post, Kind: splynxtest.Garbage, Commit: true}, end: payment.Settled, why: payment.ReasonBooked, rows: 1},
		"it arrives late":         {fault: trouble{Op: post, Kind: splynxtest.Late, Delay: time.Minute}, end: payment.Settled, why: payment.ReasonBooked, rows: 1},
		"it does not arrive":      {fault: trouble{Op: post, Kind: splynxtest.Cut}, end: payment.Settled, why: payment.ReasonBooked, rows: 1},
		"splynx is out of order":  {fault: trouble{Op: post, Kind: splynxtest.Status, Status: 503, Times: 3}, end: payment.Settled, why: payment.ReasonBooked, rows: 1},
		"splynx does not take it": {refuses: true, end: payment.Parked, why: payment.ReasonTellSplynx},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := option{Settings: payment.Settings{RefundPayments: true}, Splynx: splynxtest.Options{NegativePayments: !c.refuses}}
			play(t, o, func(t *testing.T, w *world) {
				p := paidAndRecorded(t, w)
				if c.fault.Kind != "" {
					w.Splynx.Inject(c.fault)
				}
				r, err := giveBack(t, w, p.ID, "20.00", "refund-1")
				if err != nil {
					t.Fatal(err)
				}
				r = w.Until(r.ID, 2*time.Hour, c.end)
				want(t, r, c.end, c.why)
				var back []splynxtest.Payment
				for _, b := range ours(w) {
					if b.Receipt == string(r.ID) {
						back = append(back, b)
					}
				}
				if len(back) != c.rows || c.rows == 1 && (back[0].Amount != "-20.0000" || back[0].CustomerID != w.Customer || back[0].InvoiceID != 0) {
					t.Errorf("splynx has %+v", back)
				}
				w.Pass(48 * time.Hour)
				want(t, get(w, r.ID), c.end, c.why)
			})
		})
	}
}
