package windcavetest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func (r *rig) control(method, path, body string, answer any) int {
	r.t.Helper()
	req, err := http.NewRequest(method, "http://127.0.0.1/_control/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	got, _ := io.ReadAll(res.Body)
	if answer != nil {
		if err := json.Unmarshal(got, answer); err != nil {
			r.t.Fatalf("%v in %s", err, got)
		}
	}
	return res.StatusCode
}

func TestControl(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	var made struct{ ID int }
	r.control("POST", "faults", `{"kind":"delay-before","op":"Status","hold":true,"delay":"1.5s"}`, &made)
	done := make(chan error)
	go func() {
		_, _, err := r.send(pxPostPath, statusXML(theID))
		done <- err
	}()
	<-r.allOrders()[0].Reached()
	var orders []struct {
		ID, Hits int
		Kind     Kind
		Delay    string
	}
	r.control("GET", "faults", "", &orders)
	if len(orders) != 1 || orders[0].ID != made.ID || orders[0].Hits != 1 || orders[0].Kind != DelayBefore || orders[0].Delay != "1.5s" {
		t.Errorf("%+v", orders)
	}
	r.control("POST", "release", `{"id":1}`, nil)
	if err := <-done; err != nil {
		t.Error(err)
	}

	r.control("POST", "notifications", `{"hold":true}`, nil)
	page := r.page()
	r.pay(page, CardDeclined)
	var sent struct{ Status int }
	r.control("POST", "notifications", `{"send":0}`, &sent)
	if sent.Status != 200 {
		t.Errorf("sent: %+v", sent)
	}
	r.control("POST", "override", `{"txn_id":"`+theID+`","approve":true}`, nil)

	var log []Entry
	var charges []Charge
	var refunds []Refund
	var notices []Notification
	r.control("GET", "log", "", &log)
	r.control("GET", "charges", "", &charges)
	r.control("GET", "refunds", "", &refunds)
	r.control("GET", "notifications", "", &notices)
	if len(log) != 4 || len(charges) != 1 || len(refunds) != 0 || len(notices) != 1 || charges[0].Amount != "10.00" {
		t.Errorf("%+v %+v %+v %+v", log, charges, refunds, notices)
	}

	var state struct {
		Seed  uint64
		Now   time.Time
		Pages []struct {
			URL      string
			Attempts int
			Over     bool
		}
	}
	r.control("POST", "clock", `{"advance":"73h"}`, nil)
	r.control("GET", "state", "", &state)
	if state.Seed != r.Seed() || len(state.Pages) != 1 || !state.Pages[0].Over || state.Pages[0].Attempts != 1 || state.Pages[0].URL != page {
		t.Errorf("%+v", state)
	}

	r.control("POST", "faults", `{"kind":"cut-before","times":-1}`, nil)
	r.control("DELETE", "faults", "", nil)
	r.pxpost(statusXML(theID))
	r.control("POST", "reset", "{}", nil)
	if len(r.Log())+len(r.Charges())+len(r.Notifications()) != 0 {
		t.Error("something is left after a reset")
	}
	r.page()
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	for _, tt := range []struct{ method, path, body string }{
		{"POST", "faults", `{"kind":"no-such-kind"}`},
		{"POST", "faults", `{"kind":"empty","typo":1}`},
		{"POST", "faults", `{`},
		{"POST", "faults", `{"kind":"empty","delay":"soon"}`},
		{"POST", "clock", `{"advance":"later"}`},
		{"POST", "release", `{"id":9}`},
		{"POST", "notifications", `{}`},
		{"POST", "notifications", `{"send":7}`},
		{"POST", "override", `{"txn_id":"none"}`},
		{"GET", "nothing", ""},
		{"PUT", "reset", "{}"},
		{"POST", "reset", `{"hold":3}`},
	} {
		if got := r.control(tt.method, tt.path, tt.body, nil); got != http.StatusBadRequest {
			t.Errorf("%s %s %s: %d", tt.method, tt.path, tt.body, got)
		}
	}
}

func TestControlIsForLoopbackAndNoBrowser(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	for _, tt := range []struct {
		remote, host, mime string
		want               int
	}{
		{"127.0.0.1:9", "127.0.0.1:80", "application/json", 200},
		{"[::1]:9", "[::1]:80", "application/json; charset=utf-8", 200},
		{"pipe", "localhost", "application/json", 200},
		{"192.0.2.7:9", "127.0.0.1", "application/json", 403},
		{"127.0.0.1:9", "attacker.example.com", "application/json", 403},
		{"127.0.0.1:9", "127.0.0.1", "text/plain", 415},
		{"127.0.0.1:9", "127.0.0.1", "", 415},
	} {
		req := httptest.NewRequest(http.MethodPost, "/_control/reset", strings.NewReader("{}"))
		req.RemoteAddr, req.Host = tt.remote, tt.host
		req.Header.Set("Content-Type", tt.mime)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != tt.want {
			t.Errorf("%+v: %d", tt, w.Code)
		}
	}
}

// All that can be read back, and the log lines, hold no secret and no card.
func TestHistoriesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.DebugLevel)
	r := setup(t, Options{Log: zap.New(core)})
	back := r.pay(r.page("EnableAddBillCard", "1"), Card{Number: CardApproved.Number, Holder: "VERY SECRET", CVC: "987"})
	token := r.read(back)["DpsBillingId"]
	r.pxpost(rebillXML(token, "TxnId", "B"))
	r.pxpost(rebillXML(token, "TxnId", "C", "PostPassword", "hunter2"))
	r.pxpay(generateXML("TxnId", "D", "PxPayKey", strings.Repeat("e", 64)))
	var all strings.Builder
	enc := json.NewEncoder(&all)
	for _, v := range []any{r.Log(), r.Charges(), r.Refunds(), r.Notifications(), r.overview()} {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range lines.All() {
		_ = enc.Encode(line)
		_ = enc.Encode(line.ContextMap())
	}
	if !strings.Contains(all.String(), theID) || lines.Len() != 6 {
		t.Errorf("%d lines", lines.Len())
	}
	for _, secret := range []string{
		testKey, "ExamplePassword", "hunter2", strings.Repeat("e", 64), "VERY SECRET", CardApproved.Number, "987\"", token,
	} {
		if secret == "" || strings.Contains(all.String(), secret) {
			t.Errorf("%q can be read back", secret)
		}
	}
}
