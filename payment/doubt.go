package payment

import (
	"context"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"
)

// doubt compares money without intent with what a lost journal has left outside: the reference
// and TxnData1, which were made of the same, and the amount. What does not agree becomes a
// claim, as with a payment that is known: a person must look, unless an answer comes that does
// agree.
func (e *Engine) doubt(ctx context.Context, g *Generation, p *Payment) {
	asked, ours := e.askedBefore(ctx, g, p)
	if kind, _, ok := parseReference(p.Reference, p.Customer); !ok || kind != p.Kind {
		ours = false
	}
	if ours && asked.Equal(p.Amount) {
		return
	}
	p.Claimed, p.DpsTxnRef, p.ApprovedAt = p.DpsTxnRef, "", time.Time{}
	if p.Amount = asked; !ours {
		p.Reference = "" // what was asked is not known, so no answer can agree
	}
	p.Booking.Post, p.Booking.PostedAt = PostSent, e.now() // the journal that knew it may have booked it
}

// askedBefore is the amount that the statement record was made with, or that the payment was
// booked with; the gateway's if neither is to be had, for money is kept all the same and not
// booked before a person has looked. ours is false if they are not of this payment.
func (e *Engine) askedBefore(ctx context.Context, g *Generation, p *Payment) (asked currency.Amount, ours bool) {
	record, err := e.record(ctx, g, p)
	if err != nil {
		g.logger().Warn("statement records cannot be read", append(describe(p), zap.Error(err))...)
	}
	if record != nil && !record.Amount.Is(p.Amount) {
		asked, err = record.Amount.Amount(p.Amount.CurrencyCode())
		return asked, err == nil && record.CustomerID == p.Customer
	}
	if record != nil {
		return p.Amount, record.CustomerID == p.Customer
	}
	if v, err := e.status(ctx, g, p); err == nil && !v.Foreign && len(v.Mismatch) > 0 { // one answer may be damaged; both are seldom so in the same way
		return p.Amount, false
	}
	rows, err := e.search(ctx, g, p)
	if err != nil { // the row begins parked, and its booking searches again
		return p.Amount, true
	}
	for _, row := range live(rows) {
		if p.named(row) && !row.Amount.Is(p.booked()) {
			asked, err = row.Amount.Amount(p.Amount.CurrencyCode())
			return asked, err == nil
		}
	}
	return p.Amount, true
}
