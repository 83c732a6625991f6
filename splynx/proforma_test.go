package splynx_test

import (
	"errors"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// A proforma invoice reads the same in both number styles.
func TestProforma(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := against(t, splynxtest.Options{Style: style}, func(*splynx.Config) {})
			jane := s.AddCustomer(splynxtest.Customer{Name: "Jane"})
			id := s.AddProforma(splynxtest.Proforma{CustomerID: jane, Number: "P-1", Total: "57.50"})
			p, err := c.Proforma(t.Context(), id)
			if err != nil || p.ID != id || p.CustomerID != jane || p.Number != "P-1" || p.Status != splynx.NotPaid || p.Total.String() != "57.5000" && p.Total.String() != "57.5" {
				t.Errorf("%+v, %v", p, err)
			}
			s.InsertPayment(splynxtest.Payment{CustomerID: jane, RequestID: id, Amount: "57.50"})
			if p, err = c.Proforma(t.Context(), id); err != nil || p.Status != splynx.Paid {
				t.Errorf("after its payment: %+v, %v", p, err)
			}
			var failed *splynx.Error
			if _, err := c.Proforma(t.Context(), id+1); !errors.As(err, &failed) || failed.Kind != splynx.KindNotFound {
				t.Errorf("one that is not there: %v", err)
			}
		})
	}
}
