package journaltest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// foundAsFiltered compares lists of all sorts, page by page, with what a plain look at each payment
// finds: whatever a store reads them from, none is lost, repeated or in another order.
func foundAsFiltered(t *testing.T, s *suite) {
	const payments, filters = 400, 600
	seed := rand.Uint64()
	x := rand.New(rand.NewPCG(seed, 0))
	all := make([]*payment.Payment, 0, payments)
	for n := range payments {
		all = append(all, s.anyPayment(x, n))
	}
	slices.SortFunc(all, newestFirst)
	for range filters {
		f := anyFilter(x, all)
		var want, got []payment.ID
		for _, p := range all {
			if fits(f, p) {
				want = append(want, p.ID)
			}
		}
		for page := f; ; {
			list, err := s.Find(s.ctx, page)
			s.must(err)
			for _, p := range list {
				got = append(got, p.ID)
			}
			if len(list) < f.Limit || len(got) > payments {
				break
			}
			page.After = list[len(list)-1].Cursor()
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %+v finds %d, want %d\n%v\n%v", seed, f, len(got), len(want), got, want)
		}
	}
}

func newestFirst(a, b *payment.Payment) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
}

func oneOf[T any](x *rand.Rand, of ...T) T { return of[x.IntN(len(of))] }

var (
	someKinds   = []payment.Kind{payment.KindInvoice, payment.KindProforma, payment.KindTopUp, payment.KindRefund}
	someOrigins = []payment.Origin{payment.OriginCustomer, payment.OriginGuest, payment.OriginRun}
	someClasses = []string{"", "approved", "soft", "card"}
)

// anyPayment writes a payment; many have the same time.
func (s *suite) anyPayment(x *rand.Rand, n int) *payment.Payment {
	s.Helper()
	p := s.sample(id(n))
	p.State, p.Kind, p.Origin, p.Class = oneOf(x, payment.States()...), oneOf(x, someKinds...), oneOf(x, someOrigins...), oneOf(x, someClasses...)
	p.Partner, p.Customer, p.DocumentID, p.Payer = int64(1+x.IntN(3)), int64(1+x.IntN(20)), int64(x.IntN(15)), oneOf(x, "", "a", "b")
	p.DocumentNumber = oneOf(x, "", "2026/1", "2026/2")
	if x.IntN(2) == 0 {
		p.Run = fmt.Sprint("RUN", x.IntN(14))
	}
	p.CreatedAt = now.Add(time.Duration(x.IntN(60)) * time.Hour)
	p.MovedAt = p.CreatedAt.Add(time.Duration(x.IntN(40)) * time.Hour)
	s.create(p)
	return p
}

// anyFilter asks for a few things at a time.
func anyFilter(x *rand.Rand, all []*payment.Payment) (f payment.Filter) {
	f.Limit = 1 + x.IntN(120)
	when := func() time.Time { return now.Add(time.Duration(x.IntN(90)) * time.Hour) }
	for _, ask := range []func(){
		func() { f.States = []payment.State{oneOf(x, payment.States()...)} },
		func() {
			for range 5 { // some of them twice
				f.States = append(f.States, oneOf(x, payment.States()...))
			}
		},
		func() {
			for range 1 + x.IntN(13) {
				f.Runs = append(f.Runs, payment.ID(fmt.Sprint("RUN", x.IntN(15))))
			}
		},
		func() { f.Partner = int64(1 + x.IntN(3)) },
		func() { f.Customer = int64(1 + x.IntN(20)) },
		func() { f.Kind = oneOf(x, someKinds...) },
		func() { f.Document = int64(1 + x.IntN(15)) },
		func() { f.Number = oneOf(x, "2026/1", "2026/2", "2026/3") },
		func() { f.Payer = oneOf(x, "a", "b") },
		func() { f.Origin = oneOf(x, someOrigins...) },
		func() { f.Class = oneOf(x, someClasses...) },
		func() { f.From = when() },
		func() { f.Until = when() },
		func() { f.Before = when() },
		func() { f.Since = when() },
		func() { f.After = oneOf(x, all...).Cursor() },
	} {
		if x.IntN(7) == 0 {
			ask()
		}
	}
	return f
}

func fits(f payment.Filter, p *payment.Payment) bool {
	in := func(asked bool, holds bool) bool { return !asked || holds }
	after := f.After.CreatedAt.Compare(p.CreatedAt)
	return in(len(f.States) > 0, slices.Contains(f.States, p.State)) && in(len(f.Runs) > 0, slices.Contains(f.Runs, payment.ID(p.Run))) &&
		in(f.Partner != 0, f.Partner == p.Partner) && in(f.Customer != 0, f.Customer == p.Customer) && in(f.Kind != "", f.Kind == p.Kind) &&
		in(f.Document != 0, f.Document == p.DocumentID) && in(f.Number != "", f.Number == p.DocumentNumber) && in(f.Payer != "", f.Payer == p.Payer) &&
		in(f.Origin != "", f.Origin == p.Origin) && in(f.Class != "", f.Class == p.Class) &&
		in(!f.From.IsZero(), !p.CreatedAt.Before(f.From)) && in(!f.Until.IsZero(), p.CreatedAt.Before(f.Until)) &&
		in(!f.Before.IsZero(), p.MovedAt.Before(f.Before)) && in(!f.Since.IsZero(), !p.MovedAt.Before(f.Since)) &&
		in(!f.After.CreatedAt.IsZero(), after > 0 || after == 0 && p.ID > f.After.ID)
}
