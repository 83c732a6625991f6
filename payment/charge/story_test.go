package charge_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

var (
	seeds = flag.Int("seeds", 0, "how many stories TestSeeds tells, at random; 0: a few, always the same")
	seed  = flag.Uint64("seed", 0, "the one story that TestSeeds tells")
)

// Stories at random: runs that overlap, on two nodes, killed at any write of the journal, paused
// and resumed, while invoices, cards and the bank change. Whatever happened, each document is
// charged at most once, never more than was planned, and items, payments and sums agree. A story
// that fails is told again by its number: -run TestSeeds -seed NUMBER.
func TestSeeds(t *testing.T) {
	t.Parallel()
	numbers := []uint64{}
	for n := range uint64(10) {
		numbers = append(numbers, n+1)
	}
	for i := range *seeds {
		numbers = append(numbers[:i], rand.Uint64N(1_000_000_000)+100)
	}
	if *seed != 0 {
		numbers = []uint64{*seed}
	}
	for _, n := range numbers {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, p *provider) { tell(t, p, rand.New(rand.NewPCG(n, 0))) })
		})
	}
}

type story struct {
	t         *testing.T
	r         *rand.Rand
	p         *provider
	rigs      [2]*rig
	runs      []payment.ID
	customers int64
}

func tell(t *testing.T, p *provider, r *rand.Rand) {
	s := &story{t: t, r: r, p: p, customers: 20 + r.Int64N(150)}
	p.latency = time.Duration(50+r.IntN(2000)) * time.Millisecond
	for id := int64(1); id <= s.customers; id++ {
		p.customer(id, []string{"10.00", "57.50", "0.005"}[r.IntN(3)], "20.00")
		s.fate(id)
	}
	for n := range s.rigs {
		s.boot(n)
	}
	for range 15 + r.IntN(25) {
		s.step()
	}
	s.end()
}

// fate says what becomes of a customer's charges.
func (s *story) fate(id int64) {
	s.p.with(func() {
		s.p.bank[id] = []string{"", "", "", "", "", "soft", "hard", "unknown", "refused", "unreachable", "trouble", "in flight", "not booked"}[s.r.IntN(13)]
	})
}

func (s *story) boot(n int) {
	o := charge.Options{Node: fmt.Sprint("node-", n), Concurrency: 1 + s.r.IntN(20), Look: 5 * time.Second, Lease: 30 * time.Second, UnknownMax: 30}
	s.rigs[n] = s.p.start(o)
}

func (s *story) step() {
	n := s.r.IntN(2)
	r := s.rigs[n]
	if r.life.dead.Load() {
		s.rigs[n].stop()
		s.boot(n)
		r = s.rigs[n]
	}
	switch s.r.IntN(12) {
	case 0:
		o := charge.Order{Sort: charge.Invoices, Source: charge.Administrator, Who: "admin", FormKey: fmt.Sprint("form-", s.r.IntN(4))}
		if s.r.IntN(4) == 0 && len(s.runs) > 0 {
			o.Of, o.FormKey = s.runs[s.r.IntN(len(s.runs))], ""
		}
		if run, err := r.Plan(background, o); err == nil && !slices.Contains(s.runs, run.ID) {
			s.runs = append(s.runs, run.ID)
		}
	case 1, 2, 3:
		for _, id := range s.runs {
			if sums, err := r.Sums(background, id); err == nil {
				_, _ = r.Start(background, id, "admin", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
			}
		}
	case 4:
		s.any(func(id payment.ID) { _, _ = r.Pause(background, id, "admin", "") })
	case 5, 6:
		s.any(func(id payment.ID) { _, _ = r.Resume(background, id, "admin", "") })
	case 7:
		if s.r.IntN(5) == 0 {
			s.any(func(id payment.ID) { _, _ = r.Stop(background, id, "admin", "") })
		}
		s.any(func(id payment.ID) { _, _ = r.TickOff(background, id, []int64{1, 2, 5}, s.r.IntN(2) == 0) })
	case 8:
		r.life.mu.Lock()
		r.life.dieAt, r.life.after = r.life.writes+1+s.r.IntN(40), s.r.IntN(2) == 0
		r.life.mu.Unlock()
	case 9:
		id := 1 + s.r.Int64N(s.customers)
		s.fate(id)
		s.p.invoice(id*10+s.r.Int64N(2), func(i *splynx.Invoice) {
			switch s.r.IntN(4) {
			case 0:
				i.Due = decimal(s.t, "3.00")
			case 1:
				i.Due = decimal(s.t, "99.00")
			case 2:
				i.Status = splynx.Pending
			}
			if i.Status == splynx.Paid {
				i.Due = decimal(s.t, "0")
			}
		})
	case 10:
		if s.r.IntN(2) == 0 { // the claim of whoever is at it is lost
			s.any(func(id payment.ID) {
				_, _ = s.p.store.ChangeRun(background, id, func(r *charge.Run) (charge.Writes, error) {
					r.LeaseUntil = time.Time{}
					return charge.Writes{}, nil
				})
			})
		}
		s.p.heal(payment.Unknown)
	}
	time.Sleep(time.Duration(s.r.IntN(5000)) * time.Millisecond)
	if s.r.IntN(6) == 0 {
		time.Sleep(time.Minute)
	}
}

func (s *story) any(do func(payment.ID)) {
	if len(s.runs) > 0 {
		do(s.runs[s.r.IntN(len(s.runs))])
	}
}

// end lets every run that was started come to its end.
func (s *story) end() {
	for _, r := range s.rigs {
		r.kill()
	}
	s.p.heal()
	s.p.with(func() { clear(s.p.bank) })
	time.Sleep(time.Minute)
	r := s.p.start(charge.Options{Look: 5 * time.Second})
	for _, id := range s.runs {
		run, err := r.Get(background, id)
		must(s.t, err)
		if run.Open() {
			_, err = r.Resume(background, id, "admin", "")
			must(s.t, err)
		}
		run = r.until(id, charge.Done, charge.Stopped, charge.Planned)
		for key, i := range s.p.items(id) {
			if run.Ended() && (i.State == charge.ItemPlanned || i.State == charge.ItemCharging) {
				s.t.Errorf("%s is %s and its item %d is %s", id, run.State, key, i.State)
			}
		}
	}
	s.p.heal()
	s.p.check(s.runs...)
}
