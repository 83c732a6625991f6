package office

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/chromium"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

var shots = flag.String("shots", "", "folder to write a screenshot of every page into, in light and dark and three widths")

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

// tab is one browser window with cookies of its own.
type tab struct {
	*testing.T
	ctx context.Context
	url string

	mu      sync.Mutex
	trouble []string // console errors
}

func newTab(t *testing.T, url string) *tab {
	t.Helper()
	shared, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{T: t, url: url}
	if err := chromedp.Do(ctx); err != nil { // the tab lives longer than the time-out of one test's actions
		t.Fatal(err)
	}
	b.ctx, cancel = context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(cancel)
	err = chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*log.EventEntryAdded); ok && e.Entry.Level == log.EntryLevelError {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.trouble = append(b.trouble, e.Entry.Text+" "+e.Entry.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

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
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// sees waits until an element says so.
func (b *tab) sees(element, text string) {
	b.Helper()
	b.do(chromedp.WaitVisible(chromedp.Search(`//` + element + `[contains(., "` + text + `")]`)))
}

func (b *tab) click(selector string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// quiet fails for errors on the console.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.trouble {
		b.Errorf("console: %s", t)
	}
}

func prefer(b *tab, scheme string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		b.Fatal(err)
	}
}

// inBrowser is a rig that a browser can open, with the administrator's session in a tab.
func inBrowser(t *testing.T) (*rig, *tab) {
	t.Helper()
	return inBrowserWith(t, setup{})
}

func inBrowserWith(t *testing.T, set setup) (*rig, *tab) {
	t.Helper()
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	set.URL = "http://" + listener.Addr().String()
	r := newRig(t, set)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case web.Ours(q.URL.Path):
			r.Handler.ServeHTTP(w, q)
		case q.URL.Path == "/start": // gives the browser the session
			http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: rigStaff, Path: "/"})
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Admin</title><link rel="icon" href="data:,"><h1>Admin</h1>`))
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}), ReadHeaderTimeout: 10 * time.Second}}
	server.Start()
	t.Cleanup(server.Close)
	b := newTab(t, r.URL)
	b.do(chromedp.Navigate(r.URL + "/start"))
	return r, b
}

func TestBrowserChargesAndRefunds(t *testing.T) {
	r, b := inBrowser(t)
	r.carded()
	b.do(chromedp.Navigate(r.URL + "/paymentexpress/pay-invoice?item_id=2026%2F0042"))
	b.sees("h1", "Invoice 2026/0042")
	b.sees("button", "Charge NZ$57.50 to Visa ends in 11")
	b.do(chromedp.DoubleClick(chromedp.CSS("main button"))) // both are one
	b.sees("p", "stands in Splynx")
	b.click(`main a[href$="/refund"]`)
	b.do(chromedp.SetValue(chromedp.CSS("#amount"), "20"), chromedp.SetValue(chromedp.CSS("#reason"), "paid in cash too"))
	b.click("main button")
	b.sees("button", "Refund NZ$20.00")
	b.click("main button")
	b.sees("h2", "To be typed into Splynx")
	b.click(`.places a[href$="/work"]`)
	b.sees("p", "Type this payment into Splynx")
	b.click(`main a[href$="/settle/recorded"]`)
	b.do(chromedp.SetValue(chromedp.CSS("#reason"), "typed it in"))
	b.click("main button")
	b.sees("td", "typed it in")
	b.quiet()
	if n := len(r.Gateway.Refunds()); n != 1 {
		t.Errorf("%d refunds", n)
	}
	r.charges(1)
}

func TestBrowserWithoutScript(t *testing.T) {
	r, b := inBrowser(t)
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	r.must(err)
	r.carded()
	b.do(chromedp.Navigate(r.URL + web.AdminPath))
	b.do(chromedp.SetValue(chromedp.CSS("#q"), "1"))
	b.click("main .filters button")
	b.do(chromedp.SetValue(chromedp.CSS("#amount"), "20"))
	b.click(`form[action$="/balance"] button`)
	b.sees("button", "Charge NZ$20.00")
	b.click("main button")
	b.sees("p", "stands in Splynx") // the page renews itself
	if p := r.only(); p.State != payment.Recorded {
		t.Errorf("it is %s", p.State)
	}
	r.charges(1)
}

// gallery is all golden pages, and the files that they name.
type gallery struct {
	pages, files map[string][]byte
}

var (
	hang sync.Once
	hung *gallery

	linked  = regexp.MustCompile(`<link rel="stylesheet" href="([^"]+)">`)
	renewal = regexp.MustCompile(`<meta http-equiv="refresh"[^>]*>`)
)

// exhibition makes the golden pages once for all tests that look at them.
func exhibition(t *testing.T) string {
	t.Helper()
	hang.Do(func() {
		g := &gallery{map[string][]byte{}, map[string][]byte{}}
		for _, c := range goldenPages {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c.set)
				body := c.page(r).Body.Bytes()
				for _, m := range linked.FindAllSubmatch(body, -1) {
					g.files[string(m[1])] = r.send(http.MethodGet, string(m[1]), nil).Body.Bytes()
				}
				g.pages["/"+c.name] = renewal.ReplaceAll(body, nil) // it is to stay
			})
		}
		hung = g
	})
	if hung == nil {
		t.Fatal("the golden pages cannot be made")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if css, ok := hung.files[r.URL.Path]; ok {
			w.Header().Set("Content-Type", "text/css")
			_, _ = w.Write(css)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(hung.pages[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// axeScript is had by npm ci --prefix tools/axe. It is under the MPL, and no part of this
// repository.
var axeScript = filepath.Join("..", "..", "tools", "axe", "node_modules", "axe-core", "axe.min.js")

const axeRun = `axe.run(document, {resultTypes: ["violations"], runOnly: matchMedia("(prefers-color-scheme: dark)").matches ? ["color-contrast"] : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => r.violations.map(v => v.id + " (" + v.help + "): " + v.nodes.map(n => n.html).join(" ")).join("\n"))`

// TestBrowserAxe has axe-core look at every golden page, in light and dark, wide and narrow.
func TestBrowserAxe(t *testing.T) {
	script, err := os.ReadFile(axeScript)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("axe-core is not installed: run npm ci --prefix tools/axe")
	}
	if err != nil {
		t.Fatal(err)
	}
	at := exhibition(t)
	b := newTab(t, at)
	for _, c := range goldenPages {
		for _, width := range []int64{390, 1280} {
			b.do(chromedp.EmulateViewport(width, 800), chromedp.Navigate(at+"/"+c.name), chromedp.Evaluate[chromedp.Void](string(script)))
			for _, scheme := range []string{"dark", "light"} {
				prefer(b, scheme)
				if found := read(b, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise)); found != "" {
					t.Errorf("%s at %d, %s:\n%s", c.name, width, scheme, found)
				}
			}
		}
	}
}

// tooWide and tooSmall are asked of every page: what sticks out to the side, and what can hardly
// be hit with a thumb.
const (
	tooWide  = `Math.max(0, document.documentElement.scrollWidth - window.innerWidth) + [...document.querySelectorAll("main *, header *")].filter(e => !e.closest(".unseen, thead") && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length`
	tooSmall = `[...document.querySelectorAll("a,button,select,input:not([type=hidden]):not([type=radio])")].filter(e => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44).map(e => e.textContent || e.name).join()`
)

// TestBrowserLayout opens every golden page at every width, with letters of twice the size too.
func TestBrowserLayout(t *testing.T) {
	at := exhibition(t)
	b := newTab(t, at)
	for _, c := range goldenPages {
		for _, width := range []int64{320, 390, 1280} {
			where := c.name + " at " + strconv.FormatInt(width, 10)
			b.do(chromedp.EmulateViewport(width, 720), chromedp.Navigate(at+"/"+c.name))
			b.fits(where)
			b.shoot(c.name, width)
			b.do(chromedp.Evaluate[chromedp.Void](`document.documentElement.style.fontSize = "200%"`))
			b.fits(where + " with letters of twice the size")
		}
	}
}

func (b *tab) fits(where string) {
	b.Helper()
	if n := read(b, chromedp.Evaluate[int](tooWide)); n != 0 {
		b.Errorf("%s sticks out to the side (%d)", where, n)
	}
	if small := read(b, chromedp.Evaluate[string](tooSmall)); small != "" {
		b.Errorf("%s has targets below 44 px: %s", where, small)
	}
}

// shoot writes pictures for people to look at, if they asked for them.
func (b *tab) shoot(name string, width int64) {
	b.Helper()
	if *shots == "" {
		return
	}
	for _, scheme := range []string{"dark", "light"} { // the light stays on
		prefer(b, scheme)
		file := filepath.Join(*shots, strings.Join([]string{name, strconv.FormatInt(width, 10), scheme}, "-")+".png")
		if err := os.WriteFile(file, read(b, chromedp.FullScreenshot(100)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}
