package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/caddy-paymentexpress/paymentexpress/caddymodule"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// The simulators' credentials; nothing else takes them.
const (
	pxPayUser, pxPayKey   = "DemoPxPay", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
	pxPostUser, pxPostKey = "DemoPxPost", "demo-pxpost-password"
	southUser, southKey   = "DemoSouthPxPay", "a0a1a2a3a4a5a6a7a8a9aaabacadaeafa0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
	southPost, southPass  = "DemoSouthPxPost", "demo-south-pxpost-password"
	apiKey, apiSecret     = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", "demo-splynx-secret"
)

// Who can sign in, all with one password.
const password = "demo"

// misbehaving is the share of calls, in percent, that go wrong under -seed.
const misbehaving = 5

// house is everything that runs.
type house struct {
	options
	dir      string
	gateway  *windcavetest.Server
	splynx   *splynxtest.Server
	public   string // what a browser opens
	pay      string // the gateway's address
	backend  string // Splynx's, behind Caddy
	invoices map[string]int64
}

// open starts Caddy first, then the Splynx simulator: the module must not need it to start.
func open(o options) (*house, error) {
	dir, err := os.MkdirTemp("", "paymentexpress-demo-")
	if err != nil {
		return nil, err
	}
	h := &house{options: o, dir: dir, gateway: newGateway(o)}
	if err := h.start(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *house) start() error {
	gateway, err := h.gateway.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	h.pay = gateway.URL
	splynxAddr, err := freeAddr()
	if err != nil {
		return err
	}
	caddyAddr, err := freeAddr()
	if err != nil {
		return err
	}
	h.public = "http://" + caddyAddr
	for name, value := range map[string]string{
		"XDG_DATA_HOME": h.dir, "XDG_CONFIG_HOME": h.dir,
		"PXPAY_USER_ID": pxPayUser, "PXPAY_KEY": pxPayKey, "PXPOST_USERNAME": pxPostUser, "PXPOST_PASSWORD": pxPostKey,
		"SPLYNX_API_KEY": apiKey, "SPLYNX_API_SECRET": apiSecret,
		"SOUTH_PXPAY_USER_ID": southUser, "SOUTH_PXPAY_KEY": southKey, "SOUTH_PXPOST_USERNAME": southPost, "SOUTH_PXPOST_PASSWORD": southPass,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	if err := h.startCaddy(splynxAddr); err != nil {
		return err
	}
	h.splynx, h.invoices = newSplynx(h.options, h.public)
	one, _ := h.splynx.Invoice(h.invoices["2026/0042"])
	if err := h.saveCardOf(one.CustomerID, kinds[0], pxPostUser); err != nil {
		return err
	}
	if err := h.fill(); err != nil {
		return err
	}
	h.backend, err = h.splynx.Start(splynxAddr)
	return err
}

// caddyfile is what an operator would write, but for the addresses and the short times.
func (h *house) caddyfile(splynxAddr string) string {
	level := "ERROR"
	if h.verbose {
		level = "DEBUG"
	}
	return fmt.Sprintf(`{
	admin off
	persist_config off
	grace_period 10s
	log {
		level %s
	}
	storage file_system %s
	paymentexpress {
		splynx http://%s/ {
			public_url %s
			api_key {env.SPLYNX_API_KEY}
			api_secret {env.SPLYNX_API_SECRET}
		}
		windcave {
			endpoint %s
			pxpay {env.PXPAY_USER_ID} {env.PXPAY_KEY}
			pxpost {env.PXPOST_USERNAME} {env.PXPOST_PASSWORD}
		}
		currency NZD
		payment_method 3
		partner 2 {
			pxpay {env.SOUTH_PXPAY_USER_ID} {env.SOUTH_PXPAY_KEY}
			pxpost {env.SOUTH_PXPOST_USERNAME} {env.SOUTH_PXPOST_PASSWORD}
			currency AUD
			name "Southern Cloud Internet"
		}
		time_zone Pacific/Auckland
		booking_quiet_time 2s
		journal sqlite %s
	}
}

%s {
	bind 127.0.0.1
	paymentexpress
	reverse_proxy %s
}
`, level, filepath.Join(h.dir, "storage"), splynxAddr, h.public, h.pay, filepath.Join(h.dir, "paymentexpress.db"), h.public, splynxAddr)
}

func (h *house) startCaddy(splynxAddr string) error {
	file := filepath.Join(h.dir, "Caddyfile")
	text := []byte(h.caddyfile(splynxAddr))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt(text, map[string]any{"filename": file})
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintln(os.Stderr, "demo: caddyfile:", w)
	}
	return caddy.Load(config, true)
}

func (h *house) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	errs := []error{caddy.Stop()}
	caddymodule.Close(ctx)
	h.gateway.Close()
	if h.splynx != nil {
		h.splynx.Close()
	}
	return errors.Join(append(errs, os.RemoveAll(h.dir))...)
}

func newGateway(o options) *windcavetest.Server {
	w := windcavetest.Options{
		Accounts: []windcavetest.Account{
			{PxPayUser: pxPayUser, PxPayKey: pxPayKey, PostUser: pxPostUser, PostPassword: pxPostKey, TokenBilling: true},
			{PxPayUser: southUser, PxPayKey: southKey, PostUser: southPost, PostPassword: southPass, TokenBilling: true},
		},
		NotifySpacing: time.Second, Seed: o.seed,
		Latency: func(op windcavetest.Op) time.Duration {
			if op != windcavetest.OpPurchase {
				return 0
			}
			return 600 * time.Millisecond // a run of charges can be watched
		},
	}
	if o.seed != 0 {
		w.Rate, w.MaxDelay = misbehaving, 2*time.Second
	}
	return windcavetest.New(w)
}

// newSplynx makes a provider with two partners, a few customers and invoices.
func newSplynx(o options, public string) (*splynxtest.Server, map[string]int64) {
	so := splynxtest.Options{Keys: []splynxtest.APIKey{{Key: apiKey, Secret: apiSecret}}, Seed: o.seed}
	if o.seed != 0 {
		so.Rate = misbehaving
	}
	s := splynxtest.New(so)
	s.SetCompany(1, "Long White Cloud Internet", public)
	s.AddPartner("South", "Southern Cloud Internet")
	s.AddAdministrator(splynxtest.Administrator{Login: "office", Password: password, Name: "The office"})
	ids := map[string]int64{}
	one := s.AddCustomer(splynxtest.Customer{Name: "Customer One", Login: "one", Password: password, Deposit: "-209.40"})
	two := s.AddCustomer(splynxtest.Customer{Name: "Customer Two", Login: "two", Password: password, Deposit: "-45.25"})
	s.AddCustomer(splynxtest.Customer{Name: "Customer One’s garage", Login: "garage", Password: password, ParentID: one})
	south := s.AddCustomer(splynxtest.Customer{Name: "Customer South", Login: "south", Password: password, PartnerID: 2, Deposit: "-64.00"})
	for _, i := range []splynxtest.Invoice{
		{CustomerID: one, Number: "2026/0042", Total: "57.50"},
		{CustomerID: one, Number: "2026/0043", Total: "89.90"},
		{CustomerID: one, Number: "2026/0046", Total: "31.00"},
		{CustomerID: one, Number: "2026/0047", Total: "12.40", Till: time.Now().AddDate(0, 0, -20).Format(time.DateOnly)},
		{CustomerID: one, Number: "2026/0048", Total: "18.60", Till: time.Now().AddDate(0, 0, 14).Format(time.DateOnly)},
		{CustomerID: two, Number: "2026/0044", Total: "120.00", Due: "45.25"},
		{CustomerID: two, Number: "2026/0045", Total: "19.00", Due: "0.00", Status: "paid"},
		{CustomerID: south, Number: "S2026/0001", Total: "64.00"},
	} {
		ids[i.Number] = s.AddInvoice(i)
	}
	s.AddProforma(splynxtest.Proforma{CustomerID: one, Number: "P2026/0007", Total: "25.00"})
	s.AddAddOnEntryPoints()
	s.AddWidgetEntryPoint()
	shown := []string{
		"paymentexpress_invoice", "paymentexpress_request", "paymentexpress_add_money_on_dashboard", "paymentexpress_card", "paymentexpress_widget",
		"paymentexpress_add_money_by_admin", "paymentexpress_invoice_admin", "paymentexpress_request_admin",
	}
	for _, e := range s.EntryPoints() {
		if !slices.Contains(shown, e.Name) { // the widget takes the place of the dashboard's lists
			s.ChangeEntryPoint(e.ID, func(e *splynxtest.EntryPoint) { e.Disabled = true })
		}
	}
	return s, ids
}

// alone runs one simulator.
func alone(ctx context.Context, o options) error {
	var address, credentials string
	if o.only == "windcave" {
		s := newGateway(o)
		defer s.Close()
		running, err := s.Start(o.addr)
		if err != nil {
			return err
		}
		address, credentials = running.URL, fmt.Sprintf("PxPay %s %s, PxPost %s %s", pxPayUser, pxPayKey, pxPostUser, pxPostKey)
	} else {
		s, _ := newSplynx(o, "")
		defer s.Close()
		var err error
		if address, err = s.Start(o.addr); err != nil {
			return err
		}
		credentials = fmt.Sprintf("API key %s, secret %s\nPortal: one, two, garage or south; administration: office; the password is %s", apiKey, apiSecret, password)
	}
	fmt.Printf("The %s simulator answers at %s\n%s\nControl address: %s/_control/\nStop it with Ctrl-C.\n", o.only, address, credentials, address)
	<-ctx.Done()
	return nil
}

// freeAddr finds a port that nobody uses just now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// explain says what there is to click.
func (h *house) explain(w io.Writer) {
	link := func(number string) string {
		return h.public + "/paymentexpress/direct-pay-invoice?item_id=" + number
	}
	fmt.Fprintf(w, `The demo runs. No real money moves.

  the customer's portal         %[1]s/portal/
      one      has a saved card; pay with it, replace it, remove it (Finance, Credit card)
      two      has none; an invoice is partly paid
      garage   is a sub-account of one, which pays for it
      south    is of another partner, in AUD
      the password of each is %[2]s; the dashboard lists what is to be paid
  Splynx's administration       %[1]s/admin/
      sign in as office; the password is %[2]s; a customer's page has Pay Now and the pay icons
  the office's own pages        %[1]s/paymentexpress/admin/
      charge all customers, or one; history, refunds, what waits for a person
      %[11]d neighbours have cards of all kinds: of one run most pay, some are declined, some are left out
  everything in Splynx          %[1]s/

Payment links, for which nobody signs in:

  due                           %[3]s
  another one                   %[4]s
  partly paid                   %[5]s
  of the other partner          %[6]s
  a proforma invoice            %[1]s/paymentexpress/direct-pay-proforma?item_id=P2026/0007
  already paid                  %[7]s
  no such invoice               %[8]s

On Windcave's page (a simulator at %[9]s):

  4111111111111111              approves
  5431111111111228              declines; the page lets you try again
  Cancel                        leaves without paying
  any holder, an expiry to come, any three digits

What the simulators were asked:

  Windcave                      %[9]s/_control/log
  Splynx                        %[10]s/_control/log

Stop it with Ctrl-C.
`, h.public, password, link("2026/0042"), link("2026/0043"), link("2026/0044"), link("S2026/0001"), link("2026/0045"), link("1999/0001"), h.pay, h.backend, neighbours)
}
