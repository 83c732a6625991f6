package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

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
	// Room tells why nothing new of a partner may start (the disk is nearly full). Default:
	// nothing.
	Room func(partner int64) error
	// SessionCookies are the names of cookies that may hold a Splynx session.
	SessionCookies []string
	Invoice        bool // the portal's pay icon of invoices is served
	Request        bool // that of proforma invoices is
	AddMoney       bool // the page that tops up the balance is
	DirectPay      bool // payment links are
	Card           bool // customers may save a card; one that is saved can be paid with all the same
	// The dashboard's list of unpaid invoices, and of unpaid proforma invoices, is served.
	DashboardInvoices, DashboardRequests bool
	// SignIn says where customers sign in whom no session of Splynx proves: SignInSplynx leads
	// to the portal's login, SignInOwn to a page of ours. Default: SignInSplynx.
	SignIn string
	// SignedLinks says which payment links must be signed (SignLink): SignedNone, SignedByID
	// (those with an id, which anybody can count up) or SignedAll. Default: SignedNone.
	SignedLinks string
	// GuestDeclines is how many payments of guests may be declined within an hour; with more,
	// payment links close for an hour. Default: 30.
	GuestDeclines int
	// TopUp says how much a partner's customers may pay to their balance. Default: TopUp{}.
	TopUp func(partner int64) TopUp
	// Language is the language of a partner's pages, such as de or pt-BR. Default: "", the
	// reader's.
	Language func(partner int64) string
	// Look is how a partner's pages look. Default: Look{}.
	Look func(partner int64) Look
	// Messages is a folder of files active.<language>.json, whose texts stand in place of ours
	// or add a language. Default: none.
	Messages fs.FS
	// Office makes what answers below AdminPath. Default: nothing does.
	Office func(*Handler) (http.Handler, error)
	Logger *zap.Logger
	Now    func() time.Time
}

// Handler answers every path below Prefix.
type Handler struct {
	Config
	public   *url.URL
	zone     *time.Location // the provider's
	routes   *http.ServeMux
	office   http.Handler // nil: none
	pages    *pages
	wardrobe *wardrobe
	origin   *http.CrossOriginProtection
	names    names
	starts   singleflight.Group  // both halves of a double click get the same answer
	asking   *semaphore.Weighted // turns to ask Splynx on behalf of somebody who waits
	known    callers
	closing  sync.Mutex // payment links are closed by one
	nearby   sync.Once  // the warning that guests are counted by a neighbour's address
	csp      string
}

// New makes a handler.
func New(c Config) (*Handler, error) {
	public, err := parsePublicURL(c.PublicURL)
	if err != nil {
		return nil, err
	}
	if c, err = c.checked(); err != nil {
		return nil, err
	}
	h := &Handler{
		Config: c, public: public, zone: c.Generation.Settings.Normalize().TimeZone,
		origin: http.NewCrossOriginProtection(), routes: http.NewServeMux(), asking: semaphore.NewWeighted(lookUps),
	}
	if h.pages, err = newPages(c.Messages); err != nil {
		return nil, err
	}
	if h.wardrobe, err = newWardrobe(c, h.pages.languages); err != nil {
		return nil, err
	}
	if h.csp, err = contentSecurity(c.Generation.Endpoints()); err != nil {
		return nil, err
	}
	for _, y := range ways {
		if !h.open(y) {
			continue
		}
		look, start := h.directPay(y), h.startDirectPay(y)
		if y.portal {
			look, start = h.payOwn(y), h.startPayOwn(y)
		}
		h.routes.HandleFunc("GET "+y.path, look)
		h.routes.HandleFunc("POST "+y.path, start)
	}
	if h.AddMoney {
		for _, path := range []string{Prefix, Prefix + "/{$}"} {
			h.routes.HandleFunc("GET "+path, h.topUp)
			h.routes.HandleFunc("POST "+path, h.takeTopUp)
		}
	}
	if h.Card {
		h.routes.HandleFunc("GET "+cardPage.path, h.ownCard)
		h.routes.HandleFunc("POST "+cardPage.path, h.changeCard)
	}
	if h.DashboardInvoices || h.DashboardRequests {
		h.routes.HandleFunc("GET "+widget.path, h.showWidget)
		h.routes.HandleFunc("POST "+widget.path, h.payTogether)
	}
	if h.SignIn == SignInOwn {
		h.routes.HandleFunc("GET "+ownSignInPath, h.askSignIn)
		h.routes.HandleFunc("POST "+ownSignInPath, h.takeSignIn)
		h.routes.HandleFunc("POST "+signOutPath, h.takeSignOut)
	}
	h.routes.HandleFunc("GET "+paymentsPath, h.ownPayments)
	h.routes.HandleFunc("GET "+Prefix+"/payment/{id}", h.showPayment)
	h.routes.HandleFunc("GET "+Prefix+"/assets/{file}", h.asset)
	return h, h.openOffice()
}

// openOffice mounts the office's pages.
func (h *Handler) openOffice() (err error) {
	if h.Office == nil {
		return nil
	}
	if h.office, err = h.Office(h); err == nil {
		h.routes.Handle(AdminPath, h.office)
		h.routes.HandleFunc("GET "+byAdminPath, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, h.officePage(r), http.StatusFound) })
	}
	return err
}

// checked refuses words that are not known, and fills in the defaults.
func (c Config) checked() (Config, error) {
	switch {
	case c.SignIn != SignInSplynx && c.SignIn != SignInOwn:
		return c, fmt.Errorf("sign_in %q: own, or nothing for Splynx's login", c.SignIn)
	case c.SignedLinks != SignedNone && c.SignedLinks != SignedByID && c.SignedLinks != SignedAll:
		return c, fmt.Errorf("signed_links %q: by_id, all, or nothing for none", c.SignedLinks)
	case c.GuestDeclines < 0:
		return c, fmt.Errorf("guest_declines %d: a number above 0", c.GuestDeclines)
	}
	return c.withDefaults(), nil
}

func (c Config) withDefaults() Config {
	if c.GuestDeclines == 0 {
		c.GuestDeclines = guestDeclines
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
		c.Room = func(int64) error { return nil }
	}
	if c.TopUp == nil {
		c.TopUp = func(int64) TopUp { return TopUp{} }
	}
	if c.Language == nil {
		c.Language = func(int64) string { return "" }
	}
	if c.Look == nil {
		c.Look = func(int64) Look { return Look{} }
	}
	if c.Limits == nil {
		c.Limits = NewLimits(GuestLimit{})
	}
	return c
}

// parsePublicURL reads scheme and host. A port that browsers leave out of Host is left out
// here too: else every page would redirect to itself.
func parsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("public_url %q: want an address such as https://isp.example/", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: withoutDefaultPort(u.Scheme, strings.ToLower(u.Host))}, nil
}

func withoutDefaultPort(scheme, host string) string {
	return strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
}

// ServeHTTP answers a request. It never panics, and never leaves an error for others to
// render: what they print of a request may hold a result token.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recovered(w, r)
	h.headers(w.Header())
	if id, ok := strings.CutPrefix(r.URL.Path, payment.ReturnPath); ok { // nothing below closes this route
		h.comeBack(w, r, id)
		return
	}
	if h.refuse(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if _, pattern := h.routes.Handler(r); pattern == "" {
		h.noRoute(w, r)
		return
	}
	h.routes.ServeHTTP(w, r)
}

// engine returns the engine; without one it answers that no payment can be taken now.
func (h *Handler) engine(w http.ResponseWriter, r *http.Request) *payment.Engine {
	e, err := h.Engine(r.Context())
	if err != nil {
		h.closed(w, r, err)
		return nil
	}
	return e
}

func remoteIP(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().WithZone("").Unmap()
}

// tooLarge tells that a form was beyond formLimit.
func tooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.As(err, &limit)
}

const formLimit = 16 << 10
