package office

import (
	"encoding/csv"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// sheetOf reads a file as a spreadsheet does.
func (r *rig) sheetOf(a answer) [][]string {
	r.Helper()
	text, ok := strings.CutPrefix(a.Body.String(), byteOrder)
	if !ok || a.Header().Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(a.Header().Get("Content-Disposition"), "attachment; filename=") {
		r.Errorf("it is no file: %d %v", a.Code, a.Header())
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	r.must(err)
	return rows
}

func TestOperationsAreFound(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.doings()
		south := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		for filter, want := range map[string]string{
			"": "4 3 2 1", "who=1": "2 1", "who=command+line": "3", "who=administrator+2": "4", "what=refund": "1", "customer=1": "3 1", "payment=" + strings.ToLower(string(goldenID)): "1",
			"run=goldenrun0000001": "2", "text=CASH": "1", "partner=2": "4", "from=2000-01-01&to=2000-01-01": "4 3 2 1", "from=2000-01-02": "", "to=1999-12-31": "",
		} {
			if got := deedsOn(r.get("logs?"+filter), r); got != want {
				t.Errorf("%s lists %q, want %q", filter, got, want)
			}
			rows := r.sheetOf(r.get("logs/csv?" + filter))
			var got []string
			for _, row := range rows[1:] {
				if row[3] != deedWords[payment.DeedExport] {
					got = append(got, row[0])
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("the file of %s has %q, want %q", filter, got, want)
			}
		}
		if got := deedsOn(r.get("logs?partner=1", south), r); got != "4" {
			t.Errorf("another partner's administrator sees %q", got)
		}
		if a := r.get("logs/csv", south); a.has("paid in cash") || !a.has("of the South") {
			t.Errorf("another partner's administrator downloads %s", a.Body)
		}
		r.says(r.get("logs?from=x"), "Type days as year, month and day")
		r.wants(r.get("logs/csv?from=x"), 404, "There is no such page")
		r.wants(r.get("logs?after=x"), 404, "There is no such page")
	})
}

var deedNotes = map[string]string{"20.00 NZD: paid in cash too": "1", "412 charges": "2", `=HYPERLINK(&#34;https://evil.example&#34;)`: "3", "&lt;b&gt;of the South&lt;/b&gt;": "4"}

// deedsOn are the acts on a page, by their numbers; downloads are left out.
func deedsOn(a answer, r *rig) string {
	r.Helper()
	var list []string
	for _, m := range regexp.MustCompile(`data-label="Note">([^<]*)</td>`).FindAllStringSubmatch(a.Body.String(), -1) {
		if n := deedNotes[m[1]]; n != "" {
			list = append(list, n)
		}
	}
	return strings.Join(list, " ")
}

// What begins like a formula is text in a spreadsheet; each download is itself written down.
func TestFilesOfLogsAreSafe(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.doings()
		formula := r.Splynx.AddCustomer(splynxtest.Customer{Name: "@SUM(1)"})
		r.put(bookedID, payment.Recorded, saved, approved, func(p *payment.Payment) { p.Customer, p.DocumentNumber = formula, "-2+3" })
		operations := r.sheetOf(r.get("logs/csv"))
		charges := r.sheetOf(r.get("logs/charges/csv"))
		for _, row := range append(operations, charges...) {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("a cell is %q", cell)
				}
			}
		}
		if len(charges) != 2 || charges[1][5] != "'@SUM(1)" || charges[1][7] != "'-2+3" || charges[1][18] != "WorldPxPost" || len(charges[0]) != len(charges[1]) {
			t.Errorf("charges are %q", charges)
		}
		acts, err := r.Engine.Acts(r.Context(), payment.ActFilter{What: payment.DeedExport})
		if err != nil || len(acts) != 2 {
			t.Errorf("%d downloads are written down, %v", len(acts), err)
		}
	})
}

func TestChargeLogIsFound(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		put := func(id payment.ID, s payment.State, edit ...func(*payment.Payment)) {
			time.Sleep(time.Minute)
			r.put(id, s, append(edit, func(p *payment.Payment) { p.DocumentID = p.CreatedAt.Unix() })...)
		}
		put("PAYMENT000000001", payment.Recorded, approved)
		put("PAYMENT000000002", payment.Declined, saved, func(p *payment.Payment) { p.Class, p.Code, p.Words = "soft", "51", "declined.funds" })
		put("PAYMENT000000003", payment.Parked, balance, func(p *payment.Payment) { p.Partner, p.Customer = 2, 9 })
		put("PAYMENT000000004", payment.Recorded, approved, func(p *payment.Payment) { p.CreatedAt = p.CreatedAt.AddDate(0, 0, -logDays-1) })
		for filter, want := range map[string]string{
			"": "3 2 1", "from=1999-01-01": "3 2 1 4", "from=1999-01-01&to=1999-12-31": "4", "state=declined": "2", "kind=top_up": "3", "class=soft": "2", "origin=administrator": "2",
			"customer=9": "3", "partner=2": "3", "payment=payment000000004": "4", "class=nonsense": "3 2 1", "payment=ZZZZ": "",
		} {
			a := r.get("logs/charges?" + filter)
			var got []string
			for _, m := range rowLink.FindAllStringSubmatch(a.Body.String(), -1) {
				got = append(got, strings.TrimLeft(m[1][7:], "0"))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s lists %q, want %q", filter, got, want)
			}
		}
		r.says(r.get("logs/charges?class=soft"), "51", "not enough money on the card", "WorldPxPost")
		south := r.get("logs/charges?partner=1&customer=1", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2}))
		if south.has("PAYMENT000000001") || r.get("logs/charges/csv", r.staff(splynxtest.Administrator{Login: "sam", PartnerID: 2})).has("PAYMENT000000001") {
			t.Error("another partner's administrator sees it")
		}
	})
}

// The files have all rows, and the pages each once.
func TestLogPages(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		const n = exportPage + 20
		for i := range n {
			id := payment.ID("PAYMENT00000" + strconv.Itoa(1000+i))
			r.put(id, payment.Recorded, approved, func(p *payment.Payment) { p.DocumentID = int64(i + 1) })
			r.must(r.Engine.Note(r.Context(), payment.Act{Who: "test", What: payment.DeedAsk, Payment: id}))
		}
		for _, path := range []string{"logs", "logs/charges"} {
			seen := map[string]bool{}
			at := "/paymentexpress/admin/" + path + "?customer="
			for pages := 0; at != "" && pages < 20; pages++ {
				a := r.send(http.MethodGet, at, nil)
				for _, m := range rowLink.FindAllStringSubmatch(a.Body.String(), -1) {
					if seen[m[1]] {
						t.Errorf("%s: %s stands twice", path, m[1])
					}
					seen[m[1]] = true
				}
				at = strings.ReplaceAll(a.find(older), "&amp;", "&")
			}
			if rows := r.sheetOf(r.get(path + "/csv")); len(seen) != n || len(rows)-1 < n {
				t.Errorf("%s has %d rows on its pages and %d in its file, want %d", path, len(seen), len(rows)-1, n)
			}
		}
	})
}
