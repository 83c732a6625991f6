package charge

import (
	"context"
	"time"

	"github.com/bojanz/currency"
	"golang.org/x/sync/errgroup"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// looked is what was read anew of some items, by the ids of invoices and customers.
type looked struct {
	invoices  map[int64]splynx.Invoice
	unpaid    map[int64][]splynx.Invoice
	customers map[int64]splynx.Customer
	cards     map[int64]payment.Card
	deposits  map[int64]*splynx.Billing
}

// lookUp reads what the items' charges hang on.
func (w *runner) lookUp(ctx context.Context, books Books, items []Item) (l looked, err error) {
	var documents, ids []int64
	for _, i := range items {
		documents, ids = append(documents, i.DocumentID), append(ids, i.Customer)
	}
	ids = set(ids)
	var reads errgroup.Group
	if w.run.Sort == Invoices {
		reads.Go(func() (err error) { l.invoices, err = books.InvoicesByID(ctx, documents); return err })
	}
	if accounts := w.accountsOf(items); len(accounts) > 0 {
		reads.Go(func() (err error) {
			// Deposits first: a payment that comes between the two is no credit then.
			if l.deposits, err = w.deposits(ctx, books, accounts); err != nil {
				return err
			}
			l.unpaid, err = books.UnpaidInvoicesOf(ctx, accounts)
			return err
		})
	}
	reads.Go(func() (err error) {
		if l.customers, err = books.CustomersByID(ctx, ids); err != nil {
			return err
		}
		l.cards, err = w.pay.Cards(ctx, inOrder(ids, l.customers))
		return err
	})
	err = reads.Wait()
	return l, err
}

// creditFresh is how old the credit may be that the plan has read. Each account is a call.
const creditFresh = 2 * time.Minute

// accountsOf are the customers whose accounts are read: of balances all, of invoices those whose
// credit may have changed since the plan.
func (w *runner) accountsOf(items []Item) (ids []int64) {
	for _, i := range items {
		read := i.MovedAt
		if w.run.PlannedAt.Before(read) { // it was ticked on again
			read = w.run.PlannedAt
		}
		if w.run.Sort == Balances || !w.run.DespiteCredit && w.now().Sub(read) > creditFresh {
			ids = append(ids, i.Customer)
		}
	}
	return set(ids)
}

// judge looks at the items anew, and tells what may be charged, with what is due by now, and what
// is left out.
func (w *runner) judge(ctx context.Context, items []Item) (ready []Item, leave []Leaving, err error) {
	g, books := w.with()
	kept, err := w.whoIsKept(ctx)
	if err != nil {
		return nil, nil, err
	}
	l, err := w.lookUp(ctx, books, items)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range items {
		c, ok := l.customers[i.Customer]
		out := customerNow(g, i, c, ok, l.cards[i.Customer])
		if out == "" {
			out = kept.out(w.run, c.ID, c.PartnerID)
		}
		if out == "" && w.run.Of != "" {
			if out, err = w.triedNow(ctx, g, i); err != nil {
				return nil, nil, err
			}
		}
		switch {
		case out != "":
		case w.run.Sort == Invoices:
			if i.Amount, out, err = w.claimedNow(ctx, l, i); err != nil {
				return nil, nil, err
			}
		case anyPending(l.unpaid[i.Customer]) && !w.run.takesPending():
			out = OutPending
		default:
			i.Amount, out = balanceNow(i, l.deposits[i.Customer])
		}
		if out != "" {
			leave = append(leave, Leaving{i.Seq, out})
		} else {
			ready = append(ready, i)
		}
	}
	return ready, leave, nil
}

// customerNow tells why nothing is charged to the item's customer any more.
func customerNow(g *payment.Generation, i Item, c splynx.Customer, there bool, card payment.Card) Out {
	if !there {
		return OutDisabled
	}
	if out := customerOut(c); out != "" {
		return out
	}
	with := g.Partner(c.PartnerID)
	switch {
	case c.PartnerID != i.Partner:
		return OutCustomer
	case with.PxPost == nil:
		return OutNoCredentials
	case with.Currency != i.Amount.CurrencyCode():
		return OutCurrency
	}
	if card.Key != "" && card.Key != i.Card.Key {
		return OutCardChanged
	}
	return cardOut(card)
}

// triedNow tells why the item's card is not tried again any more: another run may have.
func (w *runner) triedNow(ctx context.Context, g *payment.Generation, i Item) (Out, error) {
	list, err := w.declines(ctx, i.Customer)
	c := countDeclines(list, i.Card.Key, i.DocumentID, w.now())
	switch {
	case err != nil:
		return "", err
	case w.run.Class != "":
		return w.o.Automatic(g).Retry.out(c, w.now(), zone(g)), nil
	}
	return c.out(), nil
}

// claimedNow is what is due on the item's invoice by now, unless the customer's credit covers it.
func (w *runner) claimedNow(ctx context.Context, l looked, i Item) (due currency.Amount, out Out, err error) {
	invoice, there := l.invoices[i.DocumentID]
	if due, out = w.invoiceNow(i, invoice, there); out != "" || w.run.DespiteCredit {
		return due, out, nil
	}
	covered, err := w.coveredNow(ctx, l, i)
	if covered[i.DocumentID] {
		out = OutHasCredit
	}
	return due, out, err
}

// invoiceNow is what is due on the item's invoice by now. Less than was planned is charged as it
// is; of more nobody has been told.
func (w *runner) invoiceNow(i Item, invoice splynx.Invoice, there bool) (currency.Amount, Out) {
	if !there || invoice.Deleted {
		return i.Amount, OutPaid
	}
	if invoice.CustomerID != i.Customer {
		return i.Amount, OutCustomer
	}
	due, err := payment.Due(&invoice, i.Amount.CurrencyCode())
	if err != nil {
		return i.Amount, OutUnreadable
	}
	switch more, err := due.Cmp(i.Amount); {
	case err != nil:
		return i.Amount, OutUnreadable
	case !due.IsPositive():
		return i.Amount, OutPaid
	case invoice.Status == splynx.Pending && !w.run.takesPending():
		return i.Amount, OutPending
	case more > 0:
		return i.Amount, OutAmountChanged
	}
	return due, ""
}

// deposits reads what customers' accounts hold; who is not there is not in it.
func (w *runner) deposits(ctx context.Context, books Books, ids []int64) (map[int64]*splynx.Billing, error) {
	found := make([]*splynx.Billing, len(ids))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(w.o.Readers)
	for n, id := range ids {
		reads.Go(func() (err error) {
			if found[n], err = books.Billing(ctx, id); isNotFound(err) {
				err = nil
			}
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	all := make(map[int64]*splynx.Billing, len(ids))
	for n, id := range ids {
		all[id] = found[n]
	}
	return all, nil
}

// balanceNow is what the item's customer owes by now. The engine looks once more after it was
// claimed.
func balanceNow(i Item, b *splynx.Billing) (currency.Amount, Out) {
	if b == nil {
		return i.Amount, OutDisabled
	}
	owes, err := payment.Owed(b.Deposit, i.Amount.CurrencyCode())
	if err != nil {
		return i.Amount, OutUnreadable
	}
	switch more, err := owes.Cmp(i.Amount); {
	case err != nil:
		return i.Amount, OutUnreadable
	case !owes.IsPositive():
		return i.Amount, OutPaid
	case more > 0:
		return i.Amount, OutAmountChanged
	}
	return owes, ""
}

const (
	// bookWithin is how long a payment may be approved without being in Splynx.
	bookWithin = 5 * time.Minute
	bookLook   = 30 * time.Second
)

// watch looks, while the run charges, whether Splynx takes the payments.
func (w *runner) watch(ctx context.Context) {
	for sleep(ctx, bookLook) {
		if !w.booked(ctx) {
			return
		}
	}
}

// booked pauses the run when too many of its payments are not in Splynx, and tells whether it
// goes on.
func (w *runner) booked(ctx context.Context) bool {
	late, err := w.store.RunItems(ctx, w.id, ItemFilter{State: ItemApproved, Before: w.now().Add(-bookWithin)}, 0, w.o.UnbookedMax+1)
	if err != nil || len(late) <= w.o.UnbookedMax {
		return ctx.Err() == nil
	}
	w.pause(WhyNotBooked, nil)
	return false
}
