package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bojanz/currency"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// cardPage is where a customer saves, sees, replaces and removes the card.
var cardPage = way{path: Prefix + "/card", kind: payment.KindCardCheck, portal: true}

// What the card page's forms ask for.
const (
	doSave    = "save"
	doRemove  = "remove"  // shows what it would do
	doRemoved = "removed" // does it
)

// savedNews is how long the page tells that a card could not be saved.
const savedNews = 48 * time.Hour

// cardKeys are the pages of a card, by how it stands.
var cardKeys = map[payment.CardStanding]string{
	payment.CardGood: "card_good", payment.CardExpired: "card_expired", payment.CardDead: "card_dead",
	payment.CardElsewhere: "card_elsewhere", payment.CardUnreadable: "card_unreadable",
}

// holder is a customer's card as its page shows it.
type holder struct {
	bill // the card check: what it takes
	wallet
	saving *payment.Payment // the last one that was to save a card; may be nil
}

// ownCard shows the card.
func (h *Handler) ownCard(w http.ResponseWriter, r *http.Request) {
	v := visit{way: cardPage, e: h.engine(w, r)}
	if v.e == nil {
		return
	}
	who, ok := h.customer(w, r, cardPage.path, false)
	if !ok {
		return
	}
	if wait := h.Limits.CustomerView(who.account(), h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return
	}
	v = v.by(who)
	if o := h.cardHolder(w, r, v); o != nil {
		h.showCard(w, r, v, o, page{Status: http.StatusOK})
	}
}

// changeCard takes the forms of the card page.
func (h *Handler) changeCard(w http.ResponseWriter, r *http.Request) {
	v := visit{way: cardPage, e: h.engine(w, r)}
	if v.e == nil {
		return
	}
	f, old, ok := h.signedForm(w, r, &v)
	if !ok {
		return
	}
	o := h.cardHolder(w, r, v)
	switch {
	case o == nil:
	case old || f.Card.Key != o.card.Key || !f.Amount.Equal(o.due): // not what the page has shown
		h.showCard(w, r, v, o, page{Status: http.StatusConflict, Notice: "card_page_changed"})
	case r.PostForm.Get("do") == doSave:
		h.startCheck(w, r, v, o, f)
	case r.PostForm.Get("do") == doRemove && o.card.Key != "":
		h.showCard(w, r, v, o, page{Status: http.StatusOK, Key: "card_remove"})
	case r.PostForm.Get("do") == doRemoved && o.card.Key != "":
		h.removeCard(w, r, v, o)
	default:
		h.show(w, r, v.of(page{Status: http.StatusBadRequest, Key: "bad_form"}))
	}
}

// startCheck sends the customer on to the gateway, where the card is typed.
func (h *Handler) startCheck(w http.ResponseWriter, r *http.Request, v visit, o *holder, f sealedForm) {
	if err := h.Room(o.partner); err != nil {
		h.closed(w, r, err)
		return
	}
	begun := h.Now()
	p, err := h.start(r, v, &o.bill, f, saveAnother)
	h.started(w, r, v, &o.bill, begun, p, err)
}

// removeCard removes the card, as was confirmed.
func (h *Handler) removeCard(w http.ResponseWriter, r *http.Request, v visit, o *holder) {
	err := v.e.RemoveCard(r.Context(), v.customer, v.payer)
	switch {
	case errors.Is(err, payment.ErrInFlight):
		h.showCard(w, r, v, o, page{Status: http.StatusConflict, Notice: "card_being_saved"})
	case err != nil:
		h.Logger.Error("a customer's card could not be removed", zap.Int64("customer", v.customer), zap.Error(err))
		h.showCard(w, r, v, o, page{Status: http.StatusServiceUnavailable, Notice: "card_not_removed", RetryAfter: comeAgain})
	default:
		o.card, o.saving = payment.Card{}, nil
		h.showCard(w, r, v, o, page{Status: http.StatusOK, Notice: "card_removed"})
	}
}

// cardHolder reads the card of who is signed in; nil where that was answered otherwise.
func (h *Handler) cardHolder(w http.ResponseWriter, r *http.Request, v visit) *holder {
	o := &holder{bill: bill{document: document{customer: v.customer}}}
	err := h.turn(r.Context(), func(ctx context.Context) error {
		customer, err := h.Generation.Splynx.Customer(ctx, v.customer)
		if err != nil {
			return err
		}
		o.partner = customer.PartnerID
		return v.e.Serves(ctx, h.Generation, o.partner)
	})
	if err != nil {
		h.closed(w, r, err)
		return nil
	}
	if v.sub || !h.savesCards(o.partner) {
		p := v.of(page{Status: http.StatusOK, Key: "card_unavailable", Partner: o.partner})
		if v.sub {
			p.Key = "card_of_main"
		}
		h.show(w, r, p)
		return nil
	}
	if o.due, err = h.checkAmount(o.partner); err == nil {
		err = h.turn(r.Context(), func(ctx context.Context) (err error) {
			if o.card, err = v.e.Card(ctx, o.partner, v.customer); err == nil {
				o.saving, err = v.e.Saving(ctx, v.customer)
			}
			return err
		})
	}
	if err != nil {
		h.closed(w, r, err)
		return nil
	}
	o.saved, o.canSave = true, true
	return o
}

// checkAmount is what is taken, and given back, when a card is saved.
func (h *Handler) checkAmount(partner int64) (currency.Amount, error) {
	return money.Round(h.Generation.Settings.Cards.CheckAmount, h.Generation.Partner(partner).Currency)
}

// showCard shows the card with its forms; p says what happened before, if anything, or asks
// whether it shall be removed.
func (h *Handler) showCard(w http.ResponseWriter, r *http.Request, v visit, o *holder, p page) {
	key, err := uuid.NewRandom()
	if err == nil {
		p.Form, err = seal(r.Context(), v.e, sealedForm{
			Key: key.String(), Kind: v.kind, Customer: o.customer, Amount: o.due, Payer: v.payer,
			Card: o.card.Used(), Signed: true, Made: h.Now().UTC(),
		})
	}
	if err != nil {
		h.closed(w, r, err)
		return
	}
	p = v.of(p)
	p.Held = h.Generation.Settings.Cards.Holds()
	p.Template, p.Action, p.Partner, p.Amount, p.OwnList = "card", v.path, o.partner, &o.due, paymentsPath
	if o.card.Key != "" {
		p.Cards = []tile{{Choice: savedCard, Card: &o.card, Off: !o.card.Usable()}}
	}
	saving := o.saving != nil && o.saving.Save.Stage == payment.SaveStoring
	switch {
	case p.Key != "":
	case saving:
		p.Key, p.Refresh = "card_saving", true
		v.e.Nudge(r.Context(), o.saving.ID)
	case o.card.Key == "":
		p.Key = "card_none"
	default:
		p.Key = cardKeys[o.card.Standing]
	}
	if o.saving != nil && o.saving.Save.Stage == payment.SaveFailed && p.Notice == "" && h.Now().Sub(o.saving.MovedAt) < savedNews &&
		o.saving.Save.Why != payment.ReasonNewerCard && o.saving.Save.Why != payment.ReasonRemoved {
		if p.Notice = "card_not_saved"; o.saving.Kind != payment.KindCardCheck { // what it paid is paid
			p.Notice = "paid_card_not_saved"
		}
	}
	refresh(&p, r)
	h.show(w, r, p)
}
