package splynxtest

import "fmt"

// user is somebody who can sign in.
type user struct {
	who             identity
	login, password string
	code            string // second factor
}

// Customer is somebody who is billed.
type Customer struct {
	ID        int64 // AddCustomer: 0 for the next one
	PartnerID int64 // AddCustomer: default 1
	ParentID  int64 // the main account of a sub-account
	Name      string
	Email     string
	// Login and Password of the portal. Without a login the customer cannot sign in.
	Login, Password string
	// Status is new, active, blocked or disabled. Default: active.
	Status string
	// Deposit is the balance, negative when money is owed. Default: 0.
	Deposit string
}

// AddPartner makes a partner that pays under a company's name, and returns its id.
func (s *Server) AddPartner(name, company string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addPartner(name, company)
}

func (s *Server) addPartner(name, company string) int64 {
	r := s.partners.blank()
	r.set("name", name)
	id := s.partners.insert(r)
	c := s.companies.blank()
	c.setInt("partner_id", id)
	c.set("company_name", company)
	s.companies.insert(c)
	return id
}

// SetCompany changes a partner's company name and the address of its Splynx.
func (s *Server) SetCompany(partner int64, company, url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.companies.find(partner)
	if c == nil {
		panic(fmt.Sprintf("splynxtest: no partner %d", partner))
	}
	c.set("company_name", company)
	c.set("splynx_url", url)
}

// AddCustomer makes a customer and returns its id. It panics when a value cannot be kept.
func (s *Server) AddCustomer(c Customer) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.customers.blank()
	r.setInt("id", c.ID)
	r.setInt("partner_id", max(c.PartnerID, 1))
	r.setInt("parent_id", c.ParentID)
	must(0, r.put(map[string]string{
		"name": c.Name, "email": c.Email, "login": c.Login, "status": or(c.Status, "active"), "date_add": s.today(),
	}))
	r.set("password", c.Password)
	r.set("last_update", s.moment())
	id := s.customers.insert(r)
	b := s.billing.blank()
	b.setInt("customer_id", id)
	must(0, b.put(map[string]string{"deposit": or(c.Deposit, "0")}))
	s.billing.insert(b)
	if c.Login != "" {
		s.users = append(s.users, user{who: identity{kind: "customer", id: id}, login: c.Login, password: c.Password})
	}
	return id
}

// Deposit is the customer's balance, exact with four places; "" when there is no such customer.
func (s *Server) Deposit(customer int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.billing.find(customer); b != nil {
		return b.text("deposit")
	}
	return ""
}

// SetDeposit sets the customer's balance.
func (s *Server) SetDeposit(customer int64, amount string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.billing.find(customer)
	if b == nil {
		panic(fmt.Sprintf("splynxtest: no customer %d", customer))
	}
	must(0, b.put(map[string]string{"deposit": amount}))
}

// RemoveCustomer makes a customer disappear; documents and payments stay.
func (s *Server) RemoveCustomer(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customers.remove(id)
	s.billing.remove(id)
}

// Administrator is a member of the staff.
type Administrator struct {
	PartnerID int64 // 0: all partners
	Name      string
	Role      string // default: administrator
	// Login and Password, and the second factor's code where one is asked for.
	Login, Password, Code string
	// Permissions as APIKey.Permissions.
	Permissions map[string][]string
}

// AddAdministrator makes an administrator and returns the id.
func (s *Server) AddAdministrator(a Administrator) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.administrators.blank()
	r.setInt("partner_id", a.PartnerID)
	must(0, r.put(map[string]string{"name": a.Name, "login": a.Login, "role_name": or(a.Role, "administrator")}))
	id := s.administrators.insert(r)
	who := identity{kind: "admin", id: id, partner: a.PartnerID, permissions: a.Permissions}
	s.users = append(s.users, user{who: who, login: a.Login, password: a.Password, code: a.Code})
	return id
}

// AddCustomerSession makes a browser session of a customer, as the portal's cookie would carry it.
func (s *Server) AddCustomerSession(session string, customer int64) {
	s.addSession(session, identity{kind: "customer", id: customer})
}

// AddAdministratorSession makes a browser session of an administrator.
func (s *Server) AddAdministratorSession(session string, administrator int64) {
	s.mu.Lock()
	var who identity
	for _, u := range s.users {
		if u.who.kind == "admin" && u.who.id == administrator {
			who = u.who
		}
	}
	s.mu.Unlock()
	if who.kind == "" {
		panic(fmt.Sprintf("splynxtest: no administrator %d", administrator))
	}
	s.addSession(session, who)
}

// AddGuestSession makes a session of somebody whom the API does not serve: its exchange answers INVALID_USER.
func (s *Server) AddGuestSession(session string) { s.addSession(session, identity{}) }

func (s *Server) addSession(session string, who identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[session] = user{who: who}
}

// EndSession is the sign-out.
func (s *Server) EndSession(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session)
}

func (s *Server) login(kind, login, password string) *user {
	for i, u := range s.users {
		if u.who.kind == kind && u.login == login && u.password == password && login != "" {
			return &s.users[i]
		}
	}
	return nil
}
