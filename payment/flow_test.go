package payment_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var atRest = paymenttest.Histories{AtRest: true}

func TestApprovedPaymentIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, paymenttest.Options{})
		p := w.Start("form-1")
		back := w.Pay(p, windcavetest.CardApproved)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		p = w.Until(p.ID, time.Minute, payment.Recorded)
		if p.Booking.To != payment.ToDocument {
			t.Errorf("booked to %s", p.Booking.To)
		}
		if i, _ := w.Splynx.Invoice(w.Invoice.ID); i.Status != "paid" || i.Due != "0.0000" {
			t.Errorf("invoice is %s with %s due", i.Status, i.Due)
		}
		for _, r := range w.Splynx.Records() {
			if r.Status != "processed" || r.PaymentID != p.Booking.PaymentID {
				t.Errorf("record %+v", r)
			}
		}
		w.Pass(30 * time.Hour)
		w.Check(atRest)
	})
}
