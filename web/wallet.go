package web

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// choice is the card that somebody pays with.
type choice string

// The choices that a form may carry.
const (
	anotherCard choice = "other" // typed at the gateway; a saved one stays. What a form without a choice means
	saveAnother choice = "save"  // typed at the gateway, and saved in place of what is saved
	savedCard   choice = "saved"
)

// key tells the choices of one form apart: each is an intent of its own.
func (c choice) key() string {
	if c == anotherCard {
		return ""
	}
	return "/" + string(c)
}

// wallet is what a visitor may pay with.
type wallet struct {
	card    payment.Card
	saved   bool // cards can be saved and charged at all
	canSave bool // a new one can be
}

// tile is one card to choose.
type tile struct {
	Choice  choice
	Card    *payment.Card // the saved one
	Checked bool
	Off     bool   // it cannot be chosen
	Words   string // key of what it says
}

// savesCards tells whether a partner's customers can save cards, and pay with them.
func (h *Handler) savesCards(partner int64) bool {
	return h.Generation.Partner(partner).PxPost != nil
}

// wallet reads the saved card of who is signed in. A link never uses one, and a sub-account has
// none. Where Splynx does not tell, the page does without.
func (h *Handler) wallet(r *http.Request, v visit, partner int64) (w wallet) {
	if !v.portal || v.sub || !h.savesCards(partner) {
		return w
	}
	err := h.turn(r.Context(), func(ctx context.Context) (err error) {
		w.card, err = v.e.Card(ctx, partner, v.customer)
		return err
	})
	if err != nil {
		h.Logger.Warn("saved card of a customer cannot be read; the page is shown without it", zap.Int64("customer", v.customer), zap.Error(err))
		return wallet{}
	}
	w.saved, w.canSave = true, h.Card
	return w
}

// offered is the saved card that the form may charge.
func (w wallet) offered() payment.CardUsed {
	if !w.card.Usable() {
		return payment.CardUsed{}
	}
	return w.card.Used()
}

// tiles are the cards to choose from; none where there is no choice.
func (w wallet) tiles() []tile {
	if !w.saved || w.card.Key == "" && !w.canSave {
		return nil
	}
	var all []tile
	if w.card.Key != "" {
		all = append(all, tile{Choice: savedCard, Card: &w.card, Off: !w.card.Usable(), Words: "tile.saved"})
		all = append(all, tile{Choice: anotherCard, Words: "tile.other"})
	} else {
		all = append(all, tile{Choice: anotherCard, Words: "tile.card"})
	}
	if w.canSave && w.card.Key != "" {
		all = append(all, tile{Choice: saveAnother, Words: "tile.replace"})
	} else if w.canSave {
		all = append(all, tile{Choice: saveAnother, Words: "tile.save"})
	}
	for i := range all {
		if !all[i].Off {
			all[i].Checked = true
			break
		}
	}
	return all
}

// chosen reads the choice of a form; ok is false for one that the form did not offer.
func (h *Handler) chosen(r *http.Request, v visit, partner int64, f sealedForm) (c choice, ok bool) {
	switch c = choice(r.PostForm.Get("card")); c {
	case "", anotherCard:
		return anotherCard, true
	case saveAnother:
		return c, v.portal && !v.sub && h.Card && h.savesCards(partner)
	case savedCard:
		return c, v.portal && !v.sub && f.Card.Key != ""
	}
	return c, false
}
