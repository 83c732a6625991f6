package caddymodule

import (
	"context"
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// linkRequest asks for the payment link of a document.
type linkRequest struct {
	Kind   payment.Kind `json:"kind"`             // invoice or proforma
	Number string       `json:"number,omitempty"` // of the document, or else
	ID     int64        `json:"id,omitempty"`     // its id in Splynx
	Ends   string       `json:"ends,omitempty"`   // the last day, in UTC; default: in 30 days
	Who    string       `json:"who"`
}

// linkAnswer is a signed payment link.
type linkAnswer struct {
	URL      string       `json:"url"`
	Kind     payment.Kind `json:"kind"`
	ID       int64        `json:"id"` // of the document, in Splynx
	Number   string       `json:"number"`
	Customer int64        `json:"customer"`
	Amount   string       `json:"amount"` // what is due
	Currency string       `json:"currency"`
	Ends     string       `json:"ends"`     // the last day, in UTC
	Required bool         `json:"required"` // without its signature the link would not work
}

func (n present) makeLink(r *http.Request) (any, error) {
	var q linkRequest
	if err := readJSON(r, &q); err != nil {
		return nil, err
	}
	if err := checkWho(q.Who); err != nil {
		return nil, err
	}
	return within(r.Context(), settlePatience, func(ctx context.Context) (linkAnswer, error) {
		l, err := n.app.pages.SignLink(ctx, n.engine, web.LinkRequest{Kind: q.Kind, Number: q.Number, ID: q.ID, Ends: q.Ends})
		if err != nil {
			return linkAnswer{}, err
		}
		n.notes(ctx, payment.Act{Who: q.Who, What: payment.DeedLink, Customer: l.Customer, Note: fmt.Sprintf("%s id %d, until %s", l.Kind, l.ID, l.Ends)})
		return linkAnswer{l.URL, l.Kind, l.ID, l.Number, l.Customer, l.Due.Number(), l.Due.CurrencyCode(), l.Ends, l.Required}, nil
	})
}

// whoRequest says who wants something done.
type whoRequest struct {
	Who string `json:"who"`
}

// keyAnswer is the number of the key that new links are signed with.
type keyAnswer struct {
	Key int `json:"key"`
}

func (n present) rotateLinks(r *http.Request) (any, error) {
	var q whoRequest
	if err := n.readWord(r, &q, &q.Who); err != nil {
		return nil, err
	}
	return within(context.WithoutCancel(r.Context()), readPatience, func(ctx context.Context) (keyAnswer, error) {
		key, err := web.RotateLinkKey(ctx, n.engine)
		if err == nil {
			n.app.log.Info("payment links are signed with a new key", zap.Int("key", key), zap.String("who", q.Who))
		}
		return keyAnswer{key}, err
	})
}

// readWord reads what a person wants done, where commands may do something at all.
func (n present) readWord(r *http.Request, q any, who *string) error {
	if n.app.AdminCommands != "all" {
		return errReadOnly
	}
	if err := readJSON(r, q); err != nil {
		return err
	}
	return checkWho(*who)
}
