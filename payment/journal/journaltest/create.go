package journaltest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func roundTrip(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	before := *p
	s.create(p)
	s.same(p, &before) // the caller's own is left alone
	s.same(s.get(p.ID), p)
	q, err := s.ByFormKey(s.ctx, p.FormKey)
	s.must(err)
	s.same(q, p)
	empty := &payment.Payment{ID: id(2), TxnID: id(2), Amount: p.Amount, Customer: 1, CreatedAt: now}
	s.create(empty)
	s.same(s.get(empty.ID), empty)
}

func notFound(_ *testing.T, s *suite) {
	_, err := s.Get(s.ctx, id(1))
	s.fails(err, payment.ErrNotFound)
	for _, key := range []string{"", "form"} {
		_, err = s.ByFormKey(s.ctx, key)
		s.fails(err, payment.ErrNotFound)
	}
	_, err = s.Change(s.ctx, id(1), func(*payment.Payment) (payment.Writes, error) {
		s.Error("a payment that is not there was changed")
		return payment.Writes{}, nil
	})
	s.fails(err, payment.ErrNotFound)
	_, err = s.Claim(s.ctx, id(1), "me", now, time.Minute)
	s.fails(err, payment.ErrNotFound)
	if events, err := s.Events(s.ctx, id(1)); err != nil || len(events) != 0 {
		s.Errorf("events %v, %v", events, err)
	}
}

func formKeys(_ *testing.T, s *suite) {
	s.create(s.sample(id(1)))
	q := s.sample(id(2))
	q.FormKey = "form-" + string(id(1))
	s.fails(s.tryCreate(q), payment.ErrFormKeyUsed)
	_, err := s.Get(s.ctx, q.ID)
	s.fails(err, payment.ErrNotFound)
	for n := 3; n < 5; n++ { // no key is not a key
		p := s.sample(id(n))
		p.FormKey = ""
		s.create(p)
	}
}

func charges(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	p.DpsTxnRef = "D1"
	s.create(p)
	s.fails(s.tryCreate(p), payment.ErrDuplicate)
	again := s.sample(id(1))
	again.FormKey = "another"
	s.fails(s.tryCreate(again), payment.ErrDuplicate)
	q := s.sample(id(2))
	q.TxnID, q.DpsTxnRef = p.TxnID, "D1"
	s.fails(s.tryCreate(q), payment.ErrDuplicate)
	q.DpsTxnRef = "D2"
	s.create(q)
	// A change may not make a second row for a charge either.
	_, err := s.Change(s.ctx, q.ID, func(q *payment.Payment) (payment.Writes, error) { q.DpsTxnRef = "D1"; return payment.Writes{}, nil })
	s.fails(err, payment.ErrDuplicate)
	s.same(s.get(q.ID), q)
}

func refusedCreate(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	refusal := errors.New("no")
	s.fails(s.Create(s.ctx, p, s.event(p, p.State), func([]*payment.Payment) error { return refusal }), refusal)
	_, err := s.Get(s.ctx, p.ID)
	s.fails(err, payment.ErrNotFound)
	if events, _ := s.Events(s.ctx, p.ID); len(events) != 0 {
		s.Errorf("events %v", events)
	}
}

func inFlight(_ *testing.T, s *suite) {
	states := []payment.State{payment.Created, payment.Offered, payment.Submitted, payment.Unknown, payment.Approved, payment.Parked, payment.Recorded, payment.Declined}
	for n, state := range states {
		p := s.sample(id(n))
		p.State, p.Partner = state, int64(n) // of whatever partner
		s.create(p)
	}
	another := s.sample(id(20))
	another.State, another.Customer = payment.Approved, 8
	s.create(another)
	p := s.sample(id(21))
	var seen []payment.State
	s.must(s.Create(s.ctx, p, s.event(p, p.State), func(all []*payment.Payment) error {
		for _, q := range all {
			seen = append(seen, q.State)
		}
		return nil
	}))
	slices.Sort(seen)
	if want := []payment.State{payment.Approved, payment.Parked, payment.Submitted, payment.Unknown}; !slices.Equal(seen, want) {
		s.Errorf("in flight are %v, want %v", seen, want)
	}
}

// W_CHECK_APART: the look and the write are one: of many at once, one gets in.
func oneInFlight(_ *testing.T, s *suite) {
	taken := errors.New("taken")
	var all sync.WaitGroup
	var mu sync.Mutex
	in := 0
	for n := range 20 {
		p := s.sample(id(n))
		p.State = payment.Submitted
		all.Go(func() {
			err := s.Create(s.ctx, p, s.event(p, p.State), func(others []*payment.Payment) error {
				if len(others) > 0 {
					return taken
				}
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				in++
			} else if !errors.Is(err, taken) {
				s.Error(err)
			}
		})
	}
	all.Wait()
	if in != 1 {
		s.Errorf("%d were let in", in)
	}
}
