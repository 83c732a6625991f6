package office

import (
	"cmp"
	"fmt"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// problemWords are the pages of what went wrong.
var problemWords = map[string]struct{ title, lead string }{
	"network":         {"Not from here", "The office’s pages are not open from this network."},
	"not_staff":       {"Not for you", "This page is for the provider’s staff."},
	"two_staff":       {"Two administrators", "Two administrators are signed in with this browser. Sign out in Splynx, then sign in once."},
	"too_many":        {"Too many tries", "Wait a few minutes, then open this page again."},
	"no_right":        {"You may not do this", "Your role in Splynx does not have the right that this page needs. Ask whoever looks after the payments module."},
	"signed_out":      {"You are signed out", "Nothing was done. Sign in to Splynx, then open the page again."},
	"no_session":      {"Splynx does not say who you are", "You come from Splynx’s sign-in, but Splynx does not say whose session this is. Try once more; then ask whoever looks after the payments module to look at session_cookie."},
	"other_staff":     {"Somebody else is signed in", "Nothing was done. This page was made for another administrator. Open it again."},
	"no_page":         {"There is no such page", "Check the address."},
	"no_customer":     {"There is no such customer", "There is no customer with this id, or not one that you may see."},
	"no_document":     {"Nothing found", "There is no document with this number or id, or not one that you may see."},
	"no_payment":      {"There is no such payment", "There is no payment with this reference, or not one that you may see."},
	"too_many_runs":   {"Too many runs for one file", "This person has made more than 1,000 runs, and the file would lack charges of the older ones. Name a last day, and take one file after the other."},
	"no_run":          {"There is no such charge run", "There is no charge run with this reference, or not one that you may see."},
	"two_partners":    {"Two partners", "You are bound to one partner, and another one is chosen in Splynx. Choose yours, or none."},
	"unknown_partner": {"There is no such partner", "There is no partner with this id, or not one that you may see."},
	"kept_changed":    {"It has changed meanwhile", "Nothing was done. Somebody has kept them out or let them in since the page was opened."},
	"method":          {"This address takes no such request", "Open it from the page that leads to it."},
	"bad_form":        {"This page is out of date", "Nothing was done. Open the page again, and look at what it says."},
	"old_form":        {"This page is too old", "Nothing was done. Open the page again, and look at what it says."},
	"cannot_settle":   {"It cannot be ended like this", "Nothing was changed."},
	"not_refundable":  {"It cannot be refunded", "Nothing was given back."},
	"no_card":         {"No card is saved", "Nothing was removed. The customer has no saved card."},
	"card_busy":       {"The card is in use", "Nothing was removed. The card is being charged, or was saved a moment ago. Try again in a few minutes."},
	"card_changed":    {"Another card stands there now", "Nothing was removed. Another card was saved since the page was opened."},
	"no_link":         {"No link can be made", "There is no such document, or not one that you may see."},
	"in_flight":       {"A payment is under way", "Nothing was charged. A payment for the same thing is under way already, or waits for a person."},
	"form_changed":    {"This form was sent before", "It was sent with other values. Look at the customer’s payments before you try again."},
	"no_credentials":  {"Saved cards cannot be used", "Nothing was charged. The PxPost user of this partner is not configured; without it no saved card is charged, and nothing is given back."},
	"held":            {"The journal is being checked", "Nothing was charged. After a start the payments here are compared with Splynx first. Try again in a minute."},
	"journal_old":     {"The journal is old", "Nothing was charged. Splynx has payments of ours that the journal does not know. Put the right journal back, or accept this one: caddy paymentexpress journal accept."},
	"no_partner":      {"The partner has no settings", "Nothing was charged. The customer’s partner is not served by this configuration, or in another currency."},
	"no_card_account": {"Splynx keeps no cards", "Nothing was charged. Splynx has no payment account for saved cards, or several fit."},
	"shut":            {"No payment can be taken now", "Nothing was charged. The journal cannot be used, or its disk is nearly full. The log says why."},
	"no_splynx":       {"Splynx cannot be reached", "Nothing was charged. Splynx did not answer, or not so that it can be read. Try again in a minute."},
	"unclear":         {"This page cannot be made", "Something did not answer. If you have just charged or given back, look at the customer’s payments before you try again."},
}

var kindWords = map[payment.Kind]string{
	payment.KindInvoice: "Invoice", payment.KindProforma: "Proforma invoice", payment.KindTopUp: "Balance",
	payment.KindCardCheck: "Card check", payment.KindRefund: "Refund",
}

// The marks of states: the class of the style sheet, which has its sign.
const (
	markDone = "done"
	markWait = "wait"
	markStop = "stop"
	markNeed = "need"
)

// standing is how a payment stands: a mark with a word, and a sentence.
type standing struct{ Mark, Word, Text string }

var standings = map[payment.State]standing{
	payment.Created:    {markWait, "waiting", "It was begun. Nothing has been asked of the bank yet."},
	payment.Offered:    {markWait, "waiting", "The payer has Windcave’s page. Nothing is known to be charged yet."},
	payment.NotOffered: {markStop, "not begun", "Windcave made no payment page. Nothing was charged."},
	payment.NotStarted: {markStop, "not begun", "It was never sent to Windcave. Nothing was charged."},
	payment.Submitted:  {markWait, "waiting", "Windcave was asked and has not answered yet. Do not charge again."},
	payment.Unknown:    {markWait, "unknown", "Whether the card was charged is not known. Windcave is asked again by itself. Do not charge again."},
	payment.Approved:   {markDone, "approved", "The money was taken. It is not in Splynx yet; that goes on by itself."},
	payment.Declined:   {markStop, "declined", "The card was declined. Nothing was charged."},
	payment.Cancelled:  {markStop, "cancelled", "The payer has cancelled. Nothing was charged."},
	payment.Expired:    {markStop, "expired", "The payment page’s time was up. As far as is known, nothing was charged."},
	payment.NotDone:    {markStop, "not done", "It was not done. Nothing was charged."},
	payment.Recorded:   {markDone, "booked", "The money was taken and stands in Splynx."},
	payment.Refunded:   {markDone, "refunded", "The money went back to the card."},
	payment.Settled:    {markDone, "refunded", "The money went back to the card."},
	payment.Parked:     {markNeed, "needs you", "A person must look."},
}

// refundStandings differ for money on its way back.
var refundStandings = map[payment.State]standing{
	payment.Created:   {markWait, "waiting", "It is about to be given back."},
	payment.Submitted: {markWait, "waiting", "Windcave was asked to give it back and has not answered yet."},
	payment.Unknown:   {markWait, "unknown", "Whether it was given back is not known. Windcave is asked again by itself. Do not give it back again."},
	payment.Approved:  {markDone, "approved", "The money is on its way back to the card."},
	payment.Recorded:  {markDone, "refunded", "The money went back to the card, and Splynx has a payment of less than 0 for it."},
	payment.Declined:  {markStop, "declined", "Windcave has refused to give it back. Nothing went back."},
	payment.NotDone:   {markStop, "not done", "It was not done. Nothing went back."},
}

// beganWords say in lists who began a payment.
var beganWords = map[payment.Origin]string{
	payment.OriginCustomer: "customer", payment.OriginGuest: "payment link", payment.OriginAdministrator: "staff",
	payment.OriginRun: "charge run", payment.OriginEngine: "by itself",
}

// began says in a list who began a payment; an origin of a newer version is shown as it is.
func began(o payment.Origin) string { return cmp.Or(beganWords[o], string(o)) }

// becameWords are states in a payment's history, where those that stand alike are told apart.
var becameWords = map[payment.State]string{
	payment.Created: "begun", payment.Offered: "with the payer", payment.NotOffered: "not begun", payment.NotStarted: "not begun", payment.Submitted: "asked of Windcave",
	payment.Unknown: "unknown", payment.Approved: "approved", payment.Declined: "declined", payment.Cancelled: "cancelled", payment.Expired: "expired",
	payment.NotDone: "not done", payment.Recorded: "booked", payment.Refunded: "refunded", payment.Settled: "refunded", payment.Parked: "needs you",
}

// became is a state in words; one of a newer version is shown as it is.
func became(s payment.State) string { return cmp.Or(becameWords[s], string(s)) }

// standingOf says how a payment stands.
func standingOf(p *payment.Payment) standing {
	s := standings[p.State]
	if own, ok := refundStandings[p.State]; ok && p.Kind == payment.KindRefund {
		s = own
	}
	switch {
	case p.State == payment.Parked && p.Reason == payment.ReasonTellSplynx:
		s.Text = "The money went back to the card. It still has to be typed into Splynx."
	case p.State == payment.Parked:
		s.Text = "A person must look: " + meaning.Reason(p.Reason) + "."
	case p.State == payment.Approved && p.GivesBack, p.State == payment.Approved && p.Kind == payment.KindCardCheck:
		s.Text = "The money was taken and goes back to the card. That goes on by itself."
	case p.State == payment.Recorded && p.Booking.To == payment.ToBalance && p.Kind != payment.KindTopUp:
		s.Text = "The money was taken and stands in Splynx on the customer’s balance, not on the document."
	case p.State == payment.NotDone:
		s.Text = "It was not done: " + meaning.Reason(p.Reason) + "."
	case p.State == payment.Declined && codeWords[p.Words] != "":
		s.Text = "The card was declined: " + codeWords[p.Words] + ". Nothing was charged."
		if p.Kind == payment.KindRefund {
			s.Text = "Windcave has refused to give it back: " + codeWords[p.Words] + ". Nothing went back."
		}
	}
	return s
}

// classWords say what can be done about an answer of the gateway, by its class.
var classWords = meaning.Classes

// codeWords are what the gateway’s answers mean, by the keys that package windcave gives them.
var codeWords = map[string]string{
	"approved": "approved", "cancelled": "the payer has cancelled", "declined": "the bank gave no reason", "declined.funds": "not enough money on the card",
	"declined.limit": "over a limit of the card", "declined.issuer": "the customer has to ask the bank", "declined.not_allowed": "the card may not be used for this",
	"declined.pin": "too many tries with the PIN", "declined.unavailable": "the bank could not be reached", "card.expired": "the card has expired",
	"card.number": "the number is not a card’s", "card.saved": "Windcave does not know the saved card any more", "config.credentials": "user name, key or password are wrong",
	"config.merchant": "the bank does not know the merchant", "config.access": "our user may not do this", "request.amount": "the amount was not taken",
	"request.currency": "the currency is not one of the account’s", "request.type": "the kind of transaction was not taken", "request.account": "the wrong account was selected",
	"request.url": "a return address was not taken", "request.format": "the request was not taken", "refund.not_matched": "the refund matches no payment",
	"refund.already": "it was refunded before", "duplicate": "the number was used before", "unknown": "not known yet", "not_found": "Windcave does not know it",
	"foreign": "the answer was about another payment", "mismatch": "it is our payment, but not as asked for", "token.invalid": "the result could not be read",
	"page.missing": "the answer had no page in it", "page.address": "the page’s address is not Windcave’s", "refused": "Windcave said no, without a code",
	"input": "it was refused before it was sent", "not_sent": "Windcave was not reached", "no_answer": "no answer that can be read",
}

// cardWords say why a card cannot be charged.
var cardWords = meaning.Cards

// cardName is a card in words.
func cardName(brand, ends string) string {
	if brand == "" {
		brand = "card"
	}
	if ends == "" {
		return brand
	}
	return fmt.Sprintf("%s ends in %s", brand, ends)
}

// rightWords say what a right is for.
var rightWords = map[Right]string{
	See: "to see payments and customers", Charge: "to charge saved cards", Refund: "to give money back", Settings: "to see the settings",
}
