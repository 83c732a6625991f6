package web

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

func TestBrowserApproved(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.sees("h1", "Invoice 2026/0042")
	b.click("button")
	b.types(windcavetest.CardApproved)
	b.sees("h1", "Paid")
	b.sees("p", "received and booked")
	b.sees("dd", b.Number)
	b.owes("paid", "0.0000")
	b.keeps(1)
	b.open(b.link())
	b.sees("h1", "Already paid")
	b.quiet()
}

func TestBrowserDeclinedThenApprovedOnTheSamePage(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.click("button")
	b.sees("h1", "Payment")
	page := read(b, chromedp.Location())
	b.types(windcavetest.CardDeclined)
	b.sees("h1", "Not approved")
	b.sees("p", "Nothing was charged")
	b.owes("not_paid", "57.5000")
	b.do(chromedp.Navigate(page))
	b.types(windcavetest.CardApproved)
	b.sees("h1", "Paid")
	b.sees("p", "received and booked")
	b.owes("paid", "0.0000")
	b.keeps(1)
	b.quiet()
}

func TestBrowserDeclinedThenTriedAgain(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.click("button")
	b.types(windcavetest.CardRefused)
	b.sees("h1", "Not approved")
	b.click("a.button")
	b.sees("h1", "Invoice")
	b.click("button")
	b.types(windcavetest.CardApproved)
	b.sees("p", "received and booked")
	b.keeps(1)
	b.quiet()
}

func TestBrowserCancelled(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.click("button")
	b.sees("h1", "Payment")
	b.click("form[autocomplete] button.cancel")
	b.sees("h1", "Not paid")
	b.sees("p", "Nothing was charged")
	b.owes("not_paid", "57.5000")
	b.keeps(0)
	b.quiet()
}

func TestBrowserUnknownInvoice(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(itemURL(directInvoice.path, "1999/0001"))
	b.sees("h1", "Invoice not found")
	b.keeps(0)
}

func TestBrowserPartiallyPaid(t *testing.T) {
	b := inBrowser(t, setup{Due: "120.00"})
	b.Splynx.ChangeInvoice(b.Invoice, func(i *splynxtest.Invoice) { i.Due = "45.25" })
	b.open(b.link())
	b.sees("p", "NZ$45.25")
	b.click("button")
	b.types(windcavetest.CardApproved)
	b.sees("p", "received and booked")
	b.owes("paid", "0.0000")
	if c := b.Gateway.Charges(); len(c) != 1 || c[0].Amount != "45.25" {
		b.Errorf("charges are %+v, want one of 45.25", c)
	}
	b.keeps(1)
	b.quiet()
}

// F78: the amount changes between the page and the button: it is shown anew, and nothing is
// charged.
func TestF78BrowserAmountChangedBeforeTheButton(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.sees("p", "NZ$57.50")
	b.Splynx.ChangeInvoice(b.Invoice, func(i *splynxtest.Invoice) { i.Due = "60.00" })
	b.click("button")
	b.sees("p", "The amount due has changed")
	b.sees("p", "NZ$60.00")
	if n := len(b.Gateway.Log()); n != 0 {
		b.Errorf("the gateway was called %d time(s)", n)
	}
	b.click("button")
	b.types(windcavetest.CardApproved)
	b.sees("p", "received and booked")
	b.keeps(1)
}

// F37: a real double click is one payment.
func TestF37BrowserDoubleClick(t *testing.T) {
	b := inBrowser(t, setup{})
	slow := b.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.DelayAfter, Op: windcavetest.OpGenerate, Delay: time.Second})
	b.open(b.link())
	b.do(chromedp.DoubleClick(chromedp.CSS("button"))) // the page is still there while the first press is under way
	<-slow.Reached()
	b.types(windcavetest.CardApproved)
	b.sees("p", "received and booked")
	if n := len(b.journal()); n != 1 {
		b.Errorf("%d payments were started, want 1", n)
	}
	b.keeps(1)
	b.quiet()
}

func TestBrowserBackAndAgainGivesTheSamePage(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.click("button")
	b.sees("h1", "Payment")
	first := read(b, chromedp.Location())
	b.do(chromedp.NavigateBack())
	b.sees("h1", "Invoice")
	b.click("button")
	b.sees("h1", "Payment")
	if again := read(b, chromedp.Location()); again != first {
		b.Errorf("a second page was made: %s, then %s", first, again)
	}
	if n := len(b.journal()); n != 1 {
		b.Errorf("%d payments were started, want 1", n)
	}
	b.quiet()
}

func TestBrowserOtherCurrencies(t *testing.T) {
	for _, c := range []struct{ code, due, shown, charged string }{
		{"JPY", "1500", "¥1,500", "1500"},
		{"KWD", "57.125", "KWD\u00a057.125", "57.125"},
	} {
		t.Run(c.code, func(t *testing.T) {
			b := inBrowser(t, setup{Currency: c.code, Due: c.due})
			b.open(b.link())
			shown := strings.ReplaceAll(c.shown, "\u00a0", " ") // a line may break there
			b.sees("button", "Pay "+shown)
			b.click("button")
			b.types(windcavetest.CardApproved)
			b.sees("p", "received and booked")
			b.sees("p", shown)
			if all := b.Gateway.Charges(); len(all) != 1 || all[0].Amount != c.charged || all[0].Currency != c.code {
				b.Errorf("charges are %+v", all)
			}
			b.keeps(1)
			b.quiet()
		})
	}
}

func TestBrowserMarkupInEveryField(t *testing.T) {
	const evil = `<img src=x onerror="document.title='owned'">&amp;'"{{.}}`
	b := inBrowser(t, setup{Provider: "-", Company: evil, Customer: evil, Number: `<script>alert(1)</script>&"'`})
	b.open(b.link())
	b.sees("h1", "Invoice")
	if text := read(b, chromedp.Text(chromedp.CSS("h1"))); text != "Invoice "+b.Number {
		b.Errorf("heading is %q", text)
	}
	if text := read(b, chromedp.Text(chromedp.CSS(".provider .name"))); text != evil {
		b.Errorf("provider is %q", text)
	}
	b.click("button")
	b.types(windcavetest.CardApproved)
	b.sees("p", "received and booked")
	if n := read(b, chromedp.Evaluate[int](`document.querySelectorAll("img,script").length`)); n != 0 {
		b.Errorf("%d elements of theirs are in the page", n)
	}
	if title := read(b, chromedp.Title()); !strings.HasPrefix(title, "Paid") {
		b.Errorf("title is %q", title)
	}
	b.keeps(1)
	b.quiet()
}

func TestBrowserWithoutScript(t *testing.T) {
	b := inBrowser(t, setup{})
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.must(err)
	b.open(b.link())
	b.click("button")
	b.types(windcavetest.CardApproved)
	b.sees("h1", "Paid")
	b.sees("p", "received and booked") // the page renews itself without script
	b.keeps(1)
	b.quiet()
}

func TestBrowserKeyboardAlone(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.do(chromedp.KeyEvent(kb.Tab))
	if tag := read(b, chromedp.Evaluate[string](`document.activeElement.tagName`)); tag != "BUTTON" {
		b.Fatalf("Tab reaches %s, want the button", tag)
	}
	if ring := read(b, chromedp.Evaluate[string](`getComputedStyle(document.activeElement).outlineStyle`)); ring != "solid" {
		b.Errorf("focus is not to be seen: outline %s", ring)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.types(windcavetest.CardApproved)
	b.sees("p", "received and booked")
	b.keeps(1)
}

func TestBrowserButtonLeavesTheFrame(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open("/portal/")
	frame := read(b, chromedp.Nodes(chromedp.CSS("iframe")))[0]
	b.do(chromedp.WaitVisible(chromedp.CSS("button"), chromedp.FromNode(frame)))
	b.do(chromedp.Click(chromedp.CSS("button"), chromedp.FromNode(frame)))
	b.types(windcavetest.CardApproved)
	b.sees("p", "received and booked")
	if path := b.path(); !strings.HasPrefix(path, Prefix+"/payment/") {
		b.Errorf("the window is at %s", path)
	}
	b.click("footer a") // the way back
	b.arrives("/")
	b.keeps(1)
}

func TestBrowserDarkMode(t *testing.T) {
	b := inBrowser(t, setup{})
	ground := func(scheme string) string {
		b.must(prefer(b.ctx, scheme, ""))
		b.open(b.link())
		return read(b, chromedp.Evaluate[string](`getComputedStyle(document.documentElement).backgroundColor`))
	}
	light, dark := ground("light"), ground("dark")
	if light != "rgb(241, 244, 248)" || dark != "rgb(16, 22, 29)" {
		b.Errorf("ground is %s in the light and %s in the dark", light, dark)
	}
	b.must(prefer(b.ctx, "dark", "print"))
	const colours = `getComputedStyle(document.querySelector("h1")).color + " on " + getComputedStyle(document.documentElement).backgroundColor`
	if got := read(b, chromedp.Evaluate[string](colours)); got != "rgb(0, 0, 0) on rgb(255, 255, 255)" {
		b.Errorf("dark readers print in %s", got)
	}
	if left := read(b, chromedp.Evaluate[int](`[...document.querySelectorAll("button,footer,.small")].filter(e => e.offsetHeight > 0).length`)); left != 0 {
		b.Errorf("%d controls are printed", left)
	}
	b.quiet()
}

// F60: no address of ours goes to the gateway as a referrer.
func TestF60BrowserGatewaySeesNoReferrerAndOneForm(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.click("button")
	b.sees("h1", "Payment")
	if from := read(b, chromedp.Evaluate[string](`document.referrer`)); from != "" {
		b.Errorf("the gateway was told %q", from)
	}
	if n := b.sent("POST " + b.URL + directInvoice.path); n != 1 {
		b.Errorf("the form was sent %d times", n)
	}
}
