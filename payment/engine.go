package payment

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"
)

// Errors of the engine that its callers tell apart with errors.Is.
var (
	ErrNoGeneration  = errors.New("no configuration is in force")
	ErrNoCredentials = errors.New("credentials are not configured")
	ErrNoPartner     = errors.New("the partner has no settings any more")
	ErrCurrency      = errors.New("the amount is not in the partner's currency")
	ErrInFlight      = errors.New("a payment for this document is under way")
	ErrFormChanged   = errors.New("this form was sent before with other values")
	ErrBusy          = errors.New("too many result tokens are not judged yet")
	ErrHeld          = errors.New("the journal is being compared with Splynx")
	ErrJournalOld    = errors.New("the journal does not know all payments of ours in Splynx")
)

// Engine moves payments. It outlives configurations: each brings a Generation, and a step
// uses the newest one that is present.
type Engine struct {
	store Store
	now   func() time.Time
	rand  io.Reader
	node  string
	look  time.Duration

	mu          sync.Mutex
	generations []*Generation
	closed      bool

	wake    chan struct{}
	results singleflight.Group // one question for a token, however many ask
	titles  keyed              // statements are looked up and made one at a time for a title
	starts  keyed              // of one payer for one document
	cards   keyed              // what is known of one
	saves   keyed              // of a customer's cards, one at a time
	wallets keyed              // a customer's card is about to be charged, or is being removed
	quiets  quietTimes
	sent    sentTimes
	asks    *askLimits
	nudged  nudges
	trouble trouble       // of the journal
	compare *comparison   // of the journal with Splynx
	booking chan struct{} // places of the worker, apart: a silent gateway must not hold up bookings
	asking  chan struct{}
	flights sync.WaitGroup // calls that must end before the journal closes
	stop    chan struct{}
	done    chan struct{}
	watched map[ID]time.Time
}

// Options of an Engine; the zero value is right outside of tests.
type Options struct {
	Now  func() time.Time // default: time.Now
	Rand io.Reader        // default: crypto/rand
	Look time.Duration    // how often the journal is looked at though nothing is known to be due: other nodes may have left something. Default: 30s
	Node string           // names this process in claims and events. Default: host and process id
}

// New makes an engine on a store and starts its worker; Close ends it.
func New(store Store, o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Node == "" {
		host, _ := os.Hostname()
		o.Node = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	if o.Look == 0 {
		o.Look = 30 * time.Second
	}
	e := &Engine{
		store: store, look: o.Look, rand: o.Rand, node: o.Node,
		now:     func() time.Time { return o.Now().UTC() },
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
		watched: make(map[ID]time.Time),
		asks:    newAskLimits(),
		compare: newComparison(),
		booking: make(chan struct{}, workers),
		asking:  make(chan struct{}, workers),
	}
	go e.work()
	e.flights.Go(e.keepComparing)
	return e
}

// Push puts a configuration in force.
func (e *Engine) Push(g *Generation) {
	g.Settings = g.Settings.Normalize()
	e.mu.Lock()
	if !slices.Contains(e.generations, g) {
		e.generations = append(e.generations, g)
	}
	e.mu.Unlock()
	e.compare.begin()
	e.poke()
}

// Remove takes a configuration out of force; twice does no harm. Steps under way keep it.
func (e *Engine) Remove(g *Generation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.generations = slices.DeleteFunc(e.generations, func(h *Generation) bool { return h == g })
}

// Current is the newest configuration in force. ErrNoGeneration.
func (e *Engine) Current() (*Generation, error) { return e.current() }

// current is the newest configuration in force.
func (e *Engine) current() (*Generation, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.generations) == 0 {
		return nil, ErrNoGeneration
	}
	return e.generations[len(e.generations)-1], nil
}

// Close claims nothing new, waits until the calls under way have ended or ctx is done, and
// returns. What is unfinished goes on at the next start. The store is closed by its owner.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	close(e.stop)
	e.compare.cancel()
	e.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		<-e.done
		e.flights.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close the payment engine: %w", ctx.Err())
	}
}

// fly registers a call that Close must wait for; false once the engine is closed.
func (e *Engine) fly() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.flights.Add(1)
	return true
}

// takeOff is fly for what somebody outside asks for, with the configuration that it goes by from
// its first step to its last; land ends it. ErrNoGeneration.
func (e *Engine) takeOff() (g *Generation, land func(), err error) {
	if !e.fly() {
		return nil, nil, ErrNoGeneration
	}
	if g, err = e.current(); err != nil {
		e.flights.Done()
		return nil, nil, err
	}
	return g, e.flights.Done, nil
}

// poke makes the worker look at once.
func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Get reads a payment.
func (e *Engine) Get(ctx context.Context, id ID) (*Payment, error) { return e.store.Get(ctx, id) }

// Events reads a payment's history, oldest first.
func (e *Engine) Events(ctx context.Context, id ID) ([]Event, error) { return e.store.Events(ctx, id) }

// Find lists payments, newest first.
func (e *Engine) Find(ctx context.Context, f Filter) ([]*Payment, error) { return e.store.Find(ctx, f) }

// Key returns 32 secret bytes that live as long as the journal, for sealing what name says.
func (e *Engine) Key(ctx context.Context, name string) ([]byte, error) { return e.store.Key(ctx, name) }

// change is Store.Change with this node's name in the events, told to log and observer
// once durable.
func (e *Engine) change(ctx context.Context, g *Generation, id ID, fn func(*Payment) (Writes, error)) (*Payment, error) {
	var w Writes
	var made bool // w.New was not there yet: else it was told before
	p, err := e.store.Change(ctx, id, func(p *Payment) (Writes, error) {
		var err error
		w, err = fn(p)
		made, w.Made = false, &made
		for i := range w.Events {
			w.Events[i].Node = e.node
		}
		w.NewEvent.Node = e.node
		return w, err
	})
	if err != nil {
		return nil, err
	}
	e.trouble.over()
	for _, ev := range w.Events {
		e.tell(g, p, ev)
	}
	if made {
		e.tell(g, w.New, w.NewEvent)
	}
	e.poke()
	return p, nil
}

// tell writes a move to the log and the observer.
func (e *Engine) tell(g *Generation, p *Payment, ev Event) {
	fields := append(describe(p), zap.String("from", string(ev.From)), zap.String("why", string(ev.Why)), zap.String("note", ev.Note))
	switch {
	case ev.To == Parked:
		g.logger().Error("payment parked: a person must look", fields...)
	case ev.Why == ReasonSecondCharge:
		g.logger().Error("charged a second time on one page", fields...)
	case ev.Why == ReasonPageRefused:
		g.logger().Error("windcave refused to make a payment page: check the pxpay credentials and the currency", fields...)
	case ev.Why == ReasonGatewayRefused:
		g.logger().Error("windcave refused what pxpost was asked for: check the pxpost credentials, the currency, and what the account may do", fields...)
	case ev.To == NotOffered:
		g.logger().Warn("windcave made no payment page", fields...)
	default:
		g.logger().Info("payment moved", fields...)
	}
	if g.Observer != nil {
		g.Observer.Moved(p, ev)
	}
}

// describe is what the log says of a payment: nothing that is secret or personal.
func describe(p *Payment) []zap.Field {
	return []zap.Field{
		zap.String("payment", string(p.ID)), zap.String("state", string(p.State)),
		zap.String("kind", string(p.Kind)), zap.Int64("customer", p.Customer), zap.Int64("document", p.DocumentID),
		zap.String("amount", p.Amount.String()), zap.String("dps_txn_ref", p.DpsTxnRef),
	}
}

// keyed is a set of locks, one for each key.
type keyed struct {
	mu    sync.Mutex
	locks map[string]*keyedLock
}

// keyedLock is held by whoever has put something into place. It is no mutex: tests wait for
// it in virtual time.
type keyedLock struct {
	place chan struct{}
	users int
}

// lock takes the lock of key and returns what releases it.
func (k *keyed) lock(key string) func() {
	k.mu.Lock()
	if k.locks == nil {
		k.locks = make(map[string]*keyedLock)
	}
	l := k.locks[key]
	if l == nil {
		l = &keyedLock{place: make(chan struct{}, 1)}
		k.locks[key] = l
	}
	l.users++
	k.mu.Unlock()
	l.place <- struct{}{}
	return func() {
		<-l.place
		k.mu.Lock()
		if l.users--; l.users == 0 {
			delete(k.locks, key)
		}
		k.mu.Unlock()
	}
}
