package payment

import (
	"math/rand/v2"
	"time"
)

// The pauses of the engine (with jitter, so that what failed together does not come back
// together). Each list is what is waited before the next try; the last one repeats.
var (
	// A token or a charge whose outcome is not known, for a day; then hourly.
	unknownPauses = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}
	bookingPauses = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	// A hosted page is asked about so long after it was made; its end is put in between.
	pageLooks = []time.Duration{2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, 24 * time.Hour, 73 * time.Hour}
	// A payment for which a POST was journaled is searched for again so long after it.
	laterLooks = []time.Duration{15 * time.Minute, 24 * time.Hour}
)

const (
	// longestRequest is the longest time that a request to the gateway may take; a claim
	// outlives the steps it covers.
	claimLease       = 2 * time.Minute
	credentialsPause = time.Hour
	tokenLife        = 7 * 24 * time.Hour // a token that cannot be judged for so long is given up
	missedLimit      = 6                  // searches after a 201 before a person is asked
)

// pause is the wait before try number n (from 0), a tenth more or less.
func pause(pauses []time.Duration, n int) time.Duration {
	d := pauses[min(n, len(pauses)-1)]
	return d - d/10 + rand.N(d/5)
}

// unknownPause is pause for outcomes that are not known: every 15 min for a day, then hourly.
func unknownPause(n int, since time.Duration) time.Duration {
	if since > 24*time.Hour {
		return time.Hour
	}
	return pause(unknownPauses, n)
}

// nextPageLook is when a hosted page is asked about next, after now; zero: never again.
func nextPageLook(p *Payment, now time.Time) time.Time {
	next := time.Time{}
	for _, d := range pageLooks {
		if at := p.CreatedAt.Add(d); at.After(now) {
			next = at
			break
		}
	}
	if end := p.PageEnds; end.After(now) && (next.IsZero() || end.Before(next)) {
		next = end
	}
	return next
}

// nextLaterLook is when Splynx is searched for p again; zero: never.
func nextLaterLook(p *Payment) time.Time {
	b := p.Booking
	if b.PostedAt.IsZero() || b.Looks >= len(laterLooks) {
		return time.Time{}
	}
	return b.PostedAt.Add(laterLooks[b.Looks])
}

// earlier returns the earlier of two times, zero standing for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
