package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// refundRequest asks for money to be given back.
type refundRequest struct {
	Amount string `json:"amount"` // in the payment's currency; empty: all that is left
	Reason string `json:"reason"`
	Who    string `json:"who"`
	Key    string `json:"key"` // of the asker's own making: asked twice it is one refund; empty: what the rest says is the key
}

// giveBack has money of a payment given back to the card, and answers with the refund.
func (n present) giveBack(r *http.Request) (any, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if n.app.AdminCommands != "all" {
		return nil, errReadOnly
	}
	var q refundRequest
	if err := readJSON(r, &q); err != nil {
		return nil, err
	}
	if err := checkWho(q.Who); err != nil {
		return nil, err
	}
	if len(q.Key) > 100 || strings.TrimSpace(q.Reason) == "" {
		return nil, asked("want a reason, and, if any, a key of at most 100 characters, the same for each try of one refund")
	}
	d, err := within(context.WithoutCancel(r.Context()), settlePatience, func(ctx context.Context) (detailAnswer, error) {
		return n.refund(ctx, id, q)
	})
	if errors.Is(err, errSilent) {
		err = fmt.Errorf("%w; it may be given back all the same: look at the payment (caddy paymentexpress show %s)", err, id)
	}
	return d, err
}

func (n present) refund(ctx context.Context, id payment.ID, q refundRequest) (detailAnswer, error) {
	p, err := n.engine.Get(ctx, id)
	if err != nil {
		return detailAnswer{}, err
	}
	ask := payment.Refund{Of: id, All: q.Amount == "", Reason: q.Reason, Who: q.Who}
	if !ask.All {
		ask.Amount, err = money.Parse(q.Amount, p.Amount.CurrencyCode())
	}
	if err != nil {
		return detailAnswer{}, asked("amount %q is no amount of %s, such as %s", q.Amount, p.Amount.CurrencyCode(), p.Amount.Number())
	}
	if ask.FormKey = "command/" + q.Key; q.Key == "" {
		number := "all"
		if !ask.All {
			number = ask.Amount.Number()
		}
		ask.FormKey = strings.Join([]string{"same", number, q.Reason, q.Who}, "\x00")
	}
	r, err := n.engine.Refund(ctx, ask)
	if err != nil {
		return detailAnswer{}, err
	}
	return n.detail(ctx, r.ID)
}
