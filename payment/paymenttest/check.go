// Package paymenttest has what tests of payments end with: a checker of the three promises,
// which reads what the gateway did, what Splynx holds, and what the journal says; and a world
// of engine and simulators to run payments in.
package paymenttest

import (
	"fmt"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// Histories are the three sides of what happened.
type Histories struct {
	Charges  []windcavetest.Charge
	Refunds  []windcavetest.Refund
	Payments []splynxtest.Payment
	Records  []splynxtest.Record
	Journal  []*payment.Payment
	Events   map[payment.ID][]payment.Event // nil: not looked at

	// Second allows more than one charge under a TxnId: the gateway was told to make them.
	Second bool
	// AtRest demands that nothing is left to do: every charge recorded, or before a person.
	AtRest bool
}

// Violation is a promise that was broken.
type Violation struct {
	Promise int // 1, 2 or 3, as package payment numbers them; 0: the journal contradicts itself
	What    string
}

func (v Violation) String() string { return fmt.Sprintf("promise %d broken: %s", v.Promise, v.What) }

// Check returns every broken promise.
func Check(h Histories) []Violation {
	c := &checker{
		Histories: h, rows: map[payment.ID]*payment.Payment{}, charges: map[string]windcavetest.Charge{},
		booked: map[payment.ID][]splynxtest.Payment{}, payments: map[int64]splynxtest.Payment{},
	}
	for _, p := range h.Journal {
		c.rows[p.ID] = p
	}
	for _, b := range h.Payments {
		if b.Deleted {
			continue
		}
		c.payments[b.ID] = b
		if id, err := payment.ParseID(b.Receipt); err == nil {
			c.booked[id] = append(c.booked[id], b)
		}
	}
	c.onceCharged()
	c.onceRecorded()
	c.onlyApproved()
	c.paired()
	c.givenBack()
	c.saves()
	c.journal()
	return c.found
}

type checker struct {
	Histories
	rows     map[payment.ID]*payment.Payment
	charges  map[string]windcavetest.Charge
	booked   map[payment.ID][]splynxtest.Payment // that carry the number of a payment of ours
	payments map[int64]splynxtest.Payment        // by Splynx's id
	found    []Violation
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
	of, shown := map[string][]*payment.Payment{}, map[string]int{}
	for _, p := range c.Journal {
		switch {
		case p.Kind == payment.KindRefund: // is no charge
			if p.State == payment.Settled && p.Booking.PaymentID != 0 && len(c.booked[p.ID]) != 1 {
				c.broken(2, "refund %s is called recorded, and stands %d times in Splynx", p.ID, len(c.booked[p.ID]))
			}
		case p.HasMoney():
			of[p.DpsTxnRef] = append(of[p.DpsTxnRef], p)
		case p.State == payment.Parked, p.Claimed != "" && p.Reason == payment.ReasonSettledNotPaid:
			shown[string(p.TxnID)]++ // a person looks at money that differs
		}
	}
	for _, ch := range c.Charges {
		switch rows := of[ch.DpsTxnRef]; {
		case len(rows) > 1:
			c.broken(2, "charge %s has %d rows in the journal", ch.DpsTxnRef, len(rows))
		case len(rows) == 1:
			c.row(ch, rows[0])
		case c.AtRest && shown[ch.TxnID] == 0:
			c.broken(2, "charge %s under TxnId %s is not known to the journal", ch.DpsTxnRef, ch.TxnID)
		default:
			shown[ch.TxnID]--
		}
	}
}

func (c *checker) row(ch windcavetest.Charge, p *payment.Payment) {
	booked := c.booked[p.ID]
	if ch.TxnID != string(p.TxnID) {
		c.broken(3, "payment %s carries charge %s, which is of TxnId %s", p.ID, ch.DpsTxnRef, ch.TxnID)
	}
	if len(booked) > 1 && p.State != payment.Parked {
		c.broken(2, "payment %s stands %d times in Splynx, and nobody is told", p.ID, len(booked))
	}
	switch p.State {
	case payment.Recorded:
		c.recorded(p, booked)
	case payment.Refunded, payment.Settled: // checked by givenBack
		if len(booked) > 0 {
			c.broken(2, "payment %s was given back, and stands in Splynx", p.ID)
		}
	case payment.Parked:
	case payment.Approved:
		if c.AtRest {
			c.broken(2, "payment %s is approved and still not recorded", p.ID)
		}
	default:
		c.broken(2, "payment %s was charged (%s) and is %s", p.ID, ch.DpsTxnRef, p.State)
	}
}

// recorded: what is called recorded is there: ours, or what staff booked for it.
func (c *checker) recorded(p *payment.Payment, booked []splynxtest.Payment) {
	if p.Booking.To != payment.ByHand {
		switch {
		case len(booked) == 0:
			c.broken(2, "payment %s is called recorded, but Splynx has none", p.ID)
		case len(booked) == 1 && booked[0].ID != p.Booking.PaymentID:
			c.broken(2, "payment %s is called recorded as payment %d, but is payment %d in Splynx", p.ID, p.Booking.PaymentID, booked[0].ID)
		}
		return
	}
	b, ok := c.payments[p.Booking.PaymentID]
	switch {
	case len(booked) == 0 && p.Reason == payment.ReasonSettledRecorded: // a person answers for it
	case len(booked) > 0:
		c.broken(2, "payment %s was recorded by hand, and stands in Splynx beside that", p.ID)
	case !ok:
		c.broken(2, "payment %s is called recorded by hand, but Splynx has no payment %d", p.ID, p.Booking.PaymentID)
	case b.CustomerID != p.Customer || !sameAmount(b.Amount, p):
		c.broken(3, "payment %s is called recorded by hand, but payment %d is of customer %d and %s", p.ID, b.ID, b.CustomerID, b.Amount)
	}
}

func sameAmount(number string, p *payment.Payment) bool {
	a, err := money.Exact(number, p.Amount.CurrencyCode())
	return err == nil && a.Equal(p.Amount)
}

// onlyApproved: what stands in Splynx with our number was approved, for that amount, currency
// and reference; and the journal claims no approval that the gateway never gave.
func (c *checker) onlyApproved() {
	for _, p := range c.Journal {
		if _, ok := c.charges[p.DpsTxnRef]; p.HasMoney() && !ok && p.Kind != payment.KindRefund {
			c.broken(3, "payment %s claims charge %s, which the gateway never made", p.ID, p.DpsTxnRef)
		}
	}
	for id, list := range c.booked {
		p := c.rows[id]
		if p != nil && p.Kind == payment.KindRefund {
			c.bookedBack(p, list)
			continue
		}
		if p == nil {
			p = c.beforePerson(list[0])
		}
		if p == nil {
			c.broken(3, "Splynx has payment %d with number %s, which the journal does not know", list[0].ID, id)
			continue
		}
		ref := p.DpsTxnRef
		if p.State == payment.Parked && ref == "" { // a person looks at a claim
			ref = p.Claimed
		}
		ch, ok := c.charges[ref]
		if !ok {
			c.broken(3, "Splynx has payment %d for %s, which the gateway never approved", list[0].ID, id)
			continue
		}
		for _, b := range list {
			c.asApproved(p, ch, b)
		}
	}
}

// beforePerson finds the payment of a charge that another journal has booked with the number of
// a second one, by the comment: the journal knows the charge by its page's number, and has
// parked it.
func (c *checker) beforePerson(b splynxtest.Payment) *payment.Payment {
	for _, p := range c.Journal {
		if p.State == payment.Parked && p.HasMoney() && strings.Contains(b.Comment, p.DpsTxnRef) {
			return p
		}
	}
	return nil
}

func (c *checker) asApproved(p *payment.Payment, ch windcavetest.Charge, b splynxtest.Payment) {
	got, err := money.Exact(b.Amount, ch.Currency)
	want, wantErr := money.Exact(ch.Amount, ch.Currency)
	if err != nil || wantErr != nil || !got.Equal(want) || !p.Amount.Equal(want) {
		c.broken(3, "payment %s: Splynx has %s, the gateway approved %s %s, asked was %s", p.ID, b.Amount, ch.Amount, ch.Currency, p.Amount)
	}
	if b.CustomerID != p.Customer {
		c.broken(3, "payment %s is of customer %d and stands at customer %d", p.ID, p.Customer, b.CustomerID)
	}
	if p.HasMoney() && ch.Reference != p.Reference { // of a claim it may not be known
		c.broken(3, "payment %s carries charge %s, which is of reference %q", p.ID, ch.DpsTxnRef, ch.Reference)
	}
}

// paired: what staff booked on a payment's statement record is not beside our own booking,
// nor without money, unless a person was told.
func (c *checker) paired() {
	for _, r := range c.Records {
		p := c.rows[payment.ID(r.Additional[0])]
		if p == nil || r.PaymentID == 0 || p.State == payment.Parked || p.Reason == payment.ReasonSettledNotPaid || !c.AtRest {
			continue
		}
		switch booked := c.booked[p.ID]; {
		case !p.HasMoney():
			c.broken(3, "record %d of payment %s was paired with payment %d, but the gateway took no money", r.ID, p.ID, r.PaymentID)
		case len(booked) > 0 && booked[0].ID != r.PaymentID:
			c.broken(2, "record %d of payment %s was paired with payment %d, and payment %d is ours", r.ID, p.ID, r.PaymentID, booked[0].ID)
		}
	}
}

// journal: at rest nothing waits for an answer, and the events of a payment are its way.
func (c *checker) journal() {
	for _, p := range c.Journal {
		switch p.State {
		case payment.Created, payment.Offered, payment.Submitted, payment.Unknown:
			if c.AtRest {
				c.broken(2, "payment %s is still %s", p.ID, p.State)
			}
		}
		if c.Events != nil {
			c.way(p, c.Events[p.ID])
		}
	}
}

func (c *checker) way(p *payment.Payment, events []payment.Event) {
	at := payment.State("")
	for i, e := range events {
		if e.From != at || e.Payment != p.ID || e.At.IsZero() || e.Who == "" || e.Node == "" || e.Why == "" {
			c.broken(0, "event %d of payment %s does not follow: %+v", i, p.ID, e)
		}
		at = e.To
	}
	if at != p.State {
		c.broken(0, "payment %s is %s, its events end at %s", p.ID, p.State, at)
	}
}
