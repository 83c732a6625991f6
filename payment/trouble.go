package payment

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"
)

// trouble is a journal that cannot be written: what is due stays due, so the worker pauses,
// longer each time, in place of asking the gateway for what it could not keep.
type trouble struct {
	mu    sync.Mutex
	tries int
	until time.Time
}

// troubleLimit is the longest pause.
const troubleLimit = 30 * time.Second

// begin notes a failed write, and tells whether a pause begins with it.
func (t *trouble) begin(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.until) {
		return false
	}
	t.until = now.Add(min(busyLook<<min(t.tries, 8), troubleLimit))
	t.tries++
	return true
}

// wait is how long the pause still lasts.
func (t *trouble) wait(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return min(t.until.Sub(now), troubleLimit)
}

// over notes that a write has succeeded.
func (t *trouble) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tries, t.until = 0, time.Time{}
}

func (e *Engine) journalFailed(g *Generation, err error) {
	if e.trouble.begin(e.now()) {
		g.logger().Error("journal cannot be written; the worker pauses", zap.Error(err))
	}
}

// survive keeps a panic in one payment's step from ending the process, and with it all other
// payments: the claim lapses, and the step is tried again.
func (e *Engine) survive(what string) {
	cause := recover()
	if cause == nil {
		return
	}
	if g, err := e.current(); err == nil {
		g.logger().Error("a step panicked; it is tried again when its claim has lapsed", zap.String("step", what), zap.String("cause", fmt.Sprint(cause)), zap.ByteString("stack", debug.Stack()))
	}
}
