package web

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Accent is the colour of buttons and of the provider's letter. No colour has the contrast that
// people need on light pages and on dark ones, so each has a shade of its own. The zero value
// is the blue of the style sheet.
type Accent struct {
	asked       string // as it was written
	light, dark shade
}

// shade is an accent as one of the themes uses it; held is for a button that is pointed at.
type shade struct{ accent, held rgb }

// theme is what an accent is seen on, and the text that is seen on it: the same colours as in
// style.css.
type theme struct {
	name                string
	ink, paper, ground  rgb
	toward              rgb // where a shade with more contrast lies
	heldBy              int // hundredths toward it
	onText, onPageLeast float64
}

// The contrasts are those of WCAG 2.2: 1.4.3 for text, 1.4.11 for controls.
var (
	lightTheme = theme{"light", 0xffffff, 0xffffff, 0xf1f4f8, 0x000000, 20, 4.5, 3}
	darkTheme  = theme{"dark", 0x0c1520, 0x1a222c, 0x10161d, 0xffffff, 30, 4.5, 3}
)

var accentForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// ParseAccent reads a colour such as #0b5cad. One without enough contrast is made darker for
// light pages, which Warning tells, and lighter for dark pages.
func ParseAccent(text string) (Accent, error) {
	if !accentForm.MatchString(text) {
		return Accent{}, fmt.Errorf("accent %q: want a colour of six hexadecimal digits, such as #0b5cad", text)
	}
	n, err := strconv.ParseUint(text[1:], 16, 32)
	if err != nil {
		return Accent{}, err
	}
	return Accent{asked: strings.ToLower(text), light: lightTheme.shade(rgb(n)), dark: darkTheme.shade(rgb(n))}, nil
}

// Light is the colour on light pages, such as #0b5cad; empty for the zero value.
func (a Accent) Light() string { return a.shown(a.light.accent) }

// Dark is the colour on dark pages.
func (a Accent) Dark() string { return a.shown(a.dark.accent) }

// Warning says that light pages use another shade than the one asked for; empty if they do
// not.
func (a Accent) Warning() string {
	if a.Light() == a.asked {
		return ""
	}
	return fmt.Sprintf("accent %s has too little contrast on light pages: they use %s, and dark pages %s; choose a darker colour to have it as it is", a.asked, a.Light(), a.Dark())
}

func (a Accent) shown(c rgb) string {
	if a.asked == "" {
		return ""
	}
	return c.String()
}

// sheet overrides the colours of style.css on screens; what is printed stays black on white.
func (a Accent) sheet() string {
	if a.asked == "" {
		return ""
	}
	return fmt.Sprintf("@media screen { :root { --accent: %s; --accent-held: %s; } }\n@media screen and (prefers-color-scheme: dark) { :root { --accent: %s; --accent-held: %s; } }\n",
		a.light.accent, a.light.held, a.dark.accent, a.dark.held)
}

// shade is the first colour on the way from c that has the theme's contrasts.
func (t theme) shade(c rgb) shade {
	for step := range 101 {
		if s := c.mix(t.toward, step); t.reads(s) {
			return shade{s, s.mix(t.toward, t.heldBy)}
		}
	}
	return shade{t.toward, t.toward} // black on white, white on black
}

func (t theme) reads(c rgb) bool {
	return contrast(c, t.ink) >= t.onText && contrast(c, t.paper) >= t.onPageLeast && contrast(c, t.ground) >= t.onPageLeast
}

// rgb is an sRGB colour, 0xrrggbb.
type rgb uint32

func (c rgb) String() string { return fmt.Sprintf("#%06x", uint32(c)) }

// mix goes some hundredths of the way to another colour.
func (c rgb) mix(to rgb, hundredths int) rgb {
	var mixed rgb
	for shift := 0; shift <= 16; shift += 8 {
		from, end := int(c>>shift&0xff), int(to>>shift&0xff)
		mixed |= rgb(from+(end-from)*hundredths/100) << shift
	}
	return mixed
}

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func (c rgb) luminance() float64 {
	var sum float64
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} { // blue, green, red
		part := float64(c>>(8*i)&0xff) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		sum += weight * part
	}
	return sum
}
