package splynxtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const methodsPath = "admin/finance/payment-methods"

func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	var vectors struct {
		Auth []struct {
			Key, Secret, Signature, Authorization string
			Nonce                                 json.Number
		} `json:"signature_auth"`
	}
	capture(t, "vectors.json", &vectors)
	for _, v := range vectors.Auth {
		_, c := setup(t, Options{Keys: []APIKey{{Key: v.Key, Secret: v.Secret}}})
		c.header = v.Authorization
		c.want(200, "GET", methodsPath, "")
		c.want(201, "POST", tokensPath, encode(map[string]any{
			"auth_type": "api_key", "key": v.Key, "nonce": v.Nonce, "signature": v.Signature,
		}))
	}
	if len(vectors.Auth) < 4 {
		t.Error("vectors are missing")
	}
}

func TestRefusedAuthorization(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{})
	good := sign256(testKey, testSecret, "7")
	for _, tt := range []struct{ name, header, code string }{
		{"missing", "", "MISSED_AUTHORIZATION_HEADER"},
		{"wrong secret", sign256(testKey, "other", "7"), "UNAUTHORIZED"},
		{"unknown key", sign256("other", testSecret, "7"), "UNAUTHORIZED"},
		{"other nonce", strings.Replace(good, "nonce=7", "nonce=8", 1), "UNAUTHORIZED"},
		{"small letters", "Splynx-EA (" + strings.ToLower(strings.TrimPrefix(good, "Splynx-EA (")), "UNAUTHORIZED"},
		{"nonce no number", sign256(testKey, testSecret, "x"), "UNAUTHORIZED"},
		{"other scheme", "Bearer x", "INVALID_AUTH_TYPE"},
		{"empty token", "Splynx-EA (access_token=)", "EMPTY_ACCESS_TOKEN"},
		{"forged token", "Splynx-EA (access_token=a.b.c)", "UNAUTHORIZED"},
		{"basic not allowed", "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6czNjcjN0LW5vdC1yZWFs", "UNAUTHORIZED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := *c
			d.t, d.header = t, tt.header
			d.code(401, tt.code, "GET", methodsPath, "")
		})
	}
	c.header = ""
	c.want(200, "GET", checkPath, "")
}

func TestBasicWhereAllowed(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{Keys: []APIKey{{Key: "k", Secret: "s", Unsecure: true}}})
	c.header = "Basic azpz"
	c.want(200, "GET", methodsPath, "")
	c.header = "Basic azp0"
	c.code(401, "UNAUTHORIZED", "GET", methodsPath, "")
}

func TestNonceMustRise(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, CheckNonce: true}}})
	for _, tt := range []struct {
		nonce  string
		status int
	}{{"5", 200}, {"5", 401}, {"4", 401}, {"6", 200}, {"170000000012", 200}, {"7", 401}} {
		c.header = sign256(testKey, testSecret, tt.nonce)
		c.want(tt.status, "GET", methodsPath, "")
	}
}

type tokens struct {
	Access     string          `json:"access_token"`
	AccessEnd  int64           `json:"access_token_expiration"`
	Refresh    string          `json:"refresh_token"`
	RefreshEnd int64           `json:"refresh_token_expiration"`
	Permission json.RawMessage `json:"permissions"`
}

func (c *caller) signIn(body string) tokens {
	c.t.Helper()
	var got tokens
	decode(c.t, c.want(201, "POST", tokensPath, body), &got)
	if strings.Count(got.Access, ".") != 2 || strings.Count(got.Refresh, ".") != 2 {
		c.t.Errorf("tokens of other than three parts: %+v", got)
	}
	c.header = "Splynx-EA (access_token=" + got.Access + ")"
	return got
}

func (c *caller) signInWithKey() tokens {
	c.t.Helper()
	header := sign256(testKey, testSecret, "1")
	_, signature, _ := strings.Cut(strings.TrimSuffix(header, ")"), "signature=")
	return c.signIn(fmt.Sprintf(`{"auth_type":"api_key","key":%q,"nonce":1,"signature":%q}`, testKey, signature))
}

func TestTokenLife(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	now := noon
	s.Now = func() time.Time { return now }
	got := c.signInWithKey()
	if end := time.Unix(got.AccessEnd, 0); !end.Equal(noon.Add(30 * time.Minute)) {
		t.Errorf("the access token lives to %v", end)
	}
	c.want(200, "GET", methodsPath, "")

	c.agent = "other"
	c.code(401, "USER_AGENT_CHANGED", "GET", methodsPath, "")
	c.agent = "test"

	now = noon.Add(30*time.Minute - time.Second)
	c.want(200, "GET", methodsPath, "")
	now = noon.Add(30 * time.Minute)
	c.code(401, "EXPIRED_ACCESS_TOKEN", "GET", methodsPath, "")

	c.header = ""
	var renewed tokens
	decode(t, c.want(200, "GET", tokensPath+"/"+got.Refresh, ""), &renewed)
	if renewed.Permission != nil || renewed.Access == got.Access {
		t.Errorf("renewed: %+v", renewed)
	}
	c.code(401, "TOKEN_BANNED", "GET", tokensPath+"/"+got.Refresh, "")
	c.header = "Splynx-EA (access_token=" + renewed.Access + ")"
	c.want(200, "GET", methodsPath, "")

	c.want(204, "DELETE", tokensPath+"/"+renewed.Refresh, "")
	c.code(401, "TOKEN_BANNED", "GET", methodsPath, "")
	c.code(401, "TOKEN_BANNED", "GET", tokensPath+"/"+renewed.Refresh, "")
	c.code(404, "NOT_FOUND", "DELETE", tokensPath+"/"+renewed.Refresh, "")

	got = c.signInWithKey()
	now = time.Unix(got.RefreshEnd, 0)
	c.code(401, "EXPIRED_REFRESH_TOKEN", "GET", tokensPath+"/"+got.Refresh, "")
	for _, e := range s.Log() {
		if strings.Contains(fmt.Sprint(e), got.Refresh) || strings.Contains(fmt.Sprint(e), got.Access) {
			t.Error("a token is in the log")
		}
	}
}

// A token works only from the address that asked for it.
func TestTokenPinnedToAddress(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.signInWithKey()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "/api/2.0/"+methodsPath, http.NoBody)
	r.Header.Set("User-Agent", "test")
	r.RemoteAddr = "127.0.0.2:1"
	r.Header.Set("Authorization", c.header)
	if _, bad := s.identify(r); bad == nil || bad.code != "IP_CHANGED" {
		t.Errorf("refusal %+v", bad)
	}
}

func TestPeopleSignIn(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddCustomer(Customer{Name: "Other"})
	s.AddInvoice(Invoice{CustomerID: 2, Number: "9", Total: "1"})
	admin := s.AddAdministrator(Administrator{Name: "Marla", Login: "marla", Password: "p", Code: "123"})
	s.AddCustomerSession("c0ffee", 1)
	s.AddAdministratorSession("adm1n", admin)
	s.AddGuestSession("guest")

	for body, code := range map[string]string{
		`{"auth_type":"customer","login":"tyler","password":"wrong"}`:       "UNAUTHORIZED",
		`{"auth_type":"admin","login":"tyler","password":"soap"}`:           "UNAUTHORIZED",
		`{"auth_type":"admin","login":"marla","password":"p"}`:              "MISSED_TWO_FACTOR_CODE",
		`{"auth_type":"admin","login":"marla","password":"p","code":"124"}`: "INVALID_TWO_FACTOR_CODE",
		`{"auth_type":"session","session_id":"unknown"}`:                    "UNAUTHORIZED",
		`{"auth_type":"session","session":"c0ffee"}`:                        "UNAUTHORIZED",
		`{"auth_type":"session","session_id":"guest"}`:                      "INVALID_USER",
		`not JSON`: "UNAUTHORIZED",
	} {
		c.code(401, code, "POST", tokensPath, body)
	}

	for _, body := range []string{
		`{"auth_type":"customer","login":"tyler","password":"soap"}`, `{"auth_type":"session","session_id":"c0ffee"}`,
	} {
		c.signIn(body)
		if rows := rowsOf(t, c.want(200, "GET", "admin/customers/customer?limit=2", "")); len(rows) != 1 {
			t.Errorf("a customer sees %d customers", len(rows))
		}
		if rows := rowsOf(t, c.want(200, "GET", "admin/finance/invoices", "")); len(rows) != 1 {
			t.Errorf("a customer sees %d invoices", len(rows))
		}
		c.code(403, "NOT_ALLOWED_BY_USER_RESTRICTION", "GET", "admin/finance/invoices/2", "")
		c.code(403, "FORBIDDEN", "GET", methodsPath, "")
		c.code(403, "FORBIDDEN", "POST", "admin/finance/payments", paymentBody(nil))
		c.want(200, "GET", "portal/services/billing-info", "")
	}
	s.EndSession("c0ffee")
	c.code(401, "UNAUTHORIZED", "POST", tokensPath, `{"auth_type":"session","session_id":"c0ffee"}`)

	for _, body := range []string{
		`{"auth_type":"admin","login":"marla","password":"p","code":"123"}`, `{"auth_type":"session","session_id":"adm1n"}`,
	} {
		c.signIn(body)
		if rows := rowsOf(t, c.want(200, "GET", "admin/customers/customer?limit=2", "")); len(rows) != 2 {
			t.Errorf("an administrator sees %d customers", len(rows))
		}
		c.code(403, "FORBIDDEN", "GET", "portal/services/billing-info", "")
	}
	var session struct {
		ID string `json:"session_id"`
	}
	decode(t, c.want(201, "POST", sessionsPath, ""), &session)
	c.signIn(`{"auth_type":"session","session_id":"` + session.ID + `"}`)
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, Permissions: map[string][]string{
		"Payments": {"index", "add"}, "Invoices": {"view"},
	}}}})
	c.want(200, "GET", "admin/finance/payments", "")
	c.want(204, "HEAD", "admin/finance/payments", "")
	c.want(201, "POST", "admin/finance/payments", paymentBody(nil))
	c.code(403, "FORBIDDEN", "GET", "admin/finance/payments/1", "")
	c.code(403, "FORBIDDEN", "DELETE", "admin/finance/payments/1", "")
	c.want(200, "GET", "admin/finance/invoices/1", "")
	c.code(403, "FORBIDDEN", "GET", "admin/finance/invoices", "")
	c.code(403, "FORBIDDEN", "PUT", "admin/finance/invoices/1", `{"status":"pending"}`)
	c.code(403, "FORBIDDEN", "GET", methodsPath, "")
	var permissions map[string]map[string]string
	decode(t, string(c.signInWithKey().Permission), &permissions)
	p := permissions[`api\admin\finance\Payments`]
	if p["add"] != "allow" || p["delete"] != "deny" {
		t.Errorf("permissions %v", permissions)
	}

	_, c = setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, Permissions: map[string][]string{}}}})
	if got := c.signInWithKey().Permission; string(got) != "[]" {
		t.Errorf("no permissions at all are written %s", got)
	}
}

func TestPartnerRestriction(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, PartnerID: 2}}})
	s.AddPartner("North", "North Fibre Ltd")
	s.AddCustomer(Customer{Name: "Bob", PartnerID: 2})
	s.AddInvoice(Invoice{CustomerID: 2, Number: "2026/2", Total: "5"})
	s.InsertPayment(Payment{CustomerID: 1, Amount: "1", Receipt: "A"})
	for path, want := range map[string]int{
		"customers/customer": 1, "finance/invoices": 1, "finance/payments": 0, "administration/partners": 1,
		"finance/payment-methods": 5, "config/company-info": 1,
	} {
		if rows := rowsOf(t, c.want(200, "GET", "admin/"+path, "")); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", path, len(rows), want)
		}
	}
	for _, path := range []string{"customers/customer/1", "finance/invoices/1", "finance/payments/1", "config/company-info/1"} {
		c.code(403, "NOT_ALLOWED_BY_PARTNER_RESTRICTION", "GET", "admin/"+path, "")
	}
	c.code(403, "NOT_ALLOWED_BY_PARTNER_RESTRICTION", "POST", "admin/finance/payments", paymentBody(nil))
	c.want(201, "POST", "admin/finance/payments", paymentBody(map[string]any{"customer_id": 2, "invoice_id": 2}))
	var company struct {
		Name string `json:"company_name"`
	}
	decode(t, c.want(200, "GET", "admin/config/company-info/2", ""), &company)
	if company.Name != "North Fibre Ltd" {
		t.Errorf("company %q", company.Name)
	}
}
