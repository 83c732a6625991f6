package charge

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// DayRule says of which invoices a schedule is about, by the day of the run.
type DayRule string

// The rules are those of Splynx's own auto charge.
const (
	OnIssue    DayRule = "issue"       // issued on the day
	AfterIssue DayRule = "after_issue" // issued Days before
	BeforeDue  DayRule = "before_due"  // the last day to pay is Days later
	OnDue      DayRule = "due"         // it is the last day to pay
	AfterDue   DayRule = "after_due"   // the last day to pay was Days before
)

// StartBy says how a scheduled run starts.
type StartBy string

// How scheduled runs start.
const (
	ByPerson StartBy = "preview" // the plan is made, and a person starts it
	ByItself StartBy = "charge"
)

// AutoCharge is a schedule: it makes a run of invoices on each of the provider's days.
type AutoCharge struct {
	Name          string // of small letters, digits, - and _; a day's run is known by it
	Day           DayRule
	Days          int     // of a rule that counts days
	At            Clock   // in the provider's time zone
	Filter        Filter  // but for the days, which Day says
	DespiteCredit bool    // charge though the customer's credit covers it
	Start         StartBy // Default: ByPerson
	ConfirmAbove  Limit   // a larger run does not start by itself
}

// ErrSchedule tells that a schedule, or a retry plan, cannot be.
var ErrSchedule = errors.New("that cannot be done by itself")

var scheduleName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// mostDays is how far from the day of its run an invoice may be.
const mostDays = 365

func (s AutoCharge) check() error {
	counts := s.Day == AfterIssue || s.Day == BeforeDue || s.Day == AfterDue
	switch {
	case !scheduleName.MatchString(s.Name):
		return fmt.Errorf("%w: %q is no name: small letters, digits, - and _, at most 40", ErrSchedule, s.Name)
	case !counts && s.Day != OnIssue && s.Day != OnDue:
		return fmt.Errorf("%w: schedule %s: there is no rule %q", ErrSchedule, s.Name, s.Day)
	case counts && (s.Days < 1 || s.Days > mostDays), !counts && s.Days != 0:
		return fmt.Errorf("%w: schedule %s: %d days", ErrSchedule, s.Name, s.Days)
	case s.Filter.Issued != splynx.Days{} || s.Filter.DueWithin != splynx.Days{}:
		return fmt.Errorf("%w: schedule %s: its rule says the days", ErrSchedule, s.Name)
	case s.Start != "" && s.Start != ByPerson && s.Start != ByItself:
		return fmt.Errorf("%w: schedule %s: there is no start %q", ErrSchedule, s.Name, s.Start)
	}
	if err := s.At.check(); err != nil {
		return err
	}
	o := s.order(splynx.DateOf(time.Unix(0, 0).UTC()))
	o.Filter = o.Filter.normalize()
	if err := o.check(); err != nil {
		return fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	return nil
}

// order asks for the run of a day.
func (s AutoCharge) order(day splynx.Date) Order {
	o := Order{
		FormKey: s.formKey(day), Sort: Invoices, Filter: s.Filter, DespiteCredit: s.DespiteCredit, Source: Schedule, Who: "schedule " + s.Name,
		schedule: s.Name, starts: s.Start == ByItself,
	}
	one := func(days int) splynx.Days { return splynx.Days{From: plus(day, days), To: plus(day, days)} }
	switch s.Day {
	case OnIssue:
		o.Filter.Issued = one(0)
	case AfterIssue:
		o.Filter.Issued = one(-s.Days)
	case BeforeDue:
		o.Filter.DueWithin = one(s.Days)
	case OnDue:
		o.Filter.DueWithin = one(0)
	case AfterDue:
		o.Filter.DueWithin = one(-s.Days)
	}
	return o
}

// formKey is that of a day's run: there is one at most, ever.
func (s AutoCharge) formKey(day splynx.Date) string { return "schedule/" + s.Name + "/" + day.String() }

func (s AutoCharge) noteName() string { return "schedule " + s.Name }

// madeUp is how long after its time a run is called late.
const madeUp = 10 * time.Minute

// schedule makes the run of today, once its time has come. What was missed is made up for on its
// own day only.
func (r *Runs) schedule(g *payment.Generation, s AutoCharge) error {
	in, now := zone(g), r.now()
	today := dayOf(now, in)
	known, err := r.noted(s.noteName(), today)
	if err != nil {
		return err
	}
	if known.Day.Before(today) {
		if err := r.missed(g, s, known, today); err != nil {
			return err
		}
		known.Day = today
		if err := r.noteDown(s.noteName(), known); err != nil {
			return err
		}
	}
	at := s.At.on(today, in)
	if now.Before(at) && at.Before(r.nextTime) { // one minute before midnight is soon over
		r.nextTime = at
	}
	if now.Before(at) || at.Before(known.Since) {
		return nil
	}
	if made, err := r.made(s.formKey(today)); made || err != nil {
		return err
	}
	if now.Sub(at) > madeUp {
		logger(g).Warn("scheduled charge run is made late: nothing ran at its time", zap.String("schedule", s.Name), zap.Time("time", at))
	}
	if _, err = r.Plan(r.ctx, s.order(today)); errors.Is(err, ErrFormChanged) { // another node, with another configuration
		return nil
	}
	return err
}

// made tells whether there is a run with a form key.
func (r *Runs) made(key string) (bool, error) {
	_, err := r.store.RunByFormKey(r.ctx, key)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// tellMissed is how many days back a schedule's missed runs are told.
const tellMissed = 31

// missed tells the log on which days since it was last looked at a schedule has made no run.
func (r *Runs) missed(g *payment.Generation, s AutoCharge, known note, today splynx.Date) error {
	var days []string
	for n := tellMissed; n > 0; n-- {
		day := plus(today, -n)
		if day.Before(known.Day) || s.At.on(day, zone(g)).Before(known.Since) {
			continue
		}
		made, err := r.made(s.formKey(day))
		if err != nil {
			return err
		}
		if !made {
			days = append(days, day.String())
		}
	}
	if len(days) > 0 {
		logger(g).Error("scheduled charge run was not made: nothing ran on its day", zap.String("schedule", s.Name), zap.Strings("days", days))
	}
	return nil
}
