// Package meaning says in the office's words what the keys of payments mean: why they moved, where
// their money is, who began them, and how a person can end them. The office's pages and the
// commands share it. It is in English; the pages of customers have their own texts.
package meaning

import (
	"cmp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Reason says why a payment moved; a reason of a newer version is shown as it is.
func Reason(r payment.Reason) string { return cmp.Or(reasons[r], string(r)) }

var reasons = map[payment.Reason]string{
	payment.ReasonStarted:            "somebody began to pay",
	payment.ReasonPageHad:            "the payer was sent to Windcave's page",
	payment.ReasonPageRefused:        "Windcave refused to make a payment page",
	payment.ReasonPageUnclear:        "Windcave's answer had no payment page in it",
	payment.ReasonGatewayUnreachable: "Windcave could not be reached",
	payment.ReasonInterrupted:        "it was interrupted before anything was sent",
	payment.ReasonGatewayApproved:    "Windcave has approved it",
	payment.ReasonGatewayDeclined:    "Windcave has declined it",
	payment.ReasonPayerCancelled:     "the payer has cancelled it",
	payment.ReasonPageEnded:          "the payment page's time was up, and nobody had paid as far as is known",
	payment.ReasonBooked:             "it stands in Splynx",
	payment.ReasonSecondCharge:       "a second charge on one page: the payer has paid twice",
	payment.ReasonAnswerDiffers:      "Windcave says that money moved, but not as it was asked for",
	payment.ReasonCredentialsMissing: "the PxPay or PxPost user that it was started with is not configured any more; it goes on by itself when it is",
	payment.ReasonCredentialsBack:    "its PxPay user is configured again",
	payment.ReasonNoIntent:           "Windcave has approved a payment of ours that the journal did not know",
	payment.ReasonBookedTwice:        "it stands in Splynx twice, or is paired with another payment there",
	payment.ReasonPerhapsBookedTwice: "another payment in Splynx, of the same customer and amount, may be the same money",
	payment.ReasonBookedOtherwise:    "it stands in Splynx, but not as it was paid",
	payment.ReasonBookedNoMoney:      "Splynx has it as paid, but Windcave has not approved it",
	payment.ReasonBookingRefused:     "Splynx has refused to book it, with the document and without",
	payment.ReasonBookingNotFound:    "Splynx said that it booked, but does not show it",
	payment.ReasonSearchUnproven:     "whether the booking has arrived is not known, and Splynx's search was never seen to work",
	payment.ReasonSent:               "it was sent to Windcave",
	payment.ReasonOutcomeUnclear:     "Windcave was asked, and what became of it is not known yet",
	payment.ReasonWaitedTooLong:      "it was never sent: others took too long before it",
	payment.ReasonNotSent:            "it was never sent: Windcave could not be reached, or we stopped before",
	payment.ReasonNeverArrived:       "it never arrived at Windcave",
	payment.ReasonGatewayRefused:     "Windcave has refused the request; nothing moved",
	payment.ReasonNotFound:           "Windcave says that it does not know it, though it should, or too late to be believed",
	payment.ReasonUndecided:          "Windcave was asked for a day, and answers without saying what became of it",
	payment.ReasonAmountChanged:      "another amount was due than the payer had seen; nothing was charged",
	payment.ReasonCardChanged:        "another card stood in Splynx than the payer had seen, or one that cannot be used; nothing was charged",
	payment.ReasonCustomerChanged:    "the document or the customer is another's than the payer had seen; nothing was charged",
	payment.ReasonSplynxUnreadable:   "Splynx did not say what is due; nothing was charged",
	payment.ReasonGivenBack:          "the money went back to the card",
	payment.ReasonTellSplynx:         "the money went back to the card; it still has to be typed into Splynx",
	payment.ReasonRefundRefused:      "Windcave has refused to give the money back",
	payment.ReasonLapsed:             "the money was only held, and the bank has let go of it",
	payment.ReasonNoToken:            "Windcave has saved no card",
	payment.ReasonTooLate:            "the card could not be stored in time",
	payment.ReasonNewerCard:          "the customer has saved another card since",
	payment.ReasonRemoved:            "the customer has removed the card meanwhile",
	payment.ReasonSettledAgain:       "a person has sent it back",
	payment.ReasonSettledRecorded:    "a person says that it stands in Splynx",
	payment.ReasonSettledRefunded:    "a person says that it was given back",
	payment.ReasonSettledNotPaid:     "a person says that no money moved",
	payment.ReasonRebooked:           "a person has sent it to be booked elsewhere",
}

// Destination says where in Splynx the money is.
func Destination(d payment.Destination) string { return destinations[d] }

var destinations = map[payment.Destination]string{
	payment.ToDocument: "on the document", payment.ToBalance: "on the balance", payment.ByHand: "booked by hand",
}

// Origin says who began a payment.
func Origin(o payment.Origin) string { return origins[o] }

var origins = map[payment.Origin]string{
	payment.OriginCustomer: "the customer", payment.OriginGuest: "a guest, by a payment link",
	payment.OriginAdministrator: "an administrator", payment.OriginRun: "a charge run", payment.OriginEngine: "what another payment needs", "": "nobody known",
}

// Way says how the card is charged.
func Way(w payment.Way) string { return ways[w] }

var ways = map[payment.Way]string{
	payment.WayHosted: "card typed on Windcave's page", payment.WaySavedCard: "saved card", payment.WayBack: "back to the card", "": "way not known",
}

// Settlement is a way to end a parked payment.
type Settlement struct {
	How   payment.Settlement
	Word  string // as it is typed
	Means string // what a person says with it
	Does  string // what becomes of the payment
}

// Settlements are all of them.
var Settlements = []Settlement{
	{
		payment.SettleAgain, "again", "it is mended; go on where it stopped",
		"It goes back to where it came from: Windcave is asked, or it is booked in Splynx, at once.",
	},
	{
		payment.SettleRecorded, "recorded", "the money stands in Splynx, whoever booked it",
		"It ends as recorded: nothing is booked for it any more.",
	},
	{
		payment.SettleRefunded, "refunded", "the money was given back",
		"It ends as refunded: nothing is booked for it. It does not give money back; that must have been done at Windcave.",
	},
	{
		payment.SettleNotPaid, "not-paid", "no money moved",
		"It ends as not done: the document can be paid anew. If Windcave says later that it was paid, that counts.",
	},
}
