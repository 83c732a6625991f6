package charge_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// A customer pays on the hosted page, beside a run at one per second.
func TestZZCustomerBesideRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.reopen(8, 1)
		var docs []int64
		for n := range 30 {
			docs = append(docs, o.customer(n, "good"))
		}
		// customers have pages open
		pages := map[int64]*payment.Payment{}
		for n, d := range docs {
			p, err := o.Engine.Start(background, o.OrderOf(d, fmt.Sprint("page-", n), fmt.Sprint("payer-", n)))
			must(t, err)
			pages[d] = p
		}
		run := o.plan()
		o.go1(run.ID)
		time.Sleep(6 * time.Second)
		sent := map[string]bool{}
		for _, c := range o.Gateway.Charges() {
			sent[c.TxnID] = true
		}
		n := map[string]int64{}
		for doc, i := range o.items(run.ID) {
			if i.State == charge.ItemCharging && !sent[string(i.Payment)] {
				back := o.Pay(pages[doc], windcavetest.CardApproved)
				p, err := o.Return(back)
				must(t, err)
				if p.HasMoney() {
					n[string(i.Payment)] = doc
				}
			}
		}
		at := time.Now()
		o.until(run.ID, time.Hour, charge.Done)
		time.Sleep(time.Hour)
		twice := 0
		for _, c := range o.Gateway.Charges() {
			if n[c.TxnID] != 0 && c.Time.After(at) {
				twice++
			}
		}
		t.Logf("%d paid on their page after the claim and before the send; %d of them charged by the run as well", len(n), twice)
		if twice > 0 {
			t.Error("the journal knew of the money when the card was charged")
		}
	})
}

// Killed: what was claimed and not sent.
func TestZZKilled(t *testing.T) {
	for _, c := range []int{8, 64} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				o.reopen(c, 0)
				for n := range 400 {
					o.customer(n, "good")
				}
				run := o.plan()
				o.go1(run.ID)
				for len(o.Gateway.Charges()) < 100 {
					time.Sleep(7 * time.Millisecond)
				}
				o.revive()
				o.reopen(c, 0)
				o.until(run.ID, 2*time.Hour, charge.Done)
				time.Sleep(100 * time.Hour)
				by := map[string]int{}
				for _, i := range o.items(run.ID) {
					by[fmt.Sprint(i.State, " ", i.Reason)]++
				}
				t.Log(by)
				if n := by["not_charged never_arrived"]; n > 0 {
					t.Errorf("%d were never sent, and the run is done without them", n)
				}
			})
		})
	}
}

// While Splynx is the slower one, nobody asks what became of an unknown charge.
func TestZZStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.reopen(64, 0)
		for n := range 600 {
			o.customer(n, "good")
		}
		o.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut, N: 3})
		o.slowBooks(t)
		run := o.plan()
		o.go1(run.ID)
		begun := time.Now()
		var first time.Duration
		backlog := 0
		for time.Since(begun) < time.Hour && first == 0 {
			time.Sleep(time.Second)
			for _, e := range o.Gateway.Log() {
				if e.Op == windcavetest.OpStatus {
					first = e.Time.Sub(begun)
				}
			}
			n := 0
			for _, p := range o.Journal() {
				if p.State == payment.Approved {
					n++
				}
			}
			backlog = max(backlog, n)
		}
		t.Logf("first Status after %s, most approved and not booked at a time: %d", first, backlog)
		if first > time.Minute {
			t.Errorf("an unknown charge is first asked about after %s", first)
		}
	})
}
