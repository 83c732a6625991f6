package web

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/chromium"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
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
	ctx, stop, err := chromium.Start()
	if err == nil {
		stopBrowser = stop
	}
	return ctx, err
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
	b.ctx, cancel = context.WithTimeout(ctx, max(patience, r.patience))
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

// arrives waits until the window is at a path.
func (b *tab) arrives(path string) {
	b.Helper()
	for b.path() != path {
		select {
		case <-b.ctx.Done():
			b.Fatalf("the window is not at %s", path)
		case <-time.After(20 * time.Millisecond):
		}
	}
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

// prefer sets the reader's colours and the medium ("" for the screen).
func prefer(ctx context.Context, scheme, media string) error {
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	return err
}
