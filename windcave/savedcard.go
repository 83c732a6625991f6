package windcave

import (
	"regexp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// SavedCard is a card that the gateway keeps, with what may be shown of it. The holder's
// name is no part of it.
type SavedCard struct {
	// DpsBillingID charges the card: keep it like a password.
	DpsBillingID secret.Secret

	Brand  string // Visa, MasterCard, ...; may be empty
	Number string // masked, 411111........11; may be empty
	Expiry string // MMYY; may be empty
}

// SavedCard returns the card that a hosted payment with EnableAddBillCard was to save. There
// is one only if Judge approves the Result for want: the gateway sends a DpsBillingId with
// declines too, and a card that was declined is not saved. There is none either where the
// account may not save cards.
func (r *Result) SavedCard(want Expect) (SavedCard, bool) {
	return savedCard(r.Judge(want), r.dpsBillingID, r.CardName, r.CardNumber, r.DateExpiry)
}

// SavedCard returns the card of an answer to Status about a hosted payment that was to save
// it, as Result.SavedCard does.
func (t *Transaction) SavedCard(want Expect) (SavedCard, bool) {
	return savedCard(t.Judge(want), t.dpsBillingID, t.CardName, t.CardNumber, t.DateExpiry)
}

var (
	maskedForm = regexp.MustCompile(`^[0-9]{1,6}[.*xX]+[0-9]{1,4}$`)
	expiryForm = regexp.MustCompile(`^(0[1-9]|1[0-2])[0-9]{2}$`)
)

func savedCard(v Verdict, id secret.Secret, brand, number, expiry string) (SavedCard, bool) {
	if v.Outcome != Approved || !billingIDForm.MatchString(id.Reveal()) {
		return SavedCard{}, false
	}
	card := SavedCard{DpsBillingID: id, Brand: words(ascii(brand, 16))}
	if maskedForm.MatchString(number) {
		card.Number = number
	}
	if expiryForm.MatchString(expiry) {
		card.Expiry = expiry
	}
	return card, true
}
