package windcavetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// Transport reaches the Server in process, without a socket. Connections that a
// fault cuts give io.EOF or io.ErrUnexpectedEOF, as over a wire; a request that
// its context ends goes on at the Server, as over a wire.
func (s *Server) Transport() http.RoundTripper { return inProcess{s} }

type inProcess struct{ s *Server }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(context.WithoutCancel(r.Context()))
	served.Body = io.NopCloser(bytes.NewReader(body))
	served.RemoteAddr, served.RequestURI = "127.0.0.1:1", r.URL.RequestURI()
	if served.Host == "" {
		served.Host = r.URL.Host
	}
	pr, pw := io.Pipe()
	w := &wire{header: http.Header{}, body: pw, ready: make(chan struct{})}
	unhook := context.AfterFunc(t.s.closing, func() { _ = pr.CloseWithError(io.ErrUnexpectedEOF) })
	if !t.s.spawn(func() { defer unhook(); w.serve(t.s, served) }) {
		return nil, errors.New("the server is closed")
	}
	context.AfterFunc(r.Context(), func() { _ = pr.CloseWithError(r.Context().Err()) })
	select {
	case <-w.ready:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if w.status == 0 {
		return nil, io.EOF
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: pr, ContentLength: -1, Request: r,
	}, nil
}

// wire is the ResponseWriter; header must not be written to once it is ready.
type wire struct {
	header, sent http.Header
	body         *io.PipeWriter
	status       int
	once         sync.Once
	ready        chan struct{}
}

func (w *wire) serve(h http.Handler, r *http.Request) {
	end := error(io.EOF)
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			end = io.ErrUnexpectedEOF
		} else {
			w.WriteHeader(http.StatusOK)
		}
		w.once.Do(func() { close(w.ready) })
		_ = w.body.CloseWithError(end)
	}()
	h.ServeHTTP(w, r)
}

// Header implements http.ResponseWriter.
func (w *wire) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *wire) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

// Write implements http.ResponseWriter.
func (w *wire) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
