package splynxtest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// session is what one browser's cookie stands for. As on a real system it can hold a customer and an administrator.
type session struct {
	customer, admin int64
	guest           bool   // somebody whom the API does not serve
	agent, address  string // the browser's; "" when a test made the session
	used            time.Time
}

var invalidUser = refuse(401, "INVALID_USER", "The user cannot use the API")

// AddCustomerSession makes a browser session of a customer, as the portal's cookie would carry it. A session that is
// there already holds the customer too.
func (s *Server) AddCustomerSession(session string, customer int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enroll(session, "customer", customer)
}

// AddAdministratorSession makes a browser session of an administrator. A session that is there already holds the
// administrator too. It panics when there is no such administrator.
func (s *Server) AddAdministratorSession(session string, administrator int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.member(administrator) == nil {
		panic(fmt.Sprintf("splynxtest: no administrator %d", administrator))
	}
	s.enroll(session, "admin", administrator)
}

// AddGuestSession makes a session of somebody whom the API does not serve: its exchange answers INVALID_USER.
func (s *Server) AddGuestSession(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[id] = &session{guest: true, used: s.Now()}
}

// EndSession is the sign-out of everybody in it. A token made from the session lives on.
func (s *Server) EndSession(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session)
}

// ExpireSessions ends all sessions.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// plant makes a session of the people who are not 0; without an id it gets one.
func (s *Server) plant(id string, customer, administrator int64) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case customer == 0 && administrator == 0:
		return "", errors.New("a session needs a customer or an administrator")
	case customer != 0 && s.customers.find(customer) == nil:
		return "", fmt.Errorf("no customer %d", customer)
	case administrator != 0 && s.member(administrator) == nil:
		return "", fmt.Errorf("no administrator %d", administrator)
	}
	if id == "" {
		id = s.secretText()
	}
	if customer != 0 {
		s.enroll(id, "customer", customer)
	}
	if administrator != 0 {
		s.enroll(id, "admin", administrator)
	}
	return id, nil
}

// enroll signs somebody in to the session.
func (s *Server) enroll(id, kind string, who int64) {
	ses := s.session(id)
	if ses == nil {
		ses = &session{}
		s.sessions[id] = ses
	}
	ses.guest, ses.used = false, s.Now()
	if kind == "admin" {
		ses.admin = who
	} else {
		ses.customer = who
	}
}

// session is the one with the id, nil when it is unknown or has ended.
func (s *Server) session(id string) *session {
	ses := s.sessions[id]
	life := s.opts.SessionLife
	if ses != nil && life > 0 && !s.Now().Before(ses.used.Add(life)) {
		delete(s.sessions, id)
		return nil
	}
	return ses
}

// newSession keeps a session of the caller's browser under a new id.
func (s *Server) newSession(r *http.Request, ses session) string {
	ses.agent, ses.address, ses.used = r.UserAgent(), host(r), s.Now()
	id := s.secretText()
	s.sessions[id] = &ses
	return id
}

// secretText is 32 hex digits, as the documented session id.
func (s *Server) secretText() string {
	s.issued++
	sum := sha256.Sum256([]byte(strconv.FormatUint(s.issued, 10) + string(s.tokenKey)))
	return hex.EncodeToString(sum[:16])
}

// exchange answers auth_type session.
func (s *Server) exchange(c *call) (identity, *refusal) {
	ses := s.session(c.body.text("session_id"))
	if ses == nil {
		return identity{}, badSignIn
	}
	if s.opts.PinSessions && ses.agent != "" {
		if bad := (&grant{agent: ses.agent, address: ses.address}).pinned(c.agent, c.address); bad != nil {
			return identity{}, bad
		}
	}
	gone := ses.customer != 0 && s.customers.find(ses.customer) == nil
	customer := ses.customer != 0 && !s.shutOut(ses.customer)
	admin := s.member(ses.admin)
	if customer && admin != nil {
		switch s.opts.BothIs {
		case BothAdministrator:
			customer = false
		case BothRefused:
			return identity{}, invalidUser
		}
	}
	switch {
	case customer:
		return identity{kind: "customer", id: ses.customer}, nil
	case admin != nil:
		return admin.who, nil
	case gone:
		return identity{}, badSignIn
	}
	return identity{}, invalidUser
}
