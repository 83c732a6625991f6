package splynx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

func TestSignedHeader(t *testing.T) {
	t.Parallel()
	var vectors struct {
		Auth []struct {
			Key, Secret, Authorization string
			Nonce                      int64
		} `json:"signature_auth"`
	}
	sample(t, "vectors/derived.json", &vectors)
	for _, v := range vectors.Auth {
		if got := signedHeader(secret.New(v.Key), secret.New(v.Secret), v.Nonce); got != v.Authorization {
			t.Errorf("got  %s\nwant %s", got, v.Authorization)
		}
	}
	if len(vectors.Auth) < 3 {
		t.Error("vectors are missing")
	}
}

var authorization = regexp.MustCompile(`^Splynx-EA \(key=` + testKey + `&signature=([0-9A-F]{64})&nonce=([0-9]+)\)$`)

// nonceOf returns the nonce of a call with a good signature.
func nonceOf(t *testing.T, header string) int64 {
	t.Helper()
	m := authorization.FindStringSubmatch(header)
	if m == nil {
		t.Fatalf("Authorization %q", header)
	}
	n, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil || m[1] != signedBy(n) {
		t.Fatalf("Authorization %q, %v", header, err)
	}
	return n
}

// checking serves calls whose nonce is above all before it, which begin at last.
func checking(t *testing.T, last int64, serve http.HandlerFunc) (http.HandlerFunc, func() []int64) {
	var mu sync.Mutex
	var came []int64
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n := nonceOf(t, r.Header.Get("Authorization"))
		came = append(came, n)
		ok := n > last
		last = max(last, n)
		mu.Unlock()
		if !ok {
			says(401, `{"error":{"message":"`+testKey+`","code":401,"internal_code":"UNAUTHORIZED"}}`)(w, r)
			return
		}
		serve(w, r)
	}, func() []int64 { mu.Lock(); defer mu.Unlock(); return came }
}

func withSignature(c *Config) { c.Auth = AuthSignature }

func TestSignedCallsComeInOrder(t *testing.T) {
	t.Parallel()
	api, came := checking(t, 0, says(200, oneMethod))
	s := setup(t, api, withSignature)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.client.PaymentMethods(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := came(); len(n) != 20 || n[0] != s.now.UnixMicro() || n[19] != n[0]+19 {
		t.Errorf("nonces %v", n)
	}
	if n := len(s.seen(true)); n != 0 {
		t.Errorf("%d calls for tokens", n)
	}
	noSecrets(t, s.logText())
}

// A 401 surely did nothing: the same bytes are sent once more, with a nonce far ahead, and
// the next calls go on from there.
func TestRefusedNonceIsLeftBehind(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	api, came := checking(t, start.Add(time.Minute).UnixMicro(), says(201, `{"id":7}`))
	s := setup(t, api, withSignature)
	for range 2 {
		if id, err := s.client.CreatePayment(t.Context(), aPayment(t)); id != 7 || err != nil {
			t.Fatalf("%d, %v", id, err)
		}
	}
	hour := start.UnixMicro() + leap
	if n := came(); len(n) != 3 || n[0] != start.UnixMicro() || n[1] != hour+1 || n[2] != hour+2 {
		t.Errorf("nonces %v, the leap goes to %d", n, hour)
	}
	if calls := s.seen(false); calls[0].body != calls[1].body || calls[1].body == "" {
		t.Errorf("calls %+v", calls)
	}
}

func TestSecondRefusalOfASignatureIsTheEnd(t *testing.T) {
	t.Parallel()
	s := setup(t, says(401, `{"error":{"message":"`+testKey+`","code":401,"internal_code":"UNAUTHORIZED"}}`), withSignature)
	_, err := s.client.CreatePayment(t.Context(), aPayment(t))
	if e := theError(t, err, KindAuth); !e.SurelyNot() || len(s.seen(false)) != 2 {
		t.Errorf("%v, %d calls", err, len(s.seen(false)))
	}
	s = setup(t, says(403, ``), withSignature)
	_, err = s.client.CreatePayment(t.Context(), aPayment(t))
	if theError(t, err, KindAuth); len(s.seen(false)) != 1 {
		t.Errorf("a missing permission: %d calls", len(s.seen(false)))
	}
}

// A read that is sent again needs a nonce of its own: the first may have been used up.
func TestRepeatedReadIsSignedAnew(t *testing.T) {
	t.Parallel()
	n := 0
	api, came := checking(t, 0, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			says(502, ``)(w, r)
			return
		}
		_, _ = io.WriteString(w, oneMethod)
	})
	s := setup(t, api, withSignature)
	if _, err := s.client.PaymentMethods(t.Context()); err != nil || len(came()) != 2 {
		t.Errorf("nonces %v, %v", came(), err)
	}
}

func TestWaitingForATurnEnds(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	s := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		_, _ = io.WriteString(w, oneMethod)
	}, withSignature)
	first := make(chan error)
	go func() {
		_, err := s.client.PaymentMethods(t.Context())
		first <- err
	}()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() {
		_, err := s.client.CreatePayment(ctx, aPayment(t))
		second <- err
	}()
	cancel()
	err := <-second
	if e := theError(t, err, KindUnavailable); !e.SurelyNot() || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v", e)
	}
	close(goOn)
	if err := <-first; err != nil || len(s.seen(false)) != 1 {
		t.Errorf("%v, %d calls", err, len(s.seen(false)))
	}
}

// broken is a source that has no nonce, or one that cannot leave any out.
type broken struct{ next, skip error }

func (b broken) Next(context.Context) (int64, error) { return 1, b.next }
func (b broken) Skip(context.Context, int64) error   { return b.skip }

func TestNoNonceNoCall(t *testing.T) {
	t.Parallel()
	lost := errors.New("the disk is full")
	for name, tt := range map[string]struct {
		nonces broken
		auth   Auth
		calls  int
	}{
		"sign in":        {broken{next: lost}, AuthToken, 0},
		"sign":           {broken{next: lost}, AuthSignature, 0},
		"sign once more": {broken{skip: lost}, AuthSignature, 1},
	} {
		s := setup(t, says(401, ``), func(c *Config) { c.Nonces, c.Auth = tt.nonces, tt.auth })
		_, err := s.client.CreatePayment(t.Context(), aPayment(t))
		if e := theError(t, err, KindUnavailable); !e.SurelyNot() || !errors.Is(err, lost) {
			t.Errorf("%s: %+v", name, e)
		}
		if len(s.seen(false)) != tt.calls || len(s.seen(true)) != 0 {
			t.Errorf("%s: %d calls, %d sign-ins", name, len(s.seen(false)), len(s.seen(true)))
		}
	}
}

func TestChecksOfSigningIn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		api, auth        http.HandlerFunc
		token, signature any // Kind, or nil for none
	}{
		"both":            {says(200, oneMethod), nil, nil, nil},
		"no tokens":       {says(200, oneMethod), says(401, ``), KindAuth, nil},
		"tokens are down": {says(200, oneMethod), says(503, ``), KindUnavailable, nil},
		"tokens only": {func(w http.ResponseWriter, r *http.Request) {
			if authorization.MatchString(r.Header.Get("Authorization")) {
				says(401, ``)(w, r)
				return
			}
			says(200, oneMethod)(w, r)
		}, nil, nil, KindAuth},
		"no permission": {says(403, ``), nil, KindAuth, KindAuth},
		"web page":      {says(200, `<html>`), nil, KindUnclear, KindUnclear},
	} {
		for _, auth := range []Auth{AuthToken, AuthSignature} {
			t.Run(fmt.Sprint(name, auth), func(t *testing.T) {
				t.Parallel()
				s := setup(t, tt.api, func(c *Config) { c.Auth = auth })
				s.auth = tt.auth
				check := func(err error, want any) {
					t.Helper()
					if kind, bad := want.(Kind); bad {
						theError(t, err, kind)
					} else if err != nil {
						t.Error(err)
					}
				}
				check(s.client.CheckToken(t.Context()), tt.token)
				check(s.client.CheckSignature(t.Context()), tt.signature)
				if err := s.client.Close(t.Context()); err != nil {
					t.Error(err)
				}
				calls := s.seen(true)
				if last := calls[len(calls)-1]; tt.auth == nil && last.method != http.MethodDelete {
					t.Errorf("the token is not dropped: %+v", last)
				}
			})
		}
	}
}
