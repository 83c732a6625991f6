package payment_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// places is a Turn for so many at a time, and remembers the most that it had.
type places struct {
	free     chan struct{}
	mu       sync.Mutex
	now, max int
}

func (p *places) turn(context.Context) (func(), error) {
	p.free <- struct{}{}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now++
	p.max = max(p.max, p.now)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.now--
		<-p.free
	}, nil
}

// ofRun is a charge of an invoice by the run R.
func ofRun(w *world, invoice, customer int64, item int) payment.Start {
	s := w.OrderOf(invoice, "run/R/"+strconv.Itoa(item), "")
	s.Origin, s.Card, s.Who, s.Run, s.Item = payment.OriginRun, w.CardOf(customer), "run R", "R", int64(item)
	return s
}

// A dozen customers are charged with one read each of customers, cards and invoices; what is not
// as it was is not charged, and no invoice twice.
func TestChargeMany(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		var starts []payment.Start
		for i := range 12 {
			card := windcavetest.CardApproved
			if i == 3 {
				card = windcavetest.CardDeclined
			}
			customer := w.Splynx.AddCustomer(splynxtest.Customer{Name: "One of many"})
			number := fmt.Sprintf("MANY/%d", i)
			id := w.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: customer, Number: number, Total: "10.00"})
			w.PutCardOf(customer, card)
			starts = append(starts, ofRun(w, id, customer, i))
		}
		starts = append(starts, starts[0])                                                                  // pressed twice
		w.Splynx.ChangeInvoice(starts[5].DocumentID, func(i *splynxtest.Invoice) { i.Due = "9.99" })        // paid in part meanwhile
		w.Splynx.SetAccountData(starts[6].Customer, w.CardAccount(), map[int]string{1: ""})                 // its card is gone
		w.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut}) // one answer is lost, whosever
		before, at := len(w.Splynx.Log()), places{free: make(chan struct{}, 3)}
		got := make([]*payment.Payment, len(starts))
		var mu sync.Mutex
		err := w.Engine.ChargeMany(background, starts, at.turn, func(i int, p *payment.Payment, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err != nil || got[i] != nil {
				t.Errorf("%d: %v, %v", i, p, err)
			}
			got[i] = p
		})
		if err != nil {
			t.Fatal(err)
		}
		states := map[payment.State]int{}
		for _, p := range got[:12] {
			states[get(w, p.ID).State]++
		}
		if states[payment.Approved]+states[payment.Declined] != 9 || states[payment.Declined] > 1 || states[payment.NotDone] != 2 || states[payment.Unknown] != 1 {
			t.Errorf("states %v", states)
		}
		want(t, got[5], payment.NotDone, payment.ReasonAmountChanged)
		want(t, got[6], payment.NotDone, payment.ReasonCardChanged)
		if got[12].ID != got[0].ID {
			t.Error("two payments of one form")
		}
		if at.max < 1 || at.max > 3 {
			t.Errorf("%d at a time, want at most 3", at.max)
		}
		reads := map[string]int{}
		for _, e := range w.Splynx.Log()[before:] {
			if e.Method == "GET" {
				reads[e.Resource]++
			}
		}
		for _, of := range []string{"customer", "invoices", "customer-payment-account-data"} {
			if reads[of] != 1 {
				t.Errorf("%s were read %d times", of, reads[of])
			}
		}
		w.Pass(time.Hour)
	})
}

// One customer, such as a chain of shops, has more invoices than a list shows: the last look before
// each charge sees them all.
func TestChargeManyOfOneCustomer(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.PutCard(windcavetest.CardApproved)
		var starts []payment.Start
		for i := range 150 {
			id := w.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: w.Customer, Number: fmt.Sprintf("MANY/%d", i), Total: "10.00"})
			starts = append(starts, ofRun(w, id, w.Customer, i))
		}
		at := places{free: make(chan struct{}, len(starts))}
		err := w.Engine.ChargeMany(background, starts, at.turn, func(i int, p *payment.Payment, err error) {
			if err != nil || p.State != payment.Approved {
				t.Errorf("%d: %+v, %v", i, p, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Hour)
	})
}
