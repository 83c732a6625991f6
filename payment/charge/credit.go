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

// coveredNow tells which invoices of the item's customer credit covers by now: it may have come
// since the preview. Those that were left out for it keep theirs.
func (w *runner) coveredNow(ctx context.Context, l looked, i Item) (map[int64]bool, error) {
	account, code := l.deposits[i.Customer], i.Amount.CurrencyCode()
	if account == nil {
		return nil, nil
	}
	left, err := creditOf(account.Deposit, l.unpaid[i.Customer], code)
	if err != nil || !left.IsPositive() {
		return nil, nil // the engine refuses what it cannot read
	}
	items, err := w.store.RunItems(ctx, w.id, ItemFilter{Customer: i.Customer}, 0, itemsOfOne)
	if err != nil {
		return nil, err
	}
	ofRun := make(map[int64]bool)
	for _, other := range items {
		ofRun[other.DocumentID] = other.State == ItemPlanned || other.Out == OutHasCredit
	}
	charged := slices.DeleteFunc(slices.Clone(l.unpaid[i.Customer]), func(u splynx.Invoice) bool { return !ofRun[u.ID] })
	_, covered, err := spread(left, charged, code)
	if err != nil {
		return nil, nil
	}
	return covered, nil
}
