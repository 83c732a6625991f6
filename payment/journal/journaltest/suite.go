// Package journaltest is what every store of payments must pass.
package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Run runs the suite. open gives a new, empty store, which ends with the test.
func Run(t *testing.T, open func(t *testing.T) payment.Store) {
	for name, test := range map[string]func(*testing.T, *suite){
		"what is written is read":             roundTrip,
		"nothing is found":                    notFound,
		"a form key is used once":             formKeys,
		"a charge has one row":                charges,
		"a refused payment is not there":      refusedCreate,
		"what is in flight is seen":           inFlight,
		"one of many at once is let in":       oneInFlight,
		"a change is all or nothing":          atomicChange,
		"changes at once are all kept":        concurrentChanges,
		"a second charge's row is made once":  sibling,
		"events stay in order":                events,
		"a claim excludes others":             claims,
		"claims at once give it to one":       concurrentClaims,
		"bookings of a customer take turns":   customerTurns,
		"what is due, in order":               due,
		"due is told to the nanosecond":       duePrecision,
		"payments are found by what they are": find,
		"tokens":                              tokens,
		"tokens that are due":                 dueTokens,
		"a judged token goes with its change": judgedToken,
		"keys stay":                           keys,
		"marks":                               marks,
		"what was done is listed":             acts,
		"figures add up":                      figures,
		"payments are found by their days":    foundByDay,
		"lists go on page by page":            listed,
		"lists are what a filter finds":       foundAsFiltered,
		"what is unfinished is counted":       unfinished,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &suite{T: t, Store: open(t), ctx: context.Background()})
		})
	}
}

type suite struct {
	*testing.T
	payment.Store
	ctx   context.Context
	count int // of what a test makes beside
}

// now has microseconds: a store may be late by less than one, and never early.
var now = time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC)

// sample is a payment with something in every field that matters.
func (s *suite) sample(id payment.ID) *payment.Payment {
	s.Helper()
	amount, err := money.Parse("57.50", "NZD")
	s.must(err)
	return &payment.Payment{
		ID: id, TxnID: id, Kind: payment.KindInvoice, Way: payment.WayHosted, Origin: payment.OriginGuest,
		State: payment.Created, Reason: payment.ReasonStarted, Partner: 1, Customer: 7, DocumentID: 3, DocumentNumber: "2026/0042",
		Amount: amount, Endpoint: "https://sec.example", PxPayUser: "user", PxPostUser: "post", TxnType: "Purchase", Reference: "Invoice ä & <b>",
		FormKey: "form-" + string(id), Payer: "payer", PageURL: "https://page.example/?a=b", PageEnds: now.Add(time.Hour),
		Booking:   payment.Booking{StatementID: 1, RecordID: 2, RecordStatus: "new", QuietUntil: now.Add(time.Minute), Post: payment.PostUnclear},
		CreatedAt: now, MovedAt: now.Add(789 * time.Nanosecond), NextAt: now.Add(time.Minute), Fence: 1,
	}
}

func (s *suite) event(p *payment.Payment, to payment.State) payment.Event {
	return payment.Event{Payment: p.ID, At: now, To: to, Why: payment.ReasonStarted, Note: "note", Who: "who", Node: "node"}
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// fails wants an error.
func (s *suite) fails(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("got %v, want %v", err, want)
	}
}

func letIn([]*payment.Payment) error { return nil }

func (s *suite) create(p *payment.Payment) {
	s.Helper()
	s.must(s.tryCreate(p))
}

func (s *suite) tryCreate(p *payment.Payment) error {
	return s.Create(s.ctx, p, s.event(p, p.State), letIn)
}

func (s *suite) get(id payment.ID) *payment.Payment {
	s.Helper()
	p, err := s.Get(s.ctx, id)
	s.must(err)
	return p
}

func (s *suite) same(got, want *payment.Payment) {
	s.Helper()
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() })); d != "" {
		s.Errorf("differs:\n%s", d)
	}
}

// id numbers payments.
func id(n int) payment.ID { return payment.ID(fmt.Sprintf("A%015d", n)) }

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

func find(_ *testing.T, s *suite) {
	for n := range 6 {
		p := s.sample(id(n))
		p.CreatedAt, p.MovedAt = now.Add(time.Duration(n)*time.Minute), now.Add(time.Duration(-n)*time.Minute)
		s.create(p)
	}
	special := s.sample(id(6))
	special.CreatedAt = now.Add(-time.Hour)
	special.State, special.Partner, special.Customer, special.Kind, special.DocumentID, special.Payer = payment.Parked, 2, 8, payment.KindTopUp, 9, "another"
	s.create(special)
	for name, f := range map[string]payment.Filter{
		"state": {States: []payment.State{payment.Parked, payment.Unknown}}, "partner": {Partner: 2}, "customer": {Customer: 8},
		"kind": {Kind: payment.KindTopUp}, "document": {Document: 9}, "payer": {Payer: "another"},
		"all": {States: []payment.State{payment.Parked}, Partner: 2, Customer: 8, Kind: payment.KindTopUp, Document: 9, Payer: "another", Before: now.Add(time.Second)},
	} {
		if all, err := s.Find(s.ctx, f); err != nil || len(all) != 1 || all[0].ID != special.ID {
			s.Errorf("by %s: %v, %v", name, all, err)
		}
	}
	order := func(f payment.Filter) (list []payment.ID) {
		all, err := s.Find(s.ctx, f)
		s.must(err)
		for _, p := range all {
			list = append(list, p.ID)
		}
		return list
	}
	if got, want := order(payment.Filter{}), []payment.ID{id(5), id(4), id(3), id(2), id(1), id(0), id(6)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got, want := order(payment.Filter{Limit: 2}), []payment.ID{id(5), id(4)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got, want := order(payment.Filter{Before: now.Add(-3 * time.Minute)}), []payment.ID{id(5), id(4)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got, want := order(payment.Filter{Since: now.Add(-3 * time.Minute), Before: now}), []payment.ID{id(3), id(2), id(1)}; !slices.Equal(got, want) {
		s.Errorf("found %v, want %v", got, want)
	}
	if got := order(payment.Filter{Customer: 7, Payer: "nobody"}); len(got) != 0 {
		s.Errorf("found %v", got)
	}
}

func (s *suite) token(hash string) payment.Token {
	return payment.Token{Payment: id(1), Hash: hash, Value: secret.New("value-" + hash), UserID: "user", Judged: payment.TokenPending, Arrived: now, NextAt: now.Add(time.Second)}
}

func (s *suite) add(t payment.Token, unjudged int) payment.Token {
	s.Helper()
	kept, err := s.AddToken(s.ctx, t, 10)
	s.must(err)
	if n, err := s.PendingTokens(s.ctx, t.Payment); err != nil || n != unjudged {
		s.Errorf("%d tokens are pending, %v, want %d", n, err, unjudged)
	}
	return kept
}

// Tokens need no payment: a journal can be lost.
func tokens(_ *testing.T, s *suite) {
	first := s.token("a")
	if kept := s.add(first, 1); kept.Hash != "a" || kept.Value.Reveal() != "value-a" || kept.Judged != payment.TokenPending || kept.UserID != "user" {
		s.Errorf("kept %+v", kept)
	}
	s.add(s.token("a"), 1)
	s.add(s.token("b"), 2)
	other := s.token("a")
	other.Payment = id(2)
	s.add(other, 1)

	// Judged: approved stays as it is, foreign is forgotten; everything else is asked about again.
	for _, judged := range []payment.Judged{payment.TokenApproved, payment.TokenDeclined, payment.TokenForeign, payment.TokenGivenUp} {
		done := first
		done.Judged, done.Value, done.NextAt, done.Asked = judged, secret.Secret{}, time.Time{}, 3
		s.must(s.SetToken(s.ctx, done))
		if n, err := s.PendingTokens(s.ctx, id(1)); n != 1 || err != nil {
			s.Errorf("%s: %d pending, %v", judged, n, err)
		}
		again := s.token("a")
		again.Arrived = now.Add(time.Hour)
		if judged == payment.TokenApproved {
			if kept := s.add(again, 1); kept.Judged != judged || !kept.Value.Empty() {
				s.Errorf("%s: kept %+v", judged, kept)
			}
			continue
		}
		asked := 3
		if judged == payment.TokenForeign {
			asked = 0
		}
		if kept := s.add(again, 2); kept.Judged != payment.TokenPending || kept.Value.Reveal() != "value-a" || kept.Asked != asked || !kept.Arrived.Equal(again.Arrived) {
			s.Errorf("%s: kept %+v", judged, kept)
		}
	}
}

func dueTokens(_ *testing.T, s *suite) {
	for n, at := range []time.Time{now.Add(-time.Second), now, now.Add(time.Minute), {}} {
		t := s.token(fmt.Sprint(n))
		t.NextAt = at
		s.add(t, n+1)
	}
	done := s.token("0")
	done.Judged = payment.TokenDeclined
	s.must(s.SetToken(s.ctx, done))
	list, next, err := s.DueTokens(s.ctx, now.Add(time.Microsecond), 10)
	s.must(err)
	if len(list) != 1 || list[0].Hash != "1" || list[0].Value.Reveal() != "value-1" || next.Before(now.Add(time.Minute)) || next.After(now.Add(time.Minute+time.Millisecond)) {
		s.Errorf("due are %v, next %s", list, next)
	}
	if list, next, err = s.DueTokens(s.ctx, now.Add(time.Hour), 1); err != nil || len(list) != 1 || !next.IsZero() {
		s.Errorf("due are %v, next %s, %v", list, next, err)
	}
}

func judgedToken(_ *testing.T, s *suite) {
	p := s.sample(id(1))
	s.create(p)
	t := s.add(s.token("a"), 1)
	t.Judged, t.Value = payment.TokenApproved, secret.Secret{}
	_, err := s.Change(s.ctx, p.ID, func(*payment.Payment) (payment.Writes, error) {
		return payment.Writes{Tokens: []payment.Token{t}}, errors.New("no")
	})
	if err == nil {
		s.Error("changed")
	}
	s.add(s.token("a"), 1)
	_, err = s.Change(s.ctx, p.ID, func(*payment.Payment) (payment.Writes, error) { return payment.Writes{Tokens: []payment.Token{t}}, nil })
	s.must(err)
	if kept := s.add(s.token("a"), 0); kept.Judged != payment.TokenApproved {
		s.Errorf("kept %+v", kept)
	}
}

func keys(_ *testing.T, s *suite) {
	var all sync.WaitGroup
	var mu sync.Mutex
	var seen [][]byte
	for range 10 {
		all.Go(func() {
			k, err := s.Key(s.ctx, "one")
			mu.Lock()
			defer mu.Unlock()
			if err != nil || len(k) != 32 {
				s.Errorf("key of %d bytes, %v", len(k), err)
			}
			seen = append(seen, k)
		})
	}
	all.Wait()
	for _, k := range seen {
		if !bytes.Equal(k, seen[0]) {
			s.Error("a key has changed")
		}
	}
	other, err := s.Key(s.ctx, "two")
	s.must(err)
	if bytes.Equal(other, seen[0]) || bytes.Equal(other, make([]byte, 32)) {
		s.Error("two names have one key")
	}
}
