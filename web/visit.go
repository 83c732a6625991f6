package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// way is an address at which a document is paid. The add-on's addresses and those of its
// siblings lead here; numbers and ids are never mixed up.
type way struct {
	path   string
	kind   payment.Kind
	byID   bool // item_id is Splynx's id, else the number
	portal bool // for customers who are signed in, else for whoever has the link
}

var (
	payInvoice    = way{path: Prefix + "/pay-invoice", kind: payment.KindInvoice, portal: true}
	payRequest    = way{path: Prefix + "/pay-request", kind: payment.KindProforma, portal: true}
	addMoney      = way{path: Prefix + "/", kind: payment.KindTopUp, portal: true} // to the balance
	directInvoice = way{path: Prefix + "/direct-pay-invoice", kind: payment.KindInvoice}
	directRequest = way{path: Prefix + "/direct-pay-proforma", kind: payment.KindProforma}
)

// ways are all that lead to documents, with the names that siblings of the add-on use.
var ways = []way{
	payInvoice, payRequest, directInvoice, directRequest,
	{path: Prefix + "/direct-pay-invoice-by-id", kind: payment.KindInvoice, byID: true},
	{path: Prefix + "/direct-pay-proforma-by-id", kind: payment.KindProforma, byID: true},
	{path: Prefix + "/direct-pay-request", kind: payment.KindProforma},
	{path: Prefix + "/direct-pay-request-by-id", kind: payment.KindProforma, byID: true},
}

// open tells whether a way is switched on.
func (h *Handler) open(y way) bool {
	switch {
	case !y.portal:
		return h.DirectPay
	case y.kind == payment.KindTopUp:
		return h.AddMoney
	case y.kind == payment.KindCardCheck:
		return h.Card
	case y.kind == payment.KindProforma:
		return h.Request
	}
	return h.Invoice
}

// visit is somebody on the way to a document.
type visit struct {
	way
	e        *payment.Engine
	customer int64  // whose documents, balance and card they are; 0: a guest
	payer    string // who is signed in, as payments keep it
	sub      bool   // it is a sub-account, and customer its main account
	ends     string // the last day of the signed link that was followed; empty: it had no good signature
}

// by is the visit of who is signed in.
func (v visit) by(who caller) visit {
	v.customer, v.payer, v.sub = who.account(), who.payer(), who.main != 0
	return v
}

func (v visit) origin() payment.Origin {
	if v.portal {
		return payment.OriginCustomer
	}
	return payment.OriginGuest
}

// who is the visitor in a payment's history.
func (v visit) who() string {
	if v.portal {
		return v.payer
	}
	return "guest"
}

// of makes p a page of this visit.
func (v visit) of(p page) page {
	p.Customer, p.Kind = v.portal, v.kind
	return p
}

// shows is the number as this visit may see it: who comes by an id, which anybody can count
// up, is not told, unless somebody has signed the link.
func (v visit) shows(number string) string {
	if v.byID && v.ends == "" {
		return ""
	}
	return number
}

// item is how the visit's address names a document.
func (v visit) item(b *bill) string {
	if v.byID {
		return strconv.FormatInt(b.id, 10)
	}
	return b.number
}

// missing says that there is no such document: to a stranger the same of an unknown and of a
// deleted one, to a customer the same of an unknown one and of somebody else's.
func (v visit) missing() page {
	p := v.of(page{Status: http.StatusNotFound, Key: "no_invoice"})
	switch {
	case v.portal && v.kind == payment.KindProforma:
		p.Key = "no_own_proforma"
	case v.portal:
		p.Key = "no_own_invoice"
	case v.kind == payment.KindProforma:
		p.Key = "no_proforma"
	}
	return p
}

// itemURL is an address of ours that names a document.
func itemURL(path, number string) string {
	return path + "?item_id=" + strings.ReplaceAll(url.QueryEscape(number), "+", "%20")
}

// again is where the payment's document can be paid; empty where that is switched off.
func (h *Handler) again(p *payment.Payment) string {
	switch {
	case p.Kind == payment.KindTopUp && h.AddMoney:
		return addMoney.path
	case p.Kind == payment.KindCardCheck && h.Card:
		return cardPage.path
	}
	item := p.DocumentNumber
	if p.ByID {
		item = strconv.FormatInt(p.DocumentID, 10)
	}
	for _, y := range ways {
		if y.kind == p.Kind && y.byID == p.ByID && y.portal == (p.Origin == payment.OriginCustomer) && h.open(y) && item != "" {
			return itemURL(y.path, item)
		}
	}
	return ""
}
