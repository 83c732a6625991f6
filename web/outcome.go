package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// showPayment shows where a payment stands: all of it to who started it, the bare outcome to
// anybody else. Looking changes nothing.
func (h *Handler) showPayment(w http.ResponseWriter, r *http.Request) {
	id, err := payment.ParseID(r.PathValue("id"))
	if err != nil {
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_payment"})
		return
	}
	e := h.engine(w, r)
	if e == nil {
		return
	}
	p, err := e.Get(r.Context(), id)
	if errors.Is(err, payment.ErrNotFound) {
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_payment"})
		return
	}
	if err != nil {
		h.closed(w, r, err)
		return
	}
	guest, err := h.knownGuest(r, e)
	if err != nil {
		h.closed(w, r, err)
		return
	}
	waiting, err := e.Waiting(r.Context(), p)
	if err != nil {
		h.closed(w, r, err)
		return
	}
	e.Nudge(r.Context(), id)
	v := h.outcome(p, waiting)
	if guest == "" || guest != p.Payer {
		v.Amount, v.Number, v.Reference, v.Again, v.Link, v.When = nil, "", "", "", "", time.Time{}
	}
	h.refresh(&v, r)
	h.show(w, r, v)
}

// outcome is the page for a payment's state, as LOOK.md's table of states has it.
func (h *Handler) outcome(p *payment.Payment, waiting bool) page {
	v := page{
		Status: http.StatusOK, Template: "payment", Partner: p.Partner, Number: p.DocumentNumber, Amount: &p.Amount,
		Reference: string(p.ID), Mark: "stop",
	}
	again := ""
	if p.Kind == payment.KindInvoice {
		again = directPayURL(p.DocumentNumber)
	}
	switch p.State {
	case payment.Recorded, payment.Approved:
		v.Key, v.Mark, v.When = "paid", "done", p.ApprovedAt
		switch {
		case p.State == payment.Approved:
			v.Key, v.Refresh = "paid_soon", true
		case p.Booking.To == payment.ToBalance && p.Kind != payment.KindTopUp:
			v.Key = "paid_to_balance"
		}
	case payment.Parked:
		v.Key, v.Mark, v.When = "looked_at", "wait", p.ApprovedAt
		if p.HasMoney() {
			v.Key = "paid_looked_at"
		}
	case payment.Refunded, payment.Settled:
		v.Key, v.Mark, v.When = "refunded", "done", p.ApprovedAt
	case payment.Created, payment.Submitted, payment.Unknown:
		v.Key, v.Mark, v.Refresh = "waiting", "wait", true
	case payment.Offered:
		v.Key, v.Mark, v.Link = "at_gateway", "wait", p.PageURL
		if waiting {
			v.Key, v.Link, v.Refresh = "waiting", "", true
		}
	case payment.Declined:
		v.Key, v.Again = declinedKey(p.Class), again
	case payment.Cancelled, payment.Expired:
		v.Key, v.Again = string(p.State), again
	default: // not_offered, not_started, not_done
		v.Key, v.Again = "not_started", again
	}
	if waiting && v.Mark == "stop" { // a later attempt on the same page is not judged yet
		v.Key, v.Mark, v.Again, v.Refresh = "waiting", "wait", "", true
	}
	return v
}

// declinedKey tells a decline that may pass from a card that will not do.
func declinedKey(class string) string {
	switch class {
	case "card", "token":
		return "declined_card"
	}
	return "declined"
}

// refreshes are the pauses after which a waiting page asks again, without script.
var refreshes = []int{2, 2, 3, 5, 5, 10, 15, 30, 60}

// refresh lets a waiting page renew itself with growing pauses, counted in its address.
func (h *Handler) refresh(v *page, r *http.Request) {
	if !v.Refresh {
		return
	}
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || n < 0 {
		n = 0
	}
	n = min(n, len(refreshes)-1)
	v.RefreshAfter = fmt.Sprintf("%d;url=%s?n=%d", refreshes[n], r.URL.Path, n+1)
}
