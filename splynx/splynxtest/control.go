package splynxtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// control answers the control address, for tests that run in another process and for a demo:
//
//	GET    /_control/log, payments, invoices, proformas, statements, records, customers, entry-points,
//	                                 payment-accounts, account-data, account-changes
//	POST   /_control/faults          a Fault
//	DELETE /_control/faults          ClearFaults
//	POST   /_control/outage          {"on":true}
//	POST   /_control/invoices        an Invoice; answers {"id":N}
//	POST   /_control/proformas       a Proforma, likewise
//	POST   /_control/payments        a Payment to insert, likewise
//	POST   /_control/customers       a Customer, likewise
//	POST   /_control/administrators  an Administrator, likewise
//	POST   /_control/entry-points    an EntryPoint, likewise
//	POST   /_control/entry-points/add-on  AddAddOnEntryPoints
//	POST   /_control/entry-points/widget  AddWidgetEntryPoint; answers {"id":N}
//	POST   /_control/config          a ConfigValue
//	POST   /_control/sessions        {"session":"","customer_id":N,"administrator_id":N}, one of the ids or both; without
//	                                 a session it is given an id; answers {"session":"…"}
//	DELETE /_control/sessions        ExpireSessions
//	POST   /_control/payment-accounts  a PaymentAccount; answers {"id":N}
//	POST   /_control/account-data    {"customer_id":N,"account_id":N,"fields":{"1":"…"}}, as SetAccountData
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
	reply, err := s.command(r, what)
	if err != nil {
		sendJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	if reply == nil {
		reply = map[string]bool{"ok": true}
	}
	sendJSON(w, http.StatusOK, reply)
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

		"customers": func() any { return s.Customers() }, "entry-points": func() any { return s.EntryPoints() },

		"payment-accounts": func() any { return s.PaymentAccounts() },
		"account-data":     func() any { return s.AllAccountData() },
		"account-changes":  func() any { return s.AccountChanges() },
	}
	view, ok := views[what]
	if !ok {
		sendJSON(w, http.StatusNotFound, map[string]string{"error": "no such view"})
		return
	}
	sendJSON(w, http.StatusOK, view())
}

// commands are what POST and DELETE do, by the word behind /_control/. rest is what follows it.
var commands = map[string]func(s *Server, d *json.Decoder, rest string) (reply any, err error){
	"POST faults":         func(s *Server, d *json.Decoder, _ string) (any, error) { return nil, with(d, s.inject) },
	"DELETE faults":       func(s *Server, _ *json.Decoder, _ string) (any, error) { s.ClearFaults(); return nil, nil },
	"POST outage":         setOutage,
	"POST invoices":       func(s *Server, d *json.Decoder, _ string) (any, error) { return made(d, s.addInvoice) },
	"POST proformas":      func(s *Server, d *json.Decoder, _ string) (any, error) { return made(d, s.addProforma) },
	"POST customers":      func(s *Server, d *json.Decoder, _ string) (any, error) { return made(d, s.addCustomer) },
	"POST administrators": func(s *Server, d *json.Decoder, _ string) (any, error) { return made(d, s.addAdministrator) },
	"POST payments":       func(s *Server, d *json.Decoder, _ string) (any, error) { return made(d, s.plantPayment) },
	"POST entry-points":   addPoints,
	"POST config":         func(s *Server, d *json.Decoder, _ string) (any, error) { return nil, with(d, s.plantConfig) },
	"POST sessions":       plantSession,
	"DELETE sessions":     func(s *Server, _ *json.Decoder, _ string) (any, error) { s.ExpireSessions(); return nil, nil },
	"POST pair":           pairRecord,
	"POST account-data":   typeFields,

	"POST payment-accounts": func(s *Server, d *json.Decoder, _ string) (any, error) { return made(d, s.plantPaymentAccount) },
}

// command does what was asked.
func (s *Server) command(r *http.Request, what string) (any, error) {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	what, rest, _ := strings.Cut(what, "/")
	do, ok := commands[r.Method+" "+what]
	if !ok {
		return nil, errBody
	}
	return do(s, d, rest)
}

// with reads one value and does something with it.
func with[T any](d *json.Decoder, do func(T) error) error {
	var v T
	if err := d.Decode(&v); err != nil {
		return err
	}
	return do(v)
}

// made reads what is to be made and answers its id.
func made[T any](d *json.Decoder, add func(T) (int64, error)) (reply any, err error) {
	err = with(d, func(v T) error {
		id, err := add(v)
		reply = map[string]int64{"id": id}
		return err
	})
	return reply, err
}

func setOutage(s *Server, d *json.Decoder, _ string) (any, error) {
	return nil, with(d, func(o struct{ On bool }) error {
		s.SetOutage(o.On)
		return nil
	})
}

func addPoints(s *Server, d *json.Decoder, rest string) (any, error) {
	if rest == "add-on" {
		s.AddAddOnEntryPoints()
		return nil, nil
	}
	if rest == "widget" {
		return map[string]int64{"id": s.AddWidgetEntryPoint()}, nil
	}
	return made(d, s.addEntryPoint)
}

func plantSession(s *Server, d *json.Decoder, _ string) (reply any, err error) {
	type wish struct {
		Session       string `json:"session"`
		Customer      int64  `json:"customer_id"`
		Administrator int64  `json:"administrator_id"`
	}
	err = with(d, func(w wish) error {
		id, err := s.plant(w.Session, w.Customer, w.Administrator)
		reply = map[string]string{"session": id}
		return err
	})
	return reply, err
}

func typeFields(s *Server, d *json.Decoder, _ string) (any, error) {
	type wish struct {
		Customer int64          `json:"customer_id"`
		Account  int64          `json:"account_id"`
		Fields   map[int]string `json:"fields"`
	}
	return nil, with(d, func(w wish) error { return s.typeAccountData(w.Customer, w.Account, w.Fields) })
}

func pairRecord(s *Server, _ *json.Decoder, rest string) (any, error) {
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return nil, err
	}
	p, err := s.PairByHand(n)
	return map[string]int64{"id": p.ID}, err
}

func (s *Server) plantPayment(p Payment) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.insertPayment(p)
}

func (s *Server) plantConfig(v ConfigValue) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setConfig(v)
}

func sendJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(encode(v)))
}
