package meaning

import (
	"cmp"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Out says why an item of a charge run is left out.
func Out(o charge.Out) string { return cmp.Or(outs[o], string(o)) }

var outs = map[charge.Out]string{
	charge.OutNoCard: "no card is saved", charge.OutCardExpired: "the card " + Cards[payment.CardExpired], charge.OutCardDead: "the card " + Cards[payment.CardDead],
	charge.OutCardElsewhere: "the card " + Cards[payment.CardElsewhere], charge.OutCardUnreadable: "the card " + Cards[payment.CardUnreadable],
	charge.OutCardChanged: "the card has changed since the preview", charge.OutInFlight: "a payment for it is under way, or waits for a person",
	charge.OutPending: "pending in Splynx: somebody else is charging it", charge.OutHasCredit: "the customer’s credit covers it", charge.OutNothingDue: "nothing is due",
	charge.OutPaid: "paid meanwhile", charge.OutAmountChanged: "more is due than in the preview", charge.OutDisabled: "the customer is disabled or deleted",
	charge.OutCustomer: "it is another customer’s by now, or another partner’s", charge.OutSubAccount: "a sub-account: its main account pays", charge.OutKept: "kept out of charge runs",
	charge.OutNoCredentials: "the PxPost user of the partner is not configured", charge.OutNoPartner: "the partner has no settings", charge.OutCurrency: "the partner’s currency has changed",
	charge.OutUnreadable: "what Splynx says of it cannot be read", charge.OutTickedOff: "ticked off by hand", charge.OutStopped: "the run was stopped before",
	charge.OutHardDecline: "this card was refused for good: each further try is fined", charge.OutTriedEnough: "this card was tried as often as the card schemes allow",
	charge.OutCardRests: "this card was declined a short time ago",
}

// Cards say why a saved card cannot be charged: what comes after "the card".
var Cards = map[payment.CardStanding]string{
	payment.CardExpired: "has expired", payment.CardDead: "was refused for good when it was last tried",
	payment.CardElsewhere: "was saved for another account at Windcave, or for another customer", payment.CardUnreadable: "cannot be read: what stands in Splynx is no card of ours",
}

// Item says how a charge of a run stands.
func Item(s charge.ItemState) string { return cmp.Or(items[s], string(s)) }

var items = map[charge.ItemState]string{
	charge.ItemPlanned: "to be charged", charge.ItemLeftOut: "left out", charge.ItemCharging: "waiting", charge.ItemApproved: "approved", charge.ItemRecorded: "booked",
	charge.ItemGivenBack: "refunded", charge.ItemDeclined: "declined", charge.ItemUnknown: "unknown", charge.ItemNotCharged: "not charged", charge.ItemNeedsYou: "needs you",
}

// RunWhy says why a charge run moved.
func RunWhy(w charge.Why) string { return cmp.Or(runWhys[w], string(w)) }

var runWhys = map[charge.Why]string{
	charge.WhyAsked: "a person wanted it", charge.WhyPlanned: "the preview is made", charge.WhyAllBegun: "every charge was begun",
	charge.WhyNotMoved: "it has not moved for 12 hours", charge.WhyRestored: "the journal was restored from a backup: look first what was charged since",
	charge.WhyJournalOld: "Splynx has payments of ours that the journal does not know", charge.WhyConfig: "Windcave has refused our account or credentials several times in a row",
	charge.WhyUnreachable: "Windcave could not be reached", charge.WhyUnknown: "several outcomes in a row are unknown",
	charge.WhyNotBooked: "Splynx does not book the payments", charge.WhySplynxDown: "Splynx did not answer",
	charge.WhySplynxNo: "Splynx has refused what was asked, or its search was not honoured", charge.WhyNoAccount: "the payment account for cards was not found in Splynx",
	charge.WhyErrors: "something went wrong; the log says what",
	// Of runs that do not start by themselves.
	charge.WhyHandlerOn: "nobody has stated that Splynx's own charge handler is off", charge.WhyOtherOpen: "another run was open all that day",
	charge.WhyTurnedOff: "what has made it is not configured any more", charge.WhyTooLate: "its day is over", charge.WhyTooLarge: "it would charge more than may start without a person (confirm_above)",
	charge.WhyHeld: "the journal is new or restored, and not compared with Splynx yet",
}

// RunStill says, in whole sentences, why a charge run stands still and what it takes to go on.
func RunStill(w charge.Why) string {
	words := RunWhy(w)
	if words != "" {
		words = strings.ToUpper(words[:1]) + words[1:] + "."
	}
	return words + runCan[w]
}

var runCan = map[charge.Why]string{
	charge.WhyConfig: " Set that right, then resume.", charge.WhyNotBooked: " Set that right, then resume.", charge.WhyUnreachable: " Resume when it answers.",
	charge.WhyUnknown: " They are asked about by themselves: resume when they are known.", charge.WhySplynxNo: " See what the API key may do.",
	charge.WhyTooLarge: " Look at the preview, then start or stop it.",
}

// Class says what an answer of Windcave's class means, and what can be done about it.
func Class(class string) string { return cmp.Or(Classes[class], class) }

// Classes are the words of Class.
var Classes = map[string]string{
	"approved": "approved", "soft": "declined for now: another day may do", "declined": "declined by the bank: the customer can ask there, or use another card",
	"card": "the card cannot be used: the customer needs to save another one", "token": "the saved card cannot be used any more: the customer needs to save it anew",
	"config": "our account or credentials at Windcave: an administrator must look", "request": "what was asked for was wrong",
	"duplicate": "the number was used before", "refund": "the refund does not fit its payment", "unknown": "not known yet", "not_found": "Windcave does not know it",
}
