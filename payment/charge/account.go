package charge

import (
	"context"
	"slices"

	"github.com/bojanz/currency"
	"golang.org/x/sync/errgroup"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// account is what the planning knows of a customer.
type account struct {
	customer splynx.Customer
	asked    bool // the run is about this customer
	out      Out  // why nothing of this customer is charged
	card     payment.CardUsed
	currency string
	flights  []*payment.Payment // in flight
	declines []*payment.Payment // lately, where failed charges are made again
	tried    bool               // the retry plan has planned a charge of the card
	unpaid   []splynx.Invoice   // until the credit is shared out
	holders  map[int64]bool     // documents that credit is for, of the runs whose failed charges are made again
	pending  bool               // somebody else is charging something of it
	deposit  splynx.Decimal
	credit   map[int64]currency.Amount // by invoice: what there is for it; those covered are in covered
	covered  map[int64]bool
}

// accountsKept is how many customers the planning remembers: invoices of one customer are mostly
// near one another, and all of them would not fit.
const accountsKept = 2000

// accounts reads the customers of a page who are not known already.
func (p *planner) accounts(ctx context.Context, ids []int64) error {
	if len(p.known)+len(ids) > accountsKept {
		clear(p.known)
	}
	var fresh []int64
	for _, id := range set(ids) {
		if p.known[id] == nil {
			fresh = append(fresh, id)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	customers, err := p.books.CustomersByID(ctx, fresh)
	if err != nil {
		return err
	}
	return p.meet(ctx, fresh, customers)
}

// meet reads what there is of customers.
func (p *planner) meet(ctx context.Context, ids []int64, customers map[int64]splynx.Customer) error {
	var all []*account
	for _, id := range ids {
		c, ok := customers[id]
		a := &account{customer: c, asked: ok && p.about(c), currency: p.g.Partner(c.PartnerID).Currency}
		if !ok { // the document is there, its customer is not
			a = &account{customer: splynx.Customer{ID: id}, asked: p.run.Partners == nil && len(p.run.Filter.Partners) == 0, out: OutDisabled, currency: p.g.Default.Currency}
		}
		p.known[id] = a
		if a.asked && ok {
			all = append(all, a)
		}
	}
	if p.run.Sort == Balances { // few owe anything: the rest is read of those
		if err := p.readBilling(ctx, all); err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(a *account) bool { return !a.asked || !p.owes(a) })
	}
	if err := p.readCards(ctx, all); err != nil {
		return err
	}
	if p.run.Sort == Invoices {
		if err := p.readBilling(ctx, all); err != nil {
			return err
		}
	}
	chargeable := slices.DeleteFunc(slices.Clone(all), func(a *account) bool { return !a.asked || a.out != "" })
	if err := p.readUnpaid(ctx, chargeable); err != nil {
		return err
	}
	for _, a := range chargeable {
		var err error
		if a.flights, err = p.pay.Find(ctx, payment.Filter{States: payment.InFlight(), Customer: a.customer.ID, Limit: payment.MostInFlight}); err != nil {
			return err
		}
		if err := p.readDeclines(ctx, a); err != nil {
			return err
		}
		if p.run.Of != "" {
			if a.holders, err = p.creditHolders(ctx, p.run, a.customer.ID); err != nil {
				return err
			}
		}
		a.pending = anyPending(a.unpaid)
		if err := p.share(a); err != nil {
			a.out = OutUnreadable
		}
		a.unpaid = nil
	}
	return nil
}

// about tells whether the run is about a customer. Whom the starter may not see is not even
// named.
func (p *planner) about(c splynx.Customer) bool {
	f := p.run.Filter
	within := func(list []int64, id int64) bool { return len(list) == 0 || slices.Contains(list, id) }
	return (p.run.Partners == nil || slices.Contains(p.run.Partners, c.PartnerID)) && within(f.Partners, c.PartnerID) && within(f.Customers, c.ID) &&
		(f.Location == 0 || f.Location == c.LocationID) && (len(f.CustomerStatuses) == 0 || slices.Contains(f.CustomerStatuses, c.Status))
}

// readCards finds who has no card that can be charged, or cannot be charged anyhow.
func (p *planner) readCards(ctx context.Context, all []*account) error {
	var open []splynx.Customer
	for _, a := range all {
		if a.out == "" {
			a.out = customerOut(a.customer)
		}
		if a.out == "" {
			a.out = p.kept.out(p.run, a.customer.ID, a.customer.PartnerID)
		}
		if a.out == "" {
			a.out = p.partnerOut(a.customer.PartnerID)
		}
		if a.out == "" {
			open = append(open, a.customer)
		}
	}
	if len(open) == 0 {
		return nil
	}
	cards, err := p.pay.Cards(ctx, open)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.out == "" {
			card := cards[a.customer.ID]
			a.card, a.out = card.Used(), cardOut(card)
		}
	}
	return nil
}

// customerOut tells why nothing is charged to a customer, whatever the card.
func customerOut(c splynx.Customer) Out {
	switch {
	case c.Deleted, c.Status == "disabled":
		return OutDisabled
	case c.ParentID != 0:
		return OutSubAccount
	}
	return ""
}

func (p *planner) partnerOut(partner int64) Out {
	if p.g.Partner(partner).PxPost == nil {
		return OutNoCredentials
	}
	return ""
}

// cardOut tells why a card is not charged.
func cardOut(c payment.Card) Out {
	switch {
	case c.Key == "":
		return OutNoCard
	case c.Usable() && c.Refused:
		return OutHardDecline
	case c.Usable() && c.TriedEnough:
		return OutTriedEnough
	case c.Usable():
		return ""
	case c.Standing == payment.CardExpired:
		return OutCardExpired
	case c.Standing == payment.CardDead:
		return OutCardDead
	case c.Standing == payment.CardElsewhere:
		return OutCardElsewhere
	}
	return OutCardUnreadable
}

// readBilling reads deposits and payment methods, one call for a customer: only of those it
// matters of.
func (p *planner) readBilling(ctx context.Context, all []*account) error {
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(p.o.Readers)
	for _, a := range all {
		method := p.run.Filter.PaymentMethod
		if method == 0 && a.out != "" {
			continue
		}
		reads.Go(func() error {
			b, err := p.books.Billing(ctx, a.customer.ID)
			if isNotFound(err) {
				a.out = OutUnreadable
				return nil
			}
			if err != nil {
				return err
			}
			a.deposit = b.Deposit
			a.asked = method == 0 || method == b.PaymentMethod
			return nil
		})
	}
	return reads.Wait()
}

func (p *planner) readUnpaid(ctx context.Context, all []*account) error {
	if len(all) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(all))
	for _, a := range all {
		ids = append(ids, a.customer.ID)
	}
	unpaid, err := p.books.UnpaidInvoicesOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, a := range all {
		a.unpaid = unpaid[a.customer.ID]
	}
	return nil
}

// share gives the customer's credit to the invoices that would be charged. An error says that
// something of the account cannot be read.
func (p *planner) share(a *account) (err error) {
	a.credit, a.covered = make(map[int64]currency.Amount), make(map[int64]bool)
	if p.run.Sort != Invoices {
		return nil
	}
	left, err := creditOf(a.deposit, a.unpaid, a.currency)
	if err != nil {
		return err
	}
	claiming := slices.DeleteFunc(a.unpaid, func(i splynx.Invoice) bool {
		due, err := payment.Due(&i, a.currency)
		return err != nil || !a.holders[i.ID] && (!p.selects(i, due) || p.invoiceOut(a, i, due) != "")
	})
	a.credit, a.covered, err = spread(left, claiming, a.currency)
	return err
}
