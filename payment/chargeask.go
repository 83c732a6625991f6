package payment

import (
	"strings"
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

const (
	// longestRequest is the longest time a request to the gateway may take (facts/windcave.md
	// 2.1 names 180 s): before that, not found says nothing.
	longestRequest = 3 * time.Minute
	// notFoundLife is how long after the start not found still means that nothing was done; how
	// long Status remembers is not known.
	notFoundLife = 24 * time.Hour
	// undecidedLife is how long the gateway is asked, and answers without deciding, before a
	// person is.
	undecidedLife = 24 * time.Hour
	// voidLife is when an Auth that may not have been voided has lapsed: seven days, and one.
	voidLife = 8 * 24 * time.Hour
)

// notDoneLooks are after how long a payment that was never done is asked about again.
var notDoneLooks = []time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour}

// recordLooks are after how long the statement record of a charge that ended without money is
// read again, as that of a page is.
var recordLooks = []time.Duration{24 * time.Hour, 73 * time.Hour}

// sentTimes measures how long ago something was sent to the gateway, by this process's
// monotonic clock. What another process has sent, or this one before a restart, counts from
// when it was taken up.
type sentTimes struct {
	mu   sync.Mutex
	ends map[ID]time.Time
}

// begin notes that a request is over: what may still be on its way is there, or lost, after
// longestRequest.
func (s *sentTimes) begin(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends == nil {
		s.ends = make(map[ID]time.Time)
	}
	s.ends[id] = time.Now().Add(longestRequest)
}

// over tells whether longestRequest has passed.
func (s *sentTimes) over(id ID) bool {
	s.mu.Lock()
	end, ok := s.ends[id]
	s.mu.Unlock()
	if !ok {
		s.begin(id)
		return false
	}
	return !time.Now().Before(end)
}

func (s *sentTimes) forget(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends, id)
}

// mayHaveBeenSent tells whether Status may know the payment. A Void has no TxnId to be asked
// by.
func (p *Payment) mayHaveBeenSent() bool {
	if p.TxnType == string(windcave.Void) || p.surelyUnsent() {
		return false
	}
	return p.State == Submitted || p.State == Unknown || p.State == NotDone || p.State == Parked
}

// surelyUnsent tells that the payment ended before anything of it reached the gateway, or that
// the gateway has refused to look at it.
func (p *Payment) surelyUnsent() bool {
	if p.State != NotDone {
		return false
	}
	switch p.Reason {
	case ReasonNotSent, ReasonWaitedTooLong, ReasonGatewayRefused, ReasonAmountChanged, ReasonCardChanged, ReasonCustomerChanged, ReasonSplynxUnreadable:
		return true
	}
	return false
}

// stillOpen decides what becomes of something sent to PxPost whose outcome the gateway has
// just been asked for, where that has not said approved or declined.
func (e *Engine) stillOpen(q *Payment, v windcave.Verdict, askErr, recordErr error, w Writes) (Writes, error) {
	now := e.now()
	if askErr == nil && !v.Foreign && !v.NotFound && v.Outcome != windcave.Failed {
		q.Heard = true
	}
	if q.State == Submitted || q.State == Unknown {
		to, why := e.unknownEnds(q, v, askErr, now)
		if to == "" && q.State == Submitted {
			to, why = Unknown, ReasonInterrupted
		}
		if to != "" {
			note := v.Code
			if why == ReasonUndecided {
				note = saidInstead(v)
			}
			ev, err := q.move(to, why, note, "engine", now)
			if err != nil {
				return w, err
			}
			w.Events = append(w.Events, ev)
		}
	}
	e.rest(q, now)
	switch {
	case q.State == Unknown:
		q.NextAt = now.Add(unknownPause(q.Step, now.Sub(q.CreatedAt)))
		if q.TxnType == string(windcave.Void) {
			q.NextAt = q.CreatedAt.Add(voidLife)
		}
		q.Step++
	case len(w.Events) > 0 && q.State != Parked:
		q.NextAt = now // the record's new status is written at once
	case q.mayHaveBeenSent() && q.State == NotDone && now.Sub(q.CreatedAt) < tokenLife && (askErr != nil || v.Outcome == windcave.Failed):
		// The question was not answered: it still stands.
		q.NextAt = earlier(q.NextAt, now.Add(credentialsPause))
	case recordErr != nil && now.Sub(q.CreatedAt) < notFoundLife:
		q.NextAt = earlier(q.NextAt, now.Add(pause(bookingPauses, len(bookingPauses))))
	}
	return w, nil
}

// unknownEnds tells where an unknown outcome goes; empty if it stays unknown. Not found means
// not done only between the longest request and a day after it was sent, and only of a TxnId
// that the gateway never knew: any later one has a person look. So has an answer that says
// nothing of it, though for a day it was asked for; while the gateway is only away it is waited for.
func (e *Engine) unknownEnds(q *Payment, v windcave.Verdict, askErr error, now time.Time) (State, Reason) {
	switch {
	case q.TxnType == string(windcave.Void):
		if !now.Before(q.CreatedAt.Add(voidLife)) {
			return NotDone, ReasonLapsed
		}
	case askErr != nil:
	case v.NotFound && (q.Heard || now.Sub(q.CreatedAt) > notFoundLife):
		return Parked, ReasonNotFound
	case v.NotFound:
		if e.sent.over(q.ID) {
			return NotDone, ReasonNeverArrived
		}
	case q.undecidedLong(now):
		return Parked, ReasonUndecided
	}
	return "", ""
}

// undecidedLong tells that an unknown outcome was asked for long enough. One that a person has
// sent back to be asked about again is not waited for a second time.
func (p *Payment) undecidedLong(now time.Time) bool {
	return p.State == Unknown && now.Sub(p.CreatedAt) > undecidedLife &&
		(p.Reason == ReasonSettledAgain || now.Sub(p.MovedAt) > undecidedLife)
}

// saidInstead is what the gateway has said in place of what became of a payment.
func saidInstead(v windcave.Verdict) string {
	switch {
	case v.Foreign:
		return "the answer names another TxnId, or none"
	case len(v.Mismatch) > 0:
		return "the answer differs in " + strings.Join(v.Mismatch, ", ")
	case v.Code == "":
		return v.Key
	}
	return v.Code + " (" + v.Key + ")"
}

// nextEndedLook is when something that ended without money is looked at again; zero: never. What
// was never done may have been after all, and staff may pair the statement record with money
// that is not there.
func nextEndedLook(p *Payment, now time.Time) (next time.Time) {
	var looks []time.Duration
	if p.State == NotDone && !p.surelyUnsent() && p.TxnType != string(windcave.Void) {
		looks = notDoneLooks
	}
	if p.Way == WaySavedCard {
		looks = append(looks[:len(looks):len(looks)], recordLooks...)
	}
	for _, d := range looks {
		if at := p.MovedAt.Add(d); at.After(now) {
			next = earlier(next, at)
		}
	}
	return next
}
