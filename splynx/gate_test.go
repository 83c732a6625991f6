package splynx

import (
	"context"
	"errors"
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
		if errors.Is(ctx.Err(), context.Canceled) {
			panic("the call's own end looks as if its caller had given up")
		}
		w.told = append(w.told, reached)
	}, nil
}

func TestGateLearnsWhatAnswered(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		api  http.HandlerFunc
		want bool
	}{
		"good":            {says(201, `{"id":1}`), true},
		"unreadable":      {says(201, `<html>`), true},
		"empty":           {says(201, ``), true},
		"refused":         {says(422, ``), true},
		"another website": {says(404, `<html>`), true},
		"login page":      {http.RedirectHandler("/login", http.StatusFound).ServeHTTP, true},
		"too many":        {says(429, ``), true},
		"Splynx's error":  {says(500, `{"error":{"internal_code":"SERVER_ERROR"}}`), true},
		"another's error": {says(500, `<html>`), false},
		"down":            {says(503, ``), false},
		"no answer":       {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false},
		"cut off":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
		"half a way":      {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "99") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := new(watched)
			s := setup(t, tt.api, func(c *Config) { c.Gate = w }).withToken()
			if name == "no answer" {
				s.client.limit = 50 * time.Millisecond
			}
			_, _ = s.client.CreatePayment(t.Context(), aPayment(t))
			if !slices.Equal(w.told, []bool{true, tt.want}) { // the first is the sign-in
				t.Errorf("told %v, want %v at the end", w.told, tt.want)
			}
		})
	}
	w := new(watched)
	s := setup(t, says(200, oneMethod), func(c *Config) { c.Gate = w }) // sign-in and read
	if _, err := s.client.PaymentMethods(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.http.Close()
	_, _ = s.client.PaymentMethods(t.Context())
	if !slices.Equal(w.told, []bool{true, true, false}) {
		t.Errorf("told %v", w.told)
	}
}

func TestGateKeepsCallsBack(t *testing.T) {
	t.Parallel()
	shut := errors.New("the gate is shut")
	for _, auth := range []Auth{AuthToken, AuthSignature} {
		s := setup(t, says(201, `{"id":1}`), func(c *Config) { c.Gate, c.Auth = &watched{err: shut}, auth })
		_, err := s.client.CreatePayment(t.Context(), aPayment(t))
		if e := theError(t, err, KindUnavailable); !e.SurelyNot() || !errors.Is(err, shut) {
			t.Errorf("%+v", e)
		}
		if n := len(s.seen(true)) + len(s.seen(false)); n != 0 {
			t.Errorf("%d calls", n)
		}
	}
	s := person{}.start(t, func(c *Config) { c.Gate = &watched{err: shut} })
	if _, err := s.whoIs(t.Context()); !errors.Is(err, shut) || errors.Is(err, ErrNoSession) {
		t.Errorf("got %v", err)
	}
}
