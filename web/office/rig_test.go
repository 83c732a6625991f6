package office

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	rigPublic   = "https://isp.example"
	rigCustomer = "0123456789abcdef0123456789abcdef" // the customer's session
	rigStaff    = "fedcba9876543210fedcba9876543210" // of an administrator who may all
)

// rig is the office with the customers' pages, an engine and both simulators.
type rig struct {
	testing.TB
	*paymenttest.World
	Handler *web.Handler
	Office  *Office
	Admin   int64 // who may all
	URL     string
	Logs    *observer.ObservedLogs
	shut    error // the engine cannot be had
	Runs    *charge.Runs
}

// setup says how a rig differs from the usual one.
type setup struct {
	World  paymenttest.Options
	Office Config
	Web    func(*web.Config)
	URL    string          // default: rigPublic
	Runs   *charge.Options // default: the office charges one by one
}

// inBubble runs a test with a rig on virtual time.
func inBubble(t *testing.T, o setup, test func(*rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(newRig(t, o)) })
}

func newRig(t testing.TB, o setup) *rig {
	t.Helper()
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.DebugLevel)
	o.World.Logger, o.World.Settings.TimeZone, o.World.Settings.BookingQuietTime = zap.New(core), zone, 2*time.Second
	watched := new(watched)
	o.World.Observer = watched
	r := &rig{TB: t, World: paymenttest.New(t, o.World), URL: rigPublic, Logs: logs}
	if o.URL != "" {
		r.URL = o.URL
	}
	r.Splynx.AddPartner("South", "Southern Cloud Ltd") // 2
	r.Admin = r.Splynx.AddAdministrator(splynxtest.Administrator{Login: "anna", Name: "Anna Office"})
	r.Splynx.AddAdministratorSession(rigStaff, r.Admin)
	r.Splynx.AddCustomerSession(rigCustomer, r.Customer)
	if o.Runs != nil {
		r.runs(*o.Runs, watched)
		o.Office.Charge, o.Office.Runs = true, func(context.Context) (*charge.Runs, error) { return r.Runs, r.shut }
	}
	c := web.Config{
		PublicURL: r.URL, Generation: r.Gen, Logger: zap.New(core), SessionCookies: []string{"PHPSESSID"},
		Engine:  func(context.Context) (*payment.Engine, error) { return r.Engine, r.shut },
		Invoice: true, Request: true, AddMoney: true, DirectPay: true, Card: true,
		Office: func(h *web.Handler) (http.Handler, error) {
			o.Office.AddMoney = !o.Office.AddMoney
			looks(&o.Office)
			made, err := Mount(o.Office)(h)
			if err == nil {
				r.Office = made.(*Office)
			}
			return made, err
		},
	}
	if o.Web != nil {
		o.Web(&c)
	}
	r.Handler, err = web.New(c)
	r.must(err)
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// answer is what came back.
type answer struct{ *httptest.ResponseRecorder }

var (
	headingText = regexp.MustCompile(`(?s)<h1>(.*?)</h1>`)
	formText    = regexp.MustCompile(`name="form" value="([^"]*)"`)
)

func (a answer) find(e *regexp.Regexp) string {
	if m := e.FindStringSubmatch(a.Body.String()); m != nil {
		return m[1]
	}
	return ""
}

func (a answer) title() string { return a.find(headingText) }
func (a answer) form() string  { return a.find(formText) }
func (a answer) has(text string) bool {
	return strings.Contains(a.Body.String(), text)
}
func (a answer) location() string { return a.Header().Get("Location") }

// at is the path that a redirect leads to.
func (a answer) at() string { return strings.TrimPrefix(a.location(), rigPublic) }

func cookie(value string) func(*http.Request) {
	return func(q *http.Request) { q.AddCookie(&http.Cookie{Name: "PHPSESSID", Value: value}) }
}

// send makes one request as the browser of the administrator who may all; edit changes it before.
func (r *rig) send(method, target string, form url.Values, edit ...func(*http.Request)) answer {
	r.Helper()
	q := httptest.NewRequest(method, r.URL+target, strings.NewReader(form.Encode()))
	q.RequestURI, q.RemoteAddr = target, "203.0.113.9:4711"
	q.Header.Set("Accept", "text/html,application/xhtml+xml")
	q.Header.Set("User-Agent", "Mozilla/5.0")
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Origin", r.URL)
		q.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if edit == nil {
		edit = append(edit, cookie(rigStaff))
	}
	for _, f := range edit {
		f(q)
	}
	w := httptest.NewRecorder()
	r.Handler.ServeHTTP(w, q)
	return answer{w}
}

// get opens a page of the office.
func (r *rig) get(path string, edit ...func(*http.Request)) answer {
	r.Helper()
	return r.send(http.MethodGet, web.AdminPath+path, nil, edit...)
}

// press sends the form of a page, with pairs of names and values that were typed.
func (r *rig) press(path, form string, typed ...string) answer {
	r.Helper()
	return r.send(http.MethodPost, web.AdminPath+path, values(form, typed...))
}

func values(form string, typed ...string) url.Values {
	v := url.Values{"form": {form}}
	for i := 0; i+1 < len(typed); i += 2 {
		v.Set(typed[i], typed[i+1])
	}
	return v
}

// follow opens where an answer leads.
func (r *rig) follow(a answer) answer {
	r.Helper()
	if a.location() == "" {
		r.Fatalf("it leads nowhere: %d %q\n%s", a.Code, a.title(), a.Body)
	}
	return r.send(http.MethodGet, a.at(), nil)
}

// wants fails unless the page has that status and heading.
func (r *rig) wants(a answer, status int, title string) {
	r.Helper()
	if a.Code != status || a.title() != title {
		r.Errorf("answer is %d %q, want %d %q", a.Code, a.title(), status, title)
	}
}

// says fails unless the page has each text.
func (r *rig) says(a answer, texts ...string) {
	r.Helper()
	for _, t := range texts {
		if !a.has(t) {
			r.Errorf("%q does not say %q\n%s", a.title(), t, a.Body)
		}
	}
}

// saves has a customer have a saved card.
func (r *rig) saves(customer int64, card windcavetest.Card, ends string) {
	r.Helper()
	token, err := r.Gateway.StoreCard("WorldPxPost", card)
	r.must(err)
	r.Splynx.SetAccountData(customer, splynxtest.AddOnAccountID, map[int]string{1: token, 2: "411111........" + ends, 3: "Visa", 4: "12/31"})
}

// staff makes another administrator and returns the session.
func (r *rig) staff(a splynxtest.Administrator) func(*http.Request) {
	r.Helper()
	id := r.Splynx.AddAdministrator(a)
	session := strings.Repeat(string(rune('a'+id%20)), 30) + "00"
	r.Splynx.AddAdministratorSession(session, id)
	return cookie(session)
}

// invoicePath is where the rig's invoice is paid.
func (r *rig) invoicePath() string { return payPath(payment.KindInvoice, r.Invoice.ID) }

func (r *rig) amount(number string) currency.Amount {
	r.Helper()
	a, err := money.Parse(number, "NZD")
	r.must(err)
	return a
}

// put writes a payment of the rig's invoice into the journal as it stands after edit, with its
// events.
func (r *rig) put(id payment.ID, state payment.State, edit ...func(*payment.Payment)) *payment.Payment {
	r.Helper()
	now := time.Now().UTC()
	p := &payment.Payment{
		ID: id, TxnID: id, Kind: payment.KindInvoice, Way: payment.WayHosted, Origin: payment.OriginGuest, State: state,
		Partner: 1, Customer: r.Customer, DocumentID: r.Invoice.ID, DocumentNumber: r.Invoice.Number, Amount: r.amount("57.50"),
		Endpoint: r.Gen.Default.Endpoint, PxPayUser: "WorldPxPay", PxPostUser: "WorldPxPost", FormKey: "form of " + string(id),
		TxnType: "Purchase", Reference: "Invoice " + r.Invoice.Number + " customer 1", CreatedAt: now, MovedAt: now,
		LeaseOwner: "test", LeaseUntil: now.Add(time.Hour), // the engine leaves it alone
	}
	for _, f := range edit {
		f(p)
	}
	e := payment.Event{Payment: id, At: p.MovedAt, To: state, Why: p.Reason, Who: "engine", Node: "rig"}
	r.must(r.Store.Create(context.Background(), p, e, func([]*payment.Payment) error { return nil }))
	return p
}

func approved(p *payment.Payment) {
	p.DpsTxnRef, p.ApprovedAt, p.Code, p.Class, p.Words = "0000000100000001", time.Now().UTC(), "00", "approved", "approved"
}

func because(why payment.Reason, from payment.State) func(*payment.Payment) {
	return func(p *payment.Payment) { p.Reason, p.ParkedFrom = why, from }
}

// only is the one payment of the journal that an administrator has made.
func (r *rig) only() *payment.Payment {
	r.Helper()
	all := r.Journal()
	if len(all) != 1 {
		r.Fatalf("the journal has %d payments, want 1", len(all))
	}
	return all[0]
}

// charges fails unless the gateway has charged so often, and for every broken promise.
func (r *rig) charges(n int) {
	r.Helper()
	if got := len(r.Gateway.Charges()); got != n {
		r.Errorf("%d charge(s) were approved, want %d", got, n)
	}
	r.Check(paymenttest.Histories{})
}
