package charge_test

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// mortalBooks is Splynx as one process reaches it.
type mortalBooks struct {
	*provider
	life *life
}

func (b *mortalBooks) look(what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads[what]++
	if b.life.dead.Load() {
		return errDead
	}
	return b.down
}

// rising goes through a map as Splynx lists: in the order of the ids, as it is by then.
func rising[T any](b *mortalBooks, all func() map[int64]T, after int64, fits func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := b.look("list"); err != nil {
			yield(none, err)
			return
		}
		b.mu.Lock()
		known := maps.Clone(all())
		b.mu.Unlock()
		for _, id := range slices.Sorted(maps.Keys(known)) {
			if id > after && fits(known[id]) && !yield(known[id], nil) {
				return
			}
		}
	}
}

func (b *mortalBooks) AllInvoices(_ context.Context, q splynx.InvoiceQuery) iter.Seq2[splynx.Invoice, error] {
	return rising(b, func() map[int64]splynx.Invoice { return b.invoices }, q.After, func(i splynx.Invoice) bool {
		return slices.Contains(q.Statuses, i.Status) && (q.Number == "" || q.Number == i.Number) && (q.Customer == 0 || q.Customer == i.CustomerID) &&
			(q.Issued.From.IsZero() || !i.DateCreated.Before(q.Issued.From)) && (q.Issued.To.IsZero() || !q.Issued.To.Before(i.DateCreated))
	})
}

func (b *mortalBooks) AllCustomers(_ context.Context, q splynx.CustomerQuery) iter.Seq2[splynx.Customer, error] {
	return rising(b, func() map[int64]splynx.Customer { return b.customers }, q.After, func(c splynx.Customer) bool { return !c.Deleted })
}

func pick[T any](b *mortalBooks, what string, all map[int64]T, ids []int64) (map[int64]T, error) {
	if err := b.look(what); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	some := map[int64]T{}
	for _, id := range ids {
		if v, ok := all[id]; ok {
			some[id] = v
		}
	}
	return some, nil
}

func (b *mortalBooks) InvoicesByID(_ context.Context, ids []int64) (map[int64]splynx.Invoice, error) {
	return pick(b, "invoices", b.invoices, ids)
}

func (b *mortalBooks) CustomersByID(_ context.Context, ids []int64) (map[int64]splynx.Customer, error) {
	return pick(b, "customers", b.customers, ids)
}

func (b *mortalBooks) UnpaidInvoicesOf(_ context.Context, ids []int64) (map[int64][]splynx.Invoice, error) {
	if err := b.look("unpaid"); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	some := map[int64][]splynx.Invoice{}
	for _, i := range b.invoices {
		if slices.Contains(ids, i.CustomerID) && (i.Status == splynx.NotPaid || i.Status == splynx.Pending) {
			some[i.CustomerID] = append(some[i.CustomerID], i)
		}
	}
	return some, nil
}

func (b *mortalBooks) Billing(_ context.Context, id int64) (*splynx.Billing, error) {
	if err := b.look("billing"); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.billing[id]
	return &v, nil
}
