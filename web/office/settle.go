package office

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// settleButtons are what a person says of a payment that waits.
var settleButtons = map[payment.Settlement]string{
	payment.SettleAgain: "Try again…", payment.SettleRecorded: "It stands in Splynx…",
	payment.SettleRefunded: "It was given back…", payment.SettleNotPaid: "No money moved…",
}

// settles tells why a parked payment cannot be ended so; empty: it can. The engine has the last
// word.
func settles(p *payment.Payment, how payment.Settlement) string {
	money := p.HasMoney() || p.Claimed != "" || p.Kind == payment.KindRefund
	switch {
	case p.State != payment.Parked:
		return "It does not wait for a person any more."
	case how == payment.SettleRecorded && p.Kind == payment.KindCardCheck:
		return "A card check is never booked."
	case how == payment.SettleNotPaid && p.HasMoney():
		return "Windcave has approved it."
	case (how == payment.SettleRecorded || how == payment.SettleRefunded) && !money:
		return "Windcave knows of no money for it."
	case how == payment.SettleRefunded && p.Reason == payment.ReasonTellSplynx:
		return "It has to be typed into Splynx first."
	case how == payment.SettleAgain && p.Reason == payment.ReasonTellSplynx:
		return "The money went back; there is nothing to try."
	case how == payment.SettleAgain && p.ParkedFrom == "" && !p.HasMoney():
		return "It began with a person, and there is nowhere to go back to."
	}
	return ""
}

// settleView is the page on which a person ends a payment that waits.
type settleView struct {
	*payment.Payment
	Name       string // the customer's
	Standing   standing
	Means      string
	Does       string
	Form       string
	Wrong      string // with the reason that was typed
	Typed      string
	Settlement payment.Settlement
	ToType     []fact
}

// settlement reads what the address asks for.
func (d *desk) settlement() (*payment.Payment, meaning.Settlement, error) {
	p, err := d.payment()
	if err != nil {
		return nil, meaning.Settlement{}, err
	}
	for _, s := range meaning.Settlements {
		if string(s.How) == d.r.PathValue("how") {
			return p, s, nil
		}
	}
	return nil, meaning.Settlement{}, errNoPage
}

// askSettle asks for the reason.
func (d *desk) askSettle() error {
	p, s, err := d.settlement()
	if err != nil {
		return err
	}
	return d.showSettle(p, s, page{}, "", "")
}

func (d *desk) showSettle(p *payment.Payment, s meaning.Settlement, shown page, typed, wrong string) error {
	if why := settles(p, s.How); why != "" {
		return problem{status: http.StatusConflict, key: "cannot_settle", detail: why, link: link{"The payment", paymentPath(p.ID)}}
	}
	sealed, err := d.seal(form{Act: actSettle, Payment: p.ID, Moved: p.MovedAt, How: s.How})
	if err != nil {
		return err
	}
	v := settleView{Payment: p, Name: d.named(p.Customer)[p.Customer].Name, Standing: standingOf(p), Means: s.Means, Does: s.Does, Form: sealed, Typed: typed, Wrong: wrong, Settlement: s.How}
	if p.Reason == payment.ReasonTellSplynx {
		if v.ToType, err = d.toType(p); err != nil {
			return err
		}
	}
	shown.Title, shown.Template, shown.Data = settleTitles[s.How], "settle", v
	d.show(shown)
	return nil
}

var settleTitles = map[payment.Settlement]string{
	payment.SettleAgain: "Try it again", payment.SettleRecorded: "It stands in Splynx",
	payment.SettleRefunded: "It was given back", payment.SettleNotPaid: "No money moved",
}

// settle ends a payment as a person says.
func (d *desk) settle() error {
	f, err := d.form(actSettle)
	if err != nil {
		return err
	}
	p, s, err := d.settlement()
	if err != nil {
		return err
	}
	if f.Payment != p.ID || f.How != s.How {
		return errBadForm
	}
	if err := f.current(p); err != nil {
		return err
	}
	reason := d.typedReason()
	if !isReason(reason) {
		return d.showSettle(p, s, page{Status: http.StatusUnprocessableEntity, Errors: []link{{reasonWrong, "#reason"}}}, reason, reasonWrong)
	}
	q, err := d.e.Settle(d.r.Context(), p.ID, s.How, reason, d.who())
	switch {
	case errors.Is(err, payment.ErrNotParked), errors.Is(err, payment.ErrSettlement):
		return problem{status: http.StatusConflict, key: "cannot_settle", detail: sentence(err), link: link{"The payment", paymentPath(p.ID)}}
	case err != nil:
		return err
	}
	d.did("settled a payment", zap.String("payment", string(q.ID)), zap.String("how", string(s.How)), zap.String("state", string(q.State)))
	return d.to("payments/" + string(q.ID))
}

const (
	reasonLimit = 500 // characters
	reasonWrong = "Say why, in at most 500 characters: it stays in the payment’s history."
)
