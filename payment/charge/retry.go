package charge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// RetryPlan has charges that a bank has declined made again, once their run is done: for each
// class of them a run of its own for each try, with the source Retry. The zero value: none. The
// same money is not charged twice: what was paid meanwhile is left out.
//
// Whatever it says, a card that was refused for good is not tried again, nor one with 4 declines
// in 30 days, and none twice on a day.
type RetryPlan struct {
	// Pauses before the first try, the second and so on, by class: soft, or declined. A pause
	// counts from the end of the run before, and a try comes at At; as runs take a while, up to
	// 2 h of it may be missing. A try that cannot be planned on its day is one, too.
	Pauses   map[windcave.Class][]time.Duration
	At       Clock         // in the provider's time zone
	Most     int           // tries of the same money. Default: 3
	CoolDown time.Duration // how long a card rests after a decline, but for 2 h; at least the default. Default: 24h
}

const (
	// cardTries is how often a card may be declined in 30 days before it is left alone: a safe
	// rule below those of all schemes.
	cardTries = 4
	// slack is what may be missing of a pause, so that a try at the same time each day is
	// possible: charges come some time into a run, and a day may have 23 h.
	slack     = 2 * time.Hour
	coolDown  = 24 * time.Hour
	triesMost = 3
	longPause = month
)

func (p RetryPlan) on() bool { return len(p.Pauses) > 0 }

// has tells whether declines of a class are charged again.
func (p RetryPlan) has(class string) bool {
	_, ok := p.Pauses[windcave.Class(class)]
	return ok
}

func (p RetryPlan) normalize() RetryPlan {
	if p.Most == 0 {
		p.Most = triesMost
	}
	if p.CoolDown == 0 {
		p.CoolDown = coolDown
	}
	return p
}

func (p RetryPlan) check() error {
	if !p.on() {
		return nil
	}
	p = p.normalize()
	for class, pauses := range p.Pauses {
		if class != windcave.ClassSoft && class != windcave.ClassDeclined {
			return fmt.Errorf("%w: charges of the class %q are not made again: soft or declined", ErrSchedule, class)
		}
		if len(pauses) == 0 || slices.ContainsFunc(pauses, func(d time.Duration) bool { return d < coolDown || d > longPause }) {
			return fmt.Errorf("%w: pauses of %s: at least one, each of 24h to 30 days", ErrSchedule, class)
		}
	}
	if p.Most < 1 || p.CoolDown < coolDown {
		return fmt.Errorf("%w: at least one try, and a card rests at least 24h", ErrSchedule)
	}
	return p.At.check()
}

const (
	retryNote = "retry plan"
	// retryLook is how often it is looked for what is to be charged again, once its time has come.
	retryLook = 15 * time.Minute
	// lateRetry is how late a try may come: nobody reckons with it any more.
	lateRetry = 7 * 24 * time.Hour
)

// retryKey is the form key of a try: there is one at most, ever.
func retryKey(of payment.ID, class windcave.Class, try int) string {
	return fmt.Sprintf("retry/%s/%s/%d", of, class, try)
}

// retry makes the next run that charges declined ones again, one after another: a card could be
// in several.
func (r *Runs) retry(g *payment.Generation, p RetryPlan) error {
	if p = p.normalize(); !p.on() {
		return nil
	}
	in, now := zone(g), r.now()
	known, err := r.noted(retryNote, dayOf(now, in))
	if err != nil {
		return err
	}
	at := p.At.on(dayOf(now, in), in)
	if now.Before(at) {
		if at.Before(r.nextTime) {
			r.nextTime = at
		}
		return nil
	}
	if r.retried.After(at) && now.Sub(r.retried).Abs() < retryLook {
		return nil
	}
	tries, err := r.store.Runs(r.ctx, RunFilter{Source: Retry, Since: now.Add(-2 * month), Limit: 10_000})
	if err != nil || slices.ContainsFunc(tries, func(q *Run) bool { return q.Class != "" && !q.Ended() && (q.State != Planned || q.Starts) }) {
		return err
	}
	made, err := r.nextTry(p, known, in)
	if err == nil && !made {
		r.retried = now
	}
	return err
}

// nextTry makes the first try that is due of what runs have declined, the oldest first.
func (r *Runs) nextTry(p RetryPlan, known note, in *time.Location) (bool, error) {
	runs, err := r.store.Runs(r.ctx, RunFilter{States: []State{Done}, Since: r.now().Add(-2 * month), Limit: 10_000})
	if err != nil {
		return false, err
	}
	slices.Reverse(runs)
	for _, of := range runs {
		if of.Source == Retry || of.Of != "" || of.EndedAt.Before(known.Since) {
			continue
		}
		for _, class := range slices.Sorted(maps.Keys(p.Pauses)) {
			if made, err := r.tryAgain(p, of, class, in); made || err != nil {
				return made, err
			}
		}
	}
	return false, nil
}

// tryAgain makes the next try of what a run has declined of a class, if it is due.
func (r *Runs) tryAgain(p RetryPlan, of *Run, class windcave.Class, in *time.Location) (bool, error) {
	before, pauses := of, p.Pauses[class]
	since := of.EndedAt
	for try := 1; try <= min(len(pauses), p.Most); try++ {
		key := retryKey(of.ID, class, try)
		run, err := r.store.RunByFormKey(r.ctx, key)
		if err == nil && run.State == Done {
			before, since = run, run.EndedAt
			continue
		}
		if err == nil && run.State == Failed { // it charged nothing, on its day
			since = run.CreatedAt
			continue
		}
		if !errors.Is(err, ErrNotFound) { // under way, or ended by a person
			return false, err
		}
		if due := dueAt(since.Add(pauses[try-1]-slack), p.At, in); r.now().Before(due) || r.now().Sub(due) > lateRetry {
			return false, nil
		}
		if some, err := r.leftToTry(before, class, before == of); !some || err != nil {
			return false, err
		}
		_, err = r.Plan(r.ctx, Order{
			FormKey: key, Of: of.ID, Partners: of.Partners, DespiteCredit: of.DespiteCredit, Source: Retry, Who: "retry plan", class: string(class), starts: true,
		})
		return err == nil, err
	}
	return false, nil
}

// dueAt is the first moment from t on at which the clock shows the time.
func dueAt(t time.Time, at Clock, in *time.Location) time.Time {
	day := dayOf(t, in)
	for at.on(day, in).Before(t) {
		day = plus(day, 1)
	}
	return at.on(day, in)
}

// leftToTry tells whether a run has left something for a try of a class. What a try before has left
// is of that class, whatever the bank has said then.
func (r *Runs) leftToTry(before *Run, class windcave.Class, first bool) (bool, error) {
	sums, err := r.store.RunSums(r.ctx, before.ID)
	return slices.ContainsFunc(sums, func(s Sum) bool {
		return s.State == ItemDeclined && (!first || s.Class == string(class)) || s.Out == OutCardRests || s.Out == OutKept
	}), err
}

// declinesOf is what a customer's card was declined lately.
type declinesOf struct {
	all, day, money int // in 30 days, in one, and of the same money in 30
	last            time.Time
	hard            bool
}

// countDeclines counts the declines of a card. id is that of a document, or 0 for the balance.
func countDeclines(list []*payment.Payment, card string, id int64, now time.Time) (c declinesOf) {
	for _, d := range list {
		if d.Card.Key != card {
			continue
		}
		c.all++
		if now.Sub(d.MovedAt) < 24*time.Hour {
			c.day++
		}
		if d.DocumentID == id {
			c.money++
		}
		if d.MovedAt.After(c.last) {
			c.last = d.MovedAt
		}
		c.hard = c.hard || windcave.NeverAgain(windcave.Class(d.Class), d.Code)
	}
	return c
}

// out tells why a card is tried by nobody's run.
func (c declinesOf) out() Out {
	switch {
	case c.hard:
		return OutHardDecline
	case payment.TriedEnough(c.day, c.all):
		return OutTriedEnough
	}
	return ""
}

// out tells why the retry plan does not try a card now.
func (p RetryPlan) out(c declinesOf, now time.Time, in *time.Location) Out {
	p = p.normalize()
	switch {
	case c.hard:
		return OutHardDecline
	case c.all >= cardTries, c.money > p.Most:
		return OutTriedEnough
	case now.Sub(c.last) < p.CoolDown-slack, dayOf(now, in) == dayOf(c.last, in):
		return OutCardRests
	}
	return ""
}
