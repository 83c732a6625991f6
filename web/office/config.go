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

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

//go:embed templates/*.html assets/office.css
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
	// Charge: the pages that charge many customers are served.
	Charge bool

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
	zone      *time.Location
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
	o := &Office{
		Config: c, pages: h, routes: http.NewServeMux(), zone: c.Generation.Settings.Normalize().TimeZone,
		style: h.Keep("office", ".css", "text/css; charset=utf-8", style),
	}
	if o.templates, err = template.New("").Funcs(o.funcs()).ParseFS(files, "templates/*.html"); err != nil {
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
