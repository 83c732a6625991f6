// Package sheet says how a value stands in a cell of a file for spreadsheets: those that the
// office's pages offer and those that the commands write. What is not there is an empty cell.
package sheet

import (
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"
)

// Text keeps a spreadsheet from taking text for a formula: an apostrophe goes before it.
func Text(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Number is an id or a count; 0 is none.
func Number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// Amount is an amount in the major unit, without its currency; the zero value is none.
func Amount(a currency.Amount) string {
	if a.CurrencyCode() == "" {
		return ""
	}
	return a.Number()
}

// Time is a time to the second, with its zone (RFC 3339); the zero time is none.
func Time(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.RFC3339)
}
