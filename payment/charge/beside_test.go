package charge_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// paced is an office whose runs charge at a pace.
func paced(t *testing.T, concurrency int, perSecond rate.Limit) *office {
	t.Helper()
	o := newOffice(t)
	must(t, o.runs.Close(background))
	o.runs = charge.New(&mortalStore{o.Store, o.life}, o.Engine, charge.Options{Node: "office", Look: 10 * time.Minute, Concurrency: concurrency, PerSecond: perSecond})
	return o
}

func (o *office) starts(id payment.ID) {
	o.t.Helper()
	sums, err := o.runs.Sums(background, id)
	must(o.t, err)
	_, err = o.runs.Start(background, id, "admin 1", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
	must(o.t, err)
}

// Customers pay on pages that were open while the run has claimed their invoices: the run does not
// charge them as well.
func TestCustomersPayBesideARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := paced(t, 8, 1)
		pages := map[int64]*payment.Payment{}
		for n := range 30 {
			d := o.customer(n, "good")
			p, err := o.Engine.Start(background, o.OrderOf(d, fmt.Sprint("page-", n), fmt.Sprint("payer-", n)))
			must(t, err)
			pages[d] = p
		}
		run := o.plan()
		o.starts(run.ID)
		time.Sleep(6 * time.Second)    // virtual
		known := map[int64]time.Time{} // when the journal knew of the customer's money
		for document, i := range o.items(run.ID) {
			if i.State == charge.ItemPlanned || i.State == charge.ItemCharging {
				p, err := o.Return(o.Pay(pages[document], windcavetest.CardApproved))
				must(t, err)
				if p.HasMoney() {
					known[document] = time.Now()
				}
			}
		}
		o.until(run.ID, time.Hour, charge.Done)
		time.Sleep(time.Hour) // virtual
		if len(known) < 15 {
			t.Fatalf("only %d have paid on their page", len(known))
		}
		charged := map[string]time.Time{}
		for _, c := range o.Gateway.Charges() {
			charged[c.TxnID] = c.At
		}
		const underWay = 120 * time.Millisecond // to the gateway
		for document, i := range o.items(run.ID) {
			if at, ok := known[document]; ok && charged[string(i.Payment)].After(at.Add(underWay)) {
				t.Errorf("invoice %d was charged %s after its customer had paid", document, charged[string(i.Payment)].Sub(at))
			}
		}
	})
}

// However many places there are, a run goes no faster than its rate, and claims no more than it
// can send.
func TestSlowRateWithManyPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := paced(t, 128, 1)
		for n := range 300 {
			o.customer(n, "good")
		}
		run := o.plan()
		begun := time.Now()
		o.starts(run.ID)
		o.until(run.ID, time.Hour, charge.Done)
		if d := time.Since(begun); d < 290*time.Second {
			t.Errorf("300 charges at 1 per second took %s", d)
		}
		for _, i := range o.items(run.ID) {
			if i.State == charge.ItemNotCharged {
				t.Fatalf("item %d was claimed and not sent: %s", i.Seq, i.Reason)
			}
		}
	})
}

// F24: a gateway that leaves charges without an answer gets fewer at a time, and as many as before
// once it answers. Nothing is lost, and nothing is sent twice.
func TestF24SlowGateway(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		const places, customers, trouble = 16, 1500, 600
		for id := int64(1); id <= customers; id++ {
			p.customer(id, "10.00")
			if id < trouble && id%4 == 0 {
				p.bank[id] = "unknown"
			}
		}
		p.latency = 120 * time.Millisecond
		r := p.start(charge.Options{Concurrency: places})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.check(run.ID)
		all, err := p.store.Find(background, payment.Filter{Limit: customers})
		must(t, err)
		begun := all[len(all)-1].CreatedAt
		var better time.Time
		for _, one := range all {
			if one.State == payment.Unknown && one.MovedAt.After(better) {
				better = one.MovedAt
			}
		}
		// rounds is how many charges begin in a round, on the average of ten.
		rounds := func(from time.Time) (n int) {
			for _, one := range all {
				if !one.CreatedAt.Before(from) && one.CreatedAt.Before(from.Add(10*p.latency)) {
					n++
				}
			}
			return n / 10
		}
		if n := rounds(begun.Add(2 * time.Second)); n < 1 || n > places/2 {
			t.Errorf("%d charges begin in a round while each fourth has no answer", n)
		}
		if n := rounds(better.Add(2 * time.Second)); n < places-2 {
			t.Errorf("%d charges begin in a round once all are answered", n)
		}
	})
}

// Several runs that charge the same failed ones again try a card no oftener than all schemes allow.
func TestAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := paced(t, 4, 0)
		o.customer(1, "funds")
		run := o.plan()
		o.starts(run.ID)
		o.until(run.ID, time.Minute, charge.Done)
		var again []payment.ID
		for n := range 20 {
			r, err := o.runs.Plan(background, charge.Order{Of: run.ID, Source: charge.Administrator, Who: "a", FormKey: fmt.Sprint("again", n)})
			must(t, err)
			o.until(r.ID, time.Minute, charge.Planned)
			again = append(again, r.ID)
		}
		for _, id := range again {
			o.starts(id)
			o.until(id, time.Minute, charge.Done)
		}
		declines := 0
		for _, p := range o.Journal() {
			if p.State == payment.Declined {
				declines++
			}
		}
		if declines != 10 {
			t.Errorf("%d declines of one card in a day, want 10", declines)
		}
	})
}

// Somebody else ticks one off and another one on, of the same amount: the plan that was seen is
// not the one that would be charged.
func TestPlanIsTheOneThatWasSeen(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := range int64(3) {
			p.customer(id+1, "20.00")
		}
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{})
		_, err := r.TickOff(background, run.ID, []int64{3}, true)
		must(t, err)
		run, err = r.Get(background, run.ID)
		must(t, err)
		seen := charge.StartOptions{Seen: r.seen(run.ID), Revision: run.Revision, HandlerOff: true}
		_, err = r.TickOff(background, run.ID, []int64{1}, true)
		must(t, err)
		_, err = r.TickOff(background, run.ID, []int64{3}, false)
		must(t, err)
		if _, err = r.Start(background, run.ID, "admin 1", seen); err == nil {
			t.Error("started")
		}
		run, err = r.Get(background, run.ID)
		must(t, err)
		seen.Revision = run.Revision
		if _, err = r.Start(background, run.ID, "admin 1", seen); err != nil {
			t.Error(err)
		}
	})
}
