package splynx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Gate stands before each call: it bounds how many there are at a time, and keeps calls from
// a Splynx that is known not to answer.
type Gate interface {
	// Enter waits for a place, at most until ctx ends. With an error the call is not sent.
	// Else done has to be called when it is over: with false when nobody answered usefully
	// (no connection, time-out, broken connection, a status of 500 or more but for errors in
	// Splynx's own form).
	Enter(ctx context.Context) (done func(reached bool), err error)
}

// exchange sends a request through the gate. Anything but a 2xx is an *Error.
func (c *Client) exchange(ctx context.Context, op operation, r request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	if c.gate == nil {
		return c.send(ctx, op, r)
	}
	done, err := c.gate.Enter(ctx)
	if err != nil {
		return nil, notSent(op, fmt.Errorf("kept back: %w", err))
	}
	came := false
	defer func() { done(came) }() // also when a transport panics; a lost place never comes back
	a, err := c.send(ctx, op, r)
	came = reached(err)
	return a, err
}

// reached tells from the error of a call whether Splynx, or a server before it, gave a whole
// answer that is not its own failure.
func reached(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return true
	}
	if _, broke := errors.AsType[*transportError](e.Err); broke && e.HTTPStatus/100 == 2 {
		return false
	}
	// An error in Splynx's own form is Splynx's, whatever its status: it is there, and other
	// calls may be answered.
	return e.HTTPStatus != 0 && (e.HTTPStatus < http.StatusInternalServerError || e.HTTPStatus == http.StatusInternalServerError && e.InternalCode != "")
}

// notSent is for a call that was given up before it was sent.
func notSent(op operation, cause error) error {
	return &Error{Op: op.name, Kind: KindUnavailable, Permission: op.permission, read: op.reads(), Err: cause}
}
