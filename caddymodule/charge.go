package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Charge says how many customers are charged at once, by staff or by command.
type Charge struct {
	// Charges under way at a time. Default: 8.
	Concurrency int `json:"concurrency,omitempty"`
	// Charges begun per second at most. Default: 0, no limit.
	PerSecond int `json:"per_second,omitempty"`
	// So many configuration errors, or charges that cannot be begun, in a row pause a run. Default:
	// 5.
	StopAfter int `json:"stop_after,omitempty"`
	// Above this the number must be typed to start a run, and no schedule starts one by itself.
	ConfirmAbove ConfirmAbove `json:"confirm_above,omitzero"`
	// Charges although the customer's credit in Splynx covers it. Default: false, such are left
	// out.
	DespiteCredit bool `json:"despite_credit,omitempty"`
	// Runs that are made by themselves, by their names. Default: none.
	Schedules map[string]Schedule `json:"schedules,omitempty"`
	// Declined charges that are made again by themselves. Default: none.
	Retry Retry `json:"retry,omitzero"`
}

// ConfirmAbove is the limit above which nobody starts a run without having typed its number, and
// no schedule does by itself.
type ConfirmAbove struct {
	// Charges. Default: 100.
	Count int `json:"count,omitempty"`
	// What they come to, in whatever currency that is. Default: 10000.
	Amount string `json:"amount,omitempty"`
}

func (c *Charge) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return words{
		"concurrency": whole(&c.Concurrency), "per_second": whole(&c.PerSecond), "stop_after": whole(&c.StopAfter),
		"confirm_above": c.ConfirmAbove.parse, "despite_credit": set(&c.DespiteCredit),
		"schedule": c.parseSchedule, "retry": c.Retry.parse,
	}.read(d, "charge", "schedule")
}

func (c *ConfirmAbove) parse(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) != 1 && len(args) != 2 {
		return d.Errf("confirm_above takes a number of charges, and after it an amount or nothing, not %d arguments", len(args))
	}
	n, err := strconv.ParseInt(args[0], 10, 32)
	if err != nil || n < 1 {
		return d.Errf("confirm_above: %q is not a whole number above 0", args[0])
	}
	c.Count = int(n)
	if len(args) == 2 {
		c.Amount = args[1]
	}
	return nil
}

func (c *Charge) setDefaults() {
	setDefault(&c.Concurrency, 8)
	setDefault(&c.StopAfter, 5)
	setDefault(&c.ConfirmAbove.Count, 100)
	setDefault(&c.ConfirmAbove.Amount, "10000")
}

const (
	// concurrencyMost is above what a gateway takes from one user, and below what a journal on one
	// disk keeps up with.
	concurrencyMost = 512
	perSecondMost   = 1000
)

func (a *App) checkCharge() error {
	switch c := a.Charge; {
	case c.Concurrency < 1 || c.Concurrency > concurrencyMost:
		return fmt.Errorf("paymentexpress: charge: concurrency %d: 1 to %d", c.Concurrency, concurrencyMost)
	case c.PerSecond < 0 || c.PerSecond > perSecondMost:
		return fmt.Errorf("paymentexpress: charge: per_second %d: 1 to %d, or leave it out", c.PerSecond, perSecondMost)
	case c.StopAfter < 1:
		return errors.New("paymentexpress: charge: stop_after takes a number above 0")
	}
	if err := a.Charge.ConfirmAbove.check(a.Currency); err != nil {
		return fmt.Errorf("paymentexpress: charge: %w", err)
	}
	for name, s := range a.Charge.Schedules {
		if err := s.ConfirmAbove.or(a.Charge.ConfirmAbove).check(a.Currency); err != nil {
			return fmt.Errorf("paymentexpress: charge: schedule %s: %w", name, err)
		}
	}
	if _, err := a.Charge.automatic(); err != nil {
		return fmt.Errorf("paymentexpress: charge: %w", err)
	}
	return nil
}

// pace is what of a configuration decides how runs charge.
type pace struct{ concurrency, perSecond, stopAfter int }

func (c *Charge) pace() pace { return pace{c.Concurrency, c.PerSecond, c.StopAfter} }

func (h *host) runOptions() charge.Options {
	return charge.Options{
		Concurrency: h.pace.concurrency, PerSecond: rate.Limit(h.pace.perSecond), StopAfter: h.pace.stopAfter, Automatic: h.Automatic,
	}
}

// check tells what is wrong with it.
func (c ConfirmAbove) check(code string) error {
	if c.Count < 1 {
		return errors.New("confirm_above takes a number of charges above 0, and after it an amount or nothing")
	}
	if limit, err := money.Parse(c.Amount, code); err != nil || !limit.IsPositive() {
		return fmt.Errorf("confirm_above: %q is no amount of %s above 0, such as 10000.00", c.Amount, code)
	}
	return nil
}

// or takes from another one what it leaves out.
func (c ConfirmAbove) or(other ConfirmAbove) ConfirmAbove {
	return ConfirmAbove{cmp.Or(c.Count, other.Count), cmp.Or(c.Amount, other.Amount)}
}

func (c ConfirmAbove) limit() charge.Limit {
	return charge.Limit{Charges: int64(c.Count), Amount: c.Amount}
}

// String is as the Caddyfile has it.
func (c ConfirmAbove) String() string { return strconv.Itoa(c.Count) + " " + c.Amount }
