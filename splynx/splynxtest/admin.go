package splynxtest

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"
)

// offeredToStaff are the admin's entry points, whatever customers' partners they are for, unless the administrator is
// bound to one.
func (s *Server) offeredToStaff(who identity) []EntryPoint {
	if who.partner != 0 {
		return s.offered("admin", who.partner)
	}
	return slices.DeleteFunc(s.EntryPoints(), func(e EntryPoint) bool { return e.Disabled || e.Place != "admin" })
}

func (s *Server) adminScreen(title string, who identity, data any) screen {
	menu := slices.DeleteFunc(s.offeredToStaff(who), func(e EntryPoint) bool { return e.Type != "menu_link" })
	for i, e := range menu {
		menu[i].URL = "/admin/config/add-on?" + pairs("module", e.Module, "name", e.Name)
	}
	return screen{Title: title, Admin: true, Staff: true, Menu: menu, Data: data}
}

func (s *Server) customersPage(w http.ResponseWriter, _ *http.Request, who identity) {
	all := slices.DeleteFunc(s.Customers(), func(c Customer) bool { return who.partner != 0 && c.PartnerID != who.partner })
	s.show(w, http.StatusOK, "customers", s.adminScreen("Customers", who, all))
}

// theirs is the customer that the request names, when the administrator may see it.
func (s *Server) theirs(r *http.Request, who identity) (Customer, bool) {
	id, err := strconv.ParseInt(r.FormValue("id"), 10, 64)
	if err != nil {
		return Customer{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.customers.find(id)
	if row == nil || s.sees(who, byPartner, row) != nil {
		return Customer{}, false
	}
	return s.customer(row), true
}

func (s *Server) customerPage(w http.ResponseWriter, r *http.Request, who identity) {
	c, ok := s.theirs(r, who)
	if !ok {
		s.show(w, http.StatusNotFound, "missing", s.adminScreen("Not found", who, nil))
		return
	}
	s.showCustomer(w, http.StatusOK, who, c, "")
}

// showCustomer shows all of a customer, and what was wrong with what staff typed.
func (s *Server) showCustomer(w http.ResponseWriter, status int, who identity, c Customer, said string) {
	points := s.offered("admin", c.PartnerID)
	var codes []template.HTML
	for _, e := range points {
		if html, twig := code(e, c); e.Type == "code" && !twig {
			codes = append(codes, html)
		}
	}
	s.show(w, status, "customer", s.adminScreen(c.Name, who, map[string]any{
		"Customer": c, "Said": said, "Accounts": s.formsOf(c.ID, who), "Codes": codes, "Payments": s.paymentsOf(c.ID),
		"Invoices":  withActions(s.invoicesOf(c.ID), points, "Invoices", s.adminLink),
		"Proformas": withActions(s.proformasOf(c.ID), points, "Requests", s.adminLink),
	}))
}

// loginAs puts the customer into the administrator's session, whose id stays; with cookies of their own, into a
// session of the portal.
func (s *Server) loginAs(w http.ResponseWriter, r *http.Request, who identity) {
	c, ok := s.theirs(r, who)
	switch {
	case !ok:
		s.show(w, http.StatusNotFound, "missing", s.adminScreen("Not found", who, nil))
		return
	case r.Method != http.MethodPost:
		http.Redirect(w, r, "/admin/customers/view?id="+strconv.FormatInt(c.ID, 10), http.StatusFound)
		return
	}
	s.mu.Lock()
	id, ses := s.sessionOf(r, "customer")
	if ses == nil {
		id = s.rejoin(r, "customer", c.ID)
		s.setCookie(w, "customer", id)
	} else {
		s.enroll(id, "customer", c.ID)
	}
	s.mu.Unlock()
	http.Redirect(w, r, "/portal/", http.StatusFound)
}
