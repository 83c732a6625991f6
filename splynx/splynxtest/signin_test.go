package splynxtest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestNotSignedIn(t *testing.T) {
	t.Parallel()
	_, _, b := house(t, Options{})
	for path, want := range map[string]string{
		"/portal":                       "/portal/login/?return=%2Fportal",
		"/portal/":                      "/portal/login/?return=%2Fportal%2F",
		"/portal/finance/invoices?a=b":  "/portal/login/?return=%2Fportal%2Ffinance%2Finvoices%3Fa%3Db",
		"/portal/finance/requests":      "/portal/login/?return=%2Fportal%2Ffinance%2Frequests",
		"/portal/finance/payments/list": "/portal/login/?return=%2Fportal%2Ffinance%2Fpayments%2Flist",
		"/portal/add-on--action-link-modal?module=m&name=n&id=1": "/portal/login/?return=%2Fportal%2Fadd-on--action-link-modal%3Fmodule%3Dm%26name%3Dn%26id%3D1",
		"/admin/":                        "/admin/login/?return=%2Fadmin%2F",
		"/admin/customers/view?id=1":     "/admin/login/?return=%2Fadmin%2Fcustomers%2Fview%3Fid%3D1",
		"/admin/customers/login-as?id=1": "/admin/login/?return=%2Fadmin%2Fcustomers%2Flogin-as%3Fid%3D1",
		"/admin/config/add-on?module=m":  "/admin/login/?return=%2Fadmin%2Fconfig%2Fadd-on%3Fmodule%3Dm",
		"/portal/add-on?module=m&name=n": "/portal/login/?return=%2Fportal%2Fadd-on%3Fmodule%3Dm%26name%3Dn",
	} {
		b.sentTo(want, "GET", path, nil)
	}
	b.sentTo("/admin/login/?return=%2Fadmin%2F", "POST", "/admin/customers/login-as", url.Values{"id": {"1"}})
	b.sees("/portal/login/", `name="password"`)
	b.sees("/admin/login/", `name="code"`)
}

func TestPortalSignIn(t *testing.T) {
	t.Parallel()
	s, c, b := house(t, Options{})
	for _, wrong := range [][2]string{{"tyler", "wrong"}, {"tyler", ""}, {"", ""}, {"bob", "his name"}, {"", "soap"}} {
		resp, page := b.do("POST", "/portal/login/", url.Values{"login": {wrong[0]}, "password": {wrong[1]}})
		if resp.StatusCode != 200 || !strings.Contains(page, "Wrong login or password") || b.cookie("PHPSESSID") != "" {
			t.Errorf("%v: %d %s", wrong, resp.StatusCode, page)
		}
	}
	form := url.Values{"login": {"tyler"}, "password": {"soap"}}
	resp := b.sentTo("/something/?a=b", "POST", "/portal/login/?return=%2Fsomething%2F%3Fa%3Db", form)
	cookie := resp.Header.Get("Set-Cookie")
	for _, want := range []string{"PHPSESSID=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	id := b.cookie("PHPSESSID")
	if !regexp.MustCompile(`^[A-Za-z0-9,-]{16,128}$`).MatchString(id) {
		t.Errorf("session id %q", id)
	}
	b.sees("/portal/", "Tyler Durden")
	if got := c.whoIs(id); got != "customer" {
		t.Errorf("the session is exchanged for %s", got)
	}
	b.signIn("/portal/", "tyler", "soap")
	if b.cookie("PHPSESSID") == id || c.whoIs(id) != "UNAUTHORIZED" {
		t.Error("the old id lives on after a new sign-in")
	}
	id = b.cookie("PHPSESSID")
	b.sentTo("/portal/", "GET", "/portal/logout/", nil)
	b.sees("/portal/", "Tyler Durden")
	b.sentTo("/portal/login/", "POST", "/portal/logout/", nil)
	b.sentTo("/portal/login/?return=%2Fportal%2F", "GET", "/portal/", nil)
	if got := c.whoIs(id); got != "UNAUTHORIZED" {
		t.Errorf("after the sign-out: %s", got)
	}
	if len(s.sessions) != 0 {
		t.Errorf("%d sessions are left", len(s.sessions))
	}
}

// Nobody is sent to another site after signing in.
func TestReturnToForeignSite(t *testing.T) {
	t.Parallel()
	_, _, b := house(t, Options{})
	for _, evil := range []string{
		"https://evil.example/", "//evil.example/", "///evil.example/", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "evil.example", "", "javascript:alert(1)",
		"/portal\r\nX: y", ":",
	} {
		form := url.Values{"login": {"tyler"}, "password": {"soap"}, "return": {evil}}
		b.sentTo("/portal/", "POST", "/portal/login/", form)
	}
	form := url.Values{"login": {"tyler"}, "password": {"soap"}, "return": {"/paymentexpress/?x=//y"}}
	b.sentTo("/paymentexpress/?x=//y", "POST", "/portal/login/", form)
}

func TestTwoFactorOnThePage(t *testing.T) {
	t.Parallel()
	s, c, b := house(t, Options{})
	s.AddAdministrator(Administrator{Name: "x", Login: "two", Password: "p", Code: "123", Fingerprint: "known"})
	for _, code := range []string{"", "124"} {
		_, page := b.do("POST", "/admin/login/", url.Values{"login": {"two"}, "password": {"p"}, "code": {code}})
		if !strings.Contains(page, "two-factor code is missing or wrong") {
			t.Errorf("%q: %s", code, page)
		}
	}
	b.sentTo("/admin/", "POST", "/admin/login/", url.Values{"login": {"two"}, "password": {"p"}, "code": {"123"}})
	c.signIn(`{"auth_type":"admin","login":"two","password":"p","fingerprint":"known"}`)
	c.code(401, "MISSED_TWO_FACTOR_CODE", "POST", tokensPath, `{"auth_type":"admin","login":"two","password":"p","fingerprint":"other"}`)
}

// A customer and an administrator who sign in with the same browser share its session.
func TestBothInOneSession(t *testing.T) {
	t.Parallel()
	for both, want := range map[BothIDs]string{BothCustomer: "customer", BothAdministrator: "admin", BothRefused: "INVALID_USER"} {
		_, c, b := house(t, Options{BothIs: both, SessionCookie: "SPL"})
		b.signIn("/admin/", "bob", "his name")
		if got := c.whoIs(b.cookie("SPL")); got != "admin" {
			t.Errorf("the administrator alone is %s", got)
		}
		b.signIn("/portal/", "tyler", "soap")
		b.sees("/portal/", "Tyler Durden")
		b.sees("/admin/", "Marla Singer")
		if got := c.whoIs(b.cookie("SPL")); got != want {
			t.Errorf("both are %s, want %s", got, want)
		}
		b.sentTo("/admin/login/", "POST", "/admin/logout/", nil)
		b.sees("/portal/", "Tyler Durden")
		if got := c.whoIs(b.cookie("SPL")); got != "customer" {
			t.Errorf("the customer alone is %s", got)
		}
	}
}

func TestSeparateCookies(t *testing.T) {
	t.Parallel()
	_, c, b := house(t, Options{SeparateCookies: true})
	b.signIn("/admin/", "bob", "his name")
	b.sentTo("/portal/", "POST", "/admin/customers/login-as", url.Values{"id": {"2"}})
	b.sees("/portal/", "Marla Singer")
	admin, customer := c.whoIs(b.cookie("PHPSESSID_ADMIN")), c.whoIs(b.cookie("PHPSESSID"))
	if admin != "admin" || customer != "customer" {
		t.Errorf("the cookies are %s and %s", admin, customer)
	}
	b.sentTo("/portal/login/", "POST", "/portal/logout/", nil)
	b.sees("/admin/", "Customers")
}

func TestLoginAsCustomer(t *testing.T) {
	t.Parallel()
	s, c, b := house(t, Options{})
	b.signIn("/admin/", "bob", "his name")
	id := b.cookie("PHPSESSID")
	b.sentTo("/admin/customers/view?id=2", "GET", "/admin/customers/login-as?id=2", nil)
	b.sentTo("/portal/", "POST", "/admin/customers/login-as", url.Values{"id": {"2"}})
	b.sees("/portal/", "Marla Singer")
	if b.cookie("PHPSESSID") != id || c.whoIs(id) != "customer" {
		t.Error("the customer is not in the same session")
	}
	north := s.AddPartner("North", "North")
	s.AddAdministrator(Administrator{Name: "n", Login: "north", Password: "p", PartnerID: north})
	b.signIn("/admin/", "north", "p")
	if page := b.sees("/admin/"); strings.Contains(page, "Marla") {
		t.Error("another partner's customer is listed")
	}
	for _, path := range []string{"/admin/customers/view?id=2", "/admin/customers/view?id=99", "/admin/customers/view?id=x", "/admin/customers/view"} {
		if resp, _ := b.do("GET", path, nil); resp.StatusCode != 404 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	if resp, _ := b.do("POST", "/admin/customers/login-as", url.Values{"id": {"1"}}); resp.StatusCode != 404 {
		t.Errorf("another partner's customer: %d", resp.StatusCode)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s, c, b := house(t, Options{SessionLife: time.Hour})
	now := noon
	s.Now = func() time.Time { return now }
	b.signIn("/portal/", "tyler", "soap")
	now = now.Add(59 * time.Minute)
	b.sees("/portal/", "Tyler")
	now = now.Add(59 * time.Minute)
	if got := c.whoIs(b.cookie("PHPSESSID")); got != "customer" {
		t.Errorf("a session that was used: %s", got)
	}
	now = now.Add(time.Minute)
	if got := c.whoIs(b.cookie("PHPSESSID")); got != "UNAUTHORIZED" {
		t.Errorf("a session that ended: %s", got)
	}
	b.sentTo("/portal/login/?return=%2Fportal%2F", "GET", "/portal/", nil)

	b.signIn("/portal/", "tyler", "soap")
	s.ExpireSessions()
	b.sentTo("/portal/login/?return=%2Fportal%2F", "GET", "/portal/", nil)
	if got := c.whoIs(b.cookie("PHPSESSID")); got != "UNAUTHORIZED" {
		t.Errorf("after all expired: %s", got)
	}
}

func TestRefusedStatuses(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"blocked", "disabled"} {
		s, c, b := house(t, Options{})
		s.SetStatus(1, status)
		b.signIn("/portal/", "tyler", "soap")
		if got := c.whoIs(b.cookie("PHPSESSID")); got != "customer" {
			t.Errorf("%s by default: %s", status, got)
		}
	}
	s, c, b := house(t, Options{RefusedStatuses: []string{"blocked"}})
	b.signIn("/portal/", "tyler", "soap")
	s.SetStatus(1, "disabled")
	b.sees("/portal/", "Tyler")
	s.SetStatus(1, "blocked")
	b.sentTo("/portal/login/?return=%2Fportal%2F", "GET", "/portal/", nil)
	if got := c.whoIs(b.cookie("PHPSESSID")); got != "INVALID_USER" {
		t.Errorf("a blocked customer's session: %s", got)
	}
	c.code(401, "INVALID_USER", "POST", tokensPath, `{"auth_type":"customer","login":"tyler","password":"soap"}`)
	_, page := b.do("POST", "/portal/login/", url.Values{"login": {"tyler"}, "password": {"soap"}})
	if !strings.Contains(page, "cannot sign in") {
		t.Errorf("%s", page)
	}
	b.signIn("/portal/", "marla", "cave")
	s.RemoveCustomer(2)
	if got := c.whoIs(b.cookie("PHPSESSID")); got != "UNAUTHORIZED" {
		t.Errorf("a customer who is gone: %s", got)
	}
}

func TestPinnedSessions(t *testing.T) {
	t.Parallel()
	_, c, b := house(t, Options{PinSessions: true})
	b.signIn("/portal/", "tyler", "soap")
	id := b.cookie("PHPSESSID")
	if got := c.whoIs(id); got != "USER_AGENT_CHANGED" {
		t.Errorf("another program: %s", got)
	}
	c.agent = "Go-http-client/1.1"
	if got := c.whoIs(id); got != "customer" {
		t.Errorf("the browser itself: %s", got)
	}
}

func TestEmailLogin(t *testing.T) {
	t.Parallel()
	_, _, b := house(t, Options{EmailLogin: true})
	b.signIn("/portal/", "marla@example.net", "cave")
	b.sees("/portal/", "Marla")
	_, c, plain := house(t, Options{})
	c.code(401, "UNAUTHORIZED", "POST", tokensPath, `{"auth_type":"customer","login":"marla@example.net","password":"cave"}`)
	if resp, _ := plain.do("POST", "/portal/login/", url.Values{"login": {"marla@example.net"}, "password": {"cave"}}); resp.StatusCode != http.StatusOK {
		t.Errorf("email is taken for a login: %d", resp.StatusCode)
	}
}

// What API reads show of an administrator after a sign-in.
func TestSignInLeavesItsTrace(t *testing.T) {
	t.Parallel()
	_, c, b := house(t, Options{})
	b.signIn("/admin/", "bob", "his name")
	b.signIn("/portal/", "tyler", "soap")
	var got map[string]any
	decode(t, c.want(200, "GET", "admin/administration/administrators/1", ""), &got)
	if got["last_ip"] != "pipe" || got["last_dt"] != "2026-03-14 12:00:00" {
		t.Errorf("%v", got)
	}
	decode(t, c.want(200, "GET", "admin/customers/customer/1", ""), &got)
	if got["last_online"] != "2026-03-14 12:00:00" {
		t.Errorf("%v", got)
	}
}
