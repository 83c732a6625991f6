package web

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
)

// TopUp says how much may be paid to a balance at once, in the partner's currency. The zero
// value is 1 to 10,000.
type TopUp struct {
	Least, Most string
	Suggest     []string // amounts that are offered with a button each
}

// Bounds are the least and the most in a currency.
func (t TopUp) Bounds(code string) (least, most currency.Amount, err error) { return t.bounds(code) }

// bounds are the least and the most in a currency.
func (t TopUp) bounds(code string) (least, most currency.Amount, err error) {
	if t.Least == "" && t.Most == "" {
		t.Least, t.Most = "1", "10000"
	}
	least, err = money.Parse(t.Least, code)
	if err == nil {
		most, err = money.Parse(t.Most, code)
	}
	return least, most, err
}

// suggested are the amounts that are offered in a currency.
func (t TopUp) suggested(code string) ([]currency.Amount, error) {
	var all []currency.Amount
	for _, text := range t.Suggest {
		a, err := money.Parse(text, code)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// Check tells whether the bounds are amounts of a currency, the least not above the most, and
// what is suggested lies between them.
func (t TopUp) Check(code string) error {
	least, most, err := t.bounds(code)
	if err != nil || !least.IsPositive() || below(most, least) {
		return fmt.Errorf("from %q to %q: want two amounts in %s, the smaller one first, such as 5.00 1000.00", t.Least, t.Most, code)
	}
	all, err := t.suggested(code)
	for _, a := range all {
		if below(a, least) || below(most, a) {
			err = errAmount
		}
	}
	if err != nil || len(all) > suggestMost {
		return fmt.Errorf("suggested %q: want at most %d amounts in %s, each from %s to %s", t.Suggest, suggestMost, code, t.Least, t.Most)
	}
	return nil
}

const suggestMost = 6

var (
	errAmount = errors.New("not an amount")
	// grouped is an amount with its thousands set apart by commas, spaces or apostrophes.
	grouped = regexp.MustCompile(`^[0-9]{1,3}([, '\x{2019}\x{a0}\x{202f}][0-9]{3})+(\.[0-9]+)?$`)
	// withComma has the comma for a dot.
	withComma = regexp.MustCompile(`^[0-9]+,[0-9]{1,2}$`)
	apart     = strings.NewReplacer(",", "", " ", "", "'", "", "\u2019", "", "\u00a0", "", "\u202f", "")

	// commaForm is how those write who have the comma before the cents; dots are among what
	// sets their thousands apart.
	commaForm  = regexp.MustCompile(`^([0-9]+|[0-9]{1,3}([. '\x{2019}\x{a0}\x{202f}][0-9]{3})+)(,[0-9]{1,3})?$`)
	fromComma  = strings.NewReplacer(",", ".", ".", "", " ", "", "'", "", "\u2019", "", "\u00a0", "", "\u202f", "")
	dotThree   = regexp.MustCompile(`^[0-9]+\.[0-9]{3}$`)
	commaThree = regexp.MustCompile(`^[^,]+,[0-9]{3}$`)
)

// parseAmount reads an amount as a person types it who has that sign before the cents: 57.5,
// 57,50, 1,000.00, 1.000,00. What can be read in two ways, or has more digits than the
// currency, is none.
func parseAmount(text, code string, decimal rune) (currency.Amount, error) {
	text = strings.TrimSpace(text)
	digits, _ := currency.GetDigits(code)
	switch {
	case len(text) > 24:
		return currency.Amount{}, errAmount
	case decimal == ',' && cloudy(text, digits):
		return currency.Amount{}, errAmount
	case decimal == ',' && commaForm.MatchString(text):
		text = fromComma.Replace(text)
	case grouped.MatchString(text) && !(digits == 3 && strings.Count(text, ",") == 1 && !strings.Contains(text, ".")):
		text = apart.Replace(text)
	case withComma.MatchString(text) && digits > 0:
		text = strings.Replace(text, ",", ".", 1)
	}
	a, err := money.Parse(text, code)
	if err != nil || !a.IsPositive() {
		return currency.Amount{}, errAmount
	}
	return a, nil
}

// ParseAmount reads an amount above 0 as a person types it who has a dot before the cents.
func ParseAmount(text, code string) (currency.Amount, error) { return parseAmount(text, code, '.') }

// cloudy tells, of somebody who has the comma before the cents, what may be cents or thousands.
func cloudy(text string, digits uint8) bool {
	if digits == 3 {
		return dotThree.MatchString(text)
	}
	return commaThree.MatchString(text)
}
