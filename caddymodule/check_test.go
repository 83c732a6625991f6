package caddymodule

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const checkedKey = "0123456789abcdef0123456789abcdef"

// checked is an installation to be looked at: both simulators on loopback, and the
// configuration. What a test breaks, it breaks here.
type checked struct {
	t       *testing.T
	dir     string
	splynx  *splynxtest.Server
	gateway *windcavetest.Server
	front   func(w http.ResponseWriter, r *http.Request) bool // answers in Splynx's place
	config  string
	c       *checker
	address string
	pay     string
	public  string
}

// checkedOptions are what has to be known before the simulators start.
type checkedOptions struct {
	key     splynxtest.APIKey
	splynx  splynxtest.Options
	gateway windcavetest.Account
}

func newChecked(t *testing.T, change func(*checkedOptions)) *checked {
	t.Helper()
	o := checkedOptions{
		key:     splynxtest.APIKey{Key: checkedKey, Secret: splynxSecret},
		gateway: windcavetest.Account{PxPayUser: "SitePxPay", PxPayKey: pxPayKey, PostUser: "SitePxPost", PostPassword: pxPostKey},
	}
	if change != nil {
		change(&o)
	}
	k := &checked{t: t, dir: t.TempDir(), c: newChecker(checkOptions{adapter: "caddyfile"})}
	now := time.Now().Truncate(time.Second)
	k.c.now, k.c.zone = func() time.Time { return now }, time.UTC
	k.c.free = func(string) (uint64, error) { return 100 << 30, nil }
	k.gateway = windcavetest.New(windcavetest.Options{Accounts: []windcavetest.Account{o.gateway}})
	t.Cleanup(k.gateway.Close)
	running, err := k.gateway.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k.pay = running.URL
	o.splynx.Keys = []splynxtest.APIKey{o.key}
	k.splynx = splynxtest.New(o.splynx)
	t.Cleanup(k.splynx.Close)
	k.address = k.serve(http.HandlerFunc(k.answer))
	k.public = k.serve(k.pages())
	k.furnish()
	k.configure()
	return k
}

// pages are what a running Caddy answers with.
func (k *checked) pages() http.Handler {
	h, err := web.New(web.Config{PublicURL: "http://127.0.0.1", Generation: &payment.Generation{Default: payment.Partner{Name: providersName, Credentials: payment.Credentials{Endpoint: defaultEndpoint}}}})
	if err != nil {
		k.t.Fatal(err)
	}
	return h
}

// furnish makes a provider's Splynx, with the old add-on's entry points.
func (k *checked) furnish() {
	k.splynx.SetCompany(1, providersName, "")
	k.splynx.AddPartner("North", "North Ltd")
	customer := k.splynx.AddCustomer(splynxtest.Customer{Name: "Private Person"})
	k.splynx.InsertPayment(splynxtest.Payment{CustomerID: customer, Receipt: "2020-01-00001", Amount: "1.00"})
	k.splynx.SetConfig(splynxtest.ConfigValue{Module: "add-on", Path: addOnModule, Key: "currency", Value: "NZD"})
	k.splynx.AddEntryPoint(splynxtest.EntryPoint{
		Module: "our_own", Name: "pay_invoice", Type: "action_link", Model: "Invoices", URL: "%2Fpaymentexpress%2Fpay-invoice",
	})
	k.splynx.AddEntryPoint(splynxtest.EntryPoint{
		Module: "our_own", Name: "pay_invoice", Type: "action_link", Model: "Requests", URL: "%2Fpaymentexpress%2Fpay-request",
	})
	k.splynx.AddEntryPoint(splynxtest.EntryPoint{Module: "our_own", Name: "paymentexpress_add_money_on_dashboard", Type: "code"})
	k.splynx.AddEntryPoint(splynxtest.EntryPoint{Module: "our_own", Name: "paymentexpress_card", URL: "%2Fpaymentexpress%2Fcard"})
	k.splynx.AddWidgetEntryPoint()
}

func (k *checked) configure() {
	store, err := journal.Open(k.t.Context(), k.journal())
	if err != nil {
		k.t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		k.t.Fatal(err)
	}
	k.config = fmt.Sprintf(`{
	paymentexpress {
		splynx %s {
			public_url %s/
			api_key {env.CHECKED_KEY}
			api_secret {env.CHECKED_SECRET}
			session_cookie PHPSESSID
		}
		windcave {
			endpoint %s
			pxpay SitePxPay {env.CHECKED_PXPAY}
			pxpost SitePxPost {env.CHECKED_PXPOST}
		}
		currency NZD
		payment_method 3
		time_zone Pacific/Auckland
		journal sqlite %s
		partner 2 {
			name North
		}
	}
}
:80 {
	paymentexpress
}
`, k.address, k.public, k.pay, k.journal())
}

func (k *checked) journal() string { return filepath.Join(k.dir, "paymentexpress.db") }

func (k *checked) serve(h http.Handler) string {
	s := httptest.NewServer(h)
	k.t.Cleanup(s.Close)
	return s.URL
}

// answer is Splynx behind a web server that gives browsers a session on the sign-in page.
func (k *checked) answer(w http.ResponseWriter, r *http.Request) {
	if k.front != nil && k.front(w, r) {
		return
	}
	if r.URL.Path == "/portal/login/" {
		http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: "0"})
	}
	k.splynx.ServeHTTP(w, r)
}

// replace changes the configuration.
func (k *checked) replace(from, to string) {
	k.t.Helper()
	if !strings.Contains(k.config, from) {
		k.t.Fatalf("the configuration has no %q", from)
	}
	k.config = strings.Replace(k.config, from, to, 1)
}

// run makes the check and returns its report, without what differs from run to run.
func (k *checked) run() (string, error) {
	k.t.Helper()
	if k.c.options.config == "" {
		k.c.options.config = filepath.Join(k.dir, "Caddyfile")
		if err := os.WriteFile(k.c.options.config, []byte(k.config), 0o600); err != nil {
			k.t.Fatal(err)
		}
	}
	var out bytes.Buffer
	err := runCheck(k.t.Context(), k.c, &out)
	for _, s := range []string{splynxSecret, pxPayKey, pxPostKey, checkedKey} {
		if strings.Contains(out.String(), s) {
			k.t.Errorf("a secret is printed:\n%s", out.String())
		}
	}
	me, owner := k.c.head().User, ownerOf(k.info(k.dir))
	zone, _ := time.LoadLocation("Pacific/Auckland")
	there, here := k.c.now().In(zone).Format(time.DateOnly), k.c.now().UTC().Format(time.DateOnly)
	text := strings.NewReplacer(
		k.address, "http://splynx", strings.TrimPrefix(k.address, "http://"), "splynx", k.public, "http://isp.example", k.pay, "http://windcave",
		k.dir, "/var/lib/caddy", me, "caddy (uid 999)", " is "+owner+"'s", " is caddy's",
		"as configured; today is "+there+" there and "+here+" in UTC", "as configured; today is 2026-11-26 there and 2026-11-25 in UTC",
		"is UTC; today is "+here+" there and "+here+" in UTC", "is UTC; today is 2026-11-25 there and 2026-11-25 in UTC",
		caddy.AppDataDir(), "/var/lib/caddy/.local/share/caddy",
	).Replace(out.String())
	return journalSize.ReplaceAllString(text, "${1}172 KiB"), err
}

// journalSize is that of an empty journal, which each new table changes.
var journalSize = regexp.MustCompile(`(paymentexpress\.db, )\d+ KiB`)

func (k *checked) info(path string) os.FileInfo {
	k.t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		k.t.Fatal(err)
	}
	return info
}

func setCheckedEnv(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{"KEY": checkedKey, "SECRET": splynxSecret, "PXPAY": pxPayKey, "PXPOST": pxPostKey} {
		t.Setenv("CHECKED_"+name, value)
	}
}

// Not parallel, as the others here: provisioning sets globals of Caddy's.
func TestCheckOfAGoodInstallation(t *testing.T) {
	setCheckedEnv(t)
	k := newChecked(t, nil)
	before := namesIn(t, k.dir)
	got, err := k.run()
	if err != nil {
		t.Errorf("%v", err)
	}
	checkGolden(t, filepath.Join("testdata", "check_good.golden.txt"), got)
	if diff := cmp.Diff(append([]string{"Caddyfile"}, before...), namesIn(t, k.dir)); diff != "" {
		t.Errorf("it has written (-before +after):\n%s", diff)
	}
	if n := len(k.splynx.Payments()) + len(k.splynx.Records()) + len(k.splynx.Statements()); n != 1 {
		t.Errorf("%d payments, records and statements", n)
	}
	for _, e := range k.splynx.Log() {
		if e.Committed && e.Resource != "tokens" {
			t.Errorf("it has written to Splynx: %+v", e)
		}
	}
	for _, e := range k.gateway.Log() {
		if e.Op != windcavetest.OpProcess && e.Op != windcavetest.OpStatus {
			t.Errorf("it has asked the gateway for %s", e.Op)
		}
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	setCheckedEnv(t)
	whole, err := newChecked(t, nil).run()
	if err != nil {
		t.Fatal(err)
	}
	page := new(strings.Builder)
	fmt.Fprintf(page, checkPage, whole)
	all, said := brokenInstallations(), 0
	for _, tt := range all {
		t.Run(tt.what, func(t *testing.T) {
			k := newChecked(t, tt.options)
			if tt.broken != nil {
				tt.broken(k)
			}
			report, err := k.run()
			var line string
			for l := range strings.Lines(report) {
				if strings.HasPrefix(l, string(tt.level)) && strings.Contains(l, tt.says) {
					line = strings.TrimSpace(l)
					break
				}
			}
			if line == "" {
				t.Fatalf("no line of level %s says %q:\n%s", tt.level, tt.says, report)
			}
			if wrong := tt.level == levelWrong; wrong != (err != nil) {
				t.Errorf("level %s, error %v\n%s", tt.level, err, report)
			}
			said++
			fmt.Fprintf(page, "| %s | `%s` |\n", tt.what, strings.ReplaceAll(strings.Join(strings.Fields(line), " "), "|", `\|`))
		})
	}
	if said == len(all) { // else -run has chosen some
		checkGolden(t, filepath.Join("..", "docs", "check.md"), page.String())
	}
}

const checkPage = `# What caddy paymentexpress check says

` + "`caddy paymentexpress check --config /etc/caddy/Caddyfile --envfile /etc/caddy/paymentexpress.env`" + ` looks at an installation by itself. It asks no running Caddy, opens no journal, moves no money and writes nothing. Each line begins with ` + "`ok`, `warn`, `WRONG`" + `, or ` + "`skipped`" + ` where something before it failed; it ends with 0 when nothing is WRONG, else with 1. Run it as the user that Caddy runs as.

An installation before its first payment, against simulators:

` + "```\n%s```" + `

## What is broken, and the line that says so

A test breaks one thing after the other and makes this table.

| broken | what it says |
|---|---|
`

// checkGolden compares with a file, or writes it anew.
func checkGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run with -update if this is right (-want +got):\n%s", diff)
	}
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// nobodyThere is an address where nothing listens.
func nobodyThere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// A higher nonce tells a refused nonce from a wrong secret, and shuts a running Caddy out until
// its own numbers have come so far: it is not much higher.
func TestCheckJumpsNotFar(t *testing.T) {
	setCheckedEnv(t)
	k := newChecked(t, func(o *checkedOptions) { o.key.CheckNonce, o.key.WhiteList = true, []string{"192.0.2.1"} })
	if report, err := k.run(); err == nil {
		t.Errorf("nothing is wrong:\n%s", report)
	}
	ahead := time.UnixMicro(int64(k.splynx.LastNonce(checkedKey))).Sub(k.c.now())
	if ahead < checkJump || ahead > checkJump+time.Minute {
		t.Errorf("the last nonce is %s ahead", ahead)
	}
}
