package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// book brings an approved payment into Splynx exactly once, though Splynx has no unique key
// on payments and a POST that was given up can still commit. The order is always: read the
// document, search by our number, decide, journal the intent to POST, POST, search again,
// read the statement record, and only then call it recorded.
func (e *Engine) book(ctx context.Context, g *Generation, p *Payment) error {
	p, err := e.quiet(ctx, g, p)
	if err != nil {
		return err
	}
	target, why, err := e.target(ctx, g, p)
	if err != nil {
		return err
	}
	rows, err := e.search(ctx, g, p)
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		return e.found(ctx, g, p, rows)
	}
	switch {
	case p.Booking.Post == PostUnclear && e.quiets.left(p, e.now(), g.Settings.BookingQuietTime) > 0:
		return e.searchLater(ctx, g, p)
	case p.Booking.Post == PostAnswered && p.Booking.Missed < missedLimit:
		return e.searchLater(ctx, g, p)
	case p.Booking.Post == PostAnswered:
		return e.park(ctx, g, p, ReasonBookingNotFound, "Splynx answered 201 but does not show the payment")
	case p.Booking.Post == PostUnclear && !g.search.proven():
		return e.park(ctx, g, p, ReasonSearchUnproven, "a POST is unclear, and the search for payments was never seen to work")
	}
	record, err := e.record(ctx, g, p)
	if err != nil && !isNotFound(err) {
		return err
	}
	if byHand(record, p.Booking.PaymentID) {
		return e.foundByHand(ctx, g, p, record)
	}
	if note, err := e.underAnother(ctx, g, p); err != nil {
		return err
	} else if note != "" {
		return e.park(ctx, g, p, ReasonBookedOtherwise, note)
	}
	if why != "" && p.Booking.Post == PostNone && g.givesBack(p, why) {
		return e.decideGiveBack(ctx, g, p, string(why))
	}
	faultpoint.Hit("before_post")
	return e.post(ctx, g, p, target)
}

// quiet turns a journaled POST that nobody noted an answer for, found after a crash or taken
// over, into an unclear one; its quiet time begins anew.
func (e *Engine) quiet(ctx context.Context, g *Generation, p *Payment) (*Payment, error) {
	if p.Booking.Post != PostSent {
		return p, nil
	}
	e.quiets.begin(p.ID, g.Settings.BookingQuietTime)
	return e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		q.Booking.Post = PostUnclear
		q.Booking.QuietUntil = e.now().Add(g.Settings.BookingQuietTime)
		return Writes{}, nil
	}))
}

// fenced runs fn only while the claim that p was read under lasts.
func fenced(p *Payment, fn func(*Payment) (Writes, error)) func(*Payment) (Writes, error) {
	return func(q *Payment) (Writes, error) {
		if q.Fence != p.Fence || q.State != p.State {
			return Writes{}, errFenced
		}
		return fn(q)
	}
}

// misfit is why money does not go to the document that it was paid for.
type misfit string

const (
	misfitSecond     misfit = "second approval"           // the document is paid, or its page was charged before
	misfitUnbookable misfit = "document cannot be booked" // it is deleted, another customer's, or Splynx refuses it
)

// target decides where the money goes: the document if it is still the customer's, not
// deleted and due; else the customer's balance, and why.
func (e *Engine) target(ctx context.Context, g *Generation, p *Payment) (Destination, misfit, error) {
	switch {
	case p.Kind == KindRefund, p.Booking.Chosen && p.DocumentID == 0:
		return ToBalance, "", nil
	case p.TxnID != p.ID && !p.Booking.Chosen: // a second charge
		return ToBalance, misfitSecond, nil
	case p.Booking.WithoutDocument:
		return ToBalance, misfitUnbookable, nil
	case p.DocumentID == 0:
		return ToBalance, "", nil
	}
	now, err := p.dueOn(ctx, g.Splynx)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("read what is due on %s %d: %w", strings.ToLower(title(p.Kind)), p.DocumentID, err)
	case !now.found, now.customer != p.Customer:
		return ToBalance, misfitUnbookable, nil
	case !now.due.IsPositive():
		return ToBalance, misfitSecond, nil
	}
	return ToDocument, "", nil
}

// givesBack tells whether money that does not fit is given back, as the provider wants it and
// as far as it can be.
func (g *Generation) givesBack(p *Payment, why misfit) bool {
	wanted := g.Settings.RefundUnbookable
	if why == misfitSecond {
		wanted = g.Settings.RefundSecond
	}
	return wanted && p.PxPostUser != ""
}

// search asks Splynx for payments with our number. A row that was not asked for makes the
// whole answer none.
func (e *Engine) search(ctx context.Context, g *Generation, p *Payment) ([]splynx.Payment, error) {
	rows, err := g.Splynx.PaymentsByReceipt(ctx, string(p.ID), p.Customer)
	if isKind(err, splynx.KindFilter) {
		g.search.refute()
	}
	if len(rows) > 0 {
		g.search.prove()
	}
	return rows, err
}

// searchLater waits for a POST that may have reached Splynx.
func (e *Engine) searchLater(ctx context.Context, g *Generation, p *Payment) error {
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		now := e.now()
		q.LeaseOwner = ""
		wait := pause(bookingPauses, q.Step)
		if q.Booking.Post == PostUnclear {
			wait = min(wait, e.quiets.left(q, now, g.Settings.BookingQuietTime))
		}
		q.NextAt = now.Add(wait)
		if q.Booking.Post == PostAnswered {
			q.Booking.Missed++
		}
		q.Step++
		q.LeaseUntil = now
		return Writes{}, nil
	}))
	return err
}

// post sends the payment once, with the intent journaled before and the answer after.
func (e *Engine) post(ctx context.Context, g *Generation, p *Payment, target Destination) error {
	p, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		now := e.now()
		if q.LeaseOwner != e.node || !now.Before(q.LeaseUntil) {
			return Writes{}, errFenced
		}
		q.LeaseUntil = now.Add(claimLease)
		q.Booking.Post, q.Booking.To = PostSent, target
		q.Booking.PostedAt, q.Booking.Looks = now, 0
		return Writes{}, nil
	}))
	if err != nil {
		return err
	}
	faultpoint.Hit("post_intent")
	if !e.now().Before(p.LeaseUntil) {
		return errFenced // paused for longer than the claim: whoever has it now goes on
	}
	id, postErr := g.Splynx.CreatePayment(ctx, e.newPayment(g, p, target))
	e.quiets.begin(p.ID, g.Settings.BookingQuietTime) // counts if the answer is unclear
	faultpoint.Hit("post_answered")
	p, err = e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		return e.posted(g, q, id, postErr)
	}))
	if err != nil || p.State != Approved {
		return err
	}
	faultpoint.Hit("post_noted")
	if p.Booking.Post == PostAnswered {
		rows, err := e.search(ctx, g, p)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return e.searchLater(ctx, g, p)
		}
		return e.found(ctx, g, p, rows)
	}
	if postErr != nil {
		g.logger().Warn("payment could not be booked; it is tried again", append(describe(p), zap.Error(postErr))...)
	}
	return nil
}

// posted notes what Splynx said to a POST, and when to go on.
func (e *Engine) posted(g *Generation, q *Payment, id int64, err error) (Writes, error) {
	now := e.now()
	var failed *splynx.Error
	switch {
	case err == nil:
		q.Booking.Post, q.Booking.PaymentID = PostAnswered, id
		return Writes{}, nil
	case errors.As(err, &failed) && failed.Created:
		q.Booking.Post = PostAnswered
		return Writes{}, nil
	case errors.As(err, &failed) && (failed.Kind == splynx.KindRefused || failed.Kind == splynx.KindInput):
		q.Booking.Post = PostNone
		if q.Booking.To == ToDocument || q.Kind == KindRefund { // then a person is asked to type it
			q.Booking.WithoutDocument = true
			q.NextAt = now
			q.LeaseUntil = now
			return Writes{}, nil
		}
		ev, err := q.move(Parked, ReasonBookingRefused, failed.Error()+"; "+failed.Advice(), "engine", now)
		e.rest(q, now)
		return Writes{Events: []Event{ev}}, err
	case errors.As(err, &failed) && failed.SurelyNot():
		q.Booking.Post = PostNone
		q.NextAt = now.Add(pause(bookingPauses, q.Step))
	default:
		q.Booking.Post = PostUnclear
		q.Booking.QuietUntil = now.Add(g.Settings.BookingQuietTime)
		q.NextAt = now.Add(pause(bookingPauses, q.Step))
	}
	q.Step++
	q.LeaseUntil = now
	return Writes{}, nil
}

// newPayment is what is posted: our number in the receipt number and in the marker field.
func (e *Engine) newPayment(g *Generation, p *Payment, target Destination) splynx.NewPayment {
	n := splynx.NewPayment{
		CustomerID: p.Customer, PaymentType: g.Partner(p.Partner).PaymentMethod,
		ReceiptNumber: string(p.ID), Date: p.ApprovedAt.In(g.Settings.TimeZone), Amount: p.booked(), GivesBack: p.Kind == KindRefund,
		Comment: strings.TrimSpace(g.Settings.StatementName + " " + p.DpsTxnRef),
	}
	if n.GivesBack {
		n.Comment = strings.TrimSpace(g.Settings.StatementName + " refund " + p.DpsTxnRef)
	}
	n.Fields[g.Settings.MarkerField-1] = string(p.ID)
	if target == ToDocument {
		n.InvoiceID, n.RequestID = p.invoiceID(), p.requestID()
	} else if p.DocumentNumber != "" && !n.GivesBack {
		n.Note = fmt.Sprintf("Paid for %s %s", strings.ToLower(title(p.Kind)), p.DocumentNumber)
	}
	return n
}

func isNotFound(err error) bool { return isKind(err, splynx.KindNotFound) }

func isKind(err error, k splynx.Kind) bool {
	var failed *splynx.Error
	return errors.As(err, &failed) && failed.Kind == k
}
