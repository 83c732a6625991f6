package splynx

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// Why nobody was signed in, though Splynx has answered.
var (
	// ErrSignIn tells that Splynx does not take the login with the password, or not here.
	// It is the same for a login that is not there as for a wrong password.
	ErrSignIn = errors.New("splynx: the login or the password is wrong")
	// ErrTooManyAttempts tells that Splynx looks at no login and password for a while. How
	// long, it does not say. The error is also an *Error of KindUnavailable.
	ErrTooManyAttempts = errors.New("too many attempts to sign in")
)

func notSignedIn(why string) error { return fmt.Errorf("%w: %s", ErrSignIn, why) }

// maxCredential is the longest login or password that is passed on, in bytes.
const maxCredential = 1024

// SignIn finds out which customer a login and its password are of. What may be read with the
// token that Splynx gives for them proves who it is, as in WhoIs; the token is dropped then.
// The error is ErrSignIn, ErrTooManyAttempts, or an *Error when nothing was learnt. A
// customer's state is for the caller to look at.
//
// The login may be an e-mail address, as the portal's settings have it. To Splynx, all who
// sign in come from one address, that of this machine: it is for the caller to bound how
// often people may try.
func (c *Client) SignIn(ctx context.Context, login string, password secret.Secret) (*Customer, error) {
	if !isCredential(login) || !isCredential(password.Reveal()) {
		return nil, notSignedIn("one of them is of a form that is not passed on")
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	t, err := c.exchangeLogin(ctx, login, password)
	if err != nil {
		return nil, err
	}
	defer c.drop(ctx, t)
	customer, err := c.proveCustomer(ctx, t)
	if err == nil && customer == nil {
		err = notSignedIn("Splynx takes them, and they prove no one customer")
	}
	return customer, err
}

// isCredential refuses what JSON would change.
func isCredential(s string) bool {
	return s != "" && len(s) <= maxCredential && utf8.ValidString(s)
}

// exchangeLogin makes a token from a customer's login and password.
func (c *Client) exchangeLogin(ctx context.Context, login string, password secret.Secret) (*token, error) {
	t, err := c.personToken(ctx, opSignInCustomer, map[string]string{
		"auth_type": "customer", "login": login, "password": password.Reveal(),
	})
	e, failed := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return t, nil
	case failed && e.InternalCode == "EXCEEDED_MAX_ATTEMPTS":
		told := *e
		told.Kind, told.Err = KindUnavailable, ErrTooManyAttempts
		return nil, learntNothing(&told)
	case !refusesPerson(err):
		return nil, learntNothing(err)
	case failed && e.InternalCode == "MISSED_TWO_FACTOR_CODE":
		return nil, notSignedIn("Splynx asks for a second factor, which cannot be given here")
	}
	return nil, notSignedIn("Splynx refuses them")
}
