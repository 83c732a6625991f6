package web

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// GuestLimit says how many payments guests may start in an hour. The zero value is 10 for a
// document, 60 from an address, 600 over all.
type GuestLimit struct {
	Document int // for one document from one address; ten times that from everywhere
	Address  int // from one address; an IPv6 address counts as its /64, ten times that as its /48
	All      int // over all
}

var defaultLimit = GuestLimit{Document: 10, Address: 60, All: 600}

const (
	viewsPerStart = 10 // how often a link may be looked at, for each start that is allowed
	looksPerView  = 10 // how often other people's payments may be, for each look at a link
	wider         = 10 // what holds for a wide bound: a document everywhere, a /48
)

// Limits counts what guests do. It outlives configurations.
type Limits struct {
	mu      sync.Mutex
	limit   GuestLimit
	seen    map[limitKey]*rate.Limiter
	sweepAt int       // how many may be kept before the next sweep
	swept   time.Time // when the last one was

	attempts attempts
}

// NewLimits makes limits.
func NewLimits(l GuestLimit) *Limits {
	limits := &Limits{seen: make(map[limitKey]*rate.Limiter), attempts: newAttempts()}
	limits.Set(l)
	return limits
}

// Set changes the numbers; what was counted stays if they are the same.
func (l *Limits) Set(limit GuestLimit) {
	if limit == (GuestLimit{}) {
		limit = defaultLimit
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit != limit {
		l.limit = limit
		clear(l.seen)
	}
}

// What is counted apart: each key is what, and whose.
type limitKey struct {
	what string
	id   any
}

// there is a document seen from a network.
type there struct {
	document int64
	network  netip.Prefix
}

// Start counts one start. Where that is beyond the limits, nothing is counted, and it returns
// how long to wait for the next one; else 0.
func (l *Limits) Start(document int64, from netip.Addr, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := []count{{limitKey{"start", "all"}, l.limit.All}, {limitKey{"start", document}, l.limit.Document * wider}}
	counts = append(counts, address("start", from, l.limit.Address)...)
	return l.take(now, append(counts, count{limitKey{"start", there{document, networkOf(from)}}, l.limit.Document})...)
}

// View counts one look at a link, or a form that is sent, likewise: for the address alone, so
// that nobody closes the links to others.
func (l *Limits) View(from netip.Addr, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(now, address("view", from, l.limit.Address*viewsPerStart)...)
}

// Look counts one look at somebody else's payment, likewise.
func (l *Limits) Look(from netip.Addr, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(now, address("look", from, l.limit.Address*viewsPerStart*looksPerView)...)
}

// Limits of a customer who is signed in, an hour.
const (
	customerStarts = 60
	customerViews  = 600
)

// CustomerStart counts one payment that a customer who is signed in starts, likewise.
func (l *Limits) CustomerStart(id int64, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(now, count{limitKey{"customer start", id}, customerStarts})
}

// CustomerView counts one look of theirs at an invoice, likewise.
func (l *Limits) CustomerView(id int64, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(now, count{limitKey{"customer view", id}, customerViews})
}

// Session counts one question to Splynx whose a session is, for the address that has it asked;
// giveBack takes it back, for a session that is somebody's.
func (l *Limits) Session(from netip.Addr, now time.Time) (giveBack func(), wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken, wait := l.reserve(now, address("session", from, l.limit.Address*viewsPerStart)...)
	return func() {
		for _, t := range taken {
			t.CancelAt(now)
		}
	}, wait
}

// count is one limit, so many an hour, that something counts for.
type count struct {
	key limitKey
	n   int
}

// address is what one address counts for: its network, and for IPv6 the wide one around it.
// Whoever has a /48 has 65,536 of /64.
func address(what string, from netip.Addr, n int) (counts []count) {
	network := networkOf(from)
	if from = network.Addr(); from.Is6() {
		wide, _ := from.Prefix(48)
		counts = append(counts, count{limitKey{what, wide}, n * wider})
	}
	return append(counts, count{limitKey{what, network}, n})
}

// take counts one for each, or none. The wide limits come first: beyond them nobody's address
// is remembered, so that what is kept stays bounded.
func (l *Limits) take(now time.Time, counts ...count) (wait time.Duration) {
	_, wait = l.reserve(now, counts...)
	return wait
}

// reserve is take with what was taken, to be given back.
func (l *Limits) reserve(now time.Time, counts ...count) (taken []*rate.Reservation, wait time.Duration) {
	if len(l.seen) >= l.sweepAt || now.Sub(l.swept) > time.Hour {
		l.sweep(now)
	}
	for _, c := range counts {
		r := l.limiter(c.key, c.n).ReserveN(now, 1)
		taken = append(taken, r)
		if wait = r.DelayFrom(now); wait > 0 {
			break
		}
	}
	if wait > 0 {
		for _, r := range taken {
			r.CancelAt(now)
		}
		taken = nil
	}
	return taken, wait
}

func (l *Limits) limiter(key limitKey, n int) *rate.Limiter {
	have := l.seen[key]
	if have == nil {
		n = max(n, 1)
		have = rate.NewLimiter(rate.Every(time.Hour/time.Duration(n)), n)
		l.seen[key] = have
	}
	return have
}

// sweep forgets whoever has nothing left to wait for.
func (l *Limits) sweep(now time.Time) {
	for key, have := range l.seen {
		if have.TokensAt(now) >= float64(have.Burst()) {
			delete(l.seen, key)
		}
	}
	l.sweepAt, l.swept = max(1000, 2*len(l.seen)), now // each costs less than what was added since the last one
}

// networkOf is what one address counts as: a household has one IPv4 address or one /64.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
