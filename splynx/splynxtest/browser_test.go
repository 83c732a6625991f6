package splynxtest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	t    *testing.T
	http *http.Client
}

const origin = "http://splynx.example"

func newBrowser(t *testing.T, s *Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Transport: s.Transport(), Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

func (b *browser) do(method, path string, form url.Values, header ...string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(data)
}

// sees opens a page and checks what is on it.
func (b *browser) sees(path string, words ...string) string {
	b.t.Helper()
	resp, page := b.do("GET", path, nil)
	if resp.StatusCode != 200 {
		b.t.Fatalf("%s: %d to %s", path, resp.StatusCode, resp.Header.Get("Location"))
	}
	for _, w := range words {
		if !strings.Contains(page, w) {
			b.t.Errorf("%s lacks %q:\n%s", path, w, page)
		}
	}
	return page
}

// sentTo checks that a call ends in a redirect.
func (b *browser) sentTo(want, method, path string, form url.Values) *http.Response {
	b.t.Helper()
	resp, page := b.do(method, path, form)
	if got := resp.Header.Get("Location"); resp.StatusCode != 302 || got != want {
		b.t.Errorf("%s %s: %d to %q, want %q\n%s", method, path, resp.StatusCode, got, want, page)
	}
	return resp
}

func (b *browser) signIn(area, login, password string) {
	b.t.Helper()
	b.sentTo(area, "POST", area+"login/", url.Values{"login": {login}, "password": {password}})
}

// cookie is the value of a cookie, "" for none.
func (b *browser) cookie(name string) string {
	u, _ := url.Parse(origin)
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// house is setup with a second customer (id 2), a sub-account of the first (id 3), an administrator (id 1) and the
// add-on's entry points.
func house(t *testing.T, o Options) (*Server, *caller, *browser) {
	t.Helper()
	s, c := setup(t, o)
	s.AddCustomer(Customer{Name: "Marla Singer", Login: "marla", Password: "cave", Email: "marla@example.net"})
	s.AddCustomer(Customer{Name: "Sub", ParentID: 1})
	s.AddInvoice(Invoice{CustomerID: 2, Number: "M-1", Total: "10"})
	s.AddInvoice(Invoice{CustomerID: 3, Number: "S-1", Total: "10"})
	s.AddAdministrator(Administrator{Name: "Robert Paulson", Login: "bob", Password: "his name"})
	s.AddAddOnEntryPoints()
	return s, c, newBrowser(t, s)
}

func sessionBody(id string) string {
	return encode(map[string]string{"auth_type": "session", "session_id": id})
}

// whoIs exchanges a session and reports for whom: "customer", "admin" or the internal code of the refusal.
func (c *caller) whoIs(session string) string {
	c.t.Helper()
	d := *c
	d.header = ""
	status, data := d.call("POST", tokensPath, sessionBody(session))
	if status != 201 {
		var e struct {
			Error struct {
				Code string `json:"internal_code"`
			}
		}
		decode(c.t, data, &e)
		return e.Error.Code
	}
	var got tokens
	decode(c.t, data, &got)
	d.header = "Splynx-EA (access_token=" + got.Access + ")"
	if status, _ := d.call("GET", "portal/services/billing-info", ""); status == 200 {
		return "customer"
	}
	return "admin"
}
