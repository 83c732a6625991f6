package caddymodule

import (
	"context"
	"fmt"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// cardsOff is why nothing can be done with saved cards: only PxPost charges one.
const cardsOff = "saved cards are off: windcave pxpost is missing"

// onTheHost has what the API cannot do.
const onTheHost = "docs/splynx-host"

// savesCards tells whether a card can be saved by anybody.
func (c *checker) savesCards() bool {
	for _, a := range c.accounts() {
		if a.PxPost != nil {
			return true
		}
	}
	return false
}

// checkCards looks for the payment account in Splynx that cards are kept in. No customer's is
// read.
func (c *checker) checkCards(ctx context.Context) []finding {
	var found []finding
	for _, a := range c.accounts() {
		if a.PxPost == nil {
			found = append(found, warned("ask Windcave for a PxPost user, and write pxpost USER PASSWORD", cardsOff).about("saved cards%s", a.who))
		}
	}
	if !c.savesCards() {
		return found
	}
	ctx, cancel := c.call(ctx)
	defer cancel()
	all, err := c.api.PaymentAccounts(ctx)
	if err != nil {
		return append(found, refusedTo("Splynx's payment accounts cannot be read", err))
	}
	cards := c.app.generation.Settings.Cards
	var fit []string
	for _, a := range all {
		if _, err := payment.FindCardAccount([]splynx.PaymentAccount{a}, cards.Account); err == nil {
			fit = append(fit, named(a))
		}
	}
	account, err := payment.FindCardAccount(all, cards.Account)
	switch {
	case err == nil:
		return append(found, fieldsOf(account, cards.Fields))
	case len(fit) > 1:
		return append(found, warned("rename all but one of them in Splynx", "no card can be saved: of the payment accounts in Splynx, several are called %s: %s", called(cards), strings.Join(fit, ", ")))
	}
	var others []string
	for _, a := range all {
		others = append(others, named(a))
	}
	return append(found, warned("make one as in "+onTheHost, "no card can be saved: none of the payment accounts in Splynx is called %s; there are: %s", called(cards), listed(others)))
}

// called is what FindCardAccount looks for.
func called(cards payment.CardSettings) string {
	if cards.Account != "" {
		return cards.Account
	}
	return "Payment Express or Windcave"
}

func named(a splynx.PaymentAccount) string { return fmt.Sprintf("%d %s", a.ID, printable(a.Title)) }

// fieldsOf prints the labels beside what would be written there.
func fieldsOf(a splynx.PaymentAccount, configured payment.CardFields) finding {
	in := configured.In(a)
	var said []string
	unlabelled := false
	for _, f := range []struct {
		what string
		n    int
	}{
		{"Windcave's id of the card", in.Token},
		{"masked number", in.Number},
		{"card type", in.Brand},
		{"expiry", in.Expires},
		{"PxPost user", in.User},
	} {
		if f.n < 1 || f.n > len(a.Fields) {
			said = append(said, f.what+" nowhere")
			continue
		}
		label := a.Fields[f.n-1]
		unlabelled = unlabelled || label == ""
		said = append(said, fmt.Sprintf("%s in field %d %q", f.what, f.n, printable(label)))
	}
	text := fmt.Sprintf("kept in payment account %s: %s", named(a), strings.Join(said, ", "))
	if unlabelled || configured == (payment.CardFields{}) && guessed(a, in) {
		return warned("look whether these fields are right, before a card is saved: what stands there is written over; label them as in "+onTheHost, "%s. The labels do not say which field is which", text)
	}
	return good("%s", text)
}

// guessed tells whether no label names the token, in which case it goes to field 1: a label is
// followed when it moves.
func guessed(a splynx.PaymentAccount, in payment.CardFields) bool {
	moved := a
	moved.Fields = [splynx.AccountFields]string{}
	copy(moved.Fields[1:], a.Fields[:])
	return in.Token == 1 && payment.CardFields{}.In(moved).Token == 1
}
