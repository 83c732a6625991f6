package splynxtest

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pageTemplates = template.Must(template.New("pages").Funcs(template.FuncMap{
	// money shows what has no part below the cent as people write it.
	"money": func(text string) string { return strings.TrimSuffix(text, "00") },
}).ParseFS(pageFiles, "pages/*.html"))

// The pages by their path without a slash at the end. Those of the portal and of the admin are for who is signed in.
var (
	openPages = map[string]func(*Server, http.ResponseWriter, *http.Request){
		"": (*Server).everythingPage, "/portal/login": (*Server).portalLogin, "/admin/login": (*Server).adminLogin,
		"/portal/logout": (*Server).portalLogout, "/admin/logout": (*Server).adminLogout,
	}
	portalPages = map[string]func(*Server, http.ResponseWriter, *http.Request, Customer){
		"/portal": (*Server).dashboard, "/portal/finance/invoices": (*Server).ownInvoices,
		"/portal/finance/requests": (*Server).ownProformas, "/portal/finance/payments/list": (*Server).ownPayments,
		"/portal/add-on--action-link-modal": (*Server).actionLink, "/portal/add-on": (*Server).portalAddOn,
	}
	adminPages = map[string]func(*Server, http.ResponseWriter, *http.Request, identity){
		"/admin": (*Server).customersPage, "/admin/customers/view": (*Server).customerPage,
		"/admin/customers/login-as": (*Server).loginAs, "/admin/config/add-on": (*Server).addOnPage,
		"/admin/customers/payment-account": (*Server).changeAccount,
	}
)

func (s *Server) pages(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	path := strings.TrimSuffix(r.URL.Path, "/")
	if page, ok := openPages[path]; ok {
		page(s, w, r)
		return
	}
	if page, ok := portalPages[path]; ok {
		if c, in := s.customerOf(r); in {
			page(s, w, r, c)
			return
		}
		toLogin(w, r, "/portal/")
		return
	}
	if page, ok := adminPages[path]; ok {
		if who, in := s.memberOf(r); in {
			page(s, w, r, who)
			return
		}
		toLogin(w, r, "/admin/")
		return
	}
	s.show(w, http.StatusOK, "unknown", screen{Title: "Not simulated", Data: r.URL.Path})
}

// screen is what every page shows around its own data.
type screen struct {
	Title    string
	Customer *Customer // signed in to the portal
	Admin    bool      // a page of the admin
	Staff    bool      // signed in to it
	Menu     []EntryPoint
	Finance  []EntryPoint // of the portal's menu Finance
	Data     any
}

func (s *Server) show(w http.ResponseWriter, status int, name string, p screen) {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// everythingPage lists what there is to anybody, so that a demo can be clicked without signing in.
func (s *Server) everythingPage(w http.ResponseWriter, _ *http.Request) {
	s.show(w, http.StatusOK, "everything", screen{Title: "Everything in this simulator", Data: map[string]any{
		"Invoices": s.Invoices(), "Proformas": s.Proformas(), "Payments": livePayments(s.Payments()),
		"Customers": s.Customers(), "Accounts": s.AllAccountData(),
	}})
}

func livePayments(all []Payment) []Payment {
	return slices.DeleteFunc(all, func(p Payment) bool { return p.Deleted })
}
