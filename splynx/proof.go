package splynx

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// proveCustomer returns the customer whose token it is, or nil. The portal answers customers
// only; the list of customers shows a customer its own row.
func (c *Client) proveCustomer(ctx context.Context, t *token) (*Customer, error) {
	a, err := c.exchange(ctx, opPortal, request{token: t.access})
	if err != nil {
		return nil, failureOnly(err)
	}
	if body := bytes.TrimSpace(a.body); !json.Valid(body) || body[0] != '{' && body[0] != '[' {
		return nil, unreadable(opPortal, a, errors.New("it is not JSON of the portal"))
	}
	a, err = c.exchange(ctx, opOwnCustomer, request{token: t.access, query: query{}.page(pageSize, 0).encoded})
	if err != nil {
		return nil, failureOnly(err)
	}
	rows, err := rowsIn[wireCustomer](opOwnCustomer, a)
	if err != nil {
		return nil, err
	}
	return ownRow(rows, t.claimedID()), nil
}

// ownRow returns the one row that there is. Whether a main account is also shown its
// sub-accounts is not documented: several rows are taken for that only when the token's own
// id is the main account of all the others.
func ownRow(rows []rowWithID[Customer], claimed int64) *Customer {
	if len(rows) == 1 {
		if r := &rows[0].value; claimed == 0 || r.ParentID != claimed || r.ID == claimed {
			return r
		}
		return nil // a sub-account, shown to its main account, is not who is signed in
	}
	var own *Customer
	for i := range rows {
		switch r := &rows[i].value; {
		case r.ID == claimed && own == nil:
			own = r
		case r.ID == claimed, r.ParentID != claimed:
			return nil
		}
	}
	if len(rows) >= pageSize {
		return nil // there may be more, of whomever
	}
	return own
}

// proveAdministrator returns the administrator whose token it is, or nil. The token must come
// with permissions and be able to read administrators; its id is confirmed by reading that
// administrator, with the token or, where its role may not, with the API key.
func (c *Client) proveAdministrator(ctx context.Context, t *token) (*Administrator, error) {
	id := t.claimedID()
	if id <= 0 || len(t.permissions()) == 0 {
		return nil, nil
	}
	a, err := c.exchange(ctx, opSeeAdministrators, request{token: t.access, query: query{}.page(1, 0).encoded})
	if err != nil {
		return nil, failureOnly(err)
	}
	rows, err := rowsIn[wireAdministrator](opSeeAdministrators, a)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	administrator, err := c.confirmAdministrator(ctx, t, id)
	if err != nil || administrator == nil {
		return nil, err
	}
	administrator.MayAddPayments = mayAddPayments(t.permissions())
	return administrator, nil
}

func (c *Client) confirmAdministrator(ctx context.Context, t *token, id int64) (*Administrator, error) {
	a, err := c.exchange(ctx, opSeeAdministrator, request{token: t.access, element: strconv.FormatInt(id, 10)})
	switch {
	case err == nil:
		return object[wireAdministrator](opSeeAdministrator, id, a)
	case !saysNo(err):
		return nil, learntNothing(err)
	}
	administrator, err := read[wireAdministrator](ctx, c, opAdministrator, id)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == KindNotFound {
		return nil, nil
	}
	return administrator, err
}

// failureOnly returns nil for a refusal by Splynx, which is an answer: not this.
func failureOnly(err error) error {
	if saysNo(err) {
		return nil
	}
	return learntNothing(err)
}

// paymentsControllers are the names under which payments stand in the map of permissions.
var paymentsControllers = []string{`api\admin\finance\Payments`, "Payments"}

// mayAddPayments wants a clear yes and no other word against it.
func mayAddPayments(p Permissions) bool {
	may := false
	for _, name := range paymentsControllers {
		allowed, told := p.Allows(name, "add")
		if told && !allowed {
			return false
		}
		may = may || allowed
	}
	return may
}

// claimedID reads the id in an access token: three parts, the second one JSON. It is a claim
// until something else confirms it; 0 when there is none.
func (t *token) claimedID() int64 {
	parts := strings.Split(t.access.Reveal(), ".")
	if len(parts) != 3 {
		return 0
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return 0
	}
	var w wireKey
	if decode(payload, &w) != nil {
		return 0
	}
	return max(int64(w.ID), 0)
}
