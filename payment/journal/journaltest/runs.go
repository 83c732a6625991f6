package journaltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bojanz/currency"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// RunStore is a store that keeps payments and charge runs.
type RunStore interface {
	payment.Store
	charge.Store
}

// Runs runs the suite of what keeps charge runs. open gives a new, empty store, which ends with
// the test.
func Runs(t *testing.T, open func(t *testing.T) RunStore) {
	for name, test := range map[string]func(*runSuite){
		"a run that is written is read":          runRoundTrip,
		"no run is found":                        runNotFound,
		"pressed twice is one run":               runFormKeys,
		"a change of a run is all or nothing":    runAtomic,
		"a start sees what else is open":         runStart,
		"items are read in order, page by page":  runItems,
		"items are found by what they are":       runItemFilters,
		"only what is planned is left out":       runLeave,
		"sums follow every change":               runSums,
		"an item has one payment":                runOnePayment,
		"a payment needs a running run":          runHalted,
		"what becomes of a payment reaches it":   runLateTruth,
		"of many payments at once one is let in": runRace,
		"runs are listed page by page":           runList,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			test(&runSuite{suite: &suite{T: t, Store: s, ctx: context.Background()}, runs: s})
		})
	}
}

type runSuite struct {
	*suite
	runs charge.Store
}

func (s *runSuite) run(n int) *charge.Run {
	return &charge.Run{
		ID: id(n), FormKey: fmt.Sprint("form-", n), Sort: charge.Invoices, State: charge.Running, Source: charge.Administrator, Who: "admin 1",
		Filter: charge.Filter{Statuses: []string{"not_paid"}, Partners: []int64{1, 2}, From: "1.50"}, Partners: []int64{1},
		CreatedAt: now.Add(time.Duration(n) * time.Second), MovedAt: now, Cursor: charge.Cursor{After: 7}, Fence: 3, LeaseOwner: "me", LeaseUntil: now.Add(time.Minute),
	}
}

func (s *runSuite) event(r *charge.Run, to charge.State) charge.Event {
	return charge.Event{Run: r.ID, At: now, To: to, Why: charge.WhyAsked, Note: "note", Who: "who", Node: "node"}
}

func (s *runSuite) make(r *charge.Run) *charge.Run {
	s.Helper()
	s.must(s.runs.CreateRun(s.ctx, r, s.event(r, r.State)))
	return r
}

func (s *runSuite) amount(number, code string) currency.Amount {
	s.Helper()
	a, err := money.Parse(number, code)
	s.must(err)
	return a
}

// items are some of a run, the first with Seq from.
func (s *runSuite) items(run payment.ID, from, n int64) (list []charge.Item) {
	for seq := from; seq < from+n; seq++ {
		i := charge.Item{
			Run: run, Seq: seq, Customer: seq % 7, Partner: 1, DocumentID: 100 + seq, Number: fmt.Sprint("N ", seq), Amount: s.amount(fmt.Sprintf("%d.05", seq), "NZD"),
			Card: payment.CardUsed{Key: "key", Brand: "Visa", Ends: "11"}, State: charge.ItemPlanned, MovedAt: now,
		}
		switch {
		case seq%5 == 0:
			i.State, i.Out, i.Card = charge.ItemLeftOut, charge.OutNoCard, payment.CardUsed{}
		case seq%3 == 0:
			i.Amount, i.Credit = s.amount(fmt.Sprint(seq), "JPY"), s.amount("1", "JPY")
		}
		list = append(list, i)
	}
	return list
}

func (s *runSuite) write(run payment.ID, w charge.Writes) {
	s.Helper()
	w.At = now
	_, err := s.runs.ChangeRun(s.ctx, run, func(*charge.Run) (charge.Writes, error) { return w, nil })
	s.must(err)
}

func (s *runSuite) all(run payment.ID, f charge.ItemFilter) []charge.Item {
	s.Helper()
	list, err := s.runs.RunItems(s.ctx, run, f, 0, 1_000_000)
	s.must(err)
	return list
}

func (s *runSuite) item(run payment.ID, seq int64) charge.Item {
	s.Helper()
	list, err := s.runs.RunItems(s.ctx, run, charge.ItemFilter{}, seq-1, 1)
	s.must(err)
	if len(list) != 1 || list[0].Seq != seq {
		s.Fatalf("item %d is %+v", seq, list)
	}
	return list[0]
}

var likeTimes = cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })

func (s *runSuite) equal(got, want any) {
	s.Helper()
	if d := cmp.Diff(want, got, likeTimes, cmp.Comparer(func(a, b currency.Amount) bool { return a.Equal(b) }), cmp.Comparer(func(a, b splynx.Date) bool { return a == b })); d != "" {
		s.Errorf("differs:\n%s", d)
	}
}

func runRoundTrip(s *runSuite) {
	r := s.make(s.run(1))
	got, err := s.runs.Run(s.ctx, r.ID)
	s.must(err)
	s.equal(got, r)
	got, err = s.runs.RunByFormKey(s.ctx, r.FormKey)
	s.must(err)
	s.equal(got, r)
	all := s.run(2)
	all.Partners = nil // all of them is not none
	s.make(all)
	if got, err := s.runs.Run(s.ctx, all.ID); err != nil || got.Partners != nil {
		s.Errorf("partners %v, %v", got, err)
	}
	events, err := s.runs.RunEvents(s.ctx, r.ID)
	s.must(err)
	s.equal(events, []charge.Event{s.event(r, r.State)})
}

func runNotFound(s *runSuite) {
	_, err := s.runs.Run(s.ctx, id(1))
	s.fails(err, charge.ErrNotFound)
	for _, key := range []string{"", "form"} {
		_, err = s.runs.RunByFormKey(s.ctx, key)
		s.fails(err, charge.ErrNotFound)
	}
	_, err = s.runs.ChangeRun(s.ctx, id(1), func(*charge.Run) (charge.Writes, error) { return charge.Writes{}, nil })
	s.fails(err, charge.ErrNotFound)
	items, err := s.runs.RunItems(s.ctx, id(1), charge.ItemFilter{}, 0, 10)
	sums, sumsErr := s.runs.RunSums(s.ctx, id(1))
	if err != nil || sumsErr != nil || len(items) != 0 || len(sums) != 0 {
		s.Errorf("%v, %v, %v, %v", items, err, sums, sumsErr)
	}
}

func runFormKeys(s *runSuite) {
	s.make(s.run(1))
	again := s.run(2)
	again.FormKey = s.run(1).FormKey
	s.fails(s.runs.CreateRun(s.ctx, again, s.event(again, again.State)), charge.ErrFormKeyUsed)
	for n := 3; n < 5; n++ { // no key is not a key
		r := s.run(n)
		r.FormKey = ""
		s.make(r)
	}
}

func runAtomic(s *runSuite) {
	r := s.make(s.run(1))
	refusal := errors.New("no")
	_, err := s.runs.ChangeRun(s.ctx, r.ID, func(r *charge.Run) (charge.Writes, error) {
		r.State = charge.Done
		return charge.Writes{Add: s.items(r.ID, 1, 2)}, refusal
	})
	s.fails(err, refusal)
	twice := append(s.items(r.ID, 1, 2), s.items(r.ID, 2, 1)...)
	if _, err = s.runs.ChangeRun(s.ctx, r.ID, func(r *charge.Run) (charge.Writes, error) {
		r.State = charge.Done
		return charge.Writes{Events: []charge.Event{s.event(r, charge.Done)}, Add: twice}, nil
	}); err == nil {
		s.Error("two items of one number were written")
	}
	got, err := s.runs.Run(s.ctx, r.ID)
	s.must(err)
	events, err := s.runs.RunEvents(s.ctx, r.ID)
	s.must(err)
	if got.State != charge.Running || len(events) != 1 || len(s.all(r.ID, charge.ItemFilter{})) != 0 {
		s.Errorf("left behind: %s, %v", got.State, events)
	}
}

func runStart(s *runSuite) {
	r := s.make(s.run(1))
	s.write(r.ID, charge.Writes{Add: s.items(r.ID, 1, 4)})
	want := []payment.ID{}
	for n, state := range []charge.State{charge.Planning, charge.Planned, charge.Running, charge.Paused, charge.Waiting, charge.Stopped, charge.Done, charge.Failed} {
		other := s.run(10 + n)
		other.State = state
		if s.make(other); other.Open() {
			want = append(want, other.ID)
		}
	}
	_, err := s.runs.StartRun(s.ctx, r.ID, func(r *charge.Run, open []*charge.Run, sums []charge.Sum) (charge.Writes, error) {
		got := []payment.ID{}
		for _, o := range open {
			got = append(got, o.ID)
		}
		slices.Sort(got)
		s.equal(got, want)
		s.equal(sums, []charge.Sum{
			{State: charge.ItemPlanned, Count: 1, Amount: s.amount("3", "JPY")},
			{State: charge.ItemPlanned, Count: 3, Amount: s.amount("7.15", "NZD")},
		})
		return charge.Writes{}, nil
	})
	s.must(err)
}

func runItems(s *runSuite) {
	r, other := s.make(s.run(1)), s.make(s.run(2))
	want := s.items(r.ID, 1, 50)
	s.write(r.ID, charge.Writes{Add: want[:30]})
	s.write(other.ID, charge.Writes{Add: s.items(other.ID, 1, 9)})
	s.write(r.ID, charge.Writes{Add: want[30:]})
	s.equal(s.all(r.ID, charge.ItemFilter{}), want)
	var got []charge.Item
	for after := int64(0); ; {
		list, err := s.runs.RunItems(s.ctx, r.ID, charge.ItemFilter{}, after, 7)
		s.must(err)
		if len(list) == 0 {
			break
		}
		got, after = append(got, list...), list[len(list)-1].Seq
	}
	s.equal(got, want)
}

func runItemFilters(s *runSuite) {
	r := s.make(s.run(1))
	s.write(r.ID, charge.Writes{Add: s.items(r.ID, 1, 40)})
	for n := int64(1); n < 9; n++ {
		p := s.charge(r.ID, s.item(r.ID, n))
		p.State, p.Class = payment.Declined, []string{"soft", "card"}[n%2]
		if n%4 == 0 {
			p.MovedAt = now.Add(time.Hour)
		}
		_ = s.tryCreate(p)
	}
	all := s.all(r.ID, charge.ItemFilter{})
	for _, f := range []charge.ItemFilter{
		{State: charge.ItemPlanned},
		{State: charge.ItemLeftOut},
		{Out: charge.OutNoCard},
		{State: charge.ItemLeftOut, Out: charge.OutNoCard},
		{State: charge.ItemPlanned, Out: charge.OutNoCard},
		{Class: "soft"},
		{State: charge.ItemDeclined, Class: "card"},
		{Currency: "JPY"},
		{Customer: 3},
		{Customer: 3, State: charge.ItemPlanned, Currency: "NZD"},
		{State: charge.ItemDeclined, Before: now.Add(time.Minute)},
	} {
		var want []charge.Item
		for _, i := range all {
			if (f.State == "" || i.State == f.State) && (f.Out == "" || i.Out == f.Out) && (f.Class == "" || i.Class == f.Class) &&
				(f.Currency == "" || i.Amount.CurrencyCode() == f.Currency) && (f.Customer == 0 || i.Customer == f.Customer) && (f.Before.IsZero() || i.MovedAt.Before(f.Before)) {
				want = append(want, i)
			}
		}
		s.equal(s.all(r.ID, f), want)
	}
}

func runLeave(s *runSuite) {
	r := s.make(s.run(1))
	s.write(r.ID, charge.Writes{Add: s.items(r.ID, 1, 12)})
	s.create(s.charge(r.ID, s.item(r.ID, 1)))
	s.write(r.ID, charge.Writes{Leave: []charge.Leaving{{Seq: 1, Out: charge.OutTickedOff}, {Seq: 2, Out: charge.OutTickedOff}, {Seq: 4, Out: charge.OutTickedOff}, {Seq: 5, Out: charge.OutTickedOff}, {Seq: 99, Out: charge.OutStopped}}})
	s.write(r.ID, charge.Writes{TickOn: []int64{1, 4, 5, 6, 99}})
	s.write(r.ID, charge.Writes{LeaveNext: 2, LeaveWhy: charge.OutStopped})
	got := ""
	for _, i := range s.all(r.ID, charge.ItemFilter{}) {
		got += fmt.Sprintf("%d %s %s\n", i.Seq, i.State, i.Out)
	}
	want := "1 charging \n2 left_out ticked_off\n3 left_out stopped\n4 left_out stopped\n5 left_out no_card\n6 planned \n7 planned \n8 planned \n9 planned \n10 left_out no_card\n11 planned \n12 planned \n"
	s.equal(got, want)
}

func runList(s *runSuite) {
	states := []charge.State{charge.Planning, charge.Running, charge.Done, charge.Stopped}
	for n := range 24 {
		r := s.run(n)
		r.State, r.Sweep, r.CreatedAt = states[n%4], n == 3, now.Add(time.Duration(n/5)*time.Second)
		if n%2 == 0 {
			r.Source = charge.Schedule
		}
		s.make(r)
	}
	for want, f := range map[int]charge.RunFilter{
		24: {Limit: 5}, 12: {Source: charge.Schedule, Limit: 5}, 6: {States: []charge.State{charge.Done}, Limit: 4}, 13: {Work: true, Limit: 2},
		14: {Since: now.Add(2 * time.Second), Limit: 3}, 10: {Until: now.Add(2 * time.Second), Limit: 3},
	} {
		var seen []*charge.Run
		for {
			list, err := s.runs.Runs(s.ctx, f)
			s.must(err)
			if len(list) == 0 {
				break
			}
			seen, f.After = append(seen, list...), list[len(list)-1].Place()
		}
		if len(seen) != want || !slices.IsSortedFunc(seen, func(a, b *charge.Run) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
			s.Errorf("%+v lists %d, want %d", f, len(seen), want)
		}
	}
}
