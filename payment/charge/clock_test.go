package charge

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// A time that comes twice means the first one; one that the clock jumps over comes as much later,
// but never on the next day.
func TestClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, day, at, want string }{
		{"UTC", "2026-11-26", "00:00", "2026-11-26T00:00:00Z"},
		{"Pacific/Auckland", "2026-11-26", "09:00", "2026-11-26T09:00:00+13:00"},
		{"Pacific/Auckland", "2026-09-27", "01:59", "2026-09-27T01:59:00+12:00"},
		{"Pacific/Auckland", "2026-09-27", "02:00", "2026-09-27T03:00:00+13:00"},
		{"Pacific/Auckland", "2026-09-27", "02:30", "2026-09-27T03:30:00+13:00"},
		{"Pacific/Auckland", "2026-09-27", "03:00", "2026-09-27T03:00:00+13:00"},
		{"Pacific/Auckland", "2026-09-27", "04:30", "2026-09-27T04:30:00+13:00"},
		{"Pacific/Auckland", "2026-09-27", "23:59", "2026-09-27T23:59:00+13:00"},
		{"Pacific/Auckland", "2026-04-05", "01:59", "2026-04-05T01:59:00+13:00"},
		{"Pacific/Auckland", "2026-04-05", "02:30", "2026-04-05T02:30:00+13:00"},
		{"Pacific/Auckland", "2026-04-05", "03:00", "2026-04-05T03:00:00+12:00"},
		{"Pacific/Auckland", "2026-04-05", "05:30", "2026-04-05T05:30:00+12:00"},
		{"Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-04T02:45:00+11:00"},
		{"America/New_York", "2026-11-01", "01:30", "2026-11-01T01:30:00-04:00"},
		{"America/Nuuk", "2024-03-30", "23:30", "2024-03-30T22:30:00-02:00"}, // there is no 23rd hour
		{"Asia/Beirut", "2022-03-27", "00:00", "2022-03-27T01:00:00+03:00"},
	} {
		in, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		clock, err := time.Parse("15:04", c.at)
		if err != nil {
			t.Fatal(err)
		}
		day, err := splynx.ParseDate(c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Clock{clock.Hour(), clock.Minute()}).on(day, in).Format(time.RFC3339); got != c.want {
			t.Errorf("%s %s %s is %s, want %s", c.zone, c.day, c.at, got, c.want)
		}
	}
}

// Each rule asks for the invoices of one day.
func TestDayRules(t *testing.T) {
	t.Parallel()
	day, err := splynx.ParseDate("2026-03-01")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule        DayRule
		days        int
		issued, due string
	}{
		{OnIssue, 0, "2026-03-01", ""},
		{AfterIssue, 1, "2026-02-28", ""},
		{BeforeDue, 3, "", "2026-03-04"},
		{OnDue, 0, "", "2026-03-01"},
		{AfterDue, 30, "", "2026-01-30"},
	} {
		s := AutoCharge{Name: "a", Day: c.rule, Days: c.days}
		if err := s.check(); err != nil {
			t.Error(err)
		}
		o := s.order(day)
		if f := o.Filter; f.Issued.From.String() != c.issued || f.Issued.To.String() != c.issued || f.DueWithin.From.String() != c.due || f.DueWithin.To.String() != c.due {
			t.Errorf("%s asks for %+v", c.rule, f)
		}
		if o.FormKey != "schedule/a/2026-03-01" || o.Source != Schedule || o.starts {
			t.Errorf("order %+v", o)
		}
	}
}

// What cannot be is refused.
func TestAutomaticCheck(t *testing.T) {
	t.Parallel()
	good := AutoCharge{Name: "a", Day: OnDue}
	with := func(change func(*AutoCharge)) Automatic {
		s := good
		change(&s)
		return Automatic{Schedules: []AutoCharge{s}}
	}
	soft := func(pauses ...time.Duration) RetryPlan {
		return RetryPlan{Pauses: map[windcave.Class][]time.Duration{"soft": pauses}}
	}
	const day = 24 * time.Hour
	for name, a := range map[string]Automatic{
		"no name":         with(func(s *AutoCharge) { s.Name = "" }),
		"a slash":         with(func(s *AutoCharge) { s.Name = "a/b" }),
		"twice":           {Schedules: []AutoCharge{good, good}},
		"no rule":         with(func(s *AutoCharge) { s.Day = "never" }),
		"no days":         with(func(s *AutoCharge) { s.Day = BeforeDue }),
		"days too many":   with(func(s *AutoCharge) { s.Day, s.Days = AfterDue, 366 }),
		"days unasked":    with(func(s *AutoCharge) { s.Days = 1 }),
		"hour":            with(func(s *AutoCharge) { s.At.Hour = 24 }),
		"minute":          with(func(s *AutoCharge) { s.At.Minute = 60 }),
		"start":           with(func(s *AutoCharge) { s.Start = "now" }),
		"days of its own": with(func(s *AutoCharge) { s.Filter.Issued.From = splynx.DateOf(time.Unix(0, 0)) }),
		"filter":          with(func(s *AutoCharge) { s.Filter.Statuses = []string{"paid"} }),
		"a dead card":     {Retry: RetryPlan{Pauses: map[windcave.Class][]time.Duration{"card": {day}}}},
		"no pauses":       {Retry: soft()},
		"a short pause":   {Retry: soft(day, time.Hour)},
		"a long pause":    {Retry: soft(31 * day)},
		"no rest":         {Retry: RetryPlan{Pauses: soft(day).Pauses, CoolDown: time.Hour}},
		"no tries":        {Retry: RetryPlan{Pauses: soft(day).Pauses, Most: -1}},
	} {
		if err := a.Check(); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	for _, a := range []Automatic{{}, {Schedules: []AutoCharge{good}, Retry: soft(day, 2*day)}} {
		if err := a.Check(); err != nil {
			t.Error(err)
		}
	}
}
