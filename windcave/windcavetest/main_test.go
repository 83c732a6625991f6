package windcavetest

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	theID   = "A1B2C3D4E5F60718"
)

func testAccount() Account {
	return Account{
		PxPayUser: "ExamplePxPayUser", PxPayKey: testKey, PostUser: "ExampleUser", PostPassword: "ExamplePassword",
		TokenBilling: true,
	}
}

// rig is a Server and a client of it. Notifications are answered by told.
type rig struct {
	*Server
	t      *testing.T
	client *http.Client
}

// answering is a transport that answers every notification.
type answering func(*http.Request) int

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) {
	status := f(r)
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	res := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}
	if status/100 == 3 {
		res.Header.Set("Location", "https://portal.example.net/elsewhere")
	}
	return res, nil
}

func setup(t *testing.T, opt Options) *rig {
	t.Helper()
	if opt.Accounts == nil {
		opt.Accounts = []Account{testAccount()}
	}
	if opt.NotifyClient == nil {
		opt.NotifyClient = answering(func(*http.Request) int { return 200 })
	}
	if opt.NotifySpacing == 0 {
		opt.NotifySpacing = time.Microsecond
	}
	s := New(opt)
	t.Cleanup(s.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", s.Seed())
		}
	})
	client := &http.Client{
		Transport:     s.Transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &rig{s, t, client}
}

// request builds a document; pairs change or, with "-", drop elements.
func request(root string, fields map[string]string, pairs ...string) string {
	all := maps.Clone(fields)
	for i := 0; i < len(pairs); i += 2 {
		if all[pairs[i]] = pairs[i+1]; pairs[i+1] == "-" {
			delete(all, pairs[i])
		}
	}
	var b strings.Builder
	b.WriteString("<" + root + ">")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.WriteString("<" + name + ">" + escaped(all[name]) + "</" + name + ">")
	}
	b.WriteString("</" + root + ">")
	return b.String()
}

func generateXML(pairs ...string) string {
	return request("GenerateRequest", map[string]string{
		"PxPayUserId": "ExamplePxPayUser", "PxPayKey": testKey, "TxnType": "Purchase", "AmountInput": "10.00",
		"CurrencyInput": "NZD", "MerchantReference": "INV-1234", "TxnId": theID, "TxnData1": "one",
		"UrlSuccess": "https://portal.example.net/return/ok", "UrlFail": "https://portal.example.net/return/no",
	}, pairs...)
}

func processXML(token string, pairs ...string) string {
	return request("ProcessResponse", map[string]string{
		"PxPayUserId": "ExamplePxPayUser", "PxPayKey": testKey, "Response": token,
	}, pairs...)
}

func txnXML(typ string, pairs ...string) string {
	return request("Txn", map[string]string{
		"PostUsername": "ExampleUser", "PostPassword": "ExamplePassword", "TxnType": typ,
	}, pairs...)
}

func rebillXML(token string, pairs ...string) string {
	return txnXML("Purchase", append([]string{
		"DpsBillingId", token, "Amount", "10.00", "InputCurrency", "NZD", "TxnId", theID, "MerchantReference", "INV-1234",
		"RecurringMode", "recurring",
	}, pairs...)...)
}

func statusXML(id string) string { return txnXML("Status", "TxnId", id) }

func (r *rig) send(path, body string) (*http.Response, []byte, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://gateway.test"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/xml")
	res, err := r.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return res, got, err
}

func (r *rig) post(path, body string) []byte {
	r.t.Helper()
	res, got, err := r.send(path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	if res.StatusCode != 200 {
		r.t.Fatalf("status %d: %s", res.StatusCode, got)
	}
	return got
}

func (r *rig) pxpay(body string) []byte { r.t.Helper(); return r.post(pxPayPath, body) }

func (r *rig) pxpost(body string) map[string]string {
	r.t.Helper()
	return elements(r.t, r.post(pxPostPath, body))
}

// page makes a page.
func (r *rig) page(pairs ...string) string {
	r.t.Helper()
	got := elements(r.t, r.pxpay(generateXML(pairs...)))
	if got["URI"] == "" || got["Reco"] != "" {
		r.t.Fatalf("no page: %v", got)
	}
	return got["URI"]
}

func (r *rig) pay(page string, card Card) string {
	r.t.Helper()
	back, err := r.Pay(page, card)
	if err != nil {
		r.t.Fatal(err)
	}
	return back
}

// read asks for the result that a return address brings.
func (r *rig) read(back string) map[string]string {
	r.t.Helper()
	return elements(r.t, r.pxpay(processXML(result(r.t, back))))
}

func result(t *testing.T, back string) string {
	t.Helper()
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("result")
}

// elements reads leaf elements by name and attributes by @name; the last wins.
func elements(t *testing.T, body []byte) map[string]string {
	t.Helper()
	got := map[string]string{}
	dec := xml.NewDecoder(bytes.NewReader(body))
	var text string
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatalf("%v in %.200s", err, body)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			text = ""
			for _, a := range e.Attr {
				got["@"+a.Name.Local] = a.Value
			}
		case xml.CharData:
			text += string(e)
		case xml.EndElement:
			got[e.Name.Local] = text
			text = ""
		}
	}
}

// want compares some elements.
func want(t *testing.T, got map[string]string, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got[pairs[i]] != pairs[i+1] {
			t.Errorf("%s = %q, want %q", pairs[i], got[pairs[i]], pairs[i+1])
		}
	}
}

// last is the newest entry of an operation.
func (r *rig) last(op Op) Entry {
	r.t.Helper()
	log := r.Log()
	for _, e := range slices.Backward(log) {
		if e.Op == op {
			return e
		}
	}
	r.t.Fatalf("no %s in the log", op)
	return Entry{}
}
