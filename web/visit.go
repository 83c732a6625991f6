package web

import (
	"context"
	"net/url"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// The addresses at which an invoice is paid.
const (
	directPayPath  = Prefix + "/direct-pay-invoice"
	payInvoicePath = Prefix + "/pay-invoice"
)

// visit is somebody's way to an invoice: by a payment link, or out of the customer portal.
type visit struct {
	e        *payment.Engine
	customer int64  // who is signed in; 0: a guest
	payer    string // as payments keep it
}

// path is the address that the visit is at, and that its form goes to.
func (v visit) path() string {
	if v.customer != 0 {
		return payInvoicePath
	}
	return directPayPath
}

func (v visit) origin() payment.Origin {
	if v.customer != 0 {
		return payment.OriginCustomer
	}
	return payment.OriginGuest
}

// who is the visitor in a payment's history.
func (v visit) who() string {
	if v.customer != 0 {
		return v.payer
	}
	return "guest"
}

// invoices searches for a number. For a customer, nobody else's documents are searched.
func (v visit) invoices(ctx context.Context, api *splynx.Client, number string) ([]splynx.Invoice, error) {
	if v.customer != 0 {
		return api.CustomerInvoicesByNumber(ctx, v.customer, number)
	}
	return api.InvoicesByNumber(ctx, number)
}

// of makes p a page of this visit.
func (v visit) of(p page) page {
	p.Customer = v.customer != 0
	return p
}

// itemURL is an address of ours that names a document.
func itemURL(path, number string) string {
	return path + "?item_id=" + strings.ReplaceAll(url.QueryEscape(number), "+", "%20")
}

// again is where the payment's document can be paid; empty where that is switched off.
func (h *Handler) again(p *payment.Payment) string {
	switch {
	case p.Kind != payment.KindInvoice:
	case p.Origin == payment.OriginCustomer && h.Invoice:
		return itemURL(payInvoicePath, p.DocumentNumber)
	case p.Origin == payment.OriginGuest && h.DirectPay:
		return itemURL(directPayPath, p.DocumentNumber)
	}
	return ""
}
