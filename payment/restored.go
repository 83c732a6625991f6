package payment

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
)

// askUnfinished asks once about everything that a restored journal calls unfinished: the one
// that went on after the backup may have seen the page paid, and the money booked.
func (e *Engine) askUnfinished(ctx context.Context, g *Generation) error {
	f := Filter{States: []State{Created, Offered, Approved, Parked}}
	for {
		list, err := e.store.Find(ctx, f)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range list {
			if p.Site != "" && p.Site != g.Settings.PublicURL {
				continue
			}
			if err := e.askRestored(ctx, g, p); err != nil {
				return fmt.Errorf("ask what became of payment %s since the backup: %w", p.ID, err)
			}
		}
		f.After = list[len(list)-1].Cursor()
	}
}

// askRestored asks Splynx about money, and the gateway about everything else. What comes of
// it is stored; the worker goes on from there.
func (e *Engine) askRestored(ctx context.Context, g *Generation, p *Payment) error {
	if p.HasMoney() {
		_, err := e.search(ctx, g, p)
		return err
	}
	if p.PxPostUser != "" && e.now().Sub(p.CreatedAt) < pageLooks[0]/2 {
		return errors.New("its page is too young to be asked about")
	}
	v, err := e.status(ctx, g, p)
	if errors.Is(err, ErrNoCredentials) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) { return e.apply(q, v, "", byStatusSource) })
	return err
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
