package charge

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// change is Store.ChangeRun with the time and this node's name filled in, told to the log and to
// who watches once durable.
func (r *Runs) change(ctx context.Context, id payment.ID, fn func(*Run) (Writes, error)) (*Run, error) {
	var w Writes
	run, err := r.store.ChangeRun(ctx, id, func(run *Run) (Writes, error) {
		var err error
		w, err = fn(run)
		w = r.signed(w)
		return w, err
	})
	if err != nil {
		return nil, err
	}
	r.tell(run, w)
	return run, nil
}

func (r *Runs) signed(w Writes) Writes {
	w.At = r.now()
	for i := range w.Events {
		w.Events[i].Node = r.o.Node
	}
	return w
}

// tell writes moves to the log, and wakes who watches.
func (r *Runs) tell(run *Run, w Writes) {
	g, _ := r.pay.Current()
	for _, e := range w.Events {
		fields := describe(run, zap.String("from", string(e.From)), zap.String("note", e.Note), zap.String("who", e.Who))
		switch {
		case e.From == Planning && e.To == Planning:
			logger(g).Error("charge run is not planned yet; it is tried again until its day is over", fields...)
		case e.From == Planned && e.To == Planned:
			logger(g).Error("charge run does not start by itself: a person must start or stop it", fields...)
		case e.Who == "engine" && (e.To == Paused || e.To == Waiting):
			logger(g).Error("charge run stands still: a person must look", fields...)
		case e.To == Failed:
			logger(g).Error("charge run could not be planned", fields...)
		default:
			logger(g).Info("charge run moved", fields...)
		}
	}
	r.changed(run.ID)
}

// moves changes a run's state, by itself or for a person.
func (r *Runs) moves(ctx context.Context, id payment.ID, to State, why Why, note, who string) (*Run, error) {
	return r.change(ctx, id, func(run *Run) (Writes, error) { return r.step(run, to, why, note, who) })
}

func (r *Runs) step(run *Run, to State, why Why, note, who string) (Writes, error) {
	e, err := run.move(to, Event{At: r.now(), Why: why, Note: clip(note), Who: who})
	return Writes{Events: []Event{e}}, err
}

// clip bounds what a note may hold.
func clip(note string) string {
	const most = 500
	if runes := []rune(note); len(runes) > most {
		return string(runes[:most])
	}
	return note
}

// changed wakes who watches a run.
func (r *Runs) changed(id payment.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.watchers[id]; c != nil {
		close(c)
		delete(r.watchers, id)
	}
}

// Changed returns a channel that is closed at the next change of a run that this process makes
// or is told of by Moved. What other nodes do is only seen by looking.
func (r *Runs) Changed(id payment.ID) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.watchers[id]
	if c == nil {
		c = make(chan struct{})
		r.watchers[id] = c
	}
	return c
}

// Moved implements payment.Observer: who watches a run learns what becomes of its payments.
func (r *Runs) Moved(p *payment.Payment, _ payment.Event) {
	if p.Run != "" {
		r.changed(payment.ID(p.Run))
	}
}

// idleLimit is how long a run may stand without moving before it waits for a person: a night,
// after which nobody remembers what is about to be charged.
const idleLimit = 12 * time.Hour

// Interface guard.
var _ payment.Observer = (*Runs)(nil)
