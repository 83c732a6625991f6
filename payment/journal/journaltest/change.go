package journaltest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func atomicChange(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	s.create(p)
	refusal := errors.New("no")
	_, err := s.Change(s.ctx, p.ID, func(q *payment.Payment) (payment.Writes, error) {
		q.State, q.DpsTxnRef = payment.Approved, "D1"
		return payment.Writes{Events: []payment.Event{s.event(q, q.State)}}, refusal
	})
	s.fails(err, refusal)
	s.same(s.get(p.ID), p)
	other := s.sample(id(2))
	s.create(other)
	_, err = s.Change(s.ctx, p.ID, func(q *payment.Payment) (payment.Writes, error) { // breaks on its form key
		q.State, q.FormKey = payment.Approved, other.FormKey
		return payment.Writes{Events: []payment.Event{s.event(q, q.State)}, Tokens: []payment.Token{{Payment: q.ID, Hash: "h", Judged: payment.TokenPending}}}, nil
	})
	s.fails(err, payment.ErrFormKeyUsed)
	s.same(s.get(p.ID), p)
	if events, _ := s.Events(s.ctx, p.ID); len(events) != 1 {
		s.Errorf("events %v", events)
	}
	if n, err := s.PendingTokens(s.ctx, p.ID); n != 0 || err != nil {
		s.Errorf("%d tokens, %v", n, err)
	}
	q, err := s.Change(s.ctx, p.ID, func(q *payment.Payment) (payment.Writes, error) {
		q.State = payment.Approved
		return payment.Writes{Events: []payment.Event{s.event(q, q.State), s.event(q, payment.Parked)}}, nil
	})
	s.must(err)
	s.same(s.get(p.ID), q)
	if events, _ := s.Events(s.ctx, p.ID); len(events) != 3 || q.State != payment.Approved {
		s.Errorf("payment is %s, events %v", q.State, events)
	}
}

func concurrentChanges(_ *testing.T, s *suite) {
	const each = 25
	p := s.sample(id(1))
	p.Step = 0
	s.create(p)
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			for range each {
				_, err := s.Change(s.ctx, p.ID, func(q *payment.Payment) (payment.Writes, error) {
					q.Step++
					if n%2 == 0 && q.Step%3 == 0 {
						return payment.Writes{}, errors.New("not now")
					}
					return payment.Writes{Events: []payment.Event{s.event(q, q.State)}}, nil
				})
				if err != nil && err.Error() != "not now" {
					s.Error(err)
				}
			}
		})
	}
	all.Wait()
	events, err := s.Events(s.ctx, p.ID)
	s.must(err)
	if n := s.get(p.ID).Step; n != len(events)-1 || n < 5*each {
		s.Errorf("%d steps, %d events", n, len(events))
	}
}

func sibling(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	p.DpsTxnRef = "D1"
	s.create(p)
	for n := range 3 {
		q := s.sample(id(10 + n))
		q.TxnID, q.DpsTxnRef, q.FormKey, q.State = p.TxnID, "D2", "", payment.Approved
		changed, err := s.Change(s.ctx, p.ID, func(p *payment.Payment) (payment.Writes, error) {
			p.Step = n + 1
			return payment.Writes{New: q, NewEvent: s.event(q, q.State)}, nil
		})
		s.must(err)
		if changed.Step != n+1 || s.get(p.ID).Step != n+1 {
			s.Error("the change itself was lost")
		}
	}
	all, err := s.Find(s.ctx, payment.Filter{})
	s.must(err)
	if len(all) != 2 {
		s.Errorf("%d rows for two charges", len(all))
	}
	if events, _ := s.Events(s.ctx, id(10)); len(events) != 1 {
		s.Errorf("events %v", events)
	}
	if events, _ := s.Events(s.ctx, id(11)); len(events) != 0 {
		s.Errorf("events of a row that is not there: %v", events)
	}
}

func events(_ *testing.T, s *suite) {
	p, q := s.sample(id(1)), s.sample(id(2))
	s.create(p)
	s.create(q)
	var want []payment.Event
	first, err := s.Events(s.ctx, p.ID)
	s.must(err)
	want = append(want, first...)
	for n := range 10 {
		e := s.event(p, payment.Offered)
		e.Note, e.At = fmt.Sprint(n), now.Add(-time.Duration(n)*time.Hour) // the order is that of writing, not of clocks
		want = append(want, e)
		for _, each := range []payment.ID{p.ID, q.ID} {
			e := e
			e.Payment = each
			_, err := s.Change(s.ctx, each, func(*payment.Payment) (payment.Writes, error) { return payment.Writes{Events: []payment.Event{e}}, nil })
			s.must(err)
		}
	}
	got, err := s.Events(s.ctx, p.ID)
	s.must(err)
	if d := cmp.Diff(want, got); d != "" {
		s.Error(d)
	}
}
