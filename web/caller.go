package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// caller is who Splynx says a browser's session belongs to; the zero value is nobody.
type caller struct {
	customer int64
	main     int64 // the main account of a sub-account, which pays for it
	admin    bool
	staff    *splynx.Administrator // where admin is true
	twoStaff bool                  // staff is one of two
}

// account is the account that pays: the main one of a sub-account.
func (c caller) account() int64 {
	if c.main != 0 {
		return c.main
	}
	return c.customer
}

func (c caller) payer() string { return customerPayer(c.customer) }

// errTwoCustomers tells that two cookies are of different customers.
var errTwoCustomers = errors.New("two customers are signed in with two cookies of this browser")

const (
	callerLife  = 60 * time.Second // for reading; what moves money asks anew
	callersMax  = 10_000
	sessionsMax = 4 // of one request
)

// callers remembers for a moment who sessions belong to, by a hash that is keyed for this
// process alone.
type callers struct {
	mu    sync.Mutex
	key   [32]byte
	known map[[32]byte]knownCaller
	asks  singleflight.Group
}

type knownCaller struct {
	caller
	until time.Time
}

// whoIs tells who is signed in, by all the cookies that may say so. A fresh answer comes from
// Splynx itself; another one may be up to callerLife old. Nobody is no error.
func (h *Handler) whoIs(r *http.Request, fresh bool) (caller, error) {
	all, err := h.bySessions(r, fresh)
	if h.SignIn != SignInOwn {
		return all, err
	}
	return h.withOwnSignIn(r, fresh, all, err)
}

// bySessions tells whose Splynx's sessions are. A cookie that cannot be asked about any more
// does not hide what another one has proved.
func (h *Handler) bySessions(r *http.Request, fresh bool) (caller, error) {
	var all caller
	var beyond error
	var nobodys []func() // give back what they counted
	for _, value := range h.sessions(r) {
		one, giveBack, err := h.session(r, value, fresh)
		var limit *limitError
		if errors.As(err, &limit) {
			beyond = err
			continue
		}
		if err != nil {
			return caller{}, err
		}
		if one.customer != 0 && all.customer != 0 && one.customer != all.customer {
			return caller{}, errTwoCustomers
		}
		if one.customer != 0 {
			all.customer, all.main = one.customer, one.main
		}
		all.twoStaff = all.twoStaff || all.admin && one.admin && one.staff.ID != all.staff.ID
		if one.admin {
			all.admin, all.staff = true, one.staff
		}
		nobodys = append(nobodys, giveBack)
	}
	if all == (caller{}) {
		return all, beyond
	}
	for _, giveBack := range nobodys { // an old cookie beside a good one
		giveBack()
	}
	return all, nil
}

// sessions are the values that could be sessions, each once. A browser may send several
// cookies of one name: whoever could plant one must not hide the other.
func (h *Handler) sessions(r *http.Request) (values []string) {
	for _, name := range h.SessionCookies {
		for _, c := range r.CookiesNamed(name) {
			if splynx.IsSession(c.Value) && !slices.Contains(values, c.Value) && len(values) < sessionsMax {
				values = append(values, c.Value)
			}
		}
	}
	return values
}

// session asks whose one session is. Each question counts for the address that has it asked,
// until giveBack: for a session that is somebody's that is done here. So those who make
// sessions up soon have none left, however many they send at once.
func (h *Handler) session(r *http.Request, value string, fresh bool) (who caller, giveBack func(), err error) {
	hash, now := h.known.hash(value), h.Now()
	if have, ok := h.known.get(hash, now); ok && !fresh {
		return have, func() {}, nil
	}
	giveBack, wait := h.Limits.Session(h.ClientIP(r), now)
	if wait > 0 {
		return caller{}, nil, &limitError{wait}
	}
	ask := func() (any, error) { return h.exchange(context.WithoutCancel(r.Context()), value) }
	var proved any
	if fresh { // joins nobody else's question: it may have been asked before
		proved, err = ask()
	} else {
		proved, err, _ = h.known.asks.Do(string(hash[:]), ask)
	}
	if errors.Is(err, splynx.ErrNoSession) { // not remembered: the same session is somebody's after the sign-in
		h.known.drop(hash)
		return caller{}, giveBack, nil
	}
	giveBack()
	if err != nil {
		return caller{}, nil, err
	}
	h.known.put(hash, proved.(caller), now) // as of when it was asked
	return proved.(caller), func() {}, nil
}

// exchange has Splynx prove whose a session is.
func (h *Handler) exchange(ctx context.Context, value string) (who caller, err error) {
	err = h.turn(ctx, func(ctx context.Context) error {
		proved, err := h.Generation.Splynx.WhoIs(ctx, secret.New(value))
		if err != nil {
			return err
		}
		if proved.Customer != nil {
			who.customer, who.main = proved.Customer.ID, proved.Customer.ParentID
		}
		who.admin, who.staff = proved.Administrator != nil, proved.Administrator
		return nil
	})
	return who, err
}

func (c *callers) hash(session string) [32]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[[32]byte]knownCaller)
		_, _ = rand.Read(c.key[:]) // never fails
	}
	return sha256.Sum256(append(c.key[:], session...))
}

func (c *callers) get(hash [32]byte, now time.Time) (caller, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	have, ok := c.known[hash]
	return have.caller, ok && now.Before(have.until)
}

func (c *callers) put(hash [32]byte, who caller, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= callersMax {
		clear(c.known) // they are asked for again
	}
	c.known[hash] = knownCaller{who, now.Add(callerLife)}
}

func (c *callers) drop(hash [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, hash)
}
