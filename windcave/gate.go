package windcave

import (
	"context"
	"errors"
	"net/http"
)

// Gate stands before each call: it bounds how many there are at a time, and keeps calls from
// a gateway that is known not to answer.
type Gate interface {
	// Enter waits for a place, at most until ctx ends. With an error the call is not sent.
	// Else done has to be called when it is over: with false when nobody answered usefully
	// (no connection, time-out, broken connection, a status of 500 or more).
	Enter(ctx context.Context) (done func(reached bool), err error)
}

// keptBack is the cause of a call that the gate did not let pass.
type keptBack struct{ cause error }

func (k keptBack) Error() string { return "kept back: " + k.cause.Error() }
func (k keptBack) Unwrap() error { return k.cause }

// pass posts a document through the gate.
func (c *caller) pass(ctx context.Context, t *trail, op operation, document []byte) (answer, error) {
	if c.gate == nil {
		return c.post(t.follow(ctx), op, document)
	}
	done, err := c.gate.Enter(ctx)
	if err != nil {
		return answer{}, keptBack{err}
	}
	came := false
	defer func() { done(came) }() // also when a transport panics; a lost place never comes back
	a, err := c.post(t.follow(ctx), op, document)
	came = reached(a.status, err)
	return a, err
}

// reached tells whether a whole answer came that is not the gateway's own failure. What is
// wrong with its content is another matter.
func reached(status int, err error) bool {
	whole := err == nil || errors.Is(err, errRedirect) || errors.Is(err, errStatus) ||
		errors.Is(err, errEmpty) || errors.Is(err, errTooLarge)
	return whole && status < http.StatusInternalServerError
}
