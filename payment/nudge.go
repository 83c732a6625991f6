package payment

import (
	"context"
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// How often somebody who waits on a page may make the engine look, and how often once Splynx
// has not taken the payment for a while.
const (
	nudgePause     = 2 * time.Second
	nudgeLongPause = 30 * time.Second
	nudgeTries     = 5
)

// nudges remembers when each payment was last looked at because somebody waited.
type nudges struct {
	mu   sync.Mutex
	last map[ID]time.Time
}

func (n *nudges) allow(p *Payment, now time.Time) bool {
	wait := nudgePause
	if p.Step > nudgeTries {
		wait = nudgeLongPause
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if since := now.Sub(n.last[p.ID]); since >= 0 && since < wait {
		return false
	}
	if n.last == nil || len(n.last) > 10_000 {
		n.last = make(map[ID]time.Time)
	}
	n.last[p.ID] = now
	return true
}

// Nudge makes the engine look at once at an approved payment, at a charge whose outcome is not
// known, or at a card that is being saved, for a person waits for it. It changes nothing but the
// time of the next try: what may be done then is decided as always. The searches after a 201 are
// counted, and not to be used up by somebody who waits.
func (e *Engine) Nudge(ctx context.Context, id ID) {
	g, err := e.current()
	if err != nil {
		return
	}
	p, err := e.store.Get(ctx, id)
	if err != nil || !p.nudgeable() || e.now().Before(p.LeaseUntil) || p.NextAt.Sub(e.now()) < nudgePause {
		return
	}
	if !e.nudged.allow(p, e.now()) {
		return
	}
	_, _ = e.change(ctx, g, id, func(q *Payment) (Writes, error) {
		if q.State == p.State && q.Fence == p.Fence && q.NextAt.Equal(p.NextAt) {
			q.NextAt = e.now()
			if q.Save.Stage == SaveStoring {
				q.Save.NextAt = q.NextAt
			}
		}
		return Writes{}, nil
	})
}

func (p *Payment) nudgeable() bool {
	switch {
	case p.Save.Stage == SaveStoring:
		return true
	case p.State == Unknown:
		return p.TxnType != string(windcave.Void)
	}
	return p.State == Approved && p.Booking.Post != PostAnswered
}

// Waiting tells whether something came back for p that the gateway has not been heard on yet.
func (e *Engine) Waiting(ctx context.Context, p *Payment) (bool, error) {
	n, err := e.store.PendingTokens(ctx, p.ID)
	return n > 0, err
}
