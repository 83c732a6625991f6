package payment

import (
	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Due is what is charged for an invoice as it stands: what is due on it, never its total,
// rounded half up to the digits of the currency. It is zero where nothing can be paid: the
// invoice is paid or deleted, or the rest is below half of the smallest coin.
func Due(i *splynx.Invoice, code string) (currency.Amount, error) {
	if i.Deleted || i.Status == splynx.Paid {
		return currency.NewAmount("0", code)
	}
	return i.Due.Amount(code)
}
