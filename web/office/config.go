package office

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

//go:embed templates/*.html assets/office.css assets/live.js
var files embed.FS

// Config says what the office may do. What Mount takes from the pages of package web is said
// there.
type Config struct {
	// Rights says who may do what. Default: whoever may add payments in Splynx may all.
	Rights Rights
	// From are the networks that the office's pages may be opened from. Default: any.
	From []netip.Prefix
	// AddMoney: staff may charge a saved card for a customer's balance.
	AddMoney bool
	// Charge: the pages that charge many customers are served, if there are Runs.
	Charge bool
	// Runs returns the charge runs, or why there are none. Default: nil, there are no such pages.
	Runs func(context.Context) (*charge.Runs, error)
	// ConfirmAbove says from where on the number of charges has to be typed before they start.
	// Default: more than 100 charges, or more than 10,000 of a currency.
	ConfirmAbove charge.Limit
	// DespiteCredit: runs charge what a customer's credit covers, unless somebody says otherwise.
	DespiteCredit bool
	// Closing ends the pages that are watched. Default: nil, never.
	Closing <-chan struct{}

	// Upstreams tells whether Splynx and Windcave answer. Default: nil, it is not said.
	Upstreams func() []upstream.State
	// Settings tells what is in force. Default: nil, there is no such page.
	Settings func() SettingsTable
	// Check looks whether all is as it has to be. Default: nil, it cannot be asked for.
	Check func(context.Context) ([]Finding, error)

	Generation *payment.Generation
	// Engine returns the engine, or why there is none.
	Engine func(context.Context) (*payment.Engine, error)
	// Staff tells which administrator sends a request; a fresh answer comes from Splynx itself.
	Staff    func(r *http.Request, fresh bool) (*splynx.Administrator, error)
	ClientIP func(*http.Request) netip.Addr
	// Room tells why nothing new of a partner may start.
	Room func(partner int64) error
	// TopUp says how much may be paid to a balance at once.
	TopUp  func(partner int64) web.TopUp
	Logger *zap.Logger
	Now    func() time.Time
}

// Office answers everything below web.AdminPath.
type Office struct {
	Config
	pages     *web.Handler // the customers' pages, whose look and links it shares
	routes    *http.ServeMux
	places    []place // those that there are
	templates *template.Template
	style     string // address of its own style sheet
	script    string // and of the script of pages that are watched
	watchers  chan struct{}
	exports   chan struct{}
	zone      *time.Location

	tallied    figureCache
	cardCensus census
	checked    checkup
}

// Mount is for web.Config.Office: c with what the pages have been configured with.
func Mount(c Config) func(*web.Handler) (http.Handler, error) {
	return func(h *web.Handler) (http.Handler, error) {
		c.Generation, c.Engine, c.Staff, c.ClientIP = h.Generation, h.Engine, h.Staff, h.Config.ClientIP
		c.Room, c.TopUp, c.Logger, c.Now = h.Room, h.TopUp, h.Logger, h.Now
		return newOffice(c, h)
	}
}

func newOffice(c Config, h *web.Handler) (*Office, error) {
	style, err := files.ReadFile("assets/office.css")
	if err != nil {
		return nil, err
	}
	script, err := files.ReadFile("assets/live.js")
	if err != nil {
		return nil, err
	}
	o := &Office{
		Config: c, pages: h, routes: http.NewServeMux(), zone: c.Generation.Settings.Normalize().TimeZone,
		style: h.Keep("office", ".css", "text/css; charset=utf-8", style), script: h.Keep("live", ".js", "text/javascript; charset=utf-8", script),
		watchers: make(chan struct{}, watchersMost),
		exports:  make(chan struct{}, exportsMost),
	}
	if o.templates, err = template.New("").Funcs(o.funcs()).Funcs(o.lookFuncs()).ParseFS(files, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("read the office's templates: %w", err)
	}
	for _, r := range o.all() {
		if r.on == nil || r.on(o) {
			o.routes.Handle(r.method+" "+web.AdminPath+r.path, o.guarded(r))
		}
	}
	o.places = o.standing()
	return o, nil
}

// ServeHTTP answers a request that package web has let in.
func (o *Office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := o.routes.Handler(r); pattern == "" {
		o.noRoute(w, r)
		return
	}
	o.routes.ServeHTTP(w, r)
}
