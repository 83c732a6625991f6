package web

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// pairs are the colours that are seen on one another, with the contrast they need: 4.5 to 1
// for what is read, 3 to 1 for edges of controls.
var pairs = []struct {
	on, under string
	least     float64
}{
	{"ink", "paper", 4.5},
	{"ink", "ground", 4.5},
	{"ink", "wait-ground", 4.5}, // a notice
	{"soft", "paper", 4.5},
	{"soft", "ground", 4.5},
	{"accent-ink", "accent", 4.5},
	{"accent-ink", "accent-held", 4.5},
	{"accent", "paper", 3},
	{"accent", "ground", 3},
	{"edge", "paper", 3},
	{"wait", "wait-ground", 4.5},
	{"done", "done-ground", 4.5},
	{"stop", "stop-ground", 4.5},
	{"wait", "paper", 3}, // the notice's edge
}

func TestColoursHaveContrast(t *testing.T) {
	t.Parallel()
	css, err := files.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, ok := strings.Cut(string(css), "@media screen and (prefers-color-scheme: dark)")
	dark, _, ok2 := strings.Cut(rest, "* { box-sizing")
	if !ok || !ok2 {
		t.Fatal("the sheet does not begin with the colours of light and dark")
	}
	for name, text := range map[string]string{"light": light, "dark": dark} {
		colours := colours(t, text)
		for _, p := range pairs {
			if c := contrast(colour(t, colours[p.on]), colour(t, colours[p.under])); c < p.least {
				t.Errorf("%s: %s on %s has %.2f to 1, needs %.1f", name, p.on, p.under, c, p.least)
			}
		}
	}
}

var colourForm = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)

func colours(t *testing.T, css string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, m := range colourForm.FindAllStringSubmatch(css, -1) {
		all[m[1]] = m[2]
	}
	return all
}

func colour(t *testing.T, text string) rgb {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", text, err)
	}
	return rgb(n)
}

// A sheet that is asked for with every first view stays small, and asks for nothing itself.
func TestStyleSheetIsSmallAndAlone(t *testing.T) {
	t.Parallel()
	css, err := files.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	if len(css) > 8<<10 {
		t.Errorf("style sheet has %d bytes, want at most 8192", len(css))
	}
	for _, word := range []string{"url(", "@import", "@font-face", "http:", "https:"} {
		if strings.Contains(string(css), word) {
			t.Errorf("style sheet has %s", word)
		}
	}
}
