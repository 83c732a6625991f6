package caddymodule

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// room tells why no new payment of a partner may start: it could not be booked, or the
// journal's disk is nearly full. What is open goes on.
func (a *App) room(partner int64) error {
	if method := a.generation.Partner(partner).PaymentMethod; a.noMethods.has(method) {
		return fmt.Errorf("payment_method %d is not in splynx: what is paid could not be booked", method)
	}
	if err := a.host.inPlace(); err != nil {
		return err
	}
	free, known := a.space.free()
	if !known || free >= uint64(a.JournalReserve) {
		return nil // where it cannot be told, a failed write tells
	}
	return fmt.Errorf("the journal's disk has %d MiB free, below journal_reserve; make room on %s", free>>20, a.space.dir)
}

// space is how much is free on the disk of a folder. The disk is asked once a second at most,
// and by one request at a time: when it hangs, the others go by what was last known.
type space struct {
	dir   string
	ask   func(dir string) (uint64, error)
	now   func() time.Time
	asked sync.Mutex
	last  atomic.Pointer[spaceSeen]
}

type spaceSeen struct {
	bytes uint64
	err   error
	at    time.Time
}

func newSpace(dir string) *space { return &space{dir: dir, ask: freeBytes, now: time.Now} }

// free is the number of free bytes; false where it cannot be told.
func (s *space) free() (uint64, bool) {
	seen := s.last.Load()
	if (seen == nil || s.now().Sub(seen.at) >= time.Second) && s.asked.TryLock() {
		bytes, err := s.ask(s.dir)
		seen = &spaceSeen{bytes, err, s.now()}
		s.last.Store(seen)
		s.asked.Unlock()
	}
	if seen == nil || seen.err != nil {
		return 0, false
	}
	return seen.bytes, true
}
