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

// owed is what is due on a payment's document as it stands in Splynx.
type owed struct {
	found    bool // the payment has a document, which is there and not deleted
	customer int64
	number   string
	due      currency.Amount
}

// dueOn reads what is due on the payment's document.
func (p *Payment) dueOn(ctx context.Context, api *splynx.Client) (o owed, err error) {
	switch p.Kind {
	case KindInvoice:
		var i *splynx.Invoice
		if i, err = api.Invoice(ctx, p.DocumentID); err == nil {
			o, err = p.dueOnInvoice(i)
		}
	case KindProforma:
		var f *splynx.Proforma
		if f, err = api.Proforma(ctx, p.DocumentID); err == nil && !f.Deleted {
			o.found, o.customer, o.number = true, f.CustomerID, f.Number
			o.due, err = ProformaDue(f, p.Amount.CurrencyCode())
		}
	}
	if isNotFound(err) {
		err = nil
	}
	return o, err
}

func (p *Payment) dueOnInvoice(i *splynx.Invoice) (owed, error) {
	if i.Deleted {
		return owed{}, nil
	}
	due, err := Due(i, p.Amount.CurrencyCode())
	return owed{true, i.CustomerID, i.Number, due}, err
}

// onDocument tells whether a payment in Splynx pays a document, and not the balance.
func onDocument(row splynx.Payment) bool { return row.InvoiceID != 0 || row.RequestID != 0 }
