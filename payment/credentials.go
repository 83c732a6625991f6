package payment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// credentials lists every set of credentials: those in use, then the retired ones.
func (g *Generation) credentials() []Credentials {
	partners := []Partner{g.Default}
	for _, id := range slices.Sorted(maps.Keys(g.Partners)) {
		partners = append(partners, g.Partners[id])
	}
	var all []Credentials
	for _, p := range partners {
		all = append(all, p.Credentials)
	}
	for _, p := range partners {
		all = append(all, p.Retired...)
	}
	return all
}

// pxPay finds the clients for the user that a payment was started with, the newest key first:
// an old one may still be what an old result token asks for.
func (g *Generation) pxPay(endpoint, user string) ([]*windcave.PxPay, error) {
	var found []*windcave.PxPay
	for _, c := range g.credentials() {
		if c.PxPay != nil && c.Endpoint == endpoint && c.PxPayUser == user && !slices.Contains(found, c.PxPay) {
			found = append(found, c.PxPay)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: PxPay user %q at %s", ErrNoCredentials, user, endpoint)
	}
	return found, nil
}

// pxPost is pxPay for the user that answers Status.
func (g *Generation) pxPost(endpoint, user string) ([]*windcave.PxPost, error) {
	var found []*windcave.PxPost
	for _, c := range g.credentials() {
		if c.PxPost != nil && c.Endpoint == endpoint && c.PxPostUser == user && !slices.Contains(found, c.PxPost) {
			found = append(found, c.PxPost)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: PxPost user %q at %s", ErrNoCredentials, user, endpoint)
	}
	return found, nil
}

// processResponse asks with one key after the other, as long as the gateway refuses the key or
// knows no such token under it. A token is called invalid only if every key was heard.
func processResponse(ctx context.Context, keys []*windcave.PxPay, token secret.Secret) (*windcave.Result, error) {
	var refused, invalid error
	for _, key := range keys {
		result, err := key.ProcessResponse(ctx, token)
		switch {
		case err == nil:
			return result, nil
		case isInvalidToken(err):
			invalid = err
		case isRefusedKey(err):
			refused = err
		default:
			return nil, err
		}
	}
	if refused != nil {
		return nil, refused
	}
	return nil, invalid
}

// askStatus asks with one password after the other, as long as the gateway refuses it.
func askStatus(ctx context.Context, passwords []*windcave.PxPost, p *Payment) (v windcave.Verdict, err error) {
	for _, password := range passwords {
		answer, err := password.Status(ctx, string(p.TxnID))
		if err != nil {
			return windcave.Verdict{Foreign: true}, err
		}
		if v = answer.Judge(p.expect()); v.Outcome != windcave.Failed {
			break
		}
	}
	return v, nil
}

// isRefusedKey tells that the gateway does not take the credentials, or not from here.
func isRefusedKey(err error) bool {
	var failed *windcave.Error
	return errors.As(err, &failed) && failed.Kind == windcave.KindRefused && failed.Class == windcave.ClassConfig
}

func isInvalidToken(err error) bool {
	var failed *windcave.Error
	return errors.As(err, &failed) && failed.Kind == windcave.KindRefused && failed.Key == windcave.KeyTokenInvalid
}

// Serves tells whether a partner's customers can pay: ErrNoPartner if the partner has had
// payments under credentials of its own and has none now. Money must not go to the default
// partner's account only because a block was removed.
func (e *Engine) Serves(ctx context.Context, g *Generation, partner int64) error {
	if _, ok := g.Partners[partner]; ok {
		return nil
	}
	if _, ok := g.served.Load(partner); ok {
		return nil
	}
	last, err := e.store.Find(ctx, Filter{Partner: partner, Limit: 1})
	if err != nil {
		return err
	}
	if len(last) > 0 && last[0].OwnAccount && !g.Default.knows(last[0].Endpoint, last[0].PxPayUser) {
		return fmt.Errorf("%w: partner %d was last paid to an account of its own, by PxPay user %q; give it a block again", ErrNoPartner, partner, last[0].PxPayUser)
	}
	g.served.Store(partner, true)
	return nil
}

// knows tells whether a user at the gateway is, or was, the partner's.
func (p Partner) knows(endpoint, user string) bool {
	return slices.ContainsFunc(append([]Credentials{p.Credentials}, p.Retired...), func(c Credentials) bool {
		return c.Endpoint == endpoint && c.PxPayUser == user
	})
}
