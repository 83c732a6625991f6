package charge_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

const notPlannedYet = "charge run is not planned yet; it is tried again until its day is over"

// A schedule's run that Splynx keeps from being planned for a while is charged on its day all the
// same, even if the process is killed meanwhile; as long as it hangs, it says so.
func TestScheduledRunIsPlannedLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hindered error
		why      charge.Why
	}{
		"no access":     {&splynx.Error{Kind: splynx.KindAuth}, charge.WhySplynxNo},
		"refused":       {&splynx.Error{Kind: splynx.KindRefused}, charge.WhySplynxNo},
		"no answer":     {&splynx.Error{Kind: splynx.KindUnavailable}, charge.WhySplynxDown},
		"anything else": {errors.New("something else"), charge.WhyErrors},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				conf := automatic(t, p, "UTC", daily)
				p.dueOn(1, 0)
				p.with(func() { p.down = c.hindered })
				r := p.start(conf.options())
				time.Sleep(9*time.Hour + 2*time.Minute)
				if run := p.scheduled()[0]; run.State != charge.Planning || run.Stands() {
					t.Errorf("in the first minutes: %s (%s)", run.State, run.Why)
				}
				time.Sleep(time.Hour)
				if run := p.scheduled()[0]; run.State != charge.Planning || run.Why != c.why || !run.Stands() || conf.said(notPlannedYet) != 1 {
					t.Errorf("an hour later: %s (%s), said %d times", run.State, run.Why, conf.said(notPlannedYet))
				}
				r.kill()
				time.Sleep(10 * time.Minute)
				p.start(conf.options())
				time.Sleep(2 * time.Hour)
				p.with(func() { p.down = nil })
				time.Sleep(20 * time.Minute)
				run := p.scheduled()[0]
				if run.State != charge.Done || run.Stands() || p.sent() != 1 || conf.said(notPlannedYet) != 1 {
					t.Errorf("%s (%s), %d charges, said %d times", run.State, run.Why, p.sent(), conf.said(notPlannedYet))
				}
				p.check(run.ID)
			})
		})
	}
}

// When its day is over it fails, and stands until a person says that they know; the next day's run
// is made as ever.
func TestScheduledRunFailsWithItsDay(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := automatic(t, p, "UTC", daily)
		p.dueOn(1, 0, 1)
		p.with(func() { p.down = &splynx.Error{Kind: splynx.KindAuth} })
		r := p.start(c.options())
		time.Sleep(24*time.Hour - time.Second)
		if run := p.scheduled()[0]; run.State != charge.Planning {
			t.Errorf("before midnight: %s (%s)", run.State, run.Why)
		}
		time.Sleep(10 * time.Minute)
		id := p.scheduled()[0].ID
		if run := p.scheduled()[0]; run.State != charge.Failed || run.Why != charge.WhySplynxNo || !run.Stands() || run.Work() || !run.Ended() {
			t.Fatalf("after midnight: %+v", run)
		}
		p.with(func() { p.down = nil })
		for range 2 { // pressed twice
			run, err := r.Stop(background, id, "admin 1", "charged by hand")
			must(t, err)
			if run.State != charge.Failed || run.Why != charge.WhySplynxNo || run.Stands() {
				t.Errorf("seen: %+v", run)
			}
		}
		events, err := r.Events(background, id)
		must(t, err)
		if last := events[len(events)-1]; len(events) != 4 || last.Who != "admin 1" || last.Note != "charged by hand" || last.To != charge.Failed {
			t.Errorf("events %+v", events)
		}
		time.Sleep(12 * time.Hour)
		if runs := p.scheduled(); len(runs) != 2 || runs[1].State != charge.Done || p.sent() != 1 {
			t.Errorf("%d runs, %d charges", len(runs), p.sent())
		}
	})
}

// Whoever asks for a run sees at once that Splynx refuses: it stands nowhere else.
func TestRunOfAPersonFailsAtOnce(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		p.customer(1, "10.00")
		p.with(func() { p.down = &splynx.Error{Kind: splynx.KindAuth} })
		r, begin := p.start(charge.Options{}), time.Now()
		run := r.plan(charge.Order{})
		if run.State != charge.Failed || run.Why != charge.WhySplynxNo || run.Stands() || time.Since(begin) > time.Minute {
			t.Errorf("%+v after %s", run, time.Since(begin))
		}
		if _, err := r.Stop(background, run.ID, "admin 1", ""); !errors.Is(err, charge.ErrMove) {
			t.Errorf("%v", err)
		}
	})
}

// A try of the retry plan that cannot be planned on its day is not the last one, whether somebody
// has seen it or not.
func TestRetryAfterAFailedTry(t *testing.T) {
	t.Parallel()
	for name, seen := range map[string]bool{"unseen": false, "seen": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				c := retrying(t, p, charge.RetryPlan{Pauses: map[windcave.Class][]time.Duration{"soft": {aDay, 2 * aDay, 2 * aDay}}, At: charge.Clock{Hour: 10}})
				p.customer(1, "10.00")
				p.customer(2, "10.00")
				p.bank = map[int64]string{1: "soft", 2: "refused"}
				r := p.start(c.options())
				time.Sleep(time.Until(time.Date(2000, 1, 2, 21, 5, 0, 0, time.UTC))) // January 3, 10:05
				run := r.plan(charge.Order{})
				r.begin(run.ID)
				r.until(run.ID, charge.Done)
				p.with(func() { p.down = &splynx.Error{Kind: splynx.KindAuth} })
				time.Sleep(2 * aDay)
				if tries := p.tries(); len(tries) != 1 || tries[0].State != charge.Failed || !tries[0].Stands() {
					t.Fatalf("%d tries", len(tries))
				}
				if seen {
					_, err := r.Stop(background, p.tries()[0].ID, "admin 1", "")
					must(t, err)
				}
				p.with(func() { p.down = nil; p.bank[1] = "" })
				time.Sleep(20 * aDay)
				tries := p.tries()
				if len(tries) != 2 || tries[1].State != charge.Done || !strings.HasPrefix(tries[1].StartedAt.In(p.gen.Settings.TimeZone).Format(time.DateTime), "2000-01-06 10:0") {
					t.Fatalf("%d tries, the last %+v", len(tries), tries[len(tries)-1])
				}
				wantItems(t, p, tries[1].ID, map[int64]string{10: "recorded"})
				p.check(run.ID, tries[1].ID)
			})
		})
	}
}

// reloading is an engine whose configuration changes.
type reloading struct {
	*engine
	atomic.Pointer[payment.Generation]
}

func (r *reloading) Current() (*payment.Generation, error) { return r.Load(), nil }

// A key that is set right by a reload has the planning go on: it does not keep to the one that it
// has begun with.
func TestPlanningGoesOnWithANewKey(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := automatic(t, p, "UTC", daily)
		p.dueOn(1, 0)
		locked, old := newProvider(t), p.gen
		locked.down = &splynx.Error{Kind: splynx.KindAuth}
		o, alive := c.options(), &life{}
		o.Node, o.Books = "test", func(g *payment.Generation) charge.Books {
			if g == old {
				return &mortalBooks{locked, alive}
			}
			return &mortalBooks{p, alive}
		}
		reloads := &reloading{engine: &engine{p, alive}}
		reloads.Store(old)
		runs := charge.New(p.store, reloads, o)
		defer func() { must(t, runs.Close(background)) }()
		time.Sleep(10 * time.Hour)
		if run := p.scheduled()[0]; run.State != charge.Planning {
			t.Fatalf("%s (%s)", run.State, run.Why)
		}
		reloads.Store(&payment.Generation{Default: old.Default, Logger: old.Logger, Settings: old.Settings})
		time.Sleep(20 * time.Minute)
		if run := p.scheduled()[0]; run.State != charge.Done || p.sent() != 1 {
			t.Errorf("%s (%s), %d charges", run.State, run.Why, p.sent())
		}
	})
}
