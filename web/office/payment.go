package office

import (
	"errors"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// paymentView is what the page of one payment shows.
type paymentView struct {
	*payment.Payment
	Standing  standing
	Name      string // the customer's; empty: not to be seen, or not told
	Began     string
	Card      string
	Asked     []fact
	Answered  []fact
	InSplynx  []fact
	Events    []eventView
	Refunds   []*payment.Payment
	Left      *currency.Amount // what may still be given back; nil: nothing
	Back      *currency.Amount // what was given back, or is on its way, or perhaps; nil: nothing
	ToType    []fact           // what is to be typed into Splynx
	Actions   []action
	Ask       string // the sealed form that has it asked about again; empty: it cannot be
	InRun     bool   // of a charge run whose page there is
	PayAgain  string // where its document can be paid, below web.AdminPath
	Advice    string // whether and when to try it again
	Dead      bool   // its card will never do
	Waiting   bool   // a result came back that Windcave was not asked about yet
	NextCheck time.Time
}

// eventView is one move, in words.
type eventView struct {
	payment.Event
	Why string
}

// payment reads the payment of the address, if the administrator may see it.
func (d *desk) payment() (*payment.Payment, error) {
	id, err := payment.ParseID(d.r.PathValue("id"))
	if err != nil {
		return nil, errNoPayment
	}
	p, err := d.e.Get(d.r.Context(), id)
	switch {
	case errors.Is(err, payment.ErrNotFound):
		return nil, errNoPayment
	case err != nil:
		return nil, err
	case !sees(d.staff, p.Partner):
		return nil, errNoPayment
	}
	return p, nil
}

// paymentPage shows all that is known of one payment.
func (d *desk) paymentPage() error {
	p, err := d.payment()
	if err != nil {
		return err
	}
	v, err := d.view(p)
	if err != nil {
		return err
	}
	waits := p.State == payment.Created || p.State == payment.Submitted || p.State == payment.Unknown || p.State == payment.Approved
	if waits {
		d.e.Nudge(d.r.Context(), p.ID)
	}
	d.show(page{Title: purpose(p), Template: "payment", Data: v, Refresh: waits || v.Waiting})
	return nil
}

func (d *desk) view(p *payment.Payment) (*paymentView, error) {
	v := &paymentView{
		Payment: p, Standing: standingOf(p), Began: meaning.Origin(p.Origin),
		Asked: d.asked(p), Answered: d.answered(p), Actions: d.actions(p), InRun: p.Run != "" && d.chargesMany(),
	}
	if p.Kind != payment.KindRefund && p.Kind != payment.KindCardCheck || p.Booking.PaymentID != 0 {
		v.InSplynx = inSplynx(p)
	}
	if p.Card.Key != "" {
		v.Card = cardName(p.Card.Brand, p.Card.Ends)
	}
	if p.Customer != 0 {
		v.Name = d.named(p.Customer)[p.Customer].Name
	}
	if err := d.story(v); err != nil {
		return nil, err
	}
	if p.InFlight() || p.State == payment.Created || p.State == payment.Offered {
		v.NextCheck = p.NextAt
	}
	if p.State == payment.Declined && p.Way == payment.WaySavedCard {
		a := againOf(p.Class, p.Code)
		v.Advice, v.Dead = a.advice(), a.Word == againNever.Word
	}
	err := v.givenBack()
	if err != nil {
		return nil, err
	}
	if v.Waiting, err = d.e.Waiting(d.r.Context(), p); err != nil {
		return nil, err
	}
	if p.Reason == payment.ReasonTellSplynx {
		if v.ToType, err = d.toType(p); err != nil {
			return nil, err
		}
	}
	if asks(p) {
		if v.Ask, err = d.seal(form{Act: actAsk, Payment: p.ID}); err != nil {
			return nil, err
		}
	}
	if isDocument(p.Kind) && !p.HasMoney() && !p.InFlight() && p.DocumentID != 0 && d.may(Charge) {
		v.PayAgain = payPath(p.Kind, p.DocumentID)
	}
	return v, nil
}

// givenBack tells what of it was given back, and what still may be.
func (v *paymentView) givenBack() error {
	if !v.HasMoney() || v.Kind == payment.KindRefund {
		return nil
	}
	left, err := v.Payment.Left()
	if err != nil {
		return err
	}
	back, err := v.Amount.Sub(left)
	if err != nil {
		return err
	}
	if left.IsPositive() {
		v.Left = &left
	}
	if back.IsPositive() {
		v.Back = &back
	}
	return nil
}

// story reads its moves and its refunds.
func (d *desk) story(v *paymentView) error {
	events, err := d.e.Events(d.r.Context(), v.ID)
	if err != nil {
		return err
	}
	for _, e := range events {
		v.Events = append(v.Events, eventView{e, meaning.Reason(e.Why)})
	}
	if len(events) > 0 && strings.HasPrefix(events[0].Who, "administrator ") {
		v.Began = events[0].Who
	}
	for _, b := range v.GivenBack {
		r, err := d.e.Get(d.r.Context(), b.ID)
		if err != nil {
			return err
		}
		v.Refunds = append(v.Refunds, r)
	}
	return nil
}

// askAgain makes the engine look at once. It changes nothing but when it looks.
func (d *desk) askAgain() error {
	f, err := d.form(actAsk)
	if err != nil {
		return err
	}
	p, err := d.payment()
	if err != nil {
		return err
	}
	if f.Payment != p.ID {
		return errBadForm
	}
	d.e.Nudge(d.r.Context(), p.ID)
	d.notes(payment.Act{What: payment.DeedAsk, Partner: p.Partner, Customer: p.Customer, Payment: p.ID})
	d.did("had a payment asked about", zap.String("payment", string(p.ID)))
	return d.to("payments/" + string(p.ID))
}

// paymentPath is the address of a payment's page.
func paymentPath(id payment.ID) string { return web.AdminPath + "payments/" + string(id) }
