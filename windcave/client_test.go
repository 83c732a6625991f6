package windcave

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
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

// operations are the three calls, and how many requests each may make of one call.
func (b *bench) operations(ctx context.Context) map[string]func() error {
	return map[string]func() error{
		OpGenerateRequest: func() error { _, err := b.pxpay.GenerateRequest(ctx, plain(b.t)); return err },
		OpProcessResponse: func() error { _, err := b.pxpay.ProcessResponse(ctx, secret.New(testToken)); return err },
		OpStatus:          func() error { _, err := b.pxpost.Status(ctx, "A1B2C3D4E5F60718"); return err },
	}
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
	for _, s := range []string{testKey(), testToken, testPassword, "pass&lt;", testHolder, ".aspx", "A1B2C3D4E5F60718"} {
		if strings.Contains(told, s) {
			b.t.Errorf("%s: %q is told in %s", op, s, told)
		}
	}
}

func all(f func(op string)) {
	for _, op := range []string{OpGenerateRequest, OpProcessResponse, OpStatus} {
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

func TestRefusedPort(t *testing.T) {
	t.Parallel()
	b := setup(t, good(""))
	b.server.Close()
	all(func(op string) { b.fails(op, KindNotSent, 0, nil) })
}

func TestBadCertificate(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	server.StartTLS()
	t.Cleanup(server.Close)
	b := setup(t, good(""), func(c *Config) { c.Endpoint = server.URL })
	all(func(op string) {
		b.fails(op, KindNotSent, 0, nil)
		var certificate *tls.CertificateVerificationError
		if err := b.operations(t.Context())[op](); !errors.As(err, &certificate) {
			t.Errorf("%s: %v", op, err)
		}
	})
	if reached.Load() {
		t.Error("a request was sent")
	}
}

// The default transport speaks HTTP/1.1 to a host that would speak HTTP/2.
func TestTLS(t *testing.T) {
	t.Parallel()
	var protocol atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		_, _ = io.WriteString(w, paidTxn)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := defaultTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	b := setup(t, good(""), func(c *Config) { c.Endpoint, c.Transport = server.URL, transport })
	if _, err := b.pxpost.Status(t.Context(), "A1B2C3D4E5F60718"); err != nil {
		t.Fatal(err)
	}
	if protocol.Load() != "HTTP/1.1" {
		t.Error(protocol.Load())
	}
}

func dialer(dial func(context.Context, string, string) (net.Conn, error)) func(*Config) {
	return func(c *Config) {
		transport := defaultTransport()
		transport.DialContext = dial
		c.Transport, c.PageTimeout = transport, 50*time.Millisecond
	}
}

func TestNameNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t, good(""), dialer(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "sec.windcave.com", IsNotFound: true}
	}))
	all(func(op string) { b.fails(op, KindNotSent, 0, nil) })
}

func TestDialTimeOut(t *testing.T) {
	t.Parallel()
	b := setup(t, good(""), dialer(func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	all(func(op string) { b.fails(op, KindNotSent, 0, context.DeadlineExceeded) })
}

// A host that takes the connection and never shakes hands has not seen the request.
func TestHandshakeTimeOut(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	b := setup(t, good(""), func(c *Config) {
		c.Endpoint, c.PageTimeout = "https://"+silent.Addr().String(), 50*time.Millisecond
	})
	all(func(op string) { b.fails(op, KindNotSent, 0, context.DeadlineExceeded) })
}

func TestHangPastTimeOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}, func(c *Config) { c.PageTimeout = 50 * time.Millisecond })
	all(func(op string) { b.fails(op, KindNoAnswer, 1, context.DeadlineExceeded) })
}

func TestSlowDrip(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
			}
		}
	}, func(c *Config) { c.PageTimeout = 50 * time.Millisecond })
	all(func(op string) { b.fails(op, KindNoAnswer, 1, context.DeadlineExceeded) })
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 3)
	b := setup(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	all(func(op string) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		b.known(op, b.operations(ctx)[op](), KindNoAnswer, context.Canceled)
		b.known(op, b.operations(ctx)[op](), KindNotSent, context.Canceled)
	})
	if b.requests.Load() != 3 {
		t.Errorf("%d requests", b.requests.Load())
	}
}

// hangUp closes the connection after writing raw bytes to it.
func hangUp(raw string) gateway {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, raw)
		_ = conn.Close()
	}
}

// Only what reads is repeated, twice at most, and only if no byte came.
func TestCutBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, hangUp(""))
	b.fails(OpGenerateRequest, KindNoAnswer, 1, errCut)
	b.fails(OpProcessResponse, KindNoAnswer, 3, errCut)
	b.fails(OpStatus, KindNoAnswer, 3, errCut)
}

func TestCutInTheAnswer(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"status line": "HTTP/1.1 2",
		"headers":     "HTTP/1.1 200 OK\r\nX-Holder: " + testHolder,
		"body":        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + paidXML[:40],
		"chunk":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + paidXML[:40],
		"no length":   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + paidXML[:40] + testHolder,
		"not HTTP":    testHolder + "\r\n\r\n",
		"bad status":  "HTTP/1.1 " + testHolder + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, hangUp(raw))
			all(func(op string) { b.fails(op, KindNoAnswer, 1, nil) })
		})
	}
}

func TestRepeatSucceeds(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n%2 == 1 {
			hangUp("")(w, r, n)
			return
		}
		good("")(w, r, n)
	})
	if err := b.operations(t.Context())[OpStatus](); err != nil {
		t.Error(err)
	}
	if err := b.operations(t.Context())[OpProcessResponse](); err != nil {
		t.Error(err)
	}
	if b.requests.Load() != 4 {
		t.Errorf("%d requests", b.requests.Load())
	}
}

// That the second try was refused does not undo that the first went out.
func TestSentOnceIsMaybeSent(t *testing.T) {
	t.Parallel()
	var dials atomic.Int32
	b := setup(t, hangUp(""), dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) > 1 {
			return nil, errors.New("refused")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}), func(c *Config) { c.PageTimeout = 5 * time.Second })
	b.fails(OpStatus, KindNoAnswer, 1, nil)
	if dials.Load() != 3 {
		t.Errorf("%d dials", dials.Load())
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		b := setup(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, elsewhere.URL+"/"+testHolder, status)
		})
		all(func(op string) { b.fails(op, KindNoAnswer, 1, errRedirect) })
	}
	if followed.Load() {
		t.Error("a redirect was followed")
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		body   string
		cause  error
	}{
		"500":              {500, "<h1>" + testHolder + "</h1>", errStatus},
		"500 with a reply": {500, paidXML, errStatus},
		"503":              {503, "", errStatus},
		"404 with HTML":    {404, "<html><body/></html>", errRoot},
		"HTML":             {200, "<html><body><p>" + testHolder + "</p></body></html>", errRoot},
		"broken HTML":      {200, "<!doctype html><p>" + testHolder + "<br>", errDoctype},
		"empty":            {200, "", errEmpty},
		"blank":            {200, "\r\n ", errEmpty},
		"no content":       {204, "", errEmpty},
		"10 MB":            {200, strings.Repeat(" ", 10<<20), errTooLarge},
		"just too large":   {200, paidXML + strings.Repeat(" ", maxAnswer), errTooLarge},
		"another document": {200, "<Other>" + testHolder + "</Other>", errRoot},
		"a name unescaped": {200, "<Response valid=\"1\"><CardHolderName>A&" + testHolder + "</CardHolderName></Response>", errNotXML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(row.status)
				_, _ = io.WriteString(w, row.body)
			})
			all(func(op string) { b.fails(op, KindNoAnswer, 1, row.cause) })
		})
	}
}

// The limit counts what comes out of the compression, not what goes in.
func TestCompressedAnswer(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 10<<20))
	_ = z.Close()
	b := setup(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	all(func(op string) { b.fails(op, KindNoAnswer, 1, errTooLarge) })
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
	_, err := readProcessed(answer{body: []byte(`<Request valid="1"><URI>https://sec.windcave.com/x</URI></Request>`), status: 200})
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindNoAnswer {
		t.Errorf("a page for an answer: %v", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Of a transport that does not say how far it came nothing is sure, and nothing is repeated.
func TestForeignTransport(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	b := setup(t, good(""), func(c *Config) {
		c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			tries.Add(1)
			return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("refused: %s", r.URL)}
		})
	})
	all(func(op string) { b.fails(op, KindNoAnswer, 0, errCut) })
	if tries.Load() != 3 {
		t.Errorf("%d tries", tries.Load())
	}
}

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
