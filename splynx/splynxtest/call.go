package splynxtest

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// call is one request to the API.
type call struct {
	request        *http.Request
	method, path   string // path below /api/2.0/, without slashes around it
	rest           string // what follows the resource: an id, or a refresh token
	res            *resource
	op             operation
	query          *node
	body           input // nil when it cannot be read
	agent, address string

	fault    *Fault
	admitted bool
	who      identity
	bad      *refusal
}

// answer is what goes back.
type answer struct {
	status    int
	header    map[string]string
	body      []byte
	id        int64 // of what was made
	committed bool
}

func refused(e *refusal) answer { return answer{status: e.status, body: e.body(false)} }

const apiPrefix = "/api/2.0/"

func newCall(r *http.Request) (*call, error) {
	c := &call{request: r, method: r.Method, agent: r.UserAgent(), address: host(r), query: parseQuery(r.URL.RawQuery)}
	path, ok := strings.CutPrefix(r.URL.Path, apiPrefix)
	if ok {
		c.path = strings.Trim(path, "/")
	}
	c.op = operationOf(r.Method, r.URL.Path)
	c.res, c.rest = route(c.path)
	if token, ok := strings.CutPrefix(c.path, tokensPath+"/"); ok {
		c.rest = token
	}
	var err error
	c.body, err = readInput(r)
	if errors.Is(err, errBody) {
		err = nil
	}
	return c, err
}

const (
	checkPath    = "admin/api/check"
	tokensPath   = "admin/auth/tokens"
	sessionsPath = "admin/auth/sessions"
)

// admit finds out who calls, once.
func (s *Server) admit(c *call) {
	if c.admitted || (c.path == checkPath && !s.opts.CheckNeedsAuth) || c.path == tokensPath || strings.HasPrefix(c.path, tokensPath+"/") {
		return
	}
	c.admitted = true
	c.who, c.bad = s.identify(c.request)
}

// process does what the call asks for, in one step that no other call sees half of.
func (s *Server) process(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admit(c)
	switch {
	case c.path == tokensPath || strings.HasPrefix(c.path, tokensPath+"/"):
		return s.tokenCall(c)
	case c.bad != nil:
		return refused(c.bad)
	case c.path == checkPath && c.method == http.MethodGet:
		return s.check()
	case c.path == sessionsPath:
		return s.sessionCall(c)
	case c.res == nil && strings.HasPrefix(c.path, "portal/"):
		return s.ownPages(c)
	case c.res == nil:
		return refused(notFound)
	}
	a, bad := s.resourceCall(c)
	if bad != nil {
		return answer{status: bad.status, body: bad.body(s.opts.ErrorLists)}
	}
	return a
}

// check answers the probe, unless the settings switch it off.
func (s *Server) check() answer {
	if s.configured(checkKey) == "1" {
		return refused(notFound)
	}
	return answer{status: http.StatusOK, body: []byte(`{"status":"ok","message":"API is valid","same_server":0}`)}
}

func (s *Server) resourceCall(c *call) (answer, *refusal) {
	if c.res.call != nil && c.method != http.MethodOptions {
		return c.res.call(s, c)
	}
	action, bad := c.action()
	if bad != nil {
		return answer{}, bad
	}
	if !c.res.public && !c.who.may(c.res.controller, action) && !(c.method == http.MethodOptions && c.who.kind != "customer") {
		return answer{}, forbidden
	}
	switch c.method {
	case http.MethodOptions:
		return s.attributes(c), nil
	case http.MethodPost:
		return s.post(c)
	}
	if c.rest == "" {
		return s.collection(c)
	}
	return s.record(c)
}

// action is the permission that the call needs. It refuses what the resource does not do.
func (c *call) action() (string, *refusal) {
	enabled := slices.Contains(strings.Fields(c.res.methods), c.method)
	switch c.method {
	case http.MethodOptions, http.MethodHead:
		return "index", nil
	case http.MethodPut, http.MethodDelete:
		if c.rest == "" {
			return "", withoutID
		}
	case http.MethodPost:
		if c.rest != "" {
			return "", refuse(400, "BAD_REQUEST", "An id is not expected")
		}
	}
	if !enabled || (c.res.keyed && c.rest == "") {
		return "", methodDisabled
	}
	if c.method == http.MethodGet && c.rest != "" {
		return "view", nil
	}
	return map[string]string{"GET": "index", "POST": "add", "PUT": "update", "DELETE": "delete"}[c.method], nil
}

func (s *Server) post(c *call) (answer, *refusal) {
	if c.body == nil {
		return answer{}, refuse(400, "BAD_REQUEST", "Body cannot be read")
	}
	id, bad := c.res.create(s, c.who, c.body)
	if bad != nil {
		return answer{}, bad
	}
	body := []byte(`{"id":` + strconv.FormatInt(id, 10) + `}`)
	return answer{status: http.StatusCreated, id: id, committed: true, body: body}, nil
}
