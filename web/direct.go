package web

import (
	"net/http"
)

// directPay shows what a payment link is for, to anybody who has it: the provider, the
// number, the amount, and nothing else.
func (h *Handler) directPay(y way) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := h.engine(w, r)
		if e == nil {
			return
		}
		if wait := h.Limits.View(h.ClientIP(r), h.Now()); wait > 0 {
			h.show(w, r, tooMany(wait))
			return
		}
		v, ok := h.admit(w, r, visit{way: y, e: e})
		if !ok {
			return
		}
		b := h.payable(w, r, v, r.URL.Query().Get("item_id"))
		if b == nil || h.linksClosed(w, r, v, b) {
			return
		}
		var err error
		if v.payer, err = h.guest(w, r, e); err != nil {
			h.closed(w, r, err)
			return
		}
		h.offerForm(w, r, v, b, page{Status: http.StatusOK})
	}
}

// startDirectPay takes the form of directPay, and sends the payer on to the gateway.
func (h *Handler) startDirectPay(y way) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := h.engine(w, r)
		if e == nil {
			return
		}
		v := visit{way: y, e: e}
		f, old, ok := h.readForm(w, r, v)
		if !ok {
			return
		}
		if wait := h.Limits.View(h.ClientIP(r), h.Now()); wait > 0 {
			h.show(w, r, tooMany(wait))
			return
		}
		v.payer, v.ends = f.Payer, f.Ends // the page that it came from was reached properly
		h.take(w, r, v, f, old)
	}
}
