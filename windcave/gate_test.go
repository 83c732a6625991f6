package windcave

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// watched is a gate that writes down what it was told, or refuses with err.
type watched struct {
	err  error
	mu   sync.Mutex
	told []bool
}

func (w *watched) Enter(ctx context.Context) (func(bool), error) {
	if w.err != nil {
		return nil, w.err
	}
	return func(reached bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, reached && ctx.Err() == nil)
	}, nil
}

func TestGateLearnsWhatAnswered(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) gateway {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, tt := range map[string]struct {
		serve gateway
		want  bool
	}{
		"good":      {good("http://127.0.0.1:1"), true},
		"refused":   {says(200, `<Request valid="0"><Reco>IP</Reco></Request>`), true},
		"web page":  {says(200, `<html>`), true},
		"empty":     {says(200, ``), true},
		"forbidden": {says(403, `<html>`), true},
		"redirect":  {says(302, ``), true},
		"error":     {says(500, `<html>`), false},
		"down":      {says(503, `<html>`), false},
		"no answer": {func(_ http.ResponseWriter, r *http.Request, _ int) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client has gone
			<-r.Context().Done()
		}, false},
		"cut off":    {func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, false},
		"half a way": {func(w http.ResponseWriter, _ *http.Request, _ int) { w.Header().Set("Content-Length", "99") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := new(watched)
			b := setup(t, tt.serve, func(c *Config) {
				c.Gate = w
				if name == "no answer" {
					c.PageTimeout = 50 * time.Millisecond
				}
			})
			_ = b.operations(t.Context())[OpGenerateRequest]()
			if !slices.Equal(w.told, []bool{tt.want}) {
				t.Errorf("told %v, want %v", w.told, tt.want)
			}
		})
	}
	w := new(watched)
	b := setup(t, good(""), func(c *Config) { c.Gate = w })
	b.server.Close()
	all(func(op string) { b.fails(op, KindNotSent, 0, nil) })
	if !slices.Equal(w.told, make([]bool, 8)) {
		t.Errorf("not connected: told %v", w.told)
	}
}

func TestGateKeepsCallsBack(t *testing.T) {
	t.Parallel()
	cause := errors.New("the gate is shut")
	b := setup(t, good(""), func(c *Config) { c.Gate = &watched{err: cause} })
	all(func(op string) { b.fails(op, KindNotSent, 0, cause) })
}
