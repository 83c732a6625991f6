package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

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
	v, err := h.look(r, id)
	switch {
	case errors.Is(err, payment.ErrNotFound) && r.URL.Query().Has(cameBack): // a journal that is new does not know it yet
		v = h.cannotShow(r, err)
	case errors.Is(err, payment.ErrNotFound):
		v = page{Status: http.StatusNotFound, Key: "no_payment"}
	case err != nil:
		v = h.cannotShow(r, err)
	}
	refresh(&v, r)
	h.show(w, r, v)
}

// look reads a payment, and what the caller may see of it. Who started it may look as often as
// its page does, and makes the engine hurry; anybody else is counted.
func (h *Handler) look(r *http.Request, id payment.ID) (page, error) {
	e, err := h.Engine(r.Context())
	if err != nil {
		return page{}, err
	}
	p, err := e.Get(r.Context(), id)
	if err != nil && !errors.Is(err, payment.ErrNotFound) {
		return page{}, err
	}
	own := false
	if err == nil {
		if own, err = h.isOwn(r, e, p); err != nil { // Splynx cannot be asked: the outcome is shown all the same
			h.logUnable(r, err)
			err = nil
		}
	}
	if !own {
		if wait := h.Limits.Look(h.ClientIP(r), h.Now()); wait > 0 {
			v := tooMany(wait)
			v.Refresh = true
			return v, nil
		}
	}
	if err != nil {
		return page{}, err
	}
	waiting, err := e.Waiting(r.Context(), p)
	if err != nil {
		return page{}, err
	}
	v := h.outcome(p, waiting || p.State == payment.Offered && r.URL.Query().Has(cameBack))
	v.Again = h.againAt(r.Context(), e, p, v.Again)
	if !own {
		v = bare(v, p)
		if p.Origin == payment.OriginCustomer {
			v.SignIn = h.signIn(Prefix + "/payment/" + string(id))
		}
		return v, nil
	}
	e.Nudge(r.Context(), id)
	if v.Customer {
		v.OwnList = paymentsPath
	}
	return v, nil
}

// outcome is the page for a payment's state. waiting tells that something came back for it
// that the gateway was not heard on yet: then nothing may be said to be over.
func (h *Handler) outcome(p *payment.Payment, waiting bool) page {
	v := page{
		Status: http.StatusOK, Partner: p.Partner, Customer: p.Origin == payment.OriginCustomer, Kind: p.Kind, Number: p.DocumentNumber, Amount: &p.Amount, Reference: string(p.ID),
	}
	if p.ByID && !p.HasMoney() {
		v.Number = ""
	}
	switch p.State {
	case payment.Recorded, payment.Approved:
		paid(&v, p)
	case payment.Refunded, payment.Settled:
		v.Key, v.Mark, v.Moved, v.Receipt, v.When = "refunded", markDone, true, true, p.ApprovedAt
	case payment.Parked:
		parked(&v, p)
	case payment.Submitted, payment.Unknown:
		v.Key, v.Mark, v.Refresh = "waiting", markWait, true
	case payment.Created:
		v.Key, v.Mark, v.Refresh = "preparing", markWait, true
	case payment.Offered:
		v.Key, v.Mark, v.Refresh = "at_gateway", markWait, true
		if v.Link = p.PageURL; !h.Now().Before(p.PageEnds) {
			v.Key, v.Link = "checking", ""
		}
	default:
		v.Key, v.Mark = endedKey(p), markStop
		v.Again = h.again(p)
	}
	switch {
	case p.Kind == payment.KindCardCheck && p.HasMoney():
		checked(&v, p)
	case p.Kind == payment.KindRefund:
		refunding(&v, p)
	case p.HasMoney() && len(p.GivenBack) > 0 && !p.GivesBack:
		if left, err := p.Left(); err == nil && !left.Equal(p.Amount) {
			if back, err := p.Amount.Sub(left); err == nil {
				v.Note, v.Back = "partly_back", &back
			}
		}
	case p.HasMoney() && p.Save.Stage != payment.SaveNone:
		v.Note = saveNotes[p.Save.Stage]
		v.Refresh = v.Refresh || p.Save.Stage == payment.SaveStoring
	}
	if waiting && !p.HasMoney() && p.State != payment.Parked {
		v.Key, v.Mark, v.Refresh, v.Link, v.Again = "waiting", markWait, true, "", ""
	}
	return v
}

// paid is for money that the gateway has approved.
func paid(v *page, p *payment.Payment) {
	v.Key, v.Mark, v.Moved, v.Receipt, v.When = "paid", markDone, true, true, p.ApprovedAt
	switch {
	case p.GivesBack:
		v.Key, v.Mark, v.Receipt, v.Refresh = "going_back", markWait, false, true
	case p.State == payment.Approved:
		v.Key, v.Refresh = "paid_soon", true
	case p.Kind == payment.KindTopUp:
		v.Key = "paid_top_up"
	case p.Booking.To == payment.ToBalance:
		v.Key = "paid_to_balance"
	}
}

// parked is for what a person looks into. Money that is booked already, perhaps twice, does
// not wait to be booked.
func parked(v *page, p *payment.Payment) {
	v.Key, v.Mark, v.When = "looked_at", markWait, p.ApprovedAt
	if !p.HasMoney() {
		return
	}
	if p.GivesBack {
		v.Key, v.Moved = "going_back_looked_at", true
		return
	}
	v.Key, v.Moved, v.Receipt = "paid_looked_at", true, true
	if p.Reason == payment.ReasonBookedTwice || p.Reason == payment.ReasonPerhapsBookedTwice {
		v.Key = "paid_booked_looked_at"
	}
}

// saveNotes say what became of a card that was to be saved with a payment.
var saveNotes = map[payment.SaveStage]string{
	payment.SaveStoring: "save.storing", payment.SaveDone: "save.saved", payment.SaveFailed: "save.failed",
}

// checked is for a card check whose money was taken: what became of the card, and of the money.
func checked(v *page, p *payment.Payment) {
	v.Moved, v.Receipt, v.Again = false, false, ""
	switch p.Save.Stage {
	case payment.SaveDone:
		v.Key, v.Mark, v.See = "card_saved", markDone, cardPage.path
	case payment.SaveFailed:
		v.Key, v.Mark, v.Again = "card_not_saved", markStop, cardPage.path
	default:
		v.Key, v.Mark, v.Refresh = "card_saving", markWait, true
	}
	switch p.State {
	case payment.Settled, payment.Refunded:
		v.Note = "back.done"
	case payment.Parked:
		v.Note = "back.looked_at"
	default:
		v.Note, v.Refresh = "back.soon", v.Refresh || p.State == payment.Approved && p.Save.Stage == payment.SaveStoring
	}
	if p.Held() && p.State != payment.Parked {
		v.Note = "back.lapsed"
	}
}

// refunding is for money on its way back.
func refunding(v *page, p *payment.Payment) {
	v.Moved, v.Again, v.Refresh = true, "", false
	switch done := p.Reason == payment.ReasonTellSplynx; {
	case done, p.State == payment.Settled, p.State == payment.Approved:
		v.Key, v.Mark, v.Receipt = "refunded", markDone, true
	case p.State == payment.Created, p.State == payment.Submitted, p.State == payment.Unknown:
		v.Key, v.Mark, v.Refresh, v.Moved = "refund_waiting", markWait, true, false
	default:
		v.Key, v.Mark, v.Moved = "refund_failed", markWait, false
	}
}

// endedKey is for a payment that ended without money. It tells a decline that may pass from a
// card that will not do.
func endedKey(p *payment.Payment) string {
	switch p.State {
	case payment.Declined:
		if p.Class == "card" || p.Class == "token" {
			return "declined_card"
		}
		return "declined"
	case payment.Cancelled, payment.Expired:
		return string(p.State)
	}
	return "not_started" // not_offered, not_started, not_done
}

// bareKeys are what anybody else is told of each outcome: whether it is paid.
var bareKeys = map[string]string{
	"paid": "bare_paid", "paid_soon": "bare_paid", "paid_to_balance": "bare_paid", "paid_top_up": "bare_paid", "paid_looked_at": "bare_paid", "paid_booked_looked_at": "bare_paid",
	"going_back": "bare_waiting", "going_back_looked_at": "bare_waiting",
	"refunded": "bare_refunded", "refund_waiting": "bare_waiting", "refund_failed": "bare_waiting",
	"card_saved": "bare_refunded", "card_saving": "bare_waiting", "card_not_saved": "bare_refunded",
	"waiting": "bare_waiting", "looked_at": "bare_waiting", "checking": "bare_waiting", "preparing": "bare_waiting", "at_gateway": "bare_waiting",
	"declined": "bare_not_paid", "declined_card": "bare_not_paid", "cancelled": "bare_not_paid", "not_started": "bare_not_paid",
	"expired": "bare_expired", // nobody said that it was not paid
}

// bare is what is left of a page for who did not start the payment: the outcome alone. Money that
// was taken was received, whatever becomes of it.
func bare(v page, p *payment.Payment) page {
	key := bareKeys[v.Key]
	if p.HasMoney() && p.Kind != payment.KindRefund && p.State != payment.Refunded && p.State != payment.Settled {
		key = "bare_paid"
	}
	return page{Status: v.Status, Key: key, Mark: v.Mark, Partner: v.Partner, Refresh: v.Refresh}
}

// pauses are those after which a waiting page asks again by itself, in seconds.
var pauses = []int{2, 2, 3, 5, 5, 10, 15, 30, 60, 60, 60, 300}

// refresh lets a waiting page renew itself without script, with growing pauses, counted in
// its address.
func refresh(v *page, r *http.Request) {
	if !v.Refresh {
		return
	}
	pause, n := Renewal(r)
	at, more := r.URL.Path, ""
	if r.URL.Query().Has(cameBack) {
		at, more = at+"?"+cameBack+"=1", "&"+cameBack+"=1"
	}
	v.RefreshAfter = fmt.Sprintf("%d;url=%s?n=%d%s", pause, r.URL.Path, n, more)
	v.Look = at
}

// Renewal is after how many seconds a waiting page asks again, and what then stands as n in the
// query of its address.
func Renewal(r *http.Request) (pause, n int) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil {
		n = 0
	}
	n = min(max(n, 0), len(pauses)-1)
	return pauses[n], n + 1
}
