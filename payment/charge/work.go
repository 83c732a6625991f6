package charge

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
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

// batch is how many charges are claimed together.
func (w *runner) batch() int {
	n := min(w.o.Concurrency, chunk)
	if w.limit != nil { // what is claimed does not wait for the rate
		n = 1
	}
	return n
}

// chargeReady charges what is handed to it. Until the bank has decided on a first charge, only
// as many are tried at a time as may fail in a row.
func (w *runner) chargeReady(ctx context.Context, n int) {
	if n > 0 {
		select {
		case <-w.breaker.proven:
		case <-ctx.Done():
		case <-w.fed:
		}
	}
	for some := range w.ready {
		for len(some.items) > 0 && ctx.Err() == nil { // else what was handed on is planned still
			if w.limit != nil && w.limit.Wait(ctx) != nil {
				return
			}
			some = w.chargeSome(ctx, some)
		}
	}
}

// lookFresh is how old the look at items may be when they are claimed: a slow run looks at each
// again.
const lookFresh = 5 * time.Second

// chargeSome charges as many as may be claimed now, and returns the rest.
func (w *runner) chargeSome(ctx context.Context, some batch) batch {
	n := len(some.items)
	if !w.breaker.isProven() {
		n = min(n, w.o.StopAfter)
	}
	n = w.gate.enter(n)
	defer w.gate.leave(n)
	if w.now().Sub(some.at) > lookFresh {
		seen, err := w.anew(ctx, some.items)
		if err != nil {
			if ctx.Err() == nil {
				w.pause(whyFails(err), err)
			}
			return batch{}
		}
		some, n = seen, min(n, len(seen.items))
	}
	if now := w.stillIn(ctx, some.items[:n]); len(now) > 0 && ctx.Err() == nil {
		w.safely(ctx, now)
	}
	return batch{some.items[n:], some.at}
}

// stillIn leaves out whom somebody keeps out of runs since the look, and returns the others.
func (w *runner) stillIn(ctx context.Context, items []Item) (in []Item) {
	kept, err := w.whoIsKept(ctx)
	if err != nil {
		return nil // planned still, and tried again
	}
	for _, i := range items {
		if out := kept.out(w.run, i.Customer, i.Partner); out != "" {
			w.leave(ctx, i, out)
		} else {
			in = append(in, i)
		}
	}
	return in
}

// turn has a charge that was claimed wait for a place at the gateway. It goes on though somebody
// has paused the run meanwhile, or the process ends, unless all others would fare no better.
func (w *runner) turn(context.Context) (func(), error) {
	w.places <- struct{}{}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused {
		<-w.places
		return nil, errPaused
	}
	return func() { <-w.places }, nil
}

// errPaused tells that the run has paused by itself.
var errPaused = errors.New("the charge run has paused")

// safely charges items. A panic is an error like any other: what was written stands.
func (w *runner) safely(ctx context.Context, items []Item) {
	defer func() {
		if cause := recover(); cause != nil {
			logger(w.g).Error("a charge of a run panicked", describe(w.run, zap.Int64("item", items[0].Seq), zap.ByteString("stack", debug.Stack()))...)
			w.troubled(ctx, items[0], fmt.Errorf("a charge panicked: %v", cause))
		}
	}()
	w.charge(ctx, items)
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

// charge begins charges. Whoever else is at the same items: there is one payment for each.
func (w *runner) charge(ctx context.Context, items []Item) {
	starts := make([]payment.Start, len(items))
	for n, i := range items {
		starts[n] = payment.Start{
			Kind: payment.KindInvoice, Origin: payment.OriginRun, Partner: i.Partner, Customer: i.Customer, DocumentID: i.DocumentID, DocumentNumber: i.Number,
			Amount: i.Amount, Card: i.Card, FormKey: i.formKey(), Who: "run " + string(i.Run), Run: string(i.Run), Item: i.Seq,
		}
		if w.run.Sort == Balances {
			starts[n].Kind = payment.KindTopUp
		}
	}
	faultpoint.Hit("run_charge")
	err := w.pay.ChargeMany(context.WithoutCancel(ctx), starts, w.turn, func(n int, p *payment.Payment, err error) {
		faultpoint.Hit("run_charged")
		if err != nil {
			w.notBegun(ctx, items[n], err)
			return
		}
		w.moved.Store(true)
		w.pace.count(w.now())
		w.changed(w.id)
		w.heard(p)
		if why := w.breaker.note(p); why != "" {
			w.pause(why, nil)
		}
	})
	if err != nil {
		w.notBegun(ctx, items[0], err)
	}
}

// heard notes how the gateway keeps up with the charges.
func (w *runner) heard(p *payment.Payment) {
	switch {
	case p.State == payment.Unknown:
		claimed := w.gate.unclear()
		logger(w.g).Warn("the gateway did not say what became of a charge; fewer are sent at a time", describe(w.run, zap.String("payment", string(p.ID)), zap.Int("claimed", claimed))...)
	case p.State == payment.Declined, p.HasMoney():
		w.gate.answered()
	}
}

// notBegun looks at an error of a charge. Most say that nothing was begun, and why.
func (w *runner) notBegun(ctx context.Context, i Item, err error) {
	switch {
	case errors.Is(err, payment.ErrInFlight):
		w.leave(ctx, i, OutInFlight)
	case errors.Is(err, payment.ErrNoPartner):
		w.leave(ctx, i, OutNoPartner)
	case errors.Is(err, payment.ErrCurrency):
		w.leave(ctx, i, OutCurrency)
	case errors.Is(err, payment.ErrNoCredentials):
		w.leave(ctx, i, OutNoCredentials)
		if why := w.breaker.fails(WhyConfig); why != "" {
			w.pause(why, err)
		}
	case errors.Is(err, payment.ErrJournalOld):
		w.pause(WhyJournalOld, err)
	case errors.Is(err, ErrHalted): // by somebody, on whatever node
		w.halt(errFenced)
	case errors.Is(err, payment.ErrNoGeneration), errors.Is(err, payment.ErrHeld), errors.Is(err, payment.ErrStopped):
		w.halt(err) // goes on at the next start, or once it can
	case errors.Is(err, ErrNotPlanned), errors.Is(err, payment.ErrFormChanged): // somebody else has begun it, or left it out
	default:
		w.troubled(ctx, i, err)
	}
}

// troubled counts an error that says nothing of the charge: a payment that was written stands in
// the item, and what was not is planned still.
func (w *runner) troubled(ctx context.Context, i Item, err error) {
	if ctx.Err() != nil {
		return
	}
	logger(w.g).Warn("a charge of a run could not be begun; it is tried again", describe(w.run, zap.Int64("item", i.Seq), zap.Error(err))...)
	if why := w.breaker.fails(whyFails(err)); why != "" {
		w.pause(why, err)
	}
}

func (w *runner) leave(ctx context.Context, i Item, out Out) {
	w.moved.Store(true)
	_, err := w.held(context.WithoutCancel(ctx), func(*Run) (Writes, error) { return Writes{Leave: []Leaving{{i.Seq, out}}}, nil })
	if err != nil && !errors.Is(err, errFenced) {
		w.troubled(ctx, i, err)
	}
}
