package splynxtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"time"
)

const (
	accessLife  = 30 * time.Minute
	refreshLife = 24 * time.Hour // not documented
)

// grant is one sign-in: the tokens given and what they are pinned to.
type grant struct {
	who             identity
	access, refresh string
	accessEnd       time.Time
	refreshEnd      time.Time
	agent, address  string
	banned          bool
}

// tokenCall answers admin/auth/tokens.
func (s *Server) tokenCall(c *call) answer {
	if c.rest != "" {
		switch c.method {
		case http.MethodGet:
			return s.renew(c)
		case http.MethodDelete:
			return s.logout(c)
		}
		return refused(methodDisabled)
	}
	switch c.method {
	case http.MethodPost:
		return s.signIn(c)
	case http.MethodPut, http.MethodDelete:
		return refused(withoutID)
	case http.MethodOptions, http.MethodHead:
		return refused(tokenOptions)
	}
	return refused(refuse(405, "METHOD_NOT_ALLOWED", "Method not allowed, a refresh token must be named in the path"))
}

func (s *Server) signIn(c *call) answer {
	if c.body == nil {
		return refused(badSignIn)
	}
	who, bad := s.whoSignsIn(c)
	if bad != nil {
		return refused(bad)
	}
	g := &grant{who: who, agent: c.agent, address: c.address}
	s.issue(g)
	return answer{status: http.StatusCreated, committed: true, body: g.json(true)}
}

func (s *Server) whoSignsIn(c *call) (identity, *refusal) {
	in := c.body
	switch in.text("auth_type") {
	case "api_key":
		k, bad := s.signed(in.text("key"), in.text("nonce"), in.text("signature"))
		if bad != nil {
			return identity{}, badSignIn
		}
		return k.identity(), s.listed(k.WhiteList, c.request)
	case "admin", "customer":
		return s.byPassword(c)
	case "session":
		return s.exchange(c)
	}
	return identity{}, badSignIn
}

// issue makes both tokens anew.
func (s *Server) issue(g *grant) {
	now := s.Now()
	g.accessEnd, g.refreshEnd = now.Add(accessLife), now.Add(refreshLife)
	g.access = s.token(g.who, "access", g.accessEnd)
	g.refresh = s.token(g.who, "refresh", g.refreshEnd)
	old := *g
	s.access[g.access] = &old
	s.refresh[g.refresh] = g
}

// token makes a text of three parts that nobody else can make.
func (s *Server) token(who identity, use string, end time.Time) string {
	s.issued++
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString([]byte(encode(v))) }
	text := part(map[string]string{"typ": "JWT", "alg": "HS256"}) + "." + part(map[string]any{
		"id": who.id, "use": use, "exp": end.Unix(), "jti": s.issued,
	})
	mac := hmac.New(sha256.New, s.tokenKey)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (g *grant) json(permissions bool) []byte {
	reply := map[string]any{
		"access_token": g.access, "access_token_expiration": g.accessEnd.Unix(),
		"refresh_token": g.refresh, "refresh_token_expiration": g.refreshEnd.Unix(),
	}
	if permissions {
		reply["permissions"] = g.who.permissionMap()
	}
	return []byte(encode(reply))
}

// permissionMap is {controller: {action: allow|deny}}. PHP writes an empty map as an empty list.
func (who identity) permissionMap() any {
	all := map[string]map[string]string{}
	for _, res := range resources {
		if res.public {
			continue
		}
		actions := map[string]string{}
		for _, action := range []string{"index", "view", "add", "update", "delete"} {
			actions[action] = "deny"
			if who.may(res.controller, action) {
				actions[action] = "allow"
			}
		}
		all[`api\`+res.class] = actions
	}
	if who.permissions != nil && len(who.permissions) == 0 {
		return []string{}
	}
	return all
}

func (s *Server) bearer(r *http.Request, token string) (identity, *refusal) {
	if token == "" {
		return identity{}, refuse(401, "EMPTY_ACCESS_TOKEN", "Access token is empty")
	}
	g := s.access[token]
	if g == nil {
		return identity{}, unauthorized
	}
	if g.banned {
		return identity{}, refuse(401, "TOKEN_BANNED", "Token is banned")
	}
	if !s.Now().Before(g.accessEnd) {
		return identity{}, refuse(401, "EXPIRED_ACCESS_TOKEN", "Access token has expired")
	}
	return g.who, g.pinned(r.UserAgent(), host(r))
}

// pinned refuses a token that another program or machine uses than the one that asked for it.
func (g *grant) pinned(agent, address string) *refusal {
	if agent != g.agent {
		return refuse(401, "USER_AGENT_CHANGED", "User agent has changed")
	}
	if address != g.address {
		return refuse(401, "IP_CHANGED", "IP address has changed")
	}
	return nil
}

func (s *Server) renew(c *call) answer {
	g := s.refresh[c.rest]
	switch {
	case g == nil:
		return refused(unauthorized)
	case g.banned || g.refresh != c.rest:
		return refused(refuse(401, "TOKEN_BANNED", "Token is banned"))
	case !s.Now().Before(g.refreshEnd):
		return refused(refuse(401, "EXPIRED_REFRESH_TOKEN", "Refresh token has expired"))
	}
	if bad := g.pinned(c.agent, c.address); bad != nil {
		return refused(bad)
	}
	s.issue(g)
	return answer{status: http.StatusOK, committed: true, body: g.json(false)}
}

func (s *Server) logout(c *call) answer {
	g := s.refresh[c.rest]
	if g == nil || g.banned {
		return refused(notFound)
	}
	g.banned = true
	s.ban(g.access)
	return answer{status: http.StatusNoContent, committed: true}
}

func (s *Server) ban(access string) {
	if g := s.access[access]; g != nil {
		g.banned = true
	}
}

// sessionCall answers admin/auth/sessions: a token, not a key, is exchanged for a session id.
func (s *Server) sessionCall(c *call) answer {
	switch {
	case c.who.kind == "api_key":
		return refused(forbidden)
	case c.method != http.MethodPost:
		return refused(methodDisabled)
	}
	id := s.newSession(c.request, session{})
	s.enroll(id, c.who.kind, c.who.id)
	body := []byte(encode(map[string]string{"session_id": id, "csrf_token": s.secretText()}))
	return answer{status: http.StatusCreated, committed: true, body: body}
}

// host is the caller's address without its port.
func host(r *http.Request) string {
	if h, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return h
	}
	return r.RemoteAddr
}
