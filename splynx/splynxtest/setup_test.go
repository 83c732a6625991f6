package splynxtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey    = "0123456789abcdef0123456789abcdef"
	testSecret = "s3cr3t-not-real"
)

// noon is when the tests take place.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// caller speaks to a server over memory, signing each call.
type caller struct {
	t      *testing.T
	http   *http.Client
	header string // Authorization
	agent  string
}

// setup is a server with one customer (id 1) and one invoice (id 1, number "2026/1 A", 57.50), and a caller with
// testKey.
func setup(t *testing.T, o Options) (*Server, *caller) {
	t.Helper()
	if o.Keys == nil {
		o.Keys = []APIKey{{Key: testKey, Secret: testSecret}}
	}
	s := New(o)
	t.Cleanup(s.Close)
	s.Now = func() time.Time { return noon }
	s.AddCustomer(Customer{Name: "Tyler Durden", Login: "tyler", Password: "soap"})
	s.AddInvoice(Invoice{CustomerID: 1, Number: "2026/1 A", Total: "57.50"})
	return s, newCaller(t, s)
}

func newCaller(t *testing.T, s *Server) *caller {
	return &caller{t: t, http: &http.Client{Transport: s.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, header: sign256(testKey, testSecret, "1"), agent: "test"}
}

func sign256(key, secret, nonce string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(nonce + key))
	return "Splynx-EA (" + url.Values{
		"key": {key}, "nonce": {nonce}, "signature": {strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))},
	}.Encode() + ")"
}

func (c *caller) try(method, path, body string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(c.t.Context(), method, "http://splynx.example/api/2.0/"+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	if c.header != "" {
		r.Header.Set("Authorization", c.header)
	}
	r.Header.Set("User-Agent", c.agent)
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp, string(data), err
}

// call makes a call that gets an answer.
func (c *caller) call(method, path, body string) (int, string) {
	c.t.Helper()
	resp, data, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, data
}

// want makes a call and checks its status.
func (c *caller) want(status int, method, path, body string) string {
	c.t.Helper()
	got, data := c.call(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s = %d %s; want %d", method, path, got, data, status)
	}
	return data
}

// code checks status and internal code of a refusal.
func (c *caller) code(status int, code, method, path, body string) {
	c.t.Helper()
	data := c.want(status, method, path, body)
	var e struct {
		Error struct {
			Message      string
			Code         int
			InternalCode string `json:"internal_code"`
		}
	}
	decode(c.t, data, &e)
	if e.Error.Code != status || e.Error.InternalCode != code || e.Error.Message == "" {
		c.t.Errorf("%s %s: %s; want code %d, internal code %s", method, path, data, status, code)
	}
}

func decode(t *testing.T, data string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(data))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %.300q", err, data)
	}
}

func rowsOf(t *testing.T, data string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	decode(t, data, &rows)
	return rows
}

func capture(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(data), v)
}

// payment is a POST body with every attribute that a careful caller sends; changes override or, when nil, drop.
func paymentBody(changes map[string]any) string {
	body := map[string]any{
		"customer_id": 1, "invoice_id": 1, "payment_type": 3, "receipt_number": "R1", "date": "2026-03-14",
		"amount": "57.50", "comment": "", "is_sent": "0",
		"field_1": "", "field_2": "", "field_3": "", "field_4": "", "field_5": "",
	}
	for name, v := range changes {
		body[name] = v
		if v == "absent" {
			delete(body, name)
		}
	}
	return encode(body)
}

// post sends a payment in another form than JSON.
func post(t *testing.T, s *Server, c *caller, kind, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "/api/2.0/admin/finance/payments", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", c.header)
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
