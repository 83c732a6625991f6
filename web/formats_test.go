package web

import (
	"slices"
	"testing"
	"time"

	"github.com/bojanz/currency"
	"golang.org/x/text/language"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
)

func viewIn(t *testing.T, locale string) view {
	t.Helper()
	l := withLanguages(t, nil)
	tag := language.MustParse(locale)
	_, i, _ := l.matcher.Match(tag)
	return view{reader: l.reader(l.tags[i], []language.Tag{tag}, true)}
}

// The currency is unmistakable everywhere, and lines break between groups of figures alone.
func TestAmountsAsTheReaderWritesThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		locale, number, code string
		want                 []string
	}{
		{"en", "57.50", "NZD", []string{"NZ$57.50"}},
		{"en-NZ", "57.50", "NZD", []string{"NZ$57.50"}},
		{"en-AU", "1234567.50", "AUD", []string{"A$1,", "234,", "567.50"}},
		{"en-US", "57.50", "USD", []string{"US$57.50"}},
		{"en-IN", "1234567.50", "NZD", []string{"NZ$12,", "34,", "567.50"}},
		{"en-ZA", "1234.50", "NZD", []string{"NZ$1\u00a0", "234,50"}},
		{"en", "123456.789", "KWD", []string{"KWD ", "123,", "456.789"}},
		{"en", "1500", "JPY", []string{"¥1,", "500"}},
		{"de", "1234.50", "NZD", []string{"1.", "234,50 ", "NZ$"}},
		{"de", "123456.789", "KWD", []string{"123.", "456,789 ", "KWD"}},
		{"de-AT", "1234.50", "NZD", []string{"NZ$ ", "1.", "234,50"}},
		{"de-CH", "1234.50", "CHF", []string{"CHF ", "1'", "234.50"}},
		{"fr", "1234567.50", "NZD", []string{"1\u202f", "234\u202f", "567,50 ", "$NZ"}},
		{"fr-CA", "1234.50", "NZD", []string{"1\u00a0", "234,50 ", "$\u00a0NZ"}},
		{"fr-CA", "57.50", "CAD", []string{"57,50 ", "CA$"}},
		{"es", "57.50", "EUR", []string{"57,50 ", "€"}},
		{"es-MX", "57.50", "MXN", []string{"MX$57.50"}},
		{"pt-BR", "1234.50", "BRL", []string{"R$ ", "1.", "234,50"}},
		{"pt-PT", "1234567.50", "NZD", []string{"1\u00a0", "234\u00a0", "567,50 ", "NZ$"}},
	} {
		a, err := money.Parse(c.number, c.code)
		if err != nil {
			t.Fatal(err)
		}
		v := viewIn(t, c.locale)
		v.Amount = &a
		if got := v.Parts(v.Money()); !slices.Equal(got, c.want) {
			t.Errorf("%s %s in %s is %q, want %q", c.number, c.code, c.locale, got, c.want)
		}
	}
}

func TestDatesAsTheReaderWritesThem(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.March, 3, 2, 4, 0, 0, time.UTC)
	for locale, want := range map[string]string{
		"en": "3 Mar 2026, 15:04 NZDT", "de": "3. März 2026, 15:04 NZDT", "fr": "3 mars 2026, 15:04 NZDT",
		"es": "3 mar 2026, 15:04 NZDT", "pt-BR": "3 de mar. de 2026, 15:04 NZDT", "ja": "3 Mar 2026, 15:04 NZDT",
	} {
		v := viewIn(t, locale)
		v.zone = zone
		if got, err := v.date(at); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", locale, got, err, want)
		}
	}
}

// What a page suggests can be sent back as it stands, in every language.
func TestSuggestedAmountsCanBeRead(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "en-NZ", "en-ZA", "de", "de-CH", "fr", "fr-CA", "es", "es-MX", "pt", "pt-PT"} {
		for _, c := range [][2]string{{"1234.50", "NZD"}, {"1500", "JPY"}, {"57.125", "KWD"}, {"1000.000", "KWD"}} {
			v := viewIn(t, locale)
			text := v.figures(c[0], c[1])
			if a, err := parseAmount(text, c[1], v.decimal()); err != nil || a.Number() != c[0] {
				t.Errorf("%s: %q is read as %v, %v; want %s", locale, text, a, err, c[0])
			}
			whole, _ := currency.NewAmount(c[0], c[1])
			f := currency.NewFormatter(v.locale)
			f.CurrencyDisplay = currency.DisplayNone
			if a, err := parseAmount(f.Format(whole), c[1], v.decimal()); err == nil && a.Number() != c[0] {
				t.Errorf("%s: %q is read as %v, want %s or nothing", locale, f.Format(whole), a, c[0])
			}
		}
	}
}
