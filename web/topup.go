package web

import (
	"context"
	"net/http"

	"github.com/bojanz/currency"
	"go.uber.org/zap"
)

// account is a customer's balance as it can be topped up.
type account struct {
	bill
	least, most currency.Amount
}

// topUp asks a customer how much is to be paid to the balance.
func (h *Handler) topUp(w http.ResponseWriter, r *http.Request) {
	v, a := h.ownAccount(w, r)
	if a == nil {
		return
	}
	h.askAmount(w, r, v, a, h.owed(r, a))
}

// takeTopUp takes either of its forms. An amount, which also Splynx's own dashboard sends,
// only ever leads to the page that confirms it; the sealed form of that page starts the
// payment.
func (h *Handler) takeTopUp(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Has("form") { // what cannot be read is told there
		h.startTopUp(w, r)
		return
	}
	v, a := h.ownAccount(w, r)
	if a != nil {
		h.confirmTopUp(w, r, v, a)
	}
}

// confirmTopUp shows the amount that was typed, with the button to pay it.
func (h *Handler) confirmTopUp(w http.ResponseWriter, r *http.Request, v visit, a *account) {
	typed := r.PostForm.Get("amount")
	if typed == "" {
		typed = r.PostForm.Get("PaymentForm[amount]")
	}
	amount, err := parseAmount(typed, a.least.CurrencyCode(), h.reader(r, a.partner).decimal())
	ask := page{Status: http.StatusUnprocessableEntity, Value: typed}
	switch {
	case err != nil:
		ask.Wrong = "wrong.amount"
	case below(amount, a.least):
		ask.Wrong = "wrong.too_little"
	case below(a.most, amount):
		ask.Wrong = "wrong.too_much"
	default:
		a.due = amount
		h.offerForm(w, r, v, &a.bill, page{Status: http.StatusOK})
		return
	}
	h.askAmount(w, r, v, a, ask)
}

// startTopUp starts the payment that was confirmed.
func (h *Handler) startTopUp(w http.ResponseWriter, r *http.Request) {
	v := visit{way: addMoney, e: h.engine(w, r)}
	if v.e == nil {
		return
	}
	f, old, ok := h.signedForm(w, r, &v)
	if !ok {
		return
	}
	a := h.account(w, r, v)
	if a == nil {
		return
	}
	if err := h.Room(a.partner); err != nil {
		h.closed(w, r, err)
		return
	}
	if f.Amount.CurrencyCode() != a.least.CurrencyCode() || below(f.Amount, a.least) || below(a.most, f.Amount) { // the settings have changed
		h.askAmount(w, r, v, a, page{Status: http.StatusConflict, Notice: "old_form"})
		return
	}
	if a.due = f.Amount; old {
		h.offerForm(w, r, v, &a.bill, page{Status: http.StatusConflict, Notice: "old_form"})
		return
	}
	h.startWith(w, r, v, &a.bill, f)
}

func (h *Handler) askAmount(w http.ResponseWriter, r *http.Request, v visit, a *account, p page) {
	p = v.of(p)
	p.Key, p.Template, p.Action, p.Partner = "top_up", "top_up", v.path, a.partner
	p.Least, p.Most = &a.least, &a.most
	if all, err := h.TopUp(a.partner).suggested(a.least.CurrencyCode()); err == nil { // as the adaptor has checked
		p.Suggested = all
	}
	h.show(w, r, p)
}

// ownAccount is the balance of who is signed in; nil where that was answered otherwise.
func (h *Handler) ownAccount(w http.ResponseWriter, r *http.Request) (visit, *account) {
	v := visit{way: addMoney, e: h.engine(w, r)}
	if v.e == nil {
		return v, nil
	}
	who, ok := h.customer(w, r, addMoney.path, false)
	if !ok {
		return v, nil
	}
	if wait := h.Limits.CustomerView(who.account(), h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return v, nil
	}
	v = v.by(who)
	a := h.account(w, r, v)
	if a == nil || h.settled(w, r, v, &a.bill) {
		return v, nil
	}
	return v, a
}

// account reads what a customer may pay to the balance; nil where that was answered otherwise.
func (h *Handler) account(w http.ResponseWriter, r *http.Request, v visit) *account {
	a := &account{bill: bill{document: document{customer: v.customer}}}
	err := h.turn(r.Context(), func(ctx context.Context) error {
		customer, err := h.Generation.Splynx.Customer(ctx, v.customer)
		if err != nil {
			return err
		}
		a.partner = customer.PartnerID
		return v.e.Serves(ctx, h.Generation, customer.PartnerID)
	})
	if err == nil {
		a.least, a.most, err = h.TopUp(a.partner).bounds(h.Generation.Partner(a.partner).Currency)
	}
	if err != nil {
		h.closed(w, r, err)
		return nil
	}
	return a
}

// owed begins the page with what is owed on the account, as the first thing to suggest; with
// nothing where nothing is, or where Splynx does not tell.
func (h *Handler) owed(r *http.Request, a *account) page {
	p := page{Status: http.StatusOK}
	err := h.turn(r.Context(), func(ctx context.Context) error {
		billing, err := h.Generation.Splynx.Billing(ctx, a.customer)
		if err != nil {
			return err
		}
		deposit, err := billing.Deposit.Amount(a.least.CurrencyCode())
		if err != nil {
			return err
		}
		owed, err := deposit.Mul("-1")
		if err == nil && !below(owed, a.least) && !below(a.most, owed) {
			p.Owed = &owed
		}
		return err
	})
	if err != nil {
		h.Logger.Debug("what a customer owes cannot be read", zap.Error(err))
	}
	return p
}

// below compares two amounts of one currency.
func below(a, b currency.Amount) bool {
	c, err := a.Cmp(b)
	return err == nil && c < 0
}
