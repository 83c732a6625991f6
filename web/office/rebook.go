package office

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// rebookView is the page that asks where, or shows it once more.
type rebookView struct {
	*payment.Payment
	Name    string // the customer's
	Form    string
	To      string // what was chosen: balance, invoice or proforma
	Typed   string // the document's number
	Reason  string
	Wrong   map[string]string
	Confirm bool
	Onto    *bill // the document; nil: the balance
}

// rebookable tells whether it may be asked to book a payment elsewhere.
func rebookable(p *payment.Payment) bool {
	return p.State == payment.Parked && p.ParkedFrom != payment.Recorded && p.Booking.Post == payment.PostNone && p.HasMoney() &&
		p.Kind != payment.KindRefund && p.Kind != payment.KindCardCheck
}

// askRebook asks where the money is to be booked.
func (d *desk) askRebook() error {
	p, err := d.rebooked()
	if err != nil {
		return err
	}
	return d.showRebook(&rebookView{Payment: p, To: "balance"}, page{})
}

func (d *desk) rebooked() (*payment.Payment, error) {
	p, err := d.payment()
	if err == nil && !rebookable(p) {
		err = problem{status: http.StatusConflict, key: "cannot_settle", detail: "As it stands, it cannot be booked elsewhere.", link: link{"The payment", paymentPath(p.ID)}}
	}
	return p, err
}

func (d *desk) showRebook(v *rebookView, shown page) (err error) {
	v.Name = d.named(v.Customer)[v.Customer].Name
	f := form{Act: actRebook, Payment: v.ID, Moved: v.MovedAt, Final: v.Confirm, Reason: v.Reason, Customer: v.Customer}
	if v.Onto != nil {
		f.Kind, f.Document = v.Onto.Kind, v.Onto.ID
	}
	if v.Form, err = d.seal(f); err != nil {
		return err
	}
	shown.Title, shown.Template, shown.Data = "Book it elsewhere", "rebook", v
	d.show(shown)
	return nil
}

// rebook takes either form.
func (d *desk) rebook() error {
	f, err := d.form(actRebook)
	if err != nil {
		return err
	}
	p, err := d.rebooked()
	if err != nil {
		return err
	}
	if f.Payment != p.ID {
		return errBadForm
	}
	if err := f.current(p); err != nil {
		return err
	}
	if f.Final {
		return d.bookOn(p, f)
	}
	v := &rebookView{Payment: p, To: d.r.PostForm.Get("to"), Typed: trimmed(d.r.PostForm.Get("number")), Reason: d.typedReason(), Wrong: map[string]string{}}
	if v.To != "balance" {
		if v.Onto, err = d.onto(p, payment.Kind(v.To), v.Typed); err != nil {
			return err
		}
		if v.Onto == nil {
			v.Wrong["number"] = "This customer has no document of that number, or several."
		}
	}
	if !isReason(v.Reason) {
		v.Wrong["reason"] = reasonWrong
	}
	if len(v.Wrong) > 0 {
		return d.showRebook(v, page{Status: http.StatusUnprocessableEntity, Errors: errorsOf(v.Wrong)})
	}
	v.Confirm = true
	return d.showRebook(v, page{})
}

// onto finds the one document of the payment's customer with a number; nil: there is not one.
func (d *desk) onto(p *payment.Payment, kind payment.Kind, number string) (*bill, error) {
	if !isDocument(kind) {
		return nil, errBadForm
	}
	if number == "" || len(number) > numberLimit {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	all, err := d.byNumber(ctx, kind, number)
	if err != nil {
		return nil, err
	}
	var own []document
	for _, x := range all {
		if x.Customer == p.Customer && !x.deleted {
			own = append(own, x)
		}
	}
	if len(own) != 1 {
		return nil, nil
	}
	b, err := d.bill(ctx, own[0])
	if errors.Is(err, errNoDocument) {
		return nil, nil
	}
	return b, err
}

// bookOn has the engine book it where the page has shown.
func (d *desk) bookOn(p *payment.Payment, f form) error {
	where := payment.Rebook{Kind: payment.KindTopUp}
	if f.Document != 0 {
		where = payment.Rebook{Kind: f.Kind, DocumentID: f.Document}
	}
	q, err := d.e.Rebook(d.r.Context(), p.ID, where, f.Reason, d.who())
	switch {
	case errors.Is(err, payment.ErrNotParked), errors.Is(err, payment.ErrSettlement), errors.Is(err, payment.ErrRebook):
		return problem{status: http.StatusConflict, key: "cannot_settle", detail: sentence(err), link: link{"The payment", paymentPath(p.ID)}}
	case err != nil:
		return err
	}
	d.did("had a payment booked elsewhere", zap.String("payment", string(q.ID)), zap.String("kind", string(where.Kind)), zap.Int64("document", where.DocumentID))
	return d.to("payments/" + string(q.ID))
}
