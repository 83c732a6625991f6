package charge

import (
	"context"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// again goes through what has failed in the run that this one is of. The items are read anew in
// Splynx and judged as all others.
func (p *planner) again(ctx context.Context) error {
	failed := []ItemState{ItemDeclined, ItemNotCharged}
	for n := p.run.Cursor.Query; n < len(failed); n++ {
		for {
			items, err := p.store.RunItems(ctx, p.run.Of, ItemFilter{State: failed[n]}, p.run.Cursor.After, page)
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

// What a bank will never approve, by Visa's rules, where each further try is fined; the codes of
// the card's and the token's own classes are among them. The other classes may be tried again.
var hardCodes = []string{"04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"}

// hard tells whether the same card must not be tried again for what failed.
func hard(i Item) bool {
	return i.State == ItemDeclined && (i.Class == "card" || i.Class == "token" || slices.Contains(hardCodes, i.Code))
}

const (
	// Visa allows 15 tries of a card in 30 days, Mastercard 10 declines a day; the lower of each
	// holds for all cards, for the brand of a saved card is not always known.
	mostInDay, mostInMonth = 10, 15
	month                  = 30 * 24 * time.Hour
)

// againOut tells why what has failed before is not charged again. id is that of the document, or
// of the customer in a run of balances.
func (p *planner) againOut(a *account, id int64) Out {
	old, ok := p.old[id]
	if !ok {
		return ""
	}
	if hard(old) && old.Card.Key == a.card.Key {
		return OutHardDecline
	}
	day, all := 0, 0
	for _, d := range a.declines {
		if d.Card.Key != a.card.Key {
			continue
		}
		all++
		if p.now().Sub(d.MovedAt) < 24*time.Hour {
			day++
		}
	}
	if day >= mostInDay || all >= mostInMonth {
		return OutTriedEnough
	}
	return ""
}

// readDeclines finds what of a customer was declined lately.
func (p *planner) readDeclines(ctx context.Context, a *account) (err error) {
	if p.run.Of == "" {
		return nil
	}
	a.declines, err = p.pay.Find(ctx, payment.Filter{States: []payment.State{payment.Declined}, Customer: a.customer.ID, Since: p.now().Add(-month)})
	return err
}

// takesPending tells whether the run charges what somebody else has set to pending.
func (r *Run) takesPending() bool { return slices.Contains(r.Filter.Statuses, splynx.Pending) }
