package splynx

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/bojanz/currency"
	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/cockroachdb/apd/v3"
)

// Decimal is an exact decimal as Splynx writes it, without a currency. The zero value is 0.
//
// Splynx keeps four decimals. It may write more, where PHP prints its own binary number in
// full; String shows them all, Amount and Is look at the value rounded.
type Decimal struct {
	d apd.Decimal // of a small exponent; never changed after it was made
}

// decimalForm is a JSON number; the exponent is bounded so that no text can ask for a
// gigabyte of zeros.
var decimalForm = regexp.MustCompile(`^-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?$`)

// ParseDecimal reads a number such as "57.50", "-3" or "6.935484e4".
func ParseDecimal(s string) (Decimal, error) {
	if !decimalForm.MatchString(s) {
		return Decimal{}, errDecimal
	}
	d, _, err := apd.NewFromString(s)
	if err != nil {
		return Decimal{}, errDecimal
	}
	if d.Exponent > 0 { // 1e3 is 1000, and is written so
		if d, _, err = apd.NewFromString(d.Text('f')); err != nil {
			return Decimal{}, errDecimal
		}
	}
	if d.IsZero() {
		d.Negative = false
	}
	return Decimal{*d}, nil
}

// String returns the number in full, without an exponent.
func (d Decimal) String() string { return d.d.Text('f') }

// Sign returns -1, 0 or 1.
func (d Decimal) Sign() int { return d.d.Sign() }

// IsZero tells whether the number is 0.
func (d Decimal) IsZero() bool { return d.d.IsZero() }

// Cmp compares two numbers by value: -1, 0 or 1.
func (d Decimal) Cmp(o Decimal) int { return d.d.Cmp(&o.d) }

// Equal tells whether two numbers are the same value; 1.5 equals 1.5000.
func (d Decimal) Equal(o Decimal) bool { return d.Cmp(o) == 0 }

// Amount returns the number in a currency's major unit, rounded half up to its digits: what
// is charged for it.
func (d Decimal) Amount(code string) (currency.Amount, error) {
	return money.Round(d.String(), code)
}

// Is tells whether the number is an amount, to the four decimals that Splynx keeps. No
// number is the zero Amount, which has no currency.
func (d Decimal) Is(a currency.Amount) bool {
	o, err := ParseDecimal(a.Number())
	return err == nil && a.CurrencyCode() != "" && d.kept().Equal(o)
}

// kept is the number as Splynx's columns keep it.
func (d Decimal) kept() Decimal {
	if d.d.Exponent >= -4 {
		return d
	}
	var r apd.Decimal
	rounding := apd.Context{Precision: 100, MaxExponent: 1000, MinExponent: -1000, Rounding: apd.RoundHalfUp}
	if _, err := rounding.Quantize(&r, &d.d, -4); err != nil {
		return d
	}
	return Decimal{r}
}

// UnmarshalJSON implements json.Unmarshaler. It reads a number or a string; an amount is
// never made up, so null and "" are errors.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	if err != nil {
		return err
	}
	v, err := ParseDecimal(strings.TrimSpace(s))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// MarshalJSON implements json.Marshaler: a string, so that no reader makes it a
// floating-point number.
func (d Decimal) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }
