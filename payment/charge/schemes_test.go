package charge_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// refusing is an office with one customer, whose card is always answered with a code.
type refusing struct {
	*office
	customer int64
	token    string
	invoices int
}

func newRefusing(t *testing.T, code string, invoices int) *refusing {
	t.Helper()
	r := &refusing{office: newOffice(t)}
	r.customer = r.Splynx.AddCustomer(splynxtest.Customer{Name: "A Customer", Deposit: "-1000"})
	r.owes(invoices)
	token, err := r.Gateway.StoreCard("WorldPxPost", windcavetest.CardApproved)
	must(t, err)
	must(t, r.Gateway.KillCard(token, code))
	r.token = token
	r.Splynx.SetAccountData(r.customer, r.CardAccount(), map[int]string{1: token, 2: "411111........11", 3: "Visa", 4: "12/31"})
	return r
}

func (r *refusing) owes(invoices int) {
	for range invoices {
		r.invoices++
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.customer, Number: fmt.Sprint("2026/7", r.invoices), Total: "31.07"})
	}
}

// run charges all that is unpaid, or what has failed in a run.
func (r *refusing) run(of payment.ID) (id payment.ID, outs map[charge.Out]int) {
	r.t.Helper()
	run, err := r.runs.Plan(background, charge.Order{Sort: charge.Invoices, Of: of, Source: charge.Administrator, Who: "admin 1"})
	must(r.t, err)
	r.until(run.ID, time.Hour, charge.Planned)
	sums, err := r.runs.Sums(background, run.ID)
	must(r.t, err)
	_, err = r.runs.Start(background, run.ID, "admin 1", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
	must(r.t, err)
	r.until(run.ID, time.Hour, charge.Done)
	outs = map[charge.Out]int{}
	for _, i := range r.items(run.ID) {
		outs[i.Out]++
	}
	return run.ID, outs
}

// tries is how often the card was charged.
func (r *refusing) tries() (n int) {
	for _, p := range r.Journal() {
		if p.Way == payment.WaySavedCard && p.Heard {
			n++
		}
	}
	return n
}

// Each further try of what a bank will never approve is fined: not in the same run, not in the next
// one, and not when failed ones are charged again.
func TestHardCodeIsTriedOnce(t *testing.T) {
	t.Parallel()
	for code, why := range map[string]charge.Out{
		"04": charge.OutCardDead, "41": charge.OutCardDead, "43": charge.OutCardDead, "07": charge.OutHardDecline, "12": charge.OutHardDecline, "14": charge.OutHardDecline,
		"15": charge.OutHardDecline, "46": charge.OutHardDecline, "57": charge.OutHardDecline, "R0": charge.OutHardDecline, "R1": charge.OutHardDecline, "R3": charge.OutHardDecline,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRefusing(t, code, 4)
				run, outs := r.run("")
				if r.tries() != 1 || outs[charge.OutHardDecline] != 3 {
					t.Errorf("one run tried the card %d times, left out %v", r.tries(), outs)
				}
				r.Pass(25 * time.Hour)
				if _, outs = r.run(""); outs[why] != 4 {
					t.Errorf("the next run left out %v", outs)
				}
				if _, outs = r.run(run); outs[why] != 1 {
					t.Errorf("again left out %v", outs)
				}
				if n := r.tries(); n != 1 {
					t.Errorf("the card was tried %d times", n)
				}
			})
		})
	}
}

// "Charge the failed ones again" knows what another run has learned of the card.
func TestAgainKnowsOtherRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRefusing(t, "51", 1)
		first, _ := r.run("")
		must(t, r.Gateway.KillCard(r.token, "57"))
		r.Pass(25 * time.Hour)
		r.run("")
		if _, outs := r.run(first); r.tries() != 2 || outs[charge.OutHardDecline] != 1 {
			t.Errorf("the card was tried %d times, left out %v", r.tries(), outs)
		}
	})
}

// Mastercard allows 10 declines of a card a day, in whatever runs: the third here reaches that half
// way through a batch.
func TestManyInvoicesOfADecliningCard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRefusing(t, "51", 4)
		run, _ := r.run("")
		for range 3 {
			r.Pass(time.Minute)
			r.run(run)
		}
		r.owes(9)
		if _, outs := r.run(""); r.tries() != 10 || outs[charge.OutTriedEnough] != 13 {
			t.Errorf("the card was tried %d times, left out %v", r.tries(), outs)
		}
	})
}

// A run a day, as cron makes it: Visa allows 15 tries in 30 days.
func TestDailyRunsOfADecliningCard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRefusing(t, "51", 1)
		for day := range 29 {
			_, outs := r.run("")
			if want := min(day+1, 15); r.tries() != want || day >= 15 && outs[charge.OutTriedEnough] != 1 {
				t.Fatalf("day %d: the card was tried %d times, left out %v", day, r.tries(), outs)
			}
			r.Pass(24*time.Hour - 10*time.Minute)
		}
	})
}

// What pages were declined says nothing of the saved card, and does not hide what is.
func TestDeclinesOfPagesHideNothing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		p.customer(1, "10.00")
		p.bank[1] = "soft"
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		declined := func(n int, card string) {
			id := payment.ID(fmt.Sprintf("D%s%d", card, n))
			now := time.Now().Add(time.Duration(n) * time.Second)
			q := &payment.Payment{ID: id, TxnID: id, Kind: payment.KindTopUp, State: payment.Declined, Customer: 1, Amount: nzd(t, "1.00"), Card: payment.CardUsed{Key: card}, CreatedAt: now, MovedAt: now}
			must(t, p.store.Create(background, q, payment.Event{Payment: id}, func([]*payment.Payment) error { return nil }))
		}
		for n := range 9 {
			declined(n, "card-1")
		}
		for n := range 150 {
			declined(100+n, "")
		}
		again := r.plan(charge.Order{Of: run.ID})
		wantItems(t, p, again.ID, map[int64]string{10: "left_out tried_enough"})
	})
}

// The engine's last word on a card leaves the item out.
func TestEngineRefusesACard(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id, says := range []string{"dead card", "tried enough", ""} {
			p.customer(int64(id+1), "10.00")
			p.bank[int64(id+1)] = says
		}
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		wantItems(t, p, run.ID, map[int64]string{10: "left_out hard_decline", 20: "left_out tried_enough", 30: "recorded"})
	})
}
