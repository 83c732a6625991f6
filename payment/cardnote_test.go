package payment

import (
	"strconv"
	"testing"
	"time"
)

// A card's declines are counted once each, for 30 days, and no more of them are kept than decide.
func TestDeclinesOfACard(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	declined := func(n int, at time.Time) *Payment {
		return &Payment{ID: ID("D" + strconv.Itoa(n)), State: Declined, Class: "soft", Code: "51", CreatedAt: at, MovedAt: at}
	}
	for name, c := range map[string]struct {
		count  int
		every  time.Duration
		after  time.Duration // since the last one
		enough bool
	}{
		"nine in a day":            {9, time.Minute, 0, false},
		"ten in a day":             {10, time.Minute, 0, true},
		"ten, a day ago":           {10, time.Minute, 24 * time.Hour, false},
		"14 in a month":            {14, 25 * time.Hour, 0, false},
		"15 in a month":            {15, 25 * time.Hour, 0, true},
		"15, the first is old":     {15, 25 * time.Hour, 30*24*time.Hour - 14*25*time.Hour, false},
		"one every two days":       {60, 52 * time.Hour, 0, false},
		"more than 15 in a month":  {200, 26 * time.Hour, 0, true},
		"more than 15, a month on": {200, 26 * time.Hour, 30 * 24 * time.Hour, false},
	} {
		var n cardNote
		now := begin
		for i := range c.count {
			now = begin.Add(time.Duration(i) * c.every)
			if !n.declined(declined(i, now), now) {
				t.Errorf("%s: decline %d is nothing new", name, i)
			}
			for old := range i + 1 { // each is looked at again
				if n.declined(declined(old, begin.Add(time.Duration(old)*c.every)), now) && len(n.Declines) < mostInMonth {
					t.Errorf("%s: decline %d is counted twice", name, old)
				}
			}
		}
		if got := n.triedEnough(now.Add(c.after)); got != c.enough || len(n.Declines) > mostInMonth {
			t.Errorf("%s: tried enough %v, want %v; %d are kept", name, got, c.enough, len(n.Declines))
		}
	}
}

// Of a card that was saved anew nothing counts that was begun before.
func TestSavedAnewBeginsAnew(t *testing.T) {
	t.Parallel()
	saved := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	before := &Payment{ID: "D", State: Declined, Class: "declined", Code: "57", CreatedAt: saved.Add(-time.Minute), MovedAt: saved.Add(time.Minute)}
	n := cardNote{Saved: saved}
	if n.declined(before, saved.Add(time.Hour)) || !n.Hard.IsZero() || len(n.Declines) > 0 {
		t.Errorf("note %+v", n)
	}
	after := *before
	after.CreatedAt = saved
	if !n.declined(&after, saved.Add(time.Hour)) || !n.refused(saved.Add(29*24*time.Hour)) || n.refused(saved.Add(31*24*time.Hour)) || !n.Dead.IsZero() {
		t.Errorf("note %+v", n)
	}
}
