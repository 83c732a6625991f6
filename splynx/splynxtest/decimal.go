package splynxtest

import (
	"errors"

	"github.com/cockroachdb/apd/v3"
)

var (
	errNumber = errors.New("not a number")
	// decimals has more digits than DECIMAL(19,4) can hold, so that sums never round.
	decimals = apd.Context{
		Precision: 60, MaxExponent: 60, MinExponent: -60, Rounding: apd.RoundHalfUp, Traps: apd.DefaultTraps,
	}
	largest = apd.New(1, 15)
)

// fourPlaces reads a number and keeps it as a DECIMAL(19,4) column does: rounded half up to four places.
func fourPlaces(text string) (string, error) {
	d, _, err := decimals.NewFromString(text)
	if err != nil || d.Form != apd.Finite {
		return "", errNumber
	}
	if _, err := decimals.Quantize(d, d, -4); err != nil {
		return "", errNumber
	}
	if new(apd.Decimal).Abs(d).Cmp(largest) >= 0 {
		return "", errNumber
	}
	if d.IsZero() {
		d.Negative = false
	}
	return d.Text('f'), nil
}

// number reads a text that this package wrote itself.
func number(text string) *apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		panic("splynxtest: kept a broken number: " + text)
	}
	return d
}

func plus(a, b string) string { return calculate(decimals.Add, a, b) }

func minus(a, b string) string { return calculate(decimals.Sub, a, b) }

func calculate(op func(d, x, y *apd.Decimal) (apd.Condition, error), a, b string) string {
	d := new(apd.Decimal)
	if _, err := op(d, number(a), number(b)); err != nil {
		panic("splynxtest: " + err.Error())
	}
	text, err := fourPlaces(d.Text('f'))
	if err != nil {
		panic("splynxtest: out of range: " + d.String())
	}
	return text
}

// compareNumbers is -1, 0 or 1 for two numbers in text.
func compareNumbers(a, b string) int { return number(a).Cmp(number(b)) }

// sign is -1, 0 or 1.
func sign(a string) int { return number(a).Sign() }
