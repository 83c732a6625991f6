package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// ofSecond makes the rig's customer one of partner 2.
func (r *rig) ofSecond() {
	r.Customer = r.Splynx.AddCustomer(splynxtest.Customer{Name: "Of the South", PartnerID: 2})
	r.Number = "S-1"
	r.Invoice = r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: r.Number, Total: "40.00"})
}

// Each partner's customers pay in its currency, to its account, and are booked with its
// payment method, by link and from the portal.
func TestTwoPartners(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		south                 bool
		user, currency, shown string
		method                int64
		provider              string
	}{
		"the default": {false, "RigPxPay", "NZD", "NZ$57.50", 3, "Long White Cloud Internet"},
		"the other":   {true, "SecondPxPay", "AUD", "A$40.00", 2, "Southern Cloud"},
	} {
		for way, signedIn := range map[string]bool{"by link": false, "from the portal": true} {
			t.Run(name+" "+way, func(t *testing.T) {
				inBubble(t, setup{Second: true}, func(r *rig) {
					if c.south {
						r.ofSecond()
					}
					open, press, edit := r.link(), r.press, func(*http.Request) {}
					if signedIn {
						open, press, edit = r.icon(), r.pressIcon, r.signedIn()
					}
					a := r.get(open, edit)
					if body := a.Body.String(); !strings.Contains(body, c.shown) || !strings.Contains(body, c.provider) {
						r.Fatalf("the page shows\n%s", body)
					}
					back := r.back(r.Gateway.Pay(r.leads(press(a.form(), edit)), windcavetest.CardApproved))
					at := strings.TrimPrefix(r.get(back, edit).location(), rigPublic)
					time.Sleep(time.Minute) // virtual
					if body := r.get(at, edit).Body.String(); !strings.Contains(body, "received and booked") || !strings.Contains(body, c.shown) {
						r.Errorf("the receipt is\n%s", body)
					}
					p := r.journal()[0]
					if p.State != payment.Recorded || p.PxPayUser != c.user || p.Amount.CurrencyCode() != c.currency {
						r.Errorf("payment is %s, by %s, of %s", p.State, p.PxPayUser, p.Amount)
					}
					if charges := r.Gateway.Charges(); len(charges) != 1 || charges[0].Currency != c.currency {
						r.Errorf("charges are %+v", charges)
					}
					if booked := r.Splynx.Payments(); len(booked) != 1 || booked[0].Type != c.method || booked[0].InvoiceID != r.Invoice {
						r.Errorf("payments are %+v", booked)
					}
					r.promises()
				})
			})
		}
	}
}

// F44: a partner whose block was removed with payments open is refused, not served with the
// default partner's account; what is open goes on with credentials of its own user, and waits
// for them if they are gone.
func TestF44PartnerWithoutItsBlock(t *testing.T) {
	inBubble(t, setup{Second: true}, func(r *rig) {
		r.ofSecond()
		me := r.signedIn()
		form := r.get(r.icon(), me).form()
		page := r.leads(r.pressIcon(form))
		second := r.Config.Generation.Partners[2]

		without := r.newGeneration()
		without.Partners = nil
		r.reload(without)
		r.wants(r.get(r.link()), 503, "No payments right now")
		r.wants(r.get(r.icon(), me), 503, "No payments right now")
		r.wants(r.pressIcon(form), 503, "No payments right now")
		if r.Logs.FilterMessage("a payment page could not be made").Len() == 0 {
			r.Error("nobody is told")
		}

		r.Gateway.HoldNotifications(true)
		back := r.back(r.Gateway.Pay(page, windcavetest.CardApproved))
		r.get(back, me)
		if p := r.journal()[0]; p.State != payment.Parked || p.Reason != payment.ReasonCredentialsMissing {
			r.Fatalf("payment is %s (%s)", p.State, p.Reason)
		}

		retired := r.newGeneration()
		retired.Partners = nil
		retired.Default.Retired = []payment.Credentials{second.Credentials}
		r.reload(retired)
		time.Sleep(time.Hour) // virtual
		if p := r.journal()[0]; p.State != payment.Recorded || p.Amount.String() != "40.00 AUD" {
			r.Errorf("with retired credentials the payment is %s (%s)", p.State, p.Reason)
		}
		if n := len(r.Splynx.Payments()); n != 1 {
			r.Errorf("%d payments in Splynx", n)
		}
		r.promises()
	})
}

// A partner that gets a block without credentials of its own is served with the default
// partner's: somebody has decided so.
func TestPartnerMovesToTheDefaultAccount(t *testing.T) {
	inBubble(t, setup{Second: true}, func(r *rig) {
		r.ofSecond()
		r.leads(r.press(r.get(r.link()).form()))
		moved := r.newGeneration()
		p := moved.Default
		p.Name, p.Retired = "Southern Cloud", []payment.Credentials{r.Config.Generation.Partners[2].Credentials}
		moved.Partners = map[int64]payment.Partner{2: p}
		r.reload(moved)
		a := r.get(r.link())
		if !strings.Contains(a.Body.String(), "NZ$40.00") {
			r.Errorf("the page shows\n%s", a.Body)
		}
		r.leads(r.press(a.form()))
	})
}

// newGeneration is the configuration as it is, to be changed.
func (r *rig) newGeneration() *payment.Generation {
	g := r.Config.Generation
	return &payment.Generation{Settings: g.Settings, Splynx: g.Splynx, Default: g.Default, Partners: g.Partners, Logger: g.Logger}
}

// reload puts another configuration in the place of the one that is in force.
func (r *rig) reload(g *payment.Generation) {
	r.Helper()
	r.Engine.Push(g)
	r.Engine.Remove(r.Config.Generation)
	c := r.Config
	c.Generation = g
	r.configure(c)
}
