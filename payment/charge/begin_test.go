package charge_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
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

// A run above its schedule's limit waits for a person, and is told of at once; up to it one starts.
func TestAboveTheLimitOfItsSchedule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit charge.Limit
		waits bool
	}{
		"no limit":   {charge.Limit{}, false},
		"as many":    {charge.Limit{Charges: 3, Amount: "1000"}, false},
		"more":       {charge.Limit{Charges: 2, Amount: "1000"}, true},
		"as much":    {charge.Limit{Charges: 9, Amount: "30.00"}, false},
		"too much":   {charge.Limit{Charges: 9, Amount: "29.99"}, true},
		"no amount":  {charge.Limit{Charges: 9, Amount: "lots"}, true},
		"no charges": {charge.Limit{Amount: "1000"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				limited := daily
				limited.ConfirmAbove = c.limit
				conf := automatic(t, p, "UTC", limited)
				for id := range int64(3) {
					p.dueOn(id+1, 0)
				}
				r := p.start(conf.options())
				time.Sleep(10 * time.Hour)
				run := p.scheduled()[0]
				if !c.waits {
					if run.State != charge.Done || p.sent() != 3 || conf.said(leftToPerson) != 0 {
						t.Errorf("run %+v, %d charges", run, p.sent())
					}
					return
				}
				if run.State != charge.Planned || run.Why != charge.WhyTooLarge || run.Starts || run.Work() || p.sent() != 0 || conf.said(leftToPerson) != 1 {
					t.Fatalf("run %+v, %d charges, said %v", run, p.sent(), conf.logs.All())
				}
				time.Sleep(48 * time.Hour)
				if p.sent() != 0 || conf.said(leftToPerson) != 1 {
					t.Errorf("%d charges, said %v", p.sent(), conf.logs.All())
				}
				r.begin(run.ID)
				r.until(run.ID, charge.Done)
				p.check(run.ID)
			})
		})
	}
}

// The limit is that of the configuration in force when the run would start, and a run that another
// one holds up is told of before that one ends.
func TestLimitOfTheScheduleInForce(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		small, large := daily, daily
		small.ConfirmAbove, large.ConfirmAbove = charge.Limit{Charges: 1, Amount: "1000"}, charge.Limit{Charges: 2, Amount: "1000"}
		c := automatic(t, p, "UTC", large)
		p.dueOn(1, 0, 1)
		p.dueOn(2, 0, 1)
		p.with(func() { p.trusted = payment.ErrHeld })
		r := p.start(c.options())
		time.Sleep(10 * time.Hour)
		if run := p.scheduled()[0]; run.State != charge.Planned || !run.Starts {
			t.Fatalf("run %+v", run)
		}
		c.set(small)
		time.Sleep(time.Hour)
		if run := p.scheduled()[0]; run.Why != charge.WhyTooLarge || run.Starts || p.sent() != 0 {
			t.Fatalf("run %+v", run)
		}
		p.with(func() { p.trusted = nil })
		p.customer(3, "10.00")
		byHand := r.plan(charge.Order{Filter: charge.Filter{Customers: []int64{3}}})
		p.with(func() { p.latency = time.Minute })
		r.begin(byHand.ID)
		_, err := r.Pause(background, byHand.ID, "admin 1", "")
		must(t, err)
		time.Sleep(23 * time.Hour)
		if run := p.scheduled()[1]; run.Why != charge.WhyTooLarge || run.Starts || p.sent() > 1 {
			t.Errorf("beside another one: run %+v", run)
		}
	})
}

// hastened has something happen just before a run is started.
type hastened struct {
	*journal.SQLite
	before func()
}

func (s *hastened) StartRun(ctx context.Context, id payment.ID, fn func(*charge.Run, []*charge.Run, []charge.Sum) (charge.Writes, error)) (*charge.Run, error) {
	s.before()
	return s.SQLite.StartRun(ctx, id, fn)
}

// What somebody takes into a run in the moment of its start counts.
func TestLimitIsLookedAtInTheStart(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		limited := daily
		limited.ConfirmAbove = charge.Limit{Charges: 1, Amount: "1000"}
		c := automatic(t, p, "UTC", limited)
		p.dueOn(1, 0)
		p.with(func() { p.trusted = payment.ErrHeld })
		store := &hastened{SQLite: p.store, before: func() {
			p.dueOn(2, 0)
			run := p.scheduled()[0]
			_, err := p.store.ChangeRun(background, run.ID, func(q *charge.Run) (charge.Writes, error) {
				q.Revision, q.Items = q.Revision+1, 2
				return charge.Writes{Add: []charge.Item{{
					Run: q.ID, Seq: 2, Customer: 2, Partner: 1, DocumentID: 20, Number: "2026/20", Amount: nzd(t, "10.00"), Card: payment.CardUsed{Key: "card-2"},
					State: charge.ItemPlanned, MovedAt: time.Now(),
				}}, At: time.Now()}, nil
			})
			must(t, err)
		}}
		o, alive := c.options(), &life{}
		o.Node, o.Books = "test", func(*payment.Generation) charge.Books { return &mortalBooks{p, alive} }
		runs := charge.New(store, &engine{p, alive}, o)
		defer func() { must(t, runs.Close(background)) }()
		time.Sleep(10 * time.Hour)
		p.with(func() { p.trusted = nil })
		time.Sleep(time.Hour)
		if run := p.scheduled()[0]; run.State != charge.Planned || run.Why != charge.WhyTooLarge || run.Starts || p.sent() != 0 || c.said(leftToPerson) != 1 {
			t.Errorf("run %+v, %d charges", run, p.sent())
		}
	})
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
		time.Sleep(10*time.Hour + time.Minute) // between two looks
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
