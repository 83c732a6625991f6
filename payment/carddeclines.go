package payment

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Why a charge run is not given a card; callers compare with errors.Is.
var (
	ErrCardDead    = errors.New("the card was refused for good")
	ErrTriedEnough = errors.New("the card was declined as often as the card schemes allow")
)

const (
	// Mastercard allows 10 declines of a card a day, Visa 15 tries in 30 days; the lower of each
	// holds for all cards, for the brand of a saved card is not always known.
	mostInDay, mostInMonth = 10, 15
	declineDay             = 24 * time.Hour
	declineMonth           = 30 * declineDay
)

// TriedEnough tells that a card was declined as often as the card schemes allow: so often in 24
// hours, and in 30 days.
func TriedEnough(inDay, inMonth int) bool { return inDay >= mostInDay || inMonth >= mostInMonth }

// notes tells whether an answer counts against the card. A hard code does too where it is a fault of
// the request: R0 is that by Windcave's table, and a refusal for good by Visa's.
func (p *Payment) notes() bool {
	return p.State == Declined || p.State == NotDone && p.Reason == ReasonGatewayRefused && windcave.HardCode(p.Code)
}

// declined notes that a payment was declined, and tells whether that was new. What was begun
// before the card was saved anew is not the card's any more.
func (n *cardNote) declined(p *Payment, now time.Time) bool {
	if p.CreatedAt.Before(n.Saved) {
		return false
	}
	dies := p.State == Declined && windcave.Dead(windcave.Class(p.Class)) && n.Dead.IsZero()
	if dies {
		n.Dead, n.Code = now, p.Code
	}
	if _, known := n.Declines[p.ID]; known || now.Sub(p.MovedAt) >= declineMonth {
		return dies
	}
	if windcave.HardCode(p.Code) {
		n.Hard = p.MovedAt
	}
	if n.Declines == nil {
		n.Declines = make(map[ID]time.Time)
	}
	n.Declines[p.ID] = p.MovedAt
	n.forget(now)
	return true
}

// forget drops declines that count no more: the old ones, and the oldest of too many.
func (n *cardNote) forget(now time.Time) {
	for len(n.Declines) > 0 {
		var oldest ID
		for id, at := range n.Declines {
			if oldest == "" || at.Before(n.Declines[oldest]) {
				oldest = id
			}
		}
		if len(n.Declines) <= mostInMonth && now.Sub(n.Declines[oldest]) < declineMonth {
			return
		}
		delete(n.Declines, oldest)
	}
}

// refused is Card.Refused.
func (n *cardNote) refused(now time.Time) bool {
	return !n.Hard.IsZero() && now.Sub(n.Hard) < declineMonth
}

// triedEnough is TriedEnough of the card.
func (n *cardNote) triedEnough(now time.Time) bool {
	day, all := 0, 0
	for _, at := range n.Declines {
		if now.Sub(at) < declineMonth {
			all++
		}
		if now.Sub(at) < declineDay {
			day++
		}
	}
	return TriedEnough(day, all)
}

// noteDecline remembers what a payment says of its card: each further try of one that was refused
// for good, or too often, is fined.
func (e *Engine) noteDecline(ctx context.Context, g *Generation, p *Payment) {
	if p.Card.Key != "" && p.notes() {
		e.learn(ctx, g, p, func(n *cardNote) bool { return n.declined(p, e.now()) })
	}
}

// mayRun tells why a run may not charge a card: ErrCardDead, ErrTriedEnough. That the card is another
// one by now is found out later, and what a person wants is not asked here.
func (s Start) mayRun(c Card) error {
	switch {
	case s.Run == "", c.Key != s.Card.Key:
		return nil
	case c.Standing == CardDead, c.Refused:
		return ErrCardDead
	case c.TriedEnough:
		return ErrTriedEnough
	}
	return nil
}
