package windcavetest

import (
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// serveControl orders faults and reads the histories, in JSON:
//
//	GET    /_control/log, charges, refunds, notifications, state, faults
//	POST   /_control/faults         a Fault with delay as "1.5s"; answers its id
//	POST   /_control/release        {"id": 1}
//	DELETE /_control/faults         ends all orders
//	POST   /_control/clock          {"advance": "72h"}
//	POST   /_control/notifications  {"hold": true} or {"send": 0}
//	POST   /_control/override       {"txn_id": "..", "approve": true}
//	POST   /_control/reset          {}
//
// It answers loopback only, and nothing that a page in a browser could have sent.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	if !local(r.RemoteAddr) || !local(r.Host) {
		http.Error(w, "loopback only", http.StatusForbidden)
		return
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodGet && kind != "application/json" {
		http.Error(w, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
		return
	}
	out, err := s.control(r)
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// local is true for a loopback address and for what is no IP address, as the ends
// of a net.Pipe.
func local(address string) bool {
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil {
		return ip.IsLoopback()
	}
	return host == "pipe" || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// order is what control requests say.
type order struct {
	ID      int    `json:"id"`
	Advance string `json:"advance"`
	Hold    *bool  `json:"hold"`
	Send    *int   `json:"send"`
	TxnID   string `json:"txn_id"`
	Approve bool   `json:"approve"`
}

type faultOrder struct {
	ID    int    `json:"id"`
	Delay string `json:"delay,omitempty"`
	Hits  int    `json:"hits"`
	Fault
}

func (s *Server) control(r *http.Request) (any, error) {
	path := strings.TrimPrefix(r.URL.Path, controlPath)
	switch {
	case r.Method == http.MethodGet:
		return s.controlRead(path)
	case r.Method == http.MethodDelete && path == "faults":
		for _, o := range s.allOrders() {
			o.Cancel()
		}
		return struct{}{}, nil
	case r.Method == http.MethodPost && path == "faults":
		return s.orderFault(r)
	case r.Method == http.MethodPost:
		return s.controlOrder(r, path)
	}
	return nil, fmt.Errorf("no such order: %s %s", r.Method, path)
}

func (s *Server) controlRead(path string) (any, error) {
	switch path {
	case "log":
		return s.Log(), nil
	case "charges":
		return s.Charges(), nil
	case "refunds":
		return s.Refunds(), nil
	case "notifications":
		return s.Notifications(), nil
	case "faults":
		return s.faultOrders(), nil
	case "state":
		return s.overview(), nil
	}
	return nil, fmt.Errorf("nothing to read: %s", path)
}

func (s *Server) controlOrder(r *http.Request, path string) (any, error) {
	var o order
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	switch path {
	case "release":
		return struct{}{}, s.releaseOrder(o.ID)
	case "clock":
		d, err := time.ParseDuration(o.Advance)
		if err != nil {
			return nil, fmt.Errorf("read advance: %w", err)
		}
		s.Advance(d)
	case "notifications":
		return s.controlNotices(o)
	case "override":
		return struct{}{}, s.Override(o.TxnID, o.Approve)
	case "reset":
		s.Reset()
	default:
		return nil, fmt.Errorf("no such order: %s", path)
	}
	return struct{}{}, nil
}

func (s *Server) orderFault(r *http.Request) (any, error) {
	var f faultOrder
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("read fault: %w", err)
	}
	if f.Delay != "" {
		d, err := time.ParseDuration(f.Delay)
		if err != nil {
			return nil, fmt.Errorf("read delay: %w", err)
		}
		f.Fault.Delay = d
	}
	if !slices.Contains(allKinds, f.Kind) {
		return nil, fmt.Errorf("no such kind: %q", f.Kind)
	}
	return map[string]int{"id": s.Inject(f.Fault).id}, nil
}

func (s *Server) controlNotices(o order) (any, error) {
	switch {
	case o.Hold != nil:
		s.HoldNotifications(*o.Hold)
		return struct{}{}, nil
	case o.Send != nil:
		status, err := s.SendNotification(*o.Send)
		return map[string]int{"status": status}, err
	}
	return nil, fmt.Errorf("hold or send is missing")
}

func (s *Server) allOrders() []*Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.orders)
}

func (s *Server) faultOrders() []faultOrder {
	all := []faultOrder{}
	for _, o := range s.allOrders() {
		s.mu.Lock()
		all = append(all, faultOrder{ID: o.id, Delay: o.fault.Delay.String(), Hits: o.hits, Fault: o.fault})
		s.mu.Unlock()
	}
	return all
}

func (s *Server) releaseOrder(id int) error {
	for _, o := range s.allOrders() {
		if o.id == id {
			o.Release()
			return nil
		}
	}
	return fmt.Errorf("no order %d", id)
}

// overview is for a person who looks in.
func (s *Server) overview() any {
	type pageState struct {
		URL      string `json:"url"`
		TxnID    string `json:"txn_id"`
		Attempts int    `json:"attempts"`
		Paid     bool   `json:"paid"`
		Over     bool   `json:"over"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pages := []pageState{}
	for _, p := range s.pages {
		pages = append(pages, pageState{p.url, p.doc.get("TxnId"), p.attempts, p.paid != nil, p.over(s, s.now())})
	}
	slices.SortFunc(pages, func(a, b pageState) int { return strings.Compare(a.TxnID, b.TxnID) })
	return map[string]any{
		"seed": s.seed, "now": s.now(), "pages": pages, "charges": len(s.charges), "refunds": len(s.refunds),
		"calls": len(s.log), "notifications": len(s.notices), "holding": s.holding,
	}
}
