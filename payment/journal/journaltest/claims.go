package journaltest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func claims(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	s.create(p)
	mine, err := s.Claim(s.ctx, p.ID, "me", now, time.Minute)
	s.must(err)
	if mine.LeaseOwner != "me" || !mine.LeaseUntil.Equal(now.Add(time.Minute)) || mine.Fence != p.Fence+1 {
		s.Errorf("claimed %+v", mine)
	}
	s.same(s.get(p.ID), mine)
	for _, owner := range []string{"you", "me"} {
		_, err = s.Claim(s.ctx, p.ID, owner, now.Add(time.Minute-1), time.Minute)
		s.fails(err, payment.ErrClaimed)
	}
	yours, err := s.Claim(s.ctx, p.ID, "you", now.Add(time.Minute), time.Minute)
	s.must(err)
	if yours.Fence != mine.Fence+1 || yours.LeaseOwner != "you" {
		s.Errorf("claimed %+v", yours)
	}
}

func concurrentClaims(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	s.create(p)
	var all sync.WaitGroup
	var mu sync.Mutex
	got := 0
	for n := range 20 {
		all.Go(func() {
			_, err := s.Claim(s.ctx, p.ID, fmt.Sprint(n), now, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				got++
			} else if !errors.Is(err, payment.ErrClaimed) {
				s.Error(err)
			}
		})
	}
	all.Wait()
	if got != 1 {
		s.Errorf("%d have the claim", got)
	}
}

func customerTurns(_ *testing.T, s *suite) {
	for n := range 4 {
		p := s.sample(id(n))
		p.State, p.NextAt = payment.Approved, now
		if n == 2 {
			p.Customer = 8
		}
		if n == 3 {
			p.State = payment.Offered
		}
		s.create(p)
	}
	_, err := s.Claim(s.ctx, id(0), "me", now, time.Minute)
	s.must(err)
	_, err = s.Claim(s.ctx, id(1), "you", now, time.Minute)
	s.fails(err, payment.ErrClaimed)
	list, next, err := s.Due(s.ctx, now, 10)
	s.must(err)
	slices.Sort(list)
	if !slices.Equal(list, []payment.ID{id(2), id(3)}) || next.After(now.Add(time.Minute+time.Microsecond)) || next.IsZero() {
		s.Errorf("due are %v, next %s", list, next)
	}
	for _, n := range []int{2, 3} { // another customer's; one that books nothing
		_, err = s.Claim(s.ctx, id(n), "you", now, time.Minute)
		s.must(err)
	}
	_, err = s.Claim(s.ctx, id(1), "you", now.Add(time.Minute), time.Minute)
	s.must(err)
}

func due(_ *testing.T, s *suite) {
	at := map[int]time.Time{1: now.Add(-time.Hour), 2: now, 3: now.Add(time.Second), 4: {}, 5: now.Add(-2 * time.Hour), 6: now.Add(-time.Minute)}
	for n, next := range at {
		p := s.sample(id(n))
		p.Customer, p.NextAt = int64(n), next
		if n == 6 {
			p.LeaseOwner, p.LeaseUntil = "somebody", now.Add(500*time.Millisecond)
		}
		s.create(p)
	}
	list, next, err := s.Due(s.ctx, now, 10)
	s.must(err)
	if want := []payment.ID{id(5), id(1), id(2)}; !slices.Equal(list, want) {
		s.Errorf("due are %v, want %v", list, want)
	}
	if d := next.Sub(now); d < 500*time.Millisecond || d > 501*time.Millisecond {
		s.Errorf("next is after %s, want when the claim ends", d)
	}
	if list, _, err = s.Due(s.ctx, now, 2); err != nil || len(list) != 2 {
		s.Errorf("due are %v, %v", list, err)
	}
	if list, next, err = s.Due(s.ctx, now.Add(time.Hour), 10); err != nil || len(list) != 5 || !next.IsZero() {
		s.Errorf("due are %v, next %s, %v", list, next, err)
	}
}

// What is called due is due: a store that keeps times less exactly must not be early.
func duePrecision(_ *testing.T, s *suite) {
	for n := range 50 {
		p := s.sample(id(n))
		p.NextAt = now.Add(time.Duration(rand.N(2000)) * time.Nanosecond)
		p.LeaseUntil = now.Add(time.Duration(rand.N(2000)) * time.Nanosecond)
		s.create(p)
	}
	for ns := range 30 {
		at := now.Add(time.Duration(ns*100) * time.Nanosecond)
		list, _, err := s.Due(s.ctx, at, 100)
		s.must(err)
		for _, id := range list {
			if p := s.get(id); p.NextAt.After(at) || p.LeaseUntil.After(at) {
				s.Fatalf("due at %s: next %s, lease %s", at, p.NextAt, p.LeaseUntil)
			}
		}
	}
}
