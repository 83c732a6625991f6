package charge

import (
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Sort says what a run charges.
type Sort string

// The sorts of runs. They claim the same money, so runs of both are never under way together.
const (
	Invoices Sort = "invoices" // unpaid invoices, by what is due on each
	Balances Sort = "balances" // what the account owes, to the account
)

// Source says what made a run.
type Source string

// The sources of runs.
const (
	Administrator Source = "administrator"
	Command       Source = "command"
	Schedule      Source = "schedule"
	Retry         Source = "retry"
)

// Filter selects what a run is about; zero fields select all. Of an invoice run all of it
// counts, of a balance run what is said of customers and amounts.
type Filter struct {
	Issued           splynx.Days `json:"issued,omitzero"`     // both days count
	DueWithin        splynx.Days `json:"due_within,omitzero"` // by the last day to pay
	Statuses         []string    `json:"statuses,omitempty"`  // of invoices. Default: not_paid; others set to pending are shown, and left out
	Numbers          []string    `json:"numbers,omitempty"`   // of invoices
	Partners         []int64     `json:"partners,omitempty"`
	Location         int64       `json:"location,omitempty"`
	PaymentMethod    int64       `json:"payment_method,omitempty"`    // the customer's, by its id in Splynx
	CustomerStatuses []string    `json:"customer_statuses,omitempty"` // new, active or blocked; disabled ones are always left out
	Customers        []int64     `json:"customers,omitempty"`
	From             string      `json:"from,omitempty"` // least amount, in the major unit of whatever currency
	To               string      `json:"to,omitempty"`   // highest amount
}

// Run is one charge run. It holds nothing of its customers; its items name them by id.
type Run struct {
	ID      payment.ID `json:"id"`
	FormKey string     `json:"form_key,omitempty"` // unique in the journal: pressed twice is one run
	Sort    Sort       `json:"sort"`
	Filter  Filter     `json:"filter"`
	// Partners whose customers the starter may see; nil: all.
	Partners      []int64    `json:"partners"`
	DespiteCredit bool       `json:"despite_credit,omitempty"` // charge though the customer's credit covers it
	Source        Source     `json:"source"`
	Who           string     `json:"who"`                // who made it
	Of            payment.ID `json:"of,omitempty"`       // the run whose failed charges it makes again
	Schedule      string     `json:"schedule,omitempty"` // the name of the schedule that has made it
	Class         string     `json:"class,omitempty"`    // made by the retry plan: of the charges of Of that were declined, those of this windcave.Class
	Starts        bool       `json:"starts,omitempty"`   // it is to start by itself, once planned
	Unseen        bool       `json:"unseen,omitempty"`   // made by itself, it has failed, and nobody has said that they know

	State State `json:"state"`
	Why   Why   `json:"why,omitempty"` // why it is in State

	CreatedAt time.Time `json:"created_at"`
	PlannedAt time.Time `json:"planned_at,omitzero"`
	StartedAt time.Time `json:"started_at,omitzero"`
	MovedAt   time.Time `json:"moved_at"` // when something of it was last done
	EndedAt   time.Time `json:"ended_at,omitzero"`

	Revision  int64  `json:"revision,omitempty"`   // of the plan: grows whenever somebody ticks off or on
	Items     int64  `json:"items"`                // written so far; their Seq are 1 to Items
	Cursor    Cursor `json:"cursor,omitzero"`      // how far the planning has come
	PerMinute int    `json:"per_minute,omitempty"` // charges ended in the last minute, or at that pace where it is younger
	Sweep     bool   `json:"sweep,omitempty"`      // stopped, and what was not begun is still to be left out

	LeaseOwner string    `json:"lease_owner,omitempty"`
	LeaseUntil time.Time `json:"lease_until,omitzero"`
	Fence      int64     `json:"fence"` // grows with each claim
}

// Cursor is how far a planning has come.
type Cursor struct {
	Query int   `json:"query,omitempty"` // of several, the one it is at
	After int64 `json:"after,omitempty"` // the last id that is planned
}

// Ended tells whether the run is at an end.
func (r *Run) Ended() bool { return len(table[r.State]) == 0 }

// Open tells whether the run was started and has not ended: it may hold the money of others.
func (r *Run) Open() bool { return slices.Contains(OpenStates(), r.State) }

// Work tells whether something is to be done for it by itself.
func (r *Run) Work() bool {
	return r.State == Planning || r.State == Planned && r.Starts || r.State == Running || r.State == Paused || r.Sweep
}

// Stands tells whether the run waits for a person although none has halted it: Why says for what.
func (r *Run) Stands() bool {
	switch r.State {
	case Planning: // it is tried again, and does not get on
		return r.Why != WhyAsked && r.Why != ""
	case Planned: // it was to start by itself
		return r.Why != WhyPlanned && r.Why != WhyAsked
	case Paused:
		return r.Why != WhyAsked
	case Waiting:
		return true
	case Failed:
		return r.Unseen
	case Running, Stopped, Done:
	}
	return false
}

// VisibleTo tells whether somebody who may see customers of these partners (nil: all) may see
// the run.
func (r *Run) VisibleTo(partners []int64) bool {
	if partners == nil {
		return true
	}
	of := r.Partners
	if of == nil {
		of = r.Filter.Partners
	}
	return len(of) > 0 && !slices.ContainsFunc(of, func(p int64) bool { return !slices.Contains(partners, p) })
}
