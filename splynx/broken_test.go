package splynx

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
)

// A main account that is shown its one sub-account and not itself is not that sub-account.
func TestMainAccountIsNotItsSubAccount(t *testing.T) {
	t.Parallel()
	s := person{portal: portalYes, customers: says(200, `[{"id":9,"parent_id":7}]`), payload: `{"id":7}`}.start(t)
	caller, err := s.whoIs(t.Context())
	if !errors.Is(err, ErrNoSession) {
		t.Errorf("main account 7 is taken for %+v, %v", caller.Customer, err)
	}
}

// One kind of read that Splynx cannot answer, and says so in its own form, keeps no booking
// back.
func TestBrokenReadKeepsNoBookingBack(t *testing.T) {
	t.Parallel()
	gate := upstream.New("splynx", upstream.Options{})
	s := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "invoices") {
			says(500, `{"error":{"message":"no","code":500,"internal_code":"SERVER_ERROR"}}`)(w, r)
			return
		}
		says(201, `{"id":1}`)(w, r)
	}, func(c *Config) { c.Gate = gate }).withToken()
	for range 5 {
		_, _ = s.client.InvoicesByNumber(t.Context(), "2026/0042")
	}
	if _, err := s.client.CreatePayment(t.Context(), aPayment(t)); err != nil {
		t.Errorf("Splynx answers every call, and a booking is kept back: %v", err)
	}
}
