package payment_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// reload puts the world's configuration, changed, in the place of the one in force.
func reload(w *paymenttest.World, change func(*payment.Generation)) *payment.Generation {
	w.TB.Helper()
	g := w.Generation(paymenttest.Options{Currency: "NZD"})
	change(g)
	w.Engine.Push(g)
	w.Engine.Remove(w.Gen)
	w.Gen = g
	prove(w.TB, w)
	return g
}

// wrong are credentials of the world's own users with other secrets.
func wrong(w *paymenttest.World, transport func() http.RoundTripper) payment.Credentials {
	w.TB.Helper()
	c := w.Gen.Default.Credentials
	config := windcave.Config{Endpoint: c.Endpoint, Transport: transport()}
	var err error
	if c.PxPay, err = windcave.NewPxPay(config, windcave.NewCredentials(c.PxPayUser, strings.Repeat("f", 64))); err != nil {
		w.TB.Fatal(err)
	}
	if c.PxPost, err = windcave.NewPxPost(config, windcave.NewCredentials(c.PxPostUser, "not the password")); err != nil {
		w.TB.Fatal(err)
	}
	return c
}

// A key and a password that were changed at the gateway: whichever of the two the gateway
// takes, the payment is asked about with both, and ends well.
func TestOldAndNewSecretOfOneUser(t *testing.T) {
	t.Parallel()
	for name, newest := range map[string]bool{"the new one is right": true, "the retired one is right": false} {
		for way, comesBack := range map[string]bool{"the payer comes back": true, "nobody comes back": false} {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				play(t, paymenttest.Options{}, func(t *testing.T, w *paymenttest.World) {
					p, back := approve(w)
					reload(w, func(g *payment.Generation) {
						right, bad := g.Default.Credentials, wrong(w, w.Gateway.Transport)
						if newest {
							g.Default.Retired = []payment.Credentials{bad}
						} else {
							g.Default.Credentials, g.Default.Retired = bad, []payment.Credentials{right}
						}
					})
					if comesBack {
						if _, err := w.Return(back); err != nil {
							t.Fatal(err)
						}
					}
					w.Pass(restful)
					want(t, get(w, p.ID), payment.Recorded, "")
				})
			})
		}
	}
}

// F73: the PxPost user was replaced while nobody knows of a page. It is asked about with its
// own user alone, and waits until that one is configured again.
func TestF73PostUserReplaced(t *testing.T) {
	t.Parallel()
	play(t, paymenttest.Options{}, func(t *testing.T, w *paymenttest.World) {
		p, _ := approve(w)
		var own payment.Credentials
		reload(w, func(g *payment.Generation) {
			own = g.Default.Credentials
			g.Default.PxPostUser = "SomebodyElse"
		})
		before := asked(w, windcavetest.OpStatus)
		w.Pass(pageLives)
		if n := asked(w, windcavetest.OpStatus); n != before {
			t.Errorf("another user was asked %d time(s)", n-before)
		}
		if q := get(w, p.ID); q.HasMoney() {
			t.Errorf("payment is %s without having been asked about", q.State)
		}
		reload(w, func(g *payment.Generation) {
			g.Default.PxPostUser, g.Default.PxPost = "", nil
			g.Default.Retired = []payment.Credentials{{Endpoint: own.Endpoint, PxPost: own.PxPost, PxPostUser: own.PxPostUser}}
		})
		w.Pass(restful)
		want(t, get(w, p.ID), payment.Recorded, "")
	})
}

// pageLives is longer than a page's life.
const pageLives = restful / 60

// F44: nothing new is charged to the default account for a partner that had one of its own.
func TestF44PartnerIsNotServedWithTheDefaults(t *testing.T) {
	t.Parallel()
	play(t, paymenttest.Options{}, func(t *testing.T, w *paymenttest.World) {
		reload(w, func(g *payment.Generation) {
			own := g.Default
			own.Own = true
			g.Partners = map[int64]payment.Partner{1: own}
			g.Default.PxPayUser = "AnotherUser"
		})
		p := w.Start("form-1")
		reload(w, func(g *payment.Generation) { g.Default.PxPayUser = "AnotherUser" })
		calls := asked(w, windcavetest.OpGenerate)
		_, err := w.Engine.Start(context.Background(), w.Order("form-2", "payer-2"))
		if !errors.Is(err, payment.ErrNoPartner) {
			t.Errorf("start gives %v", err)
		}
		if same, err := w.Engine.Start(context.Background(), w.Order("form-1", p.Payer)); err != nil || same.ID != p.ID {
			t.Errorf("the same form gives %v %v", same, err)
		}
		if n := asked(w, windcavetest.OpGenerate); n != calls {
			t.Errorf("%d page(s) were made", n-calls)
		}
		reload(w, func(g *payment.Generation) {
			g.Partners = map[int64]payment.Partner{1: g.Default}
		})
		if _, err := w.Engine.Start(context.Background(), w.Order("form-3", "payer-3")); err != nil {
			t.Errorf("with a block of its own: %v", err)
		}
	})
}

// F44: the same if the partner's last payment is a second charge on a page.
func TestF44PartnerAfterASecondCharge(t *testing.T) {
	t.Parallel()
	playing(t, option{}, twice, func(t *testing.T, w *world) {
		reload(w, func(g *payment.Generation) {
			own := g.Default
			own.Own = true
			g.Partners = map[int64]payment.Partner{1: own}
			g.Default.PxPayUser = "AnotherUser"
		})
		w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain})
		p := w.Start("form-1")
		w.Pay(p, windcavetest.CardApproved)
		w.Until(p.ID, time.Minute, payment.Recorded)
		w.Pay(p, windcavetest.CardApproved)
		w.Pass(time.Minute)
		if n := len(w.Journal()); n != 2 {
			t.Fatalf("%d rows of two charges", n)
		}
		another := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/0043", Total: "5"})
		reload(w, func(g *payment.Generation) { g.Default.PxPayUser = "AnotherUser" })
		calls := asked(w, windcavetest.OpGenerate)
		if _, err := w.Engine.Start(background, w.OrderOf(another, "form-2", "payer-2")); !errors.Is(err, payment.ErrNoPartner) {
			t.Errorf("start gives %v", err)
		}
		if n := asked(w, windcavetest.OpGenerate); n != calls {
			t.Errorf("%d page(s) were asked for on the default account", n-calls)
		}
	})
}

// Everybody's account may be changed: whoever paid to the old one pays to the new one.
func TestDefaultAccountIsChanged(t *testing.T) {
	t.Parallel()
	play(t, paymenttest.Options{}, func(t *testing.T, w *paymenttest.World) {
		old := w.Start("form-1")
		reload(w, func(g *payment.Generation) {
			g.Default.Retired = []payment.Credentials{g.Default.Credentials}
			g.Default.PxPayUser = "AnotherUser"
		})
		p, err := w.Engine.Start(context.Background(), w.Order("form-2", "payer-2"))
		if err != nil || p.PxPayUser != "AnotherUser" {
			t.Fatalf("start gives %v %v", p, err)
		}
		w.Pay(old, windcavetest.CardApproved)
		w.Pass(restful)
		want(t, get(w, old.ID), payment.Recorded, "")
	})
}

// F50: an amount in another currency than the partner's is none that a page has shown.
func TestF50OtherCurrency(t *testing.T) {
	t.Parallel()
	play(t, paymenttest.Options{}, func(t *testing.T, w *paymenttest.World) {
		s := w.Order("form-1", "payer")
		var err error
		if s.Amount, err = money.Parse("57.50", "AUD"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Engine.Start(context.Background(), s); !errors.Is(err, payment.ErrCurrency) {
			t.Errorf("start gives %v", err)
		}
		if len(w.Journal()) != 0 || len(w.Gateway.Log()) != 0 {
			t.Error("something was begun")
		}
	})
}
