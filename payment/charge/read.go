package charge

import (
	"context"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Get reads a run. ErrNotFound.
func (r *Runs) Get(ctx context.Context, id payment.ID) (*Run, error) { return r.store.Run(ctx, id) }

// List lists runs, newest first.
func (r *Runs) List(ctx context.Context, f RunFilter) ([]*Run, error) { return r.store.Runs(ctx, f) }

// Events reads a run's history, oldest first.
func (r *Runs) Events(ctx context.Context, id payment.ID) ([]Event, error) {
	return r.store.RunEvents(ctx, id)
}

// Items lists items of a run in their order, from the first whose Seq is above after; a limit of
// 0 is 100.
func (r *Runs) Items(ctx context.Context, run payment.ID, f ItemFilter, after int64, limit int) ([]Item, error) {
	if limit == 0 {
		limit = 100
	}
	return r.store.RunItems(ctx, run, f, after, limit)
}

// Sums adds up the items of a run by state, reason, class and currency. It costs the same however
// many items there are.
func (r *Runs) Sums(ctx context.Context, run payment.ID) ([]Sum, error) {
	return r.store.RunSums(ctx, run)
}

// Progress is how far a run has come.
type Progress struct {
	Run       *Run          `json:"run"`
	Sums      []Sum         `json:"sums"`
	Left      int64         `json:"left"`       // planned, not begun
	UnderWay  int64         `json:"under_way"`  // the gateway is being asked
	Approved  int64         `json:"approved"`   // money was taken and is kept, whether recorded yet or not
	Declined  int64         `json:"declined"`   //
	Unknown   int64         `json:"unknown"`    // or before a person
	Failed    int64         `json:"failed"`     // begun, and surely nothing was charged, or given back
	LeftOut   int64         `json:"left_out"`   //
	PerMinute int           `json:"per_minute"` // charges ended in the last minute, or at that pace where the run goes on for less
	Remaining time.Duration `json:"remaining"`  // estimated; 0: not known
}

// Done is how many items were begun and have ended, for now.
func (p Progress) Done() int64 { return p.Approved + p.Declined + p.Unknown + p.Failed }

// Progress tells how far a run has come.
func (r *Runs) Progress(ctx context.Context, id payment.ID) (Progress, error) {
	run, err := r.store.Run(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	sums, err := r.store.RunSums(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	p := Progress{Run: run, Sums: sums, PerMinute: run.PerMinute}
	for _, s := range sums {
		switch s.State {
		case ItemPlanned:
			p.Left += s.Count
		case ItemCharging:
			p.UnderWay += s.Count
		case ItemApproved, ItemRecorded:
			p.Approved += s.Count
		case ItemDeclined:
			p.Declined += s.Count
		case ItemUnknown, ItemNeedsYou:
			p.Unknown += s.Count
		case ItemNotCharged, ItemGivenBack:
			p.Failed += s.Count
		case ItemLeftOut:
			p.LeftOut += s.Count
		}
	}
	if run.State == Running && p.PerMinute > 0 {
		p.Remaining = (time.Duration(p.Left+p.UnderWay) * time.Minute / time.Duration(p.PerMinute)).Round(time.Second)
	}
	return p, nil
}
