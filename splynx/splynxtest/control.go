package splynxtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// control answers the control address, for tests that run in another process and for a demo:
//
//	GET    /_control/log, payments, invoices, proformas, statements, records
//	POST   /_control/faults    a Fault
//	DELETE /_control/faults    ClearFaults
//	POST   /_control/outage    {"on":true}
//	POST   /_control/invoices  an Invoice; answers {"id":N}
//	POST   /_control/payments  a Payment to insert; answers {"id":N}
//	POST   /_control/pair/{record id}
//
// Only this machine may call it, directly and not from a page of another site.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	if !direct(r) {
		sendJSON(w, http.StatusForbidden, map[string]string{"error": "only direct calls from this machine"})
		return
	}
	what := strings.TrimPrefix(r.URL.Path, "/_control/")
	if r.Method == http.MethodGet {
		s.readBack(w, what)
		return
	}
	status, reply := http.StatusOK, any(map[string]bool{"ok": true})
	id, err := s.command(r, what)
	switch {
	case err != nil:
		status, reply = http.StatusBadRequest, map[string]string{"error": err.Error()}
	case id != 0:
		reply = map[string]int64{"id": id}
	}
	sendJSON(w, status, reply)
}

// direct refuses what a proxy passed on and what a browser sends for a foreign page.
func direct(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "Via", "Origin"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return isLoopback(r.RemoteAddr) && (site == "" || site == "none")
}

func (s *Server) readBack(w http.ResponseWriter, what string) {
	views := map[string]func() any{
		"log":        func() any { return s.Log() },
		"payments":   func() any { return s.Payments() },
		"invoices":   func() any { return s.Invoices() },
		"proformas":  func() any { return s.Proformas() },
		"statements": func() any { return s.Statements() },
		"records":    func() any { return s.Records() },
	}
	view, ok := views[what]
	if !ok {
		sendJSON(w, http.StatusNotFound, map[string]string{"error": "no such view"})
		return
	}
	sendJSON(w, http.StatusOK, view())
}

// command does what was asked and returns the id of what it made.
func (s *Server) command(r *http.Request, what string) (int64, error) {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	what, id, _ := strings.Cut(what, "/")
	switch r.Method + " " + what {
	case "POST faults":
		var f Fault
		if err := d.Decode(&f); err != nil {
			return 0, err
		}
		return 0, s.inject(f)
	case "DELETE faults":
		s.ClearFaults()
		return 0, nil
	case "POST outage":
		var o struct{ On bool }
		err := d.Decode(&o)
		if err == nil {
			s.SetOutage(o.On)
		}
		return 0, err
	case "POST invoices":
		var i Invoice
		if err := d.Decode(&i); err != nil {
			return 0, err
		}
		return s.addInvoice(i)
	case "POST payments":
		var p Payment
		if err := d.Decode(&p); err != nil {
			return 0, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.insertPayment(p)
	case "POST pair":
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return 0, err
		}
		p, err := s.PairByHand(n)
		return p.ID, err
	}
	return 0, errBody
}

func sendJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(encode(v)))
}
