package charge_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Whoever is kept out while a run is under way is not charged any more; only what was claimed
// already goes on.
func TestKeptOutMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o       charge.Options
		claimed int
	}{"a charge a second": {charge.Options{PerSecond: rate.Limit(1)}, 0}, "a slow gateway": {charge.Options{Concurrency: 1}, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				p.latency = time.Second
				for id := int64(1); id <= 60; id++ {
					p.customer(id, "10.00")
				}
				r := p.start(c.o)
				run := r.plan(charge.Order{})
				r.begin(run.ID)
				time.Sleep(5*time.Second + 500*time.Millisecond)
				begun := p.sent()
				must(t, r.KeepOut(background, charge.Keeping{Kind: charge.KeptPartner, ID: 1, Who: "admin 1", Reason: "stop them all"}, time.Time{}))
				r.until(run.ID, charge.Done)
				if n := p.sent() - begun; begun == 0 || n > c.claimed {
					t.Errorf("%d were begun before, %d after", begun, n)
				}
				p.check(run.ID)
			})
		})
	}
}

// Credit that comes while a slow run is under way keeps the card from being charged.
func TestCreditMeanwhile(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 40; id++ {
			p.customer(id, "10.00")
		}
		r := p.start(charge.Options{PerSecond: rate.Limit(0.2)})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		time.Sleep(time.Minute)
		p.with(func() { b := p.billing[38]; b.Deposit = decimal(t, "0.00"); p.billing[38] = b })
		r.until(run.ID, charge.Done)
		if i := p.items(run.ID)[380]; i.Out != charge.OutHasCredit {
			t.Errorf("it is %s, %s", i.State, i.Out)
		}
	})
}

// Where nothing has changed the second look at credit agrees with the preview.
func TestCreditAgrees(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				x := rand.New(rand.NewPCG(seed, 3))
				one := func(of ...string) string { return of[x.IntN(len(of))] }
				for id := int64(1); id <= 12; id++ {
					var dues []string
					for range 1 + x.IntN(9) {
						dues = append(dues, one("10.00", "30.00", "7.5049", "19.9951", "100.00", "0.0051", "55.55"))
					}
					p.customer(id, dues...)
					b := p.billing[id]
					b.Deposit = decimal(t, one(b.Deposit.String(), b.Deposit.String(), "-5", "-30.0049", "-12.51", "0", "17"))
					p.billing[id] = b
					if x.IntN(4) == 0 {
						p.bank[id] = one("soft", "unknown", "not booked")
					}
				}
				r := p.start(charge.Options{Concurrency: 1 + x.IntN(5)})
				run := r.plan(charge.Order{})
				before := p.items(run.ID)
				if len(r.seen(run.ID)) == 0 {
					return
				}
				time.Sleep(time.Hour)
				r.begin(run.ID)
				r.until(run.ID, charge.Done, charge.Paused)
				for id, i := range p.items(run.ID) {
					if before[id].State == charge.ItemPlanned && i.State == charge.ItemLeftOut {
						t.Errorf("%d: planned %s, credit %s, left out as %s", id, i.Amount, i.Credit, i.Out)
					}
				}
				p.check(run.ID)
			})
		})
	}
}

// Credit that one invoice was left out for is not credit of another one when failed charges are
// made again, however often.
func TestCreditIsGivenOnce(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		p.customer(1, "40.00", "30.00")
		b := p.billing[1]
		b.Deposit = decimal(t, "-30.00") // 40 of credit: the first one's
		p.billing[1] = b
		p.bank[1] = "soft"
		r := p.start(charge.Options{})
		run := r.plan(charge.Order{})
		wantItems(t, p, run.ID, map[int64]string{10: "left_out has_credit", 11: "planned"})
		for range 2 {
			r.begin(run.ID)
			r.until(run.ID, charge.Done)
			run = r.plan(charge.Order{Of: run.ID})
			wantItems(t, p, run.ID, map[int64]string{11: "planned"})
		}
		p.with(func() { p.bank[1] = "" })
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		wantItems(t, p, run.ID, map[int64]string{11: "recorded"})
	})
}

// What starts by itself charges no more than somebody has confirmed once.
func TestRetryChargesNoMore(t *testing.T) {
	t.Parallel()
	for _, sort := range []charge.Sort{charge.Invoices, charge.Balances} {
		t.Run(string(sort), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				c := retrying(t, p, soft)
				p.customer(1, "10.00")
				p.bank[1] = "soft"
				r := p.start(c.options())
				run := r.plan(charge.Order{Sort: sort})
				r.begin(run.ID)
				r.until(run.ID, charge.Done)
				p.with(func() {
					i, b := p.invoices[10], p.billing[1]
					i.Due, i.Total, b.Deposit = decimal(t, "10.01"), decimal(t, "10.01"), decimal(t, "-10.01")
					p.invoices[10], p.billing[1] = i, b
					delete(p.bank, 1)
				})
				time.Sleep(5 * aDay)
				if len(p.tries()) == 0 {
					t.Fatal("there was no try")
				}
				for _, try := range p.tries() {
					for _, i := range p.items(try.ID) {
						if i.Out != charge.OutAmountChanged {
							t.Errorf("by itself: %s, %s, %s", i.Amount, i.State, i.Out)
						}
					}
				}
			})
		})
	}
}

// Who was kept out at the first try, and is let in before the second, is tried then.
func TestLetInBeforeTheSecondTry(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := retrying(t, p, soft)
		p.customer(1, "10.00")
		p.bank[1] = "soft"
		r := p.start(c.options())
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		out := charge.Keeping{Kind: charge.KeptCustomer, ID: 1, Automatic: true, Who: "a", Reason: "r"}
		at := time.Now().UTC()
		must(t, r.KeepOut(background, out, time.Time{}))
		p.with(func() { delete(p.bank, 1) })
		for len(p.tries()) == 0 || p.tries()[0].State != charge.Done {
			time.Sleep(time.Hour)
		}
		must(t, r.LetIn(background, out, at))
		time.Sleep(20 * aDay)
		tries := p.tries()
		if len(tries) < 2 || p.items(tries[len(tries)-1].ID)[10].State != charge.ItemRecorded {
			t.Errorf("%d tries", len(tries))
		}
	})
}
