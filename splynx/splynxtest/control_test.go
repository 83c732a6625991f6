package splynxtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// started serves on loopback and returns the base URL.
func started(t *testing.T) (*Server, *caller, string) {
	t.Helper()
	s, c := setup(t, Options{})
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.http = &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.http.CloseIdleConnections)
	return s, c, url
}

func (c *caller) at(method, url, body string, header ...string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", c.header)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(data)
}

func TestLoopbackOnly(t *testing.T) {
	t.Parallel()
	s, _ := setup(t, Options{})
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "splynx.example:0", "localhost", ""} {
		if url, err := s.Start(addr); err == nil {
			t.Errorf("serves on %s", url)
		}
	}
	if _, err := s.Start("127.0.0.1:99999"); err == nil {
		t.Error("serves on a port that cannot be")
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	s, c, url := started(t)
	ctl := url + "/_control/"
	ok := func(method, what, body, want string) {
		t.Helper()
		if status, got := c.at(method, ctl+what, body); status != 200 || !strings.Contains(got, want) {
			t.Errorf("%s %s: %d %s, want %s", method, what, status, got, want)
		}
	}
	ok("POST", "faults", `{"op":"GET payments","kind":"status","status":503,"times":2}`, "ok")
	if status, _ := c.at("GET", url+"/api/2.0/"+paymentsPath, ""); status != 503 {
		t.Errorf("a fault was not met: %d", status)
	}
	ok("DELETE", "faults", "", "ok")
	if status, _ := c.at("GET", url+"/api/2.0/"+paymentsPath, ""); status != 200 {
		t.Errorf("a cleared fault was met: %d", status)
	}
	ok("POST", "outage", `{"on":true}`, "ok")
	if status, _ := c.at("GET", url+"/api/2.0/"+paymentsPath, ""); status != 0 {
		t.Errorf("answered during an outage: %d", status)
	}
	if status, _ := c.at("GET", url+"/portal/", ""); status != 0 {
		t.Errorf("a page was answered during an outage: %d", status)
	}
	ok("POST", "outage", `{"on":false}`, "ok")
	ok("POST", "invoices", `{"CustomerID":1,"Number":"N","Total":"5"}`, `{"id":2}`)
	ok("POST", "payments", `{"customer_id":1,"amount":"5","receipt_number":"planted"}`, `{"id":1}`)
	c.made(url, "POST", "admin/finance/bank-statements", `{"title":"x"}`)
	c.made(url, "POST", "admin/finance/bank-statements-records", `{"bank_statements_process_id":1,"customer_id":1,"amount":"2"}`)
	ok("POST", "pair/1", "", `{"id":2}`)
	ok("GET", "payments", "", `"receipt_number":"planted"`)
	ok("GET", "invoices", "", `"Number":"N"`)
	ok("GET", "records", "", "manual_paired")
	ok("GET", "statements", "", `"Title":"x"`)
	ok("GET", "proformas", "", "[]")
	ok("GET", "log", "", `"resource":"bank-statements"`)
	for _, e := range s.Log() {
		if e.Resource != "payments" && !strings.HasPrefix(e.Resource, "bank-statements") {
			t.Errorf("no call of the API, but in the log: %+v", e)
		}
	}
	for _, bad := range [][2]string{
		{"faults", `{"op":"*","kind":"no"}`},
		{"faults", `{"op":"*","kind":"cut","unknown":1}`},
		{"faults", "x"},
		{"pair/9", ""},
		{"pair/x", ""},
		{"nothing", ""},
		{"payments", `{"customer_id":9,"amount":"1"}`},
		{"invoices", `{"CustomerID":1,"Total":"x"}`},
		{"outage", "x"},
	} {
		if status, got := c.at("POST", ctl+bad[0], bad[1]); status != 400 {
			t.Errorf("%v: %d %s", bad, status, got)
		}
	}
	if status, _ := c.at("GET", ctl+"nothing", ""); status != 404 {
		t.Errorf("no such view: %d", status)
	}
}

func (c *caller) made(url, method, path, body string) {
	c.t.Helper()
	if status, data := c.at(method, url+"/api/2.0/"+path, body); status != 201 {
		c.t.Fatalf("%s: %d %s", path, status, data)
	}
}

// Another process can make people, sessions, entry points and settings.
func TestControlOfPeople(t *testing.T) {
	t.Parallel()
	s, c, url := started(t)
	ctl := url + "/_control/"
	for _, step := range [][3]string{
		{"customers", `{"Name":"Marla","Login":"marla","Password":"cave"}`, `{"id":2}`},
		{"administrators", `{"Name":"Bob","Login":"bob","Password":"p","Permissions":{"Payments":["add"]}}`, `{"id":1}`},
		{"proformas", `{"CustomerID":2,"Number":"P","Total":"5"}`, `{"id":1}`},
		{"entry-points", `{"Module":"m","Name":"n","URL":"/u"}`, `{"id":1}`},
		{"entry-points/add-on", "", `{"ok":true}`},
		{"entry-points/widget", "", `{"id":11}`},
		{"config", `{"Module":"add-on","Path":"p","Key":"k","Value":"v"}`, `{"ok":true}`},
		{"sessions", `{"session":"both-of-them-0001","customer_id":2,"administrator_id":1}`, `{"session":"both-of-them-0001"}`},
		{"payment-accounts", `{"Title":"Another","Fields":["a","b"]}`, `{"id":5}`},
		{"account-data", `{"customer_id":2,"account_id":5,"fields":{"2":"by hand"}}`, `{"ok":true}`},
	} {
		if status, got := c.at("POST", ctl+step[0], step[1]); status != 200 || strings.TrimSpace(got) != step[2] {
			t.Errorf("%s: %d %s", step[0], status, got)
		}
	}
	status, got := c.at("POST", ctl+"sessions", `{"customer_id":1}`)
	var made struct{ Session string }
	decode(t, got, &made)
	if status != 200 || len(made.Session) != 32 {
		t.Errorf("%d %s", status, got)
	}
	direct := newCaller(t, s)
	if a, b := direct.whoIs("both-of-them-0001"), direct.whoIs(made.Session); a != "customer" || b != "customer" {
		t.Errorf("sessions are %s and %s", a, b)
	}
	for _, view := range []string{"customers", "entry-points"} {
		if status, got := c.at("GET", ctl+view, ""); status != 200 || strings.Contains(got, "cave") || strings.Contains(got, "soap") {
			t.Errorf("%s: %d %s", view, status, got)
		}
	}
	for view, want := range map[string]string{
		"payment-accounts": `"Title":"Another"`, "account-data": `"Fields":["","by hand",`, "account-changes": `"By":"staff","Deleted":false`,
	} {
		if status, got := c.at("GET", ctl+view, ""); status != 200 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s", view, status, got)
		}
	}
	if n := len(s.EntryPoints()); n != 11 {
		t.Errorf("%d entry points", n)
	}
	for _, bad := range [][2]string{
		{"sessions", `{}`},
		{"sessions", `{"customer_id":9}`},
		{"sessions", `{"administrator_id":9}`},
		{"customers", `{"ID":1,"Name":"twice"}`},
		{"customers", `{"Status":"odd"}`},
		{"proformas", `{"CustomerID":9}`},
		{"entry-points", `{"Place":"nowhere"}`},
		{"entry-points", `{"ID":1}`},
		{"config", `{"Key":"` + strings.Repeat("k", 65) + `"}`},
		{"payment-accounts", `{"ID":4}`},
		{"account-data", `{"customer_id":9,"account_id":4}`},
		{"account-data", `{"customer_id":1,"account_id":9}`},
		{"account-data", `{"customer_id":1,"account_id":4,"fields":{"11":""}}`},
	} {
		if status, got := c.at("POST", ctl+bad[0], bad[1]); status != 400 {
			t.Errorf("%v: %d %s", bad, status, got)
		}
	}
	if status, _ := c.at("DELETE", ctl+"sessions", ""); status != 200 {
		t.Errorf("%d", status)
	}
	if got := direct.whoIs(made.Session); got != "UNAUTHORIZED" {
		t.Errorf("after all expired: %s", got)
	}
}

// A proxy in front of the simulator, a foreign page in a browser and another machine cannot use the control address.
func TestControlFromElsewhere(t *testing.T) {
	t.Parallel()
	s, c, url := started(t)
	for _, h := range [][]string{
		{"X-Forwarded-For", "192.0.2.1"},
		{"Forwarded", "for=192.0.2.1"},
		{"Via", "1.1 caddy"},
		{"Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-origin"},
	} {
		if status, _ := c.at("GET", url+"/_control/payments", "", h...); status != 403 {
			t.Errorf("%v: %d", h, status)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/_control/outage", strings.NewReader(`{"on":true}`))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r) // from 192.0.2.1
	if w.Code != 403 {
		t.Errorf("another machine: %d", w.Code)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s, c, url := started(t)
	s.AddInvoice(Invoice{CustomerID: 1, Number: `<b>&"`, Total: "1"})
	s.PayInvoice(1)
	status, page := c.at("GET", url+"/", "")
	if status != 200 || !strings.Contains(page, "Everything in this simulator") || strings.Contains(page, "<b>") {
		t.Errorf("%d %s", status, page)
	}
	if !strings.Contains(page, `href="/paymentexpress/direct-pay-invoice?item_id=%3cb%3e%26%22"`) {
		t.Errorf("no link to pay: %s", page)
	}
	if strings.Count(page, "direct-pay-invoice") != 1 {
		t.Error("offers to pay what is paid")
	}
	if status, page := c.at("GET", url+"/admin/tickets", ""); status != 200 || !strings.Contains(page, "not simulated") {
		t.Errorf("%d %s", status, page)
	}
}
