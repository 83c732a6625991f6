package charge

import (
	"context"
	"slices"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// again goes through what has failed in the run that this one is of. The items are read anew in
// Splynx and judged as all others.
func (p *planner) again(ctx context.Context) error {
	failed := []ItemFilter{{State: ItemDeclined}, {State: ItemNotCharged}}
	if p.run.Class != "" {
		failed = []ItemFilter{{State: ItemDeclined, Class: p.run.Class}}
	}
	for n := p.run.Cursor.Query; n < len(failed); n++ {
		for {
			items, err := p.store.RunItems(ctx, p.run.Of, failed[n], p.run.Cursor.After, page)
			if err != nil {
				return err
			}
			then := Cursor{Query: n + 1}
			if len(items) == page {
				then = Cursor{Query: n, After: items[page-1].Seq}
			}
			if err := p.planAgain(ctx, items, then); err != nil {
				return err
			}
			if then.Query > n {
				break
			}
		}
	}
	return nil
}

func (p *planner) planAgain(ctx context.Context, items []Item, then Cursor) error {
	clear(p.known)
	p.old = make(map[int64]Item, len(items))
	ids := make([]int64, 0, len(items))
	for _, i := range items {
		id := i.Customer
		if p.run.Sort == Invoices {
			id = i.DocumentID
		}
		p.old[id] = i
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return p.write(ctx, nil, then)
	}
	if p.run.Sort == Invoices {
		found, err := p.books.InvoicesByID(ctx, ids)
		if err != nil {
			return err
		}
		return p.planInvoices(ctx, inOrder(ids, found), then)
	}
	found, err := p.books.CustomersByID(ctx, ids)
	if err != nil {
		return err
	}
	return p.planBalances(ctx, inOrder(ids, found), then)
}

// inOrder lists what was found, in the order of ids.
func inOrder[T any](ids []int64, found map[int64]T) []T {
	list := make([]T, 0, len(ids))
	for _, id := range ids {
		if v, ok := found[id]; ok {
			list = append(list, v)
		}
	}
	return list
}

// hard tells whether the same card must not be tried again for what failed.
func hard(i Item) bool {
	return i.State == ItemDeclined && windcave.NeverAgain(windcave.Class(i.Class), i.Code)
}

// HardCode tells whether a bank will never approve what it has answered with a code, by Visa's
// rules.
func HardCode(code string) bool { return windcave.HardCode(code) }

const month = 30 * 24 * time.Hour

// againOut tells why what has failed before is not charged again. id is that of the document, or
// of the customer in a run of balances; due is what is due by now.
func (p *planner) againOut(a *account, id int64, due currency.Amount) Out {
	old, ok := p.old[id]
	if !ok {
		return ""
	}
	if hard(old) && old.Card.Key == a.card.Key {
		return OutHardDecline
	}
	document := id
	if p.run.Sort == Balances {
		document = 0
	}
	c := countDeclines(a.declines, a.card.Key, document, p.now())
	if p.run.Class != "" {
		if more, err := due.Cmp(old.Counts()); err != nil || more > 0 { // nobody has confirmed that
			return OutAmountChanged
		}
		if out := p.o.Automatic(p.g).Retry.out(c, p.now(), zone(p.g)); out != "" {
			return out
		}
		if a.tried {
			return OutCardRests
		}
	}
	return c.out()
}

// readDeclines finds what of a customer was declined lately, and whether a retry has planned a
// charge already.
func (p *planner) readDeclines(ctx context.Context, a *account) (err error) {
	if p.run.Of == "" {
		return nil
	}
	if a.declines, err = p.declines(ctx, a.customer.ID); err != nil || p.run.Class == "" {
		return err
	}
	planned, err := p.store.RunItems(ctx, p.id, ItemFilter{Customer: a.customer.ID, State: ItemPlanned}, 0, 1)
	a.tried = len(planned) > 0
	return err
}

// mostDeclines is more than a customer has in 30 days.
const mostDeclines = 10_000

// declines lists what of a customer's saved cards was declined in 30 days.
func (r *Runs) declines(ctx context.Context, customer int64) ([]*payment.Payment, error) {
	list, err := r.pay.Find(ctx, payment.Filter{States: []payment.State{payment.Declined}, Customer: customer, Since: r.now().Add(-month), Limit: mostDeclines})
	return slices.DeleteFunc(list, func(d *payment.Payment) bool { return d.Card.Key == "" }), err
}

// takesPending tells whether the run charges what somebody else has set to pending.
func (r *Run) takesPending() bool { return slices.Contains(r.Filter.Statuses, splynx.Pending) }
