package payment_test

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// proforma is a start for a new proforma invoice of the world's customer. Its id is that of
// the world's invoice too.
func proforma(w *paymenttest.World, formKey string) payment.Start {
	w.TB.Helper()
	id := w.Splynx.AddProforma(splynxtest.Proforma{CustomerID: w.Customer, Number: "P-0042", Total: "57.50"})
	amount, err := money.Parse("57.50", "NZD")
	if err != nil {
		w.TB.Fatal(err)
	}
	return payment.Start{
		Kind: payment.KindProforma, Origin: payment.OriginGuest, Partner: 1, Customer: w.Customer, DocumentID: id,
		DocumentNumber: "P-0042", Amount: amount, FormKey: formKey, Payer: "payer", Who: "guest",
	}
}

// A proforma invoice is paid as it is asked for, whatever Splynx does meanwhile; the invoice
// that has the same id is none of its business.
func TestProformaIsRecorded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trouble func(*paymenttest.World)
		to      payment.Destination
	}{
		"as it is": {func(*paymenttest.World) {}, payment.ToDocument},
		"time-out after the commit": {func(w *paymenttest.World) {
			w.Splynx.Inject(splynxtest.Fault{Op: post, Kind: splynxtest.Status, Status: 500, Commit: true})
		}, payment.ToDocument},
		"refused with the document": {func(w *paymenttest.World) {
			w.Splynx.Inject(splynxtest.Fault{Op: post, Kind: splynxtest.Status, Status: 422})
		}, payment.ToBalance},
		"paid meanwhile": {func(w *paymenttest.World) {
			w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, RequestID: w.Splynx.Proformas()[0].ID, Amount: "57.50", Receipt: "by hand"})
		}, payment.ToBalance},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, paymenttest.Options{}, func(t *testing.T, w *paymenttest.World) {
				p, err := w.Engine.Start(background, proforma(w, "form-1"))
				if err != nil {
					t.Fatal(err)
				}
				c.trouble(w)
				if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
					t.Fatal(err)
				}
				p = w.Until(p.ID, time.Hour, payment.Recorded)
				if p.Booking.To != c.to {
					t.Errorf("booked to %s, want %s", p.Booking.To, c.to)
				}
				if i, _ := w.Splynx.Invoice(w.Invoice.ID); i.Status != "not_paid" {
					t.Errorf("the invoice is %s", i.Status)
				}
				for _, b := range ours(w) {
					if (b.RequestID != 0) != (c.to == payment.ToDocument) || b.InvoiceID != 0 {
						t.Errorf("booked %+v", b)
					}
				}
				for _, r := range w.Splynx.Records() {
					if r.RequestID != p.DocumentID || r.InvoiceID != 0 {
						t.Errorf("record %+v", r)
					}
				}
			})
		})
	}
}

// A page of a proforma invoice that a lost journal has made and that was paid is found by its
// statement record.
func TestProformaOfALostJournal(t *testing.T) {
	t.Parallel()
	play(t, paymenttest.Options{}, func(t *testing.T, w *paymenttest.World) {
		p, err := w.Engine.Start(background, proforma(w, "form-1"))
		if err != nil {
			t.Fatal(err)
		}
		w.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
		w.Pay(p, windcavetest.CardApproved)
		w.LoseJournal()
		w.Pass(time.Hour)
		q := get(w, p.ID)
		want(t, q, payment.Parked, payment.ReasonNoIntent)
		if q.Kind != payment.KindProforma || q.DocumentID != p.DocumentID {
			t.Errorf("found as %s %d", q.Kind, q.DocumentID)
		}
	})
}
