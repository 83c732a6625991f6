package web

import (
	"strings"
	"time"
	"unicode"

	"github.com/bojanz/currency"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// sharedSigns are written for more than one currency.
var sharedSigns = map[string]bool{"$": true, "kr": true, "kr.": true, "¥": true}

// worldwide is how English writes a currency to readers anywhere.
var worldwide = currency.NewLocale("en-GB")

// formatter writes amounts of a currency as the reader does. A sign that other currencies
// share says whose it is, at home too: NZ$, US$.
func (v view) formatter(code string) *currency.Formatter { return formatterIn(v.locale, code) }

func formatterIn(l currency.Locale, code string) *currency.Formatter {
	f := currency.NewFormatter(l)
	sign, _ := currency.GetSymbol(code, l)
	if sharedSigns[sign] && !(sign == "¥" && code == "JPY") {
		f.SymbolMap[code], _ = currency.GetSymbol(code, worldwide)
	}
	return f
}

// Money is an amount as English writes it: NZ$57.50.
func Money(a currency.Amount) string {
	return formatterIn(currency.NewLocale("en"), a.CurrencyCode()).Format(a)
}

// money is an amount as the reader writes it.
func (v view) money(a *currency.Amount) string {
	if a == nil {
		return ""
	}
	return v.formatter(a.CurrencyCode()).Format(*a)
}

// figures is an amount as the reader types it: no currency, no groups.
func (v view) figures(number, code string) string {
	a, err := currency.NewAmount(number, code)
	if err != nil {
		return ""
	}
	f := currency.NewFormatter(v.locale)
	f.CurrencyDisplay, f.NoGrouping = currency.DisplayNone, true
	return f.Format(a)
}

// decimal is the sign before the reader's cents.
func (r reader) decimal() rune {
	for _, c := range (view{reader: r}).figures("1.50", "NZD") {
		if !unicode.IsDigit(c) {
			return c
		}
	}
	return '.'
}

// breaks cuts a text with an amount where a line may break: behind what sets groups of figures
// apart, and between figures and currency, where a plain space goes out of sight at a line's
// end. Figures and cents stay together.
func breaks(text string, decimal rune) (parts []string) {
	runes, begin := []rune(text), 0
	for i := 1; i+1 < len(runes); i++ {
		before, after := unicode.IsDigit(runes[i-1]), unicode.IsDigit(runes[i+1])
		switch r := runes[i]; {
		case before && after && !unicode.IsDigit(r) && r != decimal:
		case r == '\u00a0' && before != after:
			runes[i] = ' '
		default:
			continue
		}
		parts, begin = append(parts, string(runes[begin:i+1])), i+1
	}
	return append(parts, string(runes[begin:]))
}

// date is a time in the provider's zone, which it names.
func (v view) date(t time.Time) (string, error) {
	if t.IsZero() {
		return "", nil
	}
	months, err := v.months()
	if err != nil {
		return "", err
	}
	t = t.In(v.zone)
	return v.say("date.form", map[string]string{
		"Day": t.Format("2"), "Month": months[t.Month()-1], "Year": t.Format("2006"), "Clock": t.Format("15:04"), "Zone": t.Format("MST"),
	})
}

// months are the names of the months.
func (v view) months() ([]string, error) {
	text, err := v.T("date.months")
	return strings.Fields(text), err
}

// say is the text of a message that has values of its own.
func (v view) say(id string, values any) (string, error) {
	return v.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: values})
}

// localize is the text of a message; in English where the language has none.
func (v view) localize(c *i18n.LocalizeConfig) (string, error) {
	text, err := v.words.Localize(c)
	if text != "" {
		return text, nil
	}
	return "", err
}
