package payment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// Money that Splynx would not take goes where a person says, once, and the history tells.
func TestRebook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to   func(*world) payment.Rebook
		then payment.Destination
		want error
	}{
		"the balance": {func(*world) payment.Rebook { return payment.Rebook{Kind: payment.KindTopUp} }, payment.ToBalance, nil},
		"another invoice": {func(w *world) payment.Rebook {
			return payment.Rebook{Kind: payment.KindInvoice, DocumentID: w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "OTHER", Total: "60.00"})}
		}, payment.ToDocument, nil},
		"the same invoice again": {func(w *world) payment.Rebook {
			return payment.Rebook{Kind: payment.KindInvoice, DocumentID: w.Invoice.ID}
		}, payment.ToDocument, nil},
		"a proforma invoice": {func(w *world) payment.Rebook {
			return payment.Rebook{Kind: payment.KindProforma, DocumentID: w.Splynx.AddProforma(splynxtest.Proforma{CustomerID: w.Customer, Number: "P", Total: "57.50"})}
		}, payment.ToDocument, nil},
		"a proforma invoice of another amount": {func(w *world) payment.Rebook {
			return payment.Rebook{Kind: payment.KindProforma, DocumentID: w.Splynx.AddProforma(splynxtest.Proforma{CustomerID: w.Customer, Number: "P", Total: "57.51"})}
		}, "", payment.ErrRebook},
		"another customer's invoice": {func(w *world) payment.Rebook {
			somebody := w.Splynx.AddCustomer(splynxtest.Customer{Name: "Somebody"})
			return payment.Rebook{Kind: payment.KindInvoice, DocumentID: w.Splynx.AddInvoice(invoice{CustomerID: somebody, Number: "THEIRS", Total: "57.50"})}
		}, "", payment.ErrRebook},
		"a paid invoice": {func(w *world) payment.Rebook {
			id := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "PAID", Total: "1.00"})
			w.Splynx.PayInvoice(id)
			return payment.Rebook{Kind: payment.KindInvoice, DocumentID: id}
		}, "", payment.ErrRebook},
		"an invoice that money is under way for": {func(w *world) payment.Rebook {
			id := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "BUSY", Total: "60.00"})
			card, _ := w.SaveCard(windcavetest.CardApproved)
			s := w.OrderOf(id, "busy", "")
			s.Card, s.Who = card, "office"
			w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 503, Times: 3})
			if _, err := w.Engine.Charge(background, s); err != nil {
				w.TB.Fatal(err)
			}
			return payment.Rebook{Kind: payment.KindInvoice, DocumentID: id}
		}, "", payment.ErrRebook},
		"no document": {func(*world) payment.Rebook { return payment.Rebook{Kind: payment.KindInvoice} }, "", payment.ErrRebook},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 2})
				p := paid(t, w)
				want(t, w.Until(p.ID, time.Hour, payment.Parked), payment.Parked, payment.ReasonBookingRefused)
				to := c.to(w)
				_, err := w.Engine.Rebook(background, p.ID, to, "Splynx would not take it", "administrator 1")
				if !errors.Is(err, c.want) {
					t.Fatalf("%v, want %v", err, c.want)
				}
				if c.want != nil {
					want(t, get(w, p.ID), payment.Parked, payment.ReasonBookingRefused)
					if _, err := w.Engine.Settle(background, p.ID, payment.SettleAgain, "looked it up", "anna"); err != nil {
						t.Fatal(err)
					}
					return
				}
				w.Until(p.ID, time.Hour, payment.Recorded)
				p = get(w, p.ID)
				if p.Booking.To != c.then || p.Kind != to.Kind || len(ours(w)) != 1 {
					t.Errorf("%s, %s, %d rows", p.Kind, p.Booking.To, len(ours(w)))
				}
				if _, err := w.Engine.Rebook(background, p.ID, to, "again", "administrator 1"); !errors.Is(err, payment.ErrNotParked) {
					t.Errorf("booked again: %v", err)
				}
				events, err := w.Engine.Events(background, p.ID)
				if err != nil {
					t.Fatal(err)
				}
				told := false
				for _, e := range events {
					told = told || e.Why == payment.ReasonRebooked && e.Who == "administrator 1" && strings.Contains(e.Note, w.Invoice.Number)
				}
				if !told {
					t.Errorf("history %+v", events)
				}
			})
		})
	}
}

// What stands in Splynx is not booked a second time.
func TestRebookWhatStands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]string{"twice": "booked twice", "perhaps": "perhaps booked twice", "not shown": "the booking is not shown", "other amount": "another amount is booked", "no money": "booked without money"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				s, ok := parkings[c]
				if !ok {
					t.Fatal("no such story")
				}
				id := s.park(t, w)
				want(t, w.Until(id, time.Hour, payment.Parked), payment.Parked, s.why)
				if _, err := w.Engine.Rebook(background, id, payment.Rebook{Kind: payment.KindTopUp}, "why not", "anna"); err == nil {
					t.Error("booked")
				}
				want(t, get(w, id), payment.Parked, s.why)
				if s.mend != nil {
					s.mend(w, id)
				}
			})
		})
	}
}
