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
)

// F17: nobody listens: surely not sent.
func TestF17RefusedPort(t *testing.T) {
	t.Parallel()
	b := setup(t, good(""))
	b.server.Close()
	all(func(op string) { b.fails(op, KindNotSent, 0, nil) })
}

// F17: a certificate that is not trusted is never passed over, and nothing is sent.
func TestF17BadCertificate(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	var connections atomic.Int32
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
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
	if reached.Load() || connections.Load() != 16 {
		t.Errorf("request sent: %v; %d connections for 16 calls, none of which is worth a repeat", reached.Load(), connections.Load())
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

// F17: the name is not found: surely not sent.
func TestF17NameNotFound(t *testing.T) {
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
	arrived := make(chan struct{}, 8)
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
	if b.requests.Load() != 8 {
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
	for _, op := range moving {
		b.fails(op, KindNoAnswer, 1, errCut)
	}
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

// F58: pages, nothing, too much, or another document in place of an answer.
func TestF58AnswersThatAreNone(t *testing.T) {
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

// endless is a body that never ends and counts what was taken from it.
type endless struct{ taken atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) { e.taken.Add(int64(len(p))); return len(p), nil }
func (e *endless) Close() error               { return nil }

// F58: of an answer that never ends a bounded part is read.
func TestF58EndlessAnswer(t *testing.T) {
	t.Parallel()
	body := new(endless)
	b := setup(t, good(""), func(c *Config) {
		c.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
		})
	})
	b.fails(OpStatus, KindNoAnswer, 0, errTooLarge)
	if body.taken.Load() > 2*maxAnswer {
		t.Errorf("%d bytes were read", body.taken.Load())
	}
}

// F58: the limit counts what comes out of the compression, not what goes in.
func TestF58CompressedAnswer(t *testing.T) {
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

type roundTripper func(*http.Request) (*http.Response, error)

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
	if tries.Load() != 8 {
		t.Errorf("%d tries", tries.Load())
	}
}
