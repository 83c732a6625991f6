package office

import (
	"context"
	"errors"
	"strconv"

	"github.com/bojanz/currency"
	"golang.org/x/sync/errgroup"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// customerView is what a customer's page shows.
type customerView struct {
	Holder *splynx.Customer
	Owes   *currency.Amount // nil: nothing
	Has    *currency.Amount // nil: no credit
	Card   *payment.Card    // nil: none
	Words  string           // the card, or why there is none
	Unpaid []document
	Recent []*payment.Payment
	Pays   bool // the administrator may charge
	Links  bool // and make payment links
	Runs   bool // there are charge runs
	Kept   standingInRuns

	Balance     string // where the form of an amount goes; empty: there is none
	Typed       string
	Wrong       string
	Least, Most currency.Amount
}

// recentMost is how many payments a customer's page shows.
const recentMost = 10

// customerPage shows what a customer owes, with ways to charge the card.
func (d *desk) customerPage() error {
	id, err := d.id()
	if err != nil {
		return errNoCustomer
	}
	return d.showCustomer(id, page{}, "", "")
}

func (d *desk) showCustomer(id int64, p page, typed, wrong string) error {
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	c, err := d.customer(ctx, id)
	if err != nil {
		return err
	}
	v := customerView{Holder: c, Pays: d.may(Charge), Links: d.may(Charge) && d.makesLinks(), Runs: d.chargesMany(), Typed: typed, Wrong: wrong}
	if err := d.e.Serves(ctx, d.Generation, c.PartnerID); err != nil {
		return err
	}
	if err := d.accounts(ctx, &v); err != nil {
		return err
	}
	if v.Recent, err = d.recent(c); err != nil {
		return err
	}
	if v.Runs {
		if v.Kept, err = d.inRuns(c); err != nil {
			return err
		}
	}
	if d.AddMoney && v.Pays && c.ParentID == 0 && (v.Chargeable() || wrong != "") {
		v.Balance = balancePath(c.ID)
		if v.Least, v.Most, err = d.TopUp(c.PartnerID).Bounds(d.Generation.Partner(c.PartnerID).Currency); err != nil {
			return err
		}
		if v.Typed == "" && v.Owes != nil {
			v.Typed = v.Owes.Number()
		}
	}
	p.Title, p.Template, p.Data = c.Name, "customer", v
	if c.Name == "" {
		p.Title = "Customer " + strconv.FormatInt(c.ID, 10)
	}
	d.show(p)
	return nil
}

// Chargeable tells whether there is a card that can be charged, as far as is known.
func (v customerView) Chargeable() bool { return v.Card != nil && v.Card.Usable() }

// accounts reads the balance, the card and what is unpaid.
func (d *desk) accounts(ctx context.Context, v *customerView) error {
	var invoices []splynx.Invoice
	var proformas []splynx.Proforma
	var billing *splynx.Billing
	var card payment.Card
	api, code := d.Generation.Splynx, d.Generation.Partner(v.Holder.PartnerID).Currency
	var reads errgroup.Group
	reads.Go(func() (err error) { billing, err = api.Billing(ctx, v.Holder.ID); return err })
	reads.Go(func() (err error) { invoices, err = api.UnpaidInvoices(ctx, v.Holder.ID); return err })
	reads.Go(func() (err error) { proformas, err = api.UnpaidProformas(ctx, v.Holder.ID); return err })
	v.Words = "No card is saved."
	reads.Go(func() (err error) {
		if card, err = d.e.Card(ctx, v.Holder.PartnerID, v.Holder.ID); errors.Is(err, payment.ErrNoCardAccount) {
			v.Words, err = noCardAccount, nil
		}
		return err
	})
	if err := reads.Wait(); err != nil {
		return err
	}
	if card.Key != "" {
		v.Card, v.Words = &card, cardName(card.Brand, card.Ends)
	}
	if err := v.owes(billing, code); err != nil {
		return err
	}
	all, _ := each(ofInvoice)(invoices, nil)
	more, _ := each(ofProforma)(proformas, nil)
	for _, x := range append(all, more...) {
		due, err := x.due(code)
		if err != nil {
			return err
		}
		if x.Due = &due; due.IsPositive() {
			v.Unpaid = append(v.Unpaid, x)
		}
	}
	return nil
}

// owes reads the balance: what is owed, or what is in credit.
func (v *customerView) owes(billing *splynx.Billing, code string) error {
	deposit, err := billing.Deposit.Amount(code)
	if err != nil {
		return err
	}
	if deposit.IsNegative() {
		owes, err := deposit.Mul("-1")
		if err != nil {
			return err
		}
		v.Owes = &owes
	} else if deposit.IsPositive() {
		v.Has = &deposit
	}
	return nil
}

// recent are the newest payments of a customer that the administrator may see: of the partner
// that the customer was with then.
func (d *desk) recent(c *splynx.Customer) (list []*payment.Payment, err error) {
	all, err := d.e.Find(d.r.Context(), payment.Filter{Customer: c.ID, Limit: recentMost})
	for _, p := range all {
		if sees(d.staff, p.Partner) {
			list = append(list, p)
		}
	}
	return list, err
}
