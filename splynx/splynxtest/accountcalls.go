package splynxtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const accountsPath = "admin/customers/customer-payment-accounts"

// accountKey names a row. account is 0 where only the customer is named.
type accountKey struct{ customer, account int64 }

// account reads the id of a call to payment accounts: CUST, or CUST--ACC.
func (c *call) account() (key accountKey, ok bool) {
	if c.res == nil || c.res.path != accountsPath {
		return accountKey{}, false
	}
	customer, account, both := strings.Cut(c.query.child("id").string(), "--")
	var err error
	if key.customer, err = strconv.ParseInt(customer, 10, 64); err != nil {
		return accountKey{}, false
	}
	if both {
		if key.account, err = strconv.ParseInt(account, 10, 64); err != nil || key.account == 0 {
			return accountKey{}, false
		}
	}
	return key, true
}

// accountsCall answers admin/customers/customer-payment-accounts: the definitions, or with ?id=CUST or ?id=CUST--ACC
// what a customer has stored. Not documented, and chosen: reading rows needs the permission view, making one update; an
// id in the path, or one that cannot be read, is 404; so are a PUT for a customer or account that is not there and a
// DELETE of a row that is not; reading what is not there gives an empty list.
func (s *Server) accountsCall(c *call) (answer, *refusal) {
	named := c.query.child("id") != nil
	key, whole := c.account()
	action := map[string]string{"GET": "index", "HEAD": "index", "PUT": "update", "DELETE": "delete"}[c.method]
	reads := action == "index"
	if reads && named {
		action = "view"
	}
	switch {
	case action == "":
		return answer{}, methodDisabled
	case !reads && c.rest == "" && (!named || whole && key.account == 0):
		return answer{}, withoutID
	case !c.who.may(c.res.controller, action):
		return answer{}, forbidden
	case c.rest != "" || named && !whole:
		return answer{}, notFound
	case !named:
		return s.collection(c)
	}
	if customer := s.customers.find(key.customer); customer != nil {
		if bad := s.sees(c.who, byPartner, customer); bad != nil {
			return answer{}, bad
		}
	}
	switch c.method {
	case http.MethodPut:
		return s.putAccount(c, key)
	case http.MethodDelete:
		return s.deleteAccount(c, key)
	}
	return s.list(c, s.accountData, s.rowsFor(c, key)), nil
}

// rowsFor are the rows that the id names and the caller may see. The fault that forgets the filter gives everybody's.
func (s *Server) rowsFor(c *call, key accountKey) []*row {
	var found []*row
	for _, a := range s.accounts.rows {
		r := s.accountRows[accountKey{key.customer, a.id()}]
		if r != nil && (key.account == 0 || key.account == a.id()) {
			found = append(found, r)
		}
	}
	if c.faulty(IgnoreFilter) {
		found = slices.Clone(s.accountData.rows)
	}
	return slices.DeleteFunc(found, func(r *row) bool { return s.sees(c.who, byOwner, r) != nil })
}

// byOwner is how a customer's row is guarded.
var byOwner = &resource{owner: "customer_id"}

func (s *Server) putAccount(c *call, key accountKey) (answer, *refusal) {
	switch {
	case s.customers.find(key.customer) == nil, s.accounts.find(key.account) == nil:
		return answer{}, notFound
	case c.body == nil:
		return answer{}, refuse(400, "BAD_REQUEST", "Body cannot be read")
	}
	if bad := s.keepAccountData(key, c.body, c.who.by()); bad != nil {
		return answer{}, bad
	}
	return answer{status: http.StatusAccepted, committed: true}, nil
}

func (s *Server) deleteAccount(c *call, key accountKey) (answer, *refusal) {
	r := s.accountRows[key]
	if r == nil {
		return answer{}, notFound
	}
	s.accountData.remove(r.id())
	delete(s.accountRows, key)
	s.noteAccount(r, c.who.by(), true)
	return answer{status: http.StatusNoContent, committed: true}, nil
}

// by is who is named in histories.
func (who identity) by() string {
	if who.kind == "admin" {
		return "admin"
	}
	return "api"
}

// keepAccountData makes or changes a row: all fields that were sent, or none when one cannot be kept. Fields that were
// not sent stay; a row whose fields are all emptied stays too.
func (s *Server) keepAccountData(key accountKey, in input, by string) *refusal {
	kept := s.accountRows[key]
	changed := s.accountData.blank()
	if kept != nil {
		changed.cells = slices.Clone(kept.cells)
	}
	if bad := changed.fill(in, false); bad != nil {
		return bad
	}
	if kept == nil {
		changed.setInt("customer_id", key.customer)
		changed.setInt("account_id", key.account)
		s.accountData.insert(changed)
		s.accountRows[key] = changed
	} else {
		kept.cells = changed.cells
	}
	s.noteAccount(changed, by, false)
	return nil
}

func (s *Server) noteAccount(r *row, by string, deleted bool) {
	s.accountLog = append(s.accountLog, AccountChange{AccountRow: accountRowOf(r), Time: s.Now(), By: by, Deleted: deleted})
}
