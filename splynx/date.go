package splynx

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

// Date is a day, or a day and a time, as Splynx's own clock shows it; Splynx does not say in
// which time zone. The zero value is no date, which Splynx writes 0000-00-00. Dates can be
// compared with ==.
type Date struct {
	text string // time.DateOnly or time.DateTime, or "" for none
}

// incomplete is a date without a month or a day, which MySQL can hold: no date.
var incomplete = regexp.MustCompile(`^[0-9]{4}-(00-[0-9]{2}|[0-9]{2}-00)( [0-9]{2}:[0-9]{2}:[0-9]{2})?$`)

// ParseDate reads 2006-01-02 or 2006-01-02 15:04:05; "" and 0000-00-00 are no date.
func ParseDate(s string) (Date, error) {
	if s == "" || incomplete.MatchString(s) {
		return Date{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return Date{t.Format(layout)}, nil
		}
	}
	return Date{}, errDate
}

// DateOf returns the day of t in t's own time zone.
func DateOf(t time.Time) Date { return Date{t.Format(time.DateOnly)} }

// IsZero tells whether there is no date.
func (d Date) IsZero() bool { return d.text == "" }

// String returns the date in Splynx's form, and "" for none.
func (d Date) String() string { return d.text }

// Day returns the date without its time.
func (d Date) Day() Date {
	day, _, _ := strings.Cut(d.text, " ")
	return Date{day}
}

// Before tells whether d comes before o. No date comes before any other; a day comes before
// each time of that day.
func (d Date) Before(o Date) bool { return d.text < o.text }

// In returns the moment that the date means in a time zone; a day is its midnight. No date
// is the zero time.
func (d Date) In(zone *time.Location) time.Time {
	layout := time.DateOnly
	if len(d.text) > len(time.DateOnly) {
		layout = time.DateTime
	}
	t, err := time.ParseInLocation(layout, d.text, zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Date) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	if err != nil {
		return err
	}
	v, err := ParseDate(strings.TrimSpace(s))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// MarshalJSON implements json.Marshaler.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte(`"0000-00-00"`), nil
	}
	return json.Marshal(d.text)
}
