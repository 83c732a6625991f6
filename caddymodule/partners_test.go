package caddymodule

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

const southBlock = `partner 2 {
			pxpay SouthPxPay {env.SOUTH_PXPAY_KEY}
			pxpost SouthPxPost {env.SOUTH_PXPOST_PASSWORD}
			currency AUD
			payment_method 2
			name "Southern Cloud"
		}`

// south makes a second partner with a customer and an invoice.
func (s *site) south(number, total string) splynxtest.Invoice {
	customer := s.splynx.AddCustomer(splynxtest.Customer{Name: "Private Southerner", PartnerID: 2})
	i, _ := s.splynx.Invoice(s.splynx.AddInvoice(splynxtest.Invoice{CustomerID: customer, Number: number, Total: total}))
	return i
}

// Two partners with two currencies pay side by side, by link and from the portal; when the
// block of one is removed, its payments under way go on with the retired credentials, and
// nothing new of it is taken.
func TestPartnersThroughCaddy(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, siteOptions{splynx: splynxtest.Options{Style: style}})
			s.splynx.AddPartner("South", "Southern Cloud Ltd")
			first, second, third := s.south("S-1", "40.00"), s.south("S-2", "41.00"), s.south("S-3", "42.00")
			s.words = southBlock
			s.start("")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			s.must(s.payInvoice(ctx, first.Number))
			s.must(s.payInvoice(ctx, s.invoice.Number))
			s.paid(first.ID)

			s.splynx.AddCustomerSession(portalSession, second.CustomerID)
			page, err := signedIn(portalSession).Start(ctx, s.icon(second.Number))
			s.must(err)

			s.words = "" // without the block and without the credentials
			s.must(s.load(s.caddyfile("paymentexpress")))
			person := payer.New()
			shown, err := person.Open(ctx, s.link(third.Number))
			s.must(err)
			if shown.Status != http.StatusServiceUnavailable {
				t.Errorf("a partner without its block: %d %q", shown.Status, shown.Title)
			}
			back := s.payOn(page)
			s.until("it is parked as credentials missing", func() bool {
				return strings.Contains(s.logged(), `"why":"`+string(payment.ReasonCredentialsMissing)+`"`)
			})
			s.words = "partner 2 {\n retired pxpay SouthPxPay {env.SOUTH_PXPAY_KEY}\n retired pxpost SouthPxPost {env.SOUTH_PXPOST_PASSWORD}\n}"
			s.must(s.load(s.caddyfile("paymentexpress")))
			_, err = signedIn(portalSession).ComeBack(ctx, back, "Paid")
			s.must(err)
			s.paid(second.ID)
			for _, p := range s.settled() {
				want := "NZD"
				if p.PxPayUser == "SouthPxPay" {
					want = "AUD"
				}
				if p.Amount.CurrencyCode() != want {
					t.Errorf("%s paid %s", p.PxPayUser, p.Amount)
				}
			}
			for _, c := range s.gateway.Charges() {
				if south := strings.HasPrefix(c.User, "South"); south != (c.Currency == "AUD") {
					t.Errorf("%s charged %s", c.User, c.Currency)
				}
			}
		})
	}
}
