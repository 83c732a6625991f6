package splynx

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// CheckToken proves that signing in with the API key works, whatever Config.Auth says: it
// makes a token of its own, reads the payment methods with it and drops it.
func (c *Client) CheckToken(ctx context.Context) error {
	t, err := c.signIn(ctx)
	if err != nil {
		return noToken(err)
	}
	defer c.drop(ctx, t)
	a, err := c.exchange(ctx, opPaymentMethods, request{token: t.access})
	if err != nil {
		return err
	}
	_, err = rowsIn[wirePaymentMethod](opPaymentMethods, a)
	return err
}

// CheckSignature proves that a signature on the call itself works, whatever Config.Auth says.
func (c *Client) CheckSignature(ctx context.Context) error {
	a, err := c.doSigned(ctx, opPaymentMethods, request{})
	if err != nil {
		return err
	}
	_, err = rowsIn[wirePaymentMethod](opPaymentMethods, a)
	return err
}

// Clock reads the time of the server that answers at the address, to the second: Splynx's
// own or that of a proxy before it. It needs no API key.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	a, err := c.exchange(ctx, opCheck, request{})
	if err != nil {
		// An installation may refuse the question; the refusal tells the time as well.
		e, ok := errors.AsType[*Error](err)
		if ok && !e.date.IsZero() && (e.HTTPStatus == http.StatusMethodNotAllowed || e.Kind == KindAuth) {
			return e.date, nil
		}
		return time.Time{}, err
	}
	if a.date.IsZero() {
		return time.Time{}, unreadable(opCheck, a, errors.New("it has no date"))
	}
	return a.date, nil
}
