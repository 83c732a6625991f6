package splynx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// Caller is who is signed in with a session. One browser may hold a customer and an
// administrator at once; at least one of the two is set.
type Caller struct {
	Customer      *Customer
	Administrator *Administrator
}

// ErrNoSession tells that Splynx has answered, and that the session is nobody's: it has
// ended, or it is of a kind that the API does not serve.
var ErrNoSession = errors.New("splynx: nobody is signed in with this session")

func noSession(why string) error { return fmt.Errorf("%w: %s", ErrNoSession, why) }

// sessionForm is what PHP makes of session ids.
var sessionForm = regexp.MustCompile(`^[A-Za-z0-9,-]{16,128}$`)

// IsSession tells whether a cookie's value can be a session at all. WhoIs asks about no other.
func IsSession(value string) bool { return sessionForm.MatchString(value) }

// Tokens of people are dropped in the background: so many at a time, so long each. One that
// is not dropped ends by itself after half an hour.
const (
	maxDrops  = 64
	dropLimit = 5 * time.Second
)

// WhoIs finds out whose a browser session of Splynx is. The session is exchanged for an
// access token, and what that token may read proves whose it is; what it says of itself is
// not believed. The error is ErrNoSession, or an *Error when nothing was learnt. A customer's
// state is for the caller to look at.
func (c *Client) WhoIs(ctx context.Context, session secret.Secret) (*Caller, error) {
	if !IsSession(session.Reveal()) {
		return nil, noSession("it has not the form of a session")
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	t, err := c.exchangeSession(ctx, session)
	if err != nil {
		return nil, err
	}
	defer c.drop(ctx, t)
	return c.whose(ctx, t)
}

// exchangeSession makes a token from a session.
func (c *Client) exchangeSession(ctx context.Context, session secret.Secret) (*token, error) {
	t, err := c.personToken(ctx, opExchangeSession, map[string]string{"auth_type": "session", "session_id": session.Reveal()})
	e, failed := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return t, nil
	case !refusesPerson(err):
		return nil, learntNothing(err)
	case failed && e.InternalCode == "INVALID_USER":
		return nil, noSession("its user is of a kind that the API does not serve")
	}
	return nil, noSession("Splynx does not know it")
}

// personToken makes a token from what proves a person.
func (c *Client) personToken(ctx context.Context, op operation, proof map[string]string) (*token, error) {
	body, err := json.Marshal(proof)
	if err != nil {
		return nil, inputError(op, "it cannot be written as JSON")
	}
	a, err := c.exchange(ctx, op, request{body: body})
	if err != nil {
		return nil, err
	}
	return c.readToken(op, a)
}

// whose asks both questions at the same time. One that got no answer spoils the other: half
// of what a session holds would send people to the wrong page.
func (c *Client) whose(ctx context.Context, t *token) (*Caller, error) {
	var caller Caller
	var customerErr, administratorErr error
	var both sync.WaitGroup
	both.Go(func() { caller.Administrator, administratorErr = c.proveAdministrator(ctx, t) })
	caller.Customer, customerErr = c.proveCustomer(ctx, t)
	both.Wait()
	switch {
	case customerErr != nil:
		return nil, customerErr
	case administratorErr != nil:
		return nil, administratorErr
	case caller == Caller{}:
		return nil, noSession("it is neither a customer's nor an administrator's")
	}
	return &caller, nil
}

// drop ends a token at Splynx. Nobody waits for it.
func (c *Client) drop(ctx context.Context, t *token) {
	if t.refresh.Empty() || !c.drops.TryAcquire(1) {
		return
	}
	go func() {
		defer c.drops.Release(1)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropLimit)
		defer cancel()
		_, _ = c.exchange(ctx, opDropToken, request{element: t.refresh.Reveal(), token: t.access})
	}()
}

// aboutUs are the refusals that tell of this program or of what lies between, and nothing of
// the session: with them every session would be refused.
var aboutUs = []string{
	"INVALID_AUTH_TYPE", "EXCEEDED_MAX_ATTEMPTS", "USER_AGENT_CHANGED", "IP_CHANGED",
	"EMPTY_ACCESS_TOKEN", "MISSED_AUTHORIZATION_HEADER",
}

// saysNo tells a refusal by Splynx itself from a failure, and from the refusals of others.
func saysNo(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.foreign || slices.Contains(aboutUs, e.InternalCode) {
		return false
	}
	switch e.HTTPStatus {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// refusesPerson tells a refusal of what proves a person. A 405 says only that the question
// may not be asked.
func refusesPerson(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.HTTPStatus != http.StatusMethodNotAllowed && saysNo(err)
}

// learntNothing says of a call about a session that it changed nothing that matters, and
// that a refusal which is not Splynx's proves nothing.
func learntNothing(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	told := *e
	told.read, told.Created = true, false
	if e.foreign && e.Kind == KindAuth {
		told.Kind, told.Err = KindUnclear, errors.New("not Splynx has answered")
	}
	return &told
}
