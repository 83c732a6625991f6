package caddymodule

import (
	"context"
	"fmt"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// openRuns are the runs that were started and have not ended, and those that were to start by
// themselves and wait for a person.
func (n present) openRuns(ctx context.Context) ([]runBrief, error) {
	list, err := n.runs.List(ctx, charge.RunFilter{States: append(charge.OpenStates(), charge.Planned), Limit: 1000})
	if err != nil {
		return nil, err
	}
	open := []runBrief{}
	for _, run := range list {
		if run.State == charge.Planned && run.Why == charge.WhyPlanned { // a preview
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
		if r := b.Run; r.stands() {
			say("charge run %s is %s since %s, with %d charges left: %s. What to do is in docs/runbook/%s.md; then start, resume or stop it (caddy paymentexpress charge status %s)",
				r.ID, r.State, utc(r.MovedAt), b.Left, meaning.RunWhy(r.Why), r.Why, r.ID)
		}
	}
}

// runWords says in one line what is under way.
func runWords(runs []runBrief) string {
	var parts []string
	for _, b := range runs {
		parts = append(parts, fmt.Sprintf("%s %s, %s", b.Run.ID, b.Run.State, b.progress()))
	}
	return strings.Join(parts, "; ")
}
