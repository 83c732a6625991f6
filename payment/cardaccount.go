package payment

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// accountLife is how long the account that cards are kept in is remembered.
const accountLife = 10 * time.Minute

// cardAccount is the payment account in Splynx that cards are kept in.
type cardAccount struct {
	id     int64
	fields CardFields
	at     time.Time // when it was read
}

// cardAccount finds the payment account that cards are kept in. ErrNoCardAccount.
func (g *Generation) cardAccount(ctx context.Context, now time.Time) (*cardAccount, error) {
	if a := g.account.Load(); a != nil && now.Sub(a.at).Abs() < accountLife {
		return a, nil
	}
	all, err := g.Splynx.PaymentAccounts(ctx)
	if err != nil {
		return nil, err
	}
	found, err := FindCardAccount(all, g.Settings.Cards.Account)
	if err != nil {
		return nil, err
	}
	a := &cardAccount{found.ID, g.Settings.Cards.Fields.In(found), now}
	g.account.Store(a)
	return a, nil
}

// FindCardAccount picks the payment account by its title or id, or by what the add-on calls
// itself if want is empty. The error, an ErrNoCardAccount, says what to do.
func FindCardAccount(all []splynx.PaymentAccount, want string) (splynx.PaymentAccount, error) {
	var found []splynx.PaymentAccount
	for _, a := range all {
		title := strings.ToLower(strings.ReplaceAll(a.Title, " ", ""))
		switch {
		case want == strconv.FormatInt(a.ID, 10), want != "" && strings.EqualFold(a.Title, want),
			want == "" && (strings.Contains(title, "windcave") || strings.Contains(title, "paymentexpress")):
			found = append(found, a)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return splynx.PaymentAccount{}, fmt.Errorf("%w: several fit; name one of them by its id: cards { account ID }", ErrNoCardAccount)
	case want != "":
		return splynx.PaymentAccount{}, fmt.Errorf("%w: none is called %q, nor has that id", ErrNoCardAccount, want)
	}
	return splynx.PaymentAccount{}, fmt.Errorf("%w: none names Payment Express or Windcave; add one, or name another one: cards { account TITLE }", ErrNoCardAccount)
}

// What the labels of an account's fields tell; the add-on's own are not public.
var cardLabels = []struct {
	field func(*CardFields) *int
	label *regexp.Regexp
}{
	{func(f *CardFields) *int { return &f.Token }, regexp.MustCompile(`(?i)token|billing *id|rebill`)},
	{func(f *CardFields) *int { return &f.Number }, regexp.MustCompile(`(?i)number|mask|last|digits`)},
	{func(f *CardFields) *int { return &f.Expires }, regexp.MustCompile(`(?i)exp`)},
	{func(f *CardFields) *int { return &f.Brand }, regexp.MustCompile(`(?i)brand|type|scheme`)},
	{func(f *CardFields) *int { return &f.User }, regexp.MustCompile(`(?i)user`)},
}

// In tells which fields of an account hold a card: those that were set; else those whose labels
// tell, the first of several; and where none names the token, 1 to 4.
func (f CardFields) In(a splynx.PaymentAccount) CardFields {
	if f != (CardFields{}) {
		return f
	}
	for i, label := range a.Fields {
		for _, known := range cardLabels {
			if at := known.field(&f); *at == 0 && known.label.MatchString(label) {
				*at = i + 1
				break
			}
		}
	}
	if f.Token == 0 {
		return CardFields{Token: 1, Number: 2, Expires: 3, Brand: 4}
	}
	return f
}
