package charge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Automatic is what one configuration has made by itself. The zero value: nothing.
type Automatic struct {
	Schedules []AutoCharge
	Retry     RetryPlan
}

// Check tells what of it cannot be. ErrSchedule, ErrFilter.
func (a Automatic) Check() error {
	names := make(map[string]bool)
	for _, s := range a.Schedules {
		if err := s.check(); err != nil {
			return err
		}
		if names[s.Name] {
			return fmt.Errorf("%w: two are named %q", ErrSchedule, s.Name)
		}
		names[s.Name] = true
	}
	return a.Retry.check()
}

// names are those of what is made by itself, as its notes are named after.
func (a Automatic) names() map[string]bool {
	all := make(map[string]bool)
	for _, s := range a.Schedules {
		all[s.noteName()] = true
	}
	if a.Retry.on() {
		all[retryNote] = true
	}
	return all
}

// limit is that of a run that is to start by itself. What the retry plan charges is a part of
// what was confirmed once, so it has none.
func (a Automatic) limit(run *Run) Limit {
	for _, s := range a.Schedules {
		if run.Class == "" && s.Name == run.Schedule {
			return s.ConfirmAbove
		}
	}
	return Limit{}
}

// zone is the provider's time zone.
func zone(g *payment.Generation) *time.Location {
	if g.Settings.TimeZone == nil {
		return time.UTC
	}
	return g.Settings.TimeZone
}

// automatic makes what the configuration in force has made by itself. What is due is told by the
// clock and the journal alone, so a configuration that replaces another one neither leaves a run
// out nor makes it twice.
func (r *Runs) automatic(g *payment.Generation) {
	a := r.o.Automatic(g)
	for _, s := range a.Schedules {
		if err := r.schedule(g, s); err != nil && r.ctx.Err() == nil {
			logger(g).Error("scheduled charge run cannot be made; it is tried again", zap.String("schedule", s.Name), zap.Error(err))
		}
	}
	if err := r.retry(g, a.Retry); err != nil && r.ctx.Err() == nil {
		logger(g).Error("declined charges cannot be made again now; it is tried again", zap.Error(err))
	}
	names := a.names()
	for name := range r.automated {
		if !names[name] { // taken out by a reload: put in again, it begins anew
			if err := r.store.SetMark(r.ctx, name, ""); err != nil {
				names[name] = true
			}
		}
	}
	r.automated = names
}

// note is what the journal knows of a schedule, or of the retry plan.
type note struct {
	Since time.Time   `json:"since"` // it is configured since then: what was before is not made up for
	Day   splynx.Date `json:"day"`   // the last of the provider's days on which it was looked at
}

// noted reads what is known of name, and begins it where nothing is.
func (r *Runs) noted(name string, today splynx.Date) (note, error) {
	text, err := r.store.Mark(r.ctx, name)
	if err != nil {
		return note{}, err
	}
	var n note
	if text != "" {
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			return note{}, fmt.Errorf("read %s: %w", name, err)
		}
		if !n.Since.After(r.now()) { // else the clock was wrong then
			return n, nil
		}
	}
	n = note{Since: r.now(), Day: today}
	return n, r.noteDown(name, n)
}

func (r *Runs) noteDown(name string, n note) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return r.store.SetMark(r.ctx, name, string(text))
}

// MarkRestored names the mark of when the journal was put back from a backup, in RFC 3339. What
// was charged by itself since the backup is not in it.
const MarkRestored = "charge runs restored"

// putBack is when the journal was put back from a backup; zero: it never was.
func (r *Runs) putBack(ctx context.Context) (time.Time, error) {
	text, err := r.store.Mark(ctx, MarkRestored)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, errors.New("when the journal was restored cannot be read")
	}
	return at, nil
}
