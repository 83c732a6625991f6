package charge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// A run that has not moved for 12 h waits for a person.
func TestWaitsForAPerson(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 1000; id++ {
			p.customer(id, "10.00")
		}
		r := p.start(charge.Options{Look: 5 * time.Minute})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		time.Sleep(500 * time.Millisecond)
		r.kill()
		time.Sleep(13 * time.Hour)
		r = p.start(charge.Options{Look: 5 * time.Minute})
		before := p.sent()
		if run = r.until(run.ID, charge.Waiting); run.Why != charge.WhyNotMoved || p.sent() != before {
			t.Errorf("waits for %s", run.Why)
		}
		_, err := r.Resume(background, run.ID, "admin", "")
		must(t, err)
		time.Sleep(500 * time.Millisecond)
		_, err = r.Pause(background, run.ID, "admin", "")
		must(t, err)
		time.Sleep(13 * time.Hour)
		if run = r.until(run.ID, charge.Waiting); run.Why != charge.WhyNotMoved {
			t.Errorf("waits for %s", run.Why)
		}
		p.with(func() { p.trusted = payment.ErrJournalOld })
		if _, err = r.Resume(background, run.ID, "admin", ""); !errors.Is(err, payment.ErrJournalOld) {
			t.Error(err)
		}
		p.with(func() { p.trusted = nil })
		_, err = r.Resume(background, run.ID, "admin", "")
		must(t, err)
		r.until(run.ID, charge.Done)
		p.heal()
		p.check(run.ID)
	})
}

// A run goes on only once its journal was compared, which takes a moment at each start.
func TestHeldForAMoment(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 50; id++ {
			p.customer(id, "10.00")
		}
		r := p.start(charge.Options{Concurrency: 1})
		run := r.plan(charge.Order{})
		r.begin(run.ID)
		time.Sleep(time.Second)
		r.stop() // as it should: the claim is given back
		before := p.sent()
		p.with(func() { p.trusted = payment.ErrHeld })
		r = p.start(charge.Options{Look: time.Hour})
		time.Sleep(time.Minute)
		if p.sent() != before || before == 50 {
			t.Errorf("%d charges while the journal is held, %d before", p.sent(), before)
		}
		p.with(func() { p.trusted = nil })
		r.until(run.ID, charge.Done)
		p.check(run.ID)
	})
}

// Several nodes share a run: one works at it, another takes it over from one that was killed, and
// even two at once charge an item only once.
func TestNodes(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 400; id++ {
			p.customer(id, "10.00")
		}
		a, b := p.start(charge.Options{Node: "a"}), p.start(charge.Options{Node: "b"})
		run := a.plan(charge.Order{})
		a.begin(run.ID)
		time.Sleep(500 * time.Millisecond)
		first, err := b.Get(background, run.ID)
		must(t, err)
		b.stop()
		a.kill()
		before := p.sent()
		_ = p.start(charge.Options{Node: "b", Look: time.Second})
		if time.Sleep(30 * time.Second); p.sent() != before {
			t.Error("taken over while the claim lasts")
		}
		time.Sleep(35 * time.Second)
		if p.sent() == before {
			t.Error("not taken over")
		}
		// The claim is lost to a third one, while this one still charges.
		_, err = p.store.ChangeRun(background, run.ID, func(r *charge.Run) (charge.Writes, error) {
			if r.Fence <= first.Fence {
				t.Error("the fence does not grow")
			}
			r.LeaseUntil = time.Time{}
			return charge.Writes{}, nil
		})
		must(t, err)
		c := p.start(charge.Options{Node: "c", Look: time.Second})
		c.until(run.ID, charge.Done)
		p.heal()
		p.check(run.ID)
		for key, i := range p.items(run.ID) {
			if i.State != charge.ItemRecorded && i.State != charge.ItemNotCharged {
				t.Errorf("%d is %s", key, i.State)
			}
		}
	})
}

// Whoever has lost the claim of a run leaves it to the other one.
func TestClaimIsLost(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		for id := int64(1); id <= 1600; id++ {
			p.customer(id, "10.00")
		}
		a := p.start(charge.Options{Node: "a", Look: time.Second})
		run := a.plan(charge.Order{})
		a.begin(run.ID)
		time.Sleep(3 * time.Second)
		b := p.start(charge.Options{Node: "b", Look: time.Second})
		_, err := p.store.ChangeRun(background, run.ID, func(r *charge.Run) (charge.Writes, error) { // its renewals came too late
			r.LeaseOwner, r.LeaseUntil = "b", time.Now().Add(time.Minute)
			r.Fence++
			return charge.Writes{}, nil
		})
		must(t, err)
		time.Sleep(6 * time.Second) // a has found out
		lost := a.life.asked.Load()
		time.Sleep(30 * time.Second)
		if n := a.life.asked.Load(); n != lost || lost == 0 || b.life.asked.Load() != 0 {
			t.Errorf("%d charges when the claim was lost, %d later", lost, n)
		}
		b.until(run.ID, charge.Done)
		p.check(run.ID)
	})
}
