package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Prefix is the path below which everything is answered here.
const Prefix = "/paymentexpress"

// Ours tells whether a path is answered here.
func Ours(path string) bool {
	return strings.HasPrefix(path, Prefix) && (len(path) == len(Prefix) || path[len(Prefix)] == '/')
}

// Config is what the pages of one configuration need.
type Config struct {
	PublicURL  string // what payers see: scheme and host
	Generation *payment.Generation
	// Engine returns the engine, or why no payment can be taken now.
	Engine func(context.Context) (*payment.Engine, error)
	Limits *Limits
	// ClientIP is the address that limits count. Default: the connection's.
	ClientIP func(*http.Request) netip.Addr
	// Room tells why nothing new may start (the disk is nearly full). Default: nothing.
	Room   func() error
	Logger *zap.Logger
	Now    func() time.Time
}

// Handler answers every path below Prefix.
type Handler struct {
	Config
	public *url.URL
	routes *http.ServeMux
	pages  *pages
	origin *http.CrossOriginProtection
	names  names
	csp    string
}

// New makes a handler.
func New(c Config) (*Handler, error) {
	public, err := url.Parse(c.PublicURL)
	if err != nil || public.Host == "" {
		return nil, fmt.Errorf("public_url %q: want an address such as https://isp.example/", c.PublicURL)
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ClientIP == nil {
		c.ClientIP = remoteIP
	}
	if c.Room == nil {
		c.Room = func() error { return nil }
	}
	p, err := newPages()
	if err != nil {
		return nil, err
	}
	h := &Handler{Config: c, public: public, pages: p, origin: http.NewCrossOriginProtection(), routes: http.NewServeMux()}
	h.csp, err = contentSecurity(c.Generation)
	if err != nil {
		return nil, err
	}
	h.routes.HandleFunc("GET "+Prefix+"/direct-pay-invoice", h.directPay)
	h.routes.HandleFunc("POST "+Prefix+"/direct-pay-invoice", h.startDirectPay)
	h.routes.HandleFunc(payment.ReturnPath+"{id}", h.comeBack)
	h.routes.HandleFunc("GET "+Prefix+"/payment/{id}", h.showPayment)
	h.routes.HandleFunc("GET "+Prefix+"/assets/{file}", h.pages.asset)
	return h, nil
}

// ServeHTTP answers a request. It never panics, and never leaves an error for others to
// render: what they print of a request may hold a result token.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if cause == http.ErrAbortHandler {
			panic(cause)
		}
		h.Logger.Error("a page failed", zap.String("path", r.URL.Path), zap.Any("cause", fmt.Sprint(cause)), zap.ByteString("stack", debug.Stack()))
		h.show(w, r, page{Status: http.StatusInternalServerError, Key: "failed"})
	}()
	h.headers(w.Header())
	returning := strings.HasPrefix(r.URL.Path, payment.ReturnPath)
	if !returning {
		if h.refuse(w, r) {
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	}
	_, pattern := h.routes.Handler(r)
	if pattern == "" {
		h.noRoute(w, r)
		return
	}
	h.routes.ServeHTTP(w, r)
}

// refuse answers what no route may see: early data that could be replayed, forms of other
// origins, and another host's name.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case !safe && r.TLS != nil && !r.TLS.HandshakeComplete:
		h.show(w, r, page{Status: http.StatusTooEarly, Key: "too_early"})
	case !safe && h.origin.Check(r) != nil:
		h.show(w, r, page{Status: http.StatusForbidden, Key: "other_origin"})
	case strings.EqualFold(r.Host, h.public.Host):
		return false
	case safe:
		to := *h.public
		to.Path, to.RawQuery = r.URL.Path, r.URL.RawQuery
		http.Redirect(w, r, to.String(), http.StatusFound)
	default:
		h.show(w, r, page{Status: http.StatusMisdirectedRequest, Key: "other_host"})
	}
	return true
}

// noRoute tells a wrong method from a wrong address.
func (h *Handler) noRoute(w http.ResponseWriter, r *http.Request) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := h.routes.Handler(other); pattern != "" {
			w.Header().Set("Allow", "GET, HEAD, POST")
			h.show(w, r, page{Status: http.StatusMethodNotAllowed, Key: "method"})
			return
		}
	}
	h.show(w, r, page{Status: http.StatusNotFound, Key: "no_page"})
}

// headers are the same on every answer.
func (h *Handler) headers(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", h.csp)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	// Not no-referrer: with that a browser says "Origin: null" of our own form.
	header.Set("Referrer-Policy", "same-origin")
}

// contentSecurity lets forms lead to us and to where the gateway has its pages: without
// that a browser stops at the redirect after our form.
func contentSecurity(g *payment.Generation) (string, error) {
	to := map[string]bool{}
	order := []string{"'self'"}
	for _, endpoint := range g.Endpoints() {
		u, err := url.Parse(endpoint)
		if err != nil {
			return "", err
		}
		origin := u.Scheme + "://" + u.Host
		if _, parent, ok := strings.Cut(u.Hostname(), "."); ok && u.Scheme == "https" && strings.Contains(parent, ".") {
			origin = "https://*." + parent
		}
		if !to[origin] {
			to[origin] = true
			order = append(order, origin)
		}
	}
	return "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action " + strings.Join(order, " "), nil
}

// engine returns the engine, or answers that no payment can be taken now.
func (h *Handler) engine(w http.ResponseWriter, r *http.Request) *payment.Engine {
	e, err := h.Engine(r.Context())
	if err != nil {
		h.Logger.Warn("no payment can be taken now", zap.Error(err))
		h.show(w, r, page{Status: http.StatusServiceUnavailable, Key: "closed", Retry: true})
		return nil
	}
	return e
}

func remoteIP(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap()
}

// tooLarge tells that a form was beyond formLimit.
func tooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.As(err, &limit)
}

const formLimit = 16 << 10
