package web

import (
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// How many wrong tries to sign in bring the first wait. Splynx counts for itself, and it
// counts all who sign in here as one address, that of this machine; so over all there is an
// end too.
const (
	waitsLogin   = 5
	waitsAddress = 20  // a household, an office; ten times that from a /48
	signInsAll   = 120 // an hour

	restAfter = 3 // logins in a row that Splynx did not look at
	restFor   = 15 * time.Minute

	startedMost = 50 // payments that one address is remembered for
)

// attempts is what is remembered of guests and of who signs in, for this process alone.
type attempts struct {
	key     [32]byte // of the hashes of logins
	failed  map[limitKey]*failures
	started map[netip.Prefix][]startedPayment
	shut    [][32]byte // logins that Splynx did not look at, one after the other
	rest    time.Time  // until then nobody is signed in
	swept   time.Time
}

type failures struct {
	n    int
	last time.Time
}

type startedPayment struct {
	id payment.ID
	at time.Time
}

func newAttempts() attempts {
	a := attempts{failed: make(map[limitKey]*failures), started: make(map[netip.Prefix][]startedPayment)}
	_, _ = rand.Read(a.key[:]) // never fails
	return a
}

// loginHash is what is kept of a login: Splynx's database compares without case.
func (a *attempts) loginHash(login string) [32]byte {
	return sha256.Sum256(append(a.key[:], strings.ToLower(strings.TrimSpace(login))...))
}

// signInTry is one try to sign in, counted as a wrong one until it turns out otherwise.
type signInTry struct {
	l     *Limits
	login limitKey
	keys  []limitKey
	taken []*rate.Reservation
	at    time.Time
}

// SignIn counts one try to sign in: for the login, for the address, and over all. Where it must
// wait nothing is counted; a login that is there waits like one that is not.
func (l *Limits) SignIn(login string, from netip.Addr, now time.Time) (try *signInTry, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts.sweep(now)
	if wait := l.attempts.rest.Sub(now); wait > 0 {
		return nil, wait
	}
	own := limitKey{"login", l.attempts.loginHash(login)}
	keys, first := []limitKey{own}, []int{waitsLogin}
	for _, c := range address("sign in", from, waitsAddress) {
		keys, first = append(keys, c.key), append(first, c.n)
	}
	for i, key := range keys {
		if f := l.attempts.failed[key]; f != nil {
			wait = max(wait, growingWait(f.n, first[i], f.last, now))
		}
	}
	if wait > 0 {
		return nil, wait
	}
	taken, wait := l.reserve(now, count{limitKey{"sign in", "all"}, signInsAll})
	if wait > 0 {
		return nil, wait
	}
	for _, key := range keys {
		f := l.attempts.failed[key]
		if f == nil {
			f = new(failures)
			l.attempts.failed[key] = f
		}
		f.n, f.last = f.n+1, now
	}
	return &signInTry{l, own, keys, taken, now}, 0
}

// right takes the try back, and forgets what was wrong with the login before.
func (t *signInTry) right() {
	t.void()
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	delete(t.l.attempts.failed, t.login)
	t.l.attempts.shut = nil
}

// void takes the try back: nothing was learnt.
func (t *signInTry) void() {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	for _, r := range t.taken {
		r.CancelAt(t.at)
	}
	for _, key := range t.keys {
		if f := t.l.attempts.failed[key]; f != nil && f.n > 0 {
			f.n--
		}
	}
}

// wrong leaves it counted. looked tells that Splynx has looked at the password; where it did
// not, for several logins in a row, it refuses this machine, and is left alone. rests tells
// that this begins now.
func (t *signInTry) wrong(looked bool) (rests bool) {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	a := &t.l.attempts
	if looked {
		a.shut = nil
		return false
	}
	if hash := t.login.id.([32]byte); !slices.Contains(a.shut, hash) {
		a.shut = append(a.shut, hash)
	}
	if len(a.shut) < restAfter {
		return false
	}
	a.shut, a.rest = nil, t.at.Add(restFor)
	return true
}

// Started remembers which payment was started from an address.
func (l *Limits) Started(from netip.Addr, id payment.ID, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts.sweep(now)
	network := networkOf(from)
	list := l.attempts.started[network]
	if slices.ContainsFunc(list, func(s startedPayment) bool { return s.id == id }) {
		return
	}
	list = append(list, startedPayment{id, now})
	l.attempts.started[network] = list[max(0, len(list)-startedMost):]
}

// StartedFrom lists the payments of a day that were started from an address.
func (l *Limits) StartedFrom(from netip.Addr, now time.Time) (ids []payment.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.attempts.started[networkOf(from)] {
		if now.Sub(s.at) <= failuresLast {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// Paid forgets a payment that was started from an address: it is not declined any more.
func (l *Limits) Paid(from netip.Addr, id payment.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	network := networkOf(from)
	l.attempts.started[network] = slices.DeleteFunc(l.attempts.started[network], func(s startedPayment) bool { return s.id == id })
}

// sweep forgets what counts no more.
func (a *attempts) sweep(now time.Time) {
	if now.Sub(a.swept) < time.Hour {
		return
	}
	a.swept = now
	for key, f := range a.failed {
		if f.n == 0 || now.Sub(f.last) > failuresLast {
			delete(a.failed, key)
		}
	}
	for network, list := range a.started {
		list = slices.DeleteFunc(list, func(s startedPayment) bool { return now.Sub(s.at) > failuresLast })
		if a.started[network] = list; len(list) == 0 {
			delete(a.started, network)
		}
	}
}
