package office

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

const noCardAccount = "Splynx keeps no cards: it has no payment account for them, or several fit."

var errNoRoom = errors.New("nothing new of this partner may start now")

// bill is what a customer's card is to be charged for: a document, or an amount to the balance.
type bill struct {
	document
	Holder *splynx.Customer
	Amount currency.Amount
}

// bill reads what is due on a document, and whose it is.
func (d *desk) bill(ctx context.Context, x document) (*bill, error) {
	c, err := d.customer(ctx, x.Customer)
	if errors.Is(err, errNoCustomer) {
		return nil, errNoDocument
	}
	if err != nil {
		return nil, err
	}
	if err := d.e.Serves(ctx, d.Generation, c.PartnerID); err != nil {
		return nil, err
	}
	due, err := x.due(d.Generation.Partner(c.PartnerID).Currency)
	return &bill{x, c, due}, err
}

// document reads the bill of the document in the address.
func (d *desk) document() (*bill, error) {
	kind := payment.Kind(d.r.PathValue("kind"))
	id, err := d.id()
	if err != nil || !isDocument(kind) {
		return nil, errNoPage
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	x, err := d.byID(ctx, kind, id)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, errNoDocument
	}
	return d.bill(ctx, *x)
}

// askDocument shows a document with the button that charges it.
func (d *desk) askDocument() error {
	b, err := d.document()
	if err != nil {
		return err
	}
	return d.showBill(b, page{})
}

// payDocument charges it, if what the page has shown is still so.
func (d *desk) payDocument() error {
	f, err := d.form(actPay)
	if err != nil {
		return err
	}
	b, err := d.document()
	if err != nil {
		return err
	}
	return d.pay(b, f)
}

// pay charges the card that a form has shown.
func (d *desk) pay(b *bill, f form) error {
	if f.Kind != b.Kind || f.Document != b.ID || f.Customer != b.Holder.ID || f.Amount == nil || f.Card.Key == "" {
		return errBadForm
	}
	made, since, err := d.madeSince(f)
	switch {
	case err != nil:
		return err
	case made != nil: // this form again
		return d.to("payments/" + string(made.ID))
	case since != nil:
		return d.showBill(b, page{Status: http.StatusConflict, Notice: &notice{markWait, fmt.Sprintf("Nothing was charged. Since you opened this page, %s was begun for the same: payment %s. Charge once more only if that is meant.", web.Money(since.Amount), since.ID)}})
	case b.pending:
		return d.showBill(b, page{Status: http.StatusConflict})
	case b.Kind != payment.KindTopUp && !b.Amount.Equal(*f.Amount):
		return d.showBill(b, page{Status: http.StatusConflict, Notice: &notice{markWait, "Nothing was charged. The amount due has changed."}})
	}
	if err := d.Room(b.Holder.PartnerID); err != nil {
		return fmt.Errorf("%w: %w", errNoRoom, err)
	}
	p, err := d.e.Charge(d.r.Context(), payment.Start{
		Kind: b.Kind, Origin: payment.OriginAdministrator, Partner: b.Holder.PartnerID, Customer: b.Holder.ID,
		DocumentID: b.ID, DocumentNumber: b.Number, Amount: *f.Amount, Card: f.Card, FormKey: f.Key, Who: d.who(),
	})
	if err != nil {
		return err
	}
	d.did("charged a saved card", zap.String("payment", string(p.ID)), zap.String("state", string(p.State)), zap.Int64("customer", p.Customer))
	return d.to("payments/" + string(p.ID))
}

// madeSince finds the payment that a form has made, and the newest other one for the same since
// its page was shown that has money, or may have.
func (d *desk) madeSince(f form) (made, since *payment.Payment, err error) {
	all, err := d.e.Find(d.r.Context(), payment.Filter{Customer: f.Customer, Kind: f.Kind, Document: f.Document})
	if err != nil {
		return nil, nil, err
	}
	for _, p := range all {
		switch {
		case p.FormKey == f.Key:
			return p, nil, nil
		case since == nil && !p.CreatedAt.Before(f.Made.Truncate(time.Millisecond)) && (p.HasMoney() || p.InFlight()):
			since = p
		}
	}
	return nil, since, nil
}

// payView is what the page of a bill shows.
type payView struct {
	*bill
	What   string
	Card   *payment.Card
	Words  string // the card in words
	Form   string // empty: nothing can be charged
	Action string
	Why    string           // why not
	Open   *payment.Payment // the one that is under way
	Link   bool             // a payment link may be made instead
}

// showBill shows what would be charged, to which card, with the button; or why there is none.
func (d *desk) showBill(b *bill, p page) error {
	v := payView{bill: b, What: kindWords[b.Kind], Action: web.AdminPath + b.Path(), Link: isDocument(b.Kind) && d.makesLinks()}
	if b.Kind == payment.KindTopUp {
		v.What, v.Action = "To the balance", balancePath(b.Holder.ID)
	} else {
		v.What += " " + b.Number
	}
	if err := d.obstacle(&v); err != nil {
		return err
	}
	if v.Why == "" {
		f := form{Act: actPay, Kind: b.Kind, Document: b.ID, Customer: b.Holder.ID, Amount: &b.Amount, Card: v.Card.Used()}
		var err error
		if v.Form, err = d.seal(f); err != nil {
			return err
		}
	}
	p.Title, p.Template, p.Data = v.What, "pay", v
	d.show(p)
	return nil
}

// obstacle finds the card, and why it cannot be charged now, if so.
func (d *desk) obstacle(v *payView) error {
	if d.Generation.Partner(v.Holder.PartnerID).PxPost == nil {
		v.Why = "Saved cards cannot be charged: the PxPost user of this partner is not configured."
		return nil
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	card, err := d.e.Card(ctx, v.Holder.PartnerID, v.Holder.ID)
	if errors.Is(err, payment.ErrNoCardAccount) {
		v.Why = noCardAccount
		return nil
	}
	if err != nil {
		return err
	}
	if card.Key != "" {
		v.Card, v.Words = &card, cardName(card.Brand, card.Ends)
	}
	if v.Open, err = d.blocking(v.bill); err != nil {
		return err
	}
	trusted := d.e.Trusted(ctx)
	switch {
	case v.Kind != payment.KindTopUp && !v.Amount.IsPositive():
		v.Why = "It is paid. Nothing is due, and nothing can be charged."
	case v.Open != nil:
		v.Why = "A payment for it is under way, or waits for a person. It cannot be charged before that is over."
	case v.pending:
		v.Why = "It is pending in Splynx: somebody else is charging it."
	case errors.Is(trusted, payment.ErrHeld), errors.Is(trusted, payment.ErrJournalOld):
		v.Why = problemWords[problemOf(trusted).key].lead
	case trusted != nil:
		return trusted
	case v.Card == nil:
		v.Why = "No card is saved for this customer."
	case !card.Usable():
		v.Why = "The saved card " + cardWords[card.Standing] + "."
	}
	return nil
}

// blocking finds a payment under way that forbids another one for the same.
func (d *desk) blocking(b *bill) (*payment.Payment, error) {
	all, err := d.e.Find(d.r.Context(), payment.Filter{States: payment.InFlight(), Customer: b.Holder.ID, Limit: 1000})
	for _, p := range all {
		if p.Blocks(&payment.Payment{Kind: b.Kind, Customer: b.Holder.ID, DocumentID: b.ID}) {
			return p, err
		}
	}
	return nil, err
}
