package charge

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// batch is how many charges are claimed together.
func (w *runner) batch() int {
	n := min(w.o.Concurrency, chunk)
	if w.limit != nil { // what is claimed does not wait for the rate
		n = 1
	}
	return n
}

// chargeReady charges what is handed to it. Until the bank has decided on a first charge, only
// as many are tried at a time as may fail in a row.
func (w *runner) chargeReady(ctx context.Context, n int) {
	if n > 0 {
		select {
		case <-w.breaker.proven:
		case <-ctx.Done():
		case <-w.fed:
		}
	}
	for some := range w.ready {
		for len(some.items) > 0 && ctx.Err() == nil { // else what was handed on is planned still
			if w.limit != nil && w.limit.Wait(ctx) != nil {
				return
			}
			some = w.chargeSome(ctx, some)
		}
	}
}

// lookFresh is how old the look at items may be when they are claimed: a slow run looks at each
// again.
const lookFresh = 5 * time.Second

// chargeSome charges as many as may be claimed now, one of each customer, and returns the rest.
func (w *runner) chargeSome(ctx context.Context, some batch) batch {
	now, later := apart(some.items)
	n := len(now)
	if !w.breaker.isProven() {
		n = min(n, w.o.StopAfter)
	}
	n = w.gate.enter(n)
	defer w.gate.leave(n)
	if w.now().Sub(some.at) > lookFresh {
		seen, err := w.anew(ctx, some.items)
		if err != nil {
			if ctx.Err() == nil {
				w.pause(whyFails(err), err)
			}
			return batch{}
		}
		some = seen
		now, later = apart(seen.items)
		n = min(n, len(now))
	}
	if in := w.stillIn(ctx, now[:n]); len(in) > 0 && ctx.Err() == nil {
		w.safely(ctx, in)
	}
	return batch{append(now[n:], later...), some.at}
}

// stillIn leaves out whom somebody keeps out of runs since the look, and returns the others.
func (w *runner) stillIn(ctx context.Context, items []Item) (in []Item) {
	kept, err := w.whoIsKept(ctx)
	if err != nil {
		return nil // planned still, and tried again
	}
	for _, i := range items {
		if out := kept.out(w.run, i.Customer, i.Partner); out != "" {
			w.leave(ctx, i, out)
		} else {
			in = append(in, i)
		}
	}
	return in
}

// turn has a charge that was claimed wait for a place at the gateway. It goes on though somebody
// has paused the run meanwhile, or the process ends, unless all others would fare no better.
func (w *runner) turn(context.Context) (func(), error) {
	w.places <- struct{}{}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused {
		<-w.places
		return nil, errPaused
	}
	return func() { <-w.places }, nil
}

// errPaused tells that the run has paused by itself.
var errPaused = errors.New("the charge run has paused")

// safely charges items. A panic is an error like any other: what was written stands.
func (w *runner) safely(ctx context.Context, items []Item) {
	defer func() {
		if cause := recover(); cause != nil {
			logger(w.g).Error("a charge of a run panicked", describe(w.run, zap.Int64("item", items[0].Seq), zap.ByteString("stack", debug.Stack()))...)
			w.troubled(ctx, items[0], fmt.Errorf("a charge panicked: %v", cause))
		}
	}()
	w.charge(ctx, items)
}

// charge begins charges. Whoever else is at the same items: there is one payment for each.
func (w *runner) charge(ctx context.Context, items []Item) {
	starts := make([]payment.Start, len(items))
	for n, i := range items {
		starts[n] = payment.Start{
			Kind: payment.KindInvoice, Origin: payment.OriginRun, Partner: i.Partner, Customer: i.Customer, DocumentID: i.DocumentID, DocumentNumber: i.Number,
			Amount: i.Amount, Card: i.Card, FormKey: i.formKey(), Who: "run " + string(i.Run), Run: string(i.Run), Item: i.Seq,
		}
		if w.run.Sort == Balances {
			starts[n].Kind = payment.KindTopUp
		}
	}
	faultpoint.Hit("run_charge")
	err := w.pay.ChargeMany(context.WithoutCancel(ctx), starts, w.turn, func(n int, p *payment.Payment, err error) {
		faultpoint.Hit("run_charged")
		if err != nil {
			w.notBegun(ctx, items[n], err)
			return
		}
		w.moved.Store(true)
		w.pace.count(w.now())
		w.changed(w.id)
		w.heard(p)
		if why := w.breaker.note(p); why != "" {
			w.pause(why, nil)
		}
	})
	if err != nil {
		w.notBegun(ctx, items[0], err)
	}
}

// heard notes how the gateway keeps up with the charges.
func (w *runner) heard(p *payment.Payment) {
	switch {
	case p.State == payment.Unknown:
		claimed := w.gate.unclear()
		logger(w.g).Warn("the gateway did not say what became of a charge; fewer are sent at a time", describe(w.run, zap.String("payment", string(p.ID)), zap.Int("claimed", claimed))...)
	case p.State == payment.Declined, p.HasMoney():
		w.gate.answered()
	}
}

// notBegun looks at an error of a charge. Most say that nothing was begun, and why.
func (w *runner) notBegun(ctx context.Context, i Item, err error) {
	switch {
	case errors.Is(err, payment.ErrInFlight):
		w.leave(ctx, i, OutInFlight)
	case errors.Is(err, payment.ErrCardDead):
		w.leave(ctx, i, OutHardDecline)
	case errors.Is(err, payment.ErrTriedEnough):
		w.leave(ctx, i, OutTriedEnough)
	case errors.Is(err, payment.ErrNoPartner):
		w.leave(ctx, i, OutNoPartner)
	case errors.Is(err, payment.ErrCurrency):
		w.leave(ctx, i, OutCurrency)
	case errors.Is(err, payment.ErrNoCredentials):
		w.leave(ctx, i, OutNoCredentials)
		if why := w.breaker.fails(WhyConfig); why != "" {
			w.pause(why, err)
		}
	case errors.Is(err, payment.ErrJournalOld):
		w.pause(WhyJournalOld, err)
	case errors.Is(err, ErrHalted): // by somebody, on whatever node
		w.halt(errFenced)
	case errors.Is(err, payment.ErrNoGeneration), errors.Is(err, payment.ErrHeld), errors.Is(err, payment.ErrStopped):
		w.halt(err) // goes on at the next start, or once it can
	case errors.Is(err, ErrNotPlanned), errors.Is(err, payment.ErrFormChanged): // somebody else has begun it, or left it out
	default:
		w.troubled(ctx, i, err)
	}
}

// troubled counts an error that says nothing of the charge: a payment that was written stands in
// the item, and what was not is planned still.
func (w *runner) troubled(ctx context.Context, i Item, err error) {
	if ctx.Err() != nil {
		return
	}
	logger(w.g).Warn("a charge of a run could not be begun; it is tried again", describe(w.run, zap.Int64("item", i.Seq), zap.Error(err))...)
	if why := w.breaker.fails(whyFails(err)); why != "" {
		w.pause(why, err)
	}
}

func (w *runner) leave(ctx context.Context, i Item, out Out) {
	w.moved.Store(true)
	_, err := w.held(context.WithoutCancel(ctx), func(*Run) (Writes, error) { return Writes{Leave: []Leaving{{i.Seq, out}}}, nil })
	if err != nil && !errors.Is(err, errFenced) {
		w.troubled(ctx, i, err)
	}
}
