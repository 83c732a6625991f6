package web

import (
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// view is a page with everything that its words need. Its exported fields and methods are
// what templates and messages use.
type view struct {
	page
	reader
	Name  string // the provider's; may be empty
	Host  string // the provider's site
	Style string // address of the style sheet
	Logo  string // address of the provider's picture; may be empty
	zone  *time.Location
}

// fact is one row of a page's list.
type fact struct {
	Label, Value string
	Code         bool // letters and digits to be read out
}

// T is the text of a message, with the page's values in it.
func (v view) T(id string) (string, error) {
	return v.say(id, v)
}

// Lang is the language of the page's words.
func (v view) Lang() string { return v.tag.String() }

// Dir is the direction that the words are written in.
func (v view) Dir() string { return v.direction() }

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
func (v view) Money() string { return v.money(v.Amount) }

// Parts is a text with an amount in pieces between which a line may break: never within a group
// of figures.
func (v view) Parts(text string) []string { return breaks(text, v.decimal()) }

// Long tells that the amount needs smaller figures to stay on one line of a phone.
func (v view) Long() bool { return utf8.RuneCountInString(v.Money()) > 12 }

// SavedTile tells that a saved card is among those to choose from.
func (v view) SavedTile() bool {
	return slices.ContainsFunc(v.Cards, func(t tile) bool { return t.Card != nil })
}

// SeeCard tells that what is to be seen is the card, and no payment.
func (v view) SeeCard() bool { return v.See == cardPage.path }

// Wait is how long to wait before coming back, in words.
func (v view) Wait() (string, error) {
	if v.RetryAfter >= 2*time.Hour {
		hours := ceil(v.RetryAfter, time.Hour)
		return v.localize(&i18n.LocalizeConfig{MessageID: "wait_hours", PluralCount: hours, TemplateData: map[string]int{"Hours": hours}})
	}
	minutes := max(ceil(v.RetryAfter, time.Minute), 1)
	return v.localize(&i18n.LocalizeConfig{MessageID: "wait", PluralCount: minutes, TemplateData: map[string]int{"Minutes": minutes}})
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
	case v.Cards != nil: // the page says how
		return v.facts(nil, row{"fact.pay_to", v.Name})
	case v.Form != "":
		card, err := v.T("fact.card")
		return v.facts(err, row{"fact.pay_to", v.Name}, row{"fact.pay_by", card})
	}
	to, amount := "fact.provider", v.Money()
	if v.Moved {
		to, amount = "fact.paid_to", "" // the amount stands above already
	}
	date, err := v.date(v.When)
	return v.facts(err,
		row{to, v.Name}, row{v.document(), v.Number}, row{"fact.amount", amount}, row{"fact.date", date},
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
	return v.say("top_up.range", map[string]string{"Least": v.money(v.Least), "Most": v.money(v.Most)})
}

// Owes is what is owed, as the reader writes it.
func (v view) Owes() (string, error) {
	if v.Owed == nil {
		return "", nil
	}
	return v.say("top_up.owed", map[string]string{"Money": v.money(v.Owed)})
}

// Typed is what stands in the field: what was typed, or what is owed.
func (v view) Typed() string {
	if v.Value == "" && v.Owed != nil {
		return v.figures(v.Owed.Number(), v.Owed.CurrencyCode())
	}
	return v.Value
}

// Invalid tells that something is wrong with a field of several; of a login and its password
// nobody is told which it is.
func (v view) Invalid(field string) bool {
	return v.Wrong == "wrong.sign_in" || v.Wrong != "" && v.Field == field
}

// BackMoney is what was given back of a payment.
func (v view) BackMoney() string { return v.money(v.Back) }

// SuggestedMoney is an amount that is offered, and SuggestedValue what its button sends.
func (v view) SuggestedMoney(a currency.Amount) string { return v.money(&a) }

// SuggestedValue is a suggested amount as it can be typed.
func (v view) SuggestedValue(a currency.Amount) string {
	return v.figures(a.Number(), a.CurrencyCode())
}

// Example is an amount as it can be typed.
func (v view) Example() string {
	if v.Least == nil {
		return ""
	}
	return v.figures("20", v.Currency())
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
