package payment

import (
	"context"
	"time"
)

// quietMark holds until when a POST of the journal before this one may still commit.
const quietMark = "quiet"

// mayBePosted tells whether money that is new to this journal may be on its way into Splynx
// already: the journal was made anew or restored, and the one before it has posted the money.
func (c *comparison) mayBePosted(now time.Time) bool {
	if !c.done() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.Before(c.quiet)
}

// keepQuiet notes that a held journal has taken the place of another one, whose POSTs need as
// much time as any that nobody has the answer of. A new journal beside a Splynx without a
// trace of ours is the first one.
func (e *Engine) keepQuiet(ctx context.Context, g *Generation, held *Hold, traces bool) error {
	until, _, err := readMark[time.Time](ctx, e.store, quietMark)
	if err != nil {
		return err
	}
	if held != nil && (held.Why == HeldRestored || traces) {
		until = e.now().Add(g.Settings.BookingQuietTime)
		if err := setMark(ctx, e.store, quietMark, until); err != nil {
			return err
		}
	}
	e.compare.mu.Lock()
	defer e.compare.mu.Unlock()
	e.compare.quiet = until
	return nil
}
