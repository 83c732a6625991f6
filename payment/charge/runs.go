package charge

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Payments is the engine, as runs use it.
type Payments interface {
	Current() (*payment.Generation, error)
	Trusted(ctx context.Context) error
	Find(ctx context.Context, f payment.Filter) ([]*payment.Payment, error)
	Cards(ctx context.Context, of []splynx.Customer) (map[int64]payment.Card, error)
	ChargeMany(ctx context.Context, starts []payment.Start, turn payment.Turn, told func(i int, p *payment.Payment, err error)) error
}

// Books is Splynx, as runs read it.
type Books interface {
	AllInvoices(ctx context.Context, q splynx.InvoiceQuery) iter.Seq2[splynx.Invoice, error]
	InvoicesByID(ctx context.Context, ids []int64) (map[int64]splynx.Invoice, error)
	UnpaidInvoicesOf(ctx context.Context, customers []int64) (map[int64][]splynx.Invoice, error)
	AllCustomers(ctx context.Context, q splynx.CustomerQuery) iter.Seq2[splynx.Customer, error]
	CustomersByID(ctx context.Context, ids []int64) (map[int64]splynx.Customer, error)
	Billing(ctx context.Context, customerID int64) (*splynx.Billing, error)
}

// Options of Runs; the zero value is right outside of tests.
type Options struct {
	Concurrency int        // charges under way at a time. Default: 8
	PerSecond   rate.Limit // charges begun per second at most. Default: 0, no limit
	Readers     int        // reads of single customers from Splynx at a time. Default: 8
	StopAfter   int        // configuration errors, or charges that cannot be begun, in a row that pause a run. Default: 5
	UnknownMax  int        // unknown outcomes in a row that pause a run. Default: 10
	Backlog     int        // payments of a run that wait for Splynx; with more the run waits too. Default: 500
	UnbookedMax int        // more payments of a run than this, approved for over 5 min and not in Splynx, pause it. Default: 50

	Look  time.Duration    // how often runs are looked for that other nodes or a start have left. Default: 15s
	Lease time.Duration    // how long a claim of a run lasts without being renewed. Default: 1m
	Now   func() time.Time // default: time.Now
	Rand  io.Reader        // default: crypto/rand
	Node  string           // names this process in events. Default: host and process id
	Books func(*payment.Generation) Books

	// Automatic is what a configuration has made by itself; it is asked at each look for that of
	// the configuration in force, and must not block. Default: nothing.
	Automatic func(*payment.Generation) Automatic
}

func (o Options) normalize() Options {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&o.Concurrency, 8)
	set(&o.Readers, 8)
	set(&o.StopAfter, 5)
	set(&o.UnknownMax, 10)
	set(&o.Backlog, 500)
	set(&o.UnbookedMax, 50)
	if o.Look == 0 {
		o.Look = 15 * time.Second
	}
	if o.Lease == 0 {
		o.Lease = time.Minute
	}
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
	if o.Books == nil {
		o.Books = func(g *payment.Generation) Books { return g.Splynx }
	}
	if o.Automatic == nil {
		o.Automatic = func(*payment.Generation) Automatic { return Automatic{} }
	}
	return o
}

// Runs plans and works at charge runs.
type Runs struct {
	store Store
	pay   Payments
	o     Options

	mu       sync.Mutex
	closed   bool
	jobs     map[payment.ID]*job // that this process works at
	watchers map[payment.ID]chan struct{}

	keeping sync.Mutex // who is kept out is being changed

	// Of loop alone.
	automated map[string]bool // names of what is made by itself
	waits     map[payment.ID]Why
	retried   time.Time
	nextTime  time.Time // of a schedule

	wake    chan struct{}
	soon    bool            // of loop: a run waits for the engine
	ctx     context.Context // of all jobs
	cancel  context.CancelFunc
	flights sync.WaitGroup
}

// New makes Runs on a store and starts to work at what is to be done; Close ends it. The engine
// must be closed after it.
func New(store Store, pay Payments, o Options) *Runs {
	r := &Runs{
		store: store, pay: pay, o: o.normalize(), wake: make(chan struct{}, 1),
		jobs: make(map[payment.ID]*job), watchers: make(map[payment.ID]chan struct{}), waits: make(map[payment.ID]Why),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.flights.Go(r.loop)
	return r
}

// Close begins nothing new, waits until the charges under way have been answered or ctx is done,
// and returns. What is unfinished goes on at the next start, or on another node at once.
func (r *Runs) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	ended := make(chan struct{})
	go func() {
		r.flights.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close the charge runs: %w", ctx.Err())
	}
}

func (r *Runs) now() time.Time { return r.o.Now().UTC() }

// poke makes the loop look at once.
func (r *Runs) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// heldLook is how soon runs are looked for again while the journal is compared with Splynx.
const heldLook = time.Second

// loop takes up what is to be done until Close.
func (r *Runs) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
		r.soon = false
		r.round()
		if r.soon {
			timer.Reset(heldLook)
		} else {
			timer.Reset(min(r.o.Look, max(r.nextTime.Sub(r.now()), time.Millisecond)))
		}
	}
}

// round takes up each run that there is something to do for.
func (r *Runs) round() {
	r.nextTime = r.now().Add(r.o.Look)
	g, err := r.pay.Current()
	if err != nil {
		return
	}
	r.automatic(g)
	runs, err := r.store.Runs(r.ctx, RunFilter{Work: true, Limit: 1000})
	if err != nil {
		if r.ctx.Err() == nil {
			logger(g).Error("charge runs cannot be read", zap.Error(err))
		}
		return
	}
	for _, run := range runs {
		if err := r.takeUp(g, run); err != nil && r.ctx.Err() == nil {
			logger(g).Error("charge run cannot be taken up; it is tried again", describe(run, zap.Error(err))...)
		}
	}
}

// guard has a panic of one run end nothing but its job.
func (r *Runs) guard(g *payment.Generation, id payment.ID) {
	if cause := recover(); cause != nil {
		logger(g).Error("a charge run panicked; it is taken up again", zap.String("run", string(id)), zap.Any("cause", cause), zap.ByteString("stack", debug.Stack()))
	}
}

func logger(g *payment.Generation) *zap.Logger {
	if g == nil || g.Logger == nil {
		return zap.NewNop()
	}
	return g.Logger
}

// describe is what the log says of a run.
func describe(run *Run, more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.String("run", string(run.ID)), zap.String("sort", string(run.Sort)), zap.String("state", string(run.State)), zap.String("why", string(run.Why)),
	}, more...)
}
