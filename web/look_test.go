package web

import (
	"net/http"
	"strings"
	"testing"
)

// Each partner's pages have its own colour and picture, both ours to serve.
func TestLookPerPartner(t *testing.T) {
	accent, err := ParseAccent("#7a1f5c")
	if err != nil {
		t.Fatal(err)
	}
	second := Look{Accent: accent, Logo: &Logo{svgKind, []byte(drawing)}}
	inBubble(t, setup{Second: true, Edit: func(c *Config) {
		c.Look = func(partner int64) Look {
			if partner == 2 {
				return second
			}
			return Look{}
		}
	}}, func(r *rig) {
		one, two := r.Handler.wardrobe.of(1), r.Handler.wardrobe.of(2)
		if one.style == two.style || one.logo != "" || two.logo == "" {
			r.Fatalf("partner 1 has %+v, partner 2 %+v", one, two)
		}
		sheet := r.get(two.style)
		if sheet.Code != http.StatusOK || !strings.Contains(sheet.Body.String(), "--accent: #7a1f5c") || !strings.Contains(sheet.Body.String(), "--accent: "+accent.Dark()) {
			r.Errorf("the sheet of partner 2 is %d\n%s", sheet.Code, sheet.Body)
		}
		logo := r.get(two.logo)
		if logo.Code != http.StatusOK || logo.Body.String() != drawing || logo.Header().Get("Content-Type") != svgKind ||
			logo.Header().Get("Content-Security-Policy") != drawingSecurity || logo.Header().Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(logo.Header().Get("Cache-Control"), "immutable") {
			r.Errorf("the logo is %d %v", logo.Code, logo.Header())
		}
		body := r.get(r.link()).Body.String()
		if strings.Contains(body, "<img") || !strings.Contains(body, one.style) {
			r.Errorf("partner 1 is shown as\n%s", body)
		}
		r.ofSecond()
		if body = r.get(r.link()).Body.String(); !strings.Contains(body, `<img class="logo" src="`+two.logo+`" alt="">`) || !strings.Contains(body, two.style) || strings.Contains(body, "badge") {
			r.Errorf("partner 2 is shown as\n%s", body)
		}
	})
}

// A picture alone has the site's name for who does not see it.
func TestLogoWithoutAName(t *testing.T) {
	inBubble(t, setup{Provider: "-", Company: "", Edit: func(c *Config) {
		c.Look = func(int64) Look { return Look{Logo: &Logo{svgKind, []byte(drawing)}} }
	}}, func(r *rig) {
		if body := r.get(r.link()).Body.String(); !strings.Contains(body, `alt="isp.example"`) {
			r.Errorf("the picture has no words\n%s", body)
		}
	})
}
