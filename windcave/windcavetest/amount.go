package windcavetest

import (
	"fmt"
	"math"
	"strconv"
)

// amount is money in the smallest unit of its currency.
type amount struct {
	minor  int64
	digits int
}

// currencies the gateway knows: the ISO number as it stands in replies, without
// leading zeros, and the decimals that amounts must have.
var currencies = map[string]struct{ id, digits int }{
	"AUD": {36, 2}, "BND": {96, 2}, "CAD": {124, 2}, "CHF": {756, 2}, "EUR": {978, 2}, "FJD": {242, 2},
	"FRF": {250, 2}, "GBP": {826, 2}, "HKD": {344, 2}, "INR": {356, 2}, "MYR": {458, 2}, "NZD": {554, 2},
	"PGK": {598, 2}, "SBD": {90, 2}, "SGD": {702, 2}, "THB": {764, 2}, "TOP": {776, 2}, "USD": {840, 2},
	"WST": {882, 2}, "ZAR": {710, 2},
	"BYR": {974, 0}, "XOF": {952, 0}, "BIF": {108, 0}, "XAF": {950, 0}, "KMF": {174, 0}, "DJF": {262, 0},
	"XPF": {953, 0}, "GNF": {324, 0}, "JPY": {392, 0}, "KRW": {410, 0}, "PYG": {600, 0}, "RWF": {646, 0},
	"VUV": {548, 0},
	"BHD": {48, 3}, "IQD": {368, 3}, "JOD": {400, 3}, "KWD": {414, 3}, "LYD": {434, 3}, "OMR": {512, 3},
	"TND": {788, 3},
}

const longestAmount = 13

// parseAmount reads text with exactly digits decimals: no sign, blank, grouping
// or needless zero.
func parseAmount(text string, digits int) (amount, bool) {
	if len(text) > longestAmount {
		return amount{}, false
	}
	whole, rest := text, ""
	if digits > 0 {
		dot := len(text) - digits - 1
		if dot < 1 || text[dot] != '.' {
			return amount{}, false
		}
		whole, rest = text[:dot], text[dot+1:]
	}
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return amount{}, false
	}
	for _, r := range whole + rest {
		if r < '0' || r > '9' {
			return amount{}, false
		}
	}
	minor, err := strconv.ParseInt(whole+rest, 10, 64)
	return amount{minor, digits}, err == nil
}

// tooLarge is true above 999999.99, whatever the decimals.
func (a amount) tooLarge() bool { return a.minor/a.unit() > 999999 }

func (a amount) unit() int64 {
	unit := int64(1)
	for range a.digits {
		unit *= 10
	}
	return unit
}

// endsIn76 is the host's own mark for "decline this".
func (a amount) endsIn76() bool { return a.digits == 2 && a.minor%100 == 76 }

func (a amount) plus(b amount) amount {
	if a.minor > math.MaxInt64-b.minor {
		return amount{math.MaxInt64, a.digits}
	}
	return amount{a.minor + b.minor, a.digits}
}

func (a amount) String() string {
	if a.digits == 0 {
		return strconv.FormatInt(a.minor, 10)
	}
	return fmt.Sprintf("%d.%0*d", a.minor/a.unit(), a.digits, a.minor%a.unit())
}
