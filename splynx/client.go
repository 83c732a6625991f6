package splynx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"
)

// Client calls one Splynx with one API key. It is safe for concurrent use.
type Client struct {
	base         string // ends with api/2.0/
	host, scheme string // as people see them
	key, secret  secret.Secret
	agent        string
	limit        time.Duration
	log          *zap.Logger
	now          func() time.Time
	pause        func() time.Duration // between two tries of a read
	http         *http.Client
	traced       bool // the transport reports when it got a connection

	gate   Gate // nil: none
	auth   Auth
	tokens tokenStore

	nonces  Nonces
	signing chan struct{}       // holds one value while a call with a nonce is under way
	drops   *semaphore.Weighted // tokens of people that are being dropped
}

// do makes a call with the API key's proof. With a token, a 401 surely did nothing: the call
// is then sent once more with a fresh token.
func (c *Client) do(ctx context.Context, op operation, r request) (*answer, error) {
	if c.auth == AuthSignature {
		return c.doSigned(ctx, op, r)
	}
	t, err := c.token(ctx, op, nil)
	if err != nil {
		return nil, err
	}
	r.token = t.access
	a, err := c.exchange(ctx, op, r)
	if !tokenSpent(err) {
		return a, err
	}
	if t, err = c.token(ctx, op, t); err != nil {
		return nil, err
	}
	r.token = t.access
	return c.exchange(ctx, op, r)
}

// wireRow is one object as Splynx writes it, which knows how to become ours.
type wireRow[T any] interface {
	rowID() int64
	value() (T, error)
}

// wireKey is the id that every object has.
type wireKey struct {
	ID wireID `json:"id"`
}

func (k wireKey) rowID() int64 { return int64(k.ID) }

// read gets the object with an id. An answer that holds another object is no answer.
func read[W wireRow[T], T any](ctx context.Context, c *Client, op operation, id int64) (*T, error) {
	if id <= 0 {
		return nil, inputError(op, "the id %d is not positive", id)
	}
	a, err := c.do(ctx, op, request{element: strconv.FormatInt(id, 10)})
	if err != nil {
		return nil, err
	}
	return object[W](op, id, a)
}

// object reads the object with an id from an answer.
func object[W wireRow[T], T any](op operation, id int64, a *answer) (*T, error) {
	var w W
	if err := decode(a.body, &w); err != nil {
		return nil, unreadable(op, a, err)
	}
	if w.rowID() != id {
		return nil, unreadable(op, a, errors.New("it holds another object than the one asked for"))
	}
	v, err := w.value()
	if err != nil {
		return nil, unreadable(op, a, err)
	}
	return &v, nil
}

// create posts an object and returns its id. Only 201 with an id is a success; any other
// 2xx may have created the object, and says so.
func (c *Client) create(ctx context.Context, op operation, object any) (int64, error) {
	body, err := json.Marshal(object)
	if err != nil {
		return 0, inputError(op, "it cannot be written as JSON: %w", err)
	}
	a, err := c.do(ctx, op, request{body: body})
	if err != nil {
		return 0, err
	}
	var w wireKey
	err = decode(a.body, &w)
	switch {
	case err != nil:
	case a.status != http.StatusCreated:
		err = fmt.Errorf("status %d in place of 201", a.status)
	case w.ID <= 0:
		err = errors.New("it holds no id")
	default:
		return int64(w.ID), nil
	}
	return 0, unreadable(op, a, err)
}

// update puts an object with an id.
func (c *Client) update(ctx context.Context, op operation, id int64, object any) error {
	return c.put(ctx, op, request{element: strconv.FormatInt(id, 10)}, object)
}

// put puts an object at a place.
func (c *Client) put(ctx context.Context, op operation, place request, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return inputError(op, "it cannot be written as JSON: %w", err)
	}
	place.body = body
	return c.change(ctx, op, place)
}

// change sends a PUT or a DELETE. Splynx answers 202 or 204 with an empty body; a page in
// place of it means that something else than Splynx has answered.
func (c *Client) change(ctx context.Context, op operation, r request) error {
	a, err := c.do(ctx, op, r)
	if err != nil {
		return err
	}
	if len(a.body) > 0 && !json.Valid(a.body) {
		return unreadable(op, a, errors.New("it is not JSON"))
	}
	return nil
}
