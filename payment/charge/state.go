package charge

import (
	"fmt"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// State is where a run stands.
type State string

// The states of a run; doc.go draws how they follow one another.
const (
	Planning State = "planning"
	Planned  State = "planned" // a person looks at the preview
	Running  State = "running"
	Paused   State = "paused"
	Waiting  State = "waiting" // for a person, whatever happens
	Stopped  State = "stopped"
	Done     State = "done" // everything was begun; outcomes may still come
	Failed   State = "failed"
)

// Why is a key that says why a run moved; the words for people are the pages'.
type Why string

// The reasons of a run's moves.
const (
	WhyAsked      Why = "asked" // by a person, a command, a schedule
	WhyPlanned    Why = "planned"
	WhyAllBegun   Why = "all_begun"
	WhyNotMoved   Why = "not_moved" // for 12 h
	WhyRestored   Why = "journal_restored"
	WhyJournalOld Why = "journal_old"

	// Of a planned run that was to start by itself.
	WhyHandlerOn Why = "handler_not_stated" // that Splynx charges nothing by itself
	WhyOtherOpen Why = "other_run_open"
	WhyTurnedOff Why = "turned_off" // what has made it is not configured any more
	WhyTooLate   Why = "too_late"   // its day is over
	WhyHeld      Why = "journal_held"
	WhyTooLarge  Why = "above_limit" // of its schedule

	WhyConfig      Why = "configuration_errors"
	WhyUnreachable Why = "gateway_unreachable"
	WhyUnknown     Why = "unknown_outcomes"
	WhyNotBooked   Why = "not_booked" // Splynx does not take the payments of the run
	WhySplynxDown  Why = "splynx_down"
	WhySplynxNo    Why = "splynx_refused" // access, or a search it does not honour
	WhyNoAccount   Why = "no_card_account"
	WhyErrors      Why = "errors" // of any other kind; the log has them
)

// table is the only list of the moves that a run can make.
var table = map[State][]State{
	Planning: {Planned, Failed, Stopped},
	Planned:  {Running, Stopped},
	Running:  {Paused, Waiting, Stopped, Done},
	Paused:   {Running, Waiting, Stopped},
	Waiting:  {Running, Stopped},
}

// OpenStates lists the states of runs that were started and have not ended.
func OpenStates() []State { return []State{Running, Paused, Waiting} }

// Event is one move of a run. It is never changed.
type Event struct {
	Run  payment.ID `json:"run"`
	At   time.Time  `json:"at"`
	From State      `json:"from"`
	To   State      `json:"to"`
	Why  Why        `json:"why"`
	Note string     `json:"note,omitempty"`
	Who  string     `json:"who"`
	Node string     `json:"node"`
}

// move is the only place where a run's state changes. It returns the event to append.
func (r *Run) move(to State, e Event) (Event, error) {
	if !slices.Contains(table[r.State], to) {
		return Event{}, fmt.Errorf("%w: run %s is %s, and cannot become %s", ErrMove, r.ID, r.State, to)
	}
	e.Run, e.From, e.To = r.ID, r.State, to
	r.State, r.Why, r.MovedAt = to, e.Why, e.At
	switch {
	case to == Planned:
		r.PlannedAt = e.At
	case to == Running && r.StartedAt.IsZero():
		r.StartedAt = e.At
	case r.Ended():
		r.EndedAt, r.Unseen = e.At, to == Failed && r.Automatic()
	}
	if to != Running {
		r.PerMinute = 0
	}
	if to != Planning && to != Running { // whoever worked at it has to see that it is over
		r.LeaseOwner, r.LeaseUntil = "", time.Time{}
		r.Fence++
	}
	return e, nil
}

// stay notes why a run stays where it is. It returns the event to append.
func (r *Run) stay(e Event) Event {
	e.Run, e.From, e.To = r.ID, r.State, r.State
	r.Why = e.Why
	return e
}

// see notes that a person knows of a run that has failed. It returns the event to append.
func (r *Run) see(e Event) Event {
	r.Unseen = false
	e.Run, e.From, e.To = r.ID, r.State, r.State
	return e
}

// PutBack has a run of a journal that was put back from a backup wait for a person: what it has
// charged since stands in it as planned. It returns the event to append; false: it is not open.
func (r *Run) PutBack(e Event) (Event, bool) {
	e.Why, e.Who = WhyRestored, "engine"
	if !r.Open() {
		return Event{}, false
	}
	r.LeaseOwner, r.LeaseUntil = "", time.Time{}
	if r.State == Waiting {
		return r.stay(e), true
	}
	e, err := r.move(Waiting, e)
	return e, err == nil
}
