package caddymodule

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// allStates are the words of --state, in the order of a payment's life.
var allStates = []payment.State{
	payment.Created, payment.NotOffered, payment.Offered, payment.NotStarted, payment.Submitted, payment.Unknown,
	payment.Approved, payment.Declined, payment.Cancelled, payment.Expired, payment.NotDone,
	payment.Recorded, payment.Refunded, payment.Settled, payment.Parked,
}

// reasonWords say why a payment moved, for the office.
var reasonWords = map[payment.Reason]string{
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
	payment.ReasonNotSent:            "it was never sent: Windcave could not be reached, or we stopped before",
	payment.ReasonNeverArrived:       "it never arrived at Windcave",
	payment.ReasonGatewayRefused:     "Windcave has refused the request; nothing moved",
	payment.ReasonNotFound:           "Windcave says that it does not know it, though it should, or too late to be believed",
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
}

// wordsOf says why a payment moved; a reason of a newer Caddy is shown as it is.
func wordsOf(r payment.Reason) string { return cmp.Or(reasonWords[r], string(r)) }

// destinationWords say where in Splynx the money is.
var destinationWords = map[payment.Destination]string{
	payment.ToDocument: "on the document", payment.ToBalance: "on the balance", payment.ByHand: "booked by hand",
}

// printer writes lines for a terminal and keeps the first error. What others have written,
// such as the number of a document or a note of a gateway, must not steer the terminal.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(plain(fmt.Sprintf(format, args...)), " "))
	}
}

// folded writes a text below a hanging indent, within 100 columns.
func (p *printer) folded(indent int, first, text string) {
	line := first + strings.Repeat(" ", max(0, indent-utf8.RuneCountInString(first)))
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > 100 {
			p.line("%s", line)
			line, empty = strings.Repeat(" ", indent), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	p.line("%s", line)
}

// plain replaces what a terminal would act upon.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// zoned writes times in UTC and, where it is another one, in the provider's zone.
type zoned struct{ zone *time.Location }

// zonedIn is UTC alone where the zone is not known by a name.
func zonedIn(name string) zoned {
	if name == "" || name == "UTC" || name == "Local" {
		return zoned{}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return zoned{}
	}
	return zoned{zone}
}

func (c zoned) at(t time.Time) string {
	if c.zone == nil {
		return utc(t)
	}
	return utc(t) + " (" + t.In(c.zone).Format("2006-01-02 15:04 MST") + ")"
}

// joined writes words with commas between.
func joined[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, ", ")
}
