package charge_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// What a run of invoices has charged, a run of balances does not ask for again; of what was declined
// the account still owes all.
func TestBalancesAfterInvoices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.customer(1, "good")
		o.customer(2, "funds")
		run := o.plan()
		o.starts(run.ID)
		o.until(run.ID, time.Hour, charge.Done)
		time.Sleep(time.Hour) // virtual: until it is booked
		after, err := o.runs.Plan(background, charge.Order{Sort: charge.Balances, Source: charge.Administrator, Who: "admin 1"})
		must(t, err)
		o.until(after.ID, time.Minute, charge.Planned)
		items := o.items(after.ID)
		if len(items) != 1 {
			t.Errorf("%d balances are owed: %+v", len(items), items)
		}
		for _, i := range items {
			if i.Amount.String() != "22.14 NZD" {
				t.Errorf("what was declined counts %s", i.Amount)
			}
		}
	})
}
