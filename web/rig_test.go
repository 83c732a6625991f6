package web

import (
	"context"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rig is the pages with their engine and journal between both simulators. In a synctest
// bubble it runs on virtual time and memory; with sockets a browser can open it.
type rig struct {
	*testing.T
	Handler  *Handler
	Config   Config // of Handler
	Gateway  *windcavetest.Server
	Splynx   *splynxtest.Server
	Store    *journal.SQLite
	Engine   *payment.Engine
	Customer int64
	Invoice  int64
	Number   string
	URL      string // public
	Logs     *observer.ObservedLogs

	patience time.Duration // of its tab, where the usual is too short
	shut     error         // the engine cannot be had
	seen     func(view)    // is told of every page, where it is set
}

// setup says how a rig differs from the usual one.
type setup struct {
	Provider string // default: Long White Cloud Internet; none: "-"
	Currency string // default: NZD
	Number   string // default: 2026/0042
	Due      string // default: 57.50
	Customer string
	Company  string // as Splynx has it
	Limit    GuestLimit
	Sockets  bool
	Gateway  windcavetest.Options
	Splynx   splynxtest.Options
	Seen     func(view)
	Patience time.Duration
	Edit     func(*Config)
	Second   bool // a partner 2, with an account of its own, in AUD
}

const (
	rigKey    = "0123456789abcdef0123456789abcdef"
	rigPxPay  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	rigPublic = "https://isp.example"
	rigCookie = "AAAAAAAAAAAAAAAAAAAAAA" // of the guest that the tests are
)

// inBubble runs a test with a rig on virtual time.
func inBubble(t *testing.T, o setup, test func(*rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(newRig(t, o)) })
}

func newRig(t *testing.T, o setup) *rig {
	t.Helper()
	o.Provider, o.Currency = or(o.Provider, "Long White Cloud Internet"), or(o.Currency, "NZD")
	o.Number, o.Due = or(o.Number, "2026/0042"), or(o.Due, "57.50")
	if o.Provider == "-" {
		o.Provider = ""
	}
	r := &rig{T: t, Number: o.Number, URL: rigPublic, seen: o.Seen, patience: o.Patience}
	o.Splynx.Keys = []splynxtest.APIKey{{Key: rigKey, Secret: "rig-secret"}}
	r.Splynx = splynxtest.New(o.Splynx)
	t.Cleanup(r.Splynx.Close)
	r.Splynx.SetCompany(1, o.Company, "")
	r.Customer = r.Splynx.AddCustomer(splynxtest.Customer{Name: or(o.Customer, "A Customer")})
	r.Invoice = r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: o.Number, Total: o.Due})

	gateway, listener := r.listen(&o)
	partner := r.partner(gateway, "RigPxPay", "RigPxPost", payment.Partner{Name: o.Provider, Currency: o.Currency, PaymentMethod: 3})
	api, err := splynx.New(splynx.Config{URL: "http://127.0.0.1:2/", Key: rigKey, Secret: "rig-secret", Transport: r.Splynx.Transport()})
	r.must(err)
	zone, err := time.LoadLocation("Pacific/Auckland")
	r.must(err)
	r.open()

	core, logs := observer.New(zap.DebugLevel)
	r.Logs = logs
	g := &payment.Generation{
		Settings: payment.Settings{PublicURL: r.URL, TimeZone: zone, BookingQuietTime: 2 * time.Second},
		Splynx:   api, Default: partner, Logger: zap.New(core),
	}
	if o.Second {
		r.Splynx.AddPartner("South", "Southern Cloud Ltd")
		g.Partners = map[int64]payment.Partner{
			2: r.partner(gateway, "SecondPxPay", "SecondPxPost", payment.Partner{Name: "Southern Cloud", Currency: "AUD", PaymentMethod: 2, Own: true}),
		}
	}
	r.Engine.Push(g)
	c := Config{
		PublicURL: r.URL, Generation: g, Limits: NewLimits(o.Limit), Logger: zap.New(core),
		Engine:         func(context.Context) (*payment.Engine, error) { return r.Engine, r.shut },
		SessionCookies: []string{"PHPSESSID", "splynx_admin"}, Invoice: true, Request: true, AddMoney: true, DirectPay: true,
		Card: true, DashboardInvoices: true, DashboardRequests: true,
	}
	if o.Edit != nil {
		o.Edit(&c)
	}
	r.configure(c)
	r.serve(listener)
	return r
}

// partner is p with an account at the gateway.
func (r *rig) partner(gateway windcave.Config, pxPay, pxPost string, p payment.Partner) payment.Partner {
	r.Helper()
	p.Credentials = payment.Credentials{PxPayUser: pxPay, PxPostUser: pxPost, Endpoint: gateway.Endpoint}
	var err error
	p.PxPay, err = windcave.NewPxPay(gateway, windcave.NewCredentials(pxPay, rigPxPay))
	r.must(err)
	p.PxPost, err = windcave.NewPxPost(gateway, windcave.NewCredentials(pxPost, "rig-password"))
	r.must(err)
	return p
}

// listen starts the gateway: in memory, or where a browser finds it.
func (r *rig) listen(o *setup) (windcave.Config, net.Listener) {
	r.Helper()
	o.Gateway.Accounts = []windcavetest.Account{
		{PxPayUser: "RigPxPay", PxPayKey: rigPxPay, PostUser: "RigPxPost", PostPassword: "rig-password", TokenBilling: true},
		{PxPayUser: "SecondPxPay", PxPayKey: rigPxPay, PostUser: "SecondPxPost", PostPassword: "rig-password", TokenBilling: true},
	}
	if !o.Sockets {
		o.Gateway.NotifyClient = roundTrip(func(q *http.Request) (*http.Response, error) {
			q.RequestURI, q.RemoteAddr = q.URL.RequestURI(), "203.0.113.7:1"
			w := httptest.NewRecorder()
			r.Handler.ServeHTTP(w, q)
			return w.Result(), nil
		})
		o.Gateway.BaseURL = "http://127.0.0.1:1"
		r.Gateway = windcavetest.New(o.Gateway)
		r.Cleanup(r.Gateway.Close)
		return windcave.Config{Endpoint: o.Gateway.BaseURL, Transport: r.Gateway.Transport()}, nil
	}
	r.Gateway = windcavetest.New(o.Gateway)
	running, err := r.Gateway.Start("127.0.0.1:0")
	r.must(err)
	r.Cleanup(running.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	r.URL = "http://" + listener.Addr().String()
	return windcave.Config{Endpoint: running.URL}, listener
}

// serve answers at the public address, beside a Splynx that shows a link in its dialog.
func (r *rig) serve(l net.Listener) {
	if l == nil {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc(Prefix+"/", func(w http.ResponseWriter, q *http.Request) { r.Handler.ServeHTTP(w, q) })
	mux.HandleFunc("/portal/", func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Portal</title><link rel="icon" href="data:,"><h1>Portal</h1><iframe title="Pay" style="width:300px;height:500px;border:0" src="` + r.link() + `"></iframe>`))
	})
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, q *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	r.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
}

func (r *rig) open() {
	var err error
	r.Store, err = journal.Open(context.Background(), filepath.Join(r.TempDir(), "journal.db"))
	r.must(err)
	r.Engine = payment.New(r.Store, payment.Options{Node: "rig"})
	r.Cleanup(func() {
		r.must(r.Engine.Close(context.Background()))
		r.must(r.Store.Close())
	})
}

// configure makes the handler anew.
func (r *rig) configure(c Config) {
	r.Helper()
	h, err := New(c)
	r.must(err)
	if r.seen != nil {
		h.pages.shown = r.seen
	}
	r.Config, r.Handler = c, h
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// wants fails unless the page has that status and heading.
func (r *rig) wants(a answer, status int, title string) {
	r.Helper()
	if a.Code != status || a.title() != title {
		r.Errorf("answer is %d %q, want %d %q", a.Code, a.title(), status, title)
	}
}

// pay opens the link, presses the button, and returns the address of the gateway's page.
func (r *rig) pay() string {
	r.Helper()
	return r.leads(r.press(r.get(r.link()).form()))
}

// leads fails unless a form leads on to the gateway, and returns the address of its page.
func (r *rig) leads(a answer) string {
	r.Helper()
	if a.Code != http.StatusSeeOther || !strings.HasPrefix(a.location(), r.Config.Generation.Default.Endpoint) {
		r.Fatalf("the button leads to %d %q (%s)", a.Code, a.location(), a.title())
	}
	return a.location()
}

// back takes an address the gateway sent the browser to, without the host.
func (r *rig) back(address string, err error) string {
	r.Helper()
	r.must(err)
	return strings.TrimPrefix(address, r.URL)
}

// payer is what payments of the tests' guest are kept under.
func (r *rig) payer() string {
	r.Helper()
	payer, err := guestHash(context.Background(), r.Engine, rigCookie)
	r.must(err)
	return payer
}

// put writes a payment of the rig's invoice into the journal as it stands after edit.
func (r *rig) put(id payment.ID, state payment.State, edit ...func(*payment.Payment)) *payment.Payment {
	r.Helper()
	now := time.Now().UTC()
	p := &payment.Payment{
		ID: id, TxnID: id, Kind: payment.KindInvoice, Way: payment.WayHosted, Origin: payment.OriginGuest, State: state,
		Partner: 1, Customer: r.Customer, DocumentID: r.Invoice, DocumentNumber: r.Number, Amount: r.amount("57.50", "NZD"),
		Endpoint: r.Config.Generation.Default.Endpoint, PxPayUser: "RigPxPay", FormKey: "form of " + string(id), Payer: r.payer(),
		PageEnds: now.Add(time.Hour), CreatedAt: now, MovedAt: now,
	}
	if state == payment.Offered {
		p.PageURL = p.Endpoint + "/pxmi3/hosted"
	}
	for _, f := range edit {
		f(p)
	}
	err := r.Store.Create(context.Background(), p, payment.Event{Payment: id, At: now, To: state, Who: "test"}, func([]*payment.Payment) error { return nil })
	r.must(err)
	return p
}

func (r *rig) amount(number, code string) currency.Amount {
	r.Helper()
	a, err := money.Parse(number, code)
	r.must(err)
	return a
}

// journal is all payments, newest first.
func (r *rig) journal() []*payment.Payment {
	r.Helper()
	all, err := r.Store.Find(context.Background(), payment.Filter{Limit: 1000})
	r.must(err)
	return all
}

// promises fails unless the three histories agree.
func (r *rig) promises() {
	r.Helper()
	for _, v := range paymenttest.Check(paymenttest.Histories{
		Charges: r.Gateway.Charges(), Refunds: r.Gateway.Refunds(), Payments: r.Splynx.Payments(), Records: r.Splynx.Records(), Journal: r.journal(),
	}) {
		r.Error(v)
	}
}

// untouched fails if anything was started or charged.
func (r *rig) untouched() {
	r.Helper()
	if n := len(r.journal()); n > 0 {
		r.Errorf("%d payment(s) were started", n)
	}
	if n := len(r.Gateway.Log()); n > 0 {
		r.Errorf("the gateway was called %d time(s)", n)
	}
}
