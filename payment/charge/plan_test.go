package charge_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Who is charged and who not, and why.
func TestPlanReasons(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 17; id++ {
			p.customer(id, "57.50")
		}
		set := func(id int64, change func(*splynx.Customer)) { c := p.customers[id]; change(&c); p.customers[id] = c }
		delete(p.cards, 1)
		for id, s := range map[int64]payment.CardStanding{2: payment.CardExpired, 3: payment.CardDead, 4: payment.CardElsewhere, 5: payment.CardUnreadable} {
			p.cards[id] = payment.Card{Key: "key", Standing: s}
		}
		set(6, func(c *splynx.Customer) { c.Status = "disabled" })
		set(7, func(c *splynx.Customer) { c.Deleted = true })
		set(8, func(c *splynx.Customer) { c.ParentID = 9 })
		set(9, func(c *splynx.Customer) { c.Status = "blocked" }) // who owes may pay
		set(10, func(c *splynx.Customer) { c.PartnerID = 3 })
		set(11, func(c *splynx.Customer) { c.PartnerID = 4 })
		p.invoice(120, func(i *splynx.Invoice) { i.Status = splynx.Pending })
		p.invoice(130, func(i *splynx.Invoice) { i.Due = decimal(t, "0.0049") })
		p.invoice(140, func(i *splynx.Invoice) { i.Status = splynx.Paid })
		delete(p.customers, 15)
		p.billing[16] = splynx.Billing{CustomerID: 16, Deposit: decimal(t, "0")}
		p.billing[17] = splynx.Billing{CustomerID: 17, Deposit: decimal(t, "-50.00")}
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{})
		wantItems(t, p, run.ID, map[int64]string{
			10: "left_out no_card", 20: "left_out card_expired", 30: "left_out card_dead", 40: "left_out card_elsewhere", 50: "left_out card_unreadable",
			60: "left_out customer_disabled", 70: "left_out customer_disabled", 80: "left_out sub_account", 90: "planned", 100: "left_out no_credentials",
			110: "planned", 120: "left_out pending", 130: "left_out nothing_due", 150: "left_out customer_disabled", 160: "left_out has_credit", 170: "planned",
		})
		items := p.items(run.ID)
		if c := items[110].Amount.CurrencyCode(); c != "AUD" {
			t.Errorf("charged in %s", c)
		}
		if c := items[170].Credit; c.CurrencyCode() == "" || !c.Equal(nzd(t, "7.50")) {
			t.Errorf("credit %s", c)
		}
		if i := items[90]; i.Card != (payment.CardUsed{Key: "card-9", Brand: "Visa", Ends: "11"}) || i.Number != "2026/90" || i.Partner != 1 {
			t.Errorf("item %+v", i)
		}
		sums := r.seen(run.ID)
		if len(sums) != 2 || !sums[1].Amount.Equal(nzd(t, "115.00")) {
			t.Errorf("sums %v", sums)
		}
		run = r.plan(charge.Order{DespiteCredit: true, Filter: charge.Filter{Statuses: []string{splynx.Pending}}})
		wantItems(t, p, run.ID, map[int64]string{120: "planned"})
		run = r.plan(charge.Order{DespiteCredit: true, Filter: charge.Filter{Customers: []int64{16}}})
		wantItems(t, p, run.ID, map[int64]string{160: "planned"})
	})
}

// F80: several invoices of a customer share the credit, in their order; what is charged in full leaves
// it for the next one.
func TestF80CreditIsShared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deposit string // beside what the invoices claim
		dues    []string
		want    []string
		credit  []string
	}{
		"covers one of two":           {"60", []string{"50", "50"}, []string{"left_out has_credit", "planned"}, []string{"60.00", "10.00"}},
		"covers the smaller one":      {"10", []string{"50", "8"}, []string{"planned", "left_out has_credit"}, []string{"10.00", "10.00"}},
		"covers to the cent":          {"57.50", []string{"57.50", "1"}, []string{"left_out has_credit", "planned"}, []string{"57.50", ""}},
		"is a cent short":             {"57.49", []string{"57.50"}, []string{"planned"}, []string{"57.49"}},
		"none, and something is owed": {"-20", []string{"50"}, []string{"planned"}, []string{""}},
		"covers all":                  {"300", []string{"50", "60", "70"}, []string{"left_out has_credit", "left_out has_credit", "left_out has_credit"}, []string{"300.00", "250.00", "190.00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				p.customer(1, c.dues...)
				owes := nzd(t, c.deposit)
				for _, due := range c.dues {
					var err error
					owes, err = owes.Sub(nzd(t, due))
					must(t, err)
				}
				p.billing[1] = splynx.Billing{CustomerID: 1, Deposit: decimal(t, owes.Number())}
				r := p.start(charge.Options{})
				items := p.items(r.plan(charge.Order{}).ID)
				for n, want := range c.want {
					i := items[10+int64(n)]
					got, credit := string(i.State), ""
					if i.Out != "" {
						got += " " + string(i.Out)
					}
					if i.Credit.CurrencyCode() != "" {
						credit = i.Credit.Number()
					}
					if got != want || credit != c.credit[n] {
						t.Errorf("invoice %d is %q with %q, want %q with %q", n, got, credit, want, c.credit[n])
					}
				}
			})
		})
	}
}

// What is in flight is left out: the document, or all of a customer whose balance is charged.
func TestPlanInFlight(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 3; id++ {
			p.customer(id, "10.00", "20.00")
		}
		fly := func(id payment.ID, kind payment.Kind, customer, document int64) {
			q := &payment.Payment{ID: id, TxnID: id, Kind: kind, State: payment.Unknown, Customer: customer, DocumentID: document, Amount: nzd(t, "1.00"), CreatedAt: time.Now()}
			must(t, p.store.Create(background, q, payment.Event{Payment: id}, func([]*payment.Payment) error { return nil }))
		}
		fly("A", payment.KindInvoice, 1, 10)
		fly("B", payment.KindTopUp, 2, 0)
		r := p.start(charge.Options{})
		wantItems(t, p, r.plan(charge.Order{}).ID, map[int64]string{
			10: "left_out in_flight", 11: "planned", 20: "left_out in_flight", 21: "left_out in_flight", 30: "planned", 31: "planned",
		})
		wantItems(t, p, r.plan(charge.Order{Sort: charge.Balances}).ID, map[int64]string{1: "left_out in_flight", 2: "left_out in_flight", 3: "planned"})
	})
}

// The filter says what the run is about; whom the starter may not see is not even named.
func TestPlanFilters(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 6; id++ {
			p.customer(id, fmt.Sprint(id, "0.00"))
		}
		change := func(id int64, f func(*splynx.Customer)) { c := p.customers[id]; f(&c); p.customers[id] = c }
		change(2, func(c *splynx.Customer) { c.PartnerID = 2 })
		change(3, func(c *splynx.Customer) { c.LocationID = 7 })
		change(4, func(c *splynx.Customer) { c.Status = "blocked" })
		b := p.billing[5]
		b.PaymentMethod = 9
		p.billing[5] = b
		day := func(text string) splynx.Date { d, err := splynx.ParseDate(text); must(t, err); return d }
		p.invoice(60, func(i *splynx.Invoice) { i.DateCreated, i.DateTill = day("1999-12-31"), day("2000-01-15") })
		r := p.start(charge.Options{})
		for name, c := range map[string]struct {
			order charge.Order
			want  []int64
		}{
			"all":         {charge.Order{}, []int64{10, 20, 30, 40, 50, 60}},
			"partner":     {charge.Order{Filter: charge.Filter{Partners: []int64{2}}}, []int64{20}},
			"seen":        {charge.Order{Partners: []int64{2, 5}}, []int64{20}},
			"seen none":   {charge.Order{Partners: []int64{}}, nil},
			"both":        {charge.Order{Partners: []int64{1}, Filter: charge.Filter{Partners: []int64{2}}}, nil},
			"location":    {charge.Order{Filter: charge.Filter{Location: 7}}, []int64{30}},
			"status":      {charge.Order{Filter: charge.Filter{CustomerStatuses: []string{"blocked"}}}, []int64{40}},
			"method":      {charge.Order{Filter: charge.Filter{PaymentMethod: 9}}, []int64{50}},
			"issued":      {charge.Order{Filter: charge.Filter{Issued: splynx.Days{From: day("1999-12-01"), To: day("1999-12-31")}}}, []int64{60}},
			"due":         {charge.Order{Filter: charge.Filter{DueWithin: splynx.Days{From: day("2000-01-01"), To: day("2000-01-13")}}}, nil},
			"customers":   {charge.Order{Filter: charge.Filter{Customers: []int64{5, 1, 5, 77}}}, []int64{10, 50}},
			"numbers":     {charge.Order{Filter: charge.Filter{Numbers: []string{"2026/40", "2026/10", "none"}}}, []int64{10, 40}},
			"number of":   {charge.Order{Filter: charge.Filter{Numbers: []string{"2026/40"}, Customers: []int64{1}}}, nil},
			"amount":      {charge.Order{Filter: charge.Filter{From: "20", To: "40.00"}}, []int64{20, 30, 40}},
			"balances":    {charge.Order{Sort: charge.Balances, Filter: charge.Filter{From: "20", To: "40.00"}}, []int64{2, 3, 4}},
			"balances of": {charge.Order{Sort: charge.Balances, Filter: charge.Filter{Customers: []int64{1, 5}, PaymentMethod: 9}}, []int64{5}},
		} {
			if got := slices.Sorted(maps.Keys(p.items(r.plan(c.order).ID))); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		for _, f := range []charge.Order{
			{Sort: "other", Source: "x", Who: "x"},
			{Sort: charge.Invoices},
			{Sort: charge.Invoices, Source: "x", Who: "x", Filter: charge.Filter{Statuses: []string{"paid"}}},
			{Sort: charge.Invoices, Source: "x", Who: "x", Filter: charge.Filter{From: "1,5"}},
			{Sort: charge.Balances, Source: "x", Who: "x", Filter: charge.Filter{Numbers: []string{"1"}}},
		} {
			if _, err := r.Plan(background, f); err == nil {
				t.Errorf("planned %+v", f)
			}
		}
	})
}

// What an account owes is charged to the account.
func TestBalances(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 450; id++ {
			p.customer(id, "57.50")
		}
		p.billing[1] = splynx.Billing{CustomerID: 1, Deposit: decimal(t, "0.0000")}
		p.billing[2] = splynx.Billing{CustomerID: 2, Deposit: decimal(t, "-12.3450")}
		p.invoice(30, func(i *splynx.Invoice) { i.Status = splynx.Pending })
		delete(p.cards, 4)
		r := p.start(charge.Options{Concurrency: 16})
		run := r.plan(charge.Order{Sort: charge.Balances})
		if len(p.items(run.ID)) != 449 {
			t.Fatal(len(p.items(run.ID)))
		}
		p.with(func() {
			p.billing[5] = splynx.Billing{CustomerID: 5, Deposit: decimal(t, "-57.51")}
			p.billing[6] = splynx.Billing{CustomerID: 6, Deposit: decimal(t, "-7.50")}
			p.billing[7] = splynx.Billing{CustomerID: 7, Deposit: decimal(t, "1")}
		})
		p.invoice(80, func(i *splynx.Invoice) { i.Status = splynx.Pending })
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		items := p.items(run.ID)
		for id, want := range map[int64]string{2: "recorded ", 3: "left_out pending", 4: "left_out no_card", 5: "left_out amount_changed", 6: "recorded ", 7: "left_out paid_meanwhile", 8: "left_out pending", 450: "recorded "} {
			if got := string(items[id].State) + " " + string(items[id].Out); got != want {
				t.Errorf("%d is %q, want %q", id, got, want)
			}
		}
		if !items[2].Charged.Equal(nzd(t, "12.35")) || !items[6].Charged.Equal(nzd(t, "7.50")) {
			t.Errorf("charged %s and %s", items[2].Charged, items[6].Charged)
		}
		q, err := p.store.Get(background, items[2].Payment)
		if err != nil || q.Kind != payment.KindTopUp || q.DocumentID != 0 || q.Origin != payment.OriginRun {
			t.Errorf("payment %+v, %v", q, err)
		}
		p.check(run.ID)
	})
}

// A planning that is killed at any page goes on where it was: nothing is planned twice, nothing
// is missing.
func TestPlanningIsKilled(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 7; n++ {
		for _, after := range []bool{false, true} {
			for _, sort := range []charge.Sort{charge.Invoices, charge.Balances} {
				t.Run(fmt.Sprint(n, after, sort), func(t *testing.T) {
					t.Parallel()
					play(t, func(t *testing.T, p *provider) {
						for id := int64(1); id <= 450; id++ {
							p.customer(id, "10.00", "20.00")
						}
						r := p.start(charge.Options{})
						run, err := r.Plan(background, charge.Order{Sort: sort, Source: charge.Schedule, Who: "schedule"})
						must(t, err)
						r.life.mu.Lock()
						r.life.dieAt, r.life.after = r.life.writes+n, after
						r.life.mu.Unlock()
						time.Sleep(time.Second)
						r.kill()
						r = p.start(charge.Options{Look: 10 * time.Second})
						run = r.until(run.ID, charge.Planned)
						want := map[charge.Sort]int{charge.Invoices: 900, charge.Balances: 450}[sort]
						if items := p.items(run.ID); len(items) != want || run.Items != int64(want) {
							t.Errorf("%d items, %d noted, want %d", len(items), run.Items, want)
						}
					})
				})
			}
		}
	}
}

// The failed ones are charged again where that makes sense.
func TestAgain(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 9; id++ {
			p.customer(id, "10.00")
		}
		p.bank = map[int64]string{1: "soft", 2: "hard", 3: "hard", 4: "refused", 5: "soft", 6: "unknown", 7: "soft", 8: "in flight"}
		r := p.start(charge.Options{Concurrency: 1})
		run := r.plan(charge.Order{})
		if _, err := r.Plan(background, charge.Order{Of: "NONE", Source: charge.Retry, Who: "admin"}); err == nil {
			t.Error("of a run that is not there")
		}
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.with(func() {
			p.cards[3] = payment.Card{Key: "new", Standing: payment.CardGood} // a hard decline was of the other one
			clear(p.bank)
		})
		p.invoice(50, func(i *splynx.Invoice) { i.Status, i.Due = splynx.Paid, decimal(t, "0") })
		for n := range 15 { // tried elsewhere
			id := payment.ID(fmt.Sprint("D", n))
			q := &payment.Payment{ID: id, TxnID: id, Kind: payment.KindInvoice, State: payment.Declined, Customer: 7, Amount: nzd(t, "1.00"), Card: payment.CardUsed{Key: "card-7"}, CreatedAt: time.Now(), MovedAt: time.Now()}
			must(t, p.store.Create(background, q, payment.Event{Payment: id}, func([]*payment.Payment) error { return nil }))
		}
		again := r.plan(charge.Order{Of: run.ID, Source: charge.Retry})
		if again.Of != run.ID || again.Sort != charge.Invoices {
			t.Errorf("run %+v", again)
		}
		wantItems(t, p, again.ID, map[int64]string{
			10: "planned", 20: "left_out hard_decline", 30: "planned", 40: "planned", 50: "left_out paid_meanwhile", 70: "left_out tried_enough",
		})
		r.begin(again.ID)
		r.until(again.ID, charge.Done)
		wantItems(t, p, again.ID, map[int64]string{
			10: "recorded", 20: "left_out hard_decline", 30: "recorded", 40: "recorded", 50: "left_out paid_meanwhile", 70: "left_out tried_enough",
		})
		p.heal()
		p.check(run.ID, again.ID)
	})
}

// Of balances likewise.
func TestAgainBalances(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 4; id++ {
			p.customer(id, "10.00")
		}
		p.bank = map[int64]string{1: "soft", 2: "hard", 3: "soft"}
		r := p.start(charge.Options{Concurrency: 1})
		run := r.plan(charge.Order{Sort: charge.Balances})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.with(func() {
			clear(p.bank)
			p.billing[3] = splynx.Billing{CustomerID: 3, Deposit: decimal(t, "5")}
		})
		again := r.plan(charge.Order{Of: run.ID, Source: charge.Retry})
		wantItems(t, p, again.ID, map[int64]string{1: "planned", 2: "left_out hard_decline", 3: "left_out paid_meanwhile"})
	})
}

// A filter that nothing can fit is a mistake, and told.
func TestPlanRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		day := func(text string) splynx.Date { d, err := splynx.ParseDate(text); must(t, err); return d }
		r := p.start(charge.Options{})
		for name, f := range map[string]charge.Filter{
			"amounts":   {From: "10", To: "5.00"},
			"no amount": {From: "ten"},
			"issued":    {Issued: splynx.Days{From: day("2026-11-30"), To: day("2026-11-01")}},
			"due":       {DueWithin: splynx.Days{From: day("2026-11-30"), To: day("2026-11-29")}},
			"status":    {Statuses: []string{"paid"}},
		} {
			if _, err := r.Plan(background, charge.Order{Sort: charge.Invoices, Source: charge.Command, Who: "test", Filter: f}); !errors.Is(err, charge.ErrFilter) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
