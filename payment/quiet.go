package payment

import (
	"sync"
	"time"
)

// quietTimes measures how long nothing may be posted again after a POST that may have reached
// Splynx. It goes by this process's monotonic clock, for the wall clock may jump; only what
// was left when the process started is read from the journal.
type quietTimes struct {
	mu   sync.Mutex
	ends map[ID]time.Time // with their monotonic reading
}

// begin starts a payment's quiet time.
func (q *quietTimes) begin(id ID, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ends == nil {
		q.ends = make(map[ID]time.Time)
	}
	q.ends[id] = time.Now().Add(d)
}

// left is what is left of it, at most the longest.
func (q *quietTimes) left(p *Payment, now time.Time, longest time.Duration) time.Duration {
	q.mu.Lock()
	end, ok := q.ends[p.ID]
	q.mu.Unlock()
	if !ok {
		return min(max(p.Booking.QuietUntil.Sub(now), 0), longest)
	}
	return max(time.Until(end), 0)
}

// end forgets a payment that is booked.
func (q *quietTimes) end(id ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.ends, id)
}
