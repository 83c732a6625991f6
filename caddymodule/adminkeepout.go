package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// keepRequest has somebody kept out of charge runs, or let in again.
type keepRequest struct {
	Kind      charge.KeptKind `json:"kind"`
	ID        int64           `json:"id"`
	Automatic bool            `json:"automatic,omitempty"` // out of automatic runs only
	Reason    string          `json:"reason"`
	Who       string          `json:"who"`
}

// keptAnswer lists who is kept out of charge runs, the newest first.
type keptAnswer struct {
	Kept []charge.Keeping `json:"kept_out"`
}

var errNotKept = errors.New("not kept out of charge runs")

func (n present) listKept(r *http.Request) (any, error) {
	return within(r.Context(), readPatience, n.kept)
}

func (n present) kept(ctx context.Context) (keptAnswer, error) {
	list, err := n.runs.KeptOut(ctx)
	return keptAnswer{append([]charge.Keeping{}, list...)}, err
}

// keepOut is a brake: it works whatever admin_commands says, unless it leaves fewer runs shut than
// before.
func (n present) keepOut(r *http.Request) (any, error) {
	q, err := readKeeping(r)
	if err != nil {
		return nil, err
	}
	return within(context.WithoutCancel(r.Context()), settlePatience, func(ctx context.Context) (keptAnswer, error) {
		now, err := n.keeping(ctx, q)
		partner := int64(0)
		switch {
		case err != nil:
			return keptAnswer{}, err
		case now != nil && !now.Automatic && q.Automatic && n.app.AdminCommands != "all":
			return keptAnswer{}, fmt.Errorf("it is kept out of all runs, and would be let into some: %w", errReadOnly)
		case now == nil:
			if partner, err = n.known(ctx, q); err != nil {
				return keptAnswer{}, err
			}
		default:
			partner = now.Partner
		}
		if err := n.runs.KeepOut(ctx, charge.Keeping{Kind: q.Kind, ID: q.ID, Partner: partner, Automatic: q.Automatic, Who: q.Who, Reason: q.Reason}, keptSince(now)); err != nil {
			return keptAnswer{}, err
		}
		n.app.log.Info("somebody was kept out of charge runs by a person", zap.Int64(string(q.Kind), q.ID), zap.Bool("automatic", q.Automatic), zap.String("who", q.Who))
		return n.kept(ctx)
	})
}

// letIn may have money charged.
func (n present) letIn(r *http.Request) (any, error) {
	if n.app.AdminCommands != "all" {
		return nil, errReadOnly
	}
	q, err := readKeeping(r)
	if err != nil {
		return nil, err
	}
	if q.Automatic {
		return nil, asked("automatic is for keeping out only")
	}
	return within(context.WithoutCancel(r.Context()), settlePatience, func(ctx context.Context) (keptAnswer, error) {
		now, err := n.keeping(ctx, q)
		if err == nil && now == nil {
			err = fmt.Errorf("%s %d is %w", q.Kind, q.ID, errNotKept)
		}
		if err != nil {
			return keptAnswer{}, err
		}
		if err := n.runs.LetIn(ctx, charge.Keeping{Kind: q.Kind, ID: q.ID, Who: q.Who, Reason: q.Reason}, now.At); err != nil {
			return keptAnswer{}, err
		}
		n.app.log.Info("somebody was let into charge runs again by a person", zap.Int64(string(q.Kind), q.ID), zap.String("who", q.Who))
		return n.kept(ctx)
	})
}

func readKeeping(r *http.Request) (q keepRequest, err error) {
	if err := readJSON(r, &q); err != nil {
		return q, err
	}
	if err := checkWho(q.Who); err != nil {
		return q, err
	}
	switch {
	case q.Kind != charge.KeptCustomer && q.Kind != charge.KeptPartner, q.ID < 1:
		return q, asked("want a customer or a partner, by the id in Splynx, which is a number")
	case strings.TrimSpace(q.Reason) == "", !fitsLine(q.Reason, noteLimit):
		return q, asked("reason: want one, of at most %d characters, and no line ends", noteLimit)
	}
	return q, nil
}

// keeping is how somebody is kept out; nil: not at all.
func (n present) keeping(ctx context.Context, q keepRequest) (*charge.Keeping, error) {
	a, err := n.kept(ctx)
	return a.of(q.Kind, q.ID), err
}

// keptSince is when somebody was kept out; zero: not at all.
func keptSince(k *charge.Keeping) (t time.Time) {
	if k != nil {
		t = k.At
	}
	return t
}

func (a keptAnswer) of(kind charge.KeptKind, id int64) *charge.Keeping {
	if i := slices.IndexFunc(a.Kept, func(k charge.Keeping) bool { return k.Kind == kind && k.ID == id }); i >= 0 {
		return &a.Kept[i]
	}
	return nil
}

// known refuses an id that Splynx does not have: it was mistyped. Of a customer it tells the partner.
// While Splynx does not answer each id is taken.
func (n present) known(ctx context.Context, q keepRequest) (partner int64, err error) {
	api := n.app.generation.Splynx
	if api == nil {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	missing := false
	if q.Kind == charge.KeptPartner {
		all, err := api.Partners(ctx)
		missing = err == nil && !slices.ContainsFunc(all, func(p splynx.Partner) bool { return p.ID == q.ID })
	} else if c, err := api.Customer(ctx, q.ID); err == nil {
		partner = c.PartnerID
	} else {
		failed, ok := errors.AsType[*splynx.Error](err)
		missing = ok && failed.Kind == splynx.KindNotFound
	}
	if missing {
		return 0, asked("Splynx has no %s %d", q.Kind, q.ID)
	}
	return partner, nil
}
