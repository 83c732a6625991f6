package office

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// refundView is the page that asks how much is to be given back, or shows it once more.
type refundView struct {
	*payment.Payment
	Name   string // the customer's
	Left   currency.Amount
	Whole  bool // only the whole can be given back
	Form   string
	Typed  string
	Reason string
	Wrong  map[string]string // by field

	Amount  currency.Amount // to be confirmed
	Confirm bool
	Card    string
	ToType  bool // it stands in Splynx, where the refund then has to be typed
}

// refundOf reads the payment of the address, and what may be given back of it.
func (d *desk) refundOf() (*payment.Payment, *refundView, error) {
	p, err := d.payment()
	if err != nil {
		return nil, nil, err
	}
	if !refundable(p) {
		return nil, nil, d.notRefundable(p, "")
	}
	left, err := p.Left()
	v := &refundView{Payment: p, Name: d.named(p.Customer)[p.Customer].Name, Left: left, Whole: p.State == payment.Parked, Card: "the card that was charged", ToType: p.State == payment.Recorded && !d.Generation.Settings.RefundPayments}
	if p.Card.Key != "" {
		v.Card = cardName(p.Card.Brand, p.Card.Ends)
	}
	return p, v, err
}

// notRefundable says why nothing of a payment can be given back.
func (d *desk) notRefundable(p *payment.Payment, why string) error {
	if why == "" {
		why = "As it stands, nothing of it can be given back."
		if left, err := p.Left(); err == nil && p.HasMoney() && !left.IsPositive() {
			why = "All of it was given back, or is on its way."
		}
	}
	return problem{status: http.StatusConflict, key: "not_refundable", detail: why, link: link{"The payment", paymentPath(p.ID)}}
}

// askRefund asks how much, and why.
func (d *desk) askRefund() error {
	_, v, err := d.refundOf()
	if err != nil {
		return err
	}
	v.Typed = v.Left.Number()
	return d.showRefund(v, page{})
}

// showRefund shows either page with a form of its own.
func (d *desk) showRefund(v *refundView, shown page) (err error) {
	f := form{Act: actRefund, Payment: v.ID}
	if v.Confirm {
		f.Final, f.Amount, f.Reason = true, &v.Amount, v.Reason
	}
	if v.Form, err = d.seal(f); err != nil {
		return err
	}
	shown.Title, shown.Template, shown.Data = "Refund "+strings.ToLower(purpose(v.Payment)[:1])+purpose(v.Payment)[1:], "refund", v
	d.show(shown)
	return nil
}

// refund takes either form: the first one leads to the page that shows the amount once more; that
// one's gives it back.
func (d *desk) refund() error {
	f, err := d.form(actRefund)
	if err != nil {
		return err
	}
	if f.Final {
		return d.giveBack(f)
	}
	p, v, err := d.refundOf()
	if err != nil {
		return err
	}
	if f.Payment != p.ID {
		return errBadForm
	}
	v.Typed, v.Reason, v.Wrong = trimmed(d.r.PostForm.Get("amount")), d.typedReason(), map[string]string{}
	amount, bad := web.ParseAmount(v.Typed, p.Amount.CurrencyCode())
	switch {
	case bad != nil:
		v.Wrong["amount"] = "Type an amount in " + p.Amount.CurrencyCode() + ", such as " + v.Left.Number() + "."
	case below(v.Left, amount):
		v.Wrong["amount"] = "At most " + web.Money(v.Left) + " can be given back."
	case v.Whole && !amount.Equal(v.Left):
		v.Wrong["amount"] = "It is not booked, so only the whole of it can be given back: " + web.Money(v.Left) + "."
	}
	if !isReason(v.Reason) {
		v.Wrong["reason"] = reasonWrong
	}
	if len(v.Wrong) > 0 {
		return d.showRefund(v, page{Status: http.StatusUnprocessableEntity, Errors: errorsOf(v.Wrong)})
	}
	v.Amount, v.Confirm = amount, true
	return d.showRefund(v, page{})
}

// giveBack has the engine give back what was confirmed. The same form twice is one refund.
func (d *desk) giveBack(f form) error {
	p, err := d.payment()
	if err != nil {
		return err
	}
	if f.Payment != p.ID || f.Amount == nil {
		return errBadForm
	}
	r, err := d.e.Refund(d.r.Context(), payment.Refund{Of: p.ID, Amount: *f.Amount, FormKey: f.Key, Reason: f.Reason, Who: d.who()})
	switch {
	case errors.Is(err, payment.ErrTooMuch):
		left, err := p.Left()
		if err != nil {
			return err
		}
		return d.notRefundable(p, "Nothing was given back: at most "+web.Money(left)+" can be.")
	case errors.Is(err, payment.ErrNotRefundable):
		return d.notRefundable(p, sentence(err))
	case err != nil:
		return err
	}
	d.did("gave money back", zap.String("payment", string(p.ID)), zap.String("refund", string(r.ID)), zap.String("state", string(r.State)))
	return d.to("payments/" + string(r.ID))
}

// typedReason is a reason that was typed, on one line.
func (d *desk) typedReason() string {
	return strings.Join(strings.Fields(d.r.PostForm.Get("reason")), " ")
}

// isReason tells whether a text can stand in a history.
func isReason(text string) bool {
	return text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= reasonLimit && !strings.ContainsFunc(text, unicode.IsControl)
}

// sentence is what the engine says of its own refusal, behind its kind: text that is made for
// whoever asked.
func sentence(err error) string {
	text := err.Error()
	if _, rest, ok := strings.Cut(text, ": "); ok {
		text = rest
	}
	return sentenceOf(text)
}

func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
