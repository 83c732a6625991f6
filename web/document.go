package web

import (
	"context"
	"strconv"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// document is an invoice or a proforma invoice as it stands in Splynx.
type document struct {
	id, customer int64
	number       string
	pending      bool // somebody else is charging it
	deleted      bool
	due          func(code string) (currency.Amount, error)
}

func ofInvoice(i splynx.Invoice) document {
	return document{i.ID, i.CustomerID, i.Number, i.Status == splynx.Pending, i.Deleted, func(code string) (currency.Amount, error) { return payment.Due(&i, code) }}
}

func ofProforma(p splynx.Proforma) document {
	return document{p.ID, p.CustomerID, p.Number, p.Status == splynx.Pending, p.Deleted, func(code string) (currency.Amount, error) { return payment.ProformaDue(&p, code) }}
}

// documents finds what a visit's item_id names, what is deleted left out. For a customer
// nobody else's documents are searched.
func (v visit) documents(ctx context.Context, api *splynx.Client, item string) ([]document, error) {
	var found []document
	var err error
	switch {
	case v.byID:
		found, err = v.document(ctx, api, item)
	case v.kind == payment.KindProforma && v.portal:
		found, err = each(ofProforma)(api.CustomerProformasByNumber(ctx, v.customer, item))
	case v.kind == payment.KindProforma:
		found, err = each(ofProforma)(api.ProformasByNumber(ctx, item))
	case v.portal:
		found, err = each(ofInvoice)(api.CustomerInvoicesByNumber(ctx, v.customer, item))
	default:
		found, err = each(ofInvoice)(api.InvoicesByNumber(ctx, item))
	}
	var left []document
	for _, d := range found {
		if !d.deleted {
			left = append(left, d)
		}
	}
	return left, err
}

// document reads the one with an id; none is no error.
func (v visit) document(ctx context.Context, api *splynx.Client, item string) ([]document, error) {
	id, err := strconv.ParseInt(item, 10, 64)
	if err != nil || id <= 0 {
		return nil, nil
	}
	var d document
	if v.kind == payment.KindProforma {
		var p *splynx.Proforma
		if p, err = api.Proforma(ctx, id); err == nil {
			d = ofProforma(*p)
		}
	} else {
		var i *splynx.Invoice
		if i, err = api.Invoice(ctx, id); err == nil {
			d = ofInvoice(*i)
		}
	}
	if isGone(err) {
		return nil, nil
	}
	return []document{d}, err
}

func each[T any](of func(T) document) func([]T, error) ([]document, error) {
	return func(all []T, err error) ([]document, error) {
		found := make([]document, 0, len(all))
		for _, one := range all {
			found = append(found, of(one))
		}
		return found, err
	}
}
