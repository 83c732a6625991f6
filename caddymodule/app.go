package caddymodule

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	officepages "github.com/caddy-paymentexpress/paymentexpress/web/office"
)

// App takes card payments by Windcave for a Splynx installation. It is configured once, in
// the global options; a site adds the `paymentexpress` directive to serve its pages.
//
// Secrets (`api_secret`, the key of `pxpay`, the password of `pxpost`) should be placeholders
// such as `{env.SPLYNX_API_SECRET}` or `{file./run/secrets/key}`: a literal one stands in the
// autosaved configuration.
type App struct {
	// The Splynx installation. Required.
	Splynx Splynx `json:"splynx,omitzero"`

	// The Windcave account. Required.
	Windcave Windcave `json:"windcave,omitzero"`

	// ISO 4217 code of the currency that customers are charged in. Required.
	Currency string `json:"currency,omitempty"`

	// The id, in Splynx, of the payment method that payments are booked with. Required.
	PaymentMethod int64 `json:"payment_method,omitempty"`

	// What differs for the customers of one of Splynx's partners, by the partner's id.
	Partners map[int64]Partner `json:"partners,omitempty"`

	// How cards are saved and used.
	Cards Cards `json:"cards,omitzero"`

	// What becomes of money that cannot be booked on the document that it was paid for, because
	// that was deleted, is another customer's, or Splynx refuses it: `balance`, or `refund`, back
	// to the card. Default: `balance`.
	CannotBook string `json:"cannot_book,omitempty"`

	// What becomes of money that arrives when its document is paid already: `balance` or
	// `refund`. Default: `balance`.
	SecondApproval string `json:"second_approval,omitempty"`

	// What becomes in Splynx of a refund, once Windcave has made it: `task`, a person is told what to
	// type, or `payment`, a payment of less than 0 is made there, which is not proven to work on a
	// real Splynx; where it refuses, a person is told all the same. Default: `task`.
	RefundInSplynx string `json:"refund_in_splynx,omitempty"`

	// How much a customer may pay to the balance at once.
	TopUp TopUp `json:"top_up,omitzero"`

	// What is offered.
	EntryPoints EntryPoints `json:"entry_points,omitzero"`

	// How payments are grouped into payment statements: `monthly` or `daily`. Default:
	// `monthly`.
	Statements string `json:"statements,omitempty"`

	// The provider's time zone, such as `Pacific/Auckland`: it decides dates and statements.
	// Default: the machine's.
	TimeZone string `json:"time_zone,omitempty"`

	// The provider's name as payers know it. Default: the company name in Splynx.
	Name string `json:"name,omitempty"`

	// How the pages look.
	Look

	// The language of the pages, such as de or pt-BR. Default: the reader's, if we have it.
	Language string `json:"language,omitempty"`

	// A folder with files active.<language>.json, whose texts take the place of ours or add a
	// language. Default: none.
	Messages string `json:"messages,omitempty"`

	// How long a payer may take on Windcave's page. Default: 60m.
	PageLife caddy.Duration `json:"page_life,omitempty"`

	// After a booking that may or may not have reached Splynx, nothing is posted again for so
	// long: it is only searched for. Default: 10m.
	BookingQuietTime caddy.Duration `json:"booking_quiet_time,omitempty"`

	// Which of a payment's fields in Splynx, 1 to 5, carries our number besides the receipt
	// number. Default: 5.
	MarkerField int `json:"marker_field,omitempty"`

	// How many payments guests may start in an hour. Default: 10 for one document, 60 from
	// one address, 600 over all.
	GuestLimit GuestLimit `json:"guest_limit,omitzero"`

	// How many declined payments of guests in an hour close payment links for an hour: somebody
	// may be trying out cards. Default: 30.
	GuestDeclines int `json:"guest_declines,omitempty"`

	// Which payment links must be signed, as `caddy paymentexpress link` makes them: `off`,
	// `by_id`, or `all`. Default: `off`.
	SignedLinks string `json:"signed_links,omitempty"`

	// What `caddy paymentexpress` may do through Caddy's admin address: `read`, or `all`, which
	// is also ending payments that wait for a person. Default: `read`.
	AdminCommands string `json:"admin_commands,omitempty"`

	// How many customers are charged at once.
	Charge Charge `json:"charge,omitzero"`

	// What staff may do on the office's pages.
	Office Office `json:"office,omitzero"`

	// The networks that the office's pages may be opened from, such as 203.0.113.0/24. Default:
	// any.
	AdminFrom []string `json:"admin_from,omitempty"`

	// Where payments are kept.
	Journal Journal `json:"journal,omitzero"`

	// Free space, in bytes, on the journal's disk below which no new payment starts. Default:
	// 256 MiB.
	JournalReserve int64 `json:"journal_reserve,omitempty"`

	log        *zap.Logger
	address    string // Splynx's, placeholders replaced; so are the next five
	public     string
	endpoint   string
	journal    string
	serverName string
	authority  string
	space      *space
	noMethods  *missing // what Splynx was heard not to have
	host       *host
	hostKey    string
	gates      gates
	trouble    *trouble
	generation *payment.Generation
	pages      *web.Handler
	stopping   context.CancelFunc
	closing    chan struct{} // closed when the pages that are watched are to end
	unwatch    func()        // closes it; may be called again
}

// gates stand before the two upstreams: one that does not answer is left alone for a moment.
type gates struct{ splynx, windcave *upstream.Gate }

func newGates(log *zap.Logger) gates {
	return gates{
		splynx:   upstream.New("splynx", upstream.Options{Logger: log}),
		windcave: upstream.New("windcave", upstream.Options{Logger: log}),
	}
}

// Journal says where payments are kept.
type Journal struct {
	// `sqlite`, one file for one Caddy process. Default: `sqlite`.
	Backend string `json:"backend,omitempty"`

	// The file. Default: paymentexpress.db in Caddy's data folder.
	Path string `json:"path,omitempty"`
}

// EntryPoints says what is offered; what is `off` answers 404, and no page leads to it.
// Returns, notifications and the pages of payments stay open.
type EntryPoints struct {
	// The pay icon of an invoice in the customer portal: `on` or `off`. Default: `on`.
	Invoice string `json:"invoice,omitempty"`
	// The pay icon of a proforma invoice there: `on` or `off`. Default: `on`.
	Request string `json:"request,omitempty"`
	// Unpaid invoices on the dashboard, with a button each: `on` or `off`. Default: `on`.
	DashboardInvoices string `json:"dashboard_invoices,omitempty"`
	// Unpaid proforma invoices there: `on` or `off`. Default: `on`.
	DashboardRequests string `json:"dashboard_requests,omitempty"`
	// The page where customers save, replace and remove their card: `on` or `off`. Default:
	// `on`.
	Card string `json:"card,omitempty"`
	// The page that tops up the balance, which the dashboard's form leads to too: `on` or
	// `off`. Default: `on`.
	AddMoney string `json:"add_money_on_dashboard,omitempty"`
	// Payment links: `on` or `off`. Default: `on`.
	DirectPay string `json:"direct_pay,omitempty"`
	// Staff charge a customer's saved card for the balance: `on` or `off`. Default: `on`.
	AddMoneyByAdmin string `json:"add_money_by_admin,omitempty"`
	// Staff charge many customers at once: `on` or `off`. Default: `on`.
	Charge string `json:"charge,omitempty"`
}

// TopUp says how much may be paid to a balance at once, in the partner's currency.
type TopUp struct {
	// Default: 1.
	Least string `json:"least,omitempty"`
	// Default: 10000.
	Most string `json:"most,omitempty"`
	// Amounts that are offered with a button each, at most six. Default: none; what is owed
	// stands in the field.
	Suggest []string `json:"suggest,omitempty"`
}

// GuestLimit says how many payments guests may start in an hour; links may be looked at ten
// times as often.
type GuestLimit struct {
	// For one invoice.
	Document int `json:"document,omitempty"`
	// From one address; an IPv6 address counts as its /64.
	Address int `json:"address,omitempty"`
	// Over all.
	All int `json:"all,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "paymentexpress", New: func() caddy.Module { return new(App) }}
}

// Provision reads the configuration. It opens no journal and calls nobody.
func (a *App) Provision(ctx caddy.Context) error {
	a.log = ctx.Logger()
	a.setDefaults()
	if err := a.resolvePlain(); err != nil {
		return err
	}
	if err := a.check(); err != nil {
		return err
	}
	var err error
	if a.hostKey, err = a.journalPath(); err != nil {
		return err
	}
	if err := a.observe(ctx); err != nil {
		return err
	}
	if a.host, err = loadHost(a.hostKey); err != nil {
		return err
	}
	a.gates = newGates(a.log)
	if a.generation, err = a.generate(); err != nil {
		return err
	}
	looks, err := a.looks()
	if err != nil {
		return err
	}
	messages, err := a.messageFiles()
	if err != nil {
		return err
	}
	staff, err := a.office()
	if err != nil {
		return err
	}
	a.pages, err = web.New(web.Config{
		PublicURL: a.public, Generation: a.generation, Engine: a.host.Engine, Limits: a.host.limits,
		ClientIP: clientIP, Room: a.room, Logger: a.log, SessionCookies: a.Splynx.SessionCookies,
		Invoice: a.EntryPoints.Invoice == "on", Request: a.EntryPoints.Request == "on", DirectPay: a.EntryPoints.DirectPay == "on",
		AddMoney: a.EntryPoints.AddMoney == "on", TopUp: a.topUp, Card: a.EntryPoints.Card == "on",
		DashboardInvoices: a.EntryPoints.DashboardInvoices == "on", DashboardRequests: a.EntryPoints.DashboardRequests == "on",
		Language: func(int64) string { return a.Language }, Look: looks, Messages: messages,
		SignIn: strings.TrimPrefix(a.Splynx.SignIn, "splynx"), SignedLinks: strings.TrimPrefix(a.SignedLinks, "off"), GuestDeclines: a.GuestDeclines,
		Office: officepages.Mount(staff),
	})
	if err != nil {
		return fmt.Errorf("paymentexpress: %w", err)
	}
	return nil
}

// observe makes what this configuration is watched by.
func (a *App) observe(ctx caddy.Context) error {
	a.closing = make(chan struct{})
	a.unwatch = sync.OnceFunc(func() { close(a.closing) })
	a.trouble = new(trouble)
	a.space, a.noMethods = newSpace(filepath.Dir(a.hostKey)), new(missing)
	return (runMetrics{}).register(ctx.GetMetricsRegistry())
}

// journalPath is where the journal is. The default is not written by adapt: it may be run on
// another machine, or as another user.
func (a *App) journalPath() (string, error) {
	path := a.journal
	if path == "" {
		path = filepath.Join(caddy.AppDataDir(), "paymentexpress.db")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("paymentexpress: journal: %w", err)
	}
	return path, nil
}

// Start puts this configuration in force. The journal is opened in the background: one that
// cannot be opened closes the payment pages and lets the rest of Caddy run.
//
// A journal with unfinished payments is not left for another one: what is in it would be
// forgotten. The configuration before stays in force then.
func (a *App) Start() error {
	if err := unfinishedElsewhere(a.host); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.stopping = cancel
	automatic, err := a.Charge.automatic()
	if err != nil { // checked before
		return err
	}
	a.host.enforce(inForce{generation: a.generation, limit: web.GuestLimit(a.GuestLimit), pace: a.Charge.pace(), automatic: automatic, app: a})
	if !isLive(a.endpoint) {
		a.log.Warn("windcave endpoint is not the live host: its payments may be tests, and their invoices become paid in splynx all the same", zap.String("endpoint", a.endpoint))
	}
	a.warnWithoutPxPost()
	go a.probe(ctx)
	return nil
}

// Stop takes this configuration out of force. Payments under way go on.
func (a *App) Stop() error {
	if a.stopping != nil {
		a.stopping()
	}
	a.unwatch()
	a.host.remove(a.generation)
	return nil
}

// Cleanup gives the shared journal back; it runs after a failed Provision too.
func (a *App) Cleanup() error {
	if a.host == nil {
		return nil
	}
	if a.stopping != nil {
		a.stopping()
	}
	a.unwatch()
	if a.generation != nil { // else Provision came no further
		a.host.remove(a.generation)
		go func(api *splynx.Client) { // a reload does not wait for Splynx
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_ = api.Close(ctx) // an access token that stays lapses by itself
		}(a.generation.Splynx)
	}
	_, err := hosts.Delete(a.hostKey)
	a.host = nil
	return err
}

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
