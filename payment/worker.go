package payment

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
)

const (
	workers  = 8
	busyLook = time.Second // what is due was claimed elsewhere
	// breath is left to whoever has just changed a payment: the page is answered first, and what
	// else changes meanwhile is taken up in the same round.
	breath = 2 * time.Millisecond
	// roundShare keeps rounds to a tenth of the time, however fast a run changes payments.
	roundShare = 9
)

// work takes up what is unfinished until Close.
func (e *Engine) work() {
	defer close(e.done)
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		busy    = make(map[string]bool)
	)
	defer running.Wait()
	run := func(key string, fn func()) {
		mu.Lock()
		defer mu.Unlock()
		if busy[key] {
			return
		}
		busy[key] = true
		running.Add(1)
		go func() {
			defer running.Done()
			defer func() {
				mu.Lock()
				delete(busy, key)
				mu.Unlock()
				e.poke()
			}()
			defer e.survive("worker")
			fn()
		}()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var took time.Duration // of the last round
	for soon := false; ; {
		select {
		case <-e.stop:
			return
		case <-e.wake:
			if !soon {
				soon = true
				timer.Reset(max(breath, min(roundShare*took, busyLook)))
			}
		case <-timer.C:
			soon = false
			begun := time.Now()
			next := e.round(run)
			took = time.Since(begun)
			timer.Reset(next)
		}
	}
}

// round starts what is due and tells how long to wait for the next round.
func (e *Engine) round(run func(key string, fn func())) time.Duration {
	ctx := context.Background()
	g, err := e.current()
	if err != nil {
		return e.look
	}
	now := e.now()
	if wait := e.trouble.wait(now); wait > 0 {
		return wait
	}
	payments, nextPayment, err := e.store.Due(ctx, now, 4*workers)
	if err != nil {
		g.logger().Error("journal cannot be read", zap.Error(err))
		return busyLook
	}
	tokens, nextToken, err := e.store.DueTokens(ctx, now, workers)
	if err != nil {
		g.logger().Error("journal cannot be read", zap.Error(err))
		return busyLook
	}
	for _, id := range payments {
		run(string(id), func() { e.step(id) })
	}
	for _, t := range tokens {
		run(string(t.Payment)+t.Hash, func() {
			defer take(e.asking)()
			_, _ = e.judge(t)
		})
	}
	e.watch(ctx, g, now)
	next := earlier(nextPayment, nextToken)
	if next.IsZero() {
		return e.look
	}
	return min(max(next.Sub(now), busyLook/20), e.look)
}

// step claims a payment and does what its state asks for.
func (e *Engine) step(id ID) {
	ctx := context.Background()
	g, err := e.current()
	if err != nil {
		return
	}
	places := e.asking
	if p, err := e.store.Get(ctx, id); err == nil && p.State == Approved {
		places = e.booking
	}
	defer take(places)()
	p, err := e.store.Claim(ctx, id, e.node, e.now(), claimLease)
	if errors.Is(err, ErrClaimed) {
		return
	}
	if err != nil {
		e.journalFailed(g, err)
		return
	}
	e.trouble.over()
	faultpoint.Hit("claimed")
	if p.Site != "" && p.Site != g.Settings.PublicURL {
		e.elsewhere(ctx, g, p)
		return
	}
	switch {
	case p.Save.Stage == SaveStoring && (p.State != Approved || p.apart()) && !p.Save.NextAt.After(e.now()):
		err = e.storeCard(ctx, g, p)
	default:
		err = e.act(ctx, g, p)
	}
	if err != nil && !errors.Is(err, errFenced) {
		g.logger().Error("payment cannot be moved now; it is tried again", append(describe(p), zap.Error(err))...)
		e.postpone(ctx, g, p)
	}
}

// act does what the state of a claimed payment asks for.
func (e *Engine) act(ctx context.Context, g *Generation, p *Payment) (err error) {
	switch p.State {
	case Created:
		if p.Kind == KindRefund {
			return e.sendRefund(ctx, g, p)
		}
		return e.abandon(ctx, g, p)
	case Approved:
		switch {
		case p.Kind == KindRefund:
			return e.refundDone(ctx, g, p)
		case p.Kind == KindCardCheck, p.GivesBack:
			return e.giveBack(ctx, g, p)
		case p.Way == WaySavedCard:
			e.ownCard(ctx, g, p)
		}
		return e.book(ctx, g, p)
	case Recorded, Refunded, Settled:
		return e.lookAgain(ctx, g, p)
	case Parked:
		return e.lookParked(ctx, g, p)
	default:
		err = e.ask(ctx, g, p)
		// However it ended, what may have been posted is searched for again.
		if at := nextLaterLook(p); err == nil && !at.IsZero() && !at.After(e.now()) {
			err = e.lookAgain(ctx, g, p)
		}
		return err
	}
}

// errFenced tells that another claim has taken the payment: whoever holds it goes on.
var errFenced = errors.New("the claim was taken over")

// abandon ends a person's payment that was never offered: that person has moved on. The
// page may exist all the same, so it is asked about like any other.
func (e *Engine) abandon(ctx context.Context, g *Generation, p *Payment) error {
	_, err := e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		if q.State != Created || q.Fence != p.Fence {
			return Writes{}, errFenced
		}
		ev, err := q.move(NotStarted, ReasonInterrupted, "", "engine", e.now())
		e.rest(q, e.now())
		return Writes{Events: []Event{ev}}, err
	})
	return err
}

// rest gives the claim back and sets the time of the next look from the payment's state.
func (e *Engine) rest(p *Payment, now time.Time) {
	p.LeaseOwner, p.LeaseUntil = "", time.Time{}
	switch p.State {
	case Created, Approved, Submitted, Unknown:
		if p.NextAt.IsZero() {
			p.NextAt = now
		}
	case Recorded, Refunded, Settled:
		p.NextAt = nextLaterLook(p)
	case Parked:
		p.NextAt = nextLaterLook(p)
		if p.Reason == ReasonCredentialsMissing || p.Reason == ReasonUndecided {
			p.NextAt = earlier(p.NextAt, now.Add(credentialsPause))
		}
		switch {
		case p.HasMoney():
		case p.Way == WayHosted:
			p.NextAt = earlier(p.NextAt, nextPageLook(p, now))
		case p.mayHaveBeenSent():
			p.NextAt = earlier(p.NextAt, now.Add(stuckAgain))
		}
	default:
		p.NextAt = time.Time{}
		switch {
		case p.Way == WayHosted:
			p.NextAt = nextPageLook(p, now)
		default:
			p.NextAt = nextEndedLook(p, now)
		}
		p.NextAt = earlier(p.NextAt, nextLaterLook(p))
	}
	if p.Save.Stage == SaveStoring {
		p.NextAt = earlier(p.NextAt, p.Save.NextAt)
	}
}

// postpone gives the claim back after a failure and tries again later.
func (e *Engine) postpone(ctx context.Context, g *Generation, p *Payment) {
	_, err := e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		if q.Fence != p.Fence {
			return Writes{}, errFenced
		}
		q.LeaseOwner, q.LeaseUntil = "", time.Time{}
		q.NextAt = e.now().Add(pause(bookingPauses, q.Step))
		q.Step++
		return Writes{}, nil
	})
	if err != nil && !errors.Is(err, errFenced) {
		e.journalFailed(g, err) // the claim lapses
	}
}

// elsewhere leaves a payment alone that was started at another installation: its customer and
// invoice are others here. It goes on when a configuration of that one is back.
func (e *Engine) elsewhere(ctx context.Context, g *Generation, p *Payment) {
	g.logger().Error("payment belongs to another installation; it waits for that configuration", append(describe(p), zap.String("public_url", p.Site))...)
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		q.LeaseOwner, q.LeaseUntil = "", time.Time{}
		q.NextAt = e.now().Add(credentialsPause)
		return Writes{}, nil
	}))
	if err != nil && !errors.Is(err, errFenced) {
		e.journalFailed(g, err)
	}
}

// take takes a place and returns what gives it back.
func take(places chan struct{}) func() {
	places <- struct{}{}
	return func() { <-places }
}
