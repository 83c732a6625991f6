package windcavetest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Running is a Server that listens.
type Running struct {
	// URL without a path, such as http://127.0.0.1:41893.
	URL string

	server   *Server
	http     *http.Server
	listener *gate
	done     chan struct{}
}

// Start serves on a loopback address, such as 127.0.0.1:0, and fills BaseURL when
// it is empty. Any other address is refused: this is no gateway for the world.
func (s *Server) Start(addr string) (*Running, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("start simulator: %w", err)
	}
	if host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("start simulator: %q is not a loopback address", host)
	}
	plain, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start simulator: %w", err)
	}
	if at, ok := plain.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("start simulator: %q is not loopback", host), plain.Close())
	}
	r := &Running{
		URL: "http://" + plain.Addr().String(), server: s, listener: &gate{Listener: plain}, done: make(chan struct{}),
		http: &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second},
	}
	var l net.Listener = r.listener
	if s.opt.TLS != nil {
		l, r.URL = tls.NewListener(l, s.opt.TLS), "https://"+plain.Addr().String()
	}
	s.mu.Lock()
	if s.base == "" {
		s.base = r.URL
	}
	s.mu.Unlock()
	go func() {
		defer close(r.done)
		_ = r.http.Serve(l)
	}()
	return r, nil
}

// RefuseConnections resets every new connection before it is read from.
func (r *Running) RefuseConnections(refuse bool) { r.listener.shut.Store(refuse) }

// Stop closes the port and cuts all connections. The Server keeps its state and
// what it holds, and may be started again.
func (r *Running) Stop() {
	_ = r.http.Close()
	<-r.done
}

// Close is Stop, and closes the Server.
func (r *Running) Close() {
	r.server.Close()
	r.Stop()
}

type gate struct {
	net.Listener
	shut atomic.Bool
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil || !g.shut.Load() {
			return conn, err
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}
