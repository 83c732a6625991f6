package splynxtest

import (
	"slices"
	"sync"
)

// Moment is a point in the handling of a call.
type Moment uint8

const (
	// BeforeProcessing is when the call has been read and nothing has been looked at.
	BeforeProcessing Moment = iota
	// AfterCommit is when the call was done and has not been answered. Calls that change nothing do not come here.
	AfterCommit
)

type hook struct {
	op   string
	at   Moment
	call func()
}

// OnRequest runs f before each call that matches op is processed (see Fault.Op). f may use the server. The returned
// function ends it.
func (s *Server) OnRequest(op string, f func()) (remove func()) {
	return s.addHook(&hook{op, BeforeProcessing, f})
}

// AfterCommit runs f after each matching call that changed something, before it is answered.
func (s *Server) AfterCommit(op string, f func()) (remove func()) {
	return s.addHook(&hook{op, AfterCommit, f})
}

func (s *Server) addHook(h *hook) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, h)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hooks = slices.DeleteFunc(slices.Clone(s.hooks), func(x *hook) bool { return x == h })
	}
}

// Barrier holds one call until it is released.
type Barrier struct {
	op      string
	at      Moment
	arrived chan struct{}
	open    chan struct{}
	once    sync.Once
}

// Hold stops the next call that matches op at the moment, until the barrier is released or the server closed. The call
// goes on even when its caller has given up.
func (s *Server) Hold(op string, at Moment) *Barrier {
	b := &Barrier{op: op, at: at, arrived: make(chan struct{}), open: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds = append(s.holds, b)
	return b
}

// Arrived is closed when the call stands at the barrier.
func (b *Barrier) Arrived() <-chan struct{} { return b.arrived }

// Release lets the call go on. It may be called at any time, also more than once.
func (b *Barrier) Release() { b.once.Do(func() { close(b.open) }) }

// reach runs the hooks of a moment and waits at its barrier. It reports whether the server is still open.
func (s *Server) reach(o operation, at Moment) bool {
	s.mu.Lock()
	hooks := s.hooks
	var held *Barrier
	if i := slices.IndexFunc(s.holds, func(b *Barrier) bool { return b.at == at && o.matches(b.op) }); i >= 0 {
		held = s.holds[i]
		s.holds = slices.Delete(s.holds, i, i+1)
	}
	s.mu.Unlock()
	for _, h := range hooks {
		if h.at == at && o.matches(h.op) {
			h.call()
		}
	}
	if held == nil {
		return true
	}
	close(held.arrived)
	select {
	case <-held.open:
		return true
	case <-s.done:
		return false
	}
}
