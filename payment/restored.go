package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// errUnheard tells that the gateway answered, but not what became of the payment.
var errUnheard = errors.New("the gateway does not say what became of it")

// askUnfinished hears the gateway once on everything in a restored journal that may have been
// paid since, and Splynx on money: the journal that went on after the backup may have seen the
// page paid, and the money booked. Ends without money are asked about as long as any page is:
// a page allows several attempts, and the worker ends pages while it waits for the gateway.
func (e *Engine) askUnfinished(ctx context.Context, g *Generation, restored time.Time) error {
	since := restored.Add(-pageLooks[len(pageLooks)-1] - g.Settings.PageLife)
	if err := e.askAll(ctx, g, Filter{States: Unfinished()}, since); err != nil {
		return err
	}
	return e.askAll(ctx, g, Filter{States: endsWithoutMoney, Since: since}, since) // what the worker has ended meanwhile too
}

// askAll goes through what f selects; of what has no money, only what was made since then.
func (e *Engine) askAll(ctx context.Context, g *Generation, f Filter, since time.Time) error {
	for {
		list, err := e.store.Find(ctx, f)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range list {
			if p.Site != "" && p.Site != g.Settings.PublicURL || e.compare.heard[p.ID] {
				continue
			}
			if !p.HasMoney() && (p.Way != WayHosted || p.CreatedAt.Before(since)) {
				continue
			}
			if err := e.askRestored(ctx, g, p); err != nil {
				return fmt.Errorf("ask what became of payment %s since the backup: %w", p.ID, err)
			}
			e.compare.heard[p.ID] = true
		}
		f.After = list[len(list)-1].Cursor()
	}
}

// askRestored asks Splynx about money, and the gateway about everything else. What comes of
// it is stored; the worker goes on from there. A payment that ends up in flight blocks its
// document and needs no more; any other one has to be heard on.
func (e *Engine) askRestored(ctx context.Context, g *Generation, p *Payment) error {
	if p.HasMoney() {
		_, err := e.search(ctx, g, p)
		return err
	}
	if p.PxPostUser == "" { // nobody could ever be asked about it
		g.logger().Warn("restored journal has a page that nobody can be asked about: windcave pxpost is not configured", describe(p)...)
		return nil
	}
	if e.now().Sub(p.CreatedAt) < pageLooks[0]/2 {
		return errors.New("its page is too young to be asked about")
	}
	v, err := e.status(ctx, g, p)
	if errors.Is(err, ErrNoCredentials) {
		return e.parkUnasked(ctx, g, p, err) // which blocks its document until they are back
	}
	if err == nil {
		if p, err = e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) { return e.apply(q, v, "", byStatusSource) }); err != nil {
			return err
		}
		if p.InFlight() || heard(v) {
			return nil
		}
		err = fmt.Errorf("%w (PxPost user %q, code %q)", errUnheard, p.PxPostUser, v.Code)
	}
	if e.now().Sub(p.CreatedAt) > tokenLife { // as long as anything is asked about
		g.logger().Error("page of a restored journal is given up: the gateway never told what became of it; look it up there", append(describe(p), zap.Error(err))...)
		return nil
	}
	return err
}

// heard tells that an answer of Status says what became of a payment, as far as Status knows
// it. A refusal of our credentials and an outcome that is not known yet say nothing.
func heard(v windcave.Verdict) bool {
	return v.Outcome == windcave.Approved || v.Outcome == windcave.Declined || v.NotFound
}

// parkBehind parks what stands in Splynx as paid while the journal knows of no money, and
// nobody can be asked: the journal is older than the booking, and the document must not be
// charged again.
func (e *Engine) parkBehind(ctx context.Context, g *Generation, all []behind) error {
	for _, b := range all {
		p, err := e.store.Get(ctx, b.id)
		if err != nil {
			return err
		}
		if p.HasMoney() || p.State == Parked {
			continue
		}
		v, err := e.status(ctx, g, p)
		if err != nil && !errors.Is(err, ErrNoCredentials) {
			g.logger().Warn("gateway could not be asked about a payment", append(describe(p), zap.Error(err))...)
		}
		if _, err := e.change(ctx, g, b.id, func(q *Payment) (Writes, error) {
			w, err := e.apply(q, v, "", byStatusSource)
			if err != nil || q.HasMoney() || q.State == Parked {
				return w, err
			}
			ev, err := q.move(Parked, ReasonBookedNoMoney, fmt.Sprintf("payment %d in Splynx carries its number", b.row), "engine", e.now())
			e.rest(q, e.now())
			w.Events = append(w.Events, ev)
			return w, err
		}); err != nil {
			return err
		}
	}
	return nil
}
