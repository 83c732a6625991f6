package office

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// keptPages are the pages of keeping somebody out of charge runs, in all states.
var keptPages = []goldenPage{
	{"keptout", 200, charging, func(r *rig) answer { r.several(); return r.get(keptPath) }},
	{"keptout-nobody", 200, charging, func(r *rig) answer { return r.get(keptPath) }},
	{"keptout-seen", 200, setup{Runs: charging.Runs, Office: Config{Rights: Rights{See: {"manager"}}}}, func(r *rig) answer {
		r.several()
		return r.get(keptPath, r.staff(splynxtest.Administrator{Login: "sue", Role: "manager", Permissions: paysNot}))
	}},
	{"keptout-bound", 200, charging, func(r *rig) answer { r.several(); return r.get(keptPath, r.south()) }},
	{"keptout-wrong", 422, charging, func(r *rig) answer { r.get(keptPath); r.Splynx.SetOutage(true); return r.get("partners?id=south") }},
	{"keptout-changed", 200, charging, func(r *rig) answer {
		return r.follow(r.press("partners/2/keep-out", r.get("partners/2/keep-out").form(), "runs", automaticRuns, "reason", "has the old prices"))
	}},
	{"keeping", 200, charging, func(r *rig) answer { return r.get("customers/1/keep-out") }},
	{"keeping-change", 200, charging, func(r *rig) answer { r.several(); return r.get("customers/1/keep-out") }},
	{"keeping-wrong", 422, charging, func(r *rig) answer {
		return r.press("customers/1/keep-out", r.get("customers/1/keep-out").form(), "runs", automaticRuns, "reason", " ")
	}},
	{"keeping-let_in", 200, charging, func(r *rig) answer { r.several(); return r.get("customers/1/let-in") }},
	{"keeping-partner", 200, charging, func(r *rig) answer { return r.follow(r.get("partners?id=2")) }},
	{"keeping-partner_let_in", 200, charging, func(r *rig) answer { r.several(); return r.get("partners/2/let-in") }},
	{"customer-kept", 200, charging, func(r *rig) answer { r.carded(); r.several(); return r.get("customers/1") }},
	{"customer-kept_twice", 200, charging, func(r *rig) answer {
		r.several()
		r.keeps(charge.KeptPartner, 1, true, "has the old prices")
		return r.get("customers/1")
	}},
	{"kept_changed", 409, charging, func(r *rig) answer {
		form := r.get("customers/1/keep-out").form()
		r.several()
		return r.press("customers/1/keep-out", form, "runs", allRuns, "reason", "pays by bank")
	}},
	{"unknown_partner", 404, charging, func(r *rig) answer { return r.get("partners/77/keep-out") }},
}

// keeps keeps somebody out of charge runs, a minute later.
func (r *rig) keeps(kind charge.KeptKind, id int64, automatic bool, why string) {
	r.Helper()
	time.Sleep(time.Minute) // virtual
	list, err := r.Runs.KeptOut(context.Background())
	r.must(err)
	seen := (&keepingView{Now: keepingOf(list, kind, id)}).since()
	r.must(r.Runs.KeepOut(context.Background(), charge.Keeping{Kind: kind, ID: id, Automatic: automatic, Who: "administrator 3", Reason: why}, seen))
}

// several are kept out: of both partners, one of them itself, and one whom Splynx does not know.
func (r *rig) several() {
	r.Helper()
	r.keeps(charge.KeptCustomer, 4711, false, "left us")
	r.keeps(charge.KeptCustomer, r.Customer, false, "Pays by bank transfer on the 20th of each month, as agreed on the telephone with the accounts department: "+strings.Repeat("0123456789", 12))
	r.keeps(charge.KeptCustomer, r.Splynx.AddCustomer(splynxtest.Customer{Name: "Sam Southerly", PartnerID: 2}), true, "asks before each charge")
	r.keeps(charge.KeptPartner, 2, true, markup)
}

// owes has the rig's customer have a card and no credit.
func (r *rig) owes() {
	r.carded()
	r.Splynx.SetDeposit(r.Customer, "-57.50")
}

func (r *rig) south() func(*http.Request) {
	r.Helper()
	return r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
}

var keptWhom = regexp.MustCompile(`data-label="Who" class="whom">(?:<a [^>]*>)?([^<]*)<`)

// keptOut is who stands on a page of the list.
func keptOut(a answer) (who []string) {
	for _, m := range keptWhom.FindAllStringSubmatch(a.Body.String(), -1) {
		who = append(who, m[1])
	}
	return who
}

// From the customer's page out of the runs, and in again; each preview says so.
func TestKeepsACustomerOut(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.owes()
		a := r.get("customers/1")
		r.says(a, "not kept out", `href="/paymentexpress/admin/customers/1/keep-out"`, `href="/paymentexpress/admin/charge/kept-out"`)
		a = r.get("customers/1/keep-out")
		r.says(a, "A Customer (1)", "Keep customer 1 out")
		a = r.follow(r.press("customers/1/keep-out", a.form(), "runs", allRuns, "reason", " pays by bank "))
		r.says(a, "Kept out of all charge runs</strong> pays by bank", "By administrator 1, ", "/customers/1/let-in")
		r.says(r.get(keptPath), "A Customer (1)", "pays by bank", "administrator 1")
		path, shown := r.preview()
		r.says(shown, "Nothing to charge", `?state=left_out&amp;out=kept_out">Kept out of charge runs</a>`, `class="why">kept out of charge runs`)
		r.says(r.get(path+"?out=kept_out"), `<a href="/paymentexpress/admin/customers/1">A Customer (1)</a>`)
		a = r.get("customers/1/let-in")
		r.says(a, "A Customer (1)", "pays by bank", "Let customer 1 in again")
		r.says(r.follow(r.press("customers/1/let-in", a.form(), "reason", "pays by card now")), "not kept out")
		r.says(r.get(keptPath), "Nobody is kept out.")
		_, shown = r.preview()
		r.says(shown, "Charge 1 invoice NZ$57.50")
		want := []payment.Deed{payment.DeedKeepOut, payment.DeedPreview, payment.DeedLetIn, payment.DeedPreview}
		if got := r.acts(); !slices.Equal(got, want) {
			t.Errorf("acts are %v, want %v", got, want)
		}
		r.says(r.get("logs?what=let_in"), "Let somebody into charge runs again", "pays by card now")
		r.charges(0)
	})
}

func TestKeepsAPartnerOut(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.owes()
		r.says(r.get("charge"), `href="/paymentexpress/admin/charge/kept-out"`)
		r.says(r.get(keptPath), `<option value="2">South (2)</option>`)
		at := strings.TrimPrefix(r.get("partners?id=1").at(), web.AdminPath)
		a := r.press(at, r.get(at).form(), "runs", automaticRuns, "reason", "has the old prices")
		r.says(r.follow(a), "Partner 1 is kept out of automatic charge runs.", "has the old prices")
		r.says(r.get("customers/1"), "The partner is kept out of automatic charge runs", "/customers/1/keep-out")
		_, shown := r.preview() // by hand
		r.says(shown, "Charge 1 invoice")
		r.says(r.follow(r.press(at, r.get(at).form(), "runs", allRuns, "reason", "has the old prices")), "Partner 1 is kept out of all charge runs.")
		_, shown = r.preview()
		r.says(shown, "Kept out of charge runs")
		in := strings.Replace(at, "keep-out", "let-in", 1)
		a = r.press(in, r.get(in).form(), "reason", "has the new ones")
		r.says(r.follow(a), "Partner 1 is not kept out of charge runs.", "Nobody is kept out.")
		r.wants(r.get("partners?id=x"), 422, "Kept out of charge runs")
		r.wants(r.get("partners/77/keep-out"), 404, "There is no such partner")
	})
}

// What changes is what the page has shown, as it was then, for whom it was shown; and why is said.
func TestKeepingIsWhatWasShown(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		other := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Bela Other"})
		beside, at := fmt.Sprintf("customers/%d/keep-out", other), "customers/1/keep-out"
		form := r.get(at).form()
		for name, a := range map[string]answer{
			"no such runs":    r.press(at, form, "runs", "some", "reason", "why"),
			"another one":     r.press(beside, form, "runs", allRuns, "reason", "why"),
			"a partner":       r.press("partners/1/keep-out", form, "runs", allRuns, "reason", "why"),
			"the other thing": r.press("customers/1/let-in", form, "reason", "why"),
			"another act":     r.press(at, r.get("charge").form(), "runs", allRuns, "reason", "why"),
		} {
			if a.Code != 400 {
				t.Errorf("%s is %d", name, a.Code)
			}
		}
		for _, why := range []string{"", " \r\n ", "a\x00b", strings.Repeat("x", 501)} {
			r.wants(r.press(at, form, "runs", allRuns, "reason", why), 422, "Keep out of charge runs")
		}
		r.wants(r.send(http.MethodPost, web.AdminPath+at, values(form, "runs", allRuns, "reason", "why"), r.staff(splynxtest.Administrator{Login: "two"})), 403, "Somebody else is signed in")
		if len(r.acts()) != 0 {
			t.Errorf("acts are %v", r.acts())
		}
		for range 2 { // pressed twice it is one
			if a := r.press(at, form, "runs", automaticRuns, "reason", "why"); a.Code != 303 {
				t.Errorf("it is %d %q", a.Code, a.title())
			}
		}
		r.wants(r.press(at, form, "runs", allRuns, "reason", "why"), 409, "It has changed meanwhile")
		in := "customers/1/let-in"
		form = r.get(in).form()
		r.wants(r.press(in, form, "reason", ""), 422, "Let into charge runs again")
		r.keeps(charge.KeptCustomer, 1, false, "a debt collector has it")
		r.wants(r.press(in, form, "reason", "why not"), 409, "It has changed meanwhile")
		form = r.get(in).form()
		for range 2 {
			if a := r.press(in, form, "reason", "why not"); a.at() != web.AdminPath+"customers/1" {
				t.Errorf("it is %d %q to %q", a.Code, a.title(), a.location())
			}
		}
		if a := r.get(in); a.at() != web.AdminPath+"customers/1" {
			t.Errorf("who is not kept out is let in: %d", a.Code)
		}
		want := []payment.Deed{payment.DeedKeepOut, payment.DeedKeepOut, payment.DeedLetIn}
		if got := r.acts(); !slices.Equal(got, want) {
			t.Errorf("acts are %v, want %v", got, want)
		}
	})
}

// An administrator of one partner neither sees nor changes others.
func TestKeptOutOfOnePartner(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.several()
		all := []string{"Partner South (2)", "Sam Southerly (2)", "A Customer (1)", "4711"}
		if got := keptOut(r.get(keptPath)); !slices.Equal(got, all) {
			t.Errorf("kept out are %q", got)
		}
		for name, as := range map[string]func(*http.Request){"bound": r.south(), "chosen": r.staff(splynxtest.Administrator{Login: "fay", FilterPartner: "2"})} {
			a := r.get(keptPath, as)
			if got := keptOut(a); !slices.Equal(got, all[:2]) || a.has("Pays by bank") || a.has(`<option value="1"`) {
				t.Errorf("%s: kept out are %q\n%s", name, got, a.Body)
			}
			for path, title := range map[string]string{
				"customers/1/let-in": "There is no such customer", "customers/1/keep-out": "There is no such customer", "customers/4711/let-in": "There is no such customer",
				"partners/1/let-in": "There is no such partner", "partners/1/keep-out": "There is no such partner",
			} {
				r.wants(r.get(path, as), 404, title)
				own := r.get(map[bool]string{true: "partners/2/let-in", false: "partners/2/keep-out"}[strings.HasSuffix(path, "in")], as).form()
				r.wants(r.send(http.MethodPost, web.AdminPath+path, values(own, "runs", allRuns, "reason", "why"), as), 404, title)
			}
			for _, who := range []string{"partner-1", "customer-1", "customer-99"} {
				if a := r.get(keptPath+"?changed="+who, as); a.has(`role="status"`) {
					t.Errorf("%s is told of %s", name, who)
				}
			}
			r.says(r.get("customers/2", as), "asks before each charge", "The partner is kept out of automatic")
		}
		as := r.south()
		a := r.send(http.MethodPost, web.AdminPath+"partners/2/let-in", values(r.get("partners/2/let-in", as).form(), "reason", "why not"), as)
		r.says(r.get(strings.TrimPrefix(a.at(), web.AdminPath), as), "Partner 2 is not kept out of charge runs.", "Sam Southerly")
		r.wants(r.get(keptPath, r.staff(splynxtest.Administrator{Login: "both", PartnerID: 1, FilterPartner: "2"})), 403, "Two partners")
		if n := len(keptOut(r.get(keptPath))); n != 3 {
			t.Errorf("%d are left", n)
		}
	})
}

// Who is kept out and is no more in Splynx can still be let in.
func TestGoneCustomerIsLetIn(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.several()
		a := r.get("customers/4711/let-in")
		r.wants(a, 200, "Let into charge runs again")
		r.says(r.follow(r.press("customers/4711/let-in", a.form(), "reason", "tidied up")), "Customer 4711 is not kept out of charge runs.")
		r.wants(r.get("customers/4712/keep-out"), 404, "There is no such customer")
	})
}

// Without Splynx nobody is shown to who is held to a partner; the others see ids.
func TestKeptOutWithoutSplynx(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.several()
		as := r.south()
		r.get(keptPath)
		r.get(keptPath, as)
		r.Splynx.SetOutage(true)
		if got := keptOut(r.get(keptPath)); !slices.Equal(got, []string{"Partner 2", "2", "1", "4711"}) {
			t.Errorf("kept out are %q", got)
		}
		r.wants(r.get(keptPath, as), 503, "Splynx cannot be reached")
	})
}

// A long list has pages; each stands there once.
func TestKeptOutPages(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		const n = 2*pageRows + 7
		for range n {
			r.keeps(charge.KeptCustomer, r.Splynx.AddCustomer(splynxtest.Customer{Name: "No"}), false, "why")
		}
		seen := map[string]bool{}
		for at := web.AdminPath + keptPath; at != ""; {
			a := r.send(http.MethodGet, at, nil)
			for _, who := range keptOut(a) {
				if seen[who] {
					t.Errorf("%s stands twice", who)
				}
				seen[who] = true
			}
			at = a.find(further)
		}
		if len(seen) != n {
			t.Errorf("%d are listed, want %d", len(seen), n)
		}
	})
}

// Who may only see has no way to change.
func TestKeptOutIsSeen(t *testing.T) {
	inBubble(t, setup{Runs: charging.Runs, Office: Config{Rights: Rights{See: {"manager"}, Charge: {"nobody"}}}}, func(r *rig) {
		r.several()
		as := r.staff(splynxtest.Administrator{Login: "may", Role: "manager"})
		for _, path := range []string{keptPath, "customers/1"} {
			a := r.get(path, as)
			if r.says(a, "Pays by bank transfer"); a.has("/keep-out") || a.has("/let-in") || a.has("admin/partners") {
				t.Errorf("%s leads to what may not be done", path)
			}
		}
		for _, path := range []string{"customers/1/keep-out", "customers/1/let-in", "partners/2/keep-out", "partners/2/let-in"} {
			r.wants(r.get(path, as), 403, "You may not do this")
			r.wants(r.send(http.MethodPost, web.AdminPath+path, values("forged"), as), 403, "You may not do this")
		}
		r.wants(r.get("partners?id=1", as), 403, "You may not do this")
	})
}
