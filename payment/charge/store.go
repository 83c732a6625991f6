package charge

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Errors that callers tell apart with errors.Is.
var (
	ErrNotFound    = errors.New("no such charge run")
	ErrFormKeyUsed = errors.New("form key is used already")
	ErrFormChanged = errors.New("this form was sent before with other values")
	ErrMove        = errors.New("the charge run is not in a state for that")
	ErrPlanChanged = errors.New("the plan is not what was seen any more")
	ErrOtherSort   = errors.New("a run of the other sort is under way, which may charge the same money")
	ErrHandlerOn   = errors.New("nobody has stated that splynx's own charge handler and auto-charge are off")
	ErrFilter      = errors.New("the filter cannot be")

	// Of a payment that is written for an item.
	ErrHalted     = errors.New("the charge run is not running")
	ErrNotPlanned = errors.New("the item is not planned any more")
)

// Store keeps runs and their items beside the payments. What it writes is durable when a method
// returns; an error means that the caller must act as if it were not, and read again.
//
// It also promises what payment.Store's methods do for a payment with Run and Item. Create
// refuses it (ErrHalted, ErrNotPlanned) unless that run is running and that item planned and
// without a payment; it and Change write the payment's state into the item, in the same
// transaction. A payment of a run that is not there is taken as any other.
type Store interface {
	// CreateRun writes a new run. ErrFormKeyUsed.
	CreateRun(ctx context.Context, r *Run, e Event) error
	// ChangeRun reads the run, lets fn alter it, and writes it with what fn returns, all or
	// nothing. fn may run more than once and must only look at its argument. An error of fn is
	// returned as it is, and nothing is written.
	ChangeRun(ctx context.Context, id payment.ID, fn func(*Run) (Writes, error)) (*Run, error)
	// StartRun is ChangeRun for what also has to see the other runs that are open, and the sums
	// of the run as they stand, in the same transaction.
	StartRun(ctx context.Context, id payment.ID, fn func(r *Run, open []*Run, sums []Sum) (Writes, error)) (*Run, error)

	Run(ctx context.Context, id payment.ID) (*Run, error)
	RunByFormKey(ctx context.Context, key string) (*Run, error)
	// Runs lists runs, newest first.
	Runs(ctx context.Context, f RunFilter) ([]*Run, error)
	RunEvents(ctx context.Context, id payment.ID) ([]Event, error)

	// RunItems lists items of a run whose Seq is above after, in their order.
	RunItems(ctx context.Context, run payment.ID, f ItemFilter, after int64, limit int) ([]Item, error)
	// RunSums adds up the items of a run, in the order of state, reason, class and currency.
	RunSums(ctx context.Context, run payment.ID) ([]Sum, error)

	payment.Marks
	payment.Acts
}

// Writes is what goes into the journal together with a changed run.
type Writes struct {
	Events []Event
	Add    []Item // new items; their Seq follow the last one's
	// What is planned, has no payment and is left out now. What is in it and is not so any more
	// is passed over.
	Leave []Leaving
	// Seqs of what is left out as OutTickedOff, and is planned again.
	TickOn []int64
	// LeaveNext leaves out the next so many of what is planned, for LeaveWhy.
	LeaveNext int
	LeaveWhy  Out
	At        time.Time // when items moved
}

// Leaving is an item that is left out.
type Leaving struct {
	Seq int64
	Out Out
}

// RunFilter selects runs; zero fields select all.
type RunFilter struct {
	States []State
	Source Source
	Work   bool // something is to be done for them by itself
	Since  time.Time
	Until  time.Time
	After  RunCursor // what comes after that run in the list: its next page
	Limit  int       // 0: 100
}

// RunCursor is a run's place in a list.
type RunCursor struct {
	CreatedAt time.Time
	ID        payment.ID
}

// Place is r's place in a list.
func (r *Run) Place() RunCursor { return RunCursor{r.CreatedAt, r.ID} }

// ItemFilter selects items of a run; zero fields select all.
type ItemFilter struct {
	State    ItemState
	Out      Out
	Class    string
	Currency string
	Customer int64
	Before   time.Time // last moved before
}
