package meaning

import (
	"cmp"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Out says why an item of a charge run is left out.
func Out(o charge.Out) string { return cmp.Or(outs[o], string(o)) }

var outs = map[charge.Out]string{
	charge.OutNoCard: "no card is saved", charge.OutCardExpired: "the card has expired", charge.OutCardDead: "the card was refused for good when it was last tried",
	charge.OutCardElsewhere: "the card was saved for another account at Windcave, or for another customer", charge.OutCardUnreadable: "what stands in Splynx is no card of ours",
	charge.OutCardChanged: "the card has changed since the preview", charge.OutInFlight: "a payment for it is under way, or waits for a person",
	charge.OutPending: "pending in Splynx: somebody else is charging it", charge.OutHasCredit: "the customer’s credit covers it", charge.OutNothingDue: "nothing is due",
	charge.OutPaid: "paid meanwhile", charge.OutAmountChanged: "more is due than in the preview", charge.OutDisabled: "the customer is disabled or deleted",
	charge.OutCustomer: "it is another customer’s by now, or another partner’s", charge.OutSubAccount: "a sub-account: its main account pays", charge.OutKept: "kept out of charge runs",
	charge.OutNoCredentials: "the PxPost user of the partner is not configured", charge.OutNoPartner: "the partner has no settings", charge.OutCurrency: "the partner’s currency has changed",
	charge.OutUnreadable: "what Splynx says of it cannot be read", charge.OutTickedOff: "ticked off by hand", charge.OutStopped: "the run was stopped before",
	charge.OutHardDecline: "this card was refused for good: each further try is fined", charge.OutTriedEnough: "this card was tried as often as the card schemes allow",
	"card_rests": "this card was declined a short time ago",
}

// Item says how a charge of a run stands.
func Item(s charge.ItemState) string { return cmp.Or(items[s], string(s)) }

var items = map[charge.ItemState]string{
	charge.ItemPlanned: "to be charged", charge.ItemLeftOut: "left out", charge.ItemCharging: "under way", charge.ItemApproved: "approved, on the way into Splynx",
	charge.ItemRecorded: "booked", charge.ItemGivenBack: "given back", charge.ItemDeclined: "declined by the bank", charge.ItemUnknown: "unknown, Windcave is asked",
	charge.ItemNotCharged: "not charged", charge.ItemNeedsYou: "waits for a person",
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
	"handler_not_stated": "nobody has stated that Splynx's own charge handler is off", "other_run_open": "another run was open all that day",
	"turned_off": "what has made it is not configured any more", "too_late": "its day is over", "journal_held": "the journal is new or restored, and not compared with Splynx yet",
}

// Class says of what class an answer of Windcave is that took no money.
func Class(class string) string { return cmp.Or(classes[class], class) }

var classes = map[string]string{
	"soft": "not now, such as no funds", "declined": "no reason given", "card": "the card itself is refused", "token": "the saved card is not known any more",
	"config": "our account or credentials", "request": "the request was not taken", "duplicate": "taken for a duplicate", "not_found": "never arrived",
}
