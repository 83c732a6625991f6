package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	paymentsPath = Prefix + "/payments"
	paymentsPage = 50 // rows
)

// entry is one row of a list of payments, or of documents to be paid.
type entry struct {
	When     time.Time
	Words    string // key of what it is for
	Number   string
	Amount   *currency.Amount
	Mark     mark
	Standing string // key of how it stands
	URL      string
	Ends     string // the last figures of the saved card it was charged to
	Late     bool   // overdue
	Pay      string // where it can be paid
	Box      string // the value of its box; empty: it has none
}

// rowWords are the keys of what a row is for.
var rowWords = map[payment.Kind]string{
	payment.KindInvoice: "row.invoice", payment.KindProforma: "row.proforma", payment.KindTopUp: "row.top_up",
	payment.KindCardCheck: "row.card_check", payment.KindRefund: "row.refund",
}

// ownPayments lists the customer's payments, the newest first.
func (h *Handler) ownPayments(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	who, ok := h.customer(w, r, paymentsPath, false)
	if !ok {
		return
	}
	if wait := h.Limits.CustomerView(who.account(), h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return
	}
	f := payment.Filter{Customer: who.account(), Limit: paymentsPage + 1}
	if who.main != 0 { // of the main account's, a sub-account sees those it has made
		f.Payer = who.payer()
	}
	if after, err := payment.ParseID(r.URL.Query().Get("after")); err == nil {
		last, err := e.Get(r.Context(), after)
		if err != nil || last.Customer != f.Customer {
			h.show(w, r, page{Status: http.StatusNotFound, Key: "no_page", Customer: true})
			return
		}
		f.After = last.Cursor()
	}
	all, err := e.Find(r.Context(), f)
	if err != nil {
		h.closed(w, r, err)
		return
	}
	p := page{Status: http.StatusOK, Key: "payments", Template: "payments", Customer: true, Kind: payment.KindTopUp}
	if h.Card {
		p.OwnCard = cardPage.path
	}
	if len(all) > paymentsPage {
		all = all[:paymentsPage]
		p.Next = paymentsPath + "?after=" + string(all[len(all)-1].ID)
	}
	for _, one := range all {
		if one.Partner != 0 {
			p.Partner = one.Partner
		}
		if row, ok := h.paymentEntry(one, who.payer(), who.main != 0); ok {
			p.Rows = append(p.Rows, row)
		}
	}
	h.show(w, r, p)
}

// paymentEntry is a payment as a row of its customer's list; ok is false for what never began.
// What others have paid, by a link or on the main account, is shown without a way to its page; a
// sub-account is not shown with which card.
func (h *Handler) paymentEntry(p *payment.Payment, payer string, sub bool) (row entry, ok bool) {
	row = entry{When: p.CreatedAt, Words: rowWords[p.Kind], Number: p.DocumentNumber, Amount: &p.Amount, Ends: p.Card.Ends}
	if own := p.Payer == payer; sub && !own {
		row.Ends = ""
	} else if own {
		row.URL = h.paymentURL(p.ID)
	}
	if p.HasMoney() {
		row.When = p.ApprovedAt
	}
	row.Standing, row.Mark, ok = entryState(p)
	return row, ok
}

// entryState is how a payment stands, in a word.
func entryState(p *payment.Payment) (key string, m mark, ok bool) {
	switch p.State {
	case payment.Recorded, payment.Approved:
		switch {
		case p.Kind == payment.KindRefund:
			return "state.given_back", markDone, true
		case p.Kind == payment.KindCardCheck || p.GivesBack:
			return "state.going_back", markWait, true
		}
		return "state.paid", markDone, true
	case payment.Refunded, payment.Settled:
		return "state.given_back", markDone, true
	case payment.Submitted, payment.Unknown:
		return "state.waiting", markWait, true
	case payment.Parked:
		if p.Reason == payment.ReasonTellSplynx {
			return "state.given_back", markDone, true
		}
		if p.HasMoney() && !p.GivesBack && !strings.HasPrefix(string(p.Kind), "card") && p.Kind != payment.KindRefund {
			return "state.paid", markDone, true
		}
		return "state.looked_at", markWait, true
	case payment.Offered:
		return "state.open", markWait, true
	case payment.Declined:
		return "state.declined", markStop, true
	case payment.Cancelled:
		return "state.not_paid", markStop, true
	case payment.Expired:
		return "state.expired", markStop, true
	case payment.NotDone:
		return "state.not_done", markStop, true
	}
	return "", "", false
}
