package office

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// A run that was to start by itself and is left to a person stands on the work list with its
// reason, and so does its page; a preview that somebody has made does not.
func TestWorkListHasRunsLeftToAPerson(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.putRun(runID, charge.Planned)
		why := func(w charge.Why) {
			_, err := r.Store.ChangeRun(context.Background(), runID, func(run *charge.Run) (charge.Writes, error) {
				run.Source, run.Schedule, run.Why = charge.Schedule, "daily", w
				return charge.Writes{}, nil
			})
			r.must(err)
		}
		const left = "A charge run does not start by itself"
		why(charge.WhyPlanned)
		for _, path := range []string{"", "work"} {
			if a := r.get(path); strings.Contains(a.Body.String(), left) {
				t.Errorf("%q has a preview", path)
			}
		}
		why(charge.WhyTooLarge)
		for _, path := range []string{"", "work"} {
			r.says(r.get(path), left+": it would charge more than may start without a person (confirm_above).", "/paymentexpress/admin/charge/"+string(runID))
		}
		r.says(r.run(), "It would charge more than may start without a person (confirm_above). Look at the preview, then start or stop it.")
	})
}
