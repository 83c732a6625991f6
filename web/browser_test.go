package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stopBrowser()
	os.Exit(code)
}

// stopBrowser ends the browser, if one was started.
var stopBrowser = func() {}

// browser starts the one browser that all tests share.
var browser = sync.OnceValues(func() (context.Context, error) {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return nil, errors.New("no Chromium found: run make deps")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-features", "Translate,BackForwardCache")) // a page out of that cache loads without the events that are waited for
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	stopBrowser = func() {
		_ = chromedp.Cancel(ctx)
		cancel()
		endAllocator()
	}
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return ctx, nil
})

// patience is how long a browser may take for one test; two slow cores share it with others.
const patience = 90 * time.Second

// tab is one browser window with cookies of its own. What it should not do is noted.
type tab struct {
	*rig
	ctx context.Context

	mu       sync.Mutex
	trouble  []string // console errors
	requests []string // method and address
}

// tab opens a window; the test fails at its end if the console had an error or if anybody
// but us and the gateway was asked for something.
func (r *rig) tab() *tab {
	r.Helper()
	shared, err := browser()
	r.must(err)
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	r.Cleanup(cancel)
	b := &tab{rig: r, ctx: ctx}
	r.must(chromedp.Do(ctx)) // the tab lives longer than the time-out of one test's actions
	b.ctx, cancel = context.WithTimeout(ctx, patience)
	r.Cleanup(cancel)
	r.must(chromedp.Listen(ctx, b.note))
	return b
}

func (b *tab) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, ev.Request.Method+" "+ev.Request.URL)
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError && strings.HasPrefix(ev.Entry.URL, b.URL) {
			b.trouble = append(b.trouble, ev.Entry.Text+" "+ev.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, ev.ExceptionDetails.Text)
	}
}

// quiet fails the test for console errors and for requests to other hosts.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.trouble {
		b.Errorf("console: %s", t)
	}
	for _, r := range b.requests {
		_, address, _ := strings.Cut(r, " ")
		if !strings.HasPrefix(address, b.URL+"/") && !strings.HasPrefix(address, b.Config.Generation.Default.Endpoint+"/") && !strings.HasPrefix(address, "data:") {
			b.Errorf("the page asked somebody else: %s", r)
		}
	}
	if len(b.requests) == 0 {
		b.Error("no request was seen at all")
	}
}

// sent counts requests.
func (b *tab) sent(request string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if r == request {
			n++
		}
	}
	return n
}

// do runs steps in the browser.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		at, _ := chromedp.Run(b.ctx, chromedp.Location())
		b.Fatalf("%v, at %s", err, at)
	}
}

func read[T any](b *tab, a chromedp.Action[T]) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, a)
	b.must(err)
	return v
}

// open opens an address of ours.
func (b *tab) open(path string) {
	b.Helper()
	b.do(chromedp.Navigate(b.URL + path))
}

// sees waits until a heading, or another element, says so.
func (b *tab) sees(element, text string) {
	b.Helper()
	b.do(chromedp.WaitVisible(chromedp.Search(`//` + element + `[contains(., "` + text + `")]`)))
}

func (b *tab) click(selector string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// types pays on the gateway's page.
func (b *tab) types(c windcavetest.Card) {
	b.Helper()
	b.sees("h1", "Payment")
	for name, value := range map[string]string{"card": c.Number, "holder": "A PAYER", "expiry": time.Now().AddDate(2, 0, 0).Format("01/06"), "cvc": "123"} {
		b.do(chromedp.SetValue(chromedp.CSS(`input[name="`+name+`"]`), value))
	}
	b.click("button.pay")
}

// path is where the window is, without the host.
func (b *tab) path() string {
	b.Helper()
	u, err := url.Parse(read(b, chromedp.Location()))
	b.must(err)
	return u.Path
}

// keeps fails for every broken promise.
func (b *tab) keeps(charges int) {
	b.Helper()
	if n := len(b.Gateway.Charges()); n != charges {
		b.Errorf("%d charge(s), want %d", n, charges)
	}
	for _, v := range paymenttest.Check(paymenttest.Histories{Charges: b.Gateway.Charges(), Payments: b.Splynx.Payments(), Journal: b.journal()}) {
		b.Error(v)
	}
}

func (b *tab) owes(status, due string) {
	b.Helper()
	if i, _ := b.Splynx.Invoice(b.Invoice); i.Status != status || i.Due != due {
		b.Errorf("invoice is %s with %s due, want %s with %s", i.Status, i.Due, status, due)
	}
}

func inBrowser(t *testing.T, o setup) *tab {
	t.Helper()
	t.Parallel()
	o.Sockets = true
	return newRig(t, o).tab()
}

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
	b.open(directPayURL("1999/0001"))
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

func TestBrowserAmountChangedBeforeTheButton(t *testing.T) {
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

func TestBrowserDoubleClick(t *testing.T) {
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
			b.sees("button", "Pay "+c.shown)
			b.click("button")
			b.types(windcavetest.CardApproved)
			b.sees("p", "received and booked")
			b.sees("p", c.shown)
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
	if path := b.path(); path != "/" {
		b.Errorf("the way back leads to %s", path)
	}
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

// prefer sets the reader's colours and the medium ("" for the screen).
func prefer(ctx context.Context, scheme, media string) error {
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	return err
}

func TestBrowserGatewaySeesNoReferrerAndOneForm(t *testing.T) {
	b := inBrowser(t, setup{})
	b.open(b.link())
	b.click("button")
	b.sees("h1", "Payment")
	if from := read(b, chromedp.Evaluate[string](`document.referrer`)); from != "" {
		b.Errorf("the gateway was told %q", from)
	}
	if n := b.sent("POST " + b.URL + directPayPath); n != 1 {
		b.Errorf("the form was sent %d times", n)
	}
}
