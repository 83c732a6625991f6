package office

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// acts are what was done to runs, oldest first.
func (r *rig) acts() (all []payment.Deed) {
	r.Helper()
	list, err := r.Engine.Acts(context.Background(), payment.ActFilter{})
	r.must(err)
	for _, a := range slices.Backward(list) {
		if a.Who != "administrator 1" && a.Who != "administrator 2" && a.Who != "administrator 3" {
			r.Errorf("%s was done by %q", a.What, a.Who)
		}
		all = append(all, a.What)
	}
	return all
}

// A run of a dozen from the choice to its result, with every number on the way.
func TestChargeAll(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.dozen(12)
		path, look := r.preview()
		r.wants(look, 200, "Look before you charge")
		// 12 of 20.50 to 31.50, 60 and 61 that will be declined, 64 with some credit.
		r.says(look, "NZ$497.00", "<strong>15 invoices</strong> will be charged", "Charge 15 invoices NZ$497.00", "No card is saved", "The customer’s credit covers it", "The customer is disabled or deleted")
		row := look.rowOf("2026/1003")
		a := r.press(path+"/tick?state=planned", look.formOf("tick?state=planned"), "do", "off", "seq", row)
		if a.Code != 400 { // the page has another address
			t.Errorf("a form of no page is %d", a.Code)
		}
		look = r.follow(r.press(path+"/tick", look.formOf("/tick"), "do", "off", "seq", row))
		r.says(look, "<strong>14 invoices</strong> will be charged", "Ticked off by hand")
		begun := r.begins(path, look)
		r.until(path, charge.Done)
		time.Sleep(10 * time.Minute)
		done := r.follow(begun)
		r.wants(done, 200, "Charging is done")
		r.says(done, "14 of 14", `<td data-label="Charges" class="figure">12</td>`, "Declined for now: another day may do", "Another day, and not more than 4 times", "Charge the failed ones again", "Why charges failed", "No Funds")
		r.charges(12)
		want := []payment.Deed{payment.DeedPreview, payment.DeedTickOff, payment.DeedHandlerOff, payment.DeedStart}
		if got := r.acts(); !slices.Equal(got, want) {
			t.Errorf("acts are %v, want %v", got, want)
		}
		again := strings.TrimPrefix(r.press(path+"/again", done.formOf("/again")).at(), web.AdminPath)
		r.until(again, charge.Planned)
		r.says(r.get(again), "<strong>2 invoices</strong> will be charged", "Charges again what failed in")
		r.says(r.get("history"), "The failed charges of run ", "All payments", "Charged by the runs that are shown: NZ$354.50")
		r.says(r.get("history/charges?customer=14"), "No Funds", "not enough money on the card")
		if a := r.get("history/charges?state=declined&class=soft"); !a.has("No Funds") || a.has("Approved 1 ") {
			t.Errorf("the history does not filter: %s", a.Body)
		}
		if a := r.get("history/charges?who=1"); !a.has("No Funds") || !a.has("<br>administrator 1</span></td>") {
			t.Errorf("charges of the runs of administrator 1: %s", a.Body)
		}
		for _, other := range []string{"history/charges?who=2", "history/charges?who=1&run=NOTHISRUN0000000"} {
			r.says(r.get(other), "No charge of a run fits these filters.")
		}
		for _, p := range r.Journal() {
			if p.State == payment.Approved {
				t.Errorf("%s is still not booked", p.ID)
			}
		}
		r.Check(paymenttest.Histories{})
	})
}

// rowOf is the number of a row that can be ticked off.
func (a answer) rowOf(number string) string {
	_, rest, _ := strings.Cut(a.Body.String(), `aria-label="Choose invoice `+number)
	before := strings.TrimSuffix(a.Body.String(), `aria-label="Choose invoice `+number+rest)
	at := strings.LastIndex(before, `name="seq" value="`)
	seq, _, _ := strings.Cut(before[at+len(`name="seq" value="`):], `"`)
	return seq
}

// Pressed twice, in two tabs, and by two administrators, a run is started once.
func TestStartedOnce(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.dozen(3)
		other := r.staff(splynxtest.Administrator{Login: "two"})
		path, look := r.preview()
		tab := r.get(path)
		his := r.get(path, other)
		for n, a := range []answer{
			r.begins(path, look), r.begins(path, look), r.begins(path, tab),
			r.send(http.MethodPost, web.AdminPath+path+"/start", values(his.formOf("/start"), "off", "1"), other),
		} {
			if a.Code != 303 || a.at() != web.AdminPath+path {
				t.Errorf("press %d is %d %q", n, a.Code, a.title())
			}
		}
		r.until(path, charge.Done)
		time.Sleep(10 * time.Minute)
		r.charges(4)
		if n := len(slices.DeleteFunc(r.acts(), func(d payment.Deed) bool { return d != payment.DeedStart })); n != 1 {
			t.Errorf("%d starts are written down", n)
		}
		r.says(r.get(path), "by administrator 1")
		// The choice sent twice is one preview, too.
		form := r.get("charge").form()
		first, second := r.press("charge", form, "customer", "2"), r.press("charge", form, "customer", "2")
		if first.at() != second.at() {
			t.Errorf("two previews: %s %s", first.at(), second.at())
		}
		r.wants(r.press("charge", form, "customer", "3"), 409, "Charge")
	})
}

// What is not as the page has shown it is not charged.
func TestPlanChangedMeanwhile(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.dozen(3)
		path, look := r.preview()
		a := r.press(path+"/start", look.formOf("/start")) // without stating that the handler is off
		r.wants(a, 422, "Look before you charge")
		r.says(a, "State that Splynx charges nothing by itself", `href="#off"`)
		ticked := r.press(path+"/tick", look.formOf("/tick"), "do", "page-off")
		r.says(r.follow(ticked), "Nothing to charge")
		a = r.begins(path, look)
		r.wants(a, 409, "Look before you charge")
		r.says(a, "Nothing was charged. What would be charged has changed")
		r.press(path+"/tick", r.get(path).formOf("/tick"), "do", "page-on")
		look = r.get(path)
		r.says(look, "administrator 1 has stated")
		r.wants(r.press(path+"/stop", r.get(path+"/stop").form()), 303, "")
		a = r.begins(path, look)
		r.wants(a, 409, "The preview was dropped")
		r.says(a, "Nothing was charged. This run does not wait to be started any more.")
		r.charges(0)
	})
}

// Above the limit the number has to be typed.
func TestNumberIsTyped(t *testing.T) {
	set := charging
	set.Office.ConfirmAbove = charge.Limit{Charges: 3}
	inBubble(t, set, func(r *rig) {
		r.dozen(3)
		path, look := r.preview()
		r.says(look, "Type the number of charges")
		for _, typed := range []string{"", "5", "60"} {
			a := r.press(path+"/start", look.formOf("/start"), "off", "1", "number", typed)
			r.wants(a, 422, "Look before you charge")
			r.says(a, "Type the number of charges: 6.")
		}
		r.charges(0)
		if a := r.press(path+"/start", look.formOf("/start"), "off", "1", "number", " 6 "); a.Code != 303 {
			t.Errorf("the right number is %d %q", a.Code, a.title())
		}
		r.until(path, charge.Done)
	})
	t.Run("by amount", func(t *testing.T) {
		set.Office.ConfirmAbove = charge.Limit{Amount: "100"}
		inBubble(t, set, func(r *rig) {
			r.dozen(1)
			_, look := r.preview("customer", "2")
			if look.has("Type the number") {
				t.Error("20.50 has to be typed")
			}
			_, look = r.preview()
			r.says(look, "Type the number")
		})
	})
}

// A run waits while it is paused, goes on, and is stopped for good.
func TestPauseResumeStop(t *testing.T) {
	set := charging
	set.Runs = &charge.Options{Concurrency: 1, PerSecond: 1}
	inBubble(t, set, func(r *rig) {
		r.dozen(40)
		path, look := r.preview()
		r.begins(path, look)
		time.Sleep(7 * time.Second)
		run := r.get(path)
		r.wants(run, 200, "Charging")
		r.says(run, "a minute", `data-live="/paymentexpress/admin/`+path+`/events"`, "<noscript><meta http-equiv=\"refresh\"")
		if csp := run.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'") {
			t.Errorf("the page's script is not let in: %s", csp)
		}
		if csp := r.get("work").Header().Get("Content-Security-Policy"); strings.Contains(csp, "script-src") {
			t.Errorf("a page without script lets it in: %s", csp)
		}
		pause := run.formOf("/pause")
		r.wants(r.follow(r.press(path+"/pause", pause)), 200, "Charging is paused")
		time.Sleep(5 * time.Second)
		before := len(r.Gateway.Charges())
		time.Sleep(time.Minute)
		if n := len(r.Gateway.Charges()); n != before {
			t.Errorf("a paused run charges: %d, %d", before, n)
		}
		r.press(path+"/resume", r.get(path).formOf("/resume"))
		time.Sleep(3 * time.Second)
		r.wants(r.get(path), 200, "Charging")
		ask := r.get(path + "/stop")
		r.wants(ask, 200, "Stop this run?")
		r.press(path+"/stop", ask.form())
		r.until(path, charge.Stopped)
		time.Sleep(time.Minute)
		end := r.get(path)
		r.wants(end, 200, "Charging was stopped")
		r.says(end, "Left out")
		a := r.press(path+"/resume", pause)
		if a.Code != 400 {
			t.Errorf("a form for another act is %d", a.Code)
		}
		r.wants(r.get(path+"/stop"), 409, "Charging was stopped")
		want := []payment.Deed{payment.DeedPreview, payment.DeedHandlerOff, payment.DeedStart, payment.DeedPause, payment.DeedResume, payment.DeedStop}
		if got := r.acts(); !slices.Equal(got, want) {
			t.Errorf("acts are %v, want %v", got, want)
		}
	})
}

// An administrator of a partner sees and charges only what is of that partner.
func TestRunsOfAPartner(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.dozen(2)
		south := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Southern", PartnerID: 2, Deposit: "-10"})
		r.saves(south, windcavetest.CardApproved, "11")
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: south, Number: "S-1", Total: "10"})
		all, _ := r.preview()
		sue := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		for _, at := range []string{"", "/csv", "/result", "/events", "/stop"} {
			r.wants(r.get(all+at, sue), 404, "There is no such charge run")
		}
		page := r.get("charge", sue)
		if page.has(strings.TrimPrefix(all, "charge/")) || page.has(`name="partner"`) {
			t.Error("the page shows the others' runs, or lets her choose a partner")
		}
		a := r.send(http.MethodPost, web.AdminPath+"charge", values(page.form(), "partner", "1"), sue)
		hers := strings.TrimPrefix(a.at(), web.AdminPath)
		run := r.until(hers, charge.Planned)
		if !slices.Equal(run.Partners, []int64{2}) || !slices.Equal(run.Filter.Partners, []int64{2}) {
			t.Errorf("her run is of %v, %v", run.Partners, run.Filter.Partners)
		}
		look := r.get(hers, sue)
		r.says(look, "<strong>1 invoice</strong> will be charged", "Southern", "NZ$10.00")
		if look.has("Approved 1") {
			t.Error("she sees a customer of partner 1")
		}
		r.says(r.get("history", sue), strings.TrimPrefix(hers, "charge/"))
		if r.get("history", sue).has(strings.TrimPrefix(all, "charge/")) {
			t.Error("her history has the others' run")
		}
		r.says(r.get("history"), strings.TrimPrefix(hers, "charge/")) // who may all sees both
		both := r.staff(splynxtest.Administrator{Login: "both", PartnerID: 1, FilterPartner: "2"})
		r.wants(r.get("charge", both), 403, "Two partners")
	})
}

// What is typed wrongly is said at its field, and nothing is made.
func TestWrongChoice(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		for field, typed := range map[string]string{
			"issued_from": "yesterday", "due_to": "2026-02-30", "partner": "x", "customer": "1,x", "location": "1,2", "method": "-1", "from": "1,2,3.4.5", "to": "much",
		} {
			a := r.press("charge", r.get("charge").form(), field, typed)
			r.wants(a, 422, "Charge")
			r.says(a, `href="#`+field+`"`)
		}
		r.says(r.press("charge", r.get("charge").form(), "from", "10", "to", "5"), `href="#to"`, "This is less than where it begins")
		a := r.press("charge", r.get("charge").form(), "sort", "balances", "number", "2026/0042")
		r.wants(a, 422, "Charge")
		r.says(a, "A balance has no days and no number")
		if list, _ := r.Runs.List(context.Background(), charge.RunFilter{}); len(list) != 0 {
			t.Errorf("%d runs were made", len(list))
		}
	})
}

// The address of a choice brings it back, as it was made.
func TestChoiceInTheAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"issued_from=2026-11-01&issued_to=2026-11-30", "due_to=2026-12-01&status=pending&partner=2&location=3&method=4&customer_status=active%2Cblocked",
		"customer=1%2C+7&from=5.00&number=2026%2F0042%2CX&to=100.50&credit=1", "sort=balances&customer=9",
	} {
		q, err := url.ParseQuery(address)
		if err != nil {
			t.Fatal(err)
		}
		c := readChoice(q)
		if len(c.Wrong) > 0 {
			t.Errorf("%s: %v", address, c.Wrong)
		}
		_, back, _ := strings.Cut(choiceOf(&charge.Run{Sort: c.Sort, Filter: c.Filter, DespiteCredit: c.DespiteCredit}), "?")
		again, _ := url.ParseQuery(back)
		if q.Get("sort") == "" {
			q.Set("sort", "invoices")
		}
		if again.Encode() != q.Encode() {
			t.Errorf("%s comes back as %s", q.Encode(), again.Encode())
		}
	}
}

// The files can be opened in a spreadsheet, and agree with what was charged.
func TestRunCSV(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.dozen(3)
		path, look := r.preview()
		r.begins(path, look)
		r.until(path, charge.Done)
		time.Sleep(10 * time.Minute)
		a := r.get(path + "/csv")
		if !strings.HasPrefix(a.Body.String(), byteOrder) || !strings.Contains(a.Body.String(), "\r\n") || a.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Errorf("the file begins %q", a.Body.String()[:20])
		}
		rows := r.table(a)
		if len(rows) != 1+10 || !slices.Equal(rows[0], planHead) {
			t.Fatalf("%d rows: %v", len(rows), rows)
		}
		var evil bool
		for _, row := range rows[1:] {
			evil = evil || row[4] == "'=cmd|' /C calc'!A0"
			if row[9] != "NZD" || strings.HasPrefix(row[4], "=") {
				t.Errorf("row %v", row)
			}
		}
		if !evil {
			t.Errorf("the customer with a formula for a name is not there: %v", rows)
		}
		result := r.table(r.get(path + "/result"))
		if len(result) != 1+6 {
			t.Errorf("%d rows of the result", len(result))
		}
		for _, row := range result[1:] {
			if booked := row[1] == "booked"; booked != (row[18] != "") || booked != (row[16] != "") {
				t.Errorf("row %v", row)
			}
			if _, err := time.Parse(time.RFC3339, row[19]); err != nil {
				t.Errorf("row %v: %v", row, err)
			}
		}
		if rows := r.table(r.get("history/csv?state=declined")); len(rows) != 3 {
			t.Errorf("%d rows of the history", len(rows))
		}
		r.Splynx.SetOutage(true)
		rows = r.table(r.get(path + "/csv"))
		if last := rows[len(rows)-1]; len(rows) != 12 || !strings.Contains(last[0], "names of customers are not complete") {
			t.Errorf("without Splynx: %v", rows)
		}
		n := 0
		for _, d := range r.acts() {
			if d == payment.DeedExport {
				n++
			}
		}
		if n != 4 {
			t.Errorf("%d exports are written down", n)
		}
	})
}

// table reads a file.
func (r *rig) table(a answer) [][]string {
	r.Helper()
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body.String(), byteOrder)))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	r.must(err)
	return rows
}

func TestSafeCells(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "Anna": "Anna", "=1+1": "'=1+1", "+64 3": "'+64 3", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "a=b": "a=b"} {
		if got := safe(text); got != want {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}
