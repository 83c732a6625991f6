package caddymodule

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// A customer saves a card from the portal's menu, pays one invoice with it in Splynx's dialog by
// keyboard alone, pays the rest with one button of the dashboard, and removes the card; on a
// phone and on a desk.
func withASavedCard(t *testing.T, browser context.Context) {
	for _, screen := range []struct {
		name, scheme  string
		width, height int64
	}{{"phone-light", "light", 360, 780}, {"desk-light", "light", 1280, 900}, {"phone-dark", "dark", 320, 700}} {
		s := newSite(t, siteOptions{})
		one := s.splynx.AddCustomer(splynxtest.Customer{Name: "Customer One", Login: "one", Password: "demo"})
		s.splynx.AddAddOnEntryPoints()
		for _, e := range s.splynx.EntryPoints() {
			if e.Name == "paymentexpress_dashboard_invoices" || e.Name == "paymentexpress_dashboard_requests" { // the widget has both
				s.splynx.ChangeEntryPoint(e.ID, func(e *splynxtest.EntryPoint) { e.Disabled = true })
			}
		}
		s.splynx.AddWidgetEntryPoint()
		late := time.Now().AddDate(0, 0, -20).Format(time.DateOnly)
		ids := []int64{
			s.splynx.AddInvoice(splynxtest.Invoice{CustomerID: one, Number: "2026/0101", Total: "57.50"}),
			s.splynx.AddInvoice(splynxtest.Invoice{CustomerID: one, Number: "2026/0102", Total: "89.90", Due: "20.00", Till: late}),
			s.splynx.AddInvoice(splynxtest.Invoice{CustomerID: one, Number: "2026/0103", Total: "12.00"}),
		}
		s.splynx.AddProforma(splynxtest.Proforma{CustomerID: one, Number: "P-0007", Total: "25.00"})
		s.start("")
		w := s.window(browser)
		w.look("card-"+screen.name, screen.scheme, screen.width, screen.height)

		w.do(chromedp.Navigate(s.public + "/portal/"))
		w.do(chromedp.SetValue(chromedp.CSS(`input[name="login"]`), "one"), chromedp.SetValue(chromedp.CSS(`input[name="password"]`), "demo"))
		w.press("form.sign button")
		w.inFrame("iframe[src*=widget]", "Overdue")
		w.shot("1-dashboard")

		w.do(chromedp.Click(chromedp.Search(`//nav//a[contains(., "Credit card")]`)))
		w.inFrame("iframe[src*=card]", "No card is saved")
		w.shot("2-card-none")
		w.pressInFrame("iframe[src*=card]", "main form button")
		w.pay(windcavetest.CardApproved)
		w.sees("h1", "Card saved")
		w.shot("3-card-saved")
		s.until("the 1.00 is back", func() bool { return len(s.gateway.Refunds()) == 1 })
		w.do(chromedp.Navigate(s.public + "/paymentexpress/card"))
		w.sees("span", "ending in 11")
		w.shot("4-card")

		w.do(chromedp.Navigate(s.public + "/paymentexpress/pay-invoice?item_id=2026/0101"))
		w.sees("span", "ending in 11")
		w.shot("5-pay")
		w.key(kb.Tab) // to the cards, of which the saved one is chosen
		w.key(kb.Tab) // to the button
		w.key(kb.Enter)
		w.sees("h1", "Paid")
		s.paid(ids[0])
		w.sees("p", "received and booked")
		w.shot("6-paid")

		w.do(chromedp.Navigate(s.public + "/portal/"))
		w.inFrame("iframe[src*=widget]", "Pay all of it")
		w.pressInFrame("iframe[src*=widget]", "form button")
		w.inFrame("iframe[src*=widget]", "To be paid now")
		w.shot("7-together")
		w.pressInFrame("iframe[src*=widget]", `button[value="pay"]`)
		w.inFrame("iframe[src*=widget]", "Nothing to pay")
		w.shot("8-nothing-to-pay")
		for _, id := range ids {
			s.paid(id)
		}
		w.do(chromedp.Navigate(s.public + "/paymentexpress/payments"))
		w.sees("h1", "Your payments")
		w.shot("9-payments")

		w.do(chromedp.Navigate(s.public + "/paymentexpress/card"))
		w.press(`button[value="remove"]`)
		w.sees("h1", "Remove this card?")
		w.shot("10-remove")
		w.press(`button[value="removed"]`)
		w.sees("p", "was removed")
		if row, ok := s.splynx.AccountData(one, splynxtest.AddOnAccountID); ok && row.Fields[0] != "" {
			t.Error("the card still stands in splynx")
		}
		if n := len(s.gateway.Charges()); n != 5 { // the check, and four documents
			t.Errorf("%d charges, want 5", n)
		}
		s.stop()
		s.check()
	}
}

// key presses a key.
func (w *window) key(k string) {
	w.tb.Helper()
	w.do(chromedp.KeyEvent(k))
}

// inFrame waits until a frame of Splynx's page shows a text.
func (w *window) inFrame(frame, text string) {
	w.tb.Helper()
	w.until("the frame shows "+text, func() bool {
		there, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`(f => !!f && !!f.contentDocument && f.contentDocument.readyState === "complete" && f.contentDocument.body.innerText.includes("`+text+`"))(document.querySelector("`+frame+`"))`))
		return err == nil && there
	})
}

// pressInFrame presses a button in a frame of Splynx's page.
func (w *window) pressInFrame(frame, selector string) {
	w.tb.Helper()
	frames, err := chromedp.Run(w.ctx, chromedp.Nodes(chromedp.CSS(frame)))
	w.must(err)
	w.do(chromedp.Click(chromedp.CSS(selector), chromedp.FromNode(frames[0])))
}
