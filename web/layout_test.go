package web

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "folder to write a screenshot of every page into, in light and dark and three widths")

// widths are those of a small phone, a phone and a desk, in CSS pixels.
var widths = []int64{320, 390, 1280}

// tooWide and tooSmall are asked of every page: what sticks out to the side, and what can
// hardly be hit with a thumb.
const (
	tooWide  = `Math.max(0, document.documentElement.scrollWidth - window.innerWidth) + [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > document.querySelector("main").getBoundingClientRect().right + 1).length`
	tooSmall = `[...document.querySelectorAll("a,button")].filter(e => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44).map(e => e.textContent).join()`
)

// TestBrowserLayout opens every golden page at every width, with letters of twice the size too.
func TestBrowserLayout(t *testing.T) {
	b := inBrowser(t, setup{})
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Prefix+"/assets/") {
			w.Header().Set("Content-Type", "text/css")
			_, _ = w.Write(b.Handler.pages.style)
			return
		}
		text, err := os.ReadFile(filepath.Join("testdata", filepath.Base(r.URL.Path)+".golden.html"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(bytes.ReplaceAll(text, []byte(`http-equiv="refresh"`), []byte(`name="refresh"`))) // it is to stay
	}))
	t.Cleanup(pages.Close)
	for _, g := range goldenPages {
		for _, width := range widths {
			b.do(chromedp.EmulateViewport(width, 480), chromedp.Navigate(pages.URL+"/"+g.name))
			where := g.name + " at " + strconv.FormatInt(width, 10)
			if n := read(b, chromedp.Evaluate[int](tooWide)); n != 0 {
				t.Errorf("%s sticks out to the side (%d)", where, n)
			}
			if small := read(b, chromedp.Evaluate[string](tooSmall)); small != "" {
				t.Errorf("%s has targets below 44 px: %s", where, small)
			}
			b.shoot(g.name, width)
			if n := read(b, chromedp.Evaluate[int](`document.documentElement.style.fontSize = "200%", `+tooWide)); n != 0 {
				t.Errorf("%s with letters of twice the size sticks out to the side (%d)", where, n)
			}
		}
	}
}

// shoot writes pictures for people to look at, if they asked for them.
func (b *tab) shoot(name string, width int64) {
	b.Helper()
	if *shots == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		b.must(prefer(b.ctx, scheme, ""))
		b.must(os.WriteFile(filepath.Join(*shots, name+"-"+strconv.FormatInt(width, 10)+"-"+scheme+".png"), read(b, chromedp.FullScreenshot(100)), 0o644))
	}
}
