package office

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// removeView is the page that asks once more before a card is removed.
type removeView struct {
	Name   string
	ID     int64
	Words  string
	Card   payment.Card
	Form   string
	Action string
}

// cardToRemove reads the customer of the address, and the card that is saved.
func (d *desk) cardToRemove(ctx context.Context) (*removeView, int64, error) {
	id, err := d.id()
	if err != nil {
		return nil, 0, errNoCustomer
	}
	c, err := d.customer(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	card, err := d.e.Card(ctx, c.PartnerID, c.ID)
	if err != nil && !errors.Is(err, payment.ErrNoCardAccount) {
		return nil, 0, err
	}
	if card.Key == "" {
		return nil, 0, problem{status: http.StatusNotFound, key: "no_card", link: link{"Saved cards", web.AdminPath + "cards"}}
	}
	return &removeView{Name: holderName(*c), ID: c.ID, Words: cardName(card.Brand, card.Ends), Card: card}, c.PartnerID, nil
}

// askRemove shows which card of whom would be removed.
func (d *desk) askRemove() error {
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	v, _, err := d.cardToRemove(ctx)
	if err != nil {
		return err
	}
	if v.Form, err = d.seal(form{Act: actRemove, Customer: v.ID, Card: v.Card.Used()}); err != nil {
		return err
	}
	v.Action = d.r.URL.Path
	d.show(page{Title: "Remove the saved card", Template: "cardremove", Data: v})
	return nil
}

// removeCard removes the card that the page has shown, and no other.
func (d *desk) removeCard() error {
	f, err := d.form(actRemove)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	v, partner, err := d.cardToRemove(ctx)
	switch {
	case err != nil:
		return err
	case f.Customer != v.ID:
		return errBadForm
	case f.Card.Key != v.Card.Key:
		return problem{status: http.StatusConflict, key: "card_changed", link: link{"Look at it", d.r.URL.Path}}
	}
	err = d.e.RemoveCard(d.r.Context(), v.ID, d.who())
	switch {
	case errors.Is(err, payment.ErrInFlight):
		return problem{status: http.StatusConflict, key: "card_busy", link: link{"Look at it", d.r.URL.Path}}
	case err != nil:
		return err
	}
	d.did("removed a saved card", zap.Int64("customer", v.ID), zap.Int64("partner", partner))
	return d.to("customers/" + decimalOf(v.ID))
}

const actRemove act = "remove_card"
