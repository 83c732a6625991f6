package caddymodule

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

const portalSession = "portal00portal00portal00portal00"

// icon is the address that the portal's pay icon opens.
func (s *site) icon(number string) string {
	return s.public + "/paymentexpress/pay-invoice?module=splynx_addon_paymentexpress&model=Invoices&item_id=" + url.QueryEscape(number)
}

// signedIn is a browser with a session of the portal.
func signedIn(session string) *payer.Payer {
	p := payer.New()
	p.Cookie("PHPSESSID", session)
	return p
}

// holderOf is a customer with a session of the portal.
func (s *site) holderOf(customer int64) *payer.Payer {
	s.splynx.AddCustomerSession(portalSession, customer)
	return signedIn(portalSession)
}

// A customer who is signed in pays an own invoice, in both number styles and by both ways of
// signing calls, with nonce checking on.
func TestPortalThroughCaddy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		style splynxtest.Style
		auth  string
	}{
		"v4 token": {splynxtest.V4, "token"}, "v5 token": {splynxtest.V5, "token"},
		"v4 signature": {splynxtest.V4, "signature"}, "v5 signature": {splynxtest.V5, "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, siteOptions{splynx: splynxtest.Options{Style: c.style}, checkNonce: true})
			s.auth = c.auth
			s.splynx.AddCustomerSession(portalSession, s.invoice.CustomerID)
			s.start("")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			me := signedIn(portalSession)
			page, err := me.Start(ctx, s.icon(s.invoice.Number))
			s.must(err)
			_, err = me.ComeBack(ctx, s.payOn(page), "Paid")
			s.must(err)
			s.paid(s.invoice.ID)
			if p := s.settled()[0]; p.Origin != payment.OriginCustomer {
				t.Errorf("payment is of origin %s", p.Origin)
			}
			if strings.Contains(s.logged(), portalSession) {
				t.Error("the log shows the session")
			}
		})
	}
}

// Somebody who is not signed in is sent to Splynx's own sign-in page, and comes back.
func TestSignInThroughCaddy(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.splynx.AddCustomer(splynxtest.Customer{Name: "Other"})
	s.start("")
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := c.Get(s.icon(s.invoice.Number))
	s.must(err)
	s.must(r.Body.Close())
	to := r.Header.Get("Location")
	if r.StatusCode != http.StatusFound || !strings.HasPrefix(to, s.public+"/portal/login/?return=%2Fpaymentexpress%2Fpay-invoice%3F") {
		t.Fatalf("%d to %s", r.StatusCode, to)
	}
	if r, err = c.Get(to); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("the sign-in page: %v %v", r, err)
	}
	s.must(r.Body.Close())
	s.stop()
}
