package splynx_test

import (
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// The balance reads the same in both number styles.
func TestBilling(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := against(t, splynxtest.Options{Style: style}, func(*splynx.Config) {})
			jane := s.AddCustomer(splynxtest.Customer{Name: "Jane", Deposit: "-42.10"})
			b, err := c.Billing(t.Context(), jane)
			if err != nil {
				t.Fatal(err)
			}
			if owed, err := b.Deposit.Amount("NZD"); err != nil || owed.Number() != "-42.10" || b.CustomerID != jane {
				t.Errorf("%+v, %v", b, err)
			}
			if _, err := c.Billing(t.Context(), jane+1); err == nil {
				t.Error("a customer who is not there has a balance")
			}
		})
	}
}
