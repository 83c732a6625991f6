package splynxtest

import "time"

// attemptsLife is how long wrong sign-ins count. Neither it nor the status of the refusal is documented.
const attemptsLife = 15 * time.Minute

var exceeded = refuse(401, "EXCEEDED_MAX_ATTEMPTS", "Too many attempts")

// attempts are the wrong sign-ins for a login, or from an address.
type attempts struct {
	wrong int
	last  time.Time
}

// byPassword signs a customer or an administrator in. An unknown login and a wrong password are refused alike.
func (s *Server) byPassword(c *call) (identity, *refusal) {
	in := c.body
	kind, counted := in.text("auth_type"), c.address
	if !s.opts.AttemptsByAddress {
		counted = kind + " " + fold(in.text("login"))
	}
	if s.tooMany(counted) {
		return identity{}, exceeded
	}
	u := s.login(kind, in.text("login"), in.text("password"))
	if u == nil {
		s.countWrong(counted)
		return identity{}, badSignIn
	}
	if bad := u.secondFactor(in.text("code"), in.text("fingerprint")); bad != nil {
		if in.text("code") != "" {
			s.countWrong(counted)
		}
		return identity{}, bad
	}
	delete(s.attempts, counted)
	if kind == "customer" && s.shutOut(u.who.id) {
		return identity{}, invalidUser
	}
	return u.who, nil
}

func (s *Server) tooMany(counted string) bool {
	a := s.attempts[counted]
	if s.Now().Sub(a.last) >= attemptsLife {
		delete(s.attempts, counted)
		return false
	}
	return s.opts.MaxAttempts > 0 && a.wrong >= s.opts.MaxAttempts
}

func (s *Server) countWrong(counted string) {
	s.attempts[counted] = attempts{wrong: s.attempts[counted].wrong + 1, last: s.Now()}
}
