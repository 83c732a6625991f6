package payment

import (
	"context"
	"time"
)

// nudgePause is how often somebody who waits on a page may make the engine look.
const nudgePause = 2 * time.Second

// Nudge makes the engine look at an approved payment at once, for a person waits for it. It
// changes nothing but the time of the next try: what may be done then is decided as always.
// The searches after a 201 are counted, and not to be used up by somebody who waits.
func (e *Engine) Nudge(ctx context.Context, id ID) {
	g, err := e.current()
	if err != nil {
		return
	}
	p, err := e.store.Get(ctx, id)
	if err != nil || p.State != Approved || p.Booking.Post == PostAnswered || e.now().Before(p.LeaseUntil) || p.NextAt.Sub(e.now()) < nudgePause {
		return
	}
	_, _ = e.change(ctx, g, id, func(q *Payment) (Writes, error) {
		if q.State == Approved && q.Fence == p.Fence && q.NextAt.Equal(p.NextAt) {
			q.NextAt = e.now()
		}
		return Writes{}, nil
	})
}

// Waiting tells whether something came back for p that the gateway has not been heard on yet.
func (e *Engine) Waiting(ctx context.Context, p *Payment) (bool, error) {
	n, err := e.store.PendingTokens(ctx, p.ID)
	return n > 0, err
}
