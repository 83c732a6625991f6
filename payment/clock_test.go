package payment_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// clock is a machine's clock that is set to another time while it runs.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) jump(d time.Duration) { c.ahead.Add(int64(d)) }

// jumping plays a story in a world whose engine has a clock that jumps.
func jumping(t *testing.T, story func(*testing.T, *world, *clock)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, c := paymenttest.New(t, option{NoJournal: true}), new(clock)
		var err error
		if w.Store, err = journal.Open(background, filepath.Join(t.TempDir(), "journal.db")); err != nil {
			t.Fatal(err)
		}
		w.Engine = payment.New(w.Store, payment.Options{Node: "world", Now: c.now})
		w.Engine.Push(w.Gen)
		prove(t, w)
		w.Pass(time.Second)
		w.Gateway.HoldNotifications(true)
		story(t, w, c)
		w.Pass(restful)
		w.Check(atRest)
	})
}

// F46: the clock is set an hour ahead or back, or a day (as on a leap day that it did not
// know), while the buyer is on the page. Nothing is charged or booked twice or lost for it.
func TestF46ClockJumpsOnThePage(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour back": -time.Hour, "a day ahead": 24 * time.Hour, "a day back": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jumping(t, func(t *testing.T, w *world, c *clock) {
				p := w.Start("form-1")
				w.Pass(time.Minute)
				c.jump(by)
				w.Pass(time.Minute)
				back := w.Pay(p, windcavetest.CardApproved)
				if q, err := w.Engine.Start(background, w.Order("form-2", "payer-form-1")); err == nil && by < 0 && q.ID != p.ID {
					t.Error("the payer got another page")
				}
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
				w.Until(p.ID, time.Minute, payment.Recorded)
			})
		})
	}
}

// F46: the clock is set while a POST is unclear. Whatever it says, Splynx is searched before
// anything is posted again, what it booked is found, and nothing is booked twice in silence.
func TestF46ClockJumpsInTheQuietTime(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"ahead": time.Hour, "back": -time.Hour} {
		for kind, f := range map[string]trouble{
			"not booked":        {Op: post, Kind: splynxtest.Cut},
			"booked":            {Op: post, Kind: splynxtest.Cut, Commit: true},
			"booked 30 s later": {Op: post, Kind: splynxtest.Late, Delay: 30 * time.Second, Hold: time.Second},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				jumping(t, func(t *testing.T, w *world, c *clock) {
					w.Splynx.Inject(f)
					p := w.Start("form-1")
					if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
						t.Fatal(err)
					}
					w.Pass(2 * time.Second)
					c.jump(by)
					w.Until(p.ID, quiet+2*time.Hour, payment.Recorded)
					w.Pass(30 * time.Hour) // with the later searches
					p = get(w, p.ID)
					want(t, p, payment.Recorded, payment.ReasonBooked)
					if n := len(ours(w)); n != 1 {
						t.Errorf("%d payments", n)
					}
				})
			})
		}
	}
}

// F46: the day of a booking and the statement of the month are the provider's, on the days on
// which its clock is changed and on a leap day, wherever this machine is.
func TestF46StatementOfTheProvidersDay(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Pacific/Auckland") // +13 in summer
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ at, day string }{
		"leap day there":       {"2028-02-28T11:30:00Z", "2028-02-29"},
		"the day after it":     {"2028-02-29T11:30:00Z", "2028-03-01"},
		"the clock goes back":  {"2028-04-01T14:30:00Z", "2028-04-02"},
		"the clock goes ahead": {"2028-09-23T14:30:00Z", "2028-09-24"},
		"new year there":       {"2027-12-31T11:30:00Z", "2028-01-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at, err := time.Parse(time.RFC3339, tt.at)
				if err != nil {
					t.Fatal(err)
				}
				w := paymenttest.New(t, option{NoJournal: true, Settings: payment.Settings{TimeZone: zone, StatementsDaily: true}, Splynx: splynxtest.Options{Zone: zone}})
				c := new(clock)
				c.jump(time.Until(at))
				if w.Store, err = journal.Open(context.Background(), filepath.Join(t.TempDir(), "journal.db")); err != nil {
					t.Fatal(err)
				}
				w.Engine = payment.New(w.Store, payment.Options{Node: "world", Now: c.now})
				w.Engine.Push(w.Gen)
				prove(t, w)
				w.Pass(time.Second)
				w.Gateway.HoldNotifications(true)
				p := w.Start("form-1")
				if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
					t.Fatal(err)
				}
				w.Until(p.ID, time.Minute, payment.Recorded)
				if got := ours(w)[0].Date; got != tt.day {
					t.Errorf("booked on %s, want %s", got, tt.day)
				}
				if got := w.Splynx.Records()[0].Date; got != tt.day {
					t.Errorf("record of %s, want %s", got, tt.day)
				}
			})
		})
	}
}
