package journaltest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// charge is a payment for an item.
func (s *runSuite) charge(run payment.ID, i charge.Item) *payment.Payment {
	s.count++
	p := s.sample(id(1000 + s.count))
	p.State, p.Run, p.Item, p.Amount, p.Customer, p.DocumentID = payment.Submitted, string(run), i.Seq, i.Amount, i.Customer, i.DocumentID
	return p
}

// sums adds the items up one by one.
func (s *runSuite) sums(run payment.ID) (sums []charge.Sum) {
	s.Helper()
	type key struct {
		charge.ItemState
		charge.Out
		class, currency string
	}
	of := map[key]*charge.Sum{}
	for _, i := range s.all(run, charge.ItemFilter{}) {
		k := key{i.State, i.Out, i.Class, i.Amount.CurrencyCode()}
		if of[k] == nil {
			of[k] = &charge.Sum{State: i.State, Out: i.Out, Class: i.Class, Amount: s.amount("0", k.currency)}
		}
		var err error
		of[k].Count++
		of[k].Amount, err = of[k].Amount.Add(i.Counts())
		s.must(err)
	}
	for _, sum := range of {
		sums = append(sums, *sum)
	}
	name := func(x charge.Sum) string {
		return fmt.Sprintf("%s\x00%s\x00%s\x00%s", x.State, x.Out, x.Class, x.Amount.CurrencyCode())
	}
	slices.SortFunc(sums, func(a, b charge.Sum) int {
		if name(a) < name(b) {
			return -1
		}
		return 1
	})
	return sums
}

func runSums(s *runSuite) {
	r := s.make(s.run(1))
	random := rand.New(rand.NewPCG(1, 2))
	next := int64(1)
	var begun []payment.ID
	for range 60 {
		switch random.IntN(5) {
		case 0:
			s.write(r.ID, charge.Writes{Add: s.items(r.ID, next, 5)})
			next += 5
		case 1:
			s.write(r.ID, charge.Writes{Leave: []charge.Leaving{{Seq: random.Int64N(next), Out: charge.OutTickedOff}}, TickOn: []int64{random.Int64N(next)}})
		case 2, 3:
			if next > 1 {
				p := s.charge(r.ID, s.item(r.ID, 1+random.Int64N(next-1)))
				if p.Amount.CurrencyCode() == "NZD" {
					p.Amount = s.amount("0.01", "NZD") // less is due than was planned
				}
				if s.tryCreate(p) == nil {
					begun = append(begun, p.ID)
				}
			}
		case 4:
			if len(begun) > 0 {
				s.move(begun[random.IntN(len(begun))], []payment.State{payment.Approved, payment.Declined, payment.Unknown, payment.Recorded}[random.IntN(4)])
			}
		}
		got, err := s.runs.RunSums(s.ctx, r.ID)
		s.must(err)
		s.equal(got, s.sums(r.ID))
	}
}

func (s *runSuite) move(p payment.ID, to payment.State) {
	s.Helper()
	_, err := s.Change(s.ctx, p, func(p *payment.Payment) (payment.Writes, error) {
		p.State, p.Class, p.Code, p.Reason = to, "soft", "51", payment.ReasonGatewayDeclined
		return payment.Writes{}, nil
	})
	s.must(err)
}

func runOnePayment(s *runSuite) {
	r := s.make(s.run(1))
	s.write(r.ID, charge.Writes{Add: s.items(r.ID, 1, 6)})
	first := s.charge(r.ID, s.item(r.ID, 1))
	s.create(first)
	s.move(first.ID, payment.Declined)
	s.fails(s.tryCreate(s.charge(r.ID, s.item(r.ID, 1))), charge.ErrNotPlanned)
	s.fails(s.tryCreate(s.charge(r.ID, s.item(r.ID, 5))), charge.ErrNotPlanned)
	s.fails(s.tryCreate(s.charge(r.ID, charge.Item{Seq: 77, Amount: first.Amount})), charge.ErrNotPlanned)
	// A payment that says it is of the item, but is not the item's, changes nothing of it.
	stranger := s.charge(r.ID, s.item(r.ID, 1))
	stranger.Run = ""
	s.create(stranger)
	_, err := s.Change(s.ctx, stranger.ID, func(p *payment.Payment) (payment.Writes, error) {
		p.Run, p.State = string(r.ID), payment.Approved
		return payment.Writes{}, nil
	})
	s.must(err)
	if i := s.item(r.ID, 1); i.Payment != first.ID || i.State != charge.ItemDeclined {
		s.Errorf("item %+v", i)
	}
	s.create(s.charge(id(99), charge.Item{Seq: 1, Amount: first.Amount})) // of a run that is not here
}

func runHalted(s *runSuite) {
	for n, state := range []charge.State{charge.Planning, charge.Planned, charge.Paused, charge.Waiting, charge.Stopped, charge.Done, charge.Failed} {
		r := s.run(n)
		r.State = state
		s.make(r)
		s.write(r.ID, charge.Writes{Add: s.items(r.ID, 1, 1)})
		p := s.charge(r.ID, s.item(r.ID, 1))
		s.fails(s.tryCreate(p), charge.ErrHalted)
		if _, err := s.Get(s.ctx, p.ID); !errors.Is(err, payment.ErrNotFound) {
			s.Errorf("payment of a run that is %s: %v", state, err)
		}
		if i := s.item(r.ID, 1); i.State != charge.ItemPlanned || i.Payment != "" {
			s.Errorf("item %+v", i)
		}
	}
}

func runLateTruth(s *runSuite) {
	r := s.make(s.run(1))
	s.write(r.ID, charge.Writes{Add: s.items(r.ID, 1, 1)})
	p := s.charge(r.ID, s.item(r.ID, 1))
	p.Amount = s.amount("1.00", "NZD")
	s.create(p)
	if i := s.item(r.ID, 1); i.State != charge.ItemCharging || i.Payment != p.ID || i.Charged.Number() != "1.00" || i.Amount.Number() != "1.05" {
		s.Errorf("begun: %+v", i)
	}
	s.write(r.ID, charge.Writes{}) // whatever the run is by now
	for state, want := range map[payment.State]charge.ItemState{
		payment.Unknown: charge.ItemUnknown, payment.Declined: charge.ItemDeclined, payment.NotDone: charge.ItemNotCharged, payment.Parked: charge.ItemNeedsYou,
		payment.Approved: charge.ItemApproved, payment.Recorded: charge.ItemRecorded, payment.Refunded: charge.ItemGivenBack,
	} {
		s.move(p.ID, state)
		i := s.item(r.ID, 1)
		failed := want == charge.ItemDeclined || want == charge.ItemNotCharged
		if i.State != want || (i.Class == "soft") != failed || (i.Code == "51") != failed || i.Reason != payment.ReasonGatewayDeclined {
			s.Errorf("%s: %+v", state, i)
		}
	}
	before := s.item(r.ID, 1)
	_, err := s.Change(s.ctx, p.ID, func(p *payment.Payment) (payment.Writes, error) {
		p.State, p.Code = payment.Created, "changed"
		return payment.Writes{}, errors.New("no")
	})
	if err == nil {
		s.Error("a change that was refused is no error")
	}
	s.equal(s.item(r.ID, 1), before)
}

func runRace(s *runSuite) {
	r := s.make(s.run(1))
	s.write(r.ID, charge.Writes{Add: s.items(r.ID, 1, 1)})
	i := s.item(r.ID, 1)
	var all sync.WaitGroup
	var mu sync.Mutex
	in := 0
	for range 20 {
		p := s.charge(r.ID, i)
		all.Go(func() {
			err := s.tryCreate(p)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				in++
			} else if !errors.Is(err, charge.ErrNotPlanned) {
				s.Error(err)
			}
		})
	}
	all.Wait()
	if in != 1 {
		s.Errorf("%d payments for one item", in)
	}
}
