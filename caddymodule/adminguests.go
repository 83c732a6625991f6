package caddymodule

import (
	"context"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

const (
	closedByDefault = time.Hour
	closedMost      = 366 * 24 * time.Hour
	reasonLimit     = 200 // characters
)

// guestsAnswer says whether payment links take new payments.
type guestsAnswer struct {
	Closed bool      `json:"closed"`
	Until  time.Time `json:"until,omitzero"`
	Since  time.Time `json:"since,omitzero"`
	Why    string    `json:"why,omitempty"`
	Who    string    `json:"who,omitempty"` // empty, where they are closed: by itself
}

// closeRequest closes payment links.
type closeRequest struct {
	For    string `json:"for,omitempty"` // such as 2h; default: 1h
	Reason string `json:"reason,omitempty"`
	Who    string `json:"who"`
}

// guests tells whether payment links take new payments; of what is over nothing is told.
func (n present) guests(ctx context.Context, now time.Time) (guestsAnswer, error) {
	g, err := web.GuestsOf(ctx, n.engine)
	if err != nil || !g.Closed(now) {
		return guestsAnswer{}, err
	}
	return guestsAnswer{true, g.Until, g.At, g.Why, g.Who}, nil
}

func (n present) showGuests(r *http.Request) (any, error) {
	return within(r.Context(), readPatience, func(ctx context.Context) (guestsAnswer, error) { return n.guests(ctx, time.Now()) })
}

func (n present) closeGuests(r *http.Request) (any, error) {
	var q closeRequest
	if err := n.readWord(r, &q, &q.Who); err != nil {
		return nil, err
	}
	life, err := q.life()
	if err != nil {
		return nil, err
	}
	if !fitsLine(q.Reason, reasonLimit) {
		return nil, asked("reason: at most %d characters, and no line ends", reasonLimit)
	}
	now := time.Now().UTC()
	return n.setGuests(r, web.Guests{At: now, Until: now.Add(life), Why: q.Reason, Who: q.Who})
}

// life is how long links are to be closed.
func (q closeRequest) life() (time.Duration, error) {
	if q.For == "" {
		return closedByDefault, nil
	}
	life, err := time.ParseDuration(q.For)
	if err != nil || life <= 0 || life > closedMost {
		return 0, asked("for %q: want how long, such as 30m or 24h, at most %s", q.For, strings.TrimSuffix(closedMost.String(), "0m0s"))
	}
	return life, nil
}

func (n present) openGuests(r *http.Request) (any, error) {
	var q whoRequest
	if err := n.readWord(r, &q, &q.Who); err != nil {
		return nil, err
	}
	return n.setGuests(r, web.Guests{At: time.Now().UTC(), Who: q.Who})
}

func (n present) setGuests(r *http.Request, g web.Guests) (any, error) {
	return within(context.WithoutCancel(r.Context()), readPatience, func(ctx context.Context) (guestsAnswer, error) {
		if err := web.SetGuests(ctx, n.engine, g); err != nil {
			return guestsAnswer{}, err
		}
		deed := payment.DeedOpenGuests
		if g.Closed(g.At) {
			deed = payment.DeedCloseGuests
		}
		n.notes(ctx, payment.Act{Who: g.Who, What: deed, Note: g.Why})
		n.app.log.Info("payment links were opened or closed by a person", zap.String("who", g.Who), zap.Time("closed_until", g.Until), zap.String("reason", g.Why))
		return n.guests(ctx, g.At)
	})
}
