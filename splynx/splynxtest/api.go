package splynxtest

import (
	"net/http"
	"time"
)

// api serves one call: read it, let hooks and faults have their say, do it, record it, answer.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	c, err := newCall(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away while sending
	}
	c.fault = s.faultOf(c.op, r.RemoteAddr == pipeAddr{}.String())
	if !s.reach(c.op, BeforeProcessing) {
		s.cut(c, answer{})
	}
	f := c.fault
	switch {
	case f == nil:
	case f.Kind == Refuse, f.Kind == Cut && !f.Commit:
		s.cut(c, answer{})
	case f.Kind == Late:
		s.commitLater(c)
	case f.Kind == Slow && !s.wait(f.Delay, nil):
		s.cut(c, answer{})
	}
	var a answer
	if f == nil || f.does() {
		a = s.process(c)
	}
	if a.committed && !s.reach(c.op, AfterCommit) || f != nil && f.Kind == Cut {
		s.cut(c, a)
	}
	if f != nil {
		s.spoil(w, c, a)
		return
	}
	s.note(c, a, a.status)
	a.write(w)
}

// does reports whether the call is processed although it goes wrong.
func (f *Fault) does() bool {
	return f.Commit || f.Kind == Slow || f.Kind == Truncated || kinds[f.Kind]
}

// cut records the call as unanswered and cuts the connection. It does not return.
func (s *Server) cut(c *call, a answer) {
	s.note(c, a, 0)
	panic(http.ErrAbortHandler)
}

// wait lets time pass. It ends early when give is done, and reports false when the server was closed.
func (s *Server) wait(d time.Duration, give <-chan struct{}) bool {
	var over <-chan time.Time
	if d > 0 || give == nil {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-over:
	case <-give:
	case <-s.done:
		return false
	}
	return true
}

// commitLater holds the call, drops the caller and does the call afterwards. It does not return.
func (s *Server) commitLater(c *call) {
	s.mu.Lock()
	s.admit(c)
	s.mu.Unlock()
	open := s.wait(c.fault.Hold, c.request.Context().Done())
	if open {
		s.schedule(c)
	}
	s.cut(c, answer{})
}

func (s *Server) schedule(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.running.Add(1)
	var t *time.Timer
	t = time.AfterFunc(c.fault.Delay, func() {
		defer s.running.Done()
		s.mu.Lock()
		delete(s.late, t)
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		a := s.process(c)
		s.noteLate(c, a)
		if a.committed {
			s.reach(c.op, AfterCommit)
		}
	})
	s.late[t] = struct{}{}
}

// write sends the answer as it should be.
func (a answer) write(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if len(a.body) > 0 {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}
