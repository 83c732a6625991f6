package caddymodule

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/chromium"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var shots = flag.String("shots", "", "folder to write pictures of the portal's pages into")

// Whole ways in a real browser through a real Caddy, one after the other: a browser takes both
// cores of a small machine.
func TestChromium(t *testing.T) {
	t.Parallel()
	browser, stop, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for name, way := range map[string]func(*testing.T, context.Context){
		"by link": throughCaddy, "from the portal": fromThePortal, "from the dashboard": fromTheDashboard, "with a saved card": withASavedCard,
		"the office": watchingARun,
	} {
		t.Run(name, func(t *testing.T) { way(t, browser) })
	}
}

// From Splynx's page, which Caddy passes on, by the link to the gateway and back. One is paid,
// one declined and then paid on the same page, one left.
func throughCaddy(t *testing.T, browser context.Context) {
	s := newSite(t, siteOptions{})
	s.start("")
	second, third := s.addInvoice("2026/0043", "20.00"), s.addInvoice("2026/0044", "30.00")
	s.splynx.ChangeInvoice(third.ID, func(i *splynxtest.Invoice) { i.Due = "12.25" })
	w := s.window(browser)

	w.do(chromedp.Navigate(s.public+"/"), chromedp.Click(chromedp.CSS(`a[href*="0042"]`)))
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

// A customer signs in to the portal, opens an invoice by its pay icon in Splynx's dialog, pays
// it, and comes back to the list; on a phone and on a desk, by light and in the dark.
func fromThePortal(t *testing.T, browser context.Context) {
	s := newSite(t, siteOptions{})
	one := s.splynx.AddCustomer(splynxtest.Customer{Name: "Customer One", Login: "one", Password: "demo"})
	s.splynx.AddAddOnEntryPoints()
	s.start("")
	for _, screen := range []struct {
		name, scheme  string
		width, height int64
		number        string
	}{{"phone-light", "light", 390, 844, "P-1"}, {"phone-dark", "dark", 320, 700, "P-2"}, {"desk-light", "light", 1280, 900, "P-3"}, {"desk-dark", "dark", 1280, 900, "P-4"}} {
		id := s.splynx.AddInvoice(splynxtest.Invoice{CustomerID: one, Number: screen.number, Total: "57.50"})
		w := s.window(browser)
		w.look(screen.name, screen.scheme, screen.width, screen.height)
		w.do(chromedp.Navigate(s.icon(screen.number))) // as from a bookmark: nobody is signed in
		w.do(chromedp.SetValue(chromedp.CSS(`input[name="login"]`), "one"), chromedp.SetValue(chromedp.CSS(`input[name="password"]`), "demo"))
		w.press("form.sign button")
		w.sees("h1", screen.number)
		w.shot("pay")
		w.do(chromedp.Navigate(s.public + "/portal/finance/invoices"))
		w.shot("list")
		w.do(chromedp.Click(chromedp.Search(`//tr[contains(., "`+screen.number+`")]//a[contains(@class, "action")]`)), chromedp.WaitVisible(chromedp.CSS("dialog[open] iframe")))
		w.pressInDialog()
		w.pay(windcavetest.CardApproved)
		w.sees("h1", "Paid")
		s.paid(id)
		w.sees("p", "received and booked")
		w.shot("paid")
		w.press("footer a")
		w.sees("h1", "Invoices")
		if at, err := chromedp.Run(w.ctx, chromedp.Location()); err != nil || at != s.public+"/portal/finance/invoices" {
			t.Errorf("the way back leads to %s (%v)", at, err)
		}
	}
	s.settled()
}

// A customer adds money with the form that the add-on has on Splynx's dashboard, and pays a
// proforma invoice by its pay icon.
func fromTheDashboard(t *testing.T, browser context.Context) {
	s := newSite(t, siteOptions{})
	one := s.splynx.AddCustomer(splynxtest.Customer{Name: "Customer One", Login: "one", Password: "demo"})
	s.splynx.AddProforma(splynxtest.Proforma{CustomerID: one, Number: "P-7", Total: "25.00"})
	s.splynx.AddAddOnEntryPoints()
	s.start("")
	w := s.window(browser)
	w.look("phone-light", "light", 390, 844)
	w.do(chromedp.Navigate(s.public + "/portal/"))
	w.do(chromedp.SetValue(chromedp.CSS(`input[name="login"]`), "one"), chromedp.SetValue(chromedp.CSS(`input[name="password"]`), "demo"))
	w.press("form.sign button")
	w.sees("h2", "Add money")
	w.do(chromedp.SetValue(chromedp.CSS(`input[name="PaymentForm[amount]"]`), "20"))
	w.press(`form[action="/paymentexpress/"] button`)
	w.sees("p", "NZ$20.00")
	w.shot("confirm")
	w.press("main form button")
	w.pay(windcavetest.CardApproved)
	w.sees("p", "added to your balance")
	w.shot("added")

	w.do(chromedp.Navigate(s.public+"/portal/finance/requests"), chromedp.Click(chromedp.CSS("a.action")), chromedp.WaitVisible(chromedp.CSS("dialog[open] iframe")))
	w.pressInDialog()
	w.pay(windcavetest.CardApproved)
	w.sees("h1", "Paid")
	s.until("the proforma invoice is paid", func() bool { return s.splynx.Proformas()[0].Status == "paid" })
	if d := s.splynx.Deposit(one); d != "45.0000" { // money for a proforma invoice stays unallocated
		t.Errorf("balance is %s", d)
	}
	s.settled()
}

// window is a browser window at a site.
type window struct {
	*site
	ctx  context.Context
	name string // of its pictures
}

func (s *site) window(browser context.Context) *window {
	s.tb.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	s.tb.Cleanup(cancel)
	s.must(chromedp.Do(ctx)) // the window lives longer than the time-out of its actions
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	s.tb.Cleanup(cancel)
	return &window{s, ctx, ""}
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

// pressInDialog presses the button of the page in Splynx's dialog, once that page is there.
func (w *window) pressInDialog() {
	w.tb.Helper()
	w.until("the dialog shows the page", func() bool {
		there, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`(d => !!d && d.readyState === "complete" && !!d.querySelector("form button"))(document.querySelector("dialog[open] iframe").contentDocument)`))
		return err == nil && there
	})
	frames, err := chromedp.Run(w.ctx, chromedp.Nodes(chromedp.CSS("dialog[open] iframe")))
	w.must(err)
	w.shot("dialog")
	w.do(chromedp.Click(chromedp.CSS("form button"), chromedp.FromNode(frames[0])))
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

// look gives the window a size and a colour scheme.
func (w *window) look(name, scheme string, width, height int64) {
	w.tb.Helper()
	w.name = name
	w.do(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	w.must(err)
}

// shot writes a picture of the window, for people to look at.
func (w *window) shot(name string) {
	w.tb.Helper()
	if *shots == "" {
		return
	}
	picture, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	w.must(err)
	w.must(os.WriteFile(filepath.Join(*shots, name+"-"+w.name+".png"), picture, 0o600))
}
