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

// owed is what is due on a payment's document, or in a run of balances on the account, as it
// stands in Splynx.
type owed struct {
	found    bool // it is there and not deleted
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
	if p.Kind == KindTopUp && p.Run != "" {
		o, err = p.owes(ctx, api)
	}
	if isNotFound(err) {
		err = nil
	}
	return o, err
}

// owes is what the customer's account owes.
func (p *Payment) owes(ctx context.Context, api *splynx.Client) (owed, error) {
	b, err := api.Billing(ctx, p.Customer)
	if err != nil {
		return owed{}, err
	}
	due, err := Owed(b.Deposit, p.Amount.CurrencyCode())
	return owed{found: true, customer: b.CustomerID, due: due}, err
}

// Owed is what a customer owes by the deposit, rounded half up to the digits of the currency; not
// positive where nothing is owed.
func Owed(deposit splynx.Decimal, code string) (currency.Amount, error) {
	d, err := deposit.Amount(code)
	if err != nil {
		return d, err
	}
	return d.Mul("-1")
}

// chargesDue tells that nothing but what is due is charged: on a document, or, in a run, on the
// account.
func (p *Payment) chargesDue() bool { return p.DocumentID != 0 || p.Run != "" }

func (p *Payment) dueOnInvoice(i *splynx.Invoice) (owed, error) {
	if i.Deleted {
		return owed{}, nil
	}
	due, err := Due(i, p.Amount.CurrencyCode())
	return owed{true, i.CustomerID, i.Number, due}, err
}

// onDocument tells whether a payment in Splynx pays a document, and not the balance.
func onDocument(row splynx.Payment) bool { return row.InvoiceID != 0 || row.RequestID != 0 }
