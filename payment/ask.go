package payment

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// ask looks after a payment that is not known to be paid: the gateway is asked by Status, an
// open page is ended when its time is over, and its statement record is written.
//
// Not found means nothing of a hosted payment: whether Status knows these at all is unproven.
func (e *Engine) ask(ctx context.Context, g *Generation, p *Payment) error {
	v, err := e.status(ctx, g, p)
	if err != nil && !errors.Is(err, ErrNoCredentials) && p.State == Offered && e.now().Before(p.PageEnds) {
		return err // asked again soon, while somebody may still be waiting
	}
	if errors.Is(err, ErrNoCredentials) && (p.State == Submitted || p.State == Unknown) {
		return e.parkUnasked(ctx, g, p, err)
	}
	askErr := err
	switch {
	case err != nil && !p.ByPxPost() && e.now().Sub(p.CreatedAt) > tokenLife:
		g.logger().Error("payment is given up: the gateway could not be asked what became of it", append(describe(p), zap.Error(err))...)
	case err != nil:
		g.logger().Warn("gateway could not be asked about a payment", append(describe(p), zap.Error(err))...)
	}
	paired, recordErr := e.closeRecord(ctx, g, p)
	if recordErr != nil {
		g.logger().Warn("statement record could not be written", append(describe(p), zap.Error(recordErr))...)
	}
	q, err := e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		w, err := e.apply(q, v, "", byStatusSource)
		if err != nil || q.Fence != p.Fence {
			return w, err // an approval is kept whoever brings it
		}
		q.Booking.RecordStatus = p.Booking.RecordStatus
		if q.State == Parked { // the answer differs from what was asked
			return w, nil
		}
		if paired && q.State != Offered {
			ev, err := q.move(Parked, ReasonBookedNoMoney, "the statement record was paired by hand", "engine", e.now())
			e.rest(q, e.now())
			w.Events = append(w.Events, ev)
			return w, err
		}
		if now := e.now(); q.State == Offered && !now.Before(q.PageEnds) {
			ev, err := q.move(Expired, ReasonPageEnded, "", "engine", now)
			if err != nil {
				return w, err
			}
			w.Events = append(w.Events, ev)
		}
		if q.ByPxPost() {
			return e.stillOpen(q, v, askErr, recordErr, w)
		}
		e.rest(q, e.now())
		e.askAgain(q, v, askErr)
		if p.State != q.State {
			q.NextAt = e.now() // the record's new status is written at once
		}
		return w, nil
	})
	if err == nil {
		e.afterAnswer(ctx, g, q)
	}
	return err
}

// askAgain has the gateway asked again soon if it told nothing: a look that had no answer is
// no look.
func (e *Engine) askAgain(q *Payment, v windcave.Verdict, err error) {
	now := e.now()
	wait := unknownPause(q.Step, now.Sub(q.CreatedAt))
	switch {
	case now.Sub(q.CreatedAt) > tokenLife:
		return
	case errors.Is(err, ErrNoCredentials), err == nil && v.Outcome == windcave.Failed:
		wait = credentialsPause
	case err != nil:
	case v.Outcome != windcave.Unknown, v.Foreign, v.NotFound, v.Claimed:
		return
	}
	q.NextAt = earlier(q.NextAt, now.Add(wait))
	q.Step++
}

// askParked asks about a payment that waits for a person without known money: late truth
// wins.
func (e *Engine) askParked(ctx context.Context, g *Generation, p *Payment) (moved bool, v windcave.Verdict, err error) {
	if v, err = e.status(ctx, g, p); err != nil {
		g.logger().Warn("gateway could not be asked about a payment", append(describe(p), zap.Error(err))...)
		return false, v, nil
	}
	var said bool
	q, err := e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		w, err := e.apply(q, v, "", byStatusSource)
		said = len(w.Events) > 0
		return w, err
	})
	if err == nil && said {
		e.afterAnswer(ctx, g, q)
	}
	return err == nil && (q.State != p.State || q.Reason != p.Reason), v, err
}

// status asks the gateway about a payment; a Verdict that says nothing if it is too early,
// or if it was started without anybody to ask.
func (e *Engine) status(ctx context.Context, g *Generation, p *Payment) (windcave.Verdict, error) {
	none := windcave.Verdict{Foreign: true}
	switch {
	case p.PxPostUser == "", !p.ByPxPost() && e.now().Sub(p.CreatedAt) < pageLooks[0]/2:
		return none, nil // no credentials for it, or too early to be of use
	case p.ByPxPost() && !p.mayHaveBeenSent():
		return none, nil
	}
	passwords, err := g.pxPost(p.Endpoint, p.PxPostUser)
	if err != nil {
		return none, err
	}
	v, err := askStatus(ctx, passwords, p)
	if err != nil {
		return none, err
	}
	if v.Outcome == windcave.Failed {
		g.logger().Error("windcave refused to say what became of a payment: check the pxpost credentials", append(describe(p), zap.String("code", v.Code))...)
	}
	return v, nil
}

// closeRecord writes an ended payment's statement record, and tells whether staff have
// paired it by hand meanwhile; then it is left as it is.
func (e *Engine) closeRecord(ctx context.Context, g *Generation, p *Payment) (paired bool, err error) {
	want := map[State]splynx.RecordStatus{
		Declined: splynx.RecordError, Cancelled: splynx.RecordCanceled, Expired: splynx.RecordCanceled,
		NotStarted: splynx.RecordCanceled, NotOffered: splynx.RecordCanceled,
	}[p.State]
	if p.State == NotDone && p.Way == WaySavedCard {
		want = splynx.RecordCanceled
	}
	if p.GivesBack {
		want = splynx.RecordCanceled
	}
	if want == "" || p.apart() {
		return false, nil
	}
	record, err := e.record(ctx, g, p)
	if record == nil || err != nil {
		return false, err
	}
	if byHand(record, 0) {
		return true, nil
	}
	if p.Booking.RecordStatus == string(want) {
		return false, nil
	}
	if err := g.Splynx.UpdateRecord(ctx, record.ID, splynx.RecordUpdate{Status: want}); err != nil {
		return false, err
	}
	p.Booking.RecordStatus = string(want)
	return false, nil
}
