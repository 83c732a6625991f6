package web

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// view is a page with everything that its words need. Its exported fields and methods are
// what templates and messages use.
type view struct {
	page
	Name   string // the provider's; may be empty
	Host   string // the provider's site
	Lang   string
	Style  string // address of the style sheet
	words  *i18n.Localizer
	locale currency.Locale
	zone   *time.Location
}

// fact is one row of a page's list.
type fact struct {
	Label, Value string
	Code         bool // letters and digits to be read out
}

// T is the text of a message, with the page's values in it.
func (v view) T(id string) (string, error) {
	return v.words.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: v})
}

// Title is the page's heading.
func (v view) Title() (string, error) { return v.T(v.Key + ".title") }

// Lead is the sentence below it.
func (v view) Lead() (string, error) { return v.T(v.Key + ".lead") }

// Provider is the provider within a sentence.
func (v view) Provider() (string, error) {
	if v.Name != "" {
		return v.Name, nil
	}
	return v.T("provider")
}

// Initial is the letter of the provider's mark; empty where the name has none.
func (v view) Initial() string {
	for _, c := range v.Name {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return string(unicode.ToUpper(c))
		}
	}
	return ""
}

// Money is the amount as the reader writes it.
func (v view) Money() string {
	if v.Amount == nil {
		return ""
	}
	return currency.NewFormatter(v.locale).Format(*v.Amount)
}

// MoneyParts is Money in pieces between which a line may break: never within a group of figures.
func (v view) MoneyParts() []string {
	var parts []string
	for _, p := range strings.SplitAfter(v.Money(), "\u00a0") {
		parts = append(parts, strings.SplitAfter(p, ",")...)
	}
	return parts
}

// Long tells that the amount needs smaller figures to stay on one line of a phone.
func (v view) Long() bool { return utf8.RuneCountInString(v.Money()) > 12 }

// Wait is how long to wait before coming back, in words.
func (v view) Wait() (string, error) {
	minutes := max(ceil(v.RetryAfter, time.Minute), 1)
	return v.words.Localize(&i18n.LocalizeConfig{MessageID: "wait", PluralCount: minutes, TemplateData: map[string]int{"Minutes": minutes}})
}

// Sign stands above the title, for those who cannot tell colours.
func (v view) Sign() string {
	return map[mark]string{markDone: "✓", markWait: "…", markStop: "✕"}[v.Mark]
}

// Facts are the rows of the page's list: as many as the page may tell, and nothing that its
// title has said.
func (v view) Facts() ([]fact, error) {
	switch {
	case v.Amount == nil:
		return nil, nil
	case v.Form != "":
		card, err := v.T("fact.card")
		return v.facts(err, row{"fact.pay_to", v.Name}, row{"fact.pay_by", card})
	}
	to, amount := "fact.provider", v.Money()
	if v.Moved {
		to, amount = "fact.paid_to", "" // the amount stands above already
	}
	return v.facts(nil,
		row{to, v.Name}, row{v.document(), v.Number}, row{"fact.amount", amount}, row{"fact.date", v.date()},
		row{labelReference, v.Reference})
}

// document is the label of the document's number.
func (v view) document() string {
	if v.Kind == payment.KindProforma {
		return "fact.proforma"
	}
	return "fact.invoice"
}

// PortalList is where the portal lists what the page is about, and BackTo how that is called.
func (v view) PortalList() string {
	switch v.Kind {
	case payment.KindProforma:
		return "/portal/finance/requests"
	case payment.KindTopUp:
		return "/portal/"
	}
	return "/portal/finance/invoices"
}

// BackTo is the text of the way back to PortalList.
func (v view) BackTo() (string, error) {
	switch v.Kind {
	case payment.KindProforma:
		return v.T("button.proformas")
	case payment.KindTopUp:
		return v.T("button.portal")
	}
	return v.T("button.invoices")
}

// Range is what may be typed.
func (v view) Range() (string, error) {
	f := currency.NewFormatter(v.locale)
	return v.words.Localize(&i18n.LocalizeConfig{MessageID: "top_up.range", TemplateData: map[string]string{"Least": f.Format(*v.Least), "Most": f.Format(*v.Most)}})
}

// Owes is what is owed, as the reader writes it.
func (v view) Owes() (string, error) {
	if v.Owed == nil {
		return "", nil
	}
	return v.words.Localize(&i18n.LocalizeConfig{MessageID: "top_up.owed", TemplateData: map[string]string{"Money": currency.NewFormatter(v.locale).Format(*v.Owed)}})
}

// Currency is the code of the amount that is asked for.
func (v view) Currency() string { return v.Least.CurrencyCode() }

// row is a fact whose label is a message yet.
type row struct{ label, value string }

const labelReference = "fact.reference"

// facts leaves out rows without a value.
func (v view) facts(err error, rows ...row) ([]fact, error) {
	var facts []fact
	for _, r := range rows {
		if r.value == "" || err != nil {
			continue
		}
		var label string
		label, err = v.T(r.label)
		facts = append(facts, fact{label, r.value, r.label == labelReference})
	}
	return facts, err
}

// date is the time of approval in the provider's zone.
func (v view) date() string {
	if v.When.IsZero() {
		return ""
	}
	return v.When.In(v.zone).Format("2 Jan 2006, 15:04 MST")
}
