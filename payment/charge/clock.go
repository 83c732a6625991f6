package charge

import (
	"fmt"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Clock is a time of the provider's day.
type Clock struct{ Hour, Minute int }

// String is the time as 09:00.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }

func (c Clock) check() error {
	if c.Hour < 0 || c.Hour > 23 || c.Minute < 0 || c.Minute > 59 {
		return fmt.Errorf("%w: there is no time %s", ErrSchedule, c)
	}
	return nil
}

// around is more than any change of the clocks moves them, and less than lies between two.
const around = 4 * time.Hour

// on is the moment of a day at which the clock shows the time: the first one, if it comes twice.
// A time that the clock jumps over comes as much later as it jumps, but never on the next day.
func (c Clock) on(day splynx.Date, in *time.Location) time.Time {
	midnight := day.In(time.UTC)
	y, m, d := midnight.Date()
	shown := time.Date(y, m, d, c.Hour, c.Minute, 0, 0, time.UTC)
	by := func(other time.Time) time.Time { // by what the clock is set to then
		_, seconds := other.In(in).Zone()
		return shown.Add(-time.Duration(seconds) * time.Second).In(in)
	}
	any := time.Date(y, m, d, c.Hour, c.Minute, 0, 0, in)
	before, after := by(any.Add(-around)), by(any.Add(around))
	for _, t := range []time.Time{before, after} {
		if t.Hour() == c.Hour && t.Minute() == c.Minute && splynx.DateOf(t) == day {
			return t
		}
	}
	if splynx.DateOf(before) == day {
		return before
	}
	return after
}

// dayOf is the day that it is in a time zone.
func dayOf(t time.Time, in *time.Location) splynx.Date { return splynx.DateOf(t.In(in)) }

// plus is the day so many days later.
func plus(day splynx.Date, days int) splynx.Date {
	return splynx.DateOf(day.In(time.UTC).AddDate(0, 0, days))
}
