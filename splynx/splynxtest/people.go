package splynxtest

import (
	"fmt"
	"slices"
	"strconv"
)

// user is somebody who can sign in.
type user struct {
	who             identity
	login, password string
	code            string // second factor
	fingerprint     string // of a device that needs no code
}

// Customer is somebody who is billed.
type Customer struct {
	ID        int64 // AddCustomer: 0 for the next one
	PartnerID int64 // AddCustomer: default 1
	ParentID  int64 // the main account of a sub-account
	Name      string
	Email     string
	// Login and Password of the portal. AddCustomer: default DefaultLogin.
	Login, Password string
	// NoPortal: the customer has no login and cannot sign in.
	NoPortal bool
	// Status is new, active, blocked or disabled. Default: active.
	Status string
	// Deposit is the balance, negative when money is owed: what unpaid invoices claim is in it
	// already, and each payment raises it. Default: 0.
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
func (s *Server) AddCustomer(c Customer) int64 { return must(s.addCustomer(c)) }

func (s *Server) addCustomer(c Customer) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.customers.byID[c.ID] != nil {
		return 0, fmt.Errorf("customer id %d is taken", c.ID)
	}
	r, b := s.customers.blank(), s.billing.blank()
	r.setInt("id", c.ID)
	r.setInt("partner_id", max(c.PartnerID, 1))
	r.setInt("parent_id", c.ParentID)
	if err := r.put(map[string]string{
		"name": c.Name, "email": c.Email, "login": c.Login, "status": or(c.Status, "active"), "date_add": s.today(),
	}); err != nil {
		return 0, err
	}
	if err := b.put(map[string]string{"deposit": or(c.Deposit, "0")}); err != nil {
		return 0, err
	}
	r.set("last_update", s.moment())
	id := s.customers.insert(r)
	if login, password := DefaultLogin(id); c.NoPortal {
		c.Login, c.Password = "", ""
	} else {
		c.Login, c.Password = or(c.Login, login), or(c.Password, password)
	}
	r.set("login", c.Login)
	r.set("password", c.Password)
	b.setInt("customer_id", id)
	s.billing.insert(b)
	s.users = append(s.users, user{who: identity{kind: "customer", id: id}, login: c.Login, password: c.Password})
	return id, nil
}

// DefaultLogin is what a customer signs in with to whom AddCustomer was given no login or password: customer7 and
// password7 for the id 7.
func DefaultLogin(customer int64) (login, password string) {
	id := strconv.FormatInt(customer, 10)
	return "customer" + id, "password" + id
}

// Customers is every customer, in the order of their making, without passwords.
func (s *Server) Customers() []Customer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.customers, s.customer)
}

func (s *Server) customer(r *row) Customer {
	c := Customer{
		ID: r.id(), PartnerID: r.int("partner_id"), ParentID: r.int("parent_id"), Name: r.text("name"),
		Email: r.text("email"), Login: r.text("login"), Status: r.text("status"),
	}
	if b := s.billing.find(c.ID); b != nil {
		c.Deposit = b.text("deposit")
	}
	return c
}

// SetStatus makes a customer new, active, blocked or disabled. It panics when there is no such customer or status.
func (s *Server) SetStatus(customer int64, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.customers.find(customer)
	if r == nil {
		panic(fmt.Sprintf("splynxtest: no customer %d", customer))
	}
	must(0, r.put(map[string]string{"status": status}))
}

// SetPartner moves a customer to another partner, as staff do. It panics when there is no such customer.
func (s *Server) SetPartner(customer, partner int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.customers.find(customer)
	if r == nil {
		panic(fmt.Sprintf("splynxtest: no customer %d", customer))
	}
	r.setInt("partner_id", partner)
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
	s.users = slices.DeleteFunc(s.users, func(u user) bool { return u.who.kind == "customer" && u.who.id == id })
}

// Administrator is a member of the staff.
type Administrator struct {
	PartnerID int64 // 0: all partners
	Name      string
	Role      string // default: administrator
	Email     string
	Phone     string
	// FilterPartner is the partner whose data the administrator chose to see, as text. It restricts nothing here.
	FilterPartner string
	// Timeout is after how many seconds an idle session should end. Default: 1800. Only shown; see Options.SessionLife.
	Timeout int64
	// Login and Password, and the second factor's code where one is asked for. In the place of the code the fingerprint of
	// a known device does.
	Login, Password, Code, Fingerprint string
	// Permissions as APIKey.Permissions.
	Permissions map[string][]string
}

// AddAdministrator makes an administrator and returns the id. It panics when a value cannot be kept.
func (s *Server) AddAdministrator(a Administrator) int64 { return must(s.addAdministrator(a)) }

func (s *Server) addAdministrator(a Administrator) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.administrators.blank()
	r.setInt("partner_id", a.PartnerID)
	if a.Timeout != 0 {
		r.setInt("timeout", a.Timeout)
	}
	if err := r.put(map[string]string{
		"name": a.Name, "login": a.Login, "role_name": or(a.Role, "administrator"), "email": a.Email, "phone": a.Phone,
		"filter_partner_id": a.FilterPartner, "updated_at": s.moment(),
	}); err != nil {
		return 0, err
	}
	id := s.administrators.insert(r)
	who := identity{kind: "admin", id: id, partner: a.PartnerID, permissions: a.Permissions}
	s.users = append(s.users, user{
		who: who, login: a.Login, password: a.Password, code: a.Code, fingerprint: a.Fingerprint,
	})
	return id, nil
}

// login finds who has the login and the password; nobody has an empty one.
func (s *Server) login(kind, login, password string) *user {
	if login == "" || password == "" {
		return nil
	}
	for i, u := range s.users {
		if u.who.kind == kind && u.password == password && (u.login == login || s.hasEmail(u.who, login)) {
			return &s.users[i]
		}
	}
	return nil
}

func (s *Server) hasEmail(who identity, email string) bool {
	r := s.customers.find(who.id)
	return s.opts.EmailLogin && who.kind == "customer" && r != nil && r.text("email") == email
}

// member is the administrator with the id, nil when there is none.
func (s *Server) member(id int64) *user {
	for i, u := range s.users {
		if u.who.kind == "admin" && u.who.id == id {
			return &s.users[i]
		}
	}
	return nil
}

// secondFactor refuses a sign-in without the code or the known device that the user needs.
func (u *user) secondFactor(code, fingerprint string) *refusal {
	switch {
	case u.code == code, u.fingerprint != "" && u.fingerprint == fingerprint:
		return nil
	case code == "":
		return refuse(401, "MISSED_TWO_FACTOR_CODE", "Two-factor code is missing")
	}
	return refuse(401, "INVALID_TWO_FACTOR_CODE", "Two-factor code is wrong")
}

// shutOut reports whether a customer cannot sign in, being gone or of a status that the options refuse.
func (s *Server) shutOut(customer int64) bool {
	r := s.customers.find(customer)
	return r == nil || s.opts.refusesStatus(r.text("status"))
}
