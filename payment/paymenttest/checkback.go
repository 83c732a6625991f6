package paymenttest

import (
	"slices"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// lapse is after how long money that is only held is the holder's again.
const lapse = 7 * 24 * time.Hour

// givenBack: what was given back is of a refund in the journal, and never more than was paid;
// what the journal calls given back is.
func (c *checker) givenBack() {
	sums, once := map[string]currency.Amount{}, map[string]bool{}
	for _, r := range c.Refunds {
		row := c.rows[payment.ID(r.TxnID)]
		of, paid := c.charges[r.Original], c.rowOf(r.Original)
		switch {
		case row == nil && c.looksAt(r.Original):
			// A restored journal need not know the refund of a payment that a person looks at: the
			// gateway gives nothing back twice.
		case row == nil || row.Kind != payment.KindRefund:
			c.broken(1, "refund %s under TxnId %s has no intent in the journal", r.DpsTxnRef, r.TxnID)
			continue
		case once[r.TxnID]:
			c.broken(1, "TxnId %s was refunded more than once", r.TxnID)
		case paid == nil || row.Of != paid.ID:
			c.broken(3, "refund %s of charge %s is of another payment in the journal", row.ID, r.Original)
		}
		once[r.TxnID] = true
		amount, err := money.Exact(r.Amount, of.Currency)
		whole, wholeErr := money.Exact(of.Amount, of.Currency)
		if err != nil || wholeErr != nil {
			c.broken(3, "refund %s of %s %s: unreadable amounts", row.ID, r.Amount, r.Currency)
			continue
		}
		if sum, ok := sums[r.Original]; ok {
			amount, _ = sum.Add(amount)
		}
		sums[r.Original] = amount
		if d, err := whole.Sub(amount); err != nil || d.IsNegative() {
			c.broken(1, "charge %s of %s was given back more than whole: %s", r.Original, whole, amount)
		}
	}
	for _, ch := range c.Charges {
		if p := c.rowOf(ch.DpsTxnRef); p != nil {
			c.isBack(ch, p, sums[ch.DpsTxnRef])
		}
	}
}

// bookedBack: a refund that stands in Splynx was given back by the gateway, and is taken from the
// customer's balance once.
func (c *checker) bookedBack(p *payment.Payment, list []splynxtest.Payment) {
	given := slices.ContainsFunc(c.Refunds, func(r windcavetest.Refund) bool { return r.TxnID == string(p.TxnID) })
	if !given {
		c.broken(3, "Splynx has payment %d for refund %s, which the gateway never made", list[0].ID, p.ID)
	}
	if len(list) > 1 && p.State != payment.Parked {
		c.broken(2, "refund %s stands %d times in Splynx, and nobody is told", p.ID, len(list))
	}
	for _, b := range list {
		if b.CustomerID != p.Customer || b.Amount == "" || b.Amount[0] != '-' || !sameAmount(b.Amount[1:], p) {
			c.broken(3, "refund %s of %s stands at customer %d as %s", p.ID, p.Amount, b.CustomerID, b.Amount)
		}
	}
}

// isBack: what is called given back is, and what may not be kept comes back in the end.
func (c *checker) isBack(ch windcavetest.Charge, p *payment.Payment, sum currency.Amount) {
	back := !ch.Voided.IsZero() || sum.Equal(p.Amount) || ch.TxnType == "Auth" && p.Reason == payment.ReasonLapsed && p.MovedAt.Sub(ch.At) >= lapse
	switch p.State {
	case payment.Refunded, payment.Settled:
		if !back && p.Reason != payment.ReasonSettledRefunded {
			c.broken(2, "payment %s is called given back (%s), and charge %s is not", p.ID, p.Reason, ch.DpsTxnRef)
		}
	case payment.Recorded:
		if p.Kind == payment.KindCardCheck {
			c.broken(3, "card check %s was recorded", p.ID)
		}
	case payment.Parked:
	default:
		if p.Kind == payment.KindCardCheck && c.AtRest && !back {
			c.broken(2, "card check %s is %s, and its money is not back", p.ID, p.State)
		}
	}
	if (back || !sum.IsZero()) && len(c.booked[p.ID]) > 0 && p.State != payment.Parked && p.State != payment.Recorded {
		c.broken(2, "payment %s was given back, and stands in Splynx", p.ID)
	}
}

// rowOf is the payment that carries a charge.
func (c *checker) rowOf(dpsTxnRef string) *payment.Payment {
	for _, p := range c.Journal {
		if p.DpsTxnRef == dpsTxnRef && p.Kind != payment.KindRefund {
			return p
		}
	}
	return nil
}

// saves: at rest no card is on its way any more.
func (c *checker) saves() {
	for _, p := range c.Journal {
		if c.AtRest && p.Save.Stage == payment.SaveStoring {
			c.broken(0, "the card of payment %s is still being stored", p.ID)
		}
	}
}

// looksAt tells whether a person looks at the payment of a charge.
func (c *checker) looksAt(dpsTxnRef string) bool {
	for _, p := range c.Journal {
		if p.State == payment.Parked && (p.DpsTxnRef == dpsTxnRef || p.Claimed == dpsTxnRef) {
			return true
		}
	}
	return false
}
