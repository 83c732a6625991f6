package caddymodule

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// hosts holds what outlives configurations: one journal and engine for each path.
var hosts = caddy.NewUsagePool()

// host is a journal, its engine and its charge runs. It stays until the process exits, so that no reload
// takes the journal from a payment under way.
type host struct {
	path   string
	limits *web.Limits
	nonces splynx.Nonces // for signatures: they grow over restarts too
	opener func(context.Context, string) (*journal.SQLite, error)
	tried  chan struct{} // closed once opening has been tried
	again  chan struct{} // has the opener try at once
	ended  chan struct{} // closed when nothing is opened any more
	once   sync.Once     // of close

	complained time.Time // when why was last logged; the opener's own

	// mu is held for moments: never during a call to the disk or the network.
	mu      sync.Mutex
	store   *journal.SQLite
	engine  *payment.Engine
	runs    *charge.Runs // there whenever the engine is
	pace    pace         // of runs
	pacing  bool         // runs is about to be replaced
	inForce []inForce    // oldest first
	why     error        // there is no engine
	closed  bool
	stop    context.CancelFunc // of the opener; nil before the first configuration
}

// inForce is what one configuration brings.
type inForce struct {
	generation *payment.Generation
	limit      web.GuestLimit
	pace       pace
	app        *App      // for the admin address
	since      time.Time // with the monotonic clock
	automatic  charge.Automatic
}

var errOpening = errors.New("the journal is being opened")

// loadHost takes a reference to the host of path. The first one for a path takes a second
// reference that is never given back: the host is closed by Close at the process's exit, and
// not when the last configuration goes.
func loadHost(path string) (*host, error) {
	construct := func() (caddy.Destructor, error) { return newHost(path), nil }
	value, loaded, err := hosts.LoadOrNew(path, construct)
	if err != nil {
		return nil, err
	}
	if !loaded {
		if _, _, err := hosts.LoadOrNew(path, construct); err != nil {
			return nil, err
		}
	}
	return value.(*host), nil
}

func newHost(path string) *host {
	return &host{
		path: path, limits: web.NewLimits(web.GuestLimit{}), nonces: splynx.NonceFile(path+".nonce", nil), why: errOpening, opener: journal.Open,
		tried: make(chan struct{}), again: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// enforce puts a configuration in force and sees that the journal is opened.
func (h *host) enforce(f inForce) {
	f.since = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inForce = append(h.inForce, f)
	h.limits.Set(f.limit)
	switch {
	case h.engine != nil:
		h.engine.Push(f.generation)
		h.keepPace()
	case h.closed:
	case h.stop == nil:
		var ctx context.Context
		ctx, h.stop = context.WithCancel(context.Background())
		go h.open(ctx)
	default:
		select {
		case h.again <- struct{}{}:
		default:
		}
	}
}

// remove takes a configuration out of force; it may be called again. The one before it, if a
// reload has failed, is in force again.
func (h *host) remove(g *payment.Generation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inForce = slices.DeleteFunc(h.inForce, func(f inForce) bool { return f.generation == g })
	if n := len(h.inForce); n > 0 {
		h.limits.Set(h.inForce[n-1].limit)
	}
	if h.engine != nil {
		h.engine.Remove(g)
		h.keepPace()
	}
}

// newest is the logger of the configuration in force; nil without one.
func (h *host) newest() *zap.Logger {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.inForce) == 0 {
		return nil
	}
	return h.inForce[len(h.inForce)-1].generation.Logger
}

// inPlace tells whether the journal still stands where it was opened.
func (h *host) inPlace() error {
	h.mu.Lock()
	store := h.store
	h.mu.Unlock()
	if store == nil {
		return nil
	}
	return store.InPlace()
}

// Engine returns the engine, or why there is none. Apps start in any order, so a request may
// come before the journal is open: it waits a little for the first try, and only for that.
func (h *host) Engine(ctx context.Context) (*payment.Engine, error) {
	select {
	case <-h.tried:
	case <-ctx.Done():
	case <-time.After(openingWait):
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.engine == nil {
		return nil, h.why
	}
	return h.engine, nil
}

// openingWait is what a request waits for the first try to open the journal.
const openingWait = 3 * time.Second

// close ends the charge runs, then the engine, and closes the journal last. A second call waits for the first.
func (h *host) close(ctx context.Context) {
	h.once.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		if err := h.shut(ctx); err != nil {
			caddy.Log().Named("paymentexpress").Error("journal was not closed in time; what is unfinished goes on at the next start", zap.Error(err))
		}
	})
}

func (h *host) shut(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	runs, engine, store, stop := h.runs, h.engine, h.store, h.stop
	h.engine, h.why = nil, payment.ErrStopped
	h.mu.Unlock()
	if stop == nil {
		return nil
	}
	stop()
	select {
	case <-h.ended:
	case <-ctx.Done():
	}
	if engine == nil {
		return nil
	}
	return errors.Join(runs.Close(ctx), engine.Close(ctx), store.Close())
}

// closeTimeout is above the longest call to the gateway.
const closeTimeout = 200 * time.Second

// Destruct implements caddy.Destructor.
func (h *host) Destruct() error {
	h.close(context.Background())
	return nil
}

// Close closes every journal. It runs at the exit of the process; programs that run Caddy
// within themselves and go on after caddy.Stop call it.
func Close(ctx context.Context) {
	var closing sync.WaitGroup
	hosts.Range(func(_, value any) bool {
		closing.Go(func() { value.(*host).close(ctx) })
		return true
	})
	closing.Wait()
}
