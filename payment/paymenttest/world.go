package paymenttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// The credentials of a World.
const (
	pxPayUser, pxPayKey   = "WorldPxPay", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	pxPostUser, pxPostKey = "WorldPxPost", "world-password"
	apiKey, apiSecret     = "0123456789abcdef0123456789abcdef", "world-secret"
	staffKey              = "fedcba9876543210fedcba9876543210"
	gatewayURL            = "http://127.0.0.1:1"
	publicURL             = "https://isp.example"
)

// World is an engine with its journal, between a gateway and a Splynx. Made inside a
// testing/synctest bubble, all of it runs on virtual time.
type World struct {
	TB      testing.TB
	Gateway *windcavetest.Server
	Splynx  *splynxtest.Server
	Store   *journal.SQLite
	Engine  *payment.Engine
	Gen     *payment.Generation

	Customer int64 // of Invoice
	Invoice  splynxtest.Invoice
	Logger   *zap.Logger

	file    string
	options Options
	life    *life
	down    atomic.Bool // the gateway cannot be reached

	mu     sync.Mutex // of what notifications read while the test goes on
	inside *payment.Engine
}

// Options of a World.
type Options struct {
	Gateway   windcavetest.Options // Accounts and NotifyClient are the world's
	Splynx    splynxtest.Options   // Keys are the world's
	Settings  payment.Settings
	Currency  string // default NZD
	Due       string // of the invoice; default 57.50
	NoPxPost  bool
	Account   func(*windcavetest.Account) // changes the world's account at the gateway
	Logger    *zap.Logger
	Observer  payment.Observer
	NoJournal bool   // the test opens it
	File      string // of the journal; default: a new one

	// What stands between the engine and the simulators. Default: nothing.
	OnGateway, OnSplynx func(http.RoundTripper) http.RoundTripper
}

// New makes a world with one customer who has one invoice. It ends with the test.
func New(tb testing.TB, o Options) *World {
	tb.Helper()
	w := &World{TB: tb, Logger: o.Logger, file: cmp.Or(o.File, filepath.Join(tb.TempDir(), "journal.db"))}
	if o.Currency == "" {
		o.Currency = "NZD"
	}
	if o.Due == "" {
		o.Due = "57.50"
	}
	account := windcavetest.Account{PxPayUser: pxPayUser, PxPayKey: pxPayKey, TokenBilling: true}
	if !o.NoPxPost {
		account.PostUser, account.PostPassword = pxPostUser, pxPostKey
	}
	if o.Account != nil {
		o.Account(&account)
	}
	o.Gateway.Accounts = []windcavetest.Account{account}
	o.Gateway.NotifyClient = roundTrip(w.notified)
	o.Gateway.BaseURL = gatewayURL
	w.Gateway = windcavetest.New(o.Gateway)
	o.Splynx.Keys = []splynxtest.APIKey{{Key: apiKey, Secret: apiSecret}, {Key: staffKey, Secret: apiSecret, Unsecure: true}}
	w.Splynx = splynxtest.New(o.Splynx)
	w.Customer = w.Splynx.AddCustomer(splynxtest.Customer{Name: "A Customer"})
	id := w.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: w.Customer, Number: "2026/0042", Total: o.Due})
	w.Invoice, _ = w.Splynx.Invoice(id)
	w.options, w.life = o, newLife()
	w.Gen = w.Generation(o)
	if !o.NoJournal {
		w.Open()
	}
	tb.Cleanup(w.close)
	return w
}

// Generation makes a configuration for the world's engine.
func (w *World) Generation(o Options) *payment.Generation {
	w.TB.Helper()
	config := windcave.Config{Endpoint: gatewayURL, Transport: w.reach(newReachable(w.Gateway.Transport(), &w.down), o.OnGateway)}
	pxPay, err := windcave.NewPxPay(config, windcave.NewCredentials(pxPayUser, pxPayKey))
	w.must(err)
	o.Settings.PublicURL = publicURL
	g := &payment.Generation{Settings: o.Settings, Logger: w.Logger, Observer: o.Observer, Default: payment.Partner{
		Name: "Example ISP", Currency: o.Currency, PaymentMethod: 3,
		Credentials: payment.Credentials{PxPay: pxPay, PxPayUser: pxPayUser, Endpoint: gatewayURL},
	}}
	if !o.NoPxPost {
		g.Default.PxPost, err = windcave.NewPxPost(config, windcave.NewCredentials(pxPostUser, pxPostKey))
		g.Default.PxPostUser = pxPostUser
		w.must(err)
	}
	g.Splynx, err = splynx.New(splynx.Config{URL: "http://127.0.0.1:2/", Key: apiKey, Secret: apiSecret, Transport: w.reach(w.Splynx.Transport(), o.OnSplynx)})
	w.must(err)
	return g
}

// reach is the way to a simulator, as this life of the process has it.
func (w *World) reach(to http.RoundTripper, over func(http.RoundTripper) http.RoundTripper) http.RoundTripper {
	if over != nil {
		to = over(to)
	}
	return &mortalTransport{to, w.life}
}

// GatewayUnreachable has every connection to the gateway refused, or not any more.
func (w *World) GatewayUnreachable(on bool) { w.down.Store(on) }

// Backup writes the journal as it stands into a file and returns its name.
func (w *World) Backup() string {
	w.TB.Helper()
	path := filepath.Join(w.TB.TempDir(), "backup.db")
	w.must(w.Store.Backup(context.Background(), path))
	return path
}

// Restore kills the process, puts a backup in the place of its journal, and starts it again.
func (w *World) Restore(backup string) {
	w.TB.Helper()
	w.Crash()
	w.shut()
	_, err := journal.Restore(context.Background(), backup, w.file)
	w.must(err)
	w.Revive()
}

func (w *World) use(e *payment.Engine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Engine, w.inside = e, e
}

// CrashAt kills the process at its n-th write of the journal from now, before the write is
// done or after.
func (w *World) CrashAt(n int, after bool) {
	w.life.mu.Lock()
	defer w.life.mu.Unlock()
	w.life.dieAt, w.life.after = w.life.writes+n, after
}

// Crash kills the process: what it has under way reaches nobody any more.
func (w *World) Crash() { w.life.end() }

// Crashed tells whether the process was killed, and not started again yet.
func (w *World) Crashed() bool { return w.life.over() }

// Revive starts the process that was killed again, with all that a start does.
func (w *World) Revive() {
	w.TB.Helper()
	w.Crash()
	w.shut()
	w.life = newLife()
	w.Gen = w.Generation(w.options)
	w.Open()
	_ = w.Gen.ProveSearch(context.Background())
}

// Restart closes the engine and its journal, and opens them anew.
func (w *World) Restart() {
	w.TB.Helper()
	w.shut()
	w.Open()
}

// LoseJournal kills the process, loses its journal, and starts it again with a new one.
func (w *World) LoseJournal() {
	w.TB.Helper()
	w.Crash()
	w.shut()
	for _, tail := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(w.file + tail); !errors.Is(err, fs.ErrNotExist) {
			w.must(err)
		}
	}
	w.Revive()
}

func (w *World) shut() {
	w.TB.Helper()
	if w.Engine == nil {
		return
	}
	w.must(w.Engine.Close(context.Background()))
	w.must(w.Store.Close())
	w.use(nil)
}

func (w *World) close() {
	w.shut()
	w.Gateway.Close()
	w.Splynx.Close()
}

func (w *World) must(err error) {
	w.TB.Helper()
	if err != nil {
		w.TB.Fatal(err)
	}
}

// Order is a start of the world's invoice for what is due on it, by the payer's form key.
func (w *World) Order(formKey, payer string) payment.Start {
	w.TB.Helper()
	return w.OrderOf(w.Invoice.ID, formKey, payer)
}

// OrderOf is Order for any invoice.
func (w *World) OrderOf(invoiceID int64, formKey, payer string) payment.Start {
	w.TB.Helper()
	invoice, _ := w.Splynx.Invoice(invoiceID)
	due, err := money.Round(invoice.Due, w.Gen.Default.Currency)
	w.must(err)
	return payment.Start{
		Kind: payment.KindInvoice, Origin: payment.OriginGuest, Partner: 1, Customer: invoice.CustomerID, DocumentID: invoice.ID,
		DocumentNumber: invoice.Number, Amount: due, FormKey: formKey, Payer: payer, Who: "guest",
	}
}

// ChangeRecord changes a statement record as staff could, by a JSON object of its columns.
func (w *World) ChangeRecord(record int64, change string) {
	w.TB.Helper()
	address := fmt.Sprintf("http://127.0.0.1:2/api/2.0/admin/finance/bank-statements-records/%d", record)
	r := httptest.NewRequest(http.MethodPut, address, strings.NewReader(change))
	r.Header.Set("Content-Type", "application/json")
	w.Authorize(r)
	answer := httptest.NewRecorder()
	if w.Splynx.ServeHTTP(answer, r); answer.Code != http.StatusAccepted {
		w.TB.Fatalf("record cannot be changed: %d %s", answer.Code, answer.Body)
	}
}

// Authorize has a request to Splynx come from staff.
func (w *World) Authorize(r *http.Request) { r.SetBasicAuth(staffKey, apiSecret) }

// Start starts a payment and wants it offered.
func (w *World) Start(formKey string) *payment.Payment {
	w.TB.Helper()
	p, err := w.Engine.Start(context.Background(), w.Order(formKey, "payer-"+formKey))
	w.must(err)
	if p.State != payment.Offered || p.PageURL == "" {
		w.TB.Fatalf("payment is %s (%s), want offered", p.State, p.Reason)
	}
	return p
}

// Pay pays on the hosted page, and gives the address that the browser is sent back to.
func (w *World) Pay(p *payment.Payment, card windcavetest.Card) string {
	w.TB.Helper()
	back, err := w.Gateway.Pay(p.PageURL, card)
	w.must(err)
	return back
}

// Return brings the browser back.
func (w *World) Return(back string) (*payment.Payment, error) {
	w.TB.Helper()
	id, token, user, err := returned(back)
	w.must(err)
	return w.Engine.Result(context.Background(), id, token, user)
}

// returned takes a return address apart as the pages do.
func returned(address string) (payment.ID, secret.Secret, string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", secret.Secret{}, "", err
	}
	if !strings.HasPrefix(u.Path, payment.ReturnPath) {
		return "", secret.Secret{}, "", errors.New("not a return address")
	}
	token, user, err := windcave.ReturnQuery(u.RawQuery)
	return payment.ID(path.Base(u.Path)), token, user, err
}

// notified takes the gateway's notifications as the pages do.
func (w *World) notified(r *http.Request) (*http.Response, error) {
	status := http.StatusOK
	id, token, user, err := returned(r.URL.String())
	w.mu.Lock()
	engine := w.inside
	w.mu.Unlock()
	if err == nil && engine == nil {
		err = payment.ErrNoGeneration
	}
	if err == nil {
		_, err = engine.Result(context.Background(), id, token, user)
	}
	if err != nil && !errors.Is(err, payment.ErrNotFound) {
		status = http.StatusServiceUnavailable
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Until lets time pass until the payment is in one of the states; it fails after limit.
func (w *World) Until(id payment.ID, limit time.Duration, states ...payment.State) *payment.Payment {
	w.TB.Helper()
	for begin := time.Now(); ; time.Sleep(limit / 500) {
		p, err := w.Store.Get(context.Background(), id)
		w.must(err)
		for _, s := range states {
			if p.State == s {
				return p
			}
		}
		if time.Since(begin) > limit {
			w.TB.Fatalf("payment %s is %s (%s) after %s, want %v", id, p.State, p.Reason, limit, states)
		}
	}
}

// Pass lets time pass.
func (w *World) Pass(d time.Duration) { time.Sleep(d) }

// Journal reads all payments.
func (w *World) Journal() []*payment.Payment {
	w.TB.Helper()
	all, err := w.Store.Find(context.Background(), payment.Filter{Limit: 1_000_000})
	w.must(err)
	return all
}

// Check fails the test for every broken promise.
func (w *World) Check(h Histories) {
	w.TB.Helper()
	h.Charges, h.Refunds, h.Payments, h.Records, h.Journal = w.Gateway.Charges(), w.Gateway.Refunds(), w.Splynx.Payments(), w.Splynx.Records(), w.Journal()
	h.Events = map[payment.ID][]payment.Event{}
	for _, p := range h.Journal {
		var err error
		h.Events[p.ID], err = w.Store.Events(context.Background(), p.ID)
		w.must(err)
	}
	for _, v := range Check(h) {
		w.TB.Error(v)
	}
}
