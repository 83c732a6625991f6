package splynx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const oneMethod = `[{"id":1,"name":"Cash","is_active":"1"}]`

func TestTokenIsMadeOnceForAll(t *testing.T) {
	t.Parallel()
	s := setup(t, says(200, oneMethod))
	if n := len(s.seen(true)); n != 0 {
		t.Fatalf("New made %d calls", n)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.client.PaymentMethods(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(s.seen(true)); n != 1 {
		t.Errorf("%d calls for tokens, want 1", n)
	}
	for _, c := range s.seen(false) {
		if got := c.header.Get("Authorization"); got != "Splynx-EA (access_token="+testAccess+"1)" {
			t.Errorf("Authorization %q", got)
		}
	}
}

// One caller who gives up does not end the sign-in that others wait for.
func TestCallerGivesUpWhileTokenIsMade(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	s := setup(t, says(201, `{"id":1}`))
	s.auth = func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		fmt.Fprintf(w, `{"access_token":%q}`, testAccess)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := s.client.CreateStatement(ctx, "x")
		gone <- err
	}()
	<-begun
	cancel()
	err := <-gone
	if e := theError(t, err, KindUnavailable); !e.SurelyNot() || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(goOn)
	if _, err := s.client.CreateStatement(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if n := len(s.seen(true)); n != 1 {
		t.Errorf("%d sign-ins, want 1", n)
	}
}

func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	s := setup(t, says(200, oneMethod))
	ask := func() {
		t.Helper()
		if _, err := s.client.PaymentMethods(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	s.pass(28 * time.Minute)
	ask()
	if n := len(s.seen(true)); n != 1 {
		t.Fatalf("renewed too early: %d calls", n)
	}
	s.pass(80 * time.Second)
	ask()
	calls := s.seen(true)
	if len(calls) != 2 || calls[1].method != http.MethodGet || calls[1].path != "admin/auth/tokens/marked%2Frefresh%20token1" {
		t.Fatalf("no renewal: %+v", calls)
	}
	if calls[1].header.Get("Authorization") != "" {
		t.Error("the renewal shows the old token")
	}
	// A refresh token that is refused, or past its end, leads to a new sign-in.
	s.mu.Lock()
	s.auth = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			says(401, `{"error":{"internal_code":"EXPIRED_REFRESH_TOKEN"}}`)(w, r)
			return
		}
		fmt.Fprintf(w, `{"access_token":"%sX"}`, testAccess)
	}
	s.mu.Unlock()
	s.pass(30 * time.Minute)
	ask()
	if calls = s.seen(true); len(calls) != 4 || calls[3].method != http.MethodPost {
		t.Errorf("no sign-in after a refused renewal: %+v", calls)
	}
	noSecrets(t, s.logText())
}

func TestRefreshTokenPastItsEndIsNotSent(t *testing.T) {
	t.Parallel()
	s := setup(t, says(200, oneMethod))
	if _, err := s.client.PaymentMethods(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.pass(25 * time.Hour)
	if _, err := s.client.PaymentMethods(t.Context()); err != nil {
		t.Fatal(err)
	}
	if calls := s.seen(true); len(calls) != 2 || calls[1].method != http.MethodPost {
		t.Errorf("got %+v", calls)
	}
}

func TestRenewalTime(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	for _, tt := range []struct{ life, want time.Duration }{
		{30 * time.Minute, 29 * time.Minute},
		{5 * time.Minute, 4*time.Minute + 30*time.Second},
		{20 * time.Second, 15 * time.Second},
		{3 * time.Second, -2 * time.Second},
		{0, 5 * time.Minute},          // Splynx's clock is behind ours
		{-time.Hour, 5 * time.Minute}, // by far
	} {
		if got := renewalTime(now, now.Add(tt.life).Unix()).Sub(now); got != tt.want {
			t.Errorf("life %v: renewed after %v, want %v", tt.life, got, tt.want)
		}
	}
	if got := renewalTime(now, 0).Sub(now); got != 5*time.Minute {
		t.Errorf("no end told: renewed after %v", got)
	}
}

// A 401 surely did nothing: the same bytes are sent once more, with another token.
func TestSpentTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	for _, refusal := range []http.HandlerFunc{
		says(401, `{"error":{"message":"no","code":401,"internal_code":"EXPIRED_ACCESS_TOKEN"}}`),
		says(401, ``),
		says(401, `<html>401</html>`),
		says(403, `{"error":{"internal_code":"IP_CHANGED"}}`),
	} {
		s := setup(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.Header.Get("Authorization"), "1)") {
				refusal(w, r)
				return
			}
			says(201, `{"id":7}`)(w, r)
		})
		if id, err := s.client.CreatePayment(t.Context(), aPayment(t)); id != 7 || err != nil {
			t.Fatalf("got %d, %v", id, err)
		}
		calls := s.seen(false)
		if len(calls) != 2 || calls[0].body != calls[1].body || calls[1].body == "" {
			t.Errorf("calls %+v", calls)
		}
		if tokens := s.seen(true); len(tokens) != 2 || tokens[1].method != http.MethodPost {
			t.Errorf("tokens %+v", tokens)
		}
	}
}

func TestSecond401IsTheEnd(t *testing.T) {
	t.Parallel()
	s := setup(t, says(401, `{"error":{"message":"Unauthorized","code":401,"internal_code":"UNAUTHORIZED"}}`))
	_, err := s.client.CreatePayment(t.Context(), aPayment(t))
	if e := theError(t, err, KindAuth); !e.SurelyNot() || e.InternalCode != "UNAUTHORIZED" || e.Created {
		t.Errorf("got %+v", e)
	}
	if n := len(s.seen(false)); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

func TestMissingPermissionIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := setup(t, says(403, `{"error":{"message":"Forbidden","code":403,"internal_code":"FORBIDDEN"}}`))
	_, err := s.client.CreatePayment(t.Context(), aPayment(t))
	e := theError(t, err, KindAuth)
	if !e.SurelyNot() || !strings.Contains(e.Advice(), "Payments add") {
		t.Errorf("got %v, %s", e, e.Advice())
	}
	if n := len(s.seen(false)); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// A call that got no token was not sent, whatever became of the sign-in.
func TestNoTokenNoCall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		auth http.HandlerFunc
		kind Kind
	}{
		"wrong key":      {says(401, `{"error":{"message":"Unauthorized","code":401,"internal_code":"UNAUTHORIZED"}}`), KindAuth},
		"white list":     {says(403, ``), KindAuth},
		"bad request":    {says(400, `{"error":{"internal_code":"INVALID_AUTH_TYPE"}}`), KindAuth},
		"not there":      {says(404, `<html>`), KindUnavailable},
		"server error":   {says(500, `{"error":{"message":"marked.access.token"}}`), KindUnavailable},
		"down":           {says(503, ``), KindUnavailable},
		"login page":     {says(200, `<html>login</html>`), KindUnavailable},
		"no token in it": {says(201, `{"access_token":""}`), KindUnavailable},
		"empty":          {says(201, ``), KindUnavailable},
		"redirect":       {http.RedirectHandler("https://x.example/marked", http.StatusFound).ServeHTTP, KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, says(201, `{"id":1}`))
			s.auth = tt.auth
			_, err := s.client.CreatePayment(t.Context(), aPayment(t))
			if e := theError(t, err, tt.kind); !e.SurelyNot() || e.Created {
				t.Errorf("got %+v", e)
			}
			if n := len(s.seen(false)); n != 0 {
				t.Errorf("%d calls without a token", n)
			}
			if n := len(s.seen(true)); n != 1 {
				t.Errorf("%d sign-ins, want 1", n)
			}
			noSecrets(t, s.logText())
		})
	}
}

func TestNonceGrowsWhenTheClockStandsOrGoesBack(t *testing.T) {
	t.Parallel()
	s := setup(t, says(401, ``))
	for range 3 {
		_, err := s.client.PaymentMethods(t.Context())
		theError(t, err, KindAuth)
		s.pass(-time.Hour)
	}
	var last int64
	for _, c := range s.seen(true) {
		var b struct {
			Nonce int64 `json:"nonce"`
		}
		if err := json.Unmarshal([]byte(c.body), &b); err != nil {
			t.Fatal(err)
		}
		if b.Nonce <= last {
			t.Errorf("nonce %d after %d", b.Nonce, last)
		}
		last = b.Nonce
	}
	if first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro(); last < first || last > first+10 {
		t.Errorf("the nonce %d is not by the clock", last)
	}
}

func TestCloseDropsTheToken(t *testing.T) {
	t.Parallel()
	s := setup(t, says(200, oneMethod), ownConnections)
	if err := s.client.Close(t.Context()); err != nil || len(s.seen(true)) != 0 {
		t.Fatalf("nothing to drop, but %v", err)
	}
	if _, err := s.client.PaymentMethods(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := s.seen(true)
	if last := calls[len(calls)-1]; last.method != http.MethodDelete || last.path != "admin/auth/tokens/marked%2Frefresh%20token1" {
		t.Errorf("last call %+v", last)
	}
	if _, err := s.client.PaymentMethods(t.Context()); err != nil || s.made != 2 {
		t.Errorf("after Close: %v, %d tokens", err, s.made)
	}
	s.http.Close()
	theError(t, s.client.Close(t.Context()), KindUnavailable)
	noSecrets(t, s.logText())
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][2]bool{ // allowed, told
		`{"access_token":"t","permissions":{"Payments":{"add":"allow"},"Invoices":[]}}`: {true, true},
		`{"access_token":"t","permissions":{"Payments":{"add":"deny"}}}`:                {false, true},
		`{"access_token":"t","permissions":{"Payments":"x"}}`:                           {false, false},
		`{"access_token":"t","permissions":[]}`:                                         {false, false},
		`{"access_token":"t","permissions":["Payments"]}`:                               {false, false},
		`{"access_token":"t","permissions":{}}`:                                         {false, false},
		`{"access_token":"t","permissions":null}`:                                       {false, false},
		`{"access_token":"t"}`:                                                          {false, false},
	} {
		s := setup(t, says(200, oneMethod))
		s.auth = says(201, body)
		p, err := s.client.Permissions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if allowed, told := p.Allows("Payments", "add"); [2]bool{allowed, told} != want {
			t.Errorf("%s: %v, %v", body, allowed, told)
		}
	}
}
