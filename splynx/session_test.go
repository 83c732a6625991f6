package splynx

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// testSession must appear nowhere but in the body that exchanges it.
const testSession = "marked-session-0123456789"

// personAccess is an access token of the form that Splynx gives, with a payload.
func personAccess(payload string) string {
	return "marked." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".marked"
}

// person is how a Splynx answers about a session; nil handlers refuse with 403.
type person struct {
	exchange                                       http.HandlerFunc // default: a token
	payload                                        string           // of the token
	permissions                                    string           // default: may add payments
	portal, customers, administrators, one, oneKey http.HandlerFunc
}

const mayAdd = `{"api\\admin\\finance\\Payments":{"add":"allow"}}`

var forbidden = says(403, `{"error":{"message":"no","code":403,"internal_code":"FORBIDDEN"}}`)

func (p person) start(t *testing.T, change ...func(*Config)) *server {
	t.Helper()
	access := personAccess(p.payload)
	pick := func(h http.HandlerFunc) http.HandlerFunc {
		if h == nil {
			return forbidden
		}
		return h
	}
	s := setup(t, func(w http.ResponseWriter, r *http.Request) {
		own := r.Header.Get("Authorization") == tokenHeader(secret.New(access))
		switch path := strings.TrimPrefix(r.URL.Path, "/api/2.0/"); {
		case own && path == "portal/services/billing-info":
			pick(p.portal)(w, r)
		case own && path == "admin/customers/customer":
			pick(p.customers)(w, r)
		case own && path == "admin/administration/administrators":
			pick(p.administrators)(w, r)
		case own && strings.HasPrefix(path, "admin/administration/administrators/"):
			pick(p.one)(w, r)
		case strings.HasPrefix(path, "admin/administration/administrators/"):
			pick(p.oneKey)(w, r)
		default:
			t.Errorf("%s %s was not to be called", r.Method, path)
		}
	}, change...)
	token := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		permissions := p.permissions
		if permissions == "" {
			permissions = mayAdd
		}
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"permissions":%s}`, access, testRefresh, permissions)
	}
	s.auth = func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		body := s.calls[len(s.calls)-1].body
		s.mu.Unlock()
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case strings.Contains(body, "api_key"):
			fmt.Fprintf(w, `{"access_token":%q}`, testAccess)
		case p.exchange != nil:
			p.exchange(w, r)
		default:
			token(w, r)
		}
	}
	return s
}

// whoIs asks, and looks that nothing secret is told, whatever the answer.
func (s *server) whoIs(ctx context.Context) (*Caller, error) {
	s.t.Helper()
	caller, err := s.client.WhoIs(ctx, secret.New(testSession))
	if (caller == nil) == (err == nil) {
		s.t.Errorf("half an answer: %v, %v", caller, err)
	}
	noSecrets(s.t, fmt.Sprintf("%v %+v %#v", err, err, caller))
	noSecrets(s.t, s.logText())
	return caller, err
}

const (
	customer7 = `{"id":7,"name":"Jane","status":"active","partner_id":2,"password":"marked"}`
	customer8 = `{"id":8,"name":"Joe","status":"active","partner_id":2}`
	marla3    = `{"id":3,"partner_id":1,"filter_partner_id":"0","role_name":"manager","login":"marla","name":"Marla","email":"marked","phone":"marked"}`
)

var (
	jane  = Customer{ID: 7, Name: "Jane", Status: "active", PartnerID: 2}
	marla = Administrator{ID: 3, PartnerID: 1, Role: "manager", Login: "marla", Name: "Marla", MayAddPayments: true}
	quiet = Administrator{ID: 3, PartnerID: 1, Role: "manager", Login: "marla", Name: "Marla"}

	portalYes = says(200, `{"deposit":"1.0000"}`)
	seven     = says(200, "["+customer7+"]")
	two       = says(200, "["+customer7+","+customer8+"]")
	staff     = says(200, "["+marla3+"]")
	three     = says(200, marla3)
	html      = says(200, "<html>marked login</html>")
	toLogin   = http.RedirectHandler("https://billing.example/admin/login?marked", http.StatusFound).ServeHTTP
)

func TestWhoIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		person
		customer      *Customer
		administrator *Administrator
	}{
		"customer":                {person{portal: portalYes, customers: seven, payload: `{"id":7}`}, &jane, nil},
		"customer, empty portal":  {person{portal: says(200, `[]`), customers: seven}, &jane, nil},
		"customer, odd token":     {person{portal: portalYes, customers: seven, payload: `garbage`}, &jane, nil},
		"token claims another":    {person{portal: portalYes, customers: seven, payload: `{"id":8}`}, &jane, nil},
		"customer of id 3":        {person{portal: portalYes, customers: seven, payload: `{"id":3}`, permissions: `[]`, administrators: staff, one: three}, &jane, nil},
		"administrator":           {person{customers: two, administrators: staff, one: three, payload: `{"id":3}`}, nil, &marla},
		"id as text":              {person{customers: two, administrators: staff, one: three, payload: `{"id":"3"}`}, nil, &marla},
		"single customer there":   {person{customers: seven, administrators: staff, one: three, payload: `{"id":3}`}, nil, &marla},
		"portal not there":        {person{portal: says(404, ``), customers: two, administrators: staff, one: three, payload: `{"id":3}`}, nil, &marla},
		"confirmed by key":        {person{customers: two, administrators: staff, oneKey: three, payload: `{"id":3}`}, nil, &marla},
		"may not add":             {person{administrators: staff, one: three, payload: `{"id":3}`, permissions: `{"api\\admin\\finance\\Payments":{"add":"deny"}}`}, nil, &quiet},
		"says not whether":        {person{administrators: staff, one: three, payload: `{"id":3}`, permissions: `{"Payments":{"index":"allow"}}`}, nil, &quiet},
		"yes and no":              {person{administrators: staff, one: three, payload: `{"id":3}`, permissions: `{"Payments":{"add":"allow"},"api\\admin\\finance\\Payments":{"add":"deny"}}`}, nil, &quiet},
		"both":                    {person{portal: portalYes, customers: seven, administrators: staff, one: three, payload: `{"id":3}`}, &jane, &marla},
		"main account, sees subs": {person{portal: portalYes, customers: says(200, `[`+customer7+`,{"id":9,"parent_id":7}]`), payload: `{"id":7}`}, &jane, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.start(t)
			caller, err := s.whoIs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if (caller.Customer == nil) != (tt.customer == nil) || tt.customer != nil && *caller.Customer != *tt.customer {
				t.Errorf("customer %+v, want %+v", caller.Customer, tt.customer)
			}
			if (caller.Administrator == nil) != (tt.administrator == nil) || tt.administrator != nil && *caller.Administrator != *tt.administrator {
				t.Errorf("administrator %+v, want %+v", caller.Administrator, tt.administrator)
			}
			for _, c := range append(s.seen(true), s.seen(false)...) {
				if got := c.header.Get("User-Agent"); got != "caddy-paymentexpress" {
					t.Errorf("%s with User-Agent %q", c.path, got)
				}
			}
		})
	}
}

func TestWhoIsNobody(t *testing.T) {
	t.Parallel()
	code := func(status int, code string) http.HandlerFunc {
		return says(status, `{"error":{"message":"`+testSession+`","code":1,"internal_code":"`+code+`"}}`)
	}
	for name, p := range map[string]person{
		"ended":              {exchange: code(401, "UNAUTHORIZED")},
		"ended, no body":     {exchange: says(401, "")},
		"guest":              {exchange: code(401, "INVALID_USER")},
		"bad request":        {exchange: code(400, "BAD_REQUEST")},
		"input":              {exchange: says(422, `[{"field":"session_id","message":"`+testSession+`"}]`)},
		"neither":            {payload: `{"id":3}`},
		"two rows":           {portal: portalYes, customers: two, payload: `{"id":7}`},
		"no row":             {portal: portalYes, customers: says(200, `[]`), payload: `{"id":7}`},
		"subs of another":    {portal: portalYes, customers: says(200, `[`+customer7+`,{"id":9,"parent_id":8}]`), payload: `{"id":7}`},
		"not among them":     {portal: portalYes, customers: says(200, `[{"id":9,"parent_id":7},{"id":10,"parent_id":7}]`), payload: `{"id":7}`},
		"401 on the portal":  {portal: code(401, "UNAUTHORIZED"), customers: seven},
		"401 on the row":     {portal: portalYes, customers: says(401, ``)},
		"one row, no portal": {customers: seven, payload: `{"id":7}`},
		"staff, no id":       {customers: two, administrators: staff, one: three, payload: `{"sub":3}`},
		"staff, odd token":   {customers: two, administrators: staff, one: three, payload: `{"id":[3]}`},
		"staff, id below 1":  {customers: two, administrators: staff, one: three, payload: `{"id":-3}`},
		"no permissions":     {administrators: staff, one: three, payload: `{"id":3}`, permissions: `[]`},
		"sees no staff":      {administrators: says(200, `[]`), one: three, payload: `{"id":3}`},
		"401 on the staff":   {administrators: code(401, "TOKEN_BANNED"), one: three, payload: `{"id":3}`},
		"403 on the staff":   {one: three, oneKey: three, payload: `{"id":3}`},
		"no such person":     {administrators: staff, one: says(404, ``), oneKey: says(404, `{"error":{"internal_code":"NOT_FOUND"}}`), payload: `{"id":4}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := p.start(t)
			if _, err := s.whoIs(t.Context()); !errors.Is(err, ErrNoSession) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Whatever is not Splynx's own word about the session leaves it open.
func TestWhoIsUnknown(t *testing.T) {
	t.Parallel()
	customer := func(change func(*person)) person {
		p := person{portal: portalYes, customers: seven, administrators: staff, one: three, payload: `{"id":3}`}
		change(&p)
		return p
	}
	down := says(503, `{"error":{"internal_code":"SERVER_ERROR"}}`)
	for name, tt := range map[string]struct {
		person
		kind Kind
	}{
		"exchange: login page":       {person{exchange: toLogin}, KindUnclear},
		"exchange: web page":         {person{exchange: html}, KindUnclear},
		"exchange: proxy's 401":      {person{exchange: says(401, "<html>marked</html>")}, KindUnclear},
		"exchange: proxy's 403":      {person{exchange: says(403, "blocked")}, KindUnclear},
		"exchange: not there":        {person{exchange: says(404, "<html>")}, KindUnclear},
		"exchange: error":            {person{exchange: says(500, testSession)}, KindUnclear},
		"exchange: down":             {person{exchange: down}, KindUnavailable},
		"exchange: too many":         {person{exchange: says(429, `{}`)}, KindUnavailable},
		"exchange: no token":         {person{exchange: says(201, `{"access_token":""}`)}, KindUnclear},
		"exchange: nothing":          {person{exchange: says(201, ``)}, KindUnclear},
		"exchange: list":             {person{exchange: says(201, `[]`)}, KindUnclear},
		"exchange: not served":       {person{exchange: says(400, `{"error":{"internal_code":"INVALID_AUTH_TYPE"}}`)}, KindRefused},
		"exchange: off":              {person{exchange: says(405, `{"error":{"internal_code":"METHOD_DISABLED"}}`)}, KindUnavailable},
		"exchange: pinned":           {person{exchange: says(401, `{"error":{"internal_code":"IP_CHANGED"}}`)}, KindAuth},
		"exchange: cut off":          {person{exchange: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}, KindUnclear},
		"portal: error":              {customer(func(p *person) { p.portal = says(500, ``) }), KindUnclear},
		"portal: down":               {customer(func(p *person) { p.portal = down }), KindUnavailable},
		"portal: login page":         {customer(func(p *person) { p.portal = toLogin }), KindUnclear},
		"portal: web page":           {customer(func(p *person) { p.portal = html }), KindUnclear},
		"portal: word":               {customer(func(p *person) { p.portal = says(200, `"x"`) }), KindUnclear},
		"portal: empty":              {customer(func(p *person) { p.portal = says(200, ``) }), KindUnclear},
		"portal: address changed":    {customer(func(p *person) { p.portal = says(401, `{"error":{"internal_code":"IP_CHANGED"}}`) }), KindAuth},
		"portal: proxy's 403":        {customer(func(p *person) { p.portal = says(403, `<html>`) }), KindUnclear},
		"row: error":                 {customer(func(p *person) { p.customers = says(500, ``) }), KindUnclear},
		"row: web page":              {customer(func(p *person) { p.customers = html }), KindUnclear},
		"row: object":                {customer(func(p *person) { p.customers = says(200, customer7) }), KindUnclear},
		"row: null":                  {customer(func(p *person) { p.customers = says(200, `null`) }), KindUnclear},
		"row: without id":            {customer(func(p *person) { p.customers = says(200, `[{"name":"Jane"}]`) }), KindUnclear},
		"staff: error":               {customer(func(p *person) { p.administrators = says(500, ``) }), KindUnclear},
		"staff: web page":            {customer(func(p *person) { p.administrators = html }), KindUnclear},
		"one: error":                 {customer(func(p *person) { p.one = says(500, ``) }), KindUnclear},
		"one: other":                 {customer(func(p *person) { p.one = says(200, `{"id":4}`) }), KindUnclear},
		"one: by key, error":         {customer(func(p *person) { p.one, p.oneKey = forbidden, says(500, ``) }), KindUnclear},
		"one: by key, no permission": {customer(func(p *person) { p.one = forbidden }), KindAuth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.start(t)
			_, err := s.whoIs(t.Context())
			if errors.Is(err, ErrNoSession) {
				t.Fatalf("got %v", err)
			}
			if e := theError(t, err, tt.kind); !e.SurelyNot() || e.Created || e.Message != "" && e.Op != opAdministrator.name {
				t.Errorf("%+v", e)
			}
		})
	}
	s := person{}.start(t)
	s.http.Close()
	_, err := s.whoIs(t.Context())
	theError(t, err, KindUnavailable)
}

func TestSlowSplynxIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	p := person{portal: portalYes, customers: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	s := p.start(t, func(c *Config) { c.Timeout = 100 * time.Millisecond })
	_, err := s.whoIs(t.Context())
	if e := theError(t, err, KindUnclear); !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("got %v", e)
	}
}

func TestSessionOfAnotherFormIsNotSent(t *testing.T) {
	t.Parallel()
	s := person{}.start(t)
	for _, session := range []string{"", "short", "0123456789abcde", "0123456789abcdef\n", "0123456789abcde;", "../../0123456789abcdef", strings.Repeat("a", 129), "0123456789abcdé0"} {
		if _, err := s.client.WhoIs(t.Context(), secret.New(session)); !errors.Is(err, ErrNoSession) || session != "" && strings.Contains(err.Error(), session) {
			t.Errorf("%q: %v", session, err)
		}
	}
	if n := len(s.seen(true)); n != 0 {
		t.Errorf("%d calls", n)
	}
	for _, session := range []string{"0123456789abcdef", strings.Repeat("a,", 64)} {
		_, _ = s.client.WhoIs(t.Context(), secret.New(session))
		var b map[string]string
		calls := s.seen(true)
		for _, c := range calls {
			if c.method == http.MethodPost {
				_ = json.Unmarshal([]byte(c.body), &b)
			}
		}
		if len(b) != 2 || b["auth_type"] != "session" || b["session_id"] != session {
			t.Errorf("sent %v", b)
		}
	}
}

// The token is dropped afterwards; a Splynx that hangs then keeps nobody waiting.
func TestTokenOfASessionIsDropped(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	s := person{portal: portalYes, customers: seven}.start(t, ownConnections)
	answer := s.auth
	s.auth = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			<-goOn
		}
		answer(w, r)
	}
	if _, err := s.whoIs(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if err := s.client.Close(t.Context()); err != nil { // waits for it
		t.Fatal(err)
	}
	calls := s.seen(true)
	if c := calls[len(calls)-1]; len(calls) != 2 || c.method != http.MethodDelete || c.path != "admin/auth/tokens/marked%2Frefresh%20token" ||
		c.header.Get("Authorization") != tokenHeader(secret.New(personAccess(""))) {
		t.Errorf("calls %+v", calls)
	}
	noSecrets(t, s.logText())
}
