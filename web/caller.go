package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// caller is who Splynx says a browser's session belongs to; the zero value is nobody.
type caller struct {
	customer int64
	admin    bool
}

var (
	// errTwoCustomers tells that two cookies are of different customers.
	errTwoCustomers = errors.New("two customers are signed in with two cookies of this browser")
	sessionForm     = regexp.MustCompile(`^[A-Za-z0-9,-]{16,128}$`)
)

const (
	callerLife = 60 * time.Second // for reading; what moves money asks anew
	callersMax = 10_000
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
	var all caller
	for _, name := range h.SessionCookies {
		c, err := r.Cookie(name)
		if err != nil || !sessionForm.MatchString(c.Value) {
			continue
		}
		one, err := h.session(r, c.Value, fresh)
		if err != nil {
			return caller{}, err
		}
		if one.customer != 0 && all.customer != 0 && one.customer != all.customer {
			return caller{}, errTwoCustomers
		}
		if one.customer != 0 {
			all.customer = one.customer
		}
		all.admin = all.admin || one.admin
	}
	return all, nil
}

// session asks whose one session is.
func (h *Handler) session(r *http.Request, value string, fresh bool) (caller, error) {
	hash := h.known.hash(value)
	if have, ok := h.known.get(hash, h.Now()); ok && !fresh {
		return have, nil
	}
	from := h.ClientIP(r)
	if wait := h.Limits.Strange(from, h.Now()); wait > 0 {
		return caller{}, &limitError{wait}
	}
	ask := func() (any, error) { return h.exchange(context.WithoutCancel(r.Context()), value) }
	var who any
	var err error
	if fresh { // joins nobody else's question: it may have been asked before
		who, err = ask()
	} else {
		who, err, _ = h.known.asks.Do(string(hash[:]), ask)
	}
	switch {
	case errors.Is(err, splynx.ErrNoSession): // not remembered: the same session is somebody's after the sign-in
		h.known.drop(hash)
		h.Limits.StrangeSeen(from, h.Now())
		return caller{}, nil
	case err != nil:
		return caller{}, err
	}
	h.known.put(hash, who.(caller), h.Now())
	return who.(caller), nil
}

// exchange has Splynx prove whose a session is.
func (h *Handler) exchange(ctx context.Context, value string) (who caller, err error) {
	err = h.turn(ctx, func(ctx context.Context) error {
		proved, err := h.Generation.Splynx.WhoIs(ctx, secret.New(value))
		if err != nil {
			return err
		}
		if proved.Customer != nil {
			who.customer = proved.Customer.ID
		}
		who.admin = proved.Administrator != nil
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
