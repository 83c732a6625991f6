package payment

import (
	"context"

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

// ProformaDue is Due for a proforma invoice, which is paid as a whole or not at all: its total
// while it is not paid.
func ProformaDue(p *splynx.Proforma, code string) (currency.Amount, error) {
	if p.Deleted || p.Status == splynx.Paid {
		return currency.NewAmount("0", code)
	}
	return p.Total.Amount(code)
}

// dueOn reads what is due on the payment's document, and whose it is; ok is false where the
// payment has none, or none that is there and not deleted.
func (p *Payment) dueOn(ctx context.Context, api *splynx.Client) (customer int64, due currency.Amount, ok bool, err error) {
	switch p.Kind {
	case KindInvoice:
		var i *splynx.Invoice
		if i, err = api.Invoice(ctx, p.DocumentID); err == nil {
			if i.Deleted {
				return 0, due, false, nil
			}
			customer = i.CustomerID
			due, err = Due(i, p.Amount.CurrencyCode())
		}
	case KindProforma:
		var f *splynx.Proforma
		if f, err = api.Proforma(ctx, p.DocumentID); err == nil {
			if f.Deleted {
				return 0, due, false, nil
			}
			customer = f.CustomerID
			due, err = ProformaDue(f, p.Amount.CurrencyCode())
		}
	default:
		return 0, due, false, nil
	}
	if isNotFound(err) {
		return 0, due, false, nil
	}
	return customer, due, err == nil, err
}

// onDocument tells whether a payment in Splynx pays a document, and not the balance.
func onDocument(row splynx.Payment) bool { return row.InvoiceID != 0 || row.RequestID != 0 }
