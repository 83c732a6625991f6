package charge_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

func randomRead(b []byte) (int, error) { return rand.Read(b) }

// wantItems compares states and reasons of items by their documents.
func wantItems(t *testing.T, p *provider, id payment.ID, want map[int64]string) {
	t.Helper()
	got := p.items(id)
	for key, w := range want {
		i := got[key]
		text := string(i.State)
		if i.Out != "" {
			text += " " + string(i.Out)
		}
		if text != w {
			t.Errorf("%d is %q, want %q", key, text, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d items, want %d", len(got), len(want))
	}
}

// A run charges what was planned, and what becomes of each charge stands in its item.
func TestRun(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 100; id++ {
			p.customer(id, "57.50")
		}
		p.bank = map[int64]string{1: "soft", 2: "hard", 3: "unknown", 4: "in flight"}
		r := p.start(charge.Options{Concurrency: 8})
		run := r.plan(charge.Order{FormKey: "form"})
		if s := r.seen(run.ID); len(s) != 1 || s[0].Count != 100 || !s[0].Amount.Equal(nzd(t, "5750.00")) {
			t.Fatalf("plan %+v", s)
		}
		r.begin(run.ID)
		r.begin(run.ID) // pressed twice
		r.until(run.ID, charge.Done)
		want := map[int64]string{}
		for id := int64(1); id <= 100; id++ {
			want[id*10] = "recorded"
		}
		want[10], want[20], want[30], want[40] = "declined", "declined", "unknown", "left_out in_flight"
		wantItems(t, p, run.ID, want)
		if i := p.items(run.ID)[10]; i.Class != "soft" || i.Code != "51" {
			t.Errorf("item %+v", i)
		}
		p.with(func() {
			if p.most != 8 {
				t.Errorf("%d charges at a time", p.most)
			}
		})
		p.heal() // late truth
		want[30] = "recorded"
		wantItems(t, p, run.ID, want)
		p.check(run.ID)
		progress, err := r.Progress(background, run.ID)
		must(t, err)
		if progress.Approved != 97 || progress.Declined != 2 || progress.LeftOut != 1 || progress.Left != 0 || progress.Done() != 99 {
			t.Errorf("progress %+v", progress)
		}
		events, err := r.Events(background, run.ID)
		must(t, err)
		way := ""
		for _, e := range events {
			way += string(e.To) + " " + e.Who + ", "
			if e.Node == "" || e.At.IsZero() {
				t.Errorf("event %+v", e)
			}
		}
		if way != "planning admin 1, planned engine, running admin 1, done engine, " {
			t.Error(way)
		}
	})
}

// F78: what has changed since the preview is not charged, or as it is by now where less is due.
func TestF78ChangedSinceThePreview(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 12; id++ {
			p.customer(id, "57.50")
		}
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{})
		p.invoice(10, func(i *splynx.Invoice) { i.Due = decimal(t, "57.5049") }) // the same, rounded
		p.invoice(20, func(i *splynx.Invoice) { i.Due = decimal(t, "12.005") })
		p.invoice(30, func(i *splynx.Invoice) { i.Due = decimal(t, "57.51") })
		p.invoice(40, func(i *splynx.Invoice) { i.Status = splynx.Pending })
		p.invoice(50, func(i *splynx.Invoice) { i.Status, i.Due = splynx.Paid, decimal(t, "0") })
		p.invoice(60, func(i *splynx.Invoice) { i.Deleted = true })
		p.invoice(70, func(i *splynx.Invoice) { i.CustomerID = 1 })
		p.with(func() {
			p.billing[1] = splynx.Billing{CustomerID: 1, Deposit: decimal(t, "-115.0049")} // both are claimed of 1
			delete(p.cards, 8)
			p.cards[9] = payment.Card{Key: "another", Standing: payment.CardGood}
			p.cards[10] = payment.Card{Key: "card-10", Standing: payment.CardExpired}
			p.customers[11] = splynx.Customer{ID: 11, Status: "disabled", PartnerID: 1}
			p.customers[12] = splynx.Customer{ID: 12, Status: "active", PartnerID: 2}
		})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		wantItems(t, p, run.ID, map[int64]string{
			10: "recorded", 20: "recorded", 30: "left_out amount_changed", 40: "left_out pending", 50: "left_out paid_meanwhile", 60: "left_out paid_meanwhile",
			70: "left_out customer_changed", 80: "left_out no_card", 90: "left_out card_changed", 100: "left_out card_expired", 110: "left_out customer_disabled",
			120: "left_out customer_changed",
		})
		if i := p.items(run.ID)[20]; !i.Charged.Equal(nzd(t, "12.01")) || !i.Amount.Equal(nzd(t, "57.50")) {
			t.Errorf("item %+v", i)
		}
		p.check(run.ID)
	})
}

// Credit that came since the preview is looked at again: an invoice that it covers is left out, as
// in the preview, and what is smaller keeps nothing from being charged.
func TestCreditSinceThePreview(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 5; id++ {
			p.customer(id, "57.50", "20.00")
		}
		had := p.billing[5]
		had.Deposit = decimal(t, "-20.00") // covers the first one in the preview already
		p.billing[5] = had
		r := p.start(charge.Options{})
		run, despite := r.plan(charge.Order{Filter: charge.Filter{Customers: []int64{1, 2, 3, 5}}}), r.plan(charge.Order{DespiteCredit: true, Filter: charge.Filter{Customers: []int64{4}}})
		p.with(func() {
			for id, deposit := range map[int64]string{1: "-20.00", 2: "-40.00", 3: "0", 4: "0"} {
				b := p.billing[id]
				b.Deposit = decimal(t, deposit)
				p.billing[id] = b
			}
		})
		time.Sleep(3 * time.Minute)
		for _, id := range []payment.ID{run.ID, despite.ID} {
			r.begin(id)
			r.until(id, charge.Done)
			p.check(id)
		}
		wantItems(t, p, run.ID, map[int64]string{
			10: "left_out has_credit", 11: "recorded", // 57.50 of 77.50
			20: "recorded", 21: "left_out has_credit", // 37.50: for the second one only
			30: "left_out has_credit", 31: "left_out has_credit",
			50: "left_out has_credit", 51: "recorded",
		})
		wantItems(t, p, despite.ID, map[int64]string{40: "recorded", 41: "recorded"})
	})
}

// F39: what a person has not seen, or may not start, does not start.
func TestF39Start(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 3; id++ {
			p.customer(id, "10.00")
		}
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{FormKey: "form"})
		seen := r.seen(run.ID)
		start := func(id payment.ID, o charge.StartOptions, want error) {
			t.Helper()
			if _, err := r.Start(background, id, "admin 2", o); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		start("NONE", charge.StartOptions{}, charge.ErrNotFound)
		start(run.ID, charge.StartOptions{Seen: seen}, charge.ErrHandlerOn)
		for _, err := range []error{payment.ErrHeld, payment.ErrJournalOld} {
			p.with(func() { p.trusted = err })
			start(run.ID, charge.StartOptions{Seen: seen, HandlerOff: true}, err)
		}
		p.with(func() { p.trusted = nil })
		if s, err := r.HandlerOff(background); s != nil || err != nil {
			t.Errorf("stated %+v, %v", s, err)
		}
		start(run.ID, charge.StartOptions{HandlerOff: true}, charge.ErrPlanChanged)
		if s, err := r.HandlerOff(background); err != nil || s == nil || s.Who != "admin 2" {
			t.Errorf("stated %+v, %v", s, err)
		}
		_, err := r.TickOff(background, run.ID, []int64{2, 99}, true)
		must(t, err)
		start(run.ID, charge.StartOptions{Seen: seen}, charge.ErrPlanChanged)
		_, err = r.TickOff(background, run.ID, []int64{2}, false)
		must(t, err)
		_, err = r.TickOff(background, run.ID, []int64{3}, true)
		must(t, err)

		balances := r.plan(charge.Order{Sort: charge.Balances})
		start(run.ID, charge.StartOptions{Seen: r.seen(run.ID)}, nil)
		start(balances.ID, charge.StartOptions{Seen: r.seen(balances.ID)}, charge.ErrOtherSort)
		if _, err := r.TickOff(background, run.ID, []int64{1}, true); !errors.Is(err, charge.ErrMove) {
			t.Errorf("ticked off while it runs: %v", err)
		}
		r.until(run.ID, charge.Done)
		wantItems(t, p, run.ID, map[int64]string{10: "recorded", 20: "recorded", 30: "left_out ticked_off"})
		start(run.ID, charge.StartOptions{}, nil) // again, from another tab
		start(balances.ID, charge.StartOptions{Seen: r.seen(balances.ID)}, nil)
		r.until(balances.ID, charge.Done)
		wantItems(t, p, balances.ID, map[int64]string{1: "left_out paid_meanwhile", 2: "left_out paid_meanwhile", 3: "recorded"})
		if _, err := r.Resume(background, r.plan(charge.Order{}).ID, "admin", ""); !errors.Is(err, charge.ErrMove) {
			t.Errorf("resumed without a start: %v", err)
		}
	})
}

// F38: pressed twice is one run; with other values it is none.
func TestF38PressedTwice(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		p.customer(1, "10.00")
		r := p.start(charge.Options{})
		a := r.plan(charge.Order{FormKey: "form", Filter: charge.Filter{Partners: []int64{2, 1}}})
		b := r.plan(charge.Order{FormKey: "form", Filter: charge.Filter{Partners: []int64{1, 2, 2}}})
		if a.ID != b.ID {
			t.Errorf("two runs %s and %s", a.ID, b.ID)
		}
		_, err := r.Plan(background, charge.Order{FormKey: "form", Sort: charge.Invoices, Source: charge.Command, Who: "x"})
		if !errors.Is(err, charge.ErrFormChanged) {
			t.Error(err)
		}
	})
}

// Pause, resume and stop: nothing is begun that should not be.
func TestPauseResumeStop(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 1200; id++ {
			p.customer(id, "10.00")
		}
		r := p.start(charge.Options{Concurrency: 4})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		time.Sleep(2 * time.Second)
		_, err := r.Pause(background, run.ID, "admin 1", "a moment")
		must(t, err)
		time.Sleep(time.Second)
		before := p.sent()
		if time.Sleep(time.Hour); p.sent() != before || before == 0 {
			t.Errorf("%d charges, %d when it was paused", p.sent(), before)
		}
		_, err = r.Resume(background, run.ID, "admin 2", "")
		must(t, err)
		time.Sleep(3 * time.Second)
		progress, err := r.Progress(background, run.ID)
		must(t, err)
		if p.sent() <= before || progress.Left == 0 {
			t.Fatalf("progress %+v", progress)
		}
		time.Sleep(6 * time.Second)
		if progress, err = r.Progress(background, run.ID); err != nil || progress.PerMinute < 2000 || progress.PerMinute > 2500 || progress.Remaining <= 0 {
			t.Errorf("%d a minute, %s remain, %v", progress.PerMinute, progress.Remaining, err)
		}
		_, err = r.Stop(background, run.ID, "admin 1", "")
		must(t, err)
		r.until(run.ID, charge.Stopped)
		time.Sleep(time.Hour)
		got := map[string]int{}
		for _, i := range p.items(run.ID) {
			got[string(i.State)+" "+string(i.Out)]++
		}
		if len(got) != 2 || got["recorded "] != p.sent() || got["recorded "]+got["left_out stopped"] != 1200 {
			t.Errorf("%v, asked %d", got, p.sent())
		}
		p.check(run.ID)
		if _, err := r.Resume(background, run.ID, "admin", ""); !errors.Is(err, charge.ErrMove) {
			t.Errorf("resumed after its end: %v", err)
		}
	})
}

// Who watches is told.
func TestChanged(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		p.customer(1, "10.00")
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{})
		for name, change := range map[string]func(){
			"tick":    func() { _, err := r.TickOff(background, run.ID, []int64{1}, true); must(t, err) },
			"moved":   func() { r.Moved(&payment.Payment{Run: string(run.ID)}, payment.Event{}) },
			"foreign": nil,
		} {
			c := r.Changed(run.ID)
			if change == nil {
				r.Moved(&payment.Payment{Run: "ANOTHER"}, payment.Event{})
				r.Moved(&payment.Payment{}, payment.Event{})
			} else {
				change()
			}
			select {
			case <-c:
				if change == nil {
					t.Error(name, "told of another run")
				}
			default:
				if change != nil {
					t.Error(name, "not told")
				}
			}
		}
		list, err := r.List(background, charge.RunFilter{})
		if err != nil || len(list) != 1 {
			t.Error(list, err)
		}
	})
}

// The limit of charges per second holds, whatever runs at a time.
func TestPerSecond(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 60; id++ {
			p.customer(id, "10.00")
		}
		r := p.start(charge.Options{Concurrency: 16, PerSecond: 2})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		begin := time.Now()
		r.until(run.ID, charge.Done)
		if took := time.Since(begin); took < 29*time.Second || took > 40*time.Second {
			t.Errorf("60 charges took %s", took)
		}
	})
}

// The states that doc.go draws are the table's.
func TestVisible(t *testing.T) {
	t.Parallel()
	for n, c := range []struct {
		run, filter, reader []int64
		want                bool
	}{
		{nil, nil, nil, true},
		{[]int64{1}, nil, nil, true},
		{nil, nil, []int64{1}, false},
		{[]int64{1}, nil, []int64{1, 2}, true},
		{[]int64{1, 3}, nil, []int64{1, 2}, false},
		{nil, []int64{2}, []int64{1, 2}, true},
		{[]int64{}, nil, []int64{1}, false},
		{[]int64{1}, nil, []int64{}, false},
	} {
		r := charge.Run{Partners: c.run, Filter: charge.Filter{Partners: c.filter}}
		if r.VisibleTo(c.reader) != c.want {
			t.Errorf("case %d", n)
		}
	}
	if slices.Contains(charge.OpenStates(), charge.Planned) {
		t.Error(fmt.Sprint(charge.OpenStates()))
	}
}
