package payment_test

import (
	"bytes"
	"cmp"
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// restful is longer than the last question about a page (73 h) and the last search.
const restful = 80 * time.Hour

// play tells a story in a world of virtual time, lets everything come to rest, and checks the
// promises.
func play(t *testing.T, o paymenttest.Options, story func(*testing.T, *paymenttest.World)) {
	t.Helper()
	playing(t, o, atRest, story)
}

func playing(t *testing.T, o paymenttest.Options, h paymenttest.Histories, story func(*testing.T, *paymenttest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, o)
		prove(t, w)
		story(t, w)
		w.Pass(restful)
		w.Check(h)
	})
}

// prove lets the search for payments be seen to work, on a payment of somebody else.
func prove(t testing.TB, w *paymenttest.World) {
	t.Helper()
	somebody := w.Splynx.AddCustomer(splynxtest.Customer{Name: "Somebody"})
	w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: somebody, Receipt: "2026-1-0001", Amount: "1", Date: time.Now().Format(time.DateOnly)})
	if err := w.Gen.ProveSearch(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// approve starts a payment and has it approved, without a notification and before anybody
// comes back.
func approve(w *paymenttest.World) (p *payment.Payment, back string) {
	w.TB.Helper()
	w.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
	p = w.Start("form-1")
	return p, w.Pay(p, windcavetest.CardApproved)
}

// get reads a payment.
func get(w *paymenttest.World, id payment.ID) *payment.Payment {
	w.TB.Helper()
	p, err := w.Store.Get(context.Background(), id)
	if err != nil {
		w.TB.Fatal(err)
	}
	return p
}

// asked counts the calls of an operation that the gateway has got.
func asked(w *paymenttest.World, op windcavetest.Op) (n int) {
	for _, e := range w.Gateway.Log() {
		if e.Op == op {
			n++
		}
	}
	return n
}

// posts lists the POSTs of payments that Splynx has got.
func posts(w *paymenttest.World) (list []splynxtest.Entry) {
	for _, e := range w.Splynx.Log() {
		if e.Method == "POST" && e.Resource == "payments" && !e.Late {
			list = append(list, e)
		}
	}
	return list
}

// ours lists what stands in Splynx with the number of one of our payments.
func ours(w *paymenttest.World) (list []splynxtest.Payment) {
	for _, p := range w.Splynx.Payments() {
		if _, err := payment.ParseID(p.Receipt); err == nil && !p.Deleted {
			list = append(list, p)
		}
	}
	return list
}

// unallocated is what no document has had of the customer's payments.
func unallocated(w *paymenttest.World) string {
	var rest []string
	for _, p := range w.Splynx.Payments() {
		if p.CustomerID == w.Customer && !p.Deleted && p.Unallocated != "0.0000" {
			rest = append(rest, p.Unallocated)
		}
	}
	return cmp.Or(strings.Join(rest, " and "), "0.0000")
}

// to is a return address with the query of another one.
func to(t *testing.T, id payment.ID, back string) string {
	t.Helper()
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = payment.ReturnPath + string(id)
	return u.String()
}

// forged is a return address with a result token that the gateway never made.
func forged(id payment.ID, letter string) string {
	return "https://isp.example" + payment.ReturnPath + string(id) + "?result=" + strings.Repeat(letter, 32) + "&userid=WorldPxPay"
}

// moves is an Observer that keeps what it is told.
type moves struct {
	mu   sync.Mutex
	seen []payment.Event
}

// Moved implements payment.Observer.
func (m *moves) Moved(_ *payment.Payment, e payment.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, e)
}

func (m *moves) count(why payment.Reason) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.seen {
		if e.Why == why {
			n++
		}
	}
	return n
}

// want fails unless the payment is in a state for a reason.
func want(t *testing.T, p *payment.Payment, s payment.State, why payment.Reason) {
	t.Helper()
	if p.State != s || why != "" && p.Reason != why {
		t.Errorf("payment is %s (%s), want %s (%s)", p.State, p.Reason, s, why)
	}
}

type invoice = splynxtest.Invoice

// lostPages is a way to the gateway on which the answers with pages get lost, but not for the
// test.
type lostPages struct {
	next http.RoundTripper
	mu   sync.Mutex
	left int
	last string
}

func (l *lostPages) over(next http.RoundTripper) http.RoundTripper { l.next = next; return l }

func (l *lostPages) lose(n int) { l.mu.Lock(); l.left = n; l.mu.Unlock() }

func (l *lostPages) address() string { l.mu.Lock(); defer l.mu.Unlock(); return l.last }

var pageAddress = regexp.MustCompile(`<URI>([^<]+)</URI>`)

// RoundTrip implements http.RoundTripper.
func (l *lostPages) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := pageAddress.FindSubmatch(body); m != nil && strings.HasPrefix(string(m[1]), "http") { // else the reason of a refusal
		l.last = html.UnescapeString(string(m[1]))
		if l.left--; l.left >= 0 {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return res, nil
}
