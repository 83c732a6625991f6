package payment

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	stuckAfter = time.Hour
	stuckAgain = 24 * time.Hour
	watchPause = 10 * time.Minute
)

// watch reports payments that hold money, or may, and have not moved for an hour; and again
// daily. Stuck money is never silent.
func (e *Engine) watch(ctx context.Context, g *Generation, now time.Time) {
	if last := e.watched[""]; now.Sub(last) < watchPause {
		return
	}
	e.watched[""] = now
	stuck, err := e.store.Find(ctx, Filter{States: InFlight(), Before: now.Add(-stuckAfter), Limit: 1000})
	if err != nil {
		g.logger().Error("journal cannot be read", zap.Error(err))
		return
	}
	for _, p := range stuck {
		if now.Sub(e.watched[p.ID]) < stuckAgain {
			continue
		}
		e.watched[p.ID] = now
		g.logger().Error("payment is unfinished", append(describe(p), zap.String("why", string(p.Reason)), zap.Time("since", p.MovedAt))...)
	}
	for id, at := range e.watched {
		if now.Sub(at) > 2*stuckAgain {
			delete(e.watched, id)
		}
	}
}
