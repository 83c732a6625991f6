package payment

import (
	"context"
	"fmt"
	"html"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// tellTime is how long the queueing of a mail may take.
const tellTime = 30 * time.Second

// tellSaved has Splynx mail to the office that a card was saved, where that is wanted. It follows on
// a move that a payment makes once, and is never tried again: told twice is worse than not told. It
// holds nothing up. The mail has no name, and of the card what lists show.
func (e *Engine) tellSaved(g *Generation, p *Payment) {
	to := g.Settings.Cards.Tell
	if to == "" || !e.fly() {
		return
	}
	card := p.Save.Brand
	if card == "" {
		card = "a card"
	}
	if p.Save.Ends != "" {
		card += " ends in " + p.Save.Ends
	}
	mail := splynx.Mail{
		Recipient: to, Subject: fmt.Sprintf("Customer %d has saved a card", p.Customer),
		HTML: fmt.Sprintf(`<p>Customer %[1]d has saved a card: %[2]s.</p><p><a href="%[3]s/admin/customers/view?id=%[1]d">The customer in Splynx</a></p>`,
			p.Customer, html.EscapeString(card), html.EscapeString(g.Settings.PublicURL)),
	}
	log := g.logger().With(zap.String("payment", string(p.ID)), zap.Int64("customer", p.Customer))
	go func() {
		defer e.flights.Done()
		ctx, cancel := context.WithTimeout(context.Background(), tellTime)
		defer cancel()
		if _, err := g.Splynx.SendMail(ctx, mail); err != nil {
			log.Warn("the office could not be told that a card was saved", zap.Error(err))
		}
	}()
}
