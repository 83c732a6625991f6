package office

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const (
	goldenID = payment.ID("GOLDENGOLDEN0001") // parked, of the rig's customer
	bookedID = payment.ID("GOLDENGOLDEN0002") // in Splynx
)

// addresses fills in the wildcards of a route with something that is there.
func addresses(at route) string {
	path := strings.TrimSuffix(at.path, "{$}")
	id := "1"
	if strings.HasPrefix(path, "payments/") {
		if id = string(goldenID); strings.HasSuffix(path, "refund") {
			id = string(bookedID)
		}
	}
	path = strings.NewReplacer("{kind}", "invoice", "{id}", id, "{how}", "again", "{run}", string(goldenID)).Replace(path)
	switch at.path {
	case "find":
		path += "?what=customer&q=1"
	case "pay":
		path += "?kind=invoice&item_id=1"
	case "partners":
		path += "?id=1"
	case "customers/{id}/balance":
		path += "?amount=20"
	}
	return path
}

// furnished has something behind every address.
func (r *rig) furnished() {
	r.Helper()
	r.saves(r.Customer, windcavetest.CardApproved, "11")
	r.put(goldenID, payment.Parked, approved, because(payment.ReasonBookingRefused, payment.Approved), func(p *payment.Payment) { p.DocumentID = 77 })
	r.put(bookedID, payment.Recorded, approved, because(payment.ReasonBooked, ""), func(p *payment.Payment) { p.DocumentID = 78 })
	if r.Runs != nil {
		r.putRun(goldenID, charge.Planned)
		r.keeps(charge.KeptCustomer, r.Customer, false, "pays by bank")
		r.keeps(charge.KeptPartner, 1, true, "has the old prices")
	}
}

// paysNot is an administrator who may look at administrators and at nothing else.
var paysNot = map[string][]string{"Administrators": {"index", "view"}}

// F56: everybody who may not is refused on every address, whatever is asked for; who may is not.
func TestF56WhoMayOpenWhat(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.furnished()
		r.Splynx.AddGuestSession(strings.Repeat("9", 32))
		south := r.Splynx.AddCustomer(splynxtest.Customer{Name: "South", PartnerID: 2})
		r.Splynx.AddCustomerSession(strings.Repeat("8", 32), south)
		callers := []struct {
			name  string
			as    func(*http.Request)
			wants func(method, path string, a answer) bool
		}{
			{"nobody", func(*http.Request) {}, toSignIn},
			{"an ended session", cookie(strings.Repeat("7", 32)), toSignIn},
			{"a session of nobody", cookie(strings.Repeat("9", 32)), toSignIn},
			{"a customer", cookie(rigCustomer), status(403, "Not for you")},
			{"another partner's customer", cookie(strings.Repeat("8", 32)), status(403, "Not for you")},
			{"an administrator without the right", r.staff(splynxtest.Administrator{Login: "eve", Permissions: paysNot}), status(403, "You may not do this")},
			{"another partner's administrator", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2}), hidden},
			{"one who has chosen another partner", r.staff(splynxtest.Administrator{Login: "fay", FilterPartner: "2"}), hidden},
			{"one who may", cookie(rigStaff), opens},
		}
		for _, at := range r.Office.all() {
			for _, c := range callers {
				path := addresses(at)
				var form url.Values
				if at.method == post {
					form = values("forged")
				}
				a := r.send(at.method, web.AdminPath+path, form, c.as)
				if !c.wants(at.method, path, a) {
					t.Errorf("%s %s by %s is %d %q to %q", at.method, path, c.name, a.Code, a.title(), a.location())
				}
				if c.name != "one who may" && (a.has("A Customer") || a.has("57.50") || a.has("2026/0042") || a.has("pays by bank") || a.has("old prices")) {
					t.Errorf("%s %s tells %s of the customer", at.method, path, c.name)
				}
			}
		}
		if n := len(r.Gateway.Charges()) + len(r.Gateway.Refunds()); n != 0 {
			t.Errorf("%d charges and refunds were made", n)
		}
	})
}

func status(code int, title string) func(string, string, answer) bool {
	return func(_, _ string, a answer) bool { return a.Code == code && a.title() == title }
}

// toSignIn leads a page to Splynx's sign-in and from there back; a form is refused.
func toSignIn(method, path string, a answer) bool {
	if method == post {
		return a.Code == 403 && a.title() == "You are signed out"
	}
	u, err := url.Parse(a.location())
	back := u.Query().Get("return")
	return err == nil && a.Code == 302 && strings.HasPrefix(a.location(), rigPublic+"/admin/login/") && strings.HasPrefix(back, web.AdminPath+path) && strings.Contains(back, "signed_in=1")
}

// hidden: what is of nobody in particular opens, and is empty; the rest is not there.
func hidden(method, path string, a answer) bool {
	if method == post {
		return a.Code == 400 || a.Code == 404
	}
	path, _, _ = strings.Cut(path, "?")
	switch path {
	case "", "payments", "work", "links", "guests", "charge", "history", "history/charges", "history/csv", keptPath,
		"cards", "logs", "logs/csv", "logs/charges", "logs/charges/csv", "settings":
		return a.Code == 200
	case "find", "partners":
		return a.Code == 303
	}
	return a.Code == 404
}

func opens(method, _ string, a answer) bool {
	if method == post {
		return a.Code == 400 && a.title() == "This page is out of date" || a.Code == 409
	}
	return a.Code == 200 || a.Code == 303
}

// A right is held against every address that needs it, for roles that are named.
func TestRolesHaveRights(t *testing.T) {
	rights := Rights{See: {"manager", "Financial-Manager"}, Charge: {"financial-manager"}, Refund: {"super-administrator"}, Settings: {"technician"}}
	inBubble(t, setup{Office: Config{Rights: rights}, Runs: charging.Runs}, func(r *rig) {
		r.furnished()
		for role, has := range map[string][]Right{
			"manager": {See}, "financial-manager": {See, Charge}, "super-administrator": {See, Refund}, "technician": {Settings}, "engineer": nil,
		} {
			as := r.staff(splynxtest.Administrator{Login: role, Role: role})
			for _, at := range r.Office.all() {
				may := false
				for _, right := range has {
					may = may || right == at.right
				}
				var form url.Values
				if at.method == post {
					form = values("forged")
				}
				a := r.send(at.method, web.AdminPath+addresses(at), form, as)
				if refused := a.Code == 403 && a.title() == "You may not do this"; refused == may {
					t.Errorf("%s %s by a %s is %d %q", at.method, at.path, role, a.Code, a.title())
				}
			}
		}
		// Money moves only for who may add payments in Splynx.
		as := r.staff(splynxtest.Administrator{Login: "role only", Role: "financial-manager", Permissions: paysNot})
		r.wants(r.get(r.invoicePath(), as), 403, "You may not do this")
		r.wants(r.get("payments", as), 200, "History")
	})
}

// Pages show no way to what the administrator may not do.
func TestButtonsFollowRights(t *testing.T) {
	inBubble(t, setup{Office: Config{Rights: Rights{See: {"manager"}, Charge: {"nobody"}, Refund: {"nobody"}, Settings: {"nobody"}}}}, func(r *rig) {
		r.furnished()
		as := r.staff(splynxtest.Administrator{Login: "may", Role: "manager"})
		for _, path := range []string{"", "work", "customers/1", "payments/" + string(goldenID), "payments/" + string(bookedID)} {
			a := r.get(path, as)
			if a.Code != 200 {
				t.Errorf("%s is %d", path, a.Code)
			}
			for _, word := range []string{"/settle/", "/refund", "/rebook", "/balance", "/links", "admin/pay/"} {
				if a.has(word) {
					t.Errorf("%s leads to %s", path, word)
				}
			}
		}
	})
}

func TestOnlyFromTheOffice(t *testing.T) {
	inBubble(t, setup{Office: Config{From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}}, Runs: charging.Runs}, func(r *rig) {
		before := len(r.Splynx.Log())
		for _, at := range r.Office.all() {
			if a := r.send(at.method, web.AdminPath+addresses(at), nil); a.Code != 403 || a.title() != "Not from here" {
				t.Errorf("%s %s is %d %q", at.method, at.path, a.Code, a.title())
			}
		}
		if n := len(r.Splynx.Log()) - before; n > 1 { // the provider's name
			t.Errorf("Splynx was asked %d times", n)
		}
		for _, from := range []string{"10.1.2.3:1", "[2001:db8::1]:1", "[::ffff:10.1.2.3]:1"} {
			a := r.get("", cookie(rigStaff), func(q *http.Request) { q.RemoteAddr = from })
			r.wants(a, 200, "Overview")
		}
	})
}

// What is off is not there, and nothing leads there.
func TestOff(t *testing.T) {
	inBubble(t, setup{Office: Config{AddMoney: true /* turned round */}, Web: func(c *web.Config) { c.DirectPay = false }}, func(r *rig) {
		r.furnished()
		for _, path := range []string{"customers/1/balance", "customers/1/balance?amount=20", "links", "guests", "charge", "charge/1", "nothing"} {
			r.wants(r.get(path), 404, "There is no such page")
		}
		for _, path := range []string{"", "customers/1", r.invoicePath(), "work"} {
			if a := r.get(path); a.Code != 200 || a.has("/balance") || a.has("admin/links") || a.has("admin/charge") {
				t.Errorf("%s (%d) leads there", path, a.Code)
			}
		}
		r.wants(r.send(http.MethodPost, web.AdminPath+"customers/1/balance", values("x")), 404, "There is no such page")
		if a := r.send(http.MethodPut, web.AdminPath+"work", nil); a.Code != 405 || a.Header().Get("Allow") != "GET" {
			t.Errorf("PUT is %d, allowed is %q", a.Code, a.Header().Get("Allow"))
		}
	})
}

// An administrator who comes back from the sign-in and is nobody still is not sent in a circle.
func TestNoCircle(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.wants(r.get("work?signed_in=1", func(*http.Request) {}), 403, "Splynx does not say who you are")
	})
}

// The addresses that the add-on had lead an administrator to the office.
func TestAddOnAddressesLeadToTheOffice(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for from, to := range map[string]string{
			"/paymentexpress/pay-invoice?item_id=2026%2F0042": "pay?item_id=2026%2F0042&kind=invoice", "/paymentexpress/pay-request?item_id=7": "pay?item_id=7&kind=proforma",
			"/paymentexpress/": "", "/paymentexpress": "", "/paymentexpress/?item_id=1": "customers/1", "/paymentexpress/?customer_id=1": "customers/1", "/paymentexpress/card": "",
			"/paymentexpress/add-money-by-admin?customer_id=1": "customers/1",
		} {
			if a := r.send(http.MethodGet, from, nil); a.Code != 302 || a.location() != web.AdminPath+to {
				t.Errorf("%s leads to %d %q, want %q", from, a.Code, a.location(), to)
			}
		}
		if a := r.send(http.MethodGet, "/paymentexpress/pay-invoice?item_id=1", nil, cookie(rigCustomer)); a.location() != "" {
			t.Errorf("a customer is sent to %q", a.location())
		}
	})
}

// One browser holds both: the office works as the administrator, the customers' page asks.
func TestSignedInTwice(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		both := []func(*http.Request){cookie(rigCustomer), cookie(rigStaff)}
		r.wants(r.get("work", both...), 200, "Work list")
		a := r.send(http.MethodGet, "/paymentexpress/pay-invoice?item_id=2026%2F0042", nil, both...)
		r.wants(a, 200, "As whom?")
		r.says(a, "/paymentexpress/admin/pay?item_id=2026%2F0042&amp;kind=invoice", "Go on as the administrator")
		r.Splynx.AddAdministratorSession(strings.Repeat("6", 32), r.Splynx.AddAdministrator(splynxtest.Administrator{Login: "two"}))
		r.wants(r.get("work", cookie(strings.Repeat("6", 32)), cookie(rigStaff)), 403, "Two administrators")
	})
}

// Where Splynx or the journal is away, the office says so, and what is there all the same.
func TestAway(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.furnished()
		r.get("") // known for a minute
		r.Splynx.SetOutage(true)
		r.wants(r.get("customers/1"), 503, "Splynx cannot be reached")
		r.wants(r.get("work"), 200, "Work list")
		time.Sleep(2 * time.Minute)
		r.wants(r.get("work"), 503, "Splynx cannot be reached")
		r.Splynx.SetOutage(false)
		time.Sleep(2 * time.Minute)
		r.shut = payment.ErrStopped
		r.wants(r.get("work"), 503, "No payment can be taken now")
	})
}
