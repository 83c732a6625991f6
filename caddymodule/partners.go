package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Credentials are a user name with its key or password.
type Credentials struct {
	User   string `json:"user,omitempty"`
	Secret string `json:"secret,omitempty"`
}

// Retired are credentials that payments are no longer made with.
type Retired struct {
	// `pxpay` or `pxpost`.
	Interface string `json:"interface,omitempty"`
	Credentials
}

// Partner is what differs for the customers of one of Splynx's partners. Whatever is not set
// is as for all others.
type Partner struct {
	// The PxPay 2.0 user.
	PxPay Credentials `json:"pxpay,omitzero"`
	// The PxPost user. A partner with a `pxpay` of its own does not use the other one's.
	PxPost Credentials `json:"pxpost,omitzero"`
	// What earlier payments were made with.
	Retired []Retired `json:"retired,omitempty"`
	// ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The id of the payment method in Splynx.
	PaymentMethod int64 `json:"payment_method,omitempty"`
	// How much a customer may pay to the balance at once.
	TopUp TopUp `json:"top_up,omitzero"`
	// The name that payers read.
	Name string `json:"name,omitempty"`
	Look
}

// checkPartners refuses what cannot work in a partner's block.
func (a *App) checkPartners() error {
	for _, id := range slices.Sorted(maps.Keys(a.Partners)) {
		p := a.Partners[id]
		switch {
		case id <= 0:
			return fmt.Errorf("paymentexpress: partner %d: want the partner's id in Splynx, such as partner 2", id)
		case p.Currency != "" && !currency.IsValid(p.Currency):
			return fmt.Errorf("paymentexpress: partner %d: currency %q is no ISO 4217 code, such as NZD", id, p.Currency)
		case p.PaymentMethod < 0:
			return fmt.Errorf("paymentexpress: partner %d: payment_method %d is no id", id, p.PaymentMethod)
		case p.PxPay.User == "" && p.PxPost.User != "":
			return fmt.Errorf("paymentexpress: partner %d: pxpost without pxpay; the partner needs both of its own, or neither", id)
		}
		if err := a.checkTopUp(id); err != nil {
			return err
		}
		if err := a.Cards.checkAmountIn(a.currencyOf(id)); err != nil {
			return err
		}
	}
	return nil
}

// topUp is how much a partner's customers may pay to their balance at once.
func (a *App) topUp(partner int64) web.TopUp {
	t := a.TopUp
	if own := a.Partners[partner].TopUp; own.Least != "" || own.Most != "" {
		t = own
	}
	return web.TopUp(t)
}

// checkTopUp refuses bounds that are none in the partner's currency.
func (a *App) checkTopUp(partner int64) error {
	if err := a.topUp(partner).Check(a.currencyOf(partner)); err != nil {
		return fmt.Errorf("paymentexpress: top_up for partner %d: %w", partner, err)
	}
	return nil
}

// currencyOf is what a partner's customers are charged in.
func (a *App) currencyOf(partner int64) string {
	if own := a.Partners[partner].Currency; own != "" {
		return own
	}
	return a.Currency
}

// partners are the settings for everybody, and for the partners that have a block.
func (a *App) partners() (payment.Partner, map[int64]payment.Partner, error) {
	if a.Windcave.PxPay.User == "" {
		return payment.Partner{}, nil, errors.New("windcave: pxpay is missing: the PxPay user id and its key")
	}
	byDefault, err := a.partner(payment.Partner{}, Partner{
		PxPay: a.Windcave.PxPay, PxPost: a.Windcave.PxPost, Retired: a.Windcave.Retired,
		Currency: a.Currency, PaymentMethod: a.PaymentMethod, Name: a.Name,
	})
	if err != nil {
		return byDefault, nil, fmt.Errorf("windcave: %w", err)
	}
	byDefault.Own = false
	partners := make(map[int64]payment.Partner, len(a.Partners))
	for id, block := range a.Partners {
		base := byDefault
		base.Retired = nil
		if partners[id], err = a.partner(base, block); err != nil {
			return byDefault, nil, fmt.Errorf("partner %d: %w", id, err)
		}
	}
	return byDefault, partners, nil
}

// partner is p with what the block sets.
func (a *App) partner(p payment.Partner, block Partner) (payment.Partner, error) {
	setIf(&p.Currency, block.Currency)
	setIf(&p.PaymentMethod, block.PaymentMethod)
	setIf(&p.Name, block.Name)
	var err error
	if block.PxPay.User != "" {
		p.Credentials = payment.Credentials{Endpoint: a.endpoint}
		if p.PxPay, p.PxPayUser, err = a.pxPay(block.PxPay); err != nil {
			return p, err
		}
		p.Own = true
	}
	if block.PxPost.User != "" {
		if p.PxPost, p.PxPostUser, err = a.pxPost(block.PxPost); err != nil {
			return p, err
		}
	}
	for _, r := range block.Retired {
		old := payment.Credentials{Endpoint: a.endpoint}
		switch r.Interface {
		case "pxpay":
			old.PxPay, old.PxPayUser, err = a.pxPay(r.Credentials)
		case "pxpost":
			old.PxPost, old.PxPostUser, err = a.pxPost(r.Credentials)
		default:
			err = fmt.Errorf("%q: pxpay or pxpost", r.Interface)
		}
		if err != nil {
			return p, fmt.Errorf("retired: %w", err)
		}
		p.Retired = append(p.Retired, old)
	}
	return p, nil
}

func setIf[T comparable](field *T, value T) {
	var zero T
	if value != zero {
		*field = value
	}
}

func (a *App) pxPay(c Credentials) (*windcave.PxPay, string, error) {
	user, key, err := a.credentials("pxpay", c)
	if err != nil {
		return nil, "", err
	}
	client, err := windcave.NewPxPay(a.windcaveConfig(), windcave.NewCredentials(user, key))
	return client, user, err
}

func (a *App) pxPost(c Credentials) (*windcave.PxPost, string, error) {
	user, password, err := a.credentials("pxpost", c)
	if err != nil {
		return nil, "", err
	}
	client, err := windcave.NewPxPost(a.windcaveConfig(), windcave.NewCredentials(user, password))
	return client, user, err
}

func (a *App) windcaveConfig() windcave.Config {
	return windcave.Config{Endpoint: a.endpoint, Logger: a.log.Named("windcave"), Gate: a.gates.windcave}
}

func (a *App) credentials(name string, c Credentials) (user, secret string, err error) {
	if user, err = a.resolve(name+" user", c.User); err != nil {
		return "", "", err
	}
	secret, err = a.resolveSecret(name+" secret", c.Secret)
	return user, secret, err
}

// warnWithoutPxPost says at the start whose payments nobody can be asked about.
func (a *App) warnWithoutPxPost() {
	for _, partner := range a.withoutPxPost() {
		a.log.Warn("windcave pxpost is not configured: a payment whose payer and notification never come back cannot be asked about", zap.Int64("partner", partner))
	}
}

// withoutPxPost lists the partners with credentials of their own that have no pxpost; 0 is for
// all partners without a block.
func (a *App) withoutPxPost() []int64 {
	list := []int64{}
	if a.generation.Default.PxPost == nil {
		list = append(list, 0)
	}
	for _, id := range slices.Sorted(maps.Keys(a.Partners)) {
		if p := a.generation.Partners[id]; p.Own && p.PxPost == nil {
			list = append(list, id)
		}
	}
	return list
}
