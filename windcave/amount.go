package windcave

import (
	"errors"
	"regexp"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
)

// largest is the highest amount the gateway's fields take, in any currency's major unit.
const largest = "999999.99"

var wireAmount = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{2,3})?$`)

// wireDigits returns how many decimals the gateway wants, by Windcave's own plug-in. Not ISO
// 4217: ISK, CLP or UGX, which have none there, go with two.
func wireDigits(code string) uint8 {
	switch code {
	case "BYR", "XOF", "BIF", "XAF", "KMF", "DJF", "XPF", "GNF", "JPY", "KRW", "PYG", "RWF", "VUV":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// formatAmount writes an amount as the gateway takes it: a dot, no grouping, exactly the
// currency's digits. What that cannot hold is refused, never rounded.
func formatAmount(a currency.Amount) (string, error) {
	if !currency.IsValid(a.CurrencyCode()) {
		return "", errors.New("amount without a currency")
	}
	top, err := currency.NewAmount(largest, a.CurrencyCode())
	if err != nil {
		return "", err
	}
	over, err := a.Cmp(top)
	if err != nil {
		return "", err
	}
	fixed := a.RoundTo(wireDigits(a.CurrencyCode()), currency.RoundDown)
	switch {
	case !a.IsPositive():
		return "", errors.New("amount is not above zero")
	case over > 0:
		return "", errors.New("amount is above " + largest)
	case !fixed.Equal(a):
		return "", errors.New("amount has more decimals than the gateway takes")
	case !wireAmount.MatchString(fixed.Number()):
		return "", errors.New("amount cannot be written")
	}
	return fixed.Number(), nil
}

// sameAmount compares as decimals: whether a reply in yen says 1500 or 1500.00 is not known.
func sameAmount(got string, want currency.Amount) bool {
	a, err := money.Exact(got, want.CurrencyCode())
	return err == nil && a.Equal(want)
}
