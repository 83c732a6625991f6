package office

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

func TestSettingsAreShown(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		a := r.get("settings")
		r.says(a, "NorthPxPay, key set", `SouthPxPay, key set <strong class="own">*`, "Partner 2", "Caddyfile", "default", "No check was made")
		south := r.get("settings", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2}))
		r.says(south, "SouthPxPay", "AUD")
		if south.has("NorthPxPay") || south.has("Check the settings") || south.has("Partner 2") {
			t.Errorf("another partner's settings are shown\n%s", south.Body)
		}
		one := r.get("settings", r.staff(splynxtest.Administrator{Login: "ola", PartnerID: 1}))
		if !one.has("NorthPxPay") || one.has("SouthPxPay") {
			t.Errorf("a partner without settings of its own sees\n%s", one.Body)
		}
	})
}

// One check at a time, however often the button is pressed; its result stays until the next one.
func TestOneCheckAtATime(t *testing.T) {
	var checks atomic.Int64
	check := func(ctx context.Context) ([]Finding, error) {
		checks.Add(1)
		time.Sleep(time.Minute)
		return sampleFindings, nil
	}
	inBubble(t, setup{Office: Config{Check: check}}, func(r *rig) {
		form := r.get("settings").form()
		for range 3 {
			r.says(r.follow(r.press("settings/check", form)), "A check is under way.", `http-equiv="refresh"`)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		a := r.get("settings")
		r.says(a, "What the check of 1 Jan 2000 13:01 has found", "Windcave refuses the user", "correct windcave pxpost")
		if n := checks.Load(); n != 1 {
			t.Errorf("%d checks were made", n)
		}
		r.wants(r.press("settings/check", r.get("links").form()), 400, "This page is out of date")
		south := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		links := r.send(http.MethodPost, "/paymentexpress/admin/settings/check", values(r.sealedFor(south)), south)
		r.wants(links, 403, "You may not do this")
		r.press("settings/check", a.form())
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := checks.Load(); n != 2 {
			t.Errorf("%d checks were made", n)
		}
	})
}

// sealedFor is a form of another administrator that has the act of a check.
func (r *rig) sealedFor(as func(*http.Request)) string {
	r.Helper()
	q, err := http.NewRequest(http.MethodGet, r.URL+"/paymentexpress/admin/settings", nil)
	r.must(err)
	as(q)
	staff, err := r.Office.Staff(q, false)
	r.must(err)
	sealed, err := (&desk{Office: r.Office, r: q, staff: staff, e: r.Engine}).seal(form{Act: actCheck})
	r.must(err)
	return sealed
}

func TestACheckThatFailsIsTold(t *testing.T) {
	inBubble(t, setup{Office: Config{Check: func(context.Context) ([]Finding, error) { return nil, errors.New("marked reason") }}}, func(r *rig) {
		r.press("settings/check", r.get("settings").form())
		synctest.Wait()
		a := r.get("settings")
		r.says(a, "it could not be made; the log says why")
		if a.has("marked reason") {
			t.Error("the page has the error's text")
		}
	})
}
