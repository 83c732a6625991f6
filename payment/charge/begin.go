package charge

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Automatic tells whether a schedule or the retry plan has made the run.
func (r *Run) Automatic() bool { return r.Schedule != "" || r.Class != "" }

// startWithin is how long after its day a run may start by itself: the last time of a day is one
// before midnight.
const startWithin = 2 * time.Hour

// Why a run does not start now.
var (
	errOthers   = errors.New("another run is open")
	errTooLarge = errors.New("the run is above its limit")
)

// startsItself starts a planned run that was made to start by itself, lets it wait for what ends
// by itself, or leaves it to a person.
func (r *Runs) startsItself(g *payment.Generation, run *Run) error {
	a := r.o.Automatic(g)
	why, final, err := r.hindered(g, a, run)
	if err != nil {
		return err
	}
	late := r.late(g, run)
	if why == "" && !late {
		if why, final, err = r.startsNow(run, a.limit(run)); why == "" {
			delete(r.waits, run.ID)
			return err
		}
	}
	if final || late {
		delete(r.waits, run.ID)
		return r.leavesToPerson(run, cmp.Or(why, WhyTooLate))
	}
	if r.waits[run.ID] != why {
		r.waits[run.ID] = why
		logger(g).Warn("charge run waits to start by itself", describe(run, zap.String("for", string(why)))...)
	}
	return nil
}

// startsNow starts a run unless another one is open by now, or somebody has taken more into it. It
// tells why it did not, as hindered does.
func (r *Runs) startsNow(run *Run, limit Limit) (why Why, final bool, err error) {
	_, err = r.start(r.ctx, run.ID, run.Who, func(q *Run, open []*Run, sums []Sum) error {
		if limit.Exceeded(ToCharge(sums)) {
			return errTooLarge
		}
		if len(open) > 0 {
			return errOthers
		}
		if !q.Starts {
			return ErrMove
		}
		return nil
	})
	switch {
	case errors.Is(err, errTooLarge):
		return WhyTooLarge, true, nil
	case errors.Is(err, errOthers):
		return WhyOtherOpen, false, nil
	case errors.Is(err, ErrMove): // a person was faster
		return "", false, nil
	}
	return "", false, err
}

// hindered tells why a run cannot start by itself, and whether that ends only by a person.
func (r *Runs) hindered(g *payment.Generation, a Automatic, run *Run) (why Why, final bool, err error) {
	if !a.starts(run) {
		return WhyTurnedOff, true, nil
	}
	if lost, err := r.lostSince(g, run); lost || err != nil {
		return WhyRestored, true, err
	}
	if stated, err := r.HandlerOff(r.ctx); stated == nil || err != nil {
		return WhyHandlerOn, true, err
	}
	sums, err := r.store.RunSums(r.ctx, run.ID)
	if err != nil {
		return "", false, err
	}
	if a.limit(run).Exceeded(ToCharge(sums)) {
		return WhyTooLarge, true, nil
	}
	switch err := r.pay.Trusted(r.ctx); {
	case errors.Is(err, payment.ErrHeld):
		return WhyHeld, false, nil
	case errors.Is(err, payment.ErrJournalOld):
		return WhyJournalOld, true, nil
	case err != nil:
		return "", false, err
	}
	open, err := r.store.Runs(r.ctx, RunFilter{States: OpenStates(), Limit: 1})
	if len(open) > 0 {
		return WhyOtherOpen, false, err
	}
	return "", false, err
}

// starts tells whether a run is still to start by itself.
func (a Automatic) starts(run *Run) bool {
	if run.Class != "" {
		return a.Retry.has(run.Class)
	}
	return slices.ContainsFunc(a.Schedules, func(s AutoCharge) bool { return s.Name == run.Schedule && s.Start == ByItself })
}

// lostSince tells whether the journal was put back from a backup that may not know what the run
// would do again: on the day of a schedule's run, or after the first run whose declines a retry
// charges.
func (r *Runs) lostSince(g *payment.Generation, run *Run) (bool, error) {
	at, err := r.putBack(r.ctx)
	if err != nil || at.IsZero() {
		return false, err
	}
	if run.Class == "" {
		return !dayOf(at, zone(g)).Before(dayOf(run.CreatedAt, zone(g))), nil
	}
	of, err := r.store.Run(r.ctx, run.Of)
	return err == nil && at.After(of.CreatedAt), err
}

// late tells whether the run's day is over.
func (r *Runs) late(g *payment.Generation, run *Run) bool {
	return r.now().Sub(run.CreatedAt) > startWithin && dayOf(r.now(), zone(g)) != dayOf(run.CreatedAt, zone(g))
}

// leavesToPerson has a planned run not start by itself any more.
func (r *Runs) leavesToPerson(run *Run, why Why) error {
	_, err := r.change(r.ctx, run.ID, func(q *Run) (Writes, error) {
		if q.State != Planned || !q.Starts {
			return Writes{}, nil
		}
		q.Starts = false
		return Writes{Events: []Event{q.stay(Event{At: r.now(), Why: why, Who: "engine"})}}, nil
	})
	return err
}
