package payment

import (
	"context"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// CardOf is a saved card with whose it is.
type CardOf struct {
	Card
	Customer splynx.Customer // only its id, where Splynx has no such customer any more
}

// CardPage is a piece of the list of saved cards.
type CardPage struct {
	Cards []CardOf
	Last  int64 // the customer up to whom was looked
	More  bool  // there may be others behind
}

// CardsAfter lists saved cards in the order of their customers' ids, those above after. A page may
// hold none and still have others behind it. ErrNoCardAccount.
func (e *Engine) CardsAfter(ctx context.Context, after int64) (CardPage, error) {
	g, err := e.current()
	if err != nil {
		return CardPage{}, err
	}
	account, err := g.cardAccount(ctx, e.now())
	if err != nil {
		return CardPage{}, err
	}
	rows, more, err := g.Splynx.AccountDataAfter(ctx, account.id, after)
	if err != nil || len(rows) == 0 {
		return CardPage{Last: after}, err
	}
	page := CardPage{Last: rows[len(rows)-1].CustomerID, More: more}
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.CustomerID)
	}
	holders, err := g.Splynx.CustomersByID(ctx, ids)
	if err != nil {
		return CardPage{}, err
	}
	for i := range rows {
		holder, known := holders[rows[i].CustomerID]
		if !known {
			holder.ID = rows[i].CustomerID
		}
		card, err := e.readCard(ctx, g, holder.PartnerID, holder.ID, account.fields, &rows[i])
		if err != nil {
			return CardPage{}, err
		}
		if card.Key != "" {
			page.Cards = append(page.Cards, CardOf{card, holder})
		}
	}
	return page, nil
}
