package caddymodule

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// An administrator signs in at Splynx, charges all, and watches the run without a reload though
// Caddy packs what it serves.
func watchingARun(t *testing.T, browser context.Context) {
	s := newSite(t, siteOptions{gateway: slowly(150 * time.Millisecond)})
	s.words = "charge {\n concurrency 1\n}"
	s.splynx.AddAdministrator(splynxtest.Administrator{Login: "anna", Password: "demo", Name: "Anna Office", Role: "financial-manager"})
	s.crowd(30, "good")
	file := filepath.Join(s.dir, "Caddyfile")
	s.must(os.WriteFile(file, []byte(s.caddyfile("encode\n\tpaymentexpress")), 0o600))
	s.run(file, "")
	w := s.window(browser)
	w.look("run", "light", 1280, 900)
	w.do(chromedp.Navigate(s.public + "/admin/login/"))
	w.do(chromedp.SetValue(chromedp.CSS(`input[name="login"]`), "anna"), chromedp.SetValue(chromedp.CSS(`input[name="password"]`), "demo"))
	w.press("form.sign button")
	w.until("the administrator is signed in", func() bool {
		there, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`location.pathname === "/admin/" && document.readyState === "complete"`))
		return err == nil && there
	})
	w.do(chromedp.Navigate(s.public + "/paymentexpress/admin/charge"))
	w.press("main .choose button")
	w.sees("h1", "Look before you charge")
	w.do(chromedp.Click(chromedp.CSS("#off")))
	w.press(`form[action$="/start"] button`)
	w.sees("h1", "Charging")
	w.do(chromedp.Evaluate[chromedp.Void](`window.same = true`))
	for _, ended := range []int{3, 6} { // in two events
		w.until("the page shows the run", func() bool {
			there, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`parseInt(document.querySelector("#live .amount")?.textContent) >= `+strconv.Itoa(ended)))
			return err == nil && there
		})
	}
	w.shot("1-running")
	if same, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`window.same === true && document.querySelector("h1").textContent === "Charging"`)); err != nil || !same {
		t.Errorf("the page was loaded anew while it was watched, or the run has ended: %v", err)
	}
	w.sees("h1", "Charging is done")
	s.until("all is booked", s.allBooked)
	if n := len(s.gateway.Charges()); n != 30 {
		t.Errorf("%d charges, want 30", n)
	}
	s.stop()
	s.check()
}
