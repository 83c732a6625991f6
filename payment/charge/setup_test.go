package charge_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

var background = context.Background()

// errDead is what a process that was killed gets to see.
var errDead = errors.New("the process was killed")

// provider is an engine and a Splynx in memory: what they hold lives on when the process that
// runs charges is killed.
type provider struct {
	t  testing.TB
	mu sync.Mutex

	customers map[int64]splynx.Customer
	billing   map[int64]splynx.Billing
	invoices  map[int64]splynx.Invoice
	cards     map[int64]payment.Card
	bank      map[int64]string // by customer: what becomes of a charge; empty: approved and recorded
	latency   time.Duration
	trusted   error
	down      error               // what reading Splynx says
	gen       *payment.Generation // nil: generation

	store  *journal.SQLite
	taken  map[string]int // charges that the bank has made, by form key
	asked  atomic.Int64   // charges that were sent
	most   int            // charges at a time
	active int
	reads  map[string]int
}

// rig is one process that runs charges for the provider.
type rig struct {
	*charge.Runs
	p    *provider
	life *life
}

// life ends all that a process does.
type life struct {
	dead   atomic.Bool
	gone   func() bool  // more that it ends by; nil: nothing
	asked  atomic.Int64 // charges that this process has sent
	mu     sync.Mutex
	writes int
	dieAt  int
	after  bool
}

func (l *life) write(do func() error) error {
	if l.dead.Load() || l.gone != nil && l.gone() {
		return errDead
	}
	l.mu.Lock()
	l.writes++
	dies := l.writes == l.dieAt
	l.mu.Unlock()
	if dies && !l.after {
		l.dead.Store(true)
		return errDead
	}
	err := do()
	if dies {
		l.dead.Store(true)
		return errDead
	}
	return err
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	s, err := journal.Open(background, filepath.Join(t.TempDir(), "journal.db"))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return &provider{
		t: t, store: s, customers: map[int64]splynx.Customer{}, billing: map[int64]splynx.Billing{}, invoices: map[int64]splynx.Invoice{},
		cards: map[int64]payment.Card{}, bank: map[int64]string{}, taken: map[string]int{}, reads: map[string]int{}, latency: 100 * time.Millisecond,
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// play tells a story on virtual time.
func play(t *testing.T, story func(*testing.T, *provider)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { story(t, newProvider(t)) })
}

// start starts a process; it ends with the test, or is killed before.
func (p *provider) start(o charge.Options) *rig {
	p.t.Helper()
	r := &rig{p: p, life: &life{}}
	o.Books = func(*payment.Generation) charge.Books { return &mortalBooks{p, r.life} }
	o.Node = cmp.Or(o.Node, "test")
	r.Runs = charge.New(&mortalStore{p.store, r.life}, &engine{p, r.life}, o)
	p.t.Cleanup(func() { r.stop() })
	return r
}

func (r *rig) stop() { _ = r.Close(background) }

// kill ends a process without giving anything back.
func (r *rig) kill() {
	r.life.dead.Store(true)
	r.stop()
}

func decimal(t testing.TB, number string) splynx.Decimal {
	t.Helper()
	d, err := splynx.ParseDecimal(number)
	must(t, err)
	return d
}

func nzd(t testing.TB, number string) currency.Amount {
	t.Helper()
	a, err := money.Parse(number, "NZD")
	must(t, err)
	return a
}

// customer adds a customer with a card that can be charged, and invoices with what is due on
// each; the deposit carries them.
func (p *provider) customer(id int64, dues ...string) {
	p.customers[id] = splynx.Customer{ID: id, Status: "active", PartnerID: 1}
	p.cards[id] = payment.Card{Key: fmt.Sprint("card-", id), Brand: "Visa", Ends: "11", Standing: payment.CardGood}
	sum := nzd(p.t, "0.00")
	for n, due := range dues {
		i := splynx.Invoice{
			ID: id*10 + int64(n), CustomerID: id, Number: fmt.Sprintf("2026/%d", id*10+int64(n)), Status: splynx.NotPaid,
			Total: decimal(p.t, due), Due: decimal(p.t, due), DateCreated: splynx.DateOf(time.Now()), DateTill: splynx.DateOf(time.Now().AddDate(0, 0, 14)),
		}
		p.invoices[i.ID] = i
		a, err := money.Round(due, "NZD")
		must(p.t, err)
		sum, err = sum.Sub(a)
		must(p.t, err)
	}
	p.billing[id] = splynx.Billing{CustomerID: id, Deposit: decimal(p.t, sum.Number())}
}

func (p *provider) sent() int { return int(p.asked.Load()) }

func (p *provider) with(change func()) { p.mu.Lock(); defer p.mu.Unlock(); change() }

func (p *provider) invoice(id int64, change func(*splynx.Invoice)) {
	p.with(func() { i := p.invoices[id]; change(&i); p.invoices[id] = i })
}

// randomID reads random bytes.
type randomID struct{}

func (randomID) Read(b []byte) (int, error) { return randomRead(b) }

// mortalStore is the journal as one process reaches it.
type mortalStore struct {
	*journal.SQLite
	life *life
}

func (s *mortalStore) CreateRun(ctx context.Context, r *charge.Run, e charge.Event) error {
	return s.life.write(func() error { return s.SQLite.CreateRun(ctx, r, e) })
}

func (s *mortalStore) ChangeRun(ctx context.Context, id payment.ID, fn func(*charge.Run) (charge.Writes, error)) (r *charge.Run, err error) {
	err = s.life.write(func() error { r, err = s.SQLite.ChangeRun(ctx, id, fn); return err })
	return r, err
}

func (s *mortalStore) StartRun(ctx context.Context, id payment.ID, fn func(*charge.Run, []*charge.Run, []charge.Sum) (charge.Writes, error)) (r *charge.Run, err error) {
	err = s.life.write(func() error { r, err = s.SQLite.StartRun(ctx, id, fn); return err })
	return r, err
}

// plan plans a run and waits for it.
func (r *rig) plan(o charge.Order) *charge.Run {
	r.p.t.Helper()
	o.Sort, o.Source, o.Who = cmp.Or(o.Sort, charge.Invoices), cmp.Or(o.Source, charge.Administrator), cmp.Or(o.Who, "admin 1")
	run, err := r.Plan(background, o)
	must(r.p.t, err)
	return r.until(run.ID, charge.Planned, charge.Failed)
}

// until lets time pass until the run is in one of the states.
func (r *rig) until(id payment.ID, states ...charge.State) *charge.Run {
	r.p.t.Helper()
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		run, err := r.p.store.Run(background, id)
		must(r.p.t, err)
		if slices.Contains(states, run.State) && !run.Sweep {
			return run
		}
		if time.Since(begin) > 24*time.Hour {
			r.p.t.Fatalf("run is %s (%s), want %v", run.State, run.Why, states)
		}
	}
}

// seen is what the confirm step shows.
func (r *rig) seen(id payment.ID) []charge.Sum {
	r.p.t.Helper()
	sums, err := r.Sums(background, id)
	must(r.p.t, err)
	return charge.ToCharge(sums)
}

// begin starts a planned run.
func (r *rig) begin(id payment.ID) {
	r.p.t.Helper()
	_, err := r.Start(background, id, "admin 1", charge.StartOptions{Seen: r.seen(id), HandlerOff: true})
	must(r.p.t, err)
}

// items are all items of a run, by their documents or customers.
func (p *provider) items(id payment.ID) map[int64]charge.Item {
	p.t.Helper()
	list, err := p.store.RunItems(background, id, charge.ItemFilter{}, 0, 1_000_000)
	must(p.t, err)
	all := map[int64]charge.Item{}
	for n, i := range list {
		if i.Seq != int64(n+1) {
			p.t.Errorf("item %d has number %d", n+1, i.Seq)
		}
		key := cmp.Or(i.DocumentID, i.Customer)
		if _, twice := all[key]; twice {
			p.t.Errorf("%d is planned twice", key)
		}
		all[key] = i
	}
	return all
}

// check holds the run against what the bank has done.
func (p *provider) check(ids ...payment.ID) {
	p.t.Helper()
	var taken map[string]int
	p.with(func() { taken = maps.Clone(p.taken) })
	for key, n := range taken {
		if n > 1 {
			p.t.Errorf("%s was charged %d times", key, n)
		}
	}
	byDocument := map[int64]int{}
	for _, id := range ids {
		for _, i := range p.items(id) {
			if i.Payment == "" {
				continue
			}
			q, err := p.store.Get(background, i.Payment)
			must(p.t, err)
			if i.State != charge.StateOf(q) || !i.Charged.Equal(q.Amount) {
				p.t.Errorf("item %+v, its payment is %s", i, q.State)
			}
			if more, err := q.Amount.Cmp(i.Amount); err != nil || more > 0 {
				p.t.Errorf("item %d was planned with %s and charged %s", i.Seq, i.Amount, q.Amount)
			}
			if taken[q.FormKey] > 0 && i.DocumentID > 0 {
				if byDocument[i.DocumentID]++; byDocument[i.DocumentID] > 1 {
					p.t.Errorf("document %d was charged twice", i.DocumentID)
				}
			}
		}
		p.sums(id)
	}
}

// sums compares the sums with the items.
func (p *provider) sums(id payment.ID) {
	p.t.Helper()
	want := map[string]currency.Amount{}
	for _, i := range p.items(id) {
		key := fmt.Sprint(i.State, "/", i.Out, "/", i.Class)
		if _, ok := want[key]; !ok {
			want[key] = nzd(p.t, "0.00")
		}
		sum, err := want[key].Add(i.Counts())
		must(p.t, err)
		want[key] = sum
	}
	sums, err := p.store.RunSums(background, id)
	must(p.t, err)
	for _, s := range sums {
		key := fmt.Sprint(s.State, "/", s.Out, "/", s.Class)
		if w, ok := want[key]; !ok || !w.Equal(s.Amount) {
			p.t.Errorf("%s comes to %s, want %s", key, s.Amount, w)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		p.t.Errorf("sums lack %v", want)
	}
}
