package web

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// GuestLimit says how many payments guests may start in an hour.
type GuestLimit struct {
	Document int // for one document
	Address  int // from one address; an IPv6 address counts as its /64
	All      int // over all
}

// viewsPerStart is how many times a link may be looked at for each start that is allowed.
const viewsPerStart = 10

// Limits counts what guests do. It outlives configurations.
type Limits struct {
	mu    sync.Mutex
	limit GuestLimit
	seen  map[any]*rate.Limiter
}

// NewLimits makes limits.
func NewLimits(l GuestLimit) *Limits { return &Limits{limit: l, seen: make(map[any]*rate.Limiter)} }

// Set changes the numbers; what was counted stays if they are the same.
func (l *Limits) Set(limit GuestLimit) {
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

// Start counts one start and tells whether it is within the limits.
func (l *Limits) Start(document int64, from netip.Addr, now time.Time) bool {
	return l.take(now, 1, "start", document, from)
}

// View counts one look at a link, likewise. The document is not known yet.
func (l *Limits) View(from netip.Addr, now time.Time) bool {
	return l.take(now, viewsPerStart, "view", 0, from)
}

func (l *Limits) take(now time.Time, times int, what string, document int64, from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) > 100_000 {
		l.sweep(now)
	}
	wanted := []struct {
		key limitKey
		n   int
	}{{limitKey{what, "all"}, l.limit.All * times}, {limitKey{what, network(from)}, l.limit.Address * times}}
	if document != 0 {
		wanted = append(wanted, struct {
			key limitKey
			n   int
		}{limitKey{what, document}, l.limit.Document * times})
	}
	for _, w := range wanted { // all are looked at before any is counted
		if l.limiter(w.key, w.n).TokensAt(now) < 1 {
			return false
		}
	}
	for _, w := range wanted {
		l.limiter(w.key, w.n).AllowN(now, 1)
	}
	return true
}

func (l *Limits) limiter(key limitKey, n int) *rate.Limiter {
	have := l.seen[key]
	if have == nil {
		have = rate.NewLimiter(rate.Every(time.Hour/time.Duration(max(n, 1))), n)
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
}

// network is what one address counts as: a household has one IPv4 address or one /64.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
