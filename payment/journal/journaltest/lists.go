package journaltest

import (
	"slices"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func marks(_ *testing.T, s *suite) {
	want := func(name, value string) {
		s.Helper()
		if got, err := s.Mark(s.ctx, name); err != nil || got != value {
			s.Errorf("mark %s is %q, %v, want %q", name, got, err, value)
		}
	}
	want("one", "")
	for _, value := range []string{"first", "second ä \"", "second ä \"", "", "", "third"} {
		s.must(s.SetMark(s.ctx, "one", value))
		s.must(s.SetMark(s.ctx, "another", "stays"))
		want("one", value)
	}
	want("another", "stays")
	want("", "")
}

// Every payment is on one page, whatever has the same time and whatever comes meanwhile.
func listed(_ *testing.T, s *suite) {
	for n := range 25 {
		p := s.sample(id(n))
		p.CreatedAt = now.Add(time.Duration(n/10)*time.Second + time.Duration(n)*time.Nanosecond)
		if n%5 == 0 {
			p.State = payment.Parked
		}
		s.create(p)
	}
	for _, f := range []payment.Filter{{Limit: 4}, {Limit: 25}, {Limit: 2, States: []payment.State{payment.Parked}}, {Limit: 3, Customer: 7, Since: now}} {
		all := f
		all.Limit = 1000
		want, err := s.Find(s.ctx, all)
		s.must(err)
		var got []payment.ID
		for {
			list, err := s.Find(s.ctx, f)
			s.must(err)
			if len(list) == 0 {
				break
			}
			for _, p := range list {
				got = append(got, p.ID)
			}
			f.After = list[len(list)-1].Cursor()
			s.count++
			late := s.sample(id(1000 + s.count))
			late.CreatedAt = now.Add(time.Duration(s.count) * time.Hour)
			s.create(late)
		}
		for i, p := range want {
			if len(got) != len(want) || got[i] != p.ID {
				s.Fatalf("%+v: pages have %v, at %d want %s of %d", f, got, i, p.ID, len(want))
			}
		}
	}
}

func unfinished(_ *testing.T, s *suite) {
	if list, err := s.Unfinished(s.ctx); err != nil || len(list) != 0 {
		s.Errorf("%v, %v", list, err)
	}
	states := []payment.State{payment.Created, payment.Offered, payment.Submitted, payment.Unknown, payment.Approved, payment.Parked, payment.Recorded, payment.Expired}
	for n := range 24 {
		p := s.sample(id(n))
		p.State, p.MovedAt = states[n%8], now.Add(time.Duration(-n)*time.Minute)
		s.create(p)
	}
	list, err := s.Unfinished(s.ctx)
	s.must(err)
	if len(list) != 6 {
		s.Fatalf("%d states: %v", len(list), list)
	}
	for _, one := range list {
		n := 16 + slices.Index(states, one.State)
		if one.Count != 3 || one.Oldest != id(n) || !one.Since.Equal(now.Add(time.Duration(-n)*time.Minute)) {
			s.Errorf("%+v, want the oldest to be %s", one, id(n))
		}
	}
	s.add(s.token("a"), 1)
	s.add(s.token("b"), 2)
	other := s.token("a")
	other.Payment = id(2)
	s.add(other, 1)
	done := s.token("b")
	done.Judged, done.NextAt = payment.TokenDeclined, time.Time{}
	s.must(s.SetToken(s.ctx, done))
	if n, err := s.UnjudgedTokens(s.ctx); err != nil || n != 2 {
		s.Errorf("%d tokens are not judged, %v", n, err)
	}
}

func find(_ *testing.T, s *suite) {
	for n := range 6 {
		p := s.sample(id(n))
		p.CreatedAt, p.MovedAt = now.Add(time.Duration(n)*time.Minute), now.Add(time.Duration(-n)*time.Minute)
		s.create(p)
	}
	special := s.sample(id(6))
	special.CreatedAt = now.Add(-time.Hour)
	special.State, special.Partner, special.Customer, special.Kind, special.DocumentID, special.Payer = payment.Parked, 2, 8, payment.KindTopUp, 9, "another"
	s.create(special)
	for name, f := range map[string]payment.Filter{
		"state": {States: []payment.State{payment.Parked, payment.Unknown}}, "partner": {Partner: 2}, "customer": {Customer: 8},
		"kind": {Kind: payment.KindTopUp}, "document": {Document: 9}, "payer": {Payer: "another"},
		"all": {States: []payment.State{payment.Parked}, Partner: 2, Customer: 8, Kind: payment.KindTopUp, Document: 9, Payer: "another", Before: now.Add(time.Second)},
	} {
		if all, err := s.Find(s.ctx, f); err != nil || len(all) != 1 || all[0].ID != special.ID {
			s.Errorf("by %s: %v, %v", name, all, err)
		}
	}
	order := func(f payment.Filter) (list []payment.ID) {
		all, err := s.Find(s.ctx, f)
		s.must(err)
		for _, p := range all {
			list = append(list, p.ID)
		}
		return list
	}
	if got, want := order(payment.Filter{}), []payment.ID{id(5), id(4), id(3), id(2), id(1), id(0), id(6)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got, want := order(payment.Filter{Limit: 2}), []payment.ID{id(5), id(4)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got, want := order(payment.Filter{Before: now.Add(-3 * time.Minute)}), []payment.ID{id(5), id(4)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got, want := order(payment.Filter{Since: now.Add(-3 * time.Minute), Before: now}), []payment.ID{id(3), id(2), id(1)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got := order(payment.Filter{Customer: 7, Payer: "nobody"}); len(got) != 0 {
		s.Errorf("found %v", got)
	}
}
