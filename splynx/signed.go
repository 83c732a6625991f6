package splynx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Auth is how calls prove whose they are.
type Auth uint8

const (
	// AuthToken signs in once and sends the access token. Calls run side by side.
	AuthToken Auth = iota
	// AuthSignature signs each call. Calls run one at a time, since a key with nonce check
	// refuses one that another has overtaken.
	AuthSignature
)

// doSigned makes a call with a signature. A 401 surely did nothing: the call is then sent
// once more, with a nonce far ahead.
func (c *Client) doSigned(ctx context.Context, op operation, r request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	leave, err := c.turn(ctx, op)
	if err != nil {
		return nil, err
	}
	defer leave()
	a, err := c.sendSigned(ctx, op, r)
	if e, ok := errors.AsType[*Error](err); !ok || e.HTTPStatus != http.StatusUnauthorized {
		return a, err
	}
	if s, ok := c.nonces.(skipper); ok {
		if err := s.Skip(ctx, leap); err != nil {
			return nil, noNonce(op, err)
		}
	}
	return c.sendSigned(ctx, op, r)
}

func (c *Client) sendSigned(ctx context.Context, op operation, r request) (*answer, error) {
	nonce, err := c.nonces.Next(ctx)
	if err != nil {
		return nil, noNonce(op, err)
	}
	r.nonce = nonce
	return c.exchange(ctx, op, r)
}

// turn waits until no other call with a nonce is under way.
func (c *Client) turn(ctx context.Context, op operation) (leave func(), err error) {
	select {
	case c.signing <- struct{}{}:
		return func() { <-c.signing }, nil
	case <-ctx.Done():
		return nil, notSent(op, fmt.Errorf("waited for another signed call: %w", withoutURL(ctx.Err())))
	}
}

func noNonce(op operation, cause error) error {
	return notSent(op, fmt.Errorf("no nonce to sign with: %w", cause))
}

// resign gives a read that is sent again a signature of its own.
func (c *Client) resign(req *http.Request) error {
	nonce, err := c.nonces.Next(req.Context())
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", signedHeader(c.key, c.secret, nonce))
	return nil
}
