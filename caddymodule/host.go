package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// hosts holds what outlives configurations: one journal and engine for each path.
var hosts = caddy.NewUsagePool()

// host is a journal and its engine. It stays until the process exits, so that no reload
// takes the journal from a payment under way.
type host struct {
	path   string
	limits *web.Limits

	mu         sync.Mutex
	store      *journal.SQLite
	engine     *payment.Engine
	inForce    []inForce // oldest first
	why        error     // of the last failure to open
	tried      time.Time
	complained time.Time // when why was last logged
	closed     bool
	started    bool
	stop       chan struct{}
}

// inForce is what one configuration brings.
type inForce struct {
	generation *payment.Generation
	limit      web.GuestLimit
}

var errOpening = errors.New("the journal is being opened")

// loadHost takes a reference to the host of path. The first one for a path keeps a second
// reference, given back when the process exits.
func loadHost(path string) (*host, error) {
	construct := func() (caddy.Destructor, error) {
		return &host{path: path, limits: web.NewLimits(web.GuestLimit{}), why: errOpening, stop: make(chan struct{})}, nil
	}
	value, loaded, err := hosts.LoadOrNew(path, construct)
	if err != nil {
		return nil, err
	}
	h := value.(*host)
	if !loaded {
		if _, _, err := hosts.LoadOrNew(path, construct); err != nil {
			return nil, err
		}
		caddy.OnExit(func(ctx context.Context) { h.close(ctx) })
	}
	return h, nil
}

// push puts a configuration in force and sees that the journal is opened.
func (h *host) push(g *payment.Generation, limit web.GuestLimit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inForce = append(h.inForce, inForce{g, limit})
	h.limits.Set(limit)
	if h.engine != nil {
		h.engine.Push(g)
	}
	if !h.started {
		h.started = true
		go h.open()
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
	}
}

// open tries until the journal is open or the process exits.
func (h *host) open() {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		if err := h.tryOpen(); err == nil {
			return
		}
		select {
		case <-h.stop:
			return
		case <-time.After(wait):
		}
	}
}

// tryOpen opens the journal unless it is open. It holds the lock: whoever needs the engine
// meanwhile has to wait for it anyway.
func (h *host) tryOpen() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.engine != nil || h.closed {
		return nil
	}
	if len(h.inForce) == 0 {
		return payment.ErrNoGeneration
	}
	log := h.inForce[len(h.inForce)-1].generation.Logger
	h.tried = time.Now()
	store, err := journal.Open(context.Background(), h.path)
	if err != nil {
		if h.why.Error() != err.Error() || h.tried.Sub(h.complained) > 10*time.Minute {
			h.complained = h.tried
			log.Error("the journal cannot be opened; no payment can be taken until it is", zap.Error(err))
		}
		h.why = err
		return err
	}
	if store.Fresh() {
		log.Warn("a new journal was made; if there was one before, stop and put it back", zap.String("path", h.path))
	}
	h.store, h.engine, h.why = store, payment.New(store, payment.Options{}), nil
	for _, f := range h.inForce {
		h.engine.Push(f.generation)
	}
	log.Info("journal is open", zap.String("path", h.path))
	return nil
}

// unfinishedElsewhere refuses to leave a journal for that of h while it has payments under way.
func unfinishedElsewhere(h *host) error {
	var refusal error
	hosts.Range(func(_, value any) bool {
		other := value.(*host)
		if other == h {
			return true
		}
		if n, err := other.unfinished(); err != nil || n > 0 {
			refusal = errors.Join(err, fmt.Errorf("paymentexpress: the journal %s has %d unfinished payments; let them finish before another journal takes its place, or restart with the old one", other.path, n))
		}
		return refusal == nil
	})
	return refusal
}

// unfinished counts the payments that still need this journal.
func (h *host) unfinished() (int, error) {
	h.mu.Lock()
	engine := h.engine
	h.mu.Unlock()
	if engine == nil {
		return 0, nil
	}
	open, err := engine.Find(context.Background(), payment.Filter{States: payment.Unfinished()})
	return len(open), err
}

// Engine returns the engine, or why there is none. Apps start in any order: a request may
// come before Start has opened the journal.
func (h *host) Engine(context.Context) (*payment.Engine, error) {
	h.mu.Lock()
	engine, why, again := h.engine, h.why, time.Since(h.tried) > time.Second
	h.mu.Unlock()
	if engine == nil && again {
		if err := h.tryOpen(); err != nil {
			return nil, err
		}
		h.mu.Lock()
		engine, why = h.engine, h.why
		h.mu.Unlock()
	}
	if engine == nil {
		return nil, why
	}
	return engine, nil
}

// close ends the engine and closes the journal last.
func (h *host) close(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	close(h.stop)
	if h.engine == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	err := errors.Join(h.engine.Close(ctx), h.store.Close())
	if err != nil {
		caddy.Log().Named("paymentexpress").Error("journal was not closed in time; what is unfinished goes on at the next start", zap.Error(err))
	}
	h.engine, h.why = nil, payment.ErrStopped
}

// closeTimeout is above the longest call to the gateway.
const closeTimeout = 200 * time.Second

// Destruct implements caddy.Destructor.
func (h *host) Destruct() error {
	h.close(context.Background())
	return nil
}

// Close closes every journal, as the exit of the process does: for programs that run Caddy
// within themselves and go on after caddy.Stop.
func Close(ctx context.Context) {
	hosts.Range(func(_, value any) bool {
		value.(*host).close(ctx)
		return true
	})
}
