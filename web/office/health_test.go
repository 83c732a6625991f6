package office

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
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

// A run that was made by itself and has failed stands on the work list until somebody says on its
// page that they have seen it; one that a person has made does not. One that is still tried stands
// there, too.
func TestWorkListHasFailedRuns(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		change := func(id payment.ID, fn func(*charge.Run)) {
			_, err := r.Store.ChangeRun(context.Background(), id, func(run *charge.Run) (charge.Writes, error) { fn(run); return charge.Writes{}, nil })
			r.must(err)
		}
		const byHand payment.ID = "BYHANDBYHANDBY00"
		r.putRun(byHand, charge.Failed)
		r.putRun(runID, charge.Failed)
		const failed = "could not be made, and has charged nothing: Splynx did not answer."
		for _, path := range []string{"", "work"} {
			if a := r.get(path); a.has(failed) {
				t.Errorf("%q has the run of a person", path)
			}
		}
		change(runID, func(run *charge.Run) { run.Source, run.Schedule, run.Unseen = charge.Schedule, "daily", true })
		for _, path := range []string{"", "work"} {
			a := r.get(path)
			r.says(a, failed, "/paymentexpress/admin/charge/"+string(runID))
			if a.has(string(byHand)) {
				t.Errorf("%q has the run of a person", path)
			}
		}
		path, shown := "charge/"+string(runID), r.run()
		r.says(shown, "The preview could not be made", ">Seen<")
		for range 2 { // pressed twice
			if a := r.press(path+"/seen", shown.formOf("/seen")); a.Code != 303 {
				t.Errorf("answered %d", a.Code)
			}
		}
		if r.get("work").has(failed) || r.run().has(">Seen<") {
			t.Error("it is still there")
		}
		acts, err := r.Engine.Acts(context.Background(), payment.ActFilter{What: payment.DeedSeen})
		if err != nil || len(acts) != 1 || acts[0].Run != runID || acts[0].Who == "" {
			t.Errorf("%+v, %v", acts, err)
		}
		const planning payment.ID = "PLANNINGPLANNI00"
		r.putRun(planning, charge.Planning)
		const hangs = "cannot be planned yet: Splynx has refused what was asked"
		if r.get("work").has(hangs) {
			t.Error("a preview that is being made is there")
		}
		change(planning, func(run *charge.Run) {
			run.Source, run.Schedule, run.Why = charge.Schedule, "daily", charge.WhySplynxNo
		})
		r.says(r.get("work"), hangs)
		r.says(r.get("charge/"+string(planning)), "See what the API key may do. It is tried again until its day is over.")
	})
}
