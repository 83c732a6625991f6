package windcave

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

const (
	testToken    = "00008400001853747f2bc6ded6012345"
	testPassword = "pass<&>word"
	testHolder   = "JANE ROE"

	testBillingID = "0000030000141581"
)

// gateway is what a test server does with one request; n counts them from 1.
type gateway func(w http.ResponseWriter, r *http.Request, n int)

// setup starts a server and both clients of it, whose log lines are seen by the test.
func setup(t *testing.T, serve gateway, change ...func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, int(b.requests.Add(1)))
	}))
	t.Cleanup(b.server.Close)
	cfg := Config{Endpoint: b.server.URL, PageTimeout: 5 * time.Second}
	for _, c := range change {
		c(&cfg)
	}
	cfg.ChargeTimeout = cfg.PageTimeout
	b.connect(cfg)
	return b
}

type bench struct {
	t        *testing.T
	server   *httptest.Server
	requests atomic.Int32
	pxpay    *PxPay
	pxpost   *PxPost
	logs     *observer.ObservedLogs
}

func (b *bench) connect(cfg Config) {
	b.t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	cfg.Logger, b.logs = zap.New(core), logs
	var err error
	if b.pxpay, err = NewPxPay(cfg, NewCredentials("SampleUserId", testKey())); err != nil {
		b.t.Fatal(err)
	}
	if b.pxpost, err = NewPxPost(cfg, NewCredentials("PostUser", testPassword)); err != nil {
		b.t.Fatal(err)
	}
}

// operations are all calls that there are.
func (b *bench) operations(ctx context.Context) map[string]func() error {
	return map[string]func() error{
		OpGenerateRequest: func() error { _, err := b.pxpay.GenerateRequest(ctx, plain(b.t)); return err },
		OpProcessResponse: func() error { _, err := b.pxpay.ProcessResponse(ctx, secret.New(testToken)); return err },
		OpStatus:          func() error { _, err := b.pxpost.Status(ctx, "A1B2C3D4E5F60718"); return err },
		OpPurchase:        func() error { return b.unanswered(b.pxpost.Purchase(ctx, rebill(b.t))) },
		OpAuth:            func() error { return b.unanswered(b.pxpost.Auth(ctx, rebill(b.t))) },
		OpComplete:        func() error { return b.unanswered(b.pxpost.Complete(ctx, CompleteRequest(giveBack(b.t)))) },
		OpRefund:          func() error { return b.unanswered(b.pxpost.Refund(ctx, giveBack(b.t))) },
		OpVoid:            func() error { return b.unanswered(b.pxpost.Void(ctx, takeBack(b.t))) },
	}
}

// unanswered checks what comes beside an error: nothing that could be taken for an outcome.
func (b *bench) unanswered(x *Transaction, v Verdict, err error) error {
	if err != nil && (x != nil || v.Outcome != Unknown || v.Claimed || v.NotFound || v.Class != ClassNone) {
		b.t.Errorf("%+v, %+v beside %v", x, v, err)
	}
	return err
}

// fails runs one operation that must end with an error of kind after so many requests.
func (b *bench) fails(op string, kind Kind, requests int, cause error) {
	b.t.Helper()
	before := b.requests.Load()
	err := b.operations(b.t.Context())[op]()
	b.known(op, err, kind, cause)
	if got := b.requests.Load() - before; int(got) != requests {
		b.t.Errorf("%s made %d requests, want %d", op, got, requests)
	}
}

func (b *bench) known(op string, err error, kind Kind, cause error) {
	b.t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind || e.Op != op || e.MaySent() != (kind == KindNoAnswer) {
		b.t.Fatalf("%s: %v, want %s", op, err, kind)
	}
	if cause != nil && !errors.Is(err, cause) {
		b.t.Errorf("%s: %v, want %v in it", op, err, cause)
	}
	told := fmt.Sprintf("%v %+v %#v", err, err, *e)
	for _, entry := range b.logs.All() {
		told += fmt.Sprint(entry.Message, entry.ContextMap())
	}
	for _, s := range []string{testKey(), testToken, testPassword, "pass&lt;", testHolder, testBillingID, ".aspx", "A1B2C3D4E5F60718"} {
		if strings.Contains(told, s) {
			b.t.Errorf("%s: %q is told in %s", op, s, told)
		}
	}
}

// moving are the operations that move money.
var moving = []string{OpPurchase, OpAuth, OpComplete, OpRefund, OpVoid}

func all(f func(op string)) {
	for _, op := range append([]string{OpGenerateRequest, OpProcessResponse, OpStatus}, moving...) {
		f(op)
	}
}

// good answers each operation as it should be answered.
func good(endpoint string) gateway {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/xhtml+xml; charset=utf-8")
		switch root, _ := parse(body); {
		case r.URL.Path == "/pxpost.aspx" && root.name == "Txn":
			_, _ = io.WriteString(w, paidTxn)
		case r.URL.Path == "/pxaccess/pxpay.aspx" && root.name == "ProcessResponse":
			_, _ = io.WriteString(w, paidXML)
		case r.URL.Path == "/pxaccess/pxpay.aspx" && root.name == "GenerateRequest":
			_, _ = fmt.Fprintf(w, `<Request valid="1"><URI>%s/pxmi3/EF40</URI></Request>`, endpoint)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	var seen []*http.Request
	b := setup(t, func(w http.ResponseWriter, r *http.Request, n int) {
		seen = append(seen, r)
		good("http://127.0.0.1:1")(w, r, n)
	}, func(c *Config) { c.UserAgent = "tester/1" })
	page, err := b.pxpay.GenerateRequest(t.Context(), plain(t))
	if err != nil || page.URL != "http://127.0.0.1:1/pxmi3/EF40" {
		t.Fatalf("%q, %v", page.URL, err)
	}
	r, err := b.pxpay.ProcessResponse(t.Context(), secret.New(testToken))
	if err != nil || r.Judge(expected(t)).Outcome != Approved {
		t.Fatalf("%+v, %v", r, err)
	}
	x, err := b.pxpost.Status(t.Context(), "A1B2C3D4E5F60718")
	if err != nil || x.Judge(expected(t)).Outcome != Approved {
		t.Fatalf("%+v, %v", x, err)
	}
	if page.String() != "http://127.0.0.1:1/..." || NewCredentials("SampleUserId", "").User() != "SampleUserId" {
		t.Error(page)
	}
	for _, r := range seen {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/xml" || r.UserAgent() != "tester/1" || r.URL.RawQuery != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
	}
	if len(seen) != 3 || b.logs.Len() != 3 {
		t.Errorf("%d requests, %d log lines", len(seen), b.logs.Len())
	}
}

func TestInputIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t, good(""))
	bad := plain(t)
	bad.TxnID = "seventeen letters"
	_, err := b.pxpay.GenerateRequest(t.Context(), bad)
	b.known(OpGenerateRequest, err, KindInput, errTxnID)
	for _, token := range []secret.Secret{{}, secret.New(""), secret.New("a b"), secret.New("<x>"), secret.New(strings.Repeat("a", maxToken+1)), secret.New("a\n")} {
		_, err = b.pxpay.ProcessResponse(t.Context(), token)
		b.known(OpProcessResponse, err, KindInput, errToken)
	}
	for _, id := range []string{"", "A-1", "A1B2C3D4E5F607189"} {
		_, err = b.pxpost.Status(t.Context(), id)
		b.known(OpStatus, err, KindInput, errTxnID)
	}
	if b.requests.Load() != 0 {
		t.Error("something was sent")
	}
}

// Under a 4xx an answer may refuse, but not approve.
func TestAnswersUnder400(t *testing.T) {
	t.Parallel()
	serve := func(body string) gateway {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, body)
		}
	}
	setup(t, serve(paidXML)).fails(OpProcessResponse, KindNoAnswer, 1, errStatus)
	setup(t, serve(paidTxn)).fails(OpStatus, KindNoAnswer, 1, errStatus)
	setup(t, serve(`<Response valid="0"/>`)).fails(OpProcessResponse, KindRefused, 1, nil)
	setup(t, serve(`<Request valid="0"><URI>Invalid Key</URI></Request>`)).fails(OpProcessResponse, KindRefused, 1, nil)
	b := setup(t, serve("<Txn><ReCo>0</ReCo><ResponseText>Invalid Credentials</ResponseText></Txn>"))
	x, err := b.pxpost.Status(t.Context(), "A1B2C3D4E5F60718")
	if err != nil || x.Judge(expected(t)).Class != ClassConfig {
		t.Errorf("%+v, %v", x, err)
	}
}

// A result token that is refused for the credentials is not an invalid token.
func TestRefusedResults(t *testing.T) {
	t.Parallel()
	for body, key := range map[string]string{
		`<Response valid="0"/>`: KeyTokenInvalid,
		`<Response valid="0"><Success>1</Success><TxnId>A1</TxnId></Response>`:    KeyTokenInvalid,
		`<Response valid="0"><ReCo>U5</ReCo></Response>`:                          KeyConfigCredentials,
		`<Response valid="0"><ResponseText>Invalid Key</ResponseText></Response>`: KeyConfigCredentials,
		`<Request valid="0"><URI>Invalid Key</URI></Request>`:                     KeyConfigCredentials,
		`<Request valid="1"><Reco>IP</Reco></Request>`:                            KeyConfigAccess,
		`<Request valid="0"/>`: KeyRefused,
	} {
		_, err := readProcessed(answer{body: []byte(body), status: 200})
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindRefused || e.Key != key || e.MaySent() {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, body := range []string{
		`<Request valid="1"><URI>https://sec.windcave.com/x</URI></Request>`,
		`<Request valid="0" Valid="1"><URI>Invalid Key</URI></Request>`,
	} {
		_, err := readProcessed(answer{body: []byte(body), status: 200})
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindNoAnswer {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestErrorText(t *testing.T) {
	t.Parallel()
	e := &Error{Op: OpStatus, Kind: KindRefused, Class: ClassConfig, Code: "IP", HTTPStatus: 403, Reason: "Invalid Access Info", Err: errConflict}
	want := `windcave Status: refused, config, code IP, HTTP status 403: the answer contradicts itself: "Invalid Access Info"`
	if e.Error() != want || !errors.Is(e, errConflict) {
		t.Errorf("%s", e)
	}
	for kind, word := range map[Kind]string{0: "error", KindInput: "input", KindNotSent: "not sent", KindNoAnswer: "no answer", KindRefused: "refused"} {
		if kind.String() != word {
			t.Error(kind)
		}
	}
	for outcome, word := range map[Outcome]string{Unknown: "unknown", Approved: "approved", Declined: "declined", Failed: "failed"} {
		if outcome.String() != word {
			t.Error(outcome)
		}
	}
}
