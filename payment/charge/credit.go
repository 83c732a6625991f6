package charge

import (
	"cmp"
	"context"
	"slices"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// creditOf is what a customer has paid and no invoice claims. The deposit carries the invoices'
// debits already, so it is the deposit and what all unpaid invoices still claim; below zero
// something else is owed.
func creditOf(deposit splynx.Decimal, unpaid []splynx.Invoice, code string) (currency.Amount, error) {
	left, err := money.Exact(deposit.String(), code)
	if err != nil {
		return left, err
	}
	for _, i := range unpaid {
		due, err := money.Exact(i.Due.String(), code)
		if err != nil {
			return left, err
		}
		if left, err = left.Add(due); err != nil {
			return left, err
		}
	}
	return left, nil
}

// spread gives credit to invoices, the oldest first: what there is for each, and which of them it
// covers. An invoice that is charged in full leaves it for the next one.
func spread(left currency.Amount, invoices []splynx.Invoice, code string) (credit map[int64]currency.Amount, covered map[int64]bool, err error) {
	credit, covered = make(map[int64]currency.Amount), make(map[int64]bool)
	slices.SortFunc(invoices, func(x, y splynx.Invoice) int { return cmp.Compare(x.ID, y.ID) })
	for _, i := range invoices {
		if !left.IsPositive() {
			break
		}
		due, err := payment.Due(&i, code)
		if err != nil {
			return nil, nil, err
		}
		credit[i.ID] = left.Round()
		enough, err := left.Cmp(due)
		if err != nil {
			return nil, nil, err
		}
		if enough < 0 {
			continue
		}
		covered[i.ID] = true
		if left, err = left.Sub(due); err != nil {
			return nil, nil, err
		}
	}
	return credit, covered, nil
}

// itemsOfOne is how many items of one customer a run looks at when it shares out credit.
const itemsOfOne = 1000

// creditHolders are a customer's documents that credit is for before others get any: those that the
// run has left out for it, or one that the run charges the failed ones of again.
func (r *Runs) creditHolders(ctx context.Context, run *Run, customer int64) (map[int64]bool, error) {
	all := make(map[int64]bool)
	for {
		items, err := r.store.RunItems(ctx, run.ID, ItemFilter{Customer: customer, Out: OutHasCredit}, 0, itemsOfOne)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			all[i.DocumentID] = true
		}
		if run.Of == "" {
			return all, nil
		}
		if run, err = r.store.Run(ctx, run.Of); err != nil {
			return nil, err
		}
	}
}

// coveredNow tells which invoices of the item's customer credit covers by now: it may have come
// since the preview.
func (w *runner) coveredNow(ctx context.Context, l looked, i Item) (map[int64]bool, error) {
	account, code := l.deposits[i.Customer], i.Amount.CurrencyCode()
	if account == nil {
		return nil, nil
	}
	left, err := creditOf(account.Deposit, l.unpaid[i.Customer], code)
	if err != nil || !left.IsPositive() {
		return nil, nil // the engine refuses what it cannot read
	}
	claim, err := w.creditHolders(ctx, w.run, i.Customer)
	if err != nil {
		return nil, err
	}
	items, err := w.store.RunItems(ctx, w.id, ItemFilter{Customer: i.Customer, State: ItemPlanned}, 0, itemsOfOne)
	if err != nil {
		return nil, err
	}
	for _, planned := range items {
		claim[planned.DocumentID] = true
	}
	claiming := slices.DeleteFunc(slices.Clone(l.unpaid[i.Customer]), func(u splynx.Invoice) bool { return !claim[u.ID] })
	_, covered, err := spread(left, claiming, code)
	if err != nil {
		return nil, nil
	}
	return covered, nil
}
