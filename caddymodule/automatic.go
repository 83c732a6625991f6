package caddymodule

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Schedule has a run of charges made by itself on each of the provider's days.
type Schedule struct {
	// Of which invoices: `issue`, issued on the day; `after_issue`, so many days before; `before_due`,
	// the last day to pay is so many days later; `due`, it is the last day to pay; `after_due`, it
	// was so many days before.
	On string `json:"on"`
	// Of a rule that counts days: how many.
	Days int `json:"days,omitempty"`
	// When, as 09:00, in the provider's time zone.
	At string `json:"at"`
	// `preview`: the plan is made, and a person starts it. `charge`: it starts by itself. Default:
	// `preview`.
	Start string `json:"start,omitempty"`
	// Whose customers, by partners' ids. Default: everybody's.
	Partners []int64 `json:"partners,omitempty"`
	// Charges although the customer's credit in Splynx covers it. Default: false.
	DespiteCredit bool `json:"despite_credit,omitempty"`
	// Above this it does not start by itself: a person looks and starts it. Default: as in Charge.
	ConfirmAbove ConfirmAbove `json:"confirm_above,omitzero"`
}

// Retry has declined charges of runs made again by itself.
type Retry struct {
	// Pauses before the tries of what a bank cannot approve now, such as 24h 72h. Default: none, and
	// no tries.
	Soft []caddy.Duration `json:"soft,omitempty"`
	// Likewise of what a bank declines without a reason.
	Declined []caddy.Duration `json:"declined,omitempty"`
	// When, as 10:00, in the provider's time zone.
	At string `json:"at,omitempty"`
	// Tries of the same money at most. Default: 3.
	Most int `json:"most,omitempty"`
	// How long a card rests after a decline. Default: 24h.
	CoolDown caddy.Duration `json:"cool_down,omitempty"`
}

func (c *Charge) parseSchedule(d *caddyfile.Dispenser) error {
	var name string
	if err := text(&name)(d); err != nil {
		return err
	}
	if _, ok := c.Schedules[name]; ok {
		return d.Errf("schedule %s is set twice in charge", name)
	}
	var s Schedule
	if err := (words{
		"on": s.parseRule, "at": text(&s.At), "start": text(&s.Start), "despite_credit": set(&s.DespiteCredit), "partner": s.parsePartners,
		"confirm_above": s.ConfirmAbove.parse,
	}).read(d, "schedule"); err != nil {
		return err
	}
	if c.Schedules == nil {
		c.Schedules = make(map[string]Schedule)
	}
	c.Schedules[name] = s
	return nil
}

// parseRule reads a rule and, of one that counts days, how many.
func (s *Schedule) parseRule(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) != 1 && len(args) != 2 {
		return d.Errf("on takes issue, due, after_issue DAYS, before_due DAYS or after_due DAYS, not %d arguments", len(args))
	}
	s.On = args[0]
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return d.Errf("on %s: %q is not a number of days", args[0], args[1])
		}
		s.Days = n
	}
	return nil
}

func (s *Schedule) parsePartners(d *caddyfile.Dispenser) error {
	var ids []string
	if err := list(&ids)(d); err != nil {
		return err
	}
	for _, text := range ids {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 1 {
			return d.Errf("partner: %q is no partner's id", text)
		}
		s.Partners = append(s.Partners, id)
	}
	return nil
}

func (r *Retry) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return words{
		"soft": durations(&r.Soft), "declined": durations(&r.Declined), "at": text(&r.At), "most": whole(&r.Most), "cool_down": duration(&r.CoolDown),
	}.read(d, "retry")
}

// durations reads one duration or more.
func durations(into *[]caddy.Duration) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		word := d.Val()
		var args []string
		if err := list(&args)(d); err != nil {
			return err
		}
		for _, arg := range args {
			parsed, err := caddy.ParseDuration(arg)
			if err != nil || parsed <= 0 {
				return d.Errf("%s: %q is not a duration such as 24h", word, arg)
			}
			*into = append(*into, caddy.Duration(parsed))
		}
		return nil
	}
}

// automatic is what the configuration has made by itself.
func (c *Charge) automatic() (a charge.Automatic, err error) {
	for _, name := range slices.Sorted(maps.Keys(c.Schedules)) {
		s := c.Schedules[name]
		at, err := clockOf(s.At)
		if err != nil {
			return a, fmt.Errorf("schedule %s: %w", name, err)
		}
		a.Schedules = append(a.Schedules, charge.AutoCharge{
			Name: name, Day: charge.DayRule(s.On), Days: s.Days, At: at, Filter: charge.Filter{Partners: s.Partners},
			DespiteCredit: s.DespiteCredit, Start: charge.StartBy(s.Start), ConfirmAbove: s.ConfirmAbove.or(c.ConfirmAbove).limit(),
		})
	}
	if r := c.Retry; len(r.Soft)+len(r.Declined) > 0 {
		if a.Retry.At, err = clockOf(r.At); err != nil {
			return a, fmt.Errorf("retry: %w", err)
		}
		a.Retry.Most, a.Retry.CoolDown, a.Retry.Pauses = r.Most, time.Duration(r.CoolDown), make(map[windcave.Class][]time.Duration)
		for class, pauses := range map[windcave.Class][]caddy.Duration{windcave.ClassSoft: r.Soft, windcave.ClassDeclined: r.Declined} {
			for _, p := range pauses {
				a.Retry.Pauses[class] = append(a.Retry.Pauses[class], time.Duration(p))
			}
		}
	} else if r.At != "" || r.Most != 0 || r.CoolDown != 0 {
		return a, fmt.Errorf("retry: say what is tried again: soft or declined, each with its pauses")
	}
	return a, a.Check()
}

// schedulesSaid are the schedules in words; empty: none.
func (c *Charge) schedulesSaid() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(c.Schedules)) {
		s := c.Schedules[name]
		rule := s.On
		if s.Days > 0 {
			rule = fmt.Sprintf("%s %d", s.On, s.Days)
		}
		words := fmt.Sprintf("%s: on %s at %s, start %s", name, rule, s.At, cmp.Or(s.Start, string(charge.ByPerson)))
		if s.ConfirmAbove != (ConfirmAbove{}) {
			words += ", confirm_above " + s.ConfirmAbove.or(c.ConfirmAbove).String()
		}
		all = append(all, words)
	}
	return strings.Join(all, "; ")
}

// String is the plan in words; empty: none.
func (r Retry) String() string {
	var all []string
	for _, class := range []struct {
		name   string
		pauses []caddy.Duration
	}{{"soft", r.Soft}, {"declined", r.Declined}} {
		if len(class.pauses) == 0 {
			continue
		}
		words := class.name
		for _, p := range class.pauses {
			words += " " + time.Duration(p).String()
		}
		all = append(all, words)
	}
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, ", ") + " at " + r.At
}

// clockOf reads a time of the day.
func clockOf(text string) (charge.Clock, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return charge.Clock{}, fmt.Errorf("at %q: want a time such as 09:00", text)
	}
	return charge.Clock{Hour: t.Hour(), Minute: t.Minute()}, nil
}

// Automatic is what the configuration of a generation has made by itself; nothing if it is not in
// force any more.
func (h *host) Automatic(g *payment.Generation) charge.Automatic {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.inForce {
		if f.generation == g {
			return f.automatic
		}
	}
	return charge.Automatic{}
}
