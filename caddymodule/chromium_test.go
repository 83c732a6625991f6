package caddymodule

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/chromium"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// The whole way in a real browser through a real Caddy: from Splynx's page, which Caddy passes
// on, by the link to the gateway and back. One is paid, one declined and then paid on the same
// page, one left.
func TestChromiumThroughCaddy(t *testing.T) {
	t.Parallel()
	browser, stop, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := newSite(t, siteOptions{})
	s.start("")
	second, third := s.addInvoice("2026/0043", "20.00"), s.addInvoice("2026/0044", "30.00")
	s.splynx.ChangeInvoice(third.ID, func(i *splynxtest.Invoice) { i.Due = "12.25" })
	w := s.window(browser)

	w.do(chromedp.Navigate(s.public+"/portal/"), chromedp.Click(chromedp.CSS(`a[href*="0042"]`)))
	w.sees("h1", "2026/0042")
	w.press("button")
	w.pay(windcavetest.CardApproved)
	w.sees("h1", "Paid")
	s.paid(s.invoice.ID)

	w.do(chromedp.Navigate(s.link(second.Number)))
	w.press("button")
	w.sees("h1", "Payment")
	page, err := chromedp.Run(w.ctx, chromedp.Location())
	s.must(err)
	w.pay(windcavetest.CardDeclined)
	w.sees("h1", "Not approved")
	w.do(chromedp.Navigate(page))
	w.pay(windcavetest.CardMastercard)
	w.sees("h1", "Paid")
	s.paid(second.ID)

	w.do(chromedp.Navigate(s.link(third.Number)))
	w.sees("p", "12.25")
	w.press("button")
	w.press("form[autocomplete] button.cancel")
	w.sees("h1", "Not paid")
	if n := len(s.gateway.Charges()); n != 2 {
		t.Errorf("%d charges, want 2", n)
	}
	s.settled()
}

// window is a browser window at a site.
type window struct {
	*site
	ctx context.Context
}

func (s *site) window(browser context.Context) *window {
	s.tb.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	s.tb.Cleanup(cancel)
	s.must(chromedp.Do(ctx)) // the window lives longer than the time-out of its actions
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	s.tb.Cleanup(cancel)
	return &window{s, ctx}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.tb.Helper()
	if err := chromedp.Do(w.ctx, steps...); err != nil {
		at, _ := chromedp.Run(w.ctx, chromedp.Location())
		w.tb.Fatalf("%v, at %s", err, at)
	}
}

func (w *window) sees(element, text string) {
	w.tb.Helper()
	w.do(chromedp.WaitVisible(chromedp.Search(`//` + element + `[contains(., "` + text + `")]`)))
}

func (w *window) press(selector string) {
	w.tb.Helper()
	w.do(chromedp.Click(chromedp.CSS(selector)))
}

// pay types a card on the gateway's page.
func (w *window) pay(c windcavetest.Card) {
	w.tb.Helper()
	w.sees("h1", "Payment")
	c = card(c)
	for name, value := range map[string]string{"card": c.Number, "holder": c.Holder, "expiry": c.Expiry[:2] + "/" + c.Expiry[2:], "cvc": c.CVC} {
		w.do(chromedp.SetValue(chromedp.CSS(`input[name="`+name+`"]`), value))
	}
	w.press("button.pay")
}
