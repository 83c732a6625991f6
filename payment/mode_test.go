package payment_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// wiretap keeps what was sent to the gateway.
type wiretap struct {
	next http.RoundTripper
	mu   sync.Mutex
	sent []string
}

func (t *wiretap) over(next http.RoundTripper) http.RoundTripper { t.next = next; return t }

// RoundTrip implements http.RoundTripper.
func (t *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	t.mu.Lock()
	t.sent = append(t.sent, string(body))
	t.mu.Unlock()
	return t.next.RoundTrip(r)
}

var (
	modeOf = regexp.MustCompile(`<RecurringMode>([^<]*)<`)
	typeOf = regexp.MustCompile(`<TxnType>([^<]*)<`)
)

// modes are the stored-credential indicators that were sent, by what they were sent with.
func (t *wiretap) modes() map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	modes := map[string]string{}
	for _, s := range t.sent {
		if kind := typeOf.FindStringSubmatch(s); kind != nil {
			page := ""
			if bytes.Contains([]byte(s), []byte("<GenerateRequest>")) {
				page = " page"
			}
			mode := ""
			if m := modeOf.FindStringSubmatch(s); m != nil {
				mode = m[1]
			}
			modes[kind[1]+page] = mode
		}
	}
	return modes
}

// Each use of a card is sent with its own indicator, and with none where that is set.
func TestRecurringModes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set        payment.CardModes
		origin     payment.Origin
		save, used string
	}{
		"defaults, customer": {payment.CardModes{}, payment.OriginCustomer, "credentialonfileinitial", "credentialonfile"},
		"defaults, office":   {payment.CardModes{}, payment.OriginAdministrator, "credentialonfileinitial", "unscheduledcredentialonfile"},
		"defaults, run":      {payment.CardModes{}, payment.OriginRun, "credentialonfileinitial", "recurring"},
		"none":               {payment.CardModes{Save: "none", Customer: "none"}, payment.OriginCustomer, "", ""},
		"set":                {payment.CardModes{Save: "recurringinitial", Customer: "recurring"}, payment.OriginCustomer, "recurringinitial", "recurring"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tap := new(wiretap)
			play(t, option{OnGateway: tap.over, Settings: payment.Settings{Cards: payment.CardSettings{Modes: c.set}}}, func(t *testing.T, w *world) {
				saveCard(t, w, "form-1")
				order := w.OrderWith(w.Card(), "form-2")
				order.Origin = c.origin
				p, err := w.Engine.Charge(background, order)
				if err != nil {
					t.Fatal(err)
				}
				want(t, p, payment.Approved, "")
				if got := tap.modes(); got["Purchase page"] != c.save || got["Purchase"] != c.used || got["Refund"] != "" {
					t.Errorf("sent %q, want %q for saving and %q for using", got, c.save, c.used)
				}
				other := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/0043", Total: "20.00"})
				if _, err := w.Engine.Start(background, w.OrderOf(other, "form-3", "payer")); err != nil {
					t.Fatal(err)
				}
				if got := tap.modes()["Purchase page"]; got != "" {
					t.Errorf("a page that saves nothing is sent with %q", got)
				}
			})
		})
	}
}
