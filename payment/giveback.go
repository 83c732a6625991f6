package payment

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// refundPoll is how often a payment that goes back looks for its refund, though nobody woke it.
const refundPoll = 15 * time.Minute

// decideGiveBack notes that money which cannot be booked as it was meant goes back to the card.
// Nothing of it has been posted.
func (e *Engine) decideGiveBack(ctx context.Context, g *Generation, p *Payment, why string) error {
	g.logger().Warn("payment is given back", append(describe(p), zap.String("why", why))...)
	if why == string(misfitSecond) {
		e.did(ctx, g, DeedPaidTwice, p, "engine", "it goes back to the card")
	}
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		q.GivesBack = true
		q.LeaseOwner, q.LeaseUntil, q.NextAt = "", time.Time{}, e.now()
		return Writes{}, nil
	}))
	return err
}

// giveBack brings money that may not be kept back to the card: of a card check, or of a payment
// for which that was decided. It makes one refund after the other until one is done; a new one
// only when the one before has failed for good.
func (e *Engine) giveBack(ctx context.Context, g *Generation, p *Payment) error {
	if p.PxPostUser == "" {
		return e.park(ctx, g, p, ReasonRefundRefused, "without PxPost nothing can be given back")
	}
	if record, err := e.recordOf(ctx, g, p); err != nil {
		return err
	} else if byHand(record, 0) {
		return e.park(ctx, g, p, ReasonBookedOtherwise, fmt.Sprintf("it is to be given back, but the statement record %d was paired by hand", record.ID))
	}
	failed := map[ID]bool{} // since the last time
	var refused *Payment
	tries := 0
	for _, b := range p.GivenBack {
		if tries++; b.Failed {
			continue
		}
		r, err := e.store.Get(ctx, b.ID)
		switch {
		case err != nil:
			return err
		case r.State == Settled, r.State == Approved:
			return e.backAtLast(ctx, g, p, ReasonGivenBack, r.DpsTxnRef)
		case r.State == NotDone && r.Reason == ReasonLapsed:
			return e.backAtLast(ctx, g, p, ReasonLapsed, "")
		case !e.refundFailed(r):
			return e.waitForRefund(ctx, g, p, e.now().Add(refundPoll), nil)
		}
		failed[r.ID] = true
		if refused = nil; r.State == Declined || r.Reason == ReasonGatewayRefused {
			refused = r
		}
	}
	switch {
	case refused != nil && refused.TxnType == string(windcave.Void): // then it lapses
		if end := p.ApprovedAt.Add(voidLife); e.now().Before(end) {
			return e.waitForRefund(ctx, g, p, end, nil)
		}
		return e.backAtLast(ctx, g, p, ReasonLapsed, "")
	case refused != nil:
		if err := e.waitForRefund(ctx, g, p, e.now(), failed); err != nil {
			return err
		}
		return e.park(ctx, g, p, ReasonRefundRefused, fmt.Sprintf("refund %s: %s", refused.ID, refused.Code))
	case len(failed) > 0:
		return e.waitForRefund(ctx, g, p, e.now().Add(pause(bookingPauses, tries)), failed)
	}
	if _, err := e.reserve(ctx, g, p, p.Amount, fmt.Sprintf("back/%d", tries), OriginEngine, "engine", ""); err != nil {
		return err
	}
	return e.waitForRefund(ctx, g, p, e.now().Add(refundPoll), nil)
}

// recordOf is the statement record of a payment that is to be given back.
func (e *Engine) recordOf(ctx context.Context, g *Generation, p *Payment) (*splynx.Record, error) {
	r, err := e.record(ctx, g, p)
	if isNotFound(err) {
		return nil, nil
	}
	return r, err
}

// waitForRefund lets a payment wait for its refund, and notes those that have failed for good.
func (e *Engine) waitForRefund(ctx context.Context, g *Generation, p *Payment, until time.Time, failed map[ID]bool) error {
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		q.noteFailed(failed)
		q.NextAt = until
		e.rest(q, e.now())
		return Writes{}, nil
	}))
	return err
}

// backAtLast ends a payment whose money is back, or lapses.
func (e *Engine) backAtLast(ctx context.Context, g *Generation, p *Payment, why Reason, note string) error {
	if _, err := e.closeRecord(ctx, g, p); err != nil && !forGood(err) {
		return err
	}
	faultpoint.Hit("given_back")
	to := Refunded
	if p.Kind == KindCardCheck {
		to = Settled
	}
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		q.Booking.RecordStatus = p.Booking.RecordStatus
		ev, err := q.move(to, why, note, "engine", e.now())
		e.rest(q, e.now())
		return Writes{Events: []Event{ev}}, err
	}))
	return err
}

// refundDone ends a refund that the gateway has approved: the payment that it is of goes on,
// and then it is settled. One of a payment that stands in Splynx is booked there, if that is
// wanted and Splynx takes it; else it waits for a person, who has to type it there.
func (e *Engine) refundDone(ctx context.Context, g *Generation, r *Payment) error {
	if err := e.wakeOriginal(ctx, g, r); err != nil {
		return err
	}
	of, err := e.store.Get(ctx, r.Of)
	if err != nil {
		return err
	}
	if of.State == Approved && !of.GivesBack && of.Kind != KindCardCheck { // it is known soon whether it stands in Splynx
		return e.waitForRefund(ctx, g, r, e.now().Add(refundPoll), nil)
	}
	if of.standsInSplynx() {
		if g.Settings.RefundPayments && !r.Booking.WithoutDocument || r.Booking.Post != PostNone {
			return e.book(ctx, g, r)
		}
		return e.park(ctx, g, r, ReasonTellSplynx, toType(g, of, r))
	}
	if r.Origin == OriginAdministrator {
		if err := e.endRefunded(ctx, g, of, r); err != nil {
			return err
		}
	}
	_, err = e.change(ctx, g, r.ID, fenced(r, func(q *Payment) (Writes, error) {
		ev, err := q.move(Settled, ReasonGivenBack, "", "engine", e.now())
		e.rest(q, e.now())
		return Writes{Events: []Event{ev}}, err
	}))
	return err
}

// toType says what a person has to type into Splynx after a refund. When it was done, and its
// number at the gateway, are not known of one that a person has found there.
func toType(g *Generation, of, r *Payment) string {
	day := r.ApprovedAt
	if day.IsZero() {
		day = r.CreatedAt
	}
	note := fmt.Sprintf("make a payment of -%s in Splynx: customer %d, payment method %d, date %s, receipt number %s, comment %q",
		r.Amount.Number(), r.Customer, g.Partner(r.Partner).PaymentMethod, day.In(g.Settings.TimeZone).Format(time.DateOnly), r.ID, strings.TrimSpace("Refund "+r.DpsTxnRef))
	if of.Booking.PaymentID != 0 {
		note += fmt.Sprintf("; it gives back payment %d", of.Booking.PaymentID)
	}
	return note
}

// standsInSplynx tells that the payment was booked, as far as is known, or may be.
func (p *Payment) standsInSplynx() bool {
	return p.State == Recorded || p.State == Parked && (p.ParkedFrom == Recorded || p.Booking.Post != PostNone)
}

// endRefunded ends a payment that was not booked, once all of it was given back by a person's
// word.
func (e *Engine) endRefunded(ctx context.Context, g *Generation, of, r *Payment) error {
	_, err := e.change(ctx, g, of.ID, func(q *Payment) (Writes, error) {
		if q.State != Parked {
			return Writes{}, nil
		}
		ev, err := q.move(Refunded, ReasonGivenBack, r.DpsTxnRef, "engine", e.now())
		e.rest(q, e.now())
		return Writes{Events: []Event{ev}}, err
	})
	return err
}
