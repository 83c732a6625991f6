package web

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// axeScript is had by npm ci --prefix tools/axe. It is under the MPL, and no part of this
// repository.
var axeScript = filepath.Join("..", "tools", "axe", "node_modules", "axe-core", "axe.min.js")

// axeRun tells, of the page that is open, each broken rule with the places that break it. The
// rules are those of WCAG 2.2 AA and axe's own good manners. That a waiting page renews itself
// (2.2.1) is not looked at: it shows nothing that could be lost, and can be left or asked anew
// by hand. In the dark only colours differ.
const axeRun = `axe.run(document, {resultTypes: ["violations"], runOnly: matchMedia("(prefers-color-scheme: dark)").matches ? ["color-contrast"] : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => r.violations.map(v => v.id + " (" + v.help + "): " + v.nodes.map(n => n.html).join(" ")).join("\n"))`

// TestBrowserAxe has axe-core look at every golden page, in light and dark.
func TestBrowserAxe(t *testing.T) {
	script, err := os.ReadFile(axeScript)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("axe-core is not installed: run npm ci --prefix tools/axe")
	}
	if err != nil {
		t.Fatal(err)
	}
	b := inBrowser(t, setup{Patience: 10 * time.Minute})
	g := exhibition(t)
	accent, err := ParseAccent("#ffcc00")
	if err != nil {
		t.Fatal(err)
	}
	plain := g.serve(t, Look{})
	dressed := g.serve(t, Look{Accent: accent, Logo: &Logo{svgKind, []byte(drawing)}})
	open := func(address string) {
		b.do(chromedp.EmulateViewport(390, 800), chromedp.Navigate(address), chromedp.Evaluate[chromedp.Void](string(script)))
	}
	open("data:text/html,<p style='color:%23777;background:%23888'>read this<img src='data:,'>")
	if found := read(b, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise)); !strings.Contains(found, "color-contrast") || !strings.Contains(found, "image-alt") {
		t.Fatalf("axe does not find what is broken on purpose: %s", found)
	}
	look := func(address string) {
		open(address)
		for _, scheme := range []string{"dark", "light"} {
			b.must(prefer(b.ctx, scheme, ""))
			if found := read(b, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise)); found != "" {
				t.Errorf("%s, %s:\n%s", strings.TrimPrefix(address, plain), scheme, found)
			}
		}
	}
	for _, c := range goldenPages {
		look(plain + "/en/" + c.name)
	}
	for _, name := range []string{"/de/pay", "/fr/top_up-wrong", "/es/paid", "/pt/at_gateway"} {
		look(dressed + name)
	}
}
