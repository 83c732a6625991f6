package splynx

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"
)

// Config is what New needs. URL, Key and Secret are required.
type Config struct {
	// URL is the address of Splynx as reached from here, with or without a slash at its
	// end, such as http://127.0.0.1:8080/. The client adds api/2.0/ to it.
	URL string
	// PublicURL is the address that people use. The Host and X-Forwarded-Proto headers of
	// each call are taken from it. Default: URL.
	PublicURL string
	// Key and Secret are the two halves of the API key.
	Key, Secret string
	// Transport carries the calls. It should drop idle connections before the server does: a
	// write that meets a closing connection is unclear. Default: a clone of
	// http.DefaultTransport that keeps them for 4 s.
	Transport http.RoundTripper
	// Logger gets one debug line per call: its name, status and duration. Default: none.
	Logger *zap.Logger
	// Timeout is the longest time of one call, repetitions included. Default: 30 s.
	Timeout time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// UserAgent is sent with each call. Splynx ends a token whose User-Agent changes.
	// Default: caddy-paymentexpress.
	UserAgent string
	// Auth is how calls prove whose they are. Default: AuthToken.
	Auth Auth
	// Nonces gives the numbers for signatures, of calls and of signing in. Default: the
	// microseconds of Now, growing while the program runs; for a key with nonce check on a
	// machine whose clock may be set back, see NonceFile.
	Nonces Nonces
	// Gate stands before each call. Default: none.
	Gate Gate
}

// New returns a client; it makes no call yet.
func New(cfg Config) (*Client, error) {
	base, public, err := cfg.addresses()
	if err == nil {
		err = cfg.check()
	}
	if err != nil {
		return nil, fmt.Errorf("splynx: %w", err)
	}
	c := &Client{
		base:   strings.TrimSuffix(base.String(), "/") + "/api/2.0/",
		host:   public.Host,
		scheme: public.Scheme,
		key:    secret.New(cfg.Key),
		secret: secret.New(cfg.Secret),
		agent:  orDefault(cfg.UserAgent, "caddy-paymentexpress"),
		limit:  orDefault(cfg.Timeout, 30*time.Second),
		log:    orDefault(cfg.Logger, zap.NewNop()),
		now:    cfg.Now,
		auth:   cfg.Auth,
		gate:   cfg.Gate,
		nonces: cfg.Nonces,

		signing: make(chan struct{}, 1),
		drops:   semaphore.NewWeighted(maxDrops),

		pause: func() time.Duration { return 50*time.Millisecond + rand.N(150*time.Millisecond) },
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.nonces == nil {
		c.nonces = &clockNonces{now: c.now}
	}
	c.useTransport(cfg.Transport)
	return c, nil
}

// check looks at all but the addresses.
func (cfg Config) check() error {
	switch {
	case cfg.Key == "" || cfg.Secret == "":
		return errors.New("the API key and its secret are both required")
	case cfg.Timeout < 0:
		return errors.New("the time-out is negative")
	case cfg.Auth > AuthSignature:
		return errors.New("the way of signing in is not known")
	case !printable(cfg.UserAgent):
		return errors.New("the user agent has characters that no header can hold")
	}
	return nil
}

// addresses reads the address to call and the one that people use.
func (cfg Config) addresses() (base, public *url.URL, err error) {
	if base, err = parseAddress(cfg.URL); err != nil {
		return nil, nil, fmt.Errorf("url: %w", err)
	}
	if cfg.PublicURL == "" {
		return base, base, nil
	}
	if public, err = parseAddress(cfg.PublicURL); err != nil {
		return nil, nil, fmt.Errorf("public url: %w", err)
	}
	return base, public, nil
}

// useTransport sets the HTTP client. It follows no redirect: the login page would else turn
// a refused call into a 200.
func (c *Client) useTransport(t http.RoundTripper) {
	if t == nil {
		t = http.DefaultTransport
		if d, ok := t.(*http.Transport); ok {
			own := d.Clone()
			own.IdleConnTimeout = 4 * time.Second // Apache's default is 5, nginx's 75
			own.MaxResponseHeaderBytes = 64 << 10
			t = own
		}
	}
	_, c.traced = t.(*http.Transport)
	c.http = &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// parseAddress reads a base address. Its errors do not repeat the address, which might
// hold a password.
func parseAddress(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("not an address")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("want http:// or https:// and a host")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("want no user, query or fragment")
	}
	return u, nil
}

// orDefault returns v, or def when v is the zero value.
func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
