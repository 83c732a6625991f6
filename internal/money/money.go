// Package money makes amounts that their currency can hold.
//
// An amount is a currency.Amount of bojanz/currency, exact decimal with its ISO 4217
// currency. That library takes 10.005 NZD without a word; the constructors here do not,
// and everything past them may rely on it.
package money

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/bojanz/currency"
)

// Errors of Parse and Round; callers compare with errors.Is.
var (
	ErrCurrency = errors.New("not an ISO 4217 currency code")
	ErrFormat   = errors.New("not a plain decimal amount")
	ErrDigits   = errors.New("more decimal digits than the currency has")
)

// plain is what we accept as an amount from a person or a peer: no sign but a minus, no
// exponent, no grouping, at most the 15 digits before the dot of Splynx's DECIMAL(19,4).
var plain = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]+)?$`)

// Parse reads an amount such as "57.50" in the currency's major unit. Digits beyond the
// currency's own are an error, even zeros beyond Splynx's four.
func Parse(number, code string) (currency.Amount, error) {
	a, err := Exact(number, code)
	if err != nil {
		return currency.Amount{}, err
	}
	if !a.Equal(a.Round()) {
		return currency.Amount{}, fmt.Errorf("%w: %s %s", ErrDigits, number, code)
	}
	return a.Round(), nil
}

// Round reads an amount with as many decimals as the peer keeps (Splynx keeps four) and
// rounds it half up, away from zero, to the currency's own digits: what is charged for it.
func Round(number, code string) (currency.Amount, error) {
	a, err := Exact(number, code)
	if err != nil {
		return currency.Amount{}, err
	}
	return a.Round(), nil
}

// Exact reads an amount and keeps every decimal: only for comparing.
func Exact(number, code string) (currency.Amount, error) {
	if !currency.IsValid(code) {
		return currency.Amount{}, fmt.Errorf("%w: %q", ErrCurrency, code)
	}
	if !plain.MatchString(number) {
		return currency.Amount{}, fmt.Errorf("%w: %q", ErrFormat, number)
	}
	return currency.NewAmount(number, code)
}
