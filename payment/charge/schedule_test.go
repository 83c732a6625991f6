package charge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// config is what is configured, and can be changed as by a reload.
type config struct {
	atomic.Pointer[charge.Automatic]
	logs *observer.ObservedLogs
}

func (c *config) set(schedules ...charge.AutoCharge) {
	c.Store(&charge.Automatic{Schedules: schedules})
}

func (c *config) options() charge.Options {
	return charge.Options{Look: 10 * time.Minute, Automatic: func(*payment.Generation) charge.Automatic { return *c.Load() }}
}

// said counts what the log has said.
func (c *config) said(message string) int { return c.logs.FilterMessage(message).Len() }

// automatic has a provider in a time zone, with schedules; somebody has stated that Splynx
// charges nothing by itself.
func automatic(t *testing.T, p *provider, in string, schedules ...charge.AutoCharge) *config {
	t.Helper()
	zone, err := time.LoadLocation(in)
	must(t, err)
	core, logs := observer.New(zap.InfoLevel)
	p.gen = &payment.Generation{Default: generation.Default, Logger: zap.New(core), Settings: payment.Settings{TimeZone: zone}}
	must(t, p.store.SetMark(background, "charge handler off", `{"who":"admin 1"}`))
	c := &config{logs: logs}
	c.set(schedules...)
	must(t, c.Load().Check())
	return c
}

// daily charges at nine what is to be paid on the day.
var daily = charge.AutoCharge{Name: "daily", Day: charge.OnDue, At: charge.Clock{Hour: 9}, Start: charge.ByItself}

// scheduled are the runs that schedules have made, oldest first.
func (p *provider) scheduled() []*charge.Run {
	p.t.Helper()
	runs, err := p.store.Runs(background, charge.RunFilter{Source: charge.Schedule, Limit: 1000})
	must(p.t, err)
	slices.Reverse(runs)
	return runs
}

// day is the day of a run by its form key.
func day(r *charge.Run) string { return r.FormKey[strings.LastIndex(r.FormKey, "/")+1:] }

// dueOn has invoices of a customer be due on days after the story's beginning.
func (p *provider) dueOn(customer int64, days ...int) {
	dues := make([]string, len(days))
	for n := range dues {
		dues[n] = "10.00"
	}
	p.customer(customer, dues...)
	for n, d := range days {
		p.invoice(customer*10+int64(n), func(i *splynx.Invoice) { i.DateTill = splynx.DateOf(time.Now().UTC().AddDate(0, 0, d)) })
	}
}

// Whenever the process is killed and started, however often: each schedule makes one run on each
// day, each invoice is charged on its day, and once.
func TestScheduleOverAMonth(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				random := rand.New(rand.NewPCG(seed, 0))
				reminder := charge.AutoCharge{Name: "reminder", Day: charge.AfterDue, Days: 3, At: charge.Clock{Hour: 15, Minute: 30}, Start: charge.ByItself}
				c := automatic(t, p, "UTC", daily, reminder)
				for d := range 30 {
					p.dueOn(int64(d+1), d)
				}
				p.bank[5] = "soft"
				end := time.Now().AddDate(0, 0, 30)
				r := p.start(c.options())
				time.Sleep(time.Minute) // they are known
				for time.Now().Before(end) {
					switch random.IntN(3) {
					case 0:
						r.life.mu.Lock()
						r.life.dieAt, r.life.after = r.life.writes+1+random.IntN(6), random.IntN(2) == 0
						r.life.mu.Unlock()
					case 1:
						p.with(func() { p.bank[5] = "" })
					}
					for up := time.Duration(random.Int64N(int64(20 * time.Hour))); up > 0 && !r.life.dead.Load(); up -= time.Minute {
						time.Sleep(time.Minute)
					}
					r.kill()
					for down := time.Duration(random.Int64N(int64(5 * time.Hour))); down > 0; down -= time.Minute {
						if h := time.Now().Hour(); h > 20 { // else its day would be over
							break
						}
						time.Sleep(time.Minute)
					}
					r = p.start(c.options())
				}
				time.Sleep(20 * time.Minute)
				for _, run := range p.scheduled() {
					r.until(run.ID, charge.Done)
				}
				count, ids := map[string]int{}, []payment.ID{}
				for _, run := range p.scheduled() {
					count[run.FormKey]++
					ids = append(ids, run.ID)
					if run.State != charge.Done || run.Who != "schedule "+run.Schedule || !run.Automatic() {
						t.Errorf("run %+v", run)
					}
				}
				for d := range 30 {
					for _, name := range []string{"daily", "reminder"} {
						key := fmt.Sprintf("schedule/%s/2000-01-%02d", name, d+1)
						if count[key] != 1 {
							t.Errorf("%s: %d runs", key, count[key])
						}
					}
				}
				p.check(ids...)
			})
		})
	}
}

// On the days on which the clocks are changed a schedule makes one run as well.
func TestScheduleWhenClocksChange(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		night := daily
		night.Name, night.At = "night", charge.Clock{Hour: 2, Minute: 30}
		last := daily
		last.Name, last.At = "last", charge.Clock{Hour: 23, Minute: 59}
		for _, change := range []string{"2000-03-17T12:00:00Z", "2000-09-29T12:00:00Z"} { // in New Zealand on March 19 and October 1
			begin, err := time.Parse(time.RFC3339, change)
			must(t, err)
			time.Sleep(time.Until(begin))
			c := automatic(t, p, "Pacific/Auckland", night, last)
			r := p.start(c.options())
			time.Sleep(4 * 24 * time.Hour)
			r.stop()
		}
		got := map[string]string{}
		for _, run := range p.scheduled() {
			if got[run.FormKey] != "" || run.State != charge.Done {
				t.Errorf("twice, or %+v", run)
			}
			got[run.FormKey] = run.StartedAt.In(p.gen.Settings.TimeZone).Format("02 15:04 MST")
		}
		for key, want := range map[string]string{
			"schedule/night/2000-03-18": "18 02:3", "schedule/night/2000-03-19": "19 02:3", "schedule/night/2000-03-20": "20 02:3", "schedule/night/2000-03-21": "21 02:3",
			"schedule/night/2000-09-30": "30 02:3", "schedule/night/2000-10-01": "01 03:3", "schedule/night/2000-10-02": "02 02:3", "schedule/night/2000-10-03": "03 02:3",
			"schedule/last/2000-03-19": "19 23:59", "schedule/last/2000-10-01": "01 23:59",
		} {
			if !strings.HasPrefix(got[key], want) {
				t.Errorf("%s started at %q, want %q", key, got[key], want)
			}
		}
		if !strings.HasSuffix(got["schedule/night/2000-03-19"], "NZDT") {
			t.Error("an hour that comes twice: not the first one", got["schedule/night/2000-03-19"])
		}
		if len(got) != 16 {
			t.Errorf("%d runs: %v", len(got), got)
		}
	})
}

// What was missed is made up for on its own day, and said; a day that is over is only said.
func TestScheduleIsMissed(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := automatic(t, p, "UTC", daily)
		p.dueOn(1, 0, 1, 2, 3)
		r := p.start(c.options())
		time.Sleep(8 * time.Hour)
		r.kill()
		time.Sleep(6 * time.Hour) // 14:00
		r = p.start(c.options())
		time.Sleep(time.Hour)
		runs := p.scheduled()
		if len(runs) != 1 || day(runs[0]) != "2000-01-01" || runs[0].State != charge.Done || c.said("scheduled charge run is made late: nothing ran at its time") != 1 {
			t.Fatalf("made up: %d runs, %v", len(runs), c.logs.All())
		}
		r.kill()
		time.Sleep(48 * time.Hour) // January 3, 15:00
		r = p.start(c.options())
		time.Sleep(time.Hour)
		if runs = p.scheduled(); len(runs) != 2 || day(runs[1]) != "2000-01-03" {
			t.Errorf("%d runs", len(runs))
		}
		missed := c.logs.FilterMessage("scheduled charge run was not made: nothing ran on its day").All()
		if len(missed) != 1 || missed[0].Level != zap.ErrorLevel || fmt.Sprint(missed[0].ContextMap()["days"]) != "[2000-01-02]" {
			t.Errorf("said %v", missed)
		}
		if i := p.items(runs[1].ID); len(i) != 1 || i[12].State != charge.ItemRecorded {
			t.Errorf("charged %v", i)
		}
		r.kill()
	})
}

// A reload that changes, takes out or adds a schedule neither leaves a run out nor makes one twice.
func TestScheduleIsReloaded(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := automatic(t, p, "UTC", daily)
		r := p.start(c.options())
		at := func(hour int) charge.AutoCharge { s := daily; s.At.Hour = hour; return s }
		days := func(want string) {
			t.Helper()
			got := ""
			for _, run := range p.scheduled() {
				got += run.CreatedAt.Format("2T15 ")
			}
			if got != want {
				t.Errorf("runs at %q, want %q", got, want)
			}
		}
		hours := func(n int) { time.Sleep(time.Duration(n) * time.Hour) }
		hours(10)
		days("1T09 ")
		c.set(at(11)) // made today already
		hours(10)
		days("1T09 ")
		hours(10) // January 2, 6:00
		c.set(at(5))
		hours(1) // its time has passed, and it was not made: made up for
		days("1T09 2T06 ")
		c.set()
		hours(24) // January 3, 7:00
		days("1T09 2T06 ")
		c.set(at(5)) // put in again after its time: from the next day on
		hours(20)
		days("1T09 2T06 ")
		hours(3) // January 4, 6:00
		days("1T09 2T06 4T05 ")
		c.set(at(7))
		r.stop() // the pace has changed too
		r = p.start(c.options())
		hours(4)
		days("1T09 2T06 4T05 ")
		r.stop()
	})
}

// A clock that is set back or forward makes no second run for a day.
func TestScheduleWhenTheClockIsSet(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := automatic(t, p, "UTC", daily)
		var off atomic.Int64
		o := c.options()
		o.Now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
		_ = p.start(o)
		for n, by := range []time.Duration{0, -10 * time.Hour, -20 * time.Hour, 5 * time.Hour, -30 * time.Hour, 0} {
			off.Store(int64(by))
			time.Sleep(24 * time.Hour)
			for _, run := range p.scheduled() {
				if run.State != charge.Done {
					t.Errorf("step %d: %+v", n, run)
				}
			}
		}
		days := map[string]bool{}
		for _, run := range p.scheduled() {
			if days[day(run)] {
				t.Errorf("twice on %s", day(run))
			}
			days[day(run)] = true
		}
		if len(days) != 5 || days["2000-01-05"] { // that morning never was
			t.Errorf("days %v", days)
		}
	})
}
