package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const directPayPath = Prefix + "/direct-pay-invoice"

// directPayURL is the payment link of an invoice.
func directPayURL(number string) string {
	return directPayPath + "?item_id=" + strings.ReplaceAll(url.QueryEscape(number), "+", "%20")
}

// directPay shows what a payment link is for, to anybody who has it: the provider, the
// number, the amount, and nothing else.
func (h *Handler) directPay(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	if wait := h.Limits.View(h.ClientIP(r), h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return
	}
	b := h.payable(w, r, e, r.URL.Query().Get("item_id"))
	if b == nil {
		return
	}
	payer, err := h.guest(w, r, e)
	if err != nil {
		h.closed(w, r, err)
		return
	}
	h.offerForm(w, r, e, b, payer, page{Status: http.StatusOK})
}

// startDirectPay takes the form of directPay, and sends the payer on to the gateway.
func (h *Handler) startDirectPay(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	f, old, ok := h.readForm(w, r, e)
	if !ok {
		return
	}
	if wait := h.Limits.View(h.ClientIP(r), h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return
	}
	if err := h.Room(); err != nil {
		h.closed(w, r, err)
		return
	}
	b := h.payable(w, r, e, f.Number)
	switch {
	case b == nil:
	case b.invoice.ID != f.Document || b.invoice.CustomerID != f.Customer:
		h.show(w, r, page{Status: http.StatusConflict, Key: "bad_form"})
	case !b.due.Equal(f.Amount): // nothing is charged that was not seen
		h.offerForm(w, r, e, b, f.Payer, page{Status: http.StatusConflict, Notice: "amount_changed"})
	case old:
		h.offerForm(w, r, e, b, f.Payer, page{Status: http.StatusConflict, Notice: "old_form"})
	default:
		begun := h.Now()
		p, err := h.start(r, e, b, f)
		h.started(w, r, e, b, f, begun, p, err)
	}
}

// readForm reads the form that a page of ours carried; old tells that its time is over. Where
// it is not ours, that was answered and ok is false.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request, e *payment.Engine) (f sealedForm, old, ok bool) {
	bad := page{Status: http.StatusBadRequest, Key: "bad_form"}
	if err := r.ParseForm(); err != nil {
		if tooLarge(err) {
			bad.Status = http.StatusRequestEntityTooLarge
		}
		h.show(w, r, bad)
		return f, false, false
	}
	f, err := unseal(r.Context(), e, r.PostForm.Get("form"), h.Now())
	old = errors.Is(err, errOld)
	switch {
	case errors.Is(err, errSeal), (err == nil || old) && f.Kind != payment.KindInvoice:
		h.show(w, r, bad)
	case err != nil && !old:
		h.closed(w, r, err)
	default:
		return f, old, true
	}
	return f, false, false
}

// offerForm shows the form with a key of its own; v says what happened before, if anything.
func (h *Handler) offerForm(w http.ResponseWriter, r *http.Request, e *payment.Engine, b *bill, payer string, v page) {
	key, err := uuid.NewRandom()
	if err != nil {
		h.closed(w, r, err)
		return
	}
	v.Form, err = seal(r.Context(), e, sealedForm{
		Key: key.String(), Kind: payment.KindInvoice, Document: b.invoice.ID, Number: b.invoice.Number, Customer: b.invoice.CustomerID,
		Amount: b.due, Payer: payer, Made: h.Now().UTC(),
	})
	if err != nil {
		h.closed(w, r, err)
		return
	}
	v.Key, v.Template, v.Action = "pay", "pay", directPayPath
	v.Number, v.Amount, v.Partner = b.invoice.Number, &b.due, b.partner
	h.show(w, r, v)
}
