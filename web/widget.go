package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"github.com/google/uuid"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// widget lists what a customer has to pay, inside the portal's dashboard.
var widget = way{path: Prefix + "/widget", portal: true}

// paidTogether names the documents that were paid with one button, in the widget's address.
const paidTogether = "paid"

// togetherMost is how many documents are paid with one button.
const togetherMost = 20

// owed is one document of the widget.
type owed struct {
	bill
	kind payment.Kind
	till time.Time // the day it is due; zero: none is said
}

// showWidget shows the unpaid documents, and what became of those that were just paid.
func (h *Handler) showWidget(w http.ResponseWriter, r *http.Request) {
	v, ok := h.widgetVisit(w, r)
	if !ok {
		return
	}
	list, partner, err := h.owedBy(r.Context(), v)
	var moving []*payment.Payment
	if err == nil {
		list, moving, err = h.withoutMoving(r.Context(), v, list)
	}
	if err != nil {
		h.closed(w, r, err)
		return
	}
	p := page{Status: http.StatusOK, Key: "widget", Template: "widget", Framed: true, Customer: true, Kind: payment.KindTopUp, Partner: partner}
	if err := h.movedRows(r, v, moving, &p); err != nil {
		h.closed(w, r, err)
		return
	}
	h.fillWidget(r, v, &p, list)
	if len(list) == 0 {
		if p.Key = "widget_empty"; len(moving) > 0 {
			p.Key = "widget_rest"
		}
	} else if cards := h.wallet(r, v, partner); len(h.together(list)) > 1 && cards.card.Usable() && !p.Refresh {
		p.Together, p.Cards = true, cards.tiles()[:1]
		if p.Form, err = h.sealTogether(r, v, list, cards); err != nil {
			h.closed(w, r, err)
			return
		}
	}
	p.Action = v.path
	refresh(&p, r)
	h.show(w, r, p)
}

// widgetVisit is the visit of who is signed in.
func (h *Handler) widgetVisit(w http.ResponseWriter, r *http.Request) (visit, bool) {
	v := visit{way: widget, e: h.engine(w, r)}
	if v.e == nil {
		return v, false
	}
	who, ok := h.customer(w, r, widget.path, false)
	if !ok {
		return v, false
	}
	if wait := h.Limits.CustomerView(who.account(), h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return v, false
	}
	return v.by(who), true
}

// owedBy reads what a customer has to pay, what is overdue first.
func (h *Handler) owedBy(ctx context.Context, v visit) (list []owed, partner int64, err error) {
	err = h.turn(ctx, func(ctx context.Context) error {
		api := h.Generation.Splynx
		customer, err := api.Customer(ctx, v.customer)
		if err != nil {
			return err
		}
		if partner = customer.PartnerID; v.e.Serves(ctx, h.Generation, partner) != nil {
			return v.e.Serves(ctx, h.Generation, partner)
		}
		var invoices []splynx.Invoice
		var proformas []splynx.Proforma
		if h.DashboardInvoices {
			if invoices, err = api.UnpaidInvoices(ctx, v.customer); err != nil {
				return err
			}
		}
		if h.DashboardRequests {
			if proformas, err = api.UnpaidProformas(ctx, v.customer); err != nil {
				return err
			}
		}
		list, err = h.owedOf(partner, invoices, proformas)
		return err
	})
	slices.SortStableFunc(list, func(a, b owed) int { return cmp.Compare(sortDay(a), sortDay(b)) })
	return list, partner, err
}

// sortDay puts what has no day behind what has one.
func sortDay(o owed) int64 {
	if o.till.IsZero() {
		return 1 << 62
	}
	return o.till.Unix()
}

// owedOf leaves out where nothing can be paid.
func (h *Handler) owedOf(partner int64, invoices []splynx.Invoice, proformas []splynx.Proforma) (list []owed, err error) {
	code := h.Generation.Partner(partner).Currency
	add := func(d document, kind payment.Kind, till splynx.Date) error {
		due, err := d.due(code)
		if err != nil {
			return err
		}
		if due.IsPositive() {
			o := owed{bill: bill{document: d, partner: partner, due: due}, kind: kind}
			if !till.IsZero() {
				o.till = till.In(h.zone)
			}
			list = append(list, o)
		}
		return nil
	}
	for _, i := range invoices {
		if err := add(ofInvoice(i), payment.KindInvoice, i.DateTill); err != nil {
			return nil, err
		}
	}
	for _, p := range proformas {
		if err := add(ofProforma(p), payment.KindProforma, p.DateTill); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// fillWidget makes the rows of what is to be paid, and their sum.
func (h *Handler) fillWidget(r *http.Request, v visit, p *page, list []owed) {
	now := h.Now()
	for _, o := range list {
		row := entry{Words: rowWords[o.kind], Number: o.number, Amount: &o.due, When: o.till}
		row.Late = !o.till.IsZero() && now.After(o.till.AddDate(0, 0, 1))
		switch at := h.payWay(o.kind); {
		case o.pending:
			row.Standing, row.Mark = "state.waiting", markWait
		case at != "":
			row.Pay = itemURL(at, o.number)
		}
		p.Due = append(p.Due, row)
	}
	p.Amount = sum(list)
}

// sum adds what is due; nil if there is nothing, or too much.
func sum(list []owed) *currency.Amount {
	var all *currency.Amount
	for _, o := range list {
		if all == nil {
			all = &o.due
			continue
		}
		next, err := all.Add(o.due)
		if err != nil {
			return nil
		}
		all = &next
	}
	return all
}

// sealTogether seals the documents that one button pays: their amounts and the card.
func (h *Handler) sealTogether(r *http.Request, v visit, list []owed, cards wallet) (string, error) {
	key, err := uuid.NewRandom()
	if err != nil {
		return "", err
	}
	f := sealedForm{Key: key.String(), Customer: v.customer, Amount: list[0].due, Payer: v.payer, Signed: true, Card: cards.offered(), Made: h.Now().UTC()}
	for _, o := range h.together(list) {
		f.Together = append(f.Together, sealedDocument{Kind: o.kind, Document: o.id, Number: o.number, Amount: o.due})
	}
	return seal(r.Context(), v.e, f)
}

// together are the documents that one button pays: not those whose payment is switched off, or
// that somebody else is charging.
func (h *Handler) together(list []owed) (some []owed) {
	for _, o := range list {
		if h.payWay(o.kind) != "" && !o.pending && len(some) < togetherMost {
			some = append(some, o)
		}
	}
	return some
}

// payWay is the address where a kind of document is paid from the portal; empty where that is
// switched off.
func (h *Handler) payWay(kind payment.Kind) string {
	for _, y := range []way{payInvoice, payRequest} {
		if y.kind == kind && h.open(y) {
			return y.path
		}
	}
	return ""
}

// payTogether takes the widget's form: first it shows what would be paid, then it pays each
// document by itself with the saved card.
func (h *Handler) payTogether(w http.ResponseWriter, r *http.Request) {
	v := visit{way: widget, e: h.engine(w, r)}
	if v.e == nil {
		return
	}
	f, old, ok := h.signedForm(w, r, &v)
	if !ok {
		return
	}
	list, partner, err := h.owedBy(r.Context(), v)
	if err == nil {
		list, _, err = h.withoutMoving(r.Context(), v, list)
	}
	if err != nil {
		h.closed(w, r, err)
		return
	}
	cards := h.wallet(r, v, partner)
	confirmed := r.PostForm.Get("do") == "pay"
	wanted := f.Together
	if confirmed {
		wanted = ticked(f.Together, r.PostForm["document"])
	}
	switch {
	case len(f.Together) == 0:
		h.show(w, r, v.of(page{Status: http.StatusBadRequest, Key: "bad_form"}))
	case old, f.Card.Key != cards.offered().Key, !cards.card.Usable(), !stillOwed(wanted, h.together(list)):
		h.confirmTogether(w, r, v, list, partner, cards, page{Status: http.StatusConflict, Notice: "together_changed"})
	case !confirmed:
		h.confirmTogether(w, r, v, list, partner, cards, page{Status: http.StatusOK})
	case len(wanted) == 0:
		h.confirmTogether(w, r, v, list, partner, cards, page{Status: http.StatusUnprocessableEntity, Notice: "together_none"})
	default:
		h.chargeTogether(w, r, v, partner, f, wanted)
	}
}

// ticked are the documents whose boxes are ticked.
func ticked(all []sealedDocument, boxes []string) (some []sealedDocument) {
	for _, d := range all {
		if slices.Contains(boxes, d.box()) {
			some = append(some, d)
		}
	}
	return some
}

// stillOwed tells whether each document is due as it was shown.
func stillOwed(wanted []sealedDocument, list []owed) bool {
	for _, d := range wanted {
		if !slices.ContainsFunc(list, func(o owed) bool {
			return o.kind == d.Kind && o.id == d.Document && !o.pending && o.due.Equal(d.Amount)
		}) {
			return false
		}
	}
	return true
}

// confirmTogether shows what would be paid, and with which card, before it is.
func (h *Handler) confirmTogether(w http.ResponseWriter, r *http.Request, v visit, list []owed, partner int64, cards wallet, p page) {
	if list = h.together(list); len(list) == 0 || !cards.card.Usable() {
		http.Redirect(w, r, widget.path, http.StatusSeeOther)
		return
	}
	var err error
	if p.Form, err = h.sealTogether(r, v, list, cards); err != nil {
		h.closed(w, r, err)
		return
	}
	p.Key, p.Template, p.Framed, p.Customer, p.Kind, p.Partner, p.Action = "together", "together", true, true, payment.KindTopUp, partner, v.path
	p.Cards = cards.tiles()[:1]
	h.fillWidget(r, v, &p, list)
	for i, o := range list {
		p.Due[i].Box = sealedDocument{Kind: o.kind, Document: o.id}.box()
	}
	h.show(w, r, p)
}

// chargeTogether charges one document after the other, and shows the widget with what came of
// it.
func (h *Handler) chargeTogether(w http.ResponseWriter, r *http.Request, v visit, partner int64, f sealedForm, wanted []sealedDocument) {
	if err := h.Room(partner); err != nil {
		h.closed(w, r, err)
		return
	}
	_, err, _ := h.starts.Do(f.Key, func() (any, error) {
		var starts []payment.Start
		for _, d := range wanted {
			if wait := h.Limits.CustomerStart(v.customer, h.Now()); wait > 0 {
				return nil, &limitError{wait}
			}
			starts = append(starts, payment.Start{
				Kind: d.Kind, Origin: payment.OriginCustomer, Partner: partner, Customer: v.customer,
				DocumentID: d.Document, DocumentNumber: d.Number, Amount: d.Amount, Card: f.Card,
				FormKey: togetherKey(f.Key) + d.box(), Payer: v.payer, Who: v.payer,
			})
		}
		return nil, v.e.ChargeEach(r.Context(), starts)
	})
	if err != nil {
		h.unstarted(w, r, v, &bill{partner: partner}, nil, err)
		return
	}
	http.Redirect(w, r, widget.path+"?"+paidTogether+"="+f.Key, http.StatusSeeOther)
}

// togetherKey begins the form keys of payments that were made with one button.
func togetherKey(key string) string { return "together/" + key + "/" }

// withoutMoving takes out of a list what money is under way for, which may not be paid again, and
// gives the payments that it is under way with.
func (h *Handler) withoutMoving(ctx context.Context, v visit, list []owed) (left []owed, moving []*payment.Payment, err error) {
	all, err := v.e.Find(ctx, payment.Filter{Customer: v.customer, States: payment.InFlight(), Limit: 1000})
	if err != nil {
		return nil, nil, err
	}
	for _, o := range list {
		wanted := &payment.Payment{Kind: o.kind, Customer: v.customer, DocumentID: o.id}
		i := slices.IndexFunc(all, func(p *payment.Payment) bool { return p.Blocks(wanted) })
		if i < 0 {
			left = append(left, o)
		} else if !slices.Contains(moving, all[i]) {
			moving = append(moving, all[i])
		}
	}
	return left, moving, nil
}

// movedRows adds the payments that are under way, and what became of the documents that were
// paid with one button.
func (h *Handler) movedRows(r *http.Request, v visit, moving []*payment.Payment, p *page) error {
	all := moving
	if key, err := uuid.Parse(r.URL.Query().Get(paidTogether)); err == nil {
		mine, err := v.e.Find(r.Context(), payment.Filter{Customer: v.customer, Payer: v.payer, Limit: 10 * togetherMost})
		if err != nil {
			return err
		}
		for _, one := range mine {
			known := slices.ContainsFunc(all, func(m *payment.Payment) bool { return m.ID == one.ID })
			if !known && strings.HasPrefix(one.FormKey, togetherKey(key.String())) {
				all = append(all, one)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *payment.Payment) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.DocumentNumber, b.DocumentNumber))
	})
	for _, one := range all {
		if row, ok := h.paymentEntry(one, v.payer, v.sub); ok {
			p.Rows = append(p.Rows, row)
		}
		if one.InFlight() && one.State != payment.Parked {
			p.Refresh = true
			v.e.Nudge(r.Context(), one.ID)
		}
	}
	return nil
}
