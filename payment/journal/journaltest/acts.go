package journaltest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// acts: what was done is listed newest first, page by page, and found by each of its fields.
func acts(t *testing.T, s *suite) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	all := []payment.Act{
		{Who: "administrator 1", What: payment.DeedRefund, Partner: 1, Customer: 7, Payment: "PAYMENT000000001", Note: "20.00 NZD: the Customer has MOVED"},
		{Who: "administrator 2", What: payment.DeedStart, Partner: 2, Run: "RUN0000000000001"},
		{Who: "administrator 1", What: payment.DeedRemoveCard, Partner: 1, Customer: 8, Node: "a"},
	}
	for i := range all {
		all[i].At = start.Add(time.Duration(i) * time.Hour)
		if err := s.AddAct(s.ctx, all[i]); err != nil {
			t.Fatal(err)
		}
	}
	listed, err := s.FindActs(s.ctx, payment.ActFilter{})
	if err != nil || len(listed) != 3 {
		t.Fatalf("%d acts, %v", len(listed), err)
	}
	for i, a := range listed {
		want := all[len(all)-1-i]
		if want.Seq = a.Seq; a.Seq == 0 || !cmp.Equal(a, want) {
			t.Error(cmp.Diff(want, a))
		}
	}
	for name, c := range map[string]struct {
		f    payment.ActFilter
		want []int
	}{
		"who":      {payment.ActFilter{Who: "administrator 1"}, []int{2, 0}},
		"what":     {payment.ActFilter{What: payment.DeedStart}, []int{1}},
		"partner":  {payment.ActFilter{Partner: 1}, []int{2, 0}},
		"customer": {payment.ActFilter{Customer: 7}, []int{0}},
		"payment":  {payment.ActFilter{Payment: "PAYMENT000000001"}, []int{0}},
		"run":      {payment.ActFilter{Run: "RUN0000000000001"}, []int{1}},
		"since":    {payment.ActFilter{Since: start.Add(time.Hour)}, []int{2, 1}},
		"until":    {payment.ActFilter{Until: start.Add(time.Hour)}, []int{0}},
		"text":     {payment.ActFilter{Text: "customer HAS"}, []int{0}},
		"no text":  {payment.ActFilter{Text: "%"}, nil},
		"a page":   {payment.ActFilter{Limit: 2}, []int{2, 1}},
		"the next": {payment.ActFilter{Limit: 2, Before: listed[1].Seq}, []int{0}},
	} {
		got, err := s.FindActs(s.ctx, c.f)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %d acts, want %d, %v", name, len(got), len(c.want), err)
			continue
		}
		for i, a := range got {
			if !a.At.Equal(all[c.want[i]].At) {
				t.Errorf("%s: act %d is of %s", name, i, a.At)
			}
		}
	}
}
