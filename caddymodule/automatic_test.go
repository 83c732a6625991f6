package caddymodule

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// asText compares days by what they say.
var asText = cmp.Comparer(func(a, b splynx.Date) bool { return a == b })

// Each configuration brings what it has made by itself, and takes it along.
func TestAutomaticFollowsTheConfiguration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHost(filepath.Join(t.TempDir(), "journal.db"))
		c := Charge{
			ConfirmAbove: ConfirmAbove{Count: 100, Amount: "10000"},
			Schedules:    map[string]Schedule{"late": {On: "after_due", Days: 3, At: "17:30", ConfirmAbove: ConfirmAbove{Count: 500}}, "early": {On: "due", At: "09:00", Start: "charge", Partners: []int64{2}}},
			Retry:        Retry{Soft: []caddy.Duration{caddy.Duration(24 * time.Hour)}, At: "10:00", Most: 2},
		}
		automatic, err := c.automatic()
		if err != nil {
			t.Fatal(err)
		}
		want := charge.Automatic{
			Schedules: []charge.AutoCharge{
				{Name: "early", Day: charge.OnDue, At: charge.Clock{Hour: 9}, Start: charge.ByItself, Filter: charge.Filter{Partners: []int64{2}}, ConfirmAbove: charge.Limit{Charges: 100, Amount: "10000"}},
				{Name: "late", Day: charge.AfterDue, Days: 3, At: charge.Clock{Hour: 17, Minute: 30}, ConfirmAbove: charge.Limit{Charges: 500, Amount: "10000"}},
			},
			Retry: charge.RetryPlan{Pauses: map[windcave.Class][]time.Duration{windcave.ClassSoft: {24 * time.Hour}}, At: charge.Clock{Hour: 10}, Most: 2},
		}
		if d := cmp.Diff(want, automatic, asText); d != "" {
			t.Error(d)
		}
		with, without := quiet(), quiet()
		h.enforce(inForce{generation: with, automatic: automatic})
		h.enforce(inForce{generation: without})
		synctest.Wait()
		if got := h.Automatic(with); !cmp.Equal(got, want, asText) {
			t.Error(cmp.Diff(want, got, asText))
		}
		if got := h.Automatic(without); !cmp.Equal(got, charge.Automatic{}, asText) {
			t.Errorf("%+v", got)
		}
		h.remove(with)
		if got := h.Automatic(with); !cmp.Equal(got, charge.Automatic{}, asText) {
			t.Errorf("what was removed has %+v", got)
		}
		h.remove(without)
		h.close(t.Context())
	})
}
