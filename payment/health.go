package payment

import (
	"context"
	"time"
)

// Health is how the engine is doing. It holds nothing that is secret or personal.
type Health struct {
	Unfinished map[State]int `json:"unfinished"`              // how many payments are in each state that is no end
	Parked     int           `json:"parked"`                  // of these, waiting for a person
	Oldest     *Oldest       `json:"oldest_unfinished_money"` // null: none
	Unjudged   int           `json:"results_not_judged"`      // result tokens that the gateway has not been heard on
	Journal    JournalHealth `json:"journal"`
}

// Oldest is the payment that holds money, or may, and has not moved for the longest time.
type Oldest struct {
	Payment ID        `json:"payment"`
	State   State     `json:"state"`
	Since   time.Time `json:"since"`
}

// JournalHealth is how the journal is doing.
type JournalHealth struct {
	Unwritable   bool        `json:"unwritable"` // the last write has failed, and the worker pauses
	Compared     bool        `json:"compared"`   // with Splynx, since it was opened
	ComparedAt   time.Time   `json:"compared_at,omitzero"`
	CompareError string      `json:"compare_error,omitempty"` // why it is not yet
	Held         *Hold       `json:"held,omitempty"`          // no payment starts before the comparison is through
	Old          *Strangers  `json:"old,omitempty"`           // Splynx has payments of ours that it does not know
	Accepted     *Acceptance `json:"accepted,omitempty"`      // a person has said that it is to be used all the same
}

// Health tells how the engine is doing.
func (e *Engine) Health(ctx context.Context) (Health, error) {
	h := Health{Unfinished: make(map[State]int)}
	standing, err := e.store.Unfinished(ctx)
	if err != nil {
		return Health{}, err
	}
	for _, s := range standing {
		h.Unfinished[s.State] = s.Count
		money := s.State != Created && s.State != Offered
		if money && (h.Oldest == nil || s.Since.Before(h.Oldest.Since)) {
			h.Oldest = &Oldest{Payment: s.Oldest, State: s.State, Since: s.Since}
		}
	}
	h.Parked = h.Unfinished[Parked]
	if h.Unjudged, err = e.store.UnjudgedTokens(ctx); err != nil {
		return Health{}, err
	}
	h.Journal, err = e.journalHealth(ctx)
	return h, err
}

func (e *Engine) journalHealth(ctx context.Context) (j JournalHealth, err error) {
	j.Unwritable = e.trouble.lasts()
	j.Compared = e.compare.done()
	e.compare.mu.Lock()
	j.ComparedAt, j.CompareError = e.compare.at, e.compare.failed
	e.compare.mu.Unlock()
	if j.Held, err = e.hold(ctx); err != nil {
		return j, err
	}
	g, err := e.current()
	if err != nil { // which installation's marks to read is not known
		return j, nil
	}
	if old, ok, err := readMark[Strangers](ctx, e.store, oldMark(g)); err != nil {
		return j, err
	} else if ok {
		j.Old = &old
	}
	if accepted, ok, err := readMark[Acceptance](ctx, e.store, acceptedMark(g)); err != nil {
		return j, err
	} else if ok {
		j.Accepted = &accepted
	}
	return j, nil
}

// lasts tells that the last write has failed.
func (t *trouble) lasts() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tries > 0
}
