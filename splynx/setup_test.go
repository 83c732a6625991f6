package splynx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// Values that must appear nowhere but on the wire.
const (
	testKey     = "key-0123456789abcdef"
	testSecret  = "marked-secret"
	testAccess  = "marked.access.token"
	testRefresh = "marked/refresh token"
)

// seen is one call that reached the server.
type seen struct {
	method, path, query string // path as escaped on the wire, without the base
	header              http.Header
	host, body          string
}

// server is a Splynx of a few lines: it hands out tokens, writes down each call, and leaves
// the rest to the test.
type server struct {
	t      *testing.T
	http   *httptest.Server
	client *Client
	logged *observer.ObservedLogs
	life   time.Duration // of a token

	mu    sync.Mutex
	now   time.Time
	calls []seen
	made  int // tokens
	// auth replaces the handing out of tokens, when it is set.
	auth http.HandlerFunc
}

// setup starts a server, and a client for it.
func setup(t *testing.T, api http.HandlerFunc, change ...func(*Config)) *server {
	t.Helper()
	s := &server{t: t, life: 30 * time.Minute, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/2.0/")
		s.mu.Lock()
		s.calls = append(s.calls, seen{r.Method, path, r.URL.RawQuery, r.Header.Clone(), r.Host, string(body)})
		auth := s.auth
		s.mu.Unlock()
		switch {
		case strings.HasPrefix(path, "admin/auth/tokens") && auth != nil:
			auth(w, r)
		case strings.HasPrefix(path, "admin/auth/tokens"):
			s.handOut(w, r, body)
		default:
			api(w, r)
		}
	}))
	t.Cleanup(s.http.Close)
	core, logged := observer.New(zap.DebugLevel)
	s.logged = logged
	cfg := Config{URL: s.http.URL, Key: testKey, Secret: testSecret, Logger: zap.New(core), Now: s.clock, Timeout: 5 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = func() time.Duration { return 0 }
	s.client = c
	return s
}

// handOut makes, renews and drops tokens as Splynx does.
func (s *server) handOut(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodDelete {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.Method == http.MethodPost {
		var b struct {
			AuthType  string `json:"auth_type"`
			Key       string `json:"key"`
			Nonce     int64  `json:"nonce"`
			Signature string `json:"signature"`
		}
		if json.Unmarshal(body, &b) != nil || b.AuthType != "api_key" || b.Key != testKey || b.Signature != signedBy(b.Nonce) {
			s.t.Errorf("bad sign-in %s", body)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}
	s.made++
	fmt.Fprintf(w, `{"access_token":%q,"access_token_expiration":%d,"refresh_token":%q,"refresh_token_expiration":"%d","permissions":[]}`,
		testAccess+strconv.Itoa(s.made), s.now.Add(s.life).Unix(), testRefresh+strconv.Itoa(s.made), s.now.Add(24*time.Hour).Unix())
}

func signedBy(nonce int64) string {
	m := hmac.New(sha256.New, []byte(testSecret))
	fmt.Fprintf(m, "%d%s", nonce, testKey)
	return fmt.Sprintf("%X", m.Sum(nil))
}

func (s *server) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *server) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// seen returns the calls that reached the server, those about tokens or the others.
func (s *server) seen(aboutTokens bool) []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []seen
	for _, c := range s.calls {
		if strings.HasPrefix(c.path, "admin/auth/tokens") == aboutTokens {
			calls = append(calls, c)
		}
	}
	return calls
}

// says answers every call alike.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// theError returns err as an *Error of a kind, and looks that it tells nothing secret.
func theError(t *testing.T, err error, kind Kind) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("got %v, want an *Error of kind %q", err, kind)
	}
	noSecrets(t, fmt.Sprintf("%v %+v %#v %s", err, err, e, e.Advice()))
	if e.Advice() == "" {
		t.Errorf("%v has no advice", err)
	}
	return e
}

// noSecrets fails when a text holds anything that must not be told.
func noSecrets(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{testKey, testSecret, "marked", testRefresh} {
		if strings.Contains(text, s) {
			t.Errorf("%q is told in %s", s, text)
		}
	}
}

// logText returns all that was logged.
func (s *server) logText() string {
	var b strings.Builder
	for _, e := range s.logged.All() {
		line, err := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()).EncodeEntry(e.Entry, e.Context)
		if err != nil {
			s.t.Fatal(err)
		}
		b.Write(line.Bytes())
	}
	return b.String()
}
