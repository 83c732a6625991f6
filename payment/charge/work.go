package charge

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
)

// chunk is how many items are looked at anew together before they are charged.
const chunk = 40

// runner charges what a run has planned, in order: items are read and looked at anew in chunks,
// and charged in batches, beside the charges that are under way.
type runner struct {
	*job
	breaker *breaker
	limit   *rate.Limiter
	gate    *gate
	places  chan struct{} // at the gateway
	ready   chan batch
	fed     chan struct{} // closed when nothing more is handed on in this pass

	mu     sync.Mutex
	paused bool
}

// batch is some items of a run, and when they were looked at.
type batch struct {
	items []Item
	at    time.Time
}

// chargeAll charges until nothing planned is left, the run moves on, or it has to pause.
func (j *job) chargeAll(ctx context.Context) {
	w := &runner{job: j, breaker: newBreaker(j.o), places: make(chan struct{}, j.o.Concurrency)}
	if j.o.PerSecond > 0 {
		w.limit = rate.NewLimiter(j.o.PerSecond, 1)
	}
	w.gate = newGate(w.chargers() * w.batch())
	for passes := 1; ; passes++ {
		if !w.booked(ctx) || !w.pass(ctx) {
			return
		}
		left, err := w.store.RunItems(ctx, w.id, ItemFilter{State: ItemPlanned}, 0, 1)
		if err != nil {
			return
		}
		if len(left) == 0 {
			faultpoint.Hit("run_all_begun")
			_, _ = w.held(ctx, func(run *Run) (Writes, error) { return w.step(run, Done, WhyAllBegun, "", "engine") })
			return
		}
		if passes == mostPasses {
			w.pause(WhyErrors, nil)
		}
		if !sleep(ctx, passPause) {
			return
		}
	}
}

const (
	// passPause is how long the run rests before it tries again what it could not begin.
	passPause  = 10 * time.Second
	mostPasses = 5
)

// pass goes through what is planned once, and tells whether the run may go on.
func (w *runner) pass(ctx context.Context) bool {
	w.ready, w.fed = make(chan batch), make(chan struct{})
	var chargers, watch sync.WaitGroup
	for n := range w.chargers() {
		chargers.Go(func() { w.chargeReady(ctx, n) })
	}
	watched, stopWatching := context.WithCancel(ctx)
	watch.Go(func() { w.watch(watched) })
	err := func() error {
		defer watch.Wait()
		defer stopWatching()
		defer chargers.Wait()
		defer close(w.fed)
		defer close(w.ready)
		return w.feed(ctx)
	}()
	if err != nil && ctx.Err() == nil {
		w.pause(whyFails(err), err)
	}
	return ctx.Err() == nil
}

// chargers is how many batches are charged at a time: the next ones are claimed when places become
// free.
func (w *runner) chargers() int { return 2*w.o.Concurrency/w.batch() + 2 }

// feed looks at what is planned anew, chunk by chunk, a few chunks at a time, and hands it to the
// chargers.
func (w *runner) feed(ctx context.Context) error {
	looks, ctx := errgroup.WithContext(ctx)
	looks.SetLimit(1 + w.o.Concurrency/chunk)
	for after := int64(0); w.keepsUp(ctx); {
		items, err := w.store.RunItems(ctx, w.id, ItemFilter{State: ItemPlanned}, after, chunk)
		if err != nil {
			looks.Go(func() error { return err })
			break
		}
		if len(items) == 0 {
			break
		}
		after = items[len(items)-1].Seq
		looks.Go(func() error { return w.look(ctx, items) })
	}
	return looks.Wait()
}

// keepsUp waits until Splynx keeps up with the charges, and tells whether the run goes on.
func (w *runner) keepsUp(ctx context.Context) bool {
	for ctx.Err() == nil {
		sums, err := w.store.RunSums(ctx, w.id)
		if err != nil {
			return ctx.Err() == nil // reading the items tells
		}
		waiting := int64(0)
		for _, s := range sums {
			if s.State == ItemApproved {
				waiting += s.Count
			}
		}
		if waiting <= int64(w.o.Backlog) {
			return true
		}
		sleep(ctx, time.Second)
	}
	return false
}

// look looks at items anew and hands on what may be charged.
func (w *runner) look(ctx context.Context, items []Item) error {
	seen, err := w.anew(ctx, items)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(seen.items, w.batch()) {
		select {
		case w.ready <- batch{some, seen.at}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// anew reads what the items' charges hang on, leaves out what has changed, and returns the rest.
func (w *runner) anew(ctx context.Context, items []Item) (seen batch, err error) {
	var leave []Leaving
	err = w.patiently(ctx, func() (err error) {
		seen.at = w.now()
		seen.items, leave, err = w.judge(ctx, items)
		return err
	})
	if err != nil || len(leave) == 0 {
		return seen, err
	}
	_, err = w.held(ctx, func(*Run) (Writes, error) { return Writes{Leave: leave}, nil })
	w.moved.Store(true)
	return seen, err
}

// lookPauses are the pauses before Splynx is read again that did not answer; then the run pauses.
var lookPauses = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second}

func (w *runner) patiently(ctx context.Context, read func() error) error {
	for try := 0; ; try++ {
		err := read()
		if err == nil || try == len(lookPauses) || !sleep(ctx, lookPauses[try]) {
			return err
		}
	}
}

// pause has the run pause by itself, once. Where somebody has moved it, what is claimed goes on.
func (w *runner) pause(why Why, cause error) {
	if errors.Is(cause, errFenced) {
		w.halt(errFenced)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused {
		return
	}
	note := ""
	if cause != nil {
		note = cause.Error()
	}
	_, err := w.held(context.WithoutCancel(w.ctx), func(run *Run) (Writes, error) { return w.step(run, Paused, why, note, "engine") })
	if err != nil && !errors.Is(err, errFenced) {
		logger(w.g).Error("charge run could not be paused; it begins nothing more here", describe(w.run, zap.Error(err))...)
	}
	w.paused = true
	w.halt(errFenced)
}
