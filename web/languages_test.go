package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/language"
)

func withLanguages(t *testing.T, own fstest.MapFS) *languages {
	t.Helper()
	l, err := newLanguages(nil)
	if own != nil {
		l, err = newLanguages(own)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLanguageIsChosen(t *testing.T) {
	t.Parallel()
	l := withLanguages(t, fstest.MapFS{
		"active.mi.json": {Data: []byte(`{"paid.title": "Kua utua", "wait": {"one": "he meneti", "other": "{{.Minutes}} meneti"}}`)},
		"active.ar.json": {Data: []byte(`{"paid.title": "مدفوع"}`)},
	})
	for _, c := range []struct{ setting, accept, lang, locale string }{
		{"", "", "en", "en"},
		{"", "de", "de", "de"},
		{"", "de-AT,de;q=0.9,en;q=0.8", "de", "de-AT"},
		{"", "de, de-CH", "de", "de-CH"},
		{"", "fr-CA", "fr", "fr-CA"},
		{"", "pt-BR,pt;q=0.9", "pt", "pt-BR"},
		{"", "es-419,es;q=0.9", "es", "es-419"},
		{"", "en-NZ,en;q=0.9,de;q=0.5", "en", "en-NZ"},
		{"", "ja,fr;q=0.3", "fr", "fr"},
		{"", "ja", "en", "en"},
		{"", "mi-NZ,en-NZ;q=0.8", "mi", "mi-NZ"},
		{"", "ar", "ar", "ar"},
		{"", "*", "en", "en"},
		{"", "de;q=0, fr;q=0.1", "fr", "fr"},
		{"", "en;q=0.1, es;q=0.9", "es", "es"},
		{"", "\x00<script>", "en", "en"},
		{"", "de" + strings.Repeat(",x-a", acceptLimit), "en", "en"},
		{"fr", "de", "fr", "fr"},
		{"fr-BE", "de-AT", "fr", "fr-BE"},
		{"pt-BR", "", "pt", "pt-BR"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", c.accept)
		if got := l.choose(c.setting, r); got.tag.String() != c.lang || got.locale.String() != c.locale || got.asked != (c.setting == "") {
			t.Errorf("setting %q and Accept-Language %.40q give %s, amounts as in %s, asked %t; want %s, %s", c.setting, c.accept, got.tag, got.locale, got.asked, c.lang, c.locale)
		}
	}
}

func TestLanguageSettingIsChecked(t *testing.T) {
	t.Parallel()
	l := withLanguages(t, nil)
	for setting, good := range map[string]bool{"": true, "de": true, "de-AT": true, "pt-BR": true, "en-NZ": true, "ja": false, "klingon!": false, "da": false, "gl": false} {
		if err := l.check(setting); (err == nil) != good {
			t.Errorf("%q gives %v", setting, err)
		} else if err != nil && (!strings.Contains(err.Error(), "de, ") || !strings.Contains(err.Error(), "active.<language>.json")) {
			t.Errorf("%q does not tell what to do: %v", setting, err)
		}
	}
}

// What a browser is told of a page's language, with and without a setting.
func TestPagesTellTheirLanguage(t *testing.T) {
	for name, c := range map[string]struct{ setting, lang, vary, title string }{
		"the reader's": {"", "de", "Accept-Language", "Rechnung 2026/0042"},
		"a setting":    {"fr", "fr", "", "Facture 2026/0042"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{Edit: func(cfg *Config) { cfg.Language = func(int64) string { return c.setting } }}, func(r *rig) {
				a := r.get(r.link(), header("Accept-Language", "de-DE,de;q=0.9"))
				if h := a.Header(); h.Get("Content-Language") != c.lang || h.Get("Vary") != c.vary {
					r.Errorf("headers are %v", h)
				}
				if !strings.Contains(a.Body.String(), `<html lang="`+c.lang+`">`) {
					r.Errorf("page is not in %s\n%s", c.lang, a.Body)
				}
				r.wants(a, 200, c.title)
			})
		})
	}
}

func TestUnknownLanguageSettingIsAnError(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		c := r.Config
		c.Language = func(int64) string { return "ja" }
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), `language "ja"`) {
			r.Errorf("New gives %v", err)
		}
	})
}

func TestDirectionOfWriting(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"en": "ltr", "de": "ltr", "ar": "rtl", "he": "rtl", "fa": "rtl", "mi": "ltr"} {
		if got := (reader{tag: language.MustParse(tag)}).direction(); got != want {
			t.Errorf("%s is written %s, want %s", tag, got, want)
		}
	}
}
