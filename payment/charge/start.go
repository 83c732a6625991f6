package charge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// StartOptions is what a person confirms.
type StartOptions struct {
	Seen       []Sum // what the confirm step has shown: ToCharge of the sums
	Revision   int64 // of the plan that it has shown; 0: only the sums are compared
	HandlerOff bool  // the person states that Splynx's own charge handler and auto-charge are off
}

// markHandlerOff names the mark of who has stated that Splynx charges nothing by itself.
const markHandlerOff = "charge handler off"

// Statement is what somebody has stated, once for the journal.
type Statement struct {
	Who string    `json:"who"`
	At  time.Time `json:"at"`
}

// HandlerOff tells who has stated that Splynx's own charge handler and auto-charge are off; nil:
// nobody yet, and the next start has to.
func (r *Runs) HandlerOff(ctx context.Context) (*Statement, error) {
	text, err := r.store.Mark(ctx, markHandlerOff)
	if err != nil || text == "" {
		return nil, err
	}
	s := new(Statement)
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, fmt.Errorf("read who has stated that splynx's charge handler is off: %w", err)
	}
	return s, nil
}

func (r *Runs) stateHandlerOff(ctx context.Context, who string, off bool) error {
	s, err := r.HandlerOff(ctx)
	if err != nil || s != nil {
		return err
	}
	if !off {
		return ErrHandlerOn
	}
	text, err := json.Marshal(Statement{Who: who, At: r.now()})
	if err != nil {
		return err
	}
	return r.store.SetMark(ctx, markHandlerOff, string(text))
}

// Start has a planned run charged. A run that was started already is given back as it is.
// ErrPlanChanged if what was seen is not the plan, ErrOtherSort, ErrHandlerOn, ErrMove; the
// engine's ErrHeld and ErrJournalOld.
func (r *Runs) Start(ctx context.Context, id payment.ID, who string, o StartOptions) (*Run, error) {
	if run, err := r.store.Run(ctx, id); err != nil || !run.StartedAt.IsZero() {
		return run, err
	}
	if err := r.pay.Trusted(ctx); err != nil {
		return nil, err
	}
	if err := r.stateHandlerOff(ctx, who, o.HandlerOff); err != nil {
		return nil, err
	}
	return r.start(ctx, id, who, func(run *Run, open []*Run, sums []Sum) error {
		if !sameSums(o.Seen, ToCharge(sums)) || o.Revision != 0 && o.Revision != run.Revision {
			return ErrPlanChanged
		}
		for _, other := range open {
			if other.Sort != run.Sort {
				return fmt.Errorf("%w: %s", ErrOtherSort, other.ID)
			}
		}
		return nil
	})
}

// start starts a planned run, unless check refuses. ErrMove.
func (r *Runs) start(ctx context.Context, id payment.ID, who string, check func(run *Run, open []*Run, sums []Sum) error) (*Run, error) {
	var w Writes
	run, err := r.store.StartRun(ctx, id, func(run *Run, open []*Run, sums []Sum) (Writes, error) {
		w = Writes{}
		if !run.StartedAt.IsZero() { // pressed twice
			return w, nil
		}
		if run.State != Planned {
			return w, fmt.Errorf("%w: run %s is %s", ErrMove, run.ID, run.State)
		}
		err := check(run, open, sums)
		if err != nil {
			return w, err
		}
		w, err = r.step(run, Running, WhyAsked, "", who)
		w = r.signed(w)
		return w, err
	})
	if err != nil {
		return nil, err
	}
	r.tell(run, w)
	r.poke()
	return run, nil
}

// sameSums compares what is to be charged, whatever the order.
func sameSums(a, b []Sum) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x Sum) bool {
		return !slices.ContainsFunc(b, func(y Sum) bool { return x.Count == y.Count && x.Amount.Equal(y.Amount) })
	})
}

// TickOff leaves items of a planned run out, or takes them in again. What is left out for
// another reason stays so.
func (r *Runs) TickOff(ctx context.Context, id payment.ID, seqs []int64, off bool) (*Run, error) {
	return r.change(ctx, id, func(run *Run) (Writes, error) {
		if run.State != Planned {
			return Writes{}, fmt.Errorf("%w: run %s is %s", ErrMove, run.ID, run.State)
		}
		run.Revision++
		var w Writes
		for _, seq := range seqs {
			if off {
				w.Leave = append(w.Leave, Leaving{Seq: seq, Out: OutTickedOff})
			} else {
				w.TickOn = append(w.TickOn, seq)
			}
		}
		return w, nil
	})
}

// Pause has a running run begin nothing more; what is under way is finished.
func (r *Runs) Pause(ctx context.Context, id payment.ID, who, note string) (*Run, error) {
	return r.asked(ctx, id, Paused, note, who)
}

// Resume has a paused or waiting run go on. The engine's ErrHeld and ErrJournalOld.
func (r *Runs) Resume(ctx context.Context, id payment.ID, who, note string) (*Run, error) {
	if err := r.pay.Trusted(ctx); err != nil {
		return nil, err
	}
	return r.asked(ctx, id, Running, note, who)
}

// Stop ends a run: what is under way is finished, and what was not begun is left out. Of a run that
// was made by itself and has failed it says that somebody knows: it does not stand any more.
func (r *Runs) Stop(ctx context.Context, id payment.ID, who, note string) (*Run, error) {
	return r.asked(ctx, id, Stopped, note, who)
}

// asked moves a run because a person asks for it. Asked twice does no harm.
func (r *Runs) asked(ctx context.Context, id payment.ID, to State, note, who string) (*Run, error) {
	run, err := r.change(ctx, id, func(run *Run) (Writes, error) {
		if run.State == to {
			return Writes{}, nil
		}
		if to == Stopped && run.State == Failed && run.Automatic() {
			if !run.Unseen {
				return Writes{}, nil
			}
			return Writes{Events: []Event{run.see(Event{At: r.now(), Why: WhyAsked, Note: clip(note), Who: who})}}, nil
		}
		if run.State == Planned && to == Running {
			return Writes{}, fmt.Errorf("%w: run %s was not started yet", ErrMove, run.ID)
		}
		w, err := r.step(run, to, WhyAsked, note, who)
		if to == Stopped {
			run.Sweep = true
			w.LeaveNext, w.LeaveWhy = sweepBatch, OutStopped
		}
		return w, err
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	if j := r.jobs[id]; j != nil && to != Running {
		j.halt(errFenced)
	}
	r.mu.Unlock()
	r.poke()
	return run, nil
}
