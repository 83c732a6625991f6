package charge_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

const (
	leftToPerson = "charge run does not start by itself: a person must start or stop it"
	waitsToStart = "charge run waits to start by itself"
)

// What hinders a run from starting by itself for good leaves it planned, for a person.
func TestLeftToAPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hinder func(p *provider, c *config)
		why    charge.Why
	}{
		"nobody has stated":  {func(p *provider, _ *config) { must(p.t, p.store.SetMark(background, "charge handler off", "")) }, charge.WhyHandlerOn},
		"the journal is old": {func(p *provider, _ *config) { p.trusted = payment.ErrJournalOld }, charge.WhyJournalOld},
		"the journal was restored": {func(p *provider, _ *config) {
			must(p.t, p.store.SetMark(background, charge.MarkRestored, time.Now().UTC().Format(time.RFC3339Nano)))
		}, charge.WhyRestored},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				conf := automatic(t, p, "UTC", daily)
				p.dueOn(1, 0)
				c.hinder(p, conf)
				r := p.start(conf.options())
				time.Sleep(23 * time.Hour)
				run := p.scheduled()[0]
				if run.State != charge.Planned || run.Why != c.why || run.Starts || run.Work() || p.sent() != 0 {
					t.Fatalf("run %+v", run)
				}
				if conf.said(leftToPerson) != 1 {
					t.Errorf("said %v", conf.logs.All())
				}
				events, err := r.Events(background, run.ID)
				must(t, err)
				if e := events[len(events)-1]; e.From != charge.Planned || e.To != charge.Planned || e.Why != c.why || e.Node != "test" {
					t.Errorf("event %+v", e)
				}
				p.with(func() { p.trusted = nil })
				r.begin(run.ID)
				r.until(run.ID, charge.Done)
				p.check(run.ID)
			})
		})
	}
}

// A schedule that makes previews starts nothing.
func TestScheduledPreview(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		preview := daily
		preview.Start = ""
		c := automatic(t, p, "UTC", preview)
		p.dueOn(1, 0)
		r := p.start(c.options())
		time.Sleep(60 * time.Hour)
		runs := p.scheduled()
		if len(runs) != 3 || runs[0].State != charge.Planned || runs[0].Work() || p.sent() != 0 || c.said(leftToPerson)+c.said(waitsToStart) != 0 {
			t.Fatalf("%d runs, %v", len(runs), c.logs.All())
		}
		r.begin(runs[0].ID)
		r.until(runs[0].ID, charge.Done)
	})
}

// What ends by itself is waited for on the run's day; then a person decides.
func TestWaitsToStart(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		second := daily
		second.Name, second.Day = "second", charge.OnIssue
		c := automatic(t, p, "UTC", daily, second)
		p.dueOn(1, 0)
		p.dueOn(2, 14)
		p.with(func() { p.trusted = payment.ErrHeld })
		r := p.start(c.options())
		time.Sleep(12 * time.Hour)
		if runs := p.scheduled(); len(runs) != 2 || runs[0].StartedAt != (time.Time{}) || c.said(waitsToStart) != 2 {
			t.Fatalf("%d runs, %v", len(runs), c.logs.All())
		}
		p.with(func() { p.trusted = nil })
		time.Sleep(time.Hour)
		one, other := p.scheduled()[0], p.scheduled()[1]
		if one.State != charge.Done || other.State != charge.Done || p.sent() != 2 {
			t.Errorf("%s and %s", one.State, other.State)
		}
		if one.StartedAt.Before(other.EndedAt) && other.StartedAt.Before(one.EndedAt) {
			t.Error("both at a time")
		}
		p.customer(3, "10.00") // by hand, and paused over the time of the next day
		p.customer(4, "10.00")
		byHand := r.plan(charge.Order{Filter: charge.Filter{Customers: []int64{3}}})
		r.begin(byHand.ID)
		_, err := r.Pause(background, byHand.ID, "admin 1", "")
		if errors.Is(err, charge.ErrMove) {
			t.Fatal("too late to pause")
		}
		must(t, err)
		p.dueOn(5, 1)
		time.Sleep(time.Until(time.Date(2000, 1, 2, 23, 0, 0, 0, time.UTC)))
		for _, run := range p.scheduled()[2:] {
			if run.State != charge.Planned || !run.Starts {
				t.Errorf("run %+v", run)
			}
		}
		time.Sleep(2 * time.Hour)
		for _, run := range p.scheduled()[2:] {
			if run.State != charge.Planned || run.Starts || run.Why != charge.WhyOtherOpen {
				t.Errorf("run %+v", run)
			}
		}
		if p.sent() > 3 || c.said(leftToPerson) != 2 {
			t.Errorf("%d charges, %v", p.sent(), c.logs.All())
		}
	})
}

// A run whose schedule was taken out, or whose day is over, is not started by itself.
func TestNotStartedAnyMore(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := automatic(t, p, "UTC", daily)
		p.with(func() { p.trusted = payment.ErrHeld })
		r := p.start(c.options())
		time.Sleep(10 * time.Hour)
		c.set()
		p.with(func() { p.trusted = nil })
		time.Sleep(time.Hour)
		if run := p.scheduled()[0]; run.State != charge.Planned || run.Why != charge.WhyTurnedOff {
			t.Errorf("run %+v", run)
		}
		c.set(daily)
		p.with(func() { p.trusted = payment.ErrHeld })
		time.Sleep(24 * time.Hour)
		r.kill()
		p.with(func() { p.trusted = nil })
		time.Sleep(24 * time.Hour)
		r = p.start(c.options())
		time.Sleep(time.Minute)
		if run := p.scheduled()[1]; run.State != charge.Planned || run.Why != charge.WhyTooLate || !strings.Contains(run.FormKey, "2000-01-02") {
			t.Errorf("run %+v", run)
		}
		r.stop()
	})
}
