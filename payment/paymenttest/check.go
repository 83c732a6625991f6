// Package paymenttest has what tests of payments end with: a checker of the three promises,
// which reads what the gateway did, what Splynx holds, and what the journal says; and a world
// of engine and simulators to run payments in.
package paymenttest

import (
	"fmt"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// Histories are the three sides of what happened.
type Histories struct {
	Charges  []windcavetest.Charge
	Payments []splynxtest.Payment
	Journal  []*payment.Payment

	// Second allows more than one charge under a TxnId: the gateway was told to make them.
	Second bool
	// AtRest demands that nothing is left to do: every charge recorded, or before a person.
	AtRest bool
}

// Violation is a promise that was broken.
type Violation struct {
	Promise int // 1, 2 or 3, as package payment numbers them
	What    string
}

func (v Violation) String() string { return fmt.Sprintf("promise %d broken: %s", v.Promise, v.What) }

// Check returns every broken promise.
func Check(h Histories) []Violation {
	c := &checker{Histories: h, rows: map[payment.ID]*payment.Payment{}, charges: map[string]windcavetest.Charge{}, booked: map[payment.ID][]splynxtest.Payment{}}
	for _, p := range h.Journal {
		c.rows[p.ID] = p
	}
	for _, b := range h.Payments {
		if id, err := payment.ParseID(b.Receipt); err == nil && !b.Deleted {
			c.booked[id] = append(c.booked[id], b)
		}
	}
	c.onceCharged()
	c.onceRecorded()
	c.onlyApproved()
	return c.found
}

type checker struct {
	Histories
	rows    map[payment.ID]*payment.Payment
	charges map[string]windcavetest.Charge
	booked  map[payment.ID][]splynxtest.Payment
	found   []Violation
}

func (c *checker) broken(promise int, format string, args ...any) {
	c.found = append(c.found, Violation{promise, fmt.Sprintf(format, args...)})
}

// onceCharged: one intent charges a card at most once, and no charge is without intent.
func (c *checker) onceCharged() {
	times := map[string]int{}
	for _, ch := range c.Charges {
		c.charges[ch.DpsTxnRef] = ch
		if times[ch.TxnID]++; times[ch.TxnID] == 2 && !c.Second {
			c.broken(1, "TxnId %s was charged more than once", ch.TxnID)
		}
		if c.rows[payment.ID(ch.TxnID)] == nil {
			c.broken(1, "charge %s under TxnId %s has no intent in the journal", ch.DpsTxnRef, ch.TxnID)
		}
	}
}

// onceRecorded: every charge has one row, and that row one payment in Splynx.
func (c *checker) onceRecorded() {
	of := map[string][]*payment.Payment{}
	for _, p := range c.Journal {
		if p.HasMoney() {
			of[p.DpsTxnRef] = append(of[p.DpsTxnRef], p)
		}
	}
	for ref, ch := range c.charges {
		switch rows := of[ref]; {
		case len(rows) > 1:
			c.broken(2, "charge %s has %d rows in the journal", ref, len(rows))
		case len(rows) == 1:
			c.row(ch, rows[0])
		case c.AtRest && !c.parked(ch.TxnID):
			c.broken(2, "charge %s under TxnId %s is not known to the journal", ref, ch.TxnID)
		}
	}
}

// parked tells whether a person was asked to look at a TxnId.
func (c *checker) parked(txnID string) bool {
	for _, p := range c.Journal {
		if string(p.TxnID) == txnID && p.State == payment.Parked {
			return true
		}
	}
	return false
}

func (c *checker) row(ch windcavetest.Charge, p *payment.Payment) {
	booked := c.booked[p.ID]
	if len(booked) > 1 && p.State != payment.Parked {
		c.broken(2, "payment %s stands %d times in Splynx, and nobody is told", p.ID, len(booked))
	}
	switch p.State {
	case payment.Recorded:
		if len(booked) == 0 && p.Booking.To != payment.ByHand {
			c.broken(2, "payment %s is called recorded, but Splynx has none", p.ID)
		}
	case payment.Refunded, payment.Settled:
		if len(booked) > 0 {
			c.broken(2, "payment %s was given back, and stands in Splynx", p.ID)
		}
	case payment.Parked, payment.Approved:
		if c.AtRest && p.State == payment.Approved {
			c.broken(2, "payment %s is approved and still not recorded", p.ID)
		}
	default:
		c.broken(2, "payment %s was charged (%s) and is %s", p.ID, ch.DpsTxnRef, p.State)
	}
}

// onlyApproved: what stands in Splynx with our number was approved, for that amount, currency
// and reference.
func (c *checker) onlyApproved() {
	for id, list := range c.booked {
		p := c.rows[id]
		if p == nil {
			c.broken(3, "Splynx has payment %d with number %s, which the journal does not know", list[0].ID, id)
			continue
		}
		ch, ok := c.charges[p.DpsTxnRef]
		if !ok {
			c.broken(3, "Splynx has payment %d for %s, which the gateway never approved", list[0].ID, id)
			continue
		}
		for _, b := range list {
			got, err := money.Exact(b.Amount, ch.Currency)
			want, wantErr := money.Exact(ch.Amount, ch.Currency)
			if err != nil || wantErr != nil || !got.Equal(want) || !p.Amount.Equal(want) {
				c.broken(3, "payment %s: Splynx has %s, the gateway approved %s %s, asked was %s", id, b.Amount, ch.Amount, ch.Currency, p.Amount)
			}
			if b.CustomerID != p.Customer {
				c.broken(3, "payment %s is of customer %d and stands at customer %d", id, p.Customer, b.CustomerID)
			}
			if ch.TxnID != string(p.TxnID) || ch.Reference != p.Reference {
				c.broken(3, "payment %s carries charge %s, which is of TxnId %s, reference %q", id, ch.DpsTxnRef, ch.TxnID, ch.Reference)
			}
		}
	}
}
