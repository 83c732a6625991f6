package splynxtest

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Start serves on an address of the loopback interface, e.g. "127.0.0.1:0", and returns the base URL. Any other address
// is refused: this is not a server for anybody else.
func (s *Server) Start(addr string) (url string, err error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || !ap.Addr().IsLoopback() {
		return "", fmt.Errorf("splynxtest serves on a loopback address only, such as 127.0.0.1:8080; not on %q", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	if err := s.serve(l); err != nil {
		return "", err
	}
	return "http://" + l.Addr().String(), nil
}

func (s *Server) serve(l net.Listener) error {
	h := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = l.Close()
		return http.ErrServerClosed
	}
	s.serving = append(s.serving, h)
	s.running.Go(func() { _ = h.Serve(l) })
	return nil
}

// Transport reaches the server over memory, whatever host the URL names; it works in a synctest bubble. Unlike a real
// socket it can refuse single operations: a Refuse fault and an outage give the caller a refused connection, before
// anything was sent. Each call makes an independent transport; Close closes its connections.
func (s *Server) Transport() http.RoundTripper {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	_ = s.serve(l) // on a closed server every dial is refused
	t := &http.Transport{DialContext: l.dial}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers = append(s.closers, t.CloseIdleConnections)
	return &transport{server: s, next: t}
}

type transport struct {
	server *Server
	next   *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.server.refuses(r) {
		return t.next.RoundTrip(r)
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return nil, errRefused
}

// CloseIdleConnections lets http.Client close what it does not use.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

// pipeListener hands one end of a pipe to the server for each dial.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// isLoopback reports whether the address of a caller is of this machine or of a pipe in this process.
func isLoopback(remote string) bool {
	if remote == "pipe" {
		return true
	}
	ap, err := netip.ParseAddrPort(remote)
	return err == nil && ap.Addr().Unmap().IsLoopback()
}
