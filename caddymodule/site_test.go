package caddymodule

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// The values that must not be seen anywhere.
const (
	pxPayKey      = "5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa"
	pxPostKey     = "marked-pxpost-password"
	splynxSecret  = "marked-splynx-secret"
	southKey      = "50075ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7e7aa5ec7"
	southPostKey  = "marked-south-pxpost-password"
	cardHolder    = "Marked Holder"
	providersName = "Kereru Broadband"
)

// site is a provider: Caddy as a child process, between the two simulators over loopback.
type site struct {
	tb      testing.TB
	dir     string
	gateway *windcavetest.Server
	splynx  *splynxtest.Server
	backend string
	pay     string
	public  string
	admin   string // unix socket
	invoice splynxtest.Invoice
	extra   string // more global options
	method  int64  // payment_method
	words   string // more words of ours
	auth    string // how calls to Splynx are authorised

	mu  sync.Mutex
	log bytes.Buffer
	cmd *exec.Cmd
	end chan error
}

type siteOptions struct {
	gateway windcavetest.Options
	splynx  splynxtest.Options
	extra   string
	// checkNonce has Splynx demand nonces that grow.
	checkNonce bool
}

func newSite(tb testing.TB, o siteOptions) *site {
	tb.Helper()
	s := &site{tb: tb, dir: tb.TempDir(), extra: o.extra, method: 3, auth: "token"}
	o.gateway.Accounts = []windcavetest.Account{
		{PxPayUser: "SitePxPay", PxPayKey: pxPayKey, PostUser: "SitePxPost", PostPassword: pxPostKey, TokenBilling: true},
		{PxPayUser: "SouthPxPay", PxPayKey: southKey, PostUser: "SouthPxPost", PostPassword: southPostKey, TokenBilling: true},
	}
	o.gateway.NotifySpacing = 300 * time.Millisecond
	s.gateway = windcavetest.New(o.gateway)
	tb.Cleanup(s.gateway.Close)
	running, err := s.gateway.Start("127.0.0.1:0")
	s.must(err)
	s.pay = running.URL
	o.splynx.Keys = []splynxtest.APIKey{{Key: "0123456789abcdef0123456789abcdef", Secret: splynxSecret, CheckNonce: o.checkNonce}}
	s.splynx = splynxtest.New(o.splynx)
	tb.Cleanup(s.splynx.Close)
	s.backend, err = s.splynx.Start("127.0.0.1:0")
	s.must(err)
	s.splynx.SetCompany(1, providersName, "")
	s.invoice = s.addInvoice("2026/0042", "57.50")
	// Somebody's payment of long ago: with it the search can be proven at the start.
	s.splynx.InsertPayment(splynxtest.Payment{CustomerID: s.invoice.CustomerID, Receipt: "2020-01-00001", Amount: "1.00"})
	s.public = "http://" + free(tb)
	s.admin = filepath.Join(s.dir, "admin.sock")
	return s
}

func (s *site) addInvoice(number, total string) splynxtest.Invoice {
	customer := s.splynx.AddCustomer(splynxtest.Customer{Name: "Private Person", Email: "private@example.net"})
	i, _ := s.splynx.Invoice(s.splynx.AddInvoice(splynxtest.Invoice{CustomerID: customer, Number: number, Total: total}))
	return i
}

func (s *site) must(err error) {
	s.tb.Helper()
	if err != nil {
		s.tb.Fatal(err)
	}
}

func free(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// caddyfile is the site's configuration; handler is what stands before reverse_proxy.
func (s *site) caddyfile(handler string) string {
	return fmt.Sprintf(`{
	admin unix/%s
	storage file_system %s
	debug
	%s
	paymentexpress {
		splynx %s {
			public_url %s/
			api_key {env.SPLYNX_API_KEY}
			api_secret {env.SPLYNX_API_SECRET}
			auth %s
		}
		windcave {
			endpoint %s
			pxpay {env.PXPAY_USER_ID} {env.PXPAY_KEY}
			pxpost {env.PXPOST_USERNAME} {env.PXPOST_PASSWORD}
		}
		currency NZD
		payment_method %d
		%s
		time_zone Pacific/Auckland
		booking_quiet_time 1s
		guest_limit 1000 10000 10000
		journal sqlite %s
	}
}
%s {
	bind 127.0.0.1
	log
	%s
	reverse_proxy %s {
		transport http {
			keepalive 1s # stock Caddy keeps those of old configurations for two minutes
		}
	}
}
`, s.admin, filepath.Join(s.dir, "storage"), s.extra, s.backend, s.public, s.auth, s.pay, s.method, s.words, s.journal(), s.public, handler, strings.TrimPrefix(s.backend, "http://"))
}

func (s *site) journal() string { return filepath.Join(s.dir, "paymentexpress.db") }

// start runs Caddy; fault is the point at which it kills itself, or nothing.
func (s *site) start(fault string) {
	s.tb.Helper()
	file := filepath.Join(s.dir, "Caddyfile")
	s.must(os.WriteFile(file, []byte(s.caddyfile("paymentexpress")), 0o600))
	s.run(file, fault)
}

func (s *site) run(file, fault string) {
	s.tb.Helper()
	s.launch(file, fault)
	s.until("Caddy serves", func() bool {
		r, err := http.Get(s.public + "/paymentexpress/nothing")
		if err != nil {
			return false
		}
		return r.Body.Close() == nil
	})
}

// launch is run without waiting until it serves.
func (s *site) launch(file, fault string) {
	s.tb.Helper()
	s.cmd = exec.Command(os.Args[0], "run", "--config", file, "--adapter", "caddyfile")
	s.cmd.Env = append(os.Environ(), asCaddy+"=1", "PAYMENTEXPRESS_FAULTPOINT="+fault, "XDG_CONFIG_HOME="+s.dir, "XDG_DATA_HOME="+s.dir,
		"SPLYNX_API_KEY=0123456789abcdef0123456789abcdef", "SPLYNX_API_SECRET="+splynxSecret,
		"PXPAY_USER_ID=SitePxPay", "PXPAY_KEY="+pxPayKey, "PXPOST_USERNAME=SitePxPost", "PXPOST_PASSWORD="+pxPostKey,
		"SOUTH_PXPAY_KEY="+southKey, "SOUTH_PXPOST_PASSWORD="+southPostKey)
	s.cmd.Stdout, s.cmd.Stderr = (*siteLog)(s), (*siteLog)(s)
	s.must(s.cmd.Start())
	cmd, end := s.cmd, make(chan error, 1)
	s.end = end
	go func() { end <- cmd.Wait() }()
	s.tb.Cleanup(func() { _ = cmd.Process.Kill() })
}

// siteLog collects what Caddy writes.
type siteLog site

func (l *siteLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(p)
}

func (s *site) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// until waits for something to become true; how long is no part of what is tested.
func (s *site) until(what string, holds func() bool) {
	s.tb.Helper()
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			s.tb.Fatalf("waited in vain: %s\n%s", what, tail(s.logged(), 6000))
		case <-tick.C:
		}
	}
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// dead waits until Caddy has killed itself.
func (s *site) dead() {
	s.tb.Helper()
	select {
	case <-s.end:
	case <-time.After(60 * time.Second):
		s.tb.Fatalf("Caddy did not come to the point where it dies\n%s", tail(s.logged(), 6000))
	}
}

// stop ends Caddy in the regular way.
func (s *site) stop() {
	s.tb.Helper()
	s.must(s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.end:
	case <-time.After(60 * time.Second):
		s.tb.Fatalf("Caddy did not stop\n%s", tail(s.logged(), 6000))
	}
}

// savedCard gives the site's customer a card, as the add-on before has left it.
func (s *site) savedCard() (dpsBillingID string) {
	s.tb.Helper()
	id, err := s.gateway.StoreCard("SitePxPost", card(windcavetest.CardApproved))
	s.must(err)
	s.splynx.SetAccountData(s.invoice.CustomerID, splynxtest.AddOnAccountID, map[int]string{1: id, 2: "411111........11", 3: "Visa", 4: "12/31"})
	return id
}

func (s *site) link(number string) string {
	return s.public + "/paymentexpress/direct-pay-invoice?item_id=" + url.QueryEscape(number)
}

// paid waits until Splynx shows the invoice as paid.
func (s *site) paid(invoice int64) {
	s.tb.Helper()
	s.until("the invoice is paid in Splynx", func() bool {
		i, _ := s.splynx.Invoice(invoice)
		return i.Status == "paid"
	})
}

// settled waits until every charge is booked, stops Caddy, and checks the three promises.
func (s *site) settled() []*payment.Payment {
	s.tb.Helper()
	s.until("every charge is booked", func() bool {
		return strings.Count(s.logged(), `"why":"booked"`) >= len(s.gateway.Charges())
	})
	s.stop()
	return s.check()
}

// check reads the journal of a Caddy that has ended, and checks the promises; in real time the
// gateway's pages are still open, but whatever was charged is booked.
func (s *site) check() []*payment.Payment {
	s.tb.Helper()
	store, err := journal.Open(context.Background(), s.journal())
	s.must(err)
	defer store.Close()
	rows, err := store.Find(context.Background(), payment.Filter{Limit: 10_000})
	s.must(err)
	for _, v := range paymenttest.Check(paymenttest.Histories{Charges: s.gateway.Charges(), Refunds: s.gateway.Refunds(), Payments: s.splynx.Payments(), Records: s.splynx.Records(), Journal: rows}) {
		s.tb.Error(v)
	}
	for _, p := range rows {
		if p.HasMoney() && p.State != payment.Recorded && p.State != payment.Settled {
			s.tb.Errorf("payment %s is %s (%s)", p.ID, p.State, p.Reason)
		}
	}
	return rows
}

// card is a card as a person types it.
func card(c windcavetest.Card) windcavetest.Card {
	c.Holder, c.Expiry, c.CVC = cardHolder, time.Now().AddDate(2, 0, 0).Format("0106"), "123"
	return c
}

// payOn pays on the gateway's page and returns where the browser is sent.
func (s *site) payOn(page string) string {
	s.tb.Helper()
	back, err := windcavetest.Buyer{}.Pay(page, card(windcavetest.CardApproved))
	s.must(err)
	return back
}
