package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// typed sends what a customer has typed on the page that tops up.
func (r *rig) typed(form url.Values) answer {
	r.Helper()
	return r.send(http.MethodPost, addMoney.path, form, r.signedIn())
}

// A customer tops up the balance, in both number styles, for both partners, from our own page
// and from the form that Splynx's dashboard has.
func TestTopUp(t *testing.T) {
	t.Parallel()
	forms := map[string]url.Values{
		"our page":      {"amount": {"20"}},
		"the dashboard": {"PaymentForm[amount]": {"20.00"}, "refill_balance": {"1"}},
	}
	for style, number := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		for from, form := range forms {
			for partner, shown := range map[string]string{"default": "NZ$20.00", "south": "A$20.00"} {
				t.Run(style+" "+from+" "+partner, func(t *testing.T) {
					inBubble(t, setup{Second: true, Splynx: splynxtest.Options{Style: number}}, func(r *rig) {
						if partner == "south" {
							r.ofSecond()
						}
						me := r.signedIn()
						a := r.typed(form)
						if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "Pay "+shown) {
							r.Fatalf("the amount leads to %d\n%s", a.Code, a.Body)
						}
						r.untouched()
						page := r.leads(r.send(http.MethodPost, addMoney.path, url.Values{"form": {a.form()}}, me))
						back := r.back(r.Gateway.Pay(page, windcavetest.CardApproved))
						at := strings.TrimPrefix(r.get(back, me).location(), rigPublic)
						time.Sleep(time.Minute) // virtual
						if body := r.get(at, me).Body.String(); !strings.Contains(body, "added to your balance") || !strings.Contains(body, shown) {
							r.Errorf("the receipt is\n%s", body)
						}
						p := r.journal()[0]
						if p.State != payment.Recorded || p.Kind != payment.KindTopUp || p.DocumentID != 0 || p.Reference == "" || strings.Contains(p.Reference, "  ") {
							r.Errorf("payment is %s of %s (%q)", p.State, p.Kind, p.Reference)
						}
						if d := r.Splynx.Deposit(r.Customer); d != "20.0000" {
							r.Errorf("balance is %s", d)
						}
						r.promises()
					})
				})
			}
		}
	}
}

// The amount that Splynx's dashboard posts has no token of ours: it starts nothing, whoever
// sends it from wherever.
func TestAmountAloneStartsNothing(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := url.Values{"PaymentForm[amount]": {"20"}}
		me := r.signedIn()
		if a := r.send(http.MethodPost, addMoney.path, form, me); a.Code != http.StatusOK || a.form() == "" {
			r.Errorf("signed in: %d", a.Code)
		}
		if a := r.send(http.MethodPost, addMoney.path, form); a.Code != http.StatusFound || !strings.Contains(a.location(), "/portal/login/") {
			r.Errorf("not signed in: %d to %s", a.Code, a.location())
		}
		r.wants(r.send(http.MethodPost, addMoney.path, form, me, header("Sec-Fetch-Site", "cross-site")), 403, "Not allowed from there")
		if a := r.get(addMoney.path+"?amount=20&PaymentForm[amount]=20", me); a.form() != "" {
			r.Error("a link confirms an amount")
		}
		r.untouched()
	})
}

// What was confirmed is what is charged: a form of somebody else, of another address or beyond
// what may be paid by now starts nothing.
func TestTopUpFormsAreHeld(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.typed(url.Values{"amount": {"20"}}).form()
		invoices := r.get(r.icon(), r.signedIn()).form()
		r.wants(r.typed(url.Values{"form": {invoices}, "amount": {"1"}}), 400, "This page is out of date")
		r.wants(r.pressIcon(form), 400, "This page is out of date")
		r.Splynx.AddCustomerSession(rigSession, r.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"}))
		r.wants(r.send(http.MethodPost, addMoney.path, url.Values{"form": {form}}, cookie("PHPSESSID", rigSession)), 403, "Another account")
		c := r.Config
		c.TopUp = func(int64) TopUp { return TopUp{Least: "1", Most: "10"} }
		r.configure(c)
		if a := r.typed(url.Values{"form": {form}}); a.Code != http.StatusConflict || !strings.Contains(a.Body.String(), "From NZ$1.00 to NZ$10.00") {
			r.Errorf("more than may be paid: %d\n%s", a.Code, a.Body)
		}
		r.untouched()
	})
}

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, code, want string }{
		{"20", "NZD", "20.00"},
		{" 57.5 ", "NZD", "57.50"},
		{"57,50", "NZD", "57.50"},
		{"57,5", "EUR", "57.50"},
		{"1,000", "NZD", "1000.00"},
		{"1,000.50", "NZD", "1000.50"},
		{"1 000.50", "NZD", "1000.50"},
		{"1\u202f000,50", "NZD", ""},
		{"1'000", "CHF", "1000.00"},
		{"1,000,000", "NZD", "1000000.00"},
		{"1,000", "JPY", "1000"},
		{"1500", "JPY", "1500"},
		{"15,5", "JPY", ""},
		{"1.234", "KWD", "1.234"},
		{"1,234", "KWD", ""},
		{"1,23", "KWD", "1.230"},
		{"1.005", "NZD", ""},
		{"0", "NZD", ""},
		{"-5", "NZD", ""},
		{"", "NZD", ""},
		{"5e3", "NZD", ""},
		{"0x10", "NZD", ""},
		{"$20", "NZD", ""},
		{"twenty", "NZD", ""},
		{"1,00,000", "NZD", ""},
		{"1.000,50", "EUR", ""},
		{"99999999999999999999999999", "NZD", ""},
		{"٢٠", "NZD", ""},
		{"2\x000", "NZD", ""},
	} {
		a, err := parseAmount(tt.text, tt.code, '.')
		if got := a.Number(); tt.want == "" && err == nil || tt.want != "" && (err != nil || got != tt.want) {
			t.Errorf("%q %s gives %q, %v; want %q", tt.text, tt.code, got, err, tt.want)
		}
	}
}

// Whoever has the comma before the cents may set thousands apart by dots.
func TestParseAmountWithComma(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, code, want string }{
		{"20", "NZD", "20.00"},
		{"57,5", "NZD", "57.50"},
		{"57.50", "NZD", "57.50"},
		{"1.000,50", "NZD", "1000.50"},
		{"1\u202f000,50", "NZD", "1000.50"},
		{"1'000,50", "NZD", "1000.50"},
		{"1.000", "NZD", "1000.00"},
		{"1.000.000", "NZD", "1000000.00"},
		{"1,000.50", "NZD", "1000.50"},
		{"1,000", "NZD", ""}, // one, or a thousand
		{"57,125", "KWD", "57.125"},
		{"57.125", "KWD", ""}, // 57 and some, or more than 57,000
		{"1.000", "JPY", "1000"},
		{"1,5", "JPY", ""},
		{"1.00,50", "NZD", ""},
		{"0,00", "NZD", ""},
		{"zwanzig", "NZD", ""},
	} {
		a, err := parseAmount(tt.text, tt.code, ',')
		if got := a.Number(); tt.want == "" && err == nil || tt.want != "" && (err != nil || got != tt.want) {
			t.Errorf("%q %s gives %q, %v; want %q", tt.text, tt.code, got, err, tt.want)
		}
	}
}

// A page in German takes what it suggests, and what Germans type.
func TestTopUpInAnotherLanguage(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.Splynx.SetDeposit(r.Customer, "-1042.10")
		german := header("Accept-Language", "de")
		a := r.get(addMoney.path, r.signedIn(), german)
		for _, want := range []string{`value="1042,10"`, "Von 1,00\u00a0NZ$ bis 10.000,00\u00a0NZ$", "Offener Betrag: 1.042,10\u00a0NZ$"} {
			if !strings.Contains(a.Body.String(), want) {
				r.Errorf("the page has no %q\n%s", want, a.Body)
			}
		}
		a = r.send(http.MethodPost, addMoney.path, url.Values{"amount": {"1.042,10"}}, r.signedIn(), german)
		if r.wants(a, 200, "Guthaben aufladen"); !strings.Contains(a.Body.String(), "1.<wbr>042,10 <wbr>NZ$ zahlen") {
			r.Errorf("the page that confirms is\n%s", a.Body)
		}
		a = r.send(http.MethodPost, addMoney.path, url.Values{"amount": {"zwanzig"}}, r.signedIn(), german)
		if !strings.Contains(a.Body.String(), "zum Beispiel 20,00") {
			r.Errorf("the page that asks again is\n%s", a.Body)
		}
	})
}
