package payment

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Errors of Refund that its callers tell apart with errors.Is; the texts say what may be done.
var (
	// ErrTooMuch: more would be given back than was paid, with what is on its way.
	ErrTooMuch = errors.New("more would be given back than was paid")
	// ErrNotRefundable: the payment, as it stands, gives nothing back.
	ErrNotRefundable = errors.New("nothing of the payment can be given back")
)

// Refund asks for money of a payment to be given back to the card, in whole or in part.
type Refund struct {
	Of      ID
	Amount  currency.Amount // in the payment's currency
	All     bool            // all that is left, in place of Amount
	FormKey string          // made with the page or by the command: sent twice it is one refund
	Reason  string          // in words, for the history; at most 500 characters
	Who     string
}

// Refund gives money back, once, and returns the refund as it then stands, or as it stands
// after chargeWait: it goes on without whoever asked for it. Of a payment that stands in Splynx
// any part can be given back; of one that waits for a person, and was not booked, the whole.
// ErrTooMuch, ErrNotRefundable, ErrFormChanged, ErrNoCredentials, ErrNotFound.
//
// The money is given back at the gateway. What is to be typed into Splynx then stands on the
// refund, which waits for a person to say that it is done (Settle with SettleRecorded).
func (e *Engine) Refund(ctx context.Context, r Refund) (*Payment, error) {
	g, land, err := e.takeOff()
	if err != nil {
		return nil, err
	}
	defer land()
	reason, err := cleanReason(r.Reason)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNotRefundable, err)
	case r.Who == "" || r.FormKey == "":
		return nil, fmt.Errorf("%w: it must be known who says so, and by which form", ErrNotRefundable)
	}
	if err := e.trustedSoon(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	of, err := e.refundedOf(ctx, g, r.Of)
	if err != nil {
		return nil, err
	}
	if err := e.surelyUnbooked(ctx, g, of); err != nil {
		return nil, err
	}
	if r.All {
		if r.Amount, err = of.Left(); err != nil {
			return nil, err
		}
	}
	row, err := e.reserve(ctx, g, of, r.Amount, r.FormKey, OriginAdministrator, r.Who, reason)
	switch {
	case err != nil:
		return nil, err
	case !r.All && !row.Amount.Equal(r.Amount):
		return nil, ErrFormChanged
	case row.State != Created: // the same form again
		return row, nil
	}
	e.did(ctx, g, DeedRefund, of, r.Who, row.Amount.String()+": "+reason)
	return e.meanwhile(ctx, row, func(ctx context.Context) (*Payment, error) {
		if err := e.sendRefund(ctx, g, row); err != nil && !errors.Is(err, errFenced) {
			return nil, err
		}
		e.step(row.ID) // so that what is to be typed into Splynx is known at once
		return e.store.Get(ctx, row.ID)
	})
}

// surelyUnbooked refuses to give back a payment that waits for a person, and that stands in
// Splynx all the same, or may be on its way there from a journal that was lost.
func (e *Engine) surelyUnbooked(ctx context.Context, g *Generation, of *Payment) error {
	if of.State != Parked {
		return nil
	}
	rows, err := e.search(ctx, g, of)
	if err != nil {
		return fmt.Errorf("look whether the payment stands in splynx: %w", err)
	}
	if rows = live(rows); len(rows) > 0 {
		return fmt.Errorf("%w: payments %s in Splynx carry its number; settle it as recorded, then give it back", ErrNotRefundable, ids(rows))
	}
	if left := of.CreatedAt.Add(g.Settings.BookingQuietTime).Sub(e.now()); of.Reason == ReasonNoIntent && left > 0 {
		return fmt.Errorf("%w: a journal that was lost may still be booking it; try again in %s", ErrNotRefundable, left.Round(time.Second))
	}
	return nil
}

// refundedOf reads the payment that is to be given back, with those of its refunds noted that
// have failed for good since: they count no more.
func (e *Engine) refundedOf(ctx context.Context, g *Generation, id ID) (*Payment, error) {
	of, err := e.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := g.pxPost(of.Endpoint, of.PxPostUser); err != nil {
		return nil, err
	}
	failed := map[ID]bool{}
	for _, b := range of.GivenBack {
		if r, err := e.store.Get(ctx, b.ID); err != nil {
			return nil, err
		} else if !b.Failed && e.refundFailed(r) {
			failed[b.ID] = true
		}
	}
	if len(failed) == 0 {
		return of, nil
	}
	return e.change(ctx, g, id, func(q *Payment) (Writes, error) {
		q.noteFailed(failed)
		return Writes{}, nil
	})
}

// noteFailed takes refunds that have failed out of what is spoken for.
func (p *Payment) noteFailed(failed map[ID]bool) {
	for i := range p.GivenBack {
		p.GivenBack[i].Failed = p.GivenBack[i].Failed || failed[p.GivenBack[i].ID]
	}
}

// refundable tells whether an amount of the payment can be given back by a person.
func (p *Payment) refundable(amount currency.Amount) error {
	switch {
	case !p.HasMoney():
		return fmt.Errorf("%w: the gateway knows of no money for it", ErrNotRefundable)
	case p.apart():
		return fmt.Errorf("%w: it is a %s, which comes back by itself", ErrNotRefundable, strings.ToLower(title(p.Kind)))
	case p.State == Recorded:
		return nil
	case p.State == Parked && !p.standsInSplynx():
		if !amount.Equal(p.Amount) {
			return fmt.Errorf("%w: it is not booked, so only the whole of it can be given back", ErrNotRefundable)
		}
		return nil
	case p.State == Parked:
		return fmt.Errorf("%w: it may stand in Splynx; settle it first", ErrNotRefundable)
	case p.State == Approved:
		return fmt.Errorf("%w: it is being booked; try again in a minute", ErrNotRefundable)
	}
	return fmt.Errorf("%w: it is %s", ErrNotRefundable, p.State)
}

// GivenBack is a refund of a payment: done, under way, or failed.
type GivenBack struct {
	ID     ID              `json:"id"`
	Amount currency.Amount `json:"amount"`
	Failed bool            `json:"failed,omitempty"` // finally: it counts no more
}

// Left is what may still be given back of a payment.
func (p *Payment) Left() (currency.Amount, error) {
	left := p.Amount
	for _, g := range p.GivenBack {
		if g.Failed {
			continue
		}
		var err error
		if left, err = left.Sub(g.Amount); err != nil {
			return left, err
		}
	}
	return left, nil
}

// refundID is the number of a refund. It follows from the key, so that asking twice with one
// key asks for one refund.
func refundID(of ID, key string) (ID, error) {
	return NewID(rand.NewChaCha8(sha256.Sum256([]byte("refund\x00" + string(of) + "\x00" + key))))
}

// reserve makes the row of a refund of p, in one write with what of p is spoken for.
// ErrTooMuch. The refund that the key has made already is returned as it stands.
func (e *Engine) reserve(ctx context.Context, g *Generation, p *Payment, amount currency.Amount, key string, by Origin, who, note string) (*Payment, error) {
	id, err := refundID(p.ID, key)
	if err != nil {
		return nil, err
	}
	now := e.now()
	kind := windcave.Refund
	if p.Held() { // then it is let go
		kind = windcave.Void
	}
	r := &Payment{
		ID: id, TxnID: id, Kind: KindRefund, Way: WayBack, Origin: by, Site: p.Site, Of: p.ID,
		Partner: p.Partner, Customer: p.Customer, DocumentID: p.DocumentID, DocumentNumber: p.DocumentNumber, ByID: p.ByID,
		Amount: amount, Endpoint: p.Endpoint, PxPayUser: p.PxPayUser, PxPostUser: p.PxPostUser, OwnAccount: p.OwnAccount,
		TxnType: string(kind), Card: p.Card, Payer: p.Payer,
		Reference: windcave.RefundRequest{MerchantReference: title(KindRefund) + " " + p.Reference}.Sent().MerchantReference,
		NextAt:    now,
	}
	if by != OriginEngine { // whoever asked sends it
		r.LeaseOwner, r.LeaseUntil, r.NextAt, r.Fence = e.node, now.Add(chargeLease), now.Add(chargeLease), 1
	}
	_, err = e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		for _, b := range q.GivenBack {
			if b.ID == id {
				return Writes{}, nil
			}
		}
		left, err := q.Left()
		if err != nil {
			return Writes{}, err
		}
		if by != OriginEngine {
			if err := q.refundable(amount); err != nil {
				return Writes{}, err
			}
		}
		if !q.HasMoney() || !amount.IsPositive() || below(left, amount) {
			return Writes{}, ErrTooMuch
		}
		q.GivenBack = append(q.GivenBack, GivenBack{ID: id, Amount: amount})
		return Writes{New: r, NewEvent: r.begin(Created, ReasonStarted, note, who, now)}, nil
	})
	if err != nil {
		return nil, err
	}
	faultpoint.Hit("refund_reserved")
	return e.store.Get(ctx, id)
}

// below compares amounts; of two currencies neither is.
func below(a, b currency.Amount) bool {
	c, err := a.Cmp(b)
	return err != nil || c < 0
}

// sendRefund takes a refund that was never sent to the gateway. r was claimed.
func (e *Engine) sendRefund(ctx context.Context, g *Generation, r *Payment) error {
	if r.Origin != OriginEngine && r.Fence > 1 {
		return e.abandon(ctx, g, r) // whoever asked for it has moved on
	}
	of, err := e.store.Get(ctx, r.Of)
	if err != nil {
		return err
	}
	if r.Origin == OriginEngine && (of.State != Approved || !of.GivesBack && of.Kind != KindCardCheck) {
		if of.State == Parked { // a person decides whether it goes back
			return e.waitForRefund(ctx, g, r, e.now().Add(refundPoll), nil)
		}
		return e.abandon(ctx, g, r)
	}
	clients, err := g.pxPost(r.Endpoint, r.PxPostUser)
	if err != nil {
		return e.parkUnasked(ctx, g, r, err)
	}
	if r.Origin == OriginEngine && r.TxnType == string(windcave.Refund) {
		if done, err := e.refundedBefore(ctx, g, clients, r); done || err != nil {
			return err
		}
	}
	r, err = e.change(ctx, g, r.ID, fenced(r, func(q *Payment) (Writes, error) {
		now := e.now()
		q.LeaseOwner, q.LeaseUntil, q.NextAt = e.node, now.Add(chargeLease), now.Add(chargeLease)
		ev, err := q.move(Submitted, ReasonSent, "", "engine", now)
		return Writes{Events: []Event{ev}}, err
	}))
	if err != nil {
		return err
	}
	faultpoint.Hit("refund_intent")
	if why := e.mayBeSent(ctx, r); why != "" {
		_, err := e.change(ctx, g, r.ID, func(q *Payment) (Writes, error) { return e.unsent(q, r, why, "") })
		return err
	}
	v, failed := e.giveBackNow(ctx, clients[0], of, r)
	e.sent.begin(r.ID)
	faultpoint.Hit("refund_answered")
	q, err := e.change(ctx, g, r.ID, func(q *Payment) (Writes, error) { return e.answered(q, v, failed) })
	if err != nil {
		return err
	}
	faultpoint.Hit("refund_stored")
	e.afterAnswer(ctx, g, q)
	return nil
}

// refundedBefore asks whether a refund that the engine makes by itself was made before: its
// number follows from the payment's, so the journal that this one is a backup of has used it.
func (e *Engine) refundedBefore(ctx context.Context, g *Generation, clients []*windcave.PxPost, r *Payment) (bool, error) {
	v, err := askStatus(ctx, clients, r)
	if err != nil || v.NotFound {
		return false, err
	}
	q, err := e.change(ctx, g, r.ID, fenced(r, func(q *Payment) (Writes, error) { return e.apply(q, v, "", byStatusSource) }))
	if err == nil && q.State == Created && v.Outcome != windcave.Failed {
		err = errors.New("the gateway does not say whether the refund was made before")
	}
	return err == nil && q.State != Created, err
}

// giveBackNow asks the gateway, once.
func (e *Engine) giveBackNow(ctx context.Context, with *windcave.PxPost, of, r *Payment) (windcave.Verdict, error) {
	if r.TxnType == string(windcave.Refund) {
		_, v, err := with.Refund(ctx, windcave.RefundRequest{DpsTxnRef: of.DpsTxnRef, Amount: r.Amount, TxnID: string(r.TxnID), MerchantReference: r.Reference})
		return v, err
	}
	_, v, err := with.Void(ctx, windcave.VoidRequest{DpsTxnRef: of.DpsTxnRef, TxnID: string(of.TxnID), Amount: of.Amount})
	if v.DpsTxnRef == "" {
		v.DpsTxnRef = of.DpsTxnRef // a Void may name none
	}
	return v, err
}

// refundFailed tells whether a refund has failed finally, so that it counts no more: one that
// was never done, once the gateway has answered the last question about it.
func (e *Engine) refundFailed(r *Payment) bool {
	switch r.State {
	case Declined, NotStarted:
		return true
	case NotDone:
		return r.surelyUnsent() || r.Reason == ReasonSettledNotPaid ||
			r.TxnType != string(windcave.Void) && e.now().Sub(r.MovedAt) > notDoneLooks[len(notDoneLooks)-1]+time.Minute && r.NextAt.IsZero()
	}
	return false
}

// wakeOriginal lets what hangs on a refund go on. One that is done counts, also if it was
// given up before.
func (e *Engine) wakeOriginal(ctx context.Context, g *Generation, r *Payment) error {
	_, err := e.change(ctx, g, r.Of, func(q *Payment) (Writes, error) {
		for i := range q.GivenBack {
			if q.GivenBack[i].ID == r.ID && r.HasMoney() {
				q.GivenBack[i].Failed = false
			}
		}
		if q.State == Approved {
			q.NextAt = e.now()
		}
		return Writes{}, nil
	})
	if err != nil {
		return fmt.Errorf("wake the payment that refund %s is of: %w", r.ID, err)
	}
	return nil
}
