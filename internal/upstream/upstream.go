// Package upstream stands between a client and a server that may not answer: it bounds how
// many calls are under way, and stops asking for a while when nobody answers, so that callers
// learn at once what they would else learn after a time-out each.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"
)

// ErrOpen tells that the call was not made because the last ones got no answer.
var ErrOpen = errors.New("it did not answer the last calls and is left alone for a while")

// errNoAnswer and errGivenUp are what the breaker is told of a call.
var (
	errNoAnswer = errors.New("no answer")
	errGivenUp  = errors.New("given up by the caller")
)

// Options are how patient a Gate is. The zero value works.
type Options struct {
	// Failures in a row open the gate: no call passes. Default: 5.
	Failures uint32
	// Pause is how long it stays open; then one call tries. Default: 10s.
	Pause time.Duration
	// Concurrent is how many calls are under way at once; others wait. Default: 64.
	Concurrent int64
	// Logger gets a warning when the gate opens and a line when the server is back.
	// Default: none.
	Logger *zap.Logger
}

// Gate guards one server. It is safe for concurrent use.
type Gate struct {
	name    string
	log     *zap.Logger
	places  *semaphore.Weighted
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu       sync.Mutex
	since    time.Time
	lastFail time.Time
}

// New returns a closed gate: calls pass. The name stands in log lines and errors.
func New(name string, o Options) *Gate {
	if o.Failures == 0 {
		o.Failures = 5
	}
	if o.Pause <= 0 {
		o.Pause = 10 * time.Second
	}
	if o.Concurrent <= 0 {
		o.Concurrent = 64
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	g := &Gate{name: name, log: o.Logger, places: semaphore.NewWeighted(o.Concurrent), since: time.Now()}
	g.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:          name,
		Timeout:       o.Pause,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= o.Failures },
		IsExcluded:    func(err error) bool { return errors.Is(err, errGivenUp) },
		OnStateChange: g.changed,
	})
	return g
}

// Enter waits for a place until ctx ends. Its error tells why the call must not be made:
// ErrOpen, or that of ctx. Else done has to be called once when the call is over, with
// whether somebody answered. A call that ctx's owner has cancelled says nothing about the
// server.
func (g *Gate) Enter(ctx context.Context) (done func(reached bool), err error) {
	if g.breaker.State() == gobreaker.StateOpen {
		return nil, g.closedFor(ErrOpen) // the places may all be held by calls that hang
	}
	if err := g.places.Acquire(ctx, 1); err != nil {
		return nil, g.closedFor(fmt.Errorf("too many calls are under way: %w", err))
	}
	tell, err := g.breaker.Allow()
	if err != nil {
		g.places.Release(1)
		return nil, g.closedFor(ErrOpen)
	}
	var once sync.Once
	return func(reached bool) {
		once.Do(func() {
			tell(g.outcome(ctx, reached)) // first, so that whoever waits learns of it
			g.places.Release(1)
		})
	}, nil
}

func (g *Gate) closedFor(cause error) error { return fmt.Errorf("%s: %w", g.name, cause) }

func (g *Gate) outcome(ctx context.Context, reached bool) error {
	switch {
	case reached:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return errGivenUp
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lastFail = time.Now()
	return errNoAnswer
}
