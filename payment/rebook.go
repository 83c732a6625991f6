package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Rebook says where the money of a payment is to go in Splynx in place of where it was meant to.
type Rebook struct {
	Kind       Kind  // KindInvoice or KindProforma; KindTopUp: the customer's balance
	DocumentID int64 // of the same customer; 0 for the balance
}

// ErrRebook tells that money cannot be booked so; the text says what may be done in place of it.
var ErrRebook = errors.New("the payment cannot be booked so")

// Rebook sends a parked payment whose money does not stand in Splynx on its way there again: to
// the customer's balance, or to another document of the customer. reason, in words, and who
// stand in its history. ErrNotParked, ErrRebook, ErrSettlement, ErrNotFound.
func (e *Engine) Rebook(ctx context.Context, id ID, to Rebook, reason, who string) (*Payment, error) {
	g, land, err := e.takeOff()
	if err != nil {
		return nil, err
	}
	defer land()
	reason, err = cleanReason(reason)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrRebook, err)
	case who == "":
		return nil, fmt.Errorf("%w: it must be known who says so", ErrRebook)
	}
	p, err := e.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := p.rebooks(); err != nil {
		return nil, err
	}
	if err := e.surelyUnbooked(ctx, g, p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRebook, err)
	}
	if err := e.refundsFailed(ctx, p); err != nil {
		return nil, err
	}
	number, err := e.mayTake(ctx, g, p, to)
	if err != nil {
		return nil, err
	}
	if err := e.nothingElse(ctx, p, to); err != nil {
		return nil, err
	}
	p, err = e.change(context.WithoutCancel(ctx), g, id, func(q *Payment) (Writes, error) {
		if err := errors.Join(q.rebooks(), q.sameRefunds(p)); err != nil {
			return Writes{}, err
		}
		note := fmt.Sprintf("%s (was: %s)", reason, q.meantFor())
		now := e.now()
		e.bookAnew(g, q, now)
		q.Kind, q.DocumentID, q.DocumentNumber, q.ByID = to.Kind, to.DocumentID, number, false
		q.GivesBack, q.Booking.Chosen = false, true
		ev, err := q.move(Approved, ReasonRebooked, note, who, now)
		e.rest(q, now)
		q.NextAt = now
		q.Fence++ // whoever held the payment held it for something else
		return Writes{Events: []Event{ev}}, err
	})
	if err == nil {
		e.did(ctx, g, DeedRebook, p, who, "to "+p.meantFor()+": "+reason)
	}
	return p, err
}

// rebooks refuses what has no money to book, or has it in Splynx.
func (p *Payment) rebooks() error {
	switch {
	case p.State != Parked:
		return fmt.Errorf("%w: it is %s", ErrNotParked, p.State)
	case !p.HasMoney():
		return fmt.Errorf("%w: the gateway knows of no money for it", ErrRebook)
	case p.apart():
		return fmt.Errorf("%w: it is a %s, which is never booked", ErrRebook, strings.ToLower(title(p.Kind)))
	case p.standsInSplynx():
		return fmt.Errorf("%w: it may stand in Splynx; settle it as recorded or again", ErrRebook)
	}
	return nil
}

// refundsFailed refuses to book what is, or may be, on its way back to the card.
func (e *Engine) refundsFailed(ctx context.Context, p *Payment) error {
	for _, b := range p.GivenBack {
		r, err := e.store.Get(ctx, b.ID)
		if err != nil {
			return err
		}
		if !e.refundFailed(r) {
			return fmt.Errorf("%w: its refund %s is %s; settle that first", ErrSettlement, r.ID, r.State)
		}
	}
	return nil
}

// sameRefunds refuses when a refund was begun since the payment was read: whoever decides has to
// see it.
func (p *Payment) sameRefunds(read *Payment) error {
	if len(p.GivenBack) != len(read.GivenBack) {
		return fmt.Errorf("%w: a refund of it was begun just now; look again", ErrSettlement)
	}
	return nil
}

// mayTake tells whether the money can go there, and the document's number.
func (e *Engine) mayTake(ctx context.Context, g *Generation, p *Payment, to Rebook) (number string, err error) {
	if to.Kind == KindTopUp && to.DocumentID == 0 {
		return "", nil
	}
	if to.Kind != KindInvoice && to.Kind != KindProforma || to.DocumentID <= 0 {
		return "", fmt.Errorf("%w: name an invoice, a proforma invoice or the balance", ErrRebook)
	}
	there := *p
	there.Kind, there.DocumentID = to.Kind, to.DocumentID
	now, err := there.dueOn(ctx, g.Splynx)
	switch {
	case err != nil:
		return "", fmt.Errorf("read what is due on %s %d: %w", strings.ToLower(title(to.Kind)), to.DocumentID, err)
	case !now.found, now.customer != p.Customer:
		return "", fmt.Errorf("%w: customer %d has no such document", ErrRebook, p.Customer)
	case !now.due.IsPositive():
		return "", fmt.Errorf("%w: nothing is due on it", ErrRebook)
	case to.Kind == KindProforma && !now.due.Equal(p.Amount):
		return "", fmt.Errorf("%w: a proforma invoice is paid as a whole, and %s is due on it", ErrRebook, now.due)
	}
	return now.number, nil
}

// nothingElse refuses a document that other money is under way for.
func (e *Engine) nothingElse(ctx context.Context, p *Payment, to Rebook) error {
	if to.DocumentID == 0 {
		return nil
	}
	all, err := e.store.Find(ctx, Filter{States: InFlight(), Customer: p.Customer, Kind: to.Kind, Document: to.DocumentID})
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != p.ID {
			return fmt.Errorf("%w: payment %s of that document is under way", ErrRebook, other.ID)
		}
	}
	return nil
}

// meantFor is what the payment was for, in words for its history.
func (p *Payment) meantFor() string {
	if p.DocumentID == 0 {
		return "the balance"
	}
	return fmt.Sprintf("%s %d %s", strings.ToLower(title(p.Kind)), p.DocumentID, p.DocumentNumber)
}
