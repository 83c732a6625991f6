package journaltest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// figures: payments are added up as they stand now, each partner, kind, state and currency apart,
// within the span and no further.
func figures(t *testing.T, s *suite) {
	day := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)
	for n, c := range []struct {
		at             time.Duration
		amount, code   string
		partner        int64
		state          payment.State
		ref, class     string
		kind           payment.Kind
		becomes        payment.State
		becomesWithRef string
	}{
		{at: 0, amount: "57.50", code: "NZD", partner: 1, state: payment.Recorded, ref: "D1", kind: payment.KindInvoice},
		{at: time.Hour, amount: "0.05", code: "NZD", partner: 1, state: payment.Submitted, kind: payment.KindInvoice, becomes: payment.Recorded, becomesWithRef: "D2"},
		{at: time.Hour, amount: "1500", code: "JPY", partner: 1, state: payment.Recorded, ref: "D3", kind: payment.KindInvoice},
		{at: 24*time.Hour - time.Microsecond, amount: "12.00", code: "NZD", partner: 2, state: payment.Parked, kind: payment.KindTopUp},
		{at: 24 * time.Hour, amount: "1.00", code: "NZD", partner: 1, state: payment.Recorded, ref: "D4", kind: payment.KindInvoice},
		{at: -time.Microsecond, amount: "1.00", code: "NZD", partner: 1, state: payment.Recorded, ref: "D5", kind: payment.KindInvoice},
	} {
		p := s.sample(id(n))
		amount, err := money.Parse(c.amount, c.code)
		s.must(err)
		p.Amount, p.CreatedAt, p.Partner, p.State, p.DpsTxnRef, p.Kind = amount, day.Add(c.at), c.partner, c.state, c.ref, c.kind
		s.create(p)
		if c.becomes != "" {
			_, err := s.Change(s.ctx, p.ID, func(p *payment.Payment) (payment.Writes, error) {
				p.State, p.DpsTxnRef = c.becomes, c.becomesWithRef
				return payment.Writes{}, nil
			})
			s.must(err)
		}
	}
	got, err := s.Figures(s.ctx, day, day.Add(24*time.Hour))
	s.must(err)
	slices.SortFunc(got, func(a, b payment.Figure) int {
		return cmp.Or(cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.Amount.CurrencyCode(), b.Amount.CurrencyCode()))
	})
	want := []struct {
		partner int64
		kind    payment.Kind
		state   payment.State
		money   bool
		count   int
		amount  string
	}{
		{1, payment.KindInvoice, payment.Recorded, true, 1, "1500 JPY"},
		{1, payment.KindInvoice, payment.Recorded, true, 2, "57.55 NZD"},
		{2, payment.KindTopUp, payment.Parked, false, 1, "12.00 NZD"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d figures, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if g := got[i]; g.Partner != w.partner || g.Kind != w.kind || g.State != w.state || g.Money != w.money || g.Count != w.count || g.Amount.String() != w.amount {
			t.Errorf("figure %+v, want %+v", g, w)
		}
	}
	if none, err := s.Figures(s.ctx, day.AddDate(1, 0, 0), day.AddDate(2, 0, 0)); err != nil || len(none) != 0 {
		t.Errorf("of a year without payments: %v, %v", none, err)
	}
}

// foundByDay: lists can be held to when payments began, who began them, for which run and document,
// and what the gateway said.
func foundByDay(t *testing.T, s *suite) {
	for n := range 6 {
		p := s.sample(id(n))
		p.CreatedAt = now.Add(time.Duration(n) * time.Hour)
		if n%2 == 0 {
			p.Origin, p.Class, p.Run = payment.OriginRun, "soft", []string{"RUN-A", "", "RUN-B"}[n%3]
		}
		p.DocumentNumber = []string{"2026/0042", ""}[n/3]
		s.create(p)
	}
	for name, c := range map[string]struct {
		f    payment.Filter
		want []int
	}{
		"from":       {payment.Filter{From: now.Add(4 * time.Hour)}, []int{5, 4}},
		"until":      {payment.Filter{Until: now.Add(2 * time.Hour)}, []int{1, 0}},
		"between":    {payment.Filter{From: now.Add(time.Hour), Until: now.Add(2 * time.Hour)}, []int{1}},
		"run":        {payment.Filter{Runs: []payment.ID{"RUN-A"}}, []int{0}},
		"runs":       {payment.Filter{Runs: []payment.ID{"RUN-A", "RUN-B"}}, []int{2, 0}},
		"no run":     {payment.Filter{Runs: []payment.ID{"RUN-C"}}, nil},
		"number":     {payment.Filter{Number: "2026/0042"}, []int{2, 1, 0}},
		"class":      {payment.Filter{Class: "soft"}, []int{4, 2, 0}},
		"origin":     {payment.Filter{Origin: payment.OriginRun, From: now.Add(time.Hour)}, []int{4, 2}},
		"next page":  {payment.Filter{Class: "soft", After: payment.Cursor{CreatedAt: now.Add(2 * time.Hour), ID: id(2)}}, []int{0}},
		"no class":   {payment.Filter{Class: "card"}, nil},
		"none began": {payment.Filter{Origin: payment.OriginCustomer}, nil},
	} {
		list, err := s.Find(s.ctx, c.f)
		s.must(err)
		var got []int
		for _, p := range list {
			got = append(got, int(p.CreatedAt.Sub(now).Hours()))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
