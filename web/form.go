package web

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// readForm reads the form that a page of ours carried; old tells that its time is over. Where
// it is not ours, or not of this address, that was answered and ok is false.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request, v visit) (f sealedForm, old, ok bool) {
	bad := v.of(page{Status: http.StatusBadRequest, Key: "bad_form"})
	if err := r.ParseForm(); err != nil {
		if tooLarge(err) {
			bad.Status = http.StatusRequestEntityTooLarge
		}
		h.show(w, r, bad)
		return f, false, false
	}
	f, err := unseal(r.Context(), v.e, r.PostForm.Get("form"), h.Now())
	old = errors.Is(err, errOld)
	switch {
	case errors.Is(err, errSeal), (err == nil || old) && (f.Kind != v.kind || f.Signed != v.portal || f.ByID != v.byID):
		h.show(w, r, bad)
	case err != nil && !old:
		h.closed(w, r, err)
	default:
		return f, old, true
	}
	return f, false, false
}

// take starts the payment that a form asks for, if what it has shown is still true.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, v visit, f sealedForm, old bool) {
	b := h.payable(w, r, v, v.item(&bill{document: document{id: f.Document, number: f.Number}}))
	if b == nil {
		return
	}
	if err := h.Room(b.partner); err != nil {
		h.closed(w, r, err)
		return
	}
	switch {
	case b.id != f.Document || b.customer != f.Customer:
		h.show(w, r, v.of(page{Status: http.StatusConflict, Key: "bad_form"}))
	case !b.due.Equal(f.Amount): // nothing is charged that was not seen
		h.offerForm(w, r, v, b, page{Status: http.StatusConflict, Notice: "amount_changed"})
	case old:
		h.offerForm(w, r, v, b, page{Status: http.StatusConflict, Notice: "old_form"})
	default:
		h.startWith(w, r, v, b, f)
	}
}

// startWith starts the payment of a form with the card that was chosen in it.
func (h *Handler) startWith(w http.ResponseWriter, r *http.Request, v visit, b *bill, f sealedForm) {
	c, ok := h.chosen(r, v, b.partner, f)
	if !ok {
		h.show(w, r, v.of(page{Status: http.StatusBadRequest, Key: "bad_form"}))
		return
	}
	begun := h.Now()
	p, err := h.start(r, v, b, f, c)
	h.started(w, r, v, b, begun, p, err)
}

// offerForm shows the form with a key of its own; p says what happened before, if anything.
func (h *Handler) offerForm(w http.ResponseWriter, r *http.Request, v visit, b *bill, p page) {
	key, err := uuid.NewRandom()
	if err != nil {
		h.closed(w, r, err)
		return
	}
	cards := h.wallet(r, v, b.partner)
	p.Cards = cards.tiles()
	p.Form, err = seal(r.Context(), v.e, sealedForm{
		Key: key.String(), Card: cards.offered(), Kind: v.kind, Document: b.id, Number: b.number, Customer: b.customer,
		Amount: b.due, Payer: v.payer, Signed: v.portal, ByID: v.byID, Ends: v.ends, Made: h.Now().UTC(),
	})
	if err != nil {
		h.closed(w, r, err)
		return
	}
	p = v.of(p)
	switch p.Key = "pay"; v.kind {
	case payment.KindProforma:
		p.Key = "pay_proforma"
	case payment.KindTopUp:
		p.Key = "pay_top_up"
	}
	p.Template, p.Action = "pay", v.path
	if v.portal {
		p.OwnList = paymentsPath
	}
	p.Number, p.Amount, p.Partner = v.shows(b.number), &b.due, b.partner
	h.show(w, r, p)
}
