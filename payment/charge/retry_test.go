package charge_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

const aDay = 24 * time.Hour

// soft tries again after a day, two and three, at ten.
var soft = charge.RetryPlan{Pauses: map[windcave.Class][]time.Duration{"soft": {aDay, 2 * aDay, 3 * aDay}}, At: charge.Clock{Hour: 10}}

// retrying has a provider whose declines are charged again.
func retrying(t *testing.T, p *provider, plan charge.RetryPlan) *config {
	t.Helper()
	c := automatic(t, p, "Pacific/Auckland")
	c.Store(&charge.Automatic{Retry: plan})
	must(t, c.Load().Check())
	return c
}

// tries are the runs of the retry plan, oldest first.
func (p *provider) tries() []*charge.Run {
	p.t.Helper()
	runs, err := p.store.Runs(background, charge.RunFilter{Source: charge.Retry, Limit: 1000})
	must(p.t, err)
	slices.Reverse(runs)
	return runs
}

// The soft declines of a run are tried again after each pause, at the hour of the provider's day,
// until they are paid or were tried enough; nothing else is.
func TestRetry(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := retrying(t, p, soft)
		for id := int64(1); id <= 7; id++ {
			p.customer(id, "10.00")
		}
		p.bank = map[int64]string{1: "soft", 2: "soft", 3: "hard", 4: "refused", 5: "soft", 6: "soft"}
		r := p.start(c.options())
		time.Sleep(time.Until(time.Date(2000, 1, 2, 21, 5, 0, 0, time.UTC))) // January 3, 10:05
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.with(func() {
			p.bank[2], p.bank[6] = "", "hard"
			delete(p.cards, 5)
		})
		time.Sleep(20 * aDay)
		want := []string{"2000-01-04 10:0", "2000-01-06 10:0", "2000-01-09 10:0"}
		tries := p.tries()
		if len(tries) != len(want) {
			t.Fatalf("%d tries, want %d", len(tries), len(want))
		}
		for n, try := range tries {
			if at := try.StartedAt.In(p.gen.Settings.TimeZone).Format(time.DateTime); at[:len(want[n])] != want[n] {
				t.Errorf("try %d at %s, want %s", n+1, at, want[n])
			}
			if try.Of != run.ID || try.Class != "soft" || try.State != charge.Done || try.FormKey != fmt.Sprintf("retry/%s/soft/%d", run.ID, n+1) {
				t.Errorf("try %+v", try)
			}
		}
		wantItems(t, p, tries[0].ID, map[int64]string{10: "declined", 20: "recorded", 50: "left_out no_card", 60: "declined"})
		wantItems(t, p, tries[1].ID, map[int64]string{10: "declined", 20: "left_out paid_meanwhile", 50: "left_out no_card", 60: "left_out hard_decline"})
		wantItems(t, p, tries[2].ID, map[int64]string{10: "declined", 20: "left_out paid_meanwhile", 50: "left_out no_card", 60: "left_out hard_decline"})
		p.check(run.ID, tries[0].ID, tries[1].ID, tries[2].ID)
	})
}

// A card is tried once a day, whatever is to be charged to it: what it was left out for comes at the
// next try.
func TestRetryOneCardADay(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := retrying(t, p, soft)
		p.customer(1, "10.00", "20.00")
		p.bank[1] = "soft"
		r := p.start(c.options())
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.with(func() { p.bank[1] = "" })
		time.Sleep(10 * aDay)
		tries := p.tries()
		if len(tries) != 2 {
			t.Fatalf("%d tries", len(tries))
		}
		wantItems(t, p, tries[0].ID, map[int64]string{10: "recorded", 11: "left_out card_rests"})
		wantItems(t, p, tries[1].ID, map[int64]string{10: "left_out paid_meanwhile", 11: "recorded"})
		p.check(run.ID, tries[0].ID, tries[1].ID)
	})
}

// Of balances, too; a try that a person has to start, and is not, is the last one.
func TestRetryBalancesAndAPerson(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := retrying(t, p, charge.RetryPlan{Pauses: soft.Pauses, At: soft.At, Most: 1})
		p.customer(1, "10.00")
		p.customer(2, "10.00")
		p.bank = map[int64]string{1: "soft", 2: "soft"}
		r := p.start(c.options())
		run := r.plan(charge.Order{Sort: charge.Balances})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.with(func() { p.bank[1] = "" })
		time.Sleep(10 * aDay)
		tries := p.tries()
		if len(tries) != 1 {
			t.Fatalf("%d tries, want one at most", len(tries))
		}
		wantItems(t, p, tries[0].ID, map[int64]string{1: "recorded", 2: "declined"})
		must(t, p.store.SetMark(background, "charge handler off", ""))
		c.Store(&charge.Automatic{Retry: soft})
		time.Sleep(10 * aDay)
		if tries = p.tries(); len(tries) != 2 || tries[1].State != charge.Planned || tries[1].Starts || tries[1].Why != charge.WhyHandlerOn {
			t.Errorf("%d tries, the last one %+v", len(tries), tries[len(tries)-1])
		}
	})
}

// What was before the plan was configured, or before the journal was restored, is left alone.
func TestRetryLeavesTheOldAlone(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := automatic(t, p, "UTC")
		p.customer(1, "10.00")
		p.customer(2, "10.00")
		p.bank = map[int64]string{1: "soft", 2: "soft"}
		r := p.start(c.options())
		charged := func(customer int64) {
			run := r.plan(charge.Order{Filter: charge.Filter{Customers: []int64{customer}}})
			r.begin(run.ID)
			r.until(run.ID, charge.Done)
		}
		charged(1)
		time.Sleep(time.Hour)
		c.Store(&charge.Automatic{Retry: soft})
		time.Sleep(5 * aDay)
		if n := len(p.tries()); n != 0 {
			t.Errorf("%d tries of what was before", n)
		}
		charged(2)
		must(t, p.store.SetMark(background, charge.MarkRestored, time.Now().UTC().Add(time.Minute).Format(time.RFC3339Nano)))
		time.Sleep(5 * aDay)
		if tries := p.tries(); len(tries) != 1 || tries[0].Why != charge.WhyRestored || tries[0].State != charge.Planned {
			t.Errorf("%d tries", len(tries))
		}
	})
}

// Stories at random over five weeks: runs by hand and by schedule, a bank that changes its mind,
// processes that are killed. Whatever happens, the retry plan tries no card after a hard decline,
// none with 4 declines in 30 days, none twice on a day or within 22 h of a decline, and nothing is
// charged twice.
func TestRetryKeepsTheLimits(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) {
				random := rand.New(rand.NewPCG(seed, 1))
				plan := charge.RetryPlan{
					Pauses: map[windcave.Class][]time.Duration{"soft": {aDay, aDay, 2 * aDay}, "declined": {3 * aDay}},
					At:     charge.Clock{Hour: random.IntN(24), Minute: random.IntN(60)}, Most: 1 + random.IntN(3),
				}
				c := retrying(t, p, plan)
				early := daily
				early.Day, early.Days, early.At.Hour = charge.BeforeDue, 1+random.IntN(13), random.IntN(24)
				c.Store(&charge.Automatic{Retry: plan, Schedules: []charge.AutoCharge{early}})
				o := c.options()
				o.Look = 30 * time.Minute
				r := p.start(o)
				customers := int64(12)
				for d := range 36 {
					p.with(func() {
						for id := int64(1); id <= customers; id++ {
							p.bank[id] = []string{"", "soft", "soft", "soft", "soft", "soft", "hard", "unknown"}[random.IntN(8)]
							if id > 10 && p.bank[id] == "hard" {
								p.bank[id] = "soft"
							}
						}
					})
					if d%9 == 0 {
						for id := int64(1); id <= customers; id++ {
							p.with(func() { p.customer(id+int64(d)*100, []string{"10.00", "20.00"}[id%2:]...) })
						}
						for id := int64(1); id <= customers; id++ {
							p.with(func() { p.bank[id+int64(d)*100] = []string{"soft", "soft", "hard"}[random.IntN(3)] })
						}
					}
					if random.IntN(10) == 0 {
						run := r.plan(charge.Order{})
						if _, err := r.Start(background, run.ID, "admin 1", charge.StartOptions{Seen: r.seen(run.ID)}); err == nil {
							r.until(run.ID, charge.Done, charge.Paused)
						}
					}
					time.Sleep(time.Duration(random.Int64N(int64(aDay))))
					if random.IntN(3) == 0 {
						r.kill()
						time.Sleep(time.Duration(random.Int64N(int64(6 * time.Hour))))
						r = p.start(o)
					}
					p.heal(payment.Unknown)
					open, err := p.store.Runs(background, charge.RunFilter{States: []charge.State{charge.Waiting, charge.Paused}})
					must(t, err)
					for _, run := range open {
						_, _ = r.Resume(background, run.ID, "admin 1", "")
					}
				}
				r.kill()
				p.heal()
				p.keptLimits(plan)
			})
		})
	}
}

// keptLimits goes through all charges that the retry plan has made.
func (p *provider) keptLimits(plan charge.RetryPlan) {
	p.t.Helper()
	all, err := p.store.Find(background, payment.Filter{Limit: 100_000})
	must(p.t, err)
	slices.SortFunc(all, func(a, b *payment.Payment) int { return a.CreatedAt.Compare(b.CreatedAt) })
	automatic := map[string]bool{}
	ids := []payment.ID{}
	for _, run := range p.tries() {
		automatic[string(run.ID)] = true
		ids = append(ids, run.ID)
	}
	byCard := map[string][]*payment.Payment{}
	checked := 0
	for _, q := range all {
		if automatic[q.Run] {
			checked++
			p.mayTry(q, byCard[q.Card.Key], plan)
		}
		if q.State == payment.Declined {
			byCard[q.Card.Key] = append(byCard[q.Card.Key], q)
		}
	}
	if checked == 0 {
		p.t.Error("nothing was tried again")
	}
	p.t.Logf("%d tries of %d charges, cards %d", checked, len(all), len(slices.Collect(maps.Keys(byCard))))
	p.check(ids...)
}

// mayTry holds a try against the declines of its card before it.
func (p *provider) mayTry(q *payment.Payment, before []*payment.Payment, plan charge.RetryPlan) {
	in := p.gen.Settings.TimeZone
	declines, money := 0, 0
	for _, d := range before {
		if q.CreatedAt.Sub(d.MovedAt) > 30*aDay {
			continue
		}
		if declines++; d.DocumentID == q.DocumentID {
			money++
		}
		if d.Code == "57" {
			p.t.Errorf("%s was tried after a hard decline", q.Card.Key)
		}
		if rest := q.CreatedAt.Sub(d.MovedAt); rest < 22*time.Hour || q.CreatedAt.In(in).YearDay() == d.MovedAt.In(in).YearDay() {
			p.t.Errorf("%s was tried %s after a decline", q.Card.Key, rest)
		}
	}
	if declines >= 4 || money > plan.Most {
		p.t.Errorf("%s was tried after %d declines, %d of the same money", q.Card.Key, declines, money)
	}
}

// What happens to a card between the plan of a try and its charge counts.
func TestRetryLooksAnew(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := retrying(t, p, soft)
		for id := int64(1); id <= 3; id++ {
			p.customer(id, "10.00")
			p.bank[id] = "soft"
		}
		r := p.start(c.options())
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		p.with(func() { p.trusted = payment.ErrHeld })
		time.Sleep(47 * time.Hour) // January 3, noon
		planned := p.tries()[0]
		wantItems(t, p, planned.ID, map[int64]string{10: "planned", 20: "planned", 30: "planned"})
		for id, code := range map[payment.ID]string{"A": "51", "B": "57"} { // who pays on the portal
			q := &payment.Payment{
				ID: id, TxnID: id, Kind: payment.KindTopUp, State: payment.Declined, Class: "declined", Code: code, Customer: map[payment.ID]int64{"A": 1, "B": 2}[id],
				Amount: nzd(t, "1.00"), CreatedAt: time.Now(), MovedAt: time.Now(),
			}
			q.Card.Key = fmt.Sprint("card-", q.Customer)
			must(t, p.store.Create(background, q, payment.Event{Payment: id}, func([]*payment.Payment) error { return nil }))
		}
		p.with(func() { p.trusted = nil; clear(p.bank) })
		r.until(planned.ID, charge.Done)
		wantItems(t, p, planned.ID, map[int64]string{10: "left_out card_rests", 20: "left_out hard_decline", 30: "recorded"})
	})
}

// The same money is tried so often and no more, whatever runs have charged it.
func TestRetryStopsAfterSoMany(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		c := retrying(t, p, charge.RetryPlan{Pauses: soft.Pauses, At: soft.At, Most: 1})
		p.customer(1, "10.00", "20.00")
		p.bank[1] = "soft"
		r := p.start(c.options())
		for _, filter := range []charge.Filter{{Numbers: []string{"2026/10"}}, {}} {
			run := r.plan(charge.Order{Filter: filter})
			r.begin(run.ID)
			r.until(run.ID, charge.Done)
		}
		time.Sleep(3 * aDay)
		wantItems(t, p, p.tries()[0].ID, map[int64]string{10: "left_out tried_enough"})
		wantItems(t, p, p.tries()[1].ID, map[int64]string{10: "left_out tried_enough", 11: "declined"})
	})
}
