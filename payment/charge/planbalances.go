package charge

import (
	"context"
	"slices"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// balances goes through the customers that the filter is about. Who owes nothing is no item.
func (p *planner) balances(ctx context.Context) error {
	if some := p.run.Filter.Customers; len(some) > 0 {
		return p.balancesOf(ctx, some)
	}
	if p.run.Cursor.Query > 0 {
		return nil
	}
	q := splynx.CustomerQuery{Location: p.run.Filter.Location, After: p.run.Cursor.After}
	list := make([]splynx.Customer, 0, page)
	for c, err := range p.books.AllCustomers(ctx, q) {
		if err != nil {
			return err
		}
		if list = append(list, c); len(list) < page {
			continue
		}
		if err := p.planBalances(ctx, list, Cursor{After: c.ID}); err != nil {
			return err
		}
		list = list[:0]
	}
	return p.planBalances(ctx, list, Cursor{Query: 1})
}

// balancesOf plans some customers, in rising order of their ids.
func (p *planner) balancesOf(ctx context.Context, ids []int64) error {
	for some := range slices.Chunk(ids, page) {
		last := some[len(some)-1]
		if last <= p.run.Cursor.After {
			continue
		}
		customers, err := p.books.CustomersByID(ctx, some)
		if err != nil {
			return err
		}
		list := make([]splynx.Customer, 0, len(some))
		for _, id := range some {
			if c, ok := customers[id]; ok {
				list = append(list, c)
			}
		}
		if err := p.planBalances(ctx, list, Cursor{After: last}); err != nil {
			return err
		}
	}
	return nil
}

// planBalances writes the items of a page.
func (p *planner) planBalances(ctx context.Context, list []splynx.Customer, then Cursor) error {
	clear(p.known)
	customers, ids := make(map[int64]splynx.Customer, len(list)), make([]int64, 0, len(list))
	for _, c := range list {
		customers[c.ID] = c
		ids = append(ids, c.ID)
	}
	if err := p.meet(ctx, ids, customers); err != nil {
		return err
	}
	items := make([]Item, 0, len(list))
	for _, c := range list {
		if item, ok := p.balanceItem(p.known[c.ID]); ok {
			items = append(items, item)
		}
	}
	return p.write(ctx, items, then)
}

// balanceItem is what becomes of a balance; false if the run is not about it.
func (p *planner) balanceItem(a *account) (Item, bool) {
	if !a.asked {
		return Item{}, false
	}
	item := Item{Customer: a.customer.ID, Partner: a.customer.PartnerID, Card: a.card, State: ItemPlanned, Out: a.out}
	owes, err := payment.Owed(a.deposit, a.currency)
	if err != nil {
		item.Out, item.Amount = OutUnreadable, zero(a.currency)
		return item.judged(), true
	}
	_, wanted := p.old[a.customer.ID]
	if item.Amount = owes; !owes.IsPositive() {
		item.Out, item.Amount = OutPaid, zero(a.currency)
		return item.judged(), wanted
	}
	if !p.run.Filter.reaches(owes) {
		return Item{}, false
	}
	asked := &payment.Payment{Kind: payment.KindTopUp, Customer: a.customer.ID}
	switch {
	case item.Out != "":
	case a.pending && !p.run.takesPending():
		item.Out = OutPending
	case slices.ContainsFunc(a.flights, func(f *payment.Payment) bool { return f.Blocks(asked) }):
		item.Out = OutInFlight
	default:
		item.Out = p.againOut(a, a.customer.ID, owes)
	}
	return item.judged(), true
}

// owes tells whether a customer owes anything, as far as can be read.
func (p *planner) owes(a *account) bool {
	o, err := payment.Owed(a.deposit, a.currency)
	return err != nil || o.IsPositive()
}

func anyPending(list []splynx.Invoice) bool {
	return slices.ContainsFunc(list, func(i splynx.Invoice) bool { return i.Status == splynx.Pending })
}
