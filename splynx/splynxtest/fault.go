package splynxtest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The kinds. Those marked with (c) do what was asked first when Fault.Commit is set, and do not do it otherwise. Mind
// that net/http repeats a GET by itself, once, when a connection that it had kept is cut off.
const (
	Refuse     Kind = "refuse"      // over Transport the connection is refused; over a socket it is cut off unprocessed
	Cut        Kind = "cut"         // the connection is cut off without an answer (c)
	Late       Kind = "late"        // the call is held, the caller dropped, and Delay later it is done nevertheless
	Status     Kind = "status"      // Fault.Status with an error body (c)
	Garbage    Kind = "garbage"     // a fitting status with a body that is not JSON, or Fault.Body (c)
	NoID       Kind = "no_id"       // a fitting status and JSON without an id (c)
	Empty      Kind = "empty"       // a fitting status and no body (c)
	LoginPage  Kind = "login_page"  // 200 and an HTML page to sign in (c)
	ToLogin    Kind = "to_login"    // 302 to the page to sign in (c)
	Slow       Kind = "slow"        // the right answer, Delay late; it is done even when the caller has gone by then
	Huge       Kind = "huge"        // a body of Size bytes, 100 MB by default (c)
	HugeHeader Kind = "huge_header" // a header of Size bytes, 1 MB by default (c)
	Deep       Kind = "deep"        // JSON nested Size deep, 1,000,000 by default (c)
	Truncated  Kind = "truncated"   // the right answer, cut off half way (c: always)

	IgnoreFilter Kind = "ignore_filter" // a search returns all rows
	EmptySearch  Kind = "empty_search"  // a search returns nothing, as to a key without rights to the rows
	MissNewest   Kind = "miss_newest"   // a search lacks the newest row
)

// kinds are all of them; searching ones apply to lists only, whatever operation is named.
var kinds = map[Kind]bool{
	Refuse: false, Cut: false, Late: false, Status: false, Garbage: false, NoID: false, Empty: false, LoginPage: false,
	ToLogin: false, Slow: false, Huge: false, HugeHeader: false, Deep: false, Truncated: false,
	IgnoreFilter: true, EmptySearch: true, MissNewest: true,
}

// Fault is something to go wrong with calls of the API.
type Fault struct {
	// Op says which calls: "POST payments", "LIST payments" (a search), "VIEW invoices" (one record), "GET *", "*".
	// Reading a customer's payment accounts is a LIST too, like reading their definitions: the id is in the query.
	Op string `json:"op"`
	// Kind is what goes wrong.
	Kind Kind `json:"kind"`
	// Commit: the call is done before it goes wrong.
	Commit bool `json:"commit,omitempty"`
	// Status is the HTTP status of a Status fault, e.g. 500, 503, 429, 401. Default: 500.
	Status int `json:"status,omitempty"`
	// Times is how many calls meet it. Default: 1. Below zero: all, until ClearFaults.
	Times int `json:"times,omitempty"`
	// Skip lets that many matching calls pass first.
	Skip int `json:"skip,omitempty"`
	// Rate makes each matching call meet it with a chance of so many percent, by the seed. Default: always.
	Rate int `json:"rate,omitempty"`
	// Delay is how late Slow answers, and how long after dropping the caller Late commits. In JSON: nanoseconds.
	Delay time.Duration `json:"delay,omitempty"`
	// Hold is how long Late holds the call before dropping the caller. Default: until the caller gives up.
	Hold time.Duration `json:"hold,omitempty"`
	// Size is the size of Huge, HugeHeader and Deep.
	Size int `json:"size,omitempty"`
	// Body is what Garbage sends. Default: the start of an HTML page.
	Body string `json:"body,omitempty"`
}

// Inject makes calls go wrong. Of several faults that fit a call, the one injected first is met. It panics when the
// fault makes no sense.
func (s *Server) Inject(f Fault) {
	if err := s.inject(f); err != nil {
		panic("splynxtest: " + err.Error())
	}
}

func (s *Server) inject(f Fault) error {
	if _, ok := kinds[f.Kind]; !ok {
		return fmt.Errorf("unknown kind of fault %q", f.Kind)
	}
	if f.Op != "*" && len(strings.Fields(f.Op)) != 2 {
		return fmt.Errorf("operation %q is not like \"POST payments\" or \"*\"", f.Op)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	if f.Status < 200 || f.Status > 599 {
		return fmt.Errorf("status %d cannot be sent", f.Status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// ClearFaults ends all faults that calls have not met yet. It does not stop commits that are already to come late.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// take finds the fault that a call meets, nil for none.
func (s *Server) take(o operation, fits func(Kind) bool) *Fault {
	for i, f := range s.faults {
		if !o.matches(f.Op) || !fits(f.Kind) || (kinds[f.Kind] && !o.list()) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Rate > 0 && s.random.IntN(100) >= f.Rate {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
		}
		met := *f
		return &met
	}
	return nil
}

// weather are the faults that Options.Rate chooses from.
var weather = []Fault{
	{Kind: Status, Status: 503},
	{Kind: Status, Status: 429},
	{Kind: Status, Status: 500},
	{Kind: Status, Status: 500, Commit: true},
	{Kind: Cut},
	{Kind: Cut, Commit: true},
	{Kind: Empty, Commit: true},
	{Kind: Garbage, Commit: true},
	{Kind: Truncated},
	{Kind: MissNewest},
}

// faultOf is the fault that a call meets, chosen by a test or by chance. Over memory, refusing was decided before.
func (s *Server) faultOf(o operation, overMemory bool) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.take(o, func(k Kind) bool { return k != Refuse || !overMemory }); f != nil {
		return f
	}
	if s.opts.Rate > 0 && s.random.IntN(100) < s.opts.Rate {
		f := weather[s.random.IntN(len(weather))]
		return &f
	}
	return nil
}

// refuses reports whether the connection for a request is refused.
func (s *Server) refuses(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/_control/") {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := operationOf(r.Method, r.URL.Path)
	refused := s.closed || s.outage || s.take(o, func(k Kind) bool { return k == Refuse }) != nil
	if refused {
		s.log = append(s.log, Entry{Time: s.Now(), Method: o.method, Resource: o.resource, Fault: Refuse})
	}
	return refused
}
