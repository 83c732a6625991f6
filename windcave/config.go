package windcave

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// DefaultEndpoint is the live host. The test host is https://uat.windcave.com, but accounts
// for development may live on the live host too.
const DefaultEndpoint = "https://sec.windcave.com"

const (
	defaultPageTimeout   = 20 * time.Second
	defaultChargeTimeout = 180 * time.Second
	defaultUserAgent     = "paymentexpress-windcave"
)

// Config is what both clients need besides credentials. The zero value works.
type Config struct {
	// Endpoint is scheme and host of the gateway, without a path. Plain http is taken for a
	// loopback host only. Default: DefaultEndpoint.
	Endpoint string

	// Transport carries the requests. Default: a clone of http.DefaultTransport held to
	// HTTP/1.1. That a request surely was not sent can be told only of a transport that
	// serves net/http/httptrace, as http.Transport does.
	Transport http.RoundTripper

	// Logger gets one debug line for each call. Default: none.
	Logger *zap.Logger

	// PageTimeout ends GenerateRequest, ProcessResponse and Status, repeats included.
	// Default: 20s.
	PageTimeout time.Duration

	// ChargeTimeout ends Purchase, Auth, Complete, Refund and Void. Default: 180s, which is
	// what Windcave's own plug-in waits for a charge.
	ChargeTimeout time.Duration

	// Now is the clock. Default: time.Now.
	Now func() time.Time

	// UserAgent names the caller to the gateway. Default: "paymentexpress-windcave".
	UserAgent string

	// Gate stands before each call. Default: none.
	Gate Gate
}

// Credentials are a user name and its key (PxPay) or password (PxPost). The two interfaces
// have different pairs.
type Credentials struct {
	user string
	key  secret.Secret
}

// NewCredentials keeps key as a secret.
func NewCredentials(user, key string) Credentials {
	return Credentials{user: user, key: secret.New(key)}
}

// User returns the user name, which is no secret: it stands in return addresses.
func (c Credentials) User() string { return c.user }

// check holds a pair to the longest user name of either interface, 32 characters.
func (c Credentials) check() error {
	switch {
	case !visible(c.user, 32):
		return errors.New("user name: 1 to 32 printable characters without blanks are needed")
	case c.key.Empty():
		return errors.New("key or password is empty")
	}
	return nil
}

// withDefaults fills the zero fields and reads the endpoint.
func (c Config) withDefaults() (Config, *url.URL, error) {
	if c.Endpoint == "" {
		c.Endpoint = DefaultEndpoint
	}
	endpoint, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return c, nil, fmt.Errorf("endpoint: %w", err)
	}
	if c.PageTimeout < 0 || c.ChargeTimeout < 0 {
		return c, nil, errors.New("a time-out is negative")
	}
	if c.PageTimeout == 0 {
		c.PageTimeout = defaultPageTimeout
	}
	if c.ChargeTimeout == 0 {
		c.ChargeTimeout = defaultChargeTimeout
	}
	if c.Transport == nil {
		c.Transport = defaultTransport()
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.UserAgent == "" {
		c.UserAgent = defaultUserAgent
	}
	return c, endpoint, nil
}

func parseEndpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, errors.New("not an address with scheme and host")
	case u.User != nil:
		return nil, errors.New("holds a user name")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, errors.New("only scheme and host are taken")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("http is for loopback hosts only, use https")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("scheme must be https")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// defaultTransport speaks HTTP/1.1: one request has a connection to itself, so a fault of the
// connection says whether that request went out. Idle connections are dropped before the
// far side does, for a request on a connection that just closed has an unclear fate.
func defaultTransport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if ok {
		t = t.Clone()
	} else {
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second}
	}
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.ForceAttemptHTTP2 = false
	t.IdleConnTimeout = 10 * time.Second
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}
