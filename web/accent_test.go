package web

import (
	"strings"
	"testing"
)

// Whatever colour is asked for, what is used has the contrast that the sheet's own colours are
// held to.
func TestAccentsHaveContrast(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"#0b5cad", "#ffffff", "#000000", "#ffcc00", "#00ff00", "#ff0000", "#0000ff", "#e67e22", "#7db8f5", "#808080", "#123456", "#FACADE"} {
		a, err := ParseAccent(text)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, c := range []struct {
			theme theme
			shade shade
		}{{lightTheme, a.light}, {darkTheme, a.dark}} {
			for _, used := range []rgb{c.shade.accent, c.shade.held} {
				if contrast(used, c.theme.ink) < 4.5 || contrast(used, c.theme.paper) < 3 || contrast(used, c.theme.ground) < 3 {
					t.Errorf("%s on %s pages is %s, without contrast", text, c.theme.name, used)
				}
			}
		}
	}
}

func TestContrast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b        rgb
		least, most float64
	}{
		{0x000000, 0xffffff, 21, 21},
		{0xffffff, 0xffffff, 1, 1},
		{0x767676, 0xffffff, 4.54, 4.55}, // the lightest grey that may be read on white
		{0xff0000, 0xffffff, 3.99, 4},
	} {
		if got := contrast(c.a, c.b); got < c.least || got > c.most {
			t.Errorf("%s on %s has %.3f to 1, want %.2f to %.2f", c.a, c.b, got, c.least, c.most)
		}
	}
}

func TestParseAccent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, light, dark, warning string }{
		{"#0b5cad", "#0b5cad", "#4583c0", ""},
		{"#000000", "#000000", "#7f7f7f", ""},
		{"#FFCC00", "#8f7300", "#ffcc00", "they use #8f7300, and dark pages #ffcc00"},
		{"#ffffff", "#767676", "#ffffff", "too little contrast"},
		{"blue", "", "", ""},
		{"#fff", "", "", ""},
		{"0b5cad", "", "", ""},
		{"#0b5cad;", "", "", ""},
		{"#0b5cadff", "", "", ""},
		{"", "", "", ""},
	} {
		a, err := ParseAccent(c.text)
		if c.light == "" {
			if err == nil || !strings.Contains(err.Error(), "such as #0b5cad") {
				t.Errorf("%q gives %v, %v; want an error that shows the form", c.text, a, err)
			}
			continue
		}
		if err != nil || a.Light() != c.light || a.Dark() != c.dark || (a.Warning() == "") != (c.warning == "") || !strings.Contains(a.Warning(), c.warning) {
			t.Errorf("%s is %s and %s, %q, %v; want %s and %s, %q", c.text, a.Light(), a.Dark(), a.Warning(), err, c.light, c.dark, c.warning)
		}
	}
	if a := (Accent{}); a.Warning()+a.Light()+a.Dark()+a.sheet() != "" {
		t.Error("no accent is one")
	}
}

// An accent is measured against the colours of style.css: they must be the same.
func TestThemesAreThoseOfTheSheet(t *testing.T) {
	t.Parallel()
	css, err := files.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, _ := strings.Cut(string(css), "@media screen and (prefers-color-scheme: dark)")
	dark, _, _ := strings.Cut(rest, "* { box-sizing")
	for text, theme := range map[string]theme{light: lightTheme, dark: darkTheme} {
		in := colours(t, text)
		if in["accent-ink"] != theme.ink.String() || in["paper"] != theme.paper.String() || in["ground"] != theme.ground.String() {
			t.Errorf("%s: the sheet has %v, the theme %s, %s, %s", theme.name, in, theme.ink, theme.paper, theme.ground)
		}
	}
}
