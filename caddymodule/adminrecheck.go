package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

var errNothingToAsk = errors.New("there is nothing to ask about it")

// recheckPayment has a payment looked at at once. It changes nothing but when that is done.
func (n present) recheckPayment(r *http.Request) (any, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var q whoRequest
	if err := readJSON(r, &q); err != nil {
		return nil, err
	}
	if err := checkWho(q.Who); err != nil {
		return nil, err
	}
	return within(context.WithoutCancel(r.Context()), readPatience, func(ctx context.Context) (detailAnswer, error) {
		p, err := n.engine.Get(ctx, id)
		if err != nil {
			return detailAnswer{}, err
		}
		switch {
		case p.State == payment.Parked:
			return detailAnswer{}, fmt.Errorf("%w: it is parked, and waits for a person. Once it is mended: caddy paymentexpress settle %s --as again", errNothingToAsk, id)
		case p.State != payment.Unknown && p.State != payment.Approved && p.Save.Stage != payment.SaveStoring:
			return detailAnswer{}, fmt.Errorf("%w: it is %s", errNothingToAsk, p.State)
		}
		n.engine.Nudge(ctx, id)
		n.notes(ctx, payment.Act{Who: q.Who, What: payment.DeedAsk, Partner: p.Partner, Customer: p.Customer, Payment: id})
		return n.detail(ctx, id)
	})
}
