package splynx

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"golang.org/x/sync/singleflight"
)

// token is one access token, and what renews it.
type token struct {
	access, refresh secret.Secret
	renewAt         time.Time          // not used from here on
	refreshUntil    time.Time          // zero: unknown
	permissions     func() Permissions // read when asked for: the map is large, and seldom looked at
}

// tokenStore holds the client's current token. Its lock is not held during a call; making
// makes sure that only one call at a time asks for a token.
type tokenStore struct {
	making  singleflight.Group
	mu      sync.Mutex
	current *token
}

// token returns a usable token other than spent, the one that Splynx has just refused.
func (c *Client) token(ctx context.Context, op operation, spent *token) (*token, error) {
	for range 2 {
		if t := c.usable(spent); t != nil {
			return t, nil
		}
		// The maker serves everyone who waits, so it does not end with the first of them.
		made := c.tokens.making.DoChan("", func() (any, error) {
			return c.obtain(context.WithoutCancel(ctx), spent)
		})
		select {
		case <-ctx.Done():
			return nil, &Error{Op: op.name, Kind: KindUnavailable, Permission: op.permission, read: op.reads(), Err: withoutURL(ctx.Err())}
		case r := <-made:
			if r.Err != nil {
				return nil, noToken(r.Err)
			}
			// Whoever joined a maker that was under way may be handed the spent token.
			if t := r.Val.(*token); t != spent {
				return t, nil
			}
		}
	}
	return nil, &Error{Op: opSignIn.name, Kind: KindUnavailable, Err: errors.New("no fresh token came")}
}

// usable returns the current token, if it is good for a while yet.
func (c *Client) usable(spent *token) *token {
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	t := c.tokens.current
	if t == nil || t == spent || !c.now().Before(t.renewAt) {
		return nil
	}
	return t
}

// obtain renews the current token or, when it was refused or cannot be renewed, makes one.
func (c *Client) obtain(ctx context.Context, spent *token) (*token, error) {
	if t := c.usable(spent); t != nil {
		return t, nil // made while we came here
	}
	c.tokens.mu.Lock()
	old := c.tokens.current
	c.tokens.mu.Unlock()
	if old != nil && old != spent {
		if t, err := c.renew(ctx, old); err == nil {
			return c.keep(t), nil
		}
	}
	t, err := c.signIn(ctx)
	if err != nil {
		return nil, err
	}
	return c.keep(t), nil
}

func (c *Client) keep(t *token) *token {
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	c.tokens.current = t
	return t
}

// signIn makes a token from the API key.
func (c *Client) signIn(ctx context.Context) (*token, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	leave, err := c.turn(ctx, opSignIn)
	if err != nil {
		return nil, err
	}
	defer leave()
	nonce, err := c.nonces.Next(ctx)
	if err != nil {
		return nil, noNonce(opSignIn, err)
	}
	body, err := json.Marshal(map[string]any{
		"auth_type": "api_key",
		"key":       c.key.Reveal(),
		"nonce":     nonce,
		"signature": sign(c.key, c.secret, nonce),
	})
	if err != nil {
		return nil, inputError(opSignIn, "it cannot be written as JSON")
	}
	a, err := c.exchange(ctx, opSignIn, request{body: body})
	if err != nil {
		return nil, err
	}
	return c.readToken(opSignIn, a)
}

// renew asks for a token with the refresh token of another, which needs no other proof.
func (c *Client) renew(ctx context.Context, old *token) (*token, error) {
	if old.refresh.Empty() || !old.refreshUntil.IsZero() && !c.now().Before(old.refreshUntil) {
		return nil, errors.New("the token cannot be renewed any more")
	}
	a, err := c.exchange(ctx, opRenewToken, request{element: old.refresh.Reveal()})
	if err != nil {
		return nil, err
	}
	t, err := c.readToken(opRenewToken, a)
	if err != nil {
		return nil, err
	}
	if t.refresh.Empty() {
		t.refresh, t.refreshUntil = old.refresh, old.refreshUntil
	}
	t.permissions = old.permissions // a renewal does not repeat them
	return t, nil
}

// wireToken is Splynx's answer to both. Times are Unix seconds of Splynx's clock.
type wireToken struct {
	Access       wireText        `json:"access_token"`
	AccessUntil  wireID          `json:"access_token_expiration"`
	Refresh      wireText        `json:"refresh_token"`
	RefreshUntil wireID          `json:"refresh_token_expiration"`
	Permissions  json.RawMessage `json:"permissions"`
}

func (c *Client) readToken(op operation, a *answer) (*token, error) {
	var w wireToken
	if err := decode(a.body, &w); err != nil {
		return nil, unreadable(op, a, err)
	}
	if w.Access == "" {
		return nil, unreadable(op, a, errors.New("it holds no access token"))
	}
	now := c.now()
	t := &token{
		access:      secret.New(string(w.Access)),
		refresh:     secret.New(string(w.Refresh)),
		renewAt:     renewalTime(now, int64(w.AccessUntil)),
		permissions: sync.OnceValue(func() Permissions { return readPermissions(w.Permissions) }),
	}
	if w.RefreshUntil > 0 {
		t.refreshUntil = time.Unix(int64(w.RefreshUntil), 0)
	}
	return t, nil
}

// renewalTime is a tenth of the token's life before its end, but between 5 and 60 seconds.
// An end that is already past means that the two clocks differ (or that none was told):
// the token is then used for five minutes of the documented thirty, and a 401 tells the rest.
func renewalTime(now time.Time, until int64) time.Time {
	life := time.Unix(until, 0).Sub(now)
	if life <= 0 {
		return now.Add(5 * time.Minute)
	}
	return now.Add(life - min(max(life/10, 5*time.Second), time.Minute))
}

// tokenSpent tells whether an answer refuses the token itself, so that a fresh one may help.
func tokenSpent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != KindAuth {
		return false
	}
	switch e.InternalCode {
	case "EXPIRED_ACCESS_TOKEN", "TOKEN_BANNED", "USER_AGENT_CHANGED", "IP_CHANGED":
		return true // also as a 403
	}
	return e.HTTPStatus == http.StatusUnauthorized
}

// noToken makes the error of a call that was not sent because no token could be had. The
// call did nothing, whatever became of the sign-in.
func noToken(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return &Error{Op: opSignIn.name, Kind: KindUnavailable, Err: err}
	}
	told := *e
	switch {
	case e.Kind == KindAuth, e.HTTPStatus == http.StatusBadRequest, e.HTTPStatus == http.StatusUnprocessableEntity:
		told.Kind = KindAuth
	default:
		told.Kind = KindUnavailable
	}
	told.Created = false
	return &told
}

// Close drops the access token at Splynx, and waits for tokens of WhoIs and SignIn that are
// still being dropped. The client stays usable: a later call makes a new token.
func (c *Client) Close(ctx context.Context) error {
	if c.drops.Acquire(ctx, maxDrops) == nil {
		c.drops.Release(maxDrops)
	}
	c.tokens.mu.Lock()
	t := c.tokens.current
	c.tokens.current = nil
	c.tokens.mu.Unlock()
	if t == nil || t.refresh.Empty() {
		return nil
	}
	_, err := c.exchange(ctx, opDropToken, request{element: t.refresh.Reveal(), token: t.access})
	return err
}
