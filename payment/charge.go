package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

const (
	// chargeLease covers what is read before a charge is sent, and the longest request after.
	chargeLease  = 5 * time.Minute
	readyTimeout = 15 * time.Second
	// chargeWait is what a person waits for the gateway before the page says that it is asked.
	chargeWait = 20 * time.Second
)

// Charge charges the saved card that s names, once, and returns the payment as it then stands,
// or as it stands after chargeWait: the charge goes on without whoever asked for it. Beside
// the errors of Start it is ErrJournalOld while the journal may not know of a charge.
//
// It ends as not_done, and nothing was charged, if what is due, the card or the customer is not
// what the page has shown any more.
func (e *Engine) Charge(ctx context.Context, s Start) (*Payment, error) {
	g, land, err := e.takeOff()
	if err != nil {
		return nil, err
	}
	defer land()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	if g.Partner(s.Partner).PxPost == nil {
		return nil, fmt.Errorf("%w: PxPost of partner %d", ErrNoCredentials, s.Partner)
	}
	p, seen, err := e.submit(ctx, g, s)
	if err != nil || seen == nil {
		return p, err
	}
	if s.Origin == OriginAdministrator {
		e.did(ctx, g, DeedCharge, p, s.Who, s.Amount.String())
	}
	return e.meanwhile(ctx, p, func(ctx context.Context) (*Payment, error) { return e.charge(ctx, g, p, seen) })
}

// submit writes the intent, while what the page has shown is read anew. Without what is read,
// the payment is another one that answers s already.
func (e *Engine) submit(ctx context.Context, g *Generation, s Start) (p *Payment, seen *shown, err error) {
	// From before the card is read until the intent stands in the journal it cannot be removed:
	// nothing is charged after the card is said to be gone.
	defer e.wallets.lock(fmt.Sprint(s.Customer))()
	reading := e.readShown(ctx, g, s)
	defer func() {
		if seen == nil {
			reading.forget()
		}
	}()
	if err := e.trustedSoon(ctx); err != nil {
		return nil, nil, err
	}
	p, made, err := e.chargeIntent(ctx, g, s, func() error {
		if s.Run == "" || reading.wait() != nil { // what cannot be read ends the charge later
			return nil
		}
		return s.mayRun(reading.card)
	})
	if err != nil || !made {
		return p, nil, err
	}
	return p, reading, nil
}

// chargeIntent writes the intent to charge a saved card, unless a payment answers s already: that
// one is returned, and made is false. Nothing is written either if may has an error.
func (e *Engine) chargeIntent(ctx context.Context, g *Generation, s Start, may func() error) (p *Payment, made bool, err error) {
	p, release, err := e.admit(ctx, g, s)
	defer release()
	if p != nil || err != nil {
		return p, false, err
	}
	if err := may(); err != nil {
		return nil, false, err
	}
	if p, err = e.blank(g, s, WaySavedCard, chargeLease); err != nil {
		return nil, false, err
	}
	p.Card, p.Mode = s.Card, g.Settings.Cards.Modes.of(s.Origin)
	p.Reference = windcave.ChargeRequest{MerchantReference: s.reference()}.Sent().MerchantReference
	faultpoint.Hit("before_charge_intent")
	known, err := e.create(ctx, g, p, p.begin(Submitted, ReasonStarted, "", s.Who, e.now()), s)
	if err != nil || known != p {
		return known, false, err
	}
	faultpoint.Hit("charge_intent")
	return p, true, nil
}

// shown is what must still be as the page has shown it. It is read while the intent is written:
// only what is due has to be read after that.
type shown struct {
	customer  *splynx.Customer
	card      Card
	statement int64 // 0: not known
	wait      func() error
	forget    context.CancelFunc
	due       func(context.Context, *Payment) (owed, error)
	dueAt     time.Time // when that was read; zero: not yet
	turn      Turn
}

// Turn waits until something may be sent to the gateway, and returns what to call once that was
// answered.
type Turn func(context.Context) (done func(), err error)

// atOnce is the Turn of whoever waits for one payment.
func atOnce(context.Context) (func(), error) { return func() {}, nil }

func (e *Engine) readShown(ctx context.Context, g *Generation, s Start) *shown {
	r := &shown{turn: atOnce, due: func(ctx context.Context, p *Payment) (owed, error) { return p.dueOn(ctx, g.Splynx) }}
	ctx, r.forget = context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	var reads errgroup.Group
	reads.Go(func() (err error) { r.customer, err = g.Splynx.Customer(ctx, s.Customer); return err })
	reads.Go(func() (err error) { r.card, err = e.card(ctx, g, s.Partner, s.Customer); return err })
	reads.Go(func() error {
		r.statement, _ = e.statement(ctx, g, e.now()) // looked for again with the record
		return nil
	})
	r.wait = reads.Wait
	return r
}

// trustedSoon is Trusted, with a moment's patience for a comparison that is about to end.
func (e *Engine) trustedSoon(ctx context.Context) error {
	timer := time.NewTimer(heldWait)
	defer timer.Stop()
	select {
	case <-e.compare.through:
	case <-timer.C:
	case <-ctx.Done():
	case <-e.compare.ctx.Done():
	}
	return e.Trusted(ctx)
}

// chargeRequest is what the gateway is asked for.
func (p *Payment) chargeRequest(card Card) windcave.ChargeRequest {
	return windcave.ChargeRequest{
		DpsBillingID: card.token, Amount: p.Amount, TxnID: string(p.TxnID), MerchantReference: p.Reference,
		TxnData1: traceOf(p.Kind, p.DocumentID, p.Customer).String(), RecurringMode: p.Mode,
	}.Sent()
}

// meanwhile runs what must not hang on who asked for it, and returns what comes of it, or the
// payment as it stands after chargeWait.
func (e *Engine) meanwhile(ctx context.Context, p *Payment, run func(context.Context) (*Payment, error)) (*Payment, error) {
	type outcome struct {
		p   *Payment
		err error
	}
	if !e.fly() {
		return p, nil // goes on at the next start
	}
	done := make(chan outcome, 1)
	go func() {
		defer e.flights.Done()
		defer e.survive("charge")
		p, err := run(context.Background())
		done <- outcome{p, err}
	}()
	timer := time.NewTimer(chargeWait)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.p, o.err
	case <-timer.C:
		return e.store.Get(ctx, p.ID)
	}
}

// charge takes a payment that was just submitted to the gateway. What is due is read after the
// payment was claimed and right before it is sent: nothing is charged that was not seen.
func (e *Engine) charge(ctx context.Context, g *Generation, p *Payment, seen *shown) (*Payment, error) {
	record, why, note := e.ready(ctx, g, p, seen)
	faultpoint.Hit("charge_ready")
	var v windcave.Verdict
	var failed error
	if why == "" {
		v, why, note, failed = e.send(ctx, g, p, seen)
	}
	q, err := e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		if q.Booking.RecordID == 0 {
			q.Booking.StatementID, q.Booking.RecordID, q.Booking.RecordStatus = record.StatementID, record.RecordID, record.RecordStatus
		}
		if why != "" {
			return e.unsent(q, p, why, note)
		}
		return e.answered(q, v, failed)
	})
	if err != nil {
		return nil, fmt.Errorf("write what became of the charge: %w", err)
	}
	faultpoint.Hit("charge_stored")
	e.afterAnswer(ctx, g, q)
	return q, nil
}

// unsent ends a submitted payment that surely was not sent. Another claim may have taken it:
// whoever holds it asks the gateway.
func (e *Engine) unsent(q, claimed *Payment, why Reason, note string) (Writes, error) {
	if q.State != Submitted || q.Fence != claimed.Fence {
		return Writes{}, nil
	}
	ev, err := q.move(NotDone, why, note, "engine", e.now())
	e.rest(q, e.now())
	q.NextAt = e.now() // its statement record is to be closed
	return Writes{Events: []Event{ev}}, err
}

// answered writes what the gateway said to what was sent. Without an answer that says what
// became of it the outcome is unknown, and is asked for.
func (e *Engine) answered(p *Payment, v windcave.Verdict, failed error) (Writes, error) {
	now := e.now()
	if failed == nil && !v.Foreign {
		p.Heard = true
		w, err := e.apply(p, v, "", byCharge)
		if err != nil || len(w.Events) > 0 || w.New != nil {
			return w, err
		}
	}
	if p.State != Submitted { // late truth was first, or a pause was longer than the claim
		return Writes{}, nil
	}
	to, why, note := Unknown, ReasonOutcomeUnclear, ""
	var known *windcave.Error
	switch {
	case errors.As(failed, &known):
		note = known.Error()
		if !known.MaySent() {
			to, why = NotDone, ReasonNotSent
		}
		if known.Kind == windcave.KindInput {
			why = ReasonGatewayRefused
		}
	case failed != nil:
		note = failed.Error()
	case v.Outcome == windcave.Failed:
		to, why, note = NotDone, ReasonGatewayRefused, v.Code
	}
	p.Code, p.Class, p.Words = v.Code, string(v.Class), v.Key
	ev, err := p.move(to, why, note, string(byCharge), now)
	e.rest(p, now)
	p.NextAt = now // its statement record is to be closed
	if to == Unknown {
		p.NextAt = now.Add(pause(unknownPauses, 0))
		p.Step = 1
	}
	return Writes{Events: []Event{ev}}, err
}

// afterAnswer forgets when a payment was sent whose outcome is known, and remembers what a decline
// says of the card.
func (e *Engine) afterAnswer(ctx context.Context, g *Generation, p *Payment) {
	if p.State != Submitted && p.State != Unknown {
		e.sent.forget(p.ID)
		if p.Kind == KindRefund {
			if err := e.wakeOriginal(ctx, g, p); err != nil {
				e.journalFailed(g, err) // it looks by itself
			}
		}
	}
	e.noteDecline(ctx, g, p)
}

// ownCard notes a card that was not saved here as that of the customer who was charged with it, and
// that one lives which a bank had refused.
func (e *Engine) ownCard(ctx context.Context, g *Generation, p *Payment) {
	if n, _, err := readMark[cardNote](ctx, e.store, cardMark(p.Card.Key)); err == nil && n.Customer != 0 && n.Hard.IsZero() {
		return
	}
	e.learn(ctx, g, p, func(n *cardNote) bool {
		n.Hard = time.Time{}
		if n.Customer == 0 {
			n.Customer, n.Endpoint, n.User = p.Customer, p.Endpoint, p.PxPostUser
		}
		return true
	})
}

// learn notes what a payment has told of its card.
func (e *Engine) learn(ctx context.Context, g *Generation, p *Payment, change func(*cardNote) bool) {
	if err := e.noteCard(ctx, p.Card.Key, change); err != nil {
		g.logger().Error("what was learned of a card could not be noted", append(describe(p), zap.Error(err))...)
	}
}

// ChargeEach charges saved cards one after the other, and stops at the first that is not
// approved: what is wrong with it may be wrong with all. It returns once they are done, or after
// chargeWait; they go on without whoever asked for them. What came of each is found by its form
// key. An error is of the first, and then nothing was charged.
func (e *Engine) ChargeEach(ctx context.Context, starts []Start) error {
	if !e.fly() {
		return ErrNoGeneration
	}
	done := make(chan error, 1)
	go func() {
		defer e.flights.Done()
		defer e.survive("charges")
		for i, s := range starts {
			p, err := e.Charge(context.WithoutCancel(ctx), s)
			if err == nil && p.HasMoney() {
				continue
			}
			if i > 0 {
				err = nil
			}
			done <- err
			return
		}
		done <- nil
	}()
	timer := time.NewTimer(chargeWait)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return nil
	}
}
