package journal

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// A run that was open when a backup was made waits for a person once that is put back, before
// anybody can take it up; all others stay as they are.
func TestRestoreLeavesOpenRuns(t *testing.T) {
	t.Parallel()
	path, backup := filepath.Join(t.TempDir(), "journal.db"), filepath.Join(t.TempDir(), "backup.db")
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	states := []charge.State{charge.Planning, charge.Planned, charge.Running, charge.Paused, charge.Waiting, charge.Stopped, charge.Done, charge.Failed}
	until := time.Now().Add(time.Hour)
	for _, state := range states {
		r := &charge.Run{
			ID: payment.ID(state), State: state, Why: charge.WhyAsked, Source: charge.Schedule, Starts: true, CreatedAt: time.Now(), MovedAt: time.Now(),
			LeaseOwner: "before", LeaseUntil: until, Fence: 7,
		}
		err = errors.Join(err, s.CreateRun(ctx, r, charge.Event{Run: r.ID, To: state, Why: charge.WhyAsked, Who: "who", Node: "node"}))
	}
	if err := errors.Join(err, s.Backup(ctx, backup), s.Close()); err != nil {
		t.Fatal(err)
	}
	begun := time.Now().Add(-time.Millisecond)
	if _, err := Restore(ctx, backup, path); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	for _, state := range states {
		r, err := s.Run(ctx, payment.ID(state))
		if err != nil {
			t.Fatal(err)
		}
		events, err := s.RunEvents(ctx, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		last := events[len(events)-1]
		switch state {
		case charge.Running, charge.Paused, charge.Waiting:
			if r.State != charge.Waiting || r.Why != charge.WhyRestored || r.LeaseOwner != "" || !r.LeaseUntil.IsZero() || r.Fence <= 7 && state != charge.Waiting {
				t.Errorf("%s is %+v", state, r)
			}
			if len(events) != 2 || last.From != state || last.To != charge.Waiting || last.Why != charge.WhyRestored || last.At.Before(begun) || last.Who != "engine" || last.Node != "restore" {
				t.Errorf("%s has %+v", state, events)
			}
		default:
			if r.State != state || r.Why != charge.WhyAsked || len(events) != 1 {
				t.Errorf("%s is %+v with %+v", state, r, events)
			}
		}
	}
	open, err := s.Runs(ctx, charge.RunFilter{States: charge.OpenStates()})
	if err != nil || len(open) != 3 {
		t.Errorf("%d are open, %v", len(open), err)
	}
	work, err := s.Runs(ctx, charge.RunFilter{Work: true})
	if err != nil || len(work) != 2 { // planning, and planned to start by itself
		t.Errorf("%d are to be worked at, %v", len(work), err)
	}
	at, err := s.Mark(ctx, charge.MarkRestored)
	if when, wrong := time.Parse(time.RFC3339Nano, at); err != nil || wrong != nil || when.Before(begun) {
		t.Errorf("restored at %q, %v", at, err)
	}
}
