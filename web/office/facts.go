package office

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// fact is one row of a list; one without a value is left out.
type fact struct{ Label, Value string }

// asked is what the gateway was asked for. No secret stands in a payment.
func (d *desk) asked(p *payment.Payment) []fact {
	user := p.PxPayUser
	if p.ByPxPost() {
		user = p.PxPostUser
	}
	return []fact{
		{"TxnType", p.TxnType},
		{"TxnId", string(p.TxnID)},
		{"Amount", p.Amount.Number() + " " + p.Amount.CurrencyCode()},
		{"MerchantReference", p.Reference},
		{"User", user},
		{"RecurringMode", p.Mode},
		{"Way", meaning.Way(p.Way)},
		{"Endpoint", p.Endpoint},
	}
}

// answered is what it has said.
func (d *desk) answered(p *payment.Payment) []fact {
	facts := []fact{
		{"DpsTxnRef", p.DpsTxnRef},
		{"Claimed", p.Claimed},
		{"ReCo", p.Code},
		{"Means", codeWords[p.Words]},
		{"To do", classWords[p.Class]},
		{"Surcharge", p.Surcharge},
		{"Approved", d.at(p.ApprovedAt)},
	}
	if p.Class == "approved" {
		facts[4].Value = ""
	}
	return facts
}

// inSplynx is where the money stands in Splynx.
func inSplynx(p *payment.Payment) []fact {
	b := p.Booking
	number := func(id int64) string {
		if id == 0 {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	record := strings.TrimSpace(number(b.RecordID) + " " + b.RecordStatus)
	said := meaning.Destination(b.To)
	switch {
	case said != "":
	case b.Post == payment.PostUnclear, b.Post == payment.PostSent:
		said = "a booking has perhaps arrived"
	case b.Post == payment.PostAnswered:
		said = "Splynx said that it booked"
	case p.HasMoney():
		said = "not booked"
	case !p.HasMoney():
		said = "nothing"
	}
	return []fact{{"Booked", said}, {"Payment", number(b.PaymentID)}, {"Statement", number(b.StatementID)}, {"Statement record", record}}
}

// method names a payment type of Splynx's, which its pages show by name, with the id.
func (d *desk) method(id int64) string {
	if d.methods == nil {
		ctx, cancel := context.WithTimeout(d.r.Context(), namesTimeout)
		defer cancel()
		d.methods = map[int64]string{}
		all, err := d.Generation.Splynx.PaymentMethods(ctx)
		if err != nil {
			all = nil // the id does
		}
		for _, m := range all {
			d.methods[m.ID] = m.Name
		}
	}
	if name := d.methods[id]; name != "" {
		return fmt.Sprintf("%s (%d)", name, id)
	}
	return strconv.FormatInt(id, 10)
}

// toType is what a person types into Splynx after a refund: a payment of the negative sum.
func (d *desk) toType(r *payment.Payment) ([]fact, error) {
	of, err := d.e.Get(d.r.Context(), r.Of)
	if err != nil {
		return nil, err
	}
	day := r.ApprovedAt
	if day.IsZero() {
		day = r.CreatedAt
	}
	facts := []fact{
		{"Customer", strconv.FormatInt(r.Customer, 10)},
		{"Amount", "-" + r.Amount.Number()},
		{"Payment type", d.method(d.Generation.Partner(r.Partner).PaymentMethod)},
		{"Date", day.In(d.zone).Format(time.DateOnly)},
		{"Receipt number", string(r.ID)},
		{"Comment", trimmed("Refund " + r.DpsTxnRef)},
	}
	if of.Booking.PaymentID != 0 {
		facts = append(facts, fact{"It gives back payment", strconv.FormatInt(of.Booking.PaymentID, 10)})
	}
	return facts, nil
}
