package office

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

var slowly = setup{Runs: &charge.Options{Concurrency: 1, PerSecond: 3}}

// Choose, preview, tick off, start, watch live without a reload, pause, resume, done, file.
func TestBrowserChargesAll(t *testing.T) {
	r, b := inBrowserWith(t, slowly)
	r.dozen(12)
	b.do(chromedp.Navigate(r.URL + web.AdminPath + "charge"))
	b.do(chromedp.SetValue(chromedp.CSS("#from"), "10"))
	b.click("main .choose button")
	b.sees("h1", "Look before you charge") // the planning was watched
	b.sees("button", "Charge 15 invoices NZ$497.00")
	b.do(chromedp.Evaluate[chromedp.Void](`window.same = true`))
	b.click(`tbody tr:nth-child(3) input.tick`)
	b.click(`button[value="off"]`)
	b.sees("button", "Charge 14 invoices")
	b.click("#off")
	b.do(chromedp.DoubleClick(chromedp.CSS(`form[action$="/start"] button`))) // both are one
	b.sees("h1", "Charging")
	b.do(chromedp.Evaluate[chromedp.Void](`window.same = true`))
	b.reaches(2)
	b.reaches(4)
	if !read(b, chromedp.Evaluate[bool](`window.same === true`)) {
		t.Error("the page was loaded anew while it was watched")
	}
	b.click(`form[action$="/pause"] button`)
	b.sees("h1", "Charging is paused")
	b.click(`form[action$="/resume"] button`)
	b.sees("button", "Pause")
	b.do(chromedp.Evaluate[chromedp.Void](`window.same = true`))
	b.sees("h1", "Charging is done")
	b.sees("button", "Charge the failed ones again")
	if !read(b, chromedp.Evaluate[bool](`window.same === true`)) {
		t.Error("the page was loaded anew at the end")
	}
	file := read(b, chromedp.Evaluate[string](`fetch(document.querySelector('a[href$="/csv"]').href).then(a => a.text())`, chromedp.EvalAwaitPromise))
	if len(file) < 500 {
		t.Errorf("the file is %q", file)
	}
	b.click(`form[action$="/again"] button`)
	b.sees("h1", "Look before you charge")
	b.sees("strong", "2 invoices")
	b.quiet()
	r.charges(12)
}

// reaches waits until the page shows so many charges that have ended.
func (b *tab) reaches(n int) {
	b.Helper()
	read(b, chromedp.Evaluate[bool](fmt.Sprintf(`new Promise(done => {
		const look = setInterval(() => {
			if (parseInt(document.querySelector("#live .amount")?.textContent) >= %d) { clearInterval(look); done(true); }
		}, 50);
	})`, n), chromedp.EvalAwaitPromise))
}

// The same without script: the pages renew themselves.
func TestBrowserChargesAllWithoutScript(t *testing.T) {
	r, b := inBrowserWith(t, slowly)
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	r.must(err)
	r.dozen(5)
	b.do(chromedp.Navigate(r.URL + web.AdminPath + "charge"))
	b.click("main .choose button")
	b.sees("h1", "Look before you charge")
	b.click("#off")
	b.click(`form[action$="/start"] button`)
	b.sees("h1", "Charging")
	b.click(`form[action$="/pause"] button`)
	b.sees("h1", "Charging is paused")
	b.click(`main a[href$="/stop"]`)
	b.sees("h1", "Stop this run?")
	b.click(`main p + dl + form a.button, main form a.button`)
	b.sees("h1", "Charging is paused")
	b.click(`form[action$="/resume"] button`)
	b.sees("h1", "Charging is done")
	run, err := r.Runs.List(context.Background(), charge.RunFilter{})
	r.must(err)
	r.until("charge/"+string(run[0].ID), charge.Done)
	r.charges(6)
}

// A run that another tab has started shows itself so, too.
func TestBrowserTwoTabs(t *testing.T) {
	r, b := inBrowserWith(t, slowly)
	r.dozen(3)
	path, _ := r.preview()
	other := newTab(t, r.URL)
	other.do(chromedp.Navigate(r.URL + "/start"))
	b.do(chromedp.Navigate(r.URL + web.AdminPath + path))
	other.do(chromedp.Navigate(r.URL + web.AdminPath + path))
	b.click("#off")
	other.click("#off")
	b.click(`form[action$="/start"] button`)
	b.sees("h1", "Charging")
	other.click(`form[action$="/start"] button`)
	other.sees("h1", "Charging")
	r.until(path, charge.Done)
	time.Sleep(time.Second)
	r.charges(4)
}

// A customer is kept out on the own page, pressed twice, and let in from the list.
func TestBrowserKeepsOut(t *testing.T) {
	r, b := inBrowserWith(t, charging)
	r.carded()
	b.do(chromedp.Navigate(r.URL + web.AdminPath + "customers/1"))
	b.click(`main a[href$="/keep-out"]`)
	b.do(chromedp.SetValue(chromedp.CSS("#reason"), "pays by bank"), chromedp.DoubleClick(chromedp.CSS("main button")))
	b.sees("div", "Kept out of all charge runs")
	b.click(`main a[href$="/kept-out"]`)
	b.sees("td", "pays by bank")
	b.click(`main a[href$="/let-in"]`)
	b.do(chromedp.SetValue(chromedp.CSS("#reason"), "by card again"))
	b.click("main button")
	b.sees("dd", "not kept out")
	b.quiet()
	if list, err := r.Runs.KeptOut(context.Background()); err != nil || len(list) != 0 {
		t.Errorf("kept out are %+v, %v", list, err)
	}
}
