package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// BenchmarkForeignPath is what a request that is not ours costs in the handler.
func BenchmarkForeignPath(b *testing.B) {
	h := new(Handler)
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "https://isp.example/portal/finance/invoices", nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := h.ServeHTTP(w, r, next); err != nil {
			b.Fatal(err)
		}
	}
}

// clock measures the time in which at least one of its calls is under way, bodies included.
type clock struct {
	mu     sync.Mutex
	active int
	since  time.Time
	sum    time.Duration
}

func (c *clock) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active++; c.active == 1 {
		c.since = time.Now()
	}
}

func (c *clock) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active--; c.active == 0 {
		c.sum += time.Since(c.since)
	}
}

// take returns the sum, and begins anew.
func (c *clock) take() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.sum
	if c.active > 0 {
		sum += time.Since(c.since)
		c.since = time.Now()
	}
	c.sum = 0
	return sum
}

// clocked is a transport whose calls run its clocks.
type clocked struct {
	next   http.RoundTripper
	clocks []*clock
}

func (c *clocked) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, k := range c.clocks {
		k.begin()
	}
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		c.end()
		return nil, err
	}
	resp.Body = &clockedBody{ReadCloser: resp.Body, end: c.end}
	return resp, nil
}

func (c *clocked) end() {
	for _, k := range c.clocks {
		k.end()
	}
}

type clockedBody struct {
	io.ReadCloser
	end  func()
	once sync.Once
}

func (b *clockedBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(b.end)
	return err
}

// bench is the pages with engine and journal between both simulators over loopback.
type bench struct {
	b         *testing.B
	gateway   clock // Windcave's calls
	upstream  clock // Windcave's and Splynx's
	splynx    *splynxtest.Server
	pages     *httptest.Server
	store     *journal.SQLite
	sync      time.Duration // of the disk
	addedTo   map[string][]time.Duration
	invoiceNo int
	newCard   func() string // a DpsBillingId, of nobody yet
}

func newBench(b *testing.B) *bench {
	b.Helper()
	dir := b.TempDir()
	t := &bench{b: b, sync: syncTime(b, dir), addedTo: map[string][]time.Duration{}}
	wire := http.DefaultTransport.(*http.Transport).Clone()
	gateway := windcavetest.New(windcavetest.Options{Accounts: []windcavetest.Account{{PxPayUser: "Bench", PxPayKey: pxPayKey, PostUser: "BenchPost", PostPassword: pxPostKey, TokenBilling: true}}})
	gateway.HoldNotifications(true)
	b.Cleanup(gateway.Close)
	running, err := gateway.Start("127.0.0.1:0")
	t.must(err)
	t.splynx = splynxtest.New(splynxtest.Options{Keys: []splynxtest.APIKey{{Key: "k", Secret: splynxSecret}}})
	b.Cleanup(t.splynx.Close)
	backend, err := t.splynx.Start("127.0.0.1:0")
	t.must(err)

	mux := http.NewServeMux()
	t.pages = httptest.NewServer(mux)
	b.Cleanup(t.pages.Close)
	toGateway := windcave.Config{Endpoint: running.URL, Transport: &clocked{wire, []*clock{&t.gateway, &t.upstream}}}
	pxPay, err := windcave.NewPxPay(toGateway, windcave.NewCredentials("Bench", pxPayKey))
	t.must(err)
	pxPost, err := windcave.NewPxPost(toGateway, windcave.NewCredentials("BenchPost", pxPostKey))
	t.must(err)
	t.newCard = func() string {
		id, err := gateway.StoreCard("BenchPost", card(windcavetest.CardApproved))
		t.must(err)
		return id
	}
	api, err := splynx.New(splynx.Config{URL: backend, PublicURL: t.pages.URL, Key: "k", Secret: splynxSecret, Transport: &clocked{wire, []*clock{&t.upstream}}})
	t.must(err)
	g := &payment.Generation{
		Settings: payment.Settings{PublicURL: t.pages.URL}, Splynx: api,
		Default: payment.Partner{Name: "Bench", Currency: "NZD", PaymentMethod: 3, Credentials: payment.Credentials{PxPay: pxPay, PxPayUser: "Bench", PxPost: pxPost, PxPostUser: "BenchPost", Endpoint: running.URL}},
	}
	t.store, err = journal.Open(b.Context(), filepath.Join(dir, "bench.db"))
	t.must(err)
	engine := payment.New(t.store, payment.Options{})
	engine.Push(g)
	b.Cleanup(func() { _, _ = engine.Close(context.Background()), t.store.Close() })
	pages, err := web.New(web.Config{
		PublicURL: t.pages.URL, Generation: g, Limits: web.NewLimits(web.GuestLimit{Document: 1 << 30, Address: 1 << 30, All: 1 << 30}),
		Engine: func(context.Context) (*payment.Engine, error) { return engine, nil }, DirectPay: true, Invoice: true, Card: true, SessionCookies: []string{"PHPSESSID"},
	})
	t.must(err)
	mux.Handle("/", pages)
	return t
}

func (t *bench) must(err error) {
	t.b.Helper()
	if err != nil {
		t.b.Fatal(err)
	}
}

// BenchmarkPaymentStep is what a step of a payment adds to the time that Windcave and Splynx
// take: the start (form sent, page had, statement record made), the return (result asked for,
// outcome durable), and a saved card (form sent, charged, outcome durable), journal and loopback
// HTTP included.
func BenchmarkPaymentStep(b *testing.B) {
	t := newBench(b)
	for b.Loop() {
		t.once()
		t.withSavedCard()
	}
	for step, added := range t.addedTo {
		slices.Sort(added)
		b.ReportMetric(float64(added[len(added)/2].Microseconds())/1000, "p50-ms-added-by-"+step)
		b.ReportMetric(float64(added[len(added)*99/100].Microseconds())/1000, "p99-ms-added-by-"+step)
	}
	b.ReportMetric(float64(t.sync.Microseconds())/1000, "ms-disk-sync")
}

// once pays one invoice, one step after another.
func (t *bench) once() {
	t.invoiceNo++
	number := "B/" + strconv.Itoa(t.invoiceNo)
	customer := t.splynx.AddCustomer(splynxtest.Customer{Name: "Customer"})
	t.splynx.AddInvoice(splynxtest.Invoice{CustomerID: customer, Number: number, Total: "10.00"})
	ctx, person, link := t.b.Context(), payer.New(), t.pages.URL+"/paymentexpress/direct-pay-invoice?item_id="+number
	page, err := person.Open(ctx, link)
	t.must(err)

	var gateway payer.Page
	t.clock("start", &t.upstream, func() { gateway, err = person.Press(ctx, link, page) })
	if t.must(err); gateway.Location == "" {
		t.b.Fatal("not sent to the gateway:", gateway.Title)
	}
	back, err := windcavetest.Buyer{}.Pay(gateway.Location, card(windcavetest.CardApproved))
	t.must(err)
	// Only Windcave's time counts here: nobody waits for the booking, which begins meanwhile.
	t.clock("return", &t.gateway, func() { page, err = person.Open(ctx, back) })
	t.must(err)
	t.recorded(page.Location)
}

// withSavedCard pays one invoice with a saved card.
func (t *bench) withSavedCard() {
	t.invoiceNo++
	number := "S/" + strconv.Itoa(t.invoiceNo)
	customer := t.splynx.AddCustomer(splynxtest.Customer{Name: "Customer"})
	t.splynx.AddInvoice(splynxtest.Invoice{CustomerID: customer, Number: number, Total: "10.00"})
	t.splynx.SetAccountData(customer, splynxtest.AddOnAccountID, map[int]string{1: t.newCard(), 2: "411111........11", 3: "Visa", 4: "12/31"})
	session := fmt.Sprintf("benchbenchbenchbench%08d", t.invoiceNo)
	t.splynx.AddCustomerSession(session, customer)
	ctx, person, icon := t.b.Context(), signedIn(session), t.pages.URL+"/paymentexpress/pay-invoice?item_id="+number
	page, err := person.Open(ctx, icon)
	t.must(err)
	t.clock("saved-card", &t.upstream, func() { page, err = person.Press(ctx, icon, page, "card", "saved") })
	if t.must(err); page.Location == "" {
		t.b.Fatal("not charged:", page.Title)
	}
	t.recorded(page.Location)
}

// recorded waits until the payment of a page is.
func (t *bench) recorded(at string) {
	id := payment.ID(at[strings.LastIndex(at, "/")+1:])
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if p, err := t.store.Get(t.b.Context(), id); err == nil && p.State == payment.Recorded {
			return
		}
		<-time.After(time.Millisecond)
	}
	t.b.Fatal("not recorded")
}

// clock notes what a step takes beyond its upstream calls.
func (t *bench) clock(step string, upstream *clock, do func()) {
	upstream.take()
	begin := time.Now()
	do()
	t.addedTo[step] = append(t.addedTo[step], time.Since(begin)-upstream.take())
}

// syncTime is the median time in which the disk makes 4 KiB durable.
func syncTime(b *testing.B, dir string) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	took := make([]time.Duration, 50)
	for i := range took {
		if _, err := f.WriteAt(make([]byte, 4096), int64(i)*4096); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(begin)
	}
	slices.Sort(took)
	return took[len(took)/2]
}
