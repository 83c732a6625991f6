package charge_test

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// F25: what goes wrong with all of them pauses the run by itself.
func TestF25PausesByItself(t *testing.T) {
	t.Parallel()
	for bank, c := range map[string]struct {
		why     charge.Why
		charges int
	}{
		"refused":        {charge.WhyConfig, 5},
		"no credentials": {charge.WhyConfig, 0},
		"unknown":        {charge.WhyUnknown, 10},
		"unreachable":    {charge.WhyUnreachable, 5},
		"trouble":        {charge.WhyErrors, 0},
		"panic":          {charge.WhyErrors, 0},
	} {
		t.Run(bank, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				for id := int64(1); id <= 300; id++ {
					p.customer(id, "10.00")
					p.bank[id] = bank
				}
				r := p.start(charge.Options{Concurrency: 64})
				run := r.plan(charge.Order{})
				r.begin(run.ID)
				if run = r.until(run.ID, charge.Paused); run.Why != c.why {
					t.Errorf("paused for %s", run.Why)
				}
				time.Sleep(time.Minute)
				if n := p.sent(); n < c.charges || n > c.charges+4 {
					t.Errorf("%d charges, want %d", n, c.charges)
				}
				p.with(func() { clear(p.bank) })
				_, err := r.Resume(background, run.ID, "admin", "mended")
				must(t, err)
				r.until(run.ID, charge.Done)
				p.check(run.ID)
			})
		})
	}
}

// Errors that are not in a row do not pause.
func TestErrorsNowAndThen(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 100; id++ {
			p.customer(id, "10.00")
			if id%3 == 0 {
				p.bank[id] = []string{"refused", "unknown", "unreachable"}[id%2]
			}
		}
		r := p.start(charge.Options{Concurrency: 1})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.check(run.ID)
	})
}

// Splynx takes no payments: the run does not go on taking money.
func TestNotBooked(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 2000; id++ {
			p.customer(id, "10.00")
			p.bank[id] = "not booked"
		}
		r := p.start(charge.Options{Concurrency: 2, PerSecond: 1})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		if run = r.until(run.ID, charge.Paused); run.Why != charge.WhyNotBooked || p.sent() < 300 || p.sent() > 400 {
			t.Errorf("paused for %s after %d", run.Why, p.sent())
		}
	})
}

// Splynx is away: the planning waits for it, and a run pauses.
func TestSplynxDown(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 100; id++ {
			p.customer(id, "10.00")
		}
		away := &splynx.Error{Kind: splynx.KindUnavailable}
		p.down = away
		r := p.start(charge.Options{})
		run, err := r.Plan(background, charge.Order{Sort: charge.Invoices, Source: charge.Command, Who: "cron"})
		must(t, err)
		time.Sleep(time.Minute)
		p.with(func() { p.down = nil })
		run = r.until(run.ID, charge.Planned)
		p.with(func() { p.down = away })
		r.begin(run.ID)
		if run = r.until(run.ID, charge.Paused); run.Why != charge.WhySplynxDown || p.sent() != 0 {
			t.Errorf("paused for %s after %d", run.Why, p.sent())
		}
		other, err := r.Plan(background, charge.Order{Sort: charge.Invoices, Source: charge.Command, Who: "cron"})
		must(t, err)
		if other = r.until(other.ID, charge.Failed); other.Why != charge.WhySplynxDown {
			t.Errorf("failed for %s", other.Why)
		}
	})
}
