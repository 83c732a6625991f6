package splynxtest

import (
	"net/http"
	"net/url"
	"strings"
)

// toLogin sends somebody who is not signed in to the form, with the way back.
func toLogin(w http.ResponseWriter, r *http.Request, area string) {
	back := area
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		back = r.URL.RequestURI()
	}
	http.Redirect(w, r, area+"login/?return="+url.QueryEscape(back), http.StatusFound)
}

// localPath is the way back when it leads to a path here, and otherwise the area's first page.
func localPath(back, area string) string {
	u, err := url.Parse(back)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") ||
		strings.ContainsFunc(back, func(c rune) bool { return c == '\\' || c < ' ' || c == 0x7f }) {
		return area
	}
	return back
}

func (s *Server) portalLogin(w http.ResponseWriter, r *http.Request) { s.loginPage(w, r, "customer") }
func (s *Server) adminLogin(w http.ResponseWriter, r *http.Request)  { s.loginPage(w, r, "admin") }

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request, kind string) {
	area, title := "/portal/", "Sign in to the portal"
	if kind == "admin" {
		area, title = "/admin/", "Sign in to the admin"
	}
	back := localPath(r.FormValue("return"), area)
	said := ""
	if r.Method == http.MethodPost {
		if said = s.signInHere(w, r, kind); said == "" {
			http.Redirect(w, r, back, http.StatusFound)
			return
		}
	}
	s.show(w, http.StatusOK, "login", screen{Title: title, Admin: kind == "admin", Data: map[string]string{
		"Said": said, "Return": back, "Login": r.FormValue("login"),
	}})
}

// signInHere takes the form and gives the browser its session, or says why not.
func (s *Server) signInHere(w http.ResponseWriter, r *http.Request, kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.login(kind, r.PostFormValue("login"), r.PostFormValue("password"))
	switch {
	case u == nil:
		return "Wrong login or password."
	case u.secondFactor(r.PostFormValue("code"), "") != nil:
		return "The two-factor code is missing or wrong."
	case kind == "customer" && s.shutOut(u.who.id):
		return "This account cannot sign in."
	}
	if kind == "admin" {
		a := s.administrators.find(u.who.id)
		a.set("last_ip", host(r))
		a.set("last_dt", s.moment())
	} else {
		s.customers.find(u.who.id).set("last_online", s.moment())
	}
	s.setCookie(w, kind, s.rejoin(r, kind, u.who.id))
	return ""
}

// rejoin signs somebody in to the browser's session, which keeps who else is in it and gets a new id.
func (s *Server) rejoin(r *http.Request, kind string, who int64) string {
	var old session
	if id, ses := s.sessionOf(r, kind); ses != nil {
		old = *ses
		delete(s.sessions, id)
	}
	id := s.newSession(r, old)
	s.enroll(id, kind, who)
	return id
}

func (s *Server) cookieName(kind string) string {
	if kind == "admin" {
		return s.opts.AdminCookie()
	}
	return s.opts.PortalCookie()
}

func (s *Server) setCookie(w http.ResponseWriter, kind, id string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure would need https, which is not spoken here
		Name: s.cookieName(kind), Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// sessionOf is the session that the browser's cookie names.
func (s *Server) sessionOf(r *http.Request, kind string) (string, *session) {
	c, err := r.Cookie(s.cookieName(kind))
	if err != nil {
		return "", nil
	}
	return c.Value, s.session(c.Value)
}

// customerOf is the customer who is signed in; the visit prolongs the session.
func (s *Server) customerOf(r *http.Request) (Customer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ses := s.sessionOf(r, "customer")
	if ses == nil || ses.customer == 0 || s.shutOut(ses.customer) {
		return Customer{}, false
	}
	ses.used = s.Now()
	return s.customer(s.customers.find(ses.customer)), true
}

// memberOf is the administrator who is signed in; the visit prolongs the session.
func (s *Server) memberOf(r *http.Request) (identity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ses := s.sessionOf(r, "admin")
	if ses == nil || s.member(ses.admin) == nil {
		return identity{}, false
	}
	ses.used = s.Now()
	return s.member(ses.admin).who, true
}

func (s *Server) portalLogout(w http.ResponseWriter, r *http.Request) {
	s.logoutHere(w, r, "customer", "/portal/")
}

func (s *Server) adminLogout(w http.ResponseWriter, r *http.Request) {
	s.logoutHere(w, r, "admin", "/admin/")
}

// logoutHere signs out by POST alone. Who else is in the session stays.
func (s *Server) logoutHere(w http.ResponseWriter, r *http.Request, kind, area string) {
	if r.Method != http.MethodPost {
		http.Redirect(w, r, area, http.StatusFound)
		return
	}
	s.mu.Lock()
	if id, ses := s.sessionOf(r, kind); ses != nil {
		if kind == "admin" {
			ses.admin = 0
		} else {
			ses.customer = 0
		}
		if ses.admin == 0 && ses.customer == 0 {
			delete(s.sessions, id)
		}
	}
	s.mu.Unlock()
	http.Redirect(w, r, area+"login/", http.StatusFound)
}
