package journaltest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

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
