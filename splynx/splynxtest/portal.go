package splynxtest

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// document is an invoice or a proforma invoice as a line of a page.
type document struct {
	ID                    int64
	Number, Created, Till string
	Total, Due, Status    string
	Actions               []action // empty when there is nothing to pay
}

// action is an icon beside a document.
type action struct{ Title, Href string }

// invoicesOf are a customer's invoices, those that are deleted left out.
func (s *Server) invoicesOf(customer int64) []document {
	today := s.today()
	var all []document
	for _, i := range s.Invoices() {
		if i.CustomerID != customer || i.Status == "deleted" {
			continue
		}
		all = append(all, document{
			ID: i.ID, Number: i.Number, Created: i.Created, Till: i.Till, Total: i.Total, Due: i.Due, Status: statusOf(i, today),
		})
	}
	return all
}

// statusOf is the state that people see: partially paid and overdue are not kept but computed.
func statusOf(i Invoice, today string) string {
	switch {
	case i.Status != "not_paid":
		return i.Status
	case sign(i.Due) > 0 && compareNumbers(i.Due, i.Total) < 0:
		return "partially paid"
	case i.Till < today:
		return "overdue"
	}
	return "unpaid"
}

func (s *Server) proformasOf(customer int64) []document {
	var all []document
	for _, p := range s.Proformas() {
		if p.CustomerID != customer {
			continue
		}
		d := document{
			ID: p.ID, Number: p.Number, Created: p.Created, Till: p.Till, Total: p.Total, Due: p.Total,
			Status: strings.ReplaceAll(p.Status, "not_paid", "unpaid"),
		}
		if p.Status == "paid" {
			d.Due = "0.0000"
		}
		all = append(all, d)
	}
	return all
}

// payable is what an icon may be shown for.
func (d document) payable() bool {
	return sign(d.Due) > 0 && slices.Contains([]string{"unpaid", "partially paid", "overdue"}, d.Status)
}

// withActions puts the icons of the entry points beside what can be paid.
func withActions(all []document, points []EntryPoint, model string, href func(EntryPoint, document) string) []document {
	for i, d := range all {
		for _, e := range points {
			if d.payable() && e.Type == "action_link" && e.Model == model {
				all[i].Actions = append(all[i].Actions, action{e.Title, href(e, d)})
			}
		}
	}
	return all
}

// portalLink is the page that holds the dialog.
func portalLink(e EntryPoint, d document) string {
	return "/portal/add-on--action-link-modal?" + pairs("module", e.Module, "name", e.Name, "id", d.Number)
}

// pairs is a query in the given order.
func pairs(all ...string) string {
	var parts []string
	for i := 0; i < len(all); i += 2 {
		parts = append(parts, all[i]+"="+url.QueryEscape(all[i+1]))
	}
	return strings.Join(parts, "&")
}

func (s *Server) documents(c Customer, model string) []document {
	all := s.invoicesOf(c.ID)
	if model == "Requests" {
		all = s.proformasOf(c.ID)
	}
	return withActions(all, s.offered("portal", c.PartnerID), model, portalLink)
}

func (s *Server) portalScreen(title string, c Customer, data any) screen {
	p := screen{Title: title, Customer: &c, Data: data}
	for _, e := range s.offered("portal", c.PartnerID) {
		if e.Type != "menu_link" {
			continue
		}
		e.URL = "/portal/add-on?" + pairs("module", e.Module, "name", e.Name)
		if strings.Contains(e.Root, "FinanceController") {
			p.Finance = append(p.Finance, e)
		} else {
			p.Menu = append(p.Menu, e)
		}
	}
	return p
}

// widget is a code entry point on a page: its own HTML, or what its Twig is said to show.
type widget struct {
	Title  string
	HTML   template.HTML
	Unpaid []document
}

func (s *Server) dashboard(w http.ResponseWriter, _ *http.Request, c Customer) {
	var widgets []widget
	for _, e := range s.offered("portal", c.PartnerID) {
		if e.Type != "code" {
			continue
		}
		html, twig := code(e, c)
		x := widget{Title: e.Title, HTML: html}
		if twig {
			model := "Invoices"
			if strings.Contains(e.Name, "request") {
				model = "Requests"
			}
			x.Unpaid = slices.DeleteFunc(s.documents(c, model), func(d document) bool { return !d.payable() })
		}
		widgets = append(widgets, x)
	}
	s.show(w, http.StatusOK, "dashboard", s.portalScreen("Dashboard", c, widgets))
}

// code is an entry point's HTML. Twig is not run, but for the customer's id.
func code(e EntryPoint, c Customer) (html template.HTML, twig bool) {
	text := strings.ReplaceAll(e.Code, "{{ customer.id }}", strconv.FormatInt(c.ID, 10))
	if strings.Contains(text, "{{") || strings.Contains(text, "{%") {
		return "", true
	}
	return template.HTML(text), false //nolint:gosec // an add-on's code is shown as it is, here as there
}

func (s *Server) ownInvoices(w http.ResponseWriter, _ *http.Request, c Customer) {
	s.show(w, http.StatusOK, "invoices", s.portalScreen("Invoices", c, s.documents(c, "Invoices")))
}

func (s *Server) ownProformas(w http.ResponseWriter, _ *http.Request, c Customer) {
	s.show(w, http.StatusOK, "invoices", s.portalScreen("Proforma invoices", c, s.documents(c, "Requests")))
}

func (s *Server) ownPayments(w http.ResponseWriter, _ *http.Request, c Customer) {
	s.show(w, http.StatusOK, "payments", s.portalScreen("Payments", c, s.paymentsOf(c.ID)))
}

func (s *Server) paymentsOf(customer int64) []Payment {
	return slices.DeleteFunc(livePayments(s.Payments()), func(p Payment) bool { return p.CustomerID != customer })
}
