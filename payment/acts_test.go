package payment_test

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// Who had what done, and why, is written down; what was refused is not.
func TestWhatWasDoneIsKept(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := paidAndRecorded(t, w)
		if _, err := giveBack(t, w, p.ID, "20.00", "r1"); err != nil {
			t.Fatal(err)
		}
		if _, err := giveBack(t, w, p.ID, "50.00", "r2"); err == nil {
			t.Error("given back too much")
		}
		card, _ := w.SaveCard(windcavetest.CardApproved)
		id := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "SECOND", Total: "5.00"})
		s := w.OrderOf(id, "form-2", "")
		s.Origin, s.Who, s.Card = payment.OriginAdministrator, "administrator 4", card
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 2})
		q, err := w.Engine.Charge(background, s)
		if err != nil {
			t.Fatal(err)
		}
		want(t, w.Until(q.ID, time.Hour, payment.Parked), payment.Parked, payment.ReasonBookingRefused)
		if _, err := w.Engine.Rebook(background, q.ID, payment.Rebook{Kind: payment.KindTopUp}, "refused", "administrator 4"); err != nil {
			t.Fatal(err)
		}
		w.Until(q.ID, time.Hour, payment.Recorded)
		w.Pass(time.Hour)
		if err := w.Engine.RemoveCard(background, w.Customer, "administrator 5"); err != nil {
			t.Fatal(err)
		}
		acts, err := w.Engine.Acts(background, payment.ActFilter{Customer: w.Customer})
		if err != nil {
			t.Fatal(err)
		}
		type deed struct {
			who  string
			what payment.Deed
			note string
		}
		var got []deed
		for _, a := range acts {
			got = append(got, deed{a.Who, a.What, a.Note})
			if a.At.IsZero() || a.Node == "" || a.Partner != 1 {
				t.Errorf("%+v", a)
			}
		}
		wanted := []deed{
			{"administrator 5", payment.DeedRemoveCard, ""},
			{"administrator 4", payment.DeedRebook, "to the balance: refused"},
			{"administrator 4", payment.DeedCharge, "5.00 NZD"},
			{"office", payment.DeedRefund, "20.00 NZD: the customer has moved"},
		}
		if len(got) != len(wanted) {
			t.Fatalf("%+v", got)
		}
		for i := range wanted {
			if got[i] != wanted[i] {
				t.Errorf("%+v, want %+v", got[i], wanted[i])
			}
		}
	})
}
