package caddymodule

import (
	"context"
	"fmt"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// openRuns are the runs that were started and have not ended, and those that were made by themselves
// and wait for a person.
func (n present) openRuns(ctx context.Context) ([]runBrief, error) {
	list, err := n.runs.List(ctx, charge.RunFilter{States: append(charge.OpenStates(), charge.Planning, charge.Planned), Limit: 1000})
	if err != nil {
		return nil, err
	}
	failed, err := n.runs.List(ctx, charge.RunFilter{States: []charge.State{charge.Failed}, Limit: 1000}) // apart: these stay
	if err != nil {
		return nil, err
	}
	open := []runBrief{}
	for _, run := range append(list, failed...) {
		if !run.Open() && !run.Stands() {
			continue
		}
		p, err := n.runs.Progress(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		open = append(open, briefOf(p))
	}
	return open, nil
}

// lookAtRuns says which runs stand still. One that a person has paused is as it is meant to be.
func lookAtRuns(runs []runBrief, say func(string, ...any)) {
	for _, b := range runs {
		switch r := b.Run; {
		case !r.stands():
		case r.State == charge.Failed:
			say("charge run %s could not be made on its day, and has charged nothing: %s. What to do is in docs/runbook/%s.md; then say that it was seen (caddy paymentexpress charge stop %s)",
				r.ID, meaning.RunWhy(r.Why), r.Why, r.ID)
		case r.State == charge.Planning:
			say("charge run %s cannot be planned since %s, and is tried again until its day is over: %s. What to do is in docs/runbook/%s.md (caddy paymentexpress charge status %s)",
				r.ID, utc(r.CreatedAt), meaning.RunWhy(r.Why), r.Why, r.ID)
		default:
			say("charge run %s is %s since %s, with %d charges left: %s. What to do is in docs/runbook/%s.md; then start, resume or stop it (caddy paymentexpress charge status %s)",
				r.ID, r.State, utc(r.MovedAt), b.Left, meaning.RunWhy(r.Why), r.Why, r.ID)
		}
	}
}

// counts tells whether what is planned of a run may still be charged.
func (v runView) counts() bool { return v.State != charge.Planning && v.State != charge.Failed }

// runWords says in one line what is under way.
func runWords(runs []runBrief) string {
	var parts []string
	for _, b := range runs {
		text := fmt.Sprintf("%s %s", b.Run.ID, b.Run.State)
		if b.Run.counts() {
			text += ", " + b.progress()
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}
