package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Settlement says how a person ends a parked payment.
type Settlement string

// The settlements.
const (
	SettleAgain    Settlement = "again"    // back to where it came from: it is asked about, or booked, at once
	SettleRecorded Settlement = "recorded" // the money stands in Splynx: made by hand, or ours after all
	SettleRefunded Settlement = "refunded" // the money was given back by hand
	SettleNotPaid  Settlement = "not_paid" // no money moved
)

// Errors of Settle that its callers tell apart with errors.Is. Their texts say what may be
// done in place of it.
var (
	ErrNotParked  = errors.New("only a parked payment can be settled")
	ErrSettlement = errors.New("the payment cannot be settled so")
)

const (
	settleReasonLimit = 500 // characters
	settleSearch      = 10 * time.Second
)

// settledBy is the reason of the move that a settlement makes.
var settledBy = map[Settlement]Reason{
	SettleAgain: ReasonSettledAgain, SettleRecorded: ReasonSettledRecorded,
	SettleRefunded: ReasonSettledRefunded, SettleNotPaid: ReasonSettledNotPaid,
}

// ParseSettlement reads a Settlement; the error names the ones there are.
func ParseSettlement(s string) (Settlement, error) {
	if _, ok := settledBy[Settlement(s)]; ok {
		return Settlement(s), nil
	}
	return "", fmt.Errorf("%w: %q is none of again, recorded, refunded, not_paid", ErrSettlement, s)
}

// byPerson tells that a person has made the payment's last move.
func (p *Payment) byPerson() bool {
	for _, r := range settledBy {
		if p.Reason == r {
			return true
		}
	}
	return false
}

// Settle ends a parked payment as a person says, or sends it back to where it came from.
// reason, in words, and who stand in its history. ErrNotParked, ErrSettlement, ErrNotFound.
//
// Later searches go on as for any payment in its new state, and an approval that comes after
// not_paid is kept all the same.
func (e *Engine) Settle(ctx context.Context, id ID, how Settlement, reason, who string) (*Payment, error) {
	g, land, err := e.takeOff()
	if err != nil {
		return nil, err
	}
	defer land()
	reason, bad := cleanReason(reason)
	switch {
	case settledBy[how] == "":
		_, err := ParseSettlement(string(how))
		return nil, err
	case bad != nil:
		return nil, fmt.Errorf("%w: %w", ErrSettlement, bad)
	case who == "":
		return nil, fmt.Errorf("%w: it must be known who says so", ErrSettlement)
	}
	p, err := e.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := p.settles(how); err != nil {
		return nil, err
	}
	if p, err = e.heardNow(ctx, g, p, how); err != nil {
		return nil, err
	}
	if err := e.settlesWithRefunds(ctx, g, p, how); err != nil {
		return nil, err
	}
	rows, err := e.standing(ctx, g, p, how)
	if err != nil {
		return nil, err
	}
	read := p
	p, err = e.change(context.WithoutCancel(ctx), g, id, func(q *Payment) (Writes, error) {
		if err := errors.Join(q.settles(how), q.sameRefunds(read)); err != nil {
			return Writes{}, err
		}
		ev, err := e.settle(g, q, how, rows, reason, who)
		return Writes{Events: []Event{ev}}, err
	})
	if errors.Is(err, ErrDuplicate) {
		return nil, fmt.Errorf("%w: that charge is in the journal beside it already; settle this one as not_paid", ErrSettlement)
	}
	if err == nil {
		e.did(ctx, g, DeedSettle, p, who, string(how)+": "+reason)
	}
	return p, err
}

// cleanReason is a reason as the history keeps it.
func cleanReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > settleReasonLimit || strings.ContainsFunc(reason, unicode.IsControl) {
		return "", fmt.Errorf("say why, in at most %d characters on one line, without control characters", settleReasonLimit)
	}
	return reason, nil
}

// heardNow asks the gateway once more before a person's word ends what it has left open: if it
// says now what became of it, that counts. Without an answer the person's word does.
func (e *Engine) heardNow(ctx context.Context, g *Generation, p *Payment, how Settlement) (*Payment, error) {
	if p.Reason != ReasonUndecided || how == SettleAgain || p.Site != "" && p.Site != g.Settings.PublicURL {
		return p, nil
	}
	asking, cancel := context.WithTimeout(ctx, settleSearch)
	defer cancel()
	if _, _, err := e.askParked(asking, g, p); err != nil {
		return nil, err
	}
	p, err := e.store.Get(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	return p, p.settles(how)
}

// settles refuses what does not fit the payment as it stands.
func (p *Payment) settles(how Settlement) error {
	if p.State != Parked {
		advice := "it is at an end; there is nothing to do"
		if p.InFlight() || p.State == Created || p.State == Offered {
			advice = "it goes on by itself"
		}
		return fmt.Errorf("%w: it is %s; %s", ErrNotParked, p.State, advice)
	}
	money := p.HasMoney() || p.Claimed != "" || p.Kind == KindRefund // of a refund the office may have seen it
	switch {
	case how == SettleRecorded && p.Kind == KindCardCheck:
		return fmt.Errorf("%w: it is a %s, which is never booked; settle it as refunded, not_paid or again", ErrSettlement, strings.ToLower(title(p.Kind)))
	case how == SettleNotPaid && p.HasMoney():
		return fmt.Errorf("%w: the gateway has approved it (%s); settle it as recorded, refunded or again", ErrSettlement, p.DpsTxnRef)
	case (how == SettleRecorded || how == SettleRefunded) && !money:
		return fmt.Errorf("%w: the gateway knows of no money for it; settle it as not_paid or again", ErrSettlement)
	case how == SettleAgain && p.ParkedFrom == "" && !p.HasMoney():
		return fmt.Errorf("%w: it began with a person, and there is nowhere to go back to; settle it as recorded, refunded or not_paid", ErrSettlement)
	}
	return nil
}

// settlesWithRefunds refuses to book, or to call booked, what is on its way back to the card, and
// to end a refund of a payment that stands in Splynx before it was typed there.
func (e *Engine) settlesWithRefunds(ctx context.Context, g *Generation, p *Payment, how Settlement) error {
	if p.Kind == KindRefund {
		of, err := e.store.Get(ctx, p.Of)
		switch stands := err == nil && of.standsInSplynx(); {
		case err != nil:
			return err
		case how == SettleRefunded && stands:
			return fmt.Errorf("%w: %s, then settle it as recorded", ErrSettlement, toType(g, of, p))
		case how == SettleRecorded && !stands:
			return fmt.Errorf("%w: its payment does not stand in Splynx; settle it as refunded, not_paid or again", ErrSettlement)
		}
		return nil
	}
	if how != SettleAgain && how != SettleRecorded || p.standsInSplynx() || p.GivesBack || p.apart() {
		return nil
	}
	return e.refundsFailed(ctx, p)
}

// standing lists what stands in Splynx with our number, as far as it can be had, and refuses
// to call something ended that would at once be found to be wrong.
func (e *Engine) standing(ctx context.Context, g *Generation, p *Payment, how Settlement) ([]splynx.Payment, error) {
	if how != SettleRecorded && how != SettleRefunded || p.Site != "" && p.Site != g.Settings.PublicURL {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, settleSearch)
	defer cancel()
	rows, err := e.search(ctx, g, p)
	if err != nil {
		return nil, nil // a person has looked; the later searches tell if it was wrong
	}
	rows = live(rows)
	switch {
	case how == SettleRefunded && len(rows) > 0:
		return nil, fmt.Errorf("%w: payments %s in Splynx carry its number; delete them there first, or settle it as recorded", ErrSettlement, ids(rows))
	case len(rows) > 1:
		return nil, fmt.Errorf("%w: payments %s in Splynx carry its number; delete all but one there first", ErrSettlement, ids(rows))
	}
	return rows, nil
}

// settle moves the payment.
func (e *Engine) settle(g *Generation, q *Payment, how Settlement, rows []splynx.Payment, reason, who string) (Event, error) {
	now, to := e.now(), q.ParkedFrom
	switch how {
	case SettleAgain:
		if to == "" {
			to = Approved
		}
		e.bookAnew(g, q, now)
	case SettleRecorded:
		if to = Recorded; q.Kind == KindRefund {
			to = Settled
			break
		}
		q.Booking.To, q.Booking.PaymentID = ByHand, 0
		if len(rows) == 1 { // whatever its amount: a person has seen it
			q.Booking.To, q.Booking.PaymentID = ToBalance, rows[0].ID
			if onDocument(rows[0]) {
				q.Booking.To = ToDocument
			}
		}
	case SettleRefunded:
		if to = Refunded; q.Kind == KindRefund {
			to = Settled
		}
	case SettleNotPaid:
		to = NotDone
	}
	if (to == Recorded || to == Refunded) && !q.HasMoney() { // then what the gateway says of this charge later is no news
		q.DpsTxnRef, q.Claimed = q.Claimed, ""
	}
	ev, err := q.move(to, settledBy[how], reason, who, now)
	e.rest(q, now)
	q.Fence++ // whoever held the payment held it for something else
	if how == SettleAgain {
		q.NextAt = now
	}
	return ev, err
}

// bookAnew lets a booking that has come to its limits begin again. A POST that is surely not
// there may go to the document once more; money that a lost journal knew may have been posted
// by it.
func (e *Engine) bookAnew(g *Generation, q *Payment, now time.Time) {
	b := &q.Booking
	b.Missed = 0
	if b.Post != PostNone {
		return
	}
	b.WithoutDocument = false
	if q.Reason == ReasonNoIntent {
		b.Post, b.PostedAt, b.Looks = PostUnclear, q.CreatedAt, 0
		b.QuietUntil = q.CreatedAt.Add(g.Settings.BookingQuietTime)
	}
}
