package web

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/text/language"
)

var shots = flag.String("shots", "", "folder to write a screenshot of every page into, in light, dark and print and three widths")

// widths are those of a small phone, a phone and a desk, in CSS pixels.
var widths = []int64{320, 390, 1280}

// tooWide and tooSmall are asked of every page: what sticks out to the side, and what can
// hardly be hit with a thumb.
const (
	tooWide  = `Math.max(0, document.documentElement.scrollWidth - window.innerWidth) + [...document.querySelectorAll("main *, header *")].filter(e => e.getBoundingClientRect().right > document.querySelector("main").getBoundingClientRect().right + 1).length`
	tooSmall = `[...document.querySelectorAll("a,button")].filter(e => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44).map(e => e.textContent).join()`
)

// gallery is all golden pages as they are before their words are chosen.
type gallery struct {
	pages *pages
	views map[string]view // by the golden's name
}

var (
	hang sync.Once
	hung *gallery
)

// exhibition makes the golden pages once for all tests that look at them.
func exhibition(t *testing.T) *gallery {
	t.Helper()
	hang.Do(func() {
		g := &gallery{views: map[string]view{}}
		for _, c := range goldenPages {
			synctest.Test(t, func(t *testing.T) {
				c.set.Seen = func(v view) { g.views[c.name] = v } // the last page is the one
				r := newRig(t, c.set)
				c.page(r)
				g.pages = r.Handler.pages
			})
		}
		g.pages.shown = func(view) {}
		hung = g
	})
	if hung == nil {
		t.Fatal("the golden pages cannot be made")
	}
	return hung
}

// in is a golden page in a language, as in a look.
func (g *gallery) in(name string, tag language.Tag, d dress) ([]byte, error) {
	v, ok := g.views[name]
	if !ok {
		return nil, os.ErrNotExist
	}
	v.reader, v.Style, v.Logo = g.pages.languages.reader(tag, nil, true), d.style, d.logo
	v.RefreshAfter = "" // it is to stay
	return g.pages.render(v)
}

// serve shows them at /LANGUAGE/NAME.
func (g *gallery) serve(t *testing.T, look Look) string {
	t.Helper()
	w, d := dressed(t, look)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if a, ok := w.assets[filepath.Base(r.URL.Path)]; ok {
			out.Header().Set("Content-Type", a.kind)
			_, _ = out.Write(a.body)
			return
		}
		lang, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		text, err := g.in(name, language.Make(lang), d)
		if err != nil {
			http.NotFound(out, r)
			return
		}
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = out.Write(text)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestBrowserLayout opens every golden page at every width, with letters of twice the size too.
// Longer words than English has are tried where they are most likely not to fit.
func TestBrowserLayout(t *testing.T) {
	t.Parallel()
	g := exhibition(t)
	at := g.serve(t, Look{})
	for _, lang := range append([]string{"en"}, translated...) {
		widths := widths
		if lang != "en" && (*shots == "" || lang == "es" || lang == "pt") {
			widths = widths[:1]
		}
		t.Run(lang, func(t *testing.T) {
			b := inBrowser(t, setup{Patience: 10 * time.Minute})
			for _, c := range goldenPages {
				for _, width := range widths {
					b.do(chromedp.EmulateViewport(width, 480), chromedp.Navigate(at+"/"+lang+"/"+c.name))
					b.fits(c.name + " in " + lang + " at " + strconv.FormatInt(width, 10))
					b.shoot(lang+"-"+c.name, width)
					b.do(chromedp.Evaluate[chromedp.Void](`document.documentElement.style.fontSize = "200%"`))
					b.fits(c.name + " in " + lang + " at " + strconv.FormatInt(width, 10) + " with letters of twice the size")
					b.shoot(lang+"-"+c.name+"-twice", width)
				}
			}
		})
	}
}

// A provider's picture takes no room that the words need, and is not stretched.
func TestBrowserLogo(t *testing.T) {
	t.Parallel()
	accent, err := ParseAccent("#c2185b")
	if err != nil {
		t.Fatal(err)
	}
	g := exhibition(t)
	for shape, box := range map[string]string{"square": "0 0 64 64", "wide": "0 0 900 100", "tall": "0 0 20 400"} {
		t.Run(shape, func(t *testing.T) {
			at := g.serve(t, Look{Accent: accent, Logo: &Logo{svgKind, []byte(strings.Replace(drawing, "0 0 120 40", box, 1))}})
			b := inBrowser(t, setup{})
			for _, name := range []string{"pay", "pay-long", "pay-unnamed", "paid"} {
				b.do(chromedp.EmulateViewport(320, 480), chromedp.Navigate(at+"/de/"+name))
				b.fits(name + " with a " + shape + " picture")
				b.shoot("logo-"+shape+"-"+name, 320)
				if high := read(b, chromedp.Evaluate[int](`document.querySelector(".logo").offsetHeight`)); high != 40 {
					t.Errorf("the %s picture is %d pixels high, want 40", shape, high)
				}
				if name == "pay" {
					if colour := read(b, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("button")).backgroundColor`)); colour != "rgb(194, 24, 91)" {
						t.Errorf("the button is %s", colour)
					}
				}
			}
		})
	}
}

// dressed is a wardrobe with one look in it.
func dressed(t *testing.T, look Look) (*wardrobe, dress) {
	t.Helper()
	var w *wardrobe
	synctest.Test(t, func(t *testing.T) {
		w = newRig(t, setup{Edit: func(c *Config) { c.Look = func(int64) Look { return look } }}).Handler.wardrobe
	})
	return w, w.of(0)
}

// fits fails for what sticks out to the side, and for what is too small to hit.
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
	for _, as := range []struct{ scheme, medium string }{{"dark", "print"}, {"dark", ""}, {"light", ""}} { // the light stays on
		b.must(prefer(b.ctx, as.scheme, as.medium))
		b.must(os.WriteFile(filepath.Join(*shots, name+"-"+strconv.FormatInt(width, 10)+"-"+or(as.medium, as.scheme)+".png"), read(b, chromedp.FullScreenshot(100)), 0o644))
	}
}
