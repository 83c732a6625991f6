package splynx_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// against starts a Splynx whose key checks nonces, and a client for it.
func against(t *testing.T, o splynxtest.Options, change func(*splynx.Config)) (*splynxtest.Server, *splynx.Client) {
	t.Helper()
	o.Keys = []splynxtest.APIKey{{Key: "key", Secret: "secret", CheckNonce: true}}
	s := splynxtest.New(o)
	t.Cleanup(s.Close)
	cfg := splynx.Config{URL: "http://splynx.example", Key: "key", Secret: "secret", Transport: s.Transport()}
	change(&cfg)
	c, err := splynx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return s, c
}

func TestSessionsOfASimulator(t *testing.T) {
	t.Parallel()
	for name, auth := range map[string]splynx.Auth{"token": splynx.AuthToken, "signature": splynx.AuthSignature} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := against(t, splynxtest.Options{}, func(c *splynx.Config) { c.Auth = auth })
			jane := s.AddCustomer(splynxtest.Customer{Name: "Jane", Login: "jane"})
			s.AddCustomer(splynxtest.Customer{Name: "Joe"})
			marla := s.AddAdministrator(splynxtest.Administrator{Name: "Marla", Login: "marla", Role: "manager"})
			s.AddCustomerSession("customer01234567", jane)
			s.AddAdministratorSession("admin0123456789a", marla)
			s.AddGuestSession("guest0123456789a")

			who, err := c.WhoIs(t.Context(), secret.New("customer01234567"))
			if err != nil || who.Customer == nil || who.Customer.ID != jane || who.Administrator != nil {
				t.Errorf("%+v, %v", who, err)
			}
			who, err = c.WhoIs(t.Context(), secret.New("admin0123456789a"))
			if err != nil || who.Administrator == nil || who.Administrator.ID != marla || who.Customer != nil || !who.Administrator.MayAddPayments {
				t.Errorf("%+v, %v", who, err)
			}
			for _, session := range []string{"guest0123456789a", "unknown012345678"} {
				if _, err := c.WhoIs(t.Context(), secret.New(session)); !errors.Is(err, splynx.ErrNoSession) {
					t.Errorf("%s: %v", session, err)
				}
			}
			if err := errors.Join(c.CheckToken(t.Context()), c.CheckSignature(t.Context()), c.Check(t.Context())); err != nil {
				t.Error(err)
			}
			partners, err := c.Partners(t.Context())
			if err != nil || len(partners) != 1 || partners[0].Name != "Main" {
				t.Errorf("%v, %v", partners, err)
			}
		})
	}
}

// A restart after the clock was set back goes on where it was, with the file; without it one
// call is refused before the leap.
func TestNoncesOfARestart(t *testing.T) {
	t.Parallel()
	now := time.Now()
	clock := func() time.Time { return now }
	nonces := func(path string) splynx.Nonces { return splynx.NonceFile(path, clock) }
	path := filepath.Join(t.TempDir(), "nonce")
	s, c := against(t, splynxtest.Options{}, func(c *splynx.Config) { c.Auth, c.Nonces = splynx.AuthSignature, nonces(path) })
	for range 3 {
		if _, err := c.PaymentMethods(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(-30 * time.Minute)
		again, err := splynx.New(splynx.Config{
			URL: "http://splynx.example", Key: "key", Secret: "secret", Transport: s.Transport(),
			Auth: splynx.AuthSignature, Nonces: nonces(path),
		})
		if err != nil {
			t.Fatal(err)
		}
		c = again
	}
	calls := len(s.Log())
	if calls != 3 {
		t.Errorf("%d calls, want 3", calls)
	}
	forgetful, err := splynx.New(splynx.Config{
		URL: "http://splynx.example", Key: "key", Secret: "secret", Transport: s.Transport(),
		Auth: splynx.AuthSignature, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = forgetful.PaymentMethods(t.Context()) // 90 minutes back, more than the leap
	if e, ok := errors.AsType[*splynx.Error](err); !ok || e.Kind != splynx.KindAuth {
		t.Errorf("got %v", err)
	}
	if _, err := forgetful.PaymentMethods(t.Context()); err != nil {
		t.Errorf("after a second leap: %v", err)
	}
}
