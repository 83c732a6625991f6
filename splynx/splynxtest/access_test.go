package splynxtest

import (
	"encoding/base64"
	"strings"
	"testing"
)

// A key with a white list works from the listed addresses alone, however it is used, and so do its tokens.
func TestWhiteList(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		list   []string
		forbid bool
		status int
		code   string
	}{
		{nil, false, 200, ""},
		{[]string{"192.0.2.1", "pipe"}, false, 200, ""},
		{[]string{"192.0.2.1"}, false, 401, "UNAUTHORIZED"},
		{[]string{"192.0.2.1"}, true, 403, "FORBIDDEN"},
	} {
		_, c := setup(t, Options{ForbidAddress: tt.forbid, Keys: []APIKey{{Key: testKey, Secret: testSecret, Unsecure: true, WhiteList: tt.list}}})
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(testKey+":"+testSecret))
		for _, header := range []string{sign256(testKey, testSecret, "1"), basic} {
			c.header = header
			if tt.code == "" {
				c.want(tt.status, "GET", methodsPath, "")
				continue
			}
			c.code(tt.status, tt.code, "GET", methodsPath, "")
		}
		if tt.code == "" {
			c.signInWithKey()
			c.want(200, "GET", methodsPath, "")
			continue
		}
		c.header = ""
		c.code(tt.status, tt.code, "POST", tokensPath, keySignIn("1"))
	}
}

func keySignIn(nonce string) string {
	_, signature, _ := strings.Cut(strings.TrimSuffix(sign256(testKey, testSecret, nonce), ")"), "signature=")
	return encode(map[string]string{"auth_type": "api_key", "key": testKey, "nonce": nonce, "signature": signature})
}

// The nonce rises over sign-ins and signed calls alike; a refused call does not use one up, and a token needs none.
func TestNonceOverAllWays(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, CheckNonce: true}}})
	c.header = ""
	got := c.signIn(keySignIn("1000"))
	c.want(200, "GET", methodsPath, "")
	c.want(200, "GET", methodsPath, "")
	c.header = ""
	c.want(401, "POST", tokensPath, keySignIn("1000"))
	c.header = sign256(testKey, testSecret, "1000")
	c.code(401, "UNAUTHORIZED", "GET", methodsPath, "")
	c.header = sign256(testKey, "forged", "18446744073709551615")
	c.code(401, "UNAUTHORIZED", "GET", methodsPath, "")
	c.header = sign256(testKey, testSecret, "18446744073709551616") // above BIGINT UNSIGNED
	c.code(401, "UNAUTHORIZED", "GET", methodsPath, "")
	c.header = sign256(testKey, testSecret, "1001")
	c.want(200, "GET", methodsPath, "")
	c.header = sign256(testKey, testSecret, "1002")
	c.code(403, "FORBIDDEN", "POST", sessionsPath, "")
	c.header = "Splynx-EA (access_token=" + got.Access + ")"
	c.want(200, "GET", methodsPath, "")
	if n := s.LastNonce(testKey); n != 1002 {
		t.Errorf("last nonce %d", n)
	}
	if n := s.LastNonce("other"); n != 0 {
		t.Errorf("last nonce of no key %d", n)
	}
}

// Renewing is pinned as the token is.
func TestRenewalPinned(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{})
	got := c.signInWithKey()
	c.agent, c.header = "other", ""
	c.code(401, "USER_AGENT_CHANGED", "GET", tokensPath+"/"+got.Refresh, "")
	c.agent = "test"
	c.want(200, "GET", tokensPath+"/"+got.Refresh, "")
}

func TestMainAccountAndItsSubs(t *testing.T) {
	t.Parallel()
	for sees, want := range map[bool]int{false: 1, true: 2} {
		_, c, _ := house(t, Options{MainSeesSubs: sees})
		c.signIn(`{"auth_type":"customer","login":"tyler","password":"soap"}`)
		for _, path := range []string{"admin/customers/customer", "admin/finance/invoices"} {
			if rows := rowsOf(t, c.want(200, "GET", path, "")); len(rows) != want {
				t.Errorf("%v: %d rows of %s", sees, len(rows), path)
			}
		}
		c.code(403, "NOT_ALLOWED_BY_USER_RESTRICTION", "GET", "admin/customers/customer/2", "")
	}
}

func TestPortalAPI(t *testing.T) {
	t.Parallel()
	for st, days := range map[Style]string{V5: `0`, V4: `"0"`} {
		s, c, _ := house(t, Options{Style: st})
		s.SetDeposit(1, "-12.34")
		const path = "portal/services/billing-info"
		c.code(403, "FORBIDDEN", "GET", path, "")
		c.signIn(`{"auth_type":"admin","login":"bob","password":"his name"}`)
		c.code(403, "FORBIDDEN", "GET", path, "")
		c.signIn(`{"auth_type":"customer","login":"tyler","password":"soap"}`)
		want := `{"blocking_date":"0000-00-00","deposit":"-12.3400","howManyDaysLeft":` + days + "}\n"
		if got := c.want(200, "GET", path, ""); got != want {
			t.Errorf("got %s want %s", got, want)
		}
		c.code(405, "METHOD_DISABLED", "POST", path, "{}")
		c.want(200, "GET", "portal/dashboard/dashboard", "")
		c.want(200, "GET", "portal/profile/additional-attributes", "")
		c.code(404, "NOT_FOUND", "GET", "portal/other", "")
	}
}

// Keys and administrators read staff, customers do not; passwords are nowhere.
func TestAdministratorsAsRead(t *testing.T) {
	t.Parallel()
	for st, want := range map[Style]string{
		V5: `{"calendar_color":"","email":"n@example.net","filter_partner_id":"2","id":2,"last_dt":"0000-00-00 00:00:00","last_ip":"","login":"north","name":"North","partner_id":2,` +
			`"phone":"1","role_name":"manager","router_access":"","send_from_my_name":"0","timeout":600,"updated_at":"2026-03-14 12:00:00"}`,
		V4: `{"calendar_color":"","email":"n@example.net","filter_partner_id":"2","id":"2","last_dt":"0000-00-00 00:00:00","last_ip":"","login":"north","name":"North","partner_id":"2",` +
			`"phone":"1","role_name":"manager","router_access":"","send_from_my_name":"0","timeout":"600","updated_at":"2026-03-14 12:00:00"}`,
	} {
		s, c, _ := house(t, Options{Style: st})
		s.AddAdministrator(Administrator{
			Name: "North", Login: "north", Password: "p", PartnerID: s.AddPartner("North", "N"), Role: "manager", Email: "n@example.net",
			Phone: "1", FilterPartner: "2", Timeout: 600, Permissions: map[string][]string{"Administrators": {"index", "view"}},
		})
		const path = "admin/administration/administrators"
		var got map[string]any
		decode(t, c.want(200, "GET", path+"/2", ""), &got)
		if got := encode(got); got != want+"\n" {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		c.signIn(`{"auth_type":"admin","login":"north","password":"p"}`)
		if rows := rowsOf(t, c.want(200, "GET", path, "")); len(rows) != 1 {
			t.Errorf("%d administrators are seen by one of a partner", len(rows))
		}
		c.code(403, "FORBIDDEN", "GET", "admin/administration/partners", "")
		c.signIn(`{"auth_type":"customer","login":"tyler","password":"soap"}`)
		c.code(403, "FORBIDDEN", "GET", path, "")
	}
}
