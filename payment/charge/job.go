package charge

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// errFenced tells that the claim of a run is lost: it was taken over, or the run moved on.
var errFenced = errors.New("the claim of the run is lost")

// job is this process's work at one run.
type job struct {
	*Runs
	id    payment.ID
	g     *payment.Generation
	books Books
	run   *Run // as it was claimed; the planner keeps it up to date
	fence int64
	halt  context.CancelCauseFunc
	pace  pace
	moved atomic.Bool // something was done since the last renewal
	again bool        // asked to be taken up while this job was at it; under Runs.mu
}

// takeUp does what is to be done for a run, if nobody else does it already.
func (r *Runs) takeUp(g *payment.Generation, run *Run) error {
	if run.State == Planned {
		return r.startsItself(g, run)
	}
	r.mu.Lock()
	j := r.jobs[run.ID]
	if j != nil {
		j.again = true
	}
	r.mu.Unlock()
	if j != nil || run.LeaseUntil.After(r.now()) {
		return nil
	}
	if moved, err := r.stands(run); moved || err != nil || run.State == Paused {
		return err
	}
	owner, err := payment.NewID(r.o.Rand)
	if err != nil {
		return err
	}
	claimed, err := r.store.ChangeRun(r.ctx, run.ID, func(q *Run) (Writes, error) {
		if !q.Work() || q.State == Paused || q.LeaseUntil.After(r.now()) {
			return Writes{}, errFenced
		}
		q.LeaseOwner, q.LeaseUntil = r.o.Node+" "+string(owner), r.now().Add(r.o.Lease)
		q.Fence++
		return Writes{}, nil
	})
	if errors.Is(err, errFenced) {
		return nil
	}
	if err != nil {
		return err
	}
	r.begin(g, claimed)
	return nil
}

// stands moves a run that must not go on by itself, and tells whether it did, or whether the run
// has to wait a moment.
func (r *Runs) stands(run *Run) (bool, error) {
	if run.State == Running {
		switch err := r.pay.Trusted(r.ctx); {
		case errors.Is(err, payment.ErrHeld):
			r.soon = true
			return true, nil
		case errors.Is(err, payment.ErrJournalOld):
			return true, r.halts(run, Paused, WhyJournalOld, err.Error())
		case err != nil:
			return true, err
		}
	}
	if run.Open() && r.now().Sub(run.MovedAt) > idleLimit {
		return true, r.halts(run, Waiting, WhyNotMoved, "")
	}
	return false, nil
}

func (r *Runs) halts(run *Run, to State, why Why, note string) error {
	_, err := r.moves(r.ctx, run.ID, to, why, note, "engine")
	if errors.Is(err, ErrMove) { // somebody was faster
		return nil
	}
	return err
}

// begin works at a claimed run in the background.
func (r *Runs) begin(g *payment.Generation, run *Run) {
	ctx, halt := context.WithCancelCause(r.ctx)
	j := &job{Runs: r, id: run.ID, g: g, books: r.o.Books(g), run: run, fence: run.Fence, halt: halt, pace: pace{begun: r.now()}}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		halt(context.Canceled)
		return
	}
	r.jobs[run.ID] = j
	r.flights.Go(func() {
		renewed := make(chan struct{})
		go func() {
			defer close(renewed)
			j.renew(ctx)
		}()
		j.work(ctx)
		halt(nil)
		<-renewed
		j.release()
		r.mu.Lock()
		delete(r.jobs, run.ID)
		again := j.again
		r.mu.Unlock()
		r.changed(run.ID)
		if again || errors.Is(context.Cause(ctx), errFenced) { // it may have to go on in another way
			r.poke()
		}
	})
}

func (j *job) work(ctx context.Context) {
	defer j.guard(j.g, j.id)
	switch {
	case j.run.State == Planning:
		j.plan(ctx)
	case j.run.State == Running:
		j.chargeAll(ctx)
	case j.run.Sweep:
		j.sweep(ctx)
	}
}

// with is the configuration in force by now, and its way to Splynx: a run outlives several.
func (j *job) with() (*payment.Generation, Books) {
	if g, err := j.pay.Current(); err == nil {
		return g, j.o.Books(g)
	}
	return j.g, j.books
}

// held changes the run as long as this claim of it lasts. errFenced.
func (j *job) held(ctx context.Context, fn func(*Run) (Writes, error)) (*Run, error) {
	return j.change(ctx, j.id, func(run *Run) (Writes, error) {
		if run.Fence != j.fence {
			return Writes{}, errFenced
		}
		return fn(run)
	})
}

// renew keeps the claim until the job is over, and ends the job when the claim is lost.
func (j *job) renew(ctx context.Context) {
	tick := time.NewTicker(j.o.Lease / 12)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := j.held(ctx, func(run *Run) (Writes, error) {
			j.noteMoved(run)
			run.LeaseUntil = j.now().Add(j.o.Lease)
			return Writes{}, nil
		})
		if errors.Is(err, errFenced) {
			j.halt(errFenced)
		}
	}
}

func (j *job) noteMoved(run *Run) {
	if j.moved.Swap(false) {
		run.MovedAt = j.now()
	}
	if run.State == Running {
		run.PerMinute = j.pace.perMinute(j.now())
	}
}

// release gives the claim back, so that another node need not wait for it to lapse.
func (j *job) release() {
	_, _ = j.held(context.WithoutCancel(j.ctx), func(run *Run) (Writes, error) {
		j.noteMoved(run)
		run.LeaseOwner, run.LeaseUntil = "", time.Time{}
		return Writes{}, nil
	})
}

// sweepBatch is how many items are left out in one transaction: payments must not wait for it.
const sweepBatch = 500

// sweep leaves out what a stopped run has not begun.
func (j *job) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		left, err := j.store.RunItems(ctx, j.id, ItemFilter{State: ItemPlanned}, 0, 1)
		if err != nil {
			return
		}
		run, err := j.held(ctx, func(run *Run) (Writes, error) {
			run.Sweep = len(left) > 0
			return Writes{LeaveNext: sweepBatch, LeaveWhy: OutStopped}, nil
		})
		if err != nil || !run.Sweep {
			return
		}
	}
}
