package windcavetest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func start(t *testing.T, opt Options) (*rig, *Running) {
	t.Helper()
	opt.Accounts = []Account{testAccount()}
	s := New(opt)
	run, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run.Close)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(run.URL, "http://"))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &rig{s, t, &http.Client{Transport: transport}}, run
}

// send in rig names https; over a plain listener the address decides.
func (r *rig) over(run *Running, path, body string) ([]byte, error) {
	r.t.Helper()
	res, err := r.client.Post(run.URL+path, "application/xml", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1", "localhost.example.com:0"} {
		s := New(Options{})
		if run, err := s.Start(addr); err == nil {
			run.Close()
			t.Errorf("%q is served", addr)
		}
		s.Close()
	}
	for _, addr := range []string{"localhost:0", "127.0.0.1:0", "127.0.0.2:0"} {
		run, err := New(Options{}).Start(addr)
		if err != nil {
			t.Fatalf("%q: %v", addr, err)
		}
		run.Close()
	}
}

func TestAWholePaymentOverASocket(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.URL.Query().Get("result") }))
	t.Cleanup(target.Close)
	r, run := start(t, Options{})
	body, err := r.over(run, pxPayPath, generateXML("UrlCallback", target.URL))
	if err != nil {
		t.Fatal(err)
	}
	page := elements(t, body)["URI"]
	if !strings.HasPrefix(page, run.URL+"/pxmi3/") {
		t.Errorf("page at %s", page)
	}
	card := CardApproved.filled(time.Now())
	back, err := Buyer{r.client.Transport}.Pay(page, card)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != result(t, back) {
		t.Errorf("notified of %s", got)
	}
	body, err = r.over(run, pxPayPath, processXML(result(t, back)))
	if err != nil {
		t.Fatal(err)
	}
	want(t, elements(t, body), "Success", "1", "ClientInfo", "127.0.0.1")
}

func TestFaultsOverASocket(t *testing.T) {
	t.Parallel()
	r, run := start(t, Options{})
	for _, kind := range []Kind{Refuse, CutBefore, RecordThenCut} {
		r.Inject(Fault{Kind: kind})
		if _, err := r.over(run, pxPostPath, statusXML(theID)); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	r.client.CloseIdleConnections()
	run.RefuseConnections(true)
	if _, err := r.over(run, pxPostPath, statusXML(theID)); err == nil {
		t.Error("a shut gate answers")
	}
	run.RefuseConnections(false)
	if _, err := r.over(run, pxPostPath, statusXML(theID)); err != nil {
		t.Error(err)
	}
	if n := len(r.Log()); n != 4 {
		t.Errorf("%d calls", n)
	}
}

// Not parallel: another test could be given the freed port.
func TestAClosedPort(t *testing.T) {
	r, run := start(t, Options{})
	run.Stop()
	if _, err := r.over(run, pxPostPath, statusXML(theID)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a closed port: %v", err)
	}
	again, err := r.Start(strings.TrimPrefix(run.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Stop)
	if _, err := r.over(again, pxPostPath, statusXML(theID)); err != nil || len(r.Log()) != 1 {
		t.Errorf("after the restart: %v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	defer certs.Close()
	s := New(Options{Accounts: []Account{testAccount()}, TLS: &tls.Config{Certificates: certs.TLS.Certificates}})
	run, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run.Close)
	client := certs.Client()
	defer client.CloseIdleConnections()
	res, err := client.Post(run.URL+pxPayPath, "application/xml", strings.NewReader(generateXML()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if page := elements(t, body)["URI"]; !strings.HasPrefix(page, "https://127.0.0.1:") {
		t.Errorf("page at %s", page)
	}
}

// pipes is a listener whose connections are net.Pipe, so that virtual time runs.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p.conns <- far
	return near, nil
}

// A real http.Server and http.Transport in a bubble: hours pass in no time.
func TestOverPipesInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{
			Accounts: []Account{testAccount()}, NotifySpacing: time.Hour,
			NotifyClient: answering(func(*http.Request) int { return 503 }),
		})
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: s}
		go func() { _ = server.Serve(l) }()
		transport := &http.Transport{DialContext: l.dial}
		defer func() {
			transport.CloseIdleConnections()
			s.Close()
			_ = server.Close()
		}()
		r := &rig{s, t, &http.Client{Transport: transport, Timeout: time.Minute}}
		run := &Running{URL: "http://gateway.test"}
		body, err := r.over(run, pxPayPath, generateXML("Opt", "TO="+time.Now().UTC().Add(2*time.Hour).Format("0601021504")))
		if err != nil {
			t.Fatal(err)
		}
		page := elements(t, body)["URI"]
		if _, err := (Buyer{transport}).Pay(page, CardApproved.filled(time.Now())); err != nil {
			t.Fatal(err)
		}
		s.Inject(Fault{Kind: DelayBefore, Op: OpStatus, Delay: 3 * time.Minute})
		if _, err := r.over(run, pxPostPath, statusXML(theID)); err == nil {
			t.Error("answered within a minute")
		}
		time.Sleep(5*time.Hour + time.Minute)
		if n := s.Notifications()[0]; len(n.Tries) != 6 || n.State != NoticeGivenUp {
			t.Errorf("%+v", n)
		}
		if _, err := (Buyer{transport}).Pay(page, CardApproved.filled(time.Now())); !errors.Is(err, ErrNotTaken) {
			t.Errorf("the page is open after its end: %v", err)
		}
		if got := r.last(OpStatus).Outcome; got != Approved {
			t.Errorf("the late Status was %q", got)
		}
	})
}
