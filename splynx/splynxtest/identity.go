package splynxtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// identity is who calls.
type identity struct {
	kind        string // "api_key", "admin" or "customer"
	id          int64
	partner     int64               // 0: all partners
	permissions map[string][]string // nil: everything
}

// keyState is an API key and the last nonce it was used with.
type keyState struct {
	APIKey
	id    int64
	nonce uint64
}

func (k *keyState) identity() identity {
	return identity{kind: "api_key", id: k.id, partner: k.PartnerID, permissions: k.Permissions}
}

const scheme = "Splynx-EA ("

var unauthorized = refuse(401, "UNAUTHORIZED", "Unauthorized")

// identify reads the Authorization header: an access token, a signature or, where the key allows it, Basic.
func (s *Server) identify(r *http.Request) (identity, *refusal) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return identity{}, refuse(401, "MISSED_AUTHORIZATION_HEADER", "Authorization header is missing")
	}
	if key, secret, ok := r.BasicAuth(); ok {
		if k := s.key(key); k != nil && k.Unsecure && k.Secret == secret {
			return k.identity(), s.listed(k.WhiteList, r)
		}
		return identity{}, unauthorized
	}
	inner, ok := strings.CutPrefix(header, scheme)
	if !ok || !strings.HasSuffix(inner, ")") {
		return identity{}, refuse(401, "INVALID_AUTH_TYPE", "Unknown authorization")
	}
	values, err := url.ParseQuery(strings.TrimSuffix(inner, ")"))
	if err != nil {
		return identity{}, unauthorized
	}
	if values.Has("access_token") {
		return s.bearer(r, values.Get("access_token"))
	}
	k, bad := s.signed(values.Get("key"), values.Get("nonce"), values.Get("signature"))
	if bad != nil {
		return identity{}, bad
	}
	return k.identity(), s.listed(k.WhiteList, r)
}

// listed refuses a caller whose address the key's list lacks.
func (s *Server) listed(whiteList []string, r *http.Request) *refusal {
	switch {
	case len(whiteList) == 0 || slices.Contains(whiteList, host(r)):
		return nil
	case s.opts.ForbidAddress:
		return forbidden
	}
	return unauthorized
}

// LastNonce is the nonce that the key was last used with, 0 when it was not or is not there.
func (s *Server) LastNonce(key string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.key(key); k != nil {
		return k.nonce
	}
	return 0
}

func (s *Server) key(name string) *keyState {
	for _, k := range s.keys {
		if k.Key == name {
			return k
		}
	}
	return nil
}

// signed checks a signature: upper-case hex of HMAC-SHA256, keyed with the secret, over nonce and key.
func (s *Server) signed(key, nonce, signature string) (*keyState, *refusal) {
	k := s.key(key)
	n, err := strconv.ParseUint(nonce, 10, 64)
	if k == nil || err != nil {
		return nil, unauthorized
	}
	mac := hmac.New(sha256.New, []byte(k.Secret))
	mac.Write([]byte(nonce + key))
	if !hmac.Equal([]byte(strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))), []byte(signature)) {
		return nil, unauthorized
	}
	if k.CheckNonce && n <= k.nonce {
		return nil, unauthorized
	}
	k.nonce = n
	return k, nil
}

// may reports whether the caller has the permission.
func (who identity) may(controller, action string) bool {
	switch {
	case who.kind == "customer":
		return slices.Contains(ownControllers, controller) && (action == "index" || action == "view")
	case who.permissions == nil:
		return true
	}
	return slices.Contains(who.permissions[controller], action)
}

// ownControllers are what a customer may read, own rows only.
var ownControllers = []string{"Customer", "CustomerBilling", "Invoices", "ProformaInvoices", "Payments", "Transactions"}

// sees refuses a record that the caller may not see.
func (s *Server) sees(who identity, res *resource, r *row) *refusal {
	owner := r.id()
	if res.owner != "" {
		owner = r.int(res.owner)
	}
	if who.kind == "customer" && owner != who.id && !s.isMainOf(who.id, owner) {
		return refuse(403, "NOT_ALLOWED_BY_USER_RESTRICTION", "Not allowed by user restriction")
	}
	if who.partner == 0 || res.open {
		return nil
	}
	partner := owner
	switch {
	case res.partner != "":
		partner = r.int(res.partner)
	case res.owner != "":
		partner = s.partnerOf(owner)
	}
	if partner != who.partner {
		return refuse(403, "NOT_ALLOWED_BY_PARTNER_RESTRICTION", "Not allowed by partner restriction")
	}
	return nil
}

// isMainOf reports whether a main account is shown its sub-account.
func (s *Server) isMainOf(main, sub int64) bool {
	c := s.customers.find(sub)
	return s.opts.MainSeesSubs && c != nil && c.int("parent_id") == main
}

func (s *Server) partnerOf(customer int64) int64 {
	if c := s.customers.find(customer); c != nil {
		return c.int("partner_id")
	}
	return 0
}

// byPartner is how a customer is guarded.
var byPartner = &resource{partner: "partner_id"}
