package windcave

import (
	"slices"
	"strings"
)

// Class groups what happened by who can do something about it.
type Class string

// The classes.
const (
	ClassNone      Class = ""
	ClassApproved  Class = "approved"
	ClassSoft      Class = "soft"      // declined now; another day may do
	ClassDeclined  Class = "declined"  // declined by the bank
	ClassCard      Class = "card"      // the card cannot be used: another one is needed
	ClassToken     Class = "token"     // the saved card cannot be used: it must be entered anew
	ClassConfig    Class = "config"    // an administrator must look: credentials, account
	ClassRequest   Class = "request"   // the request was wrong
	ClassDuplicate Class = "duplicate" // the TxnId was used before: look up what became of it
	ClassRefund    Class = "refund"    // the refund does not fit its original
	ClassUnknown   Class = "unknown"   // ask Status
	ClassNotFound  Class = "not_found" // Status knows no such TxnId
)

// Keys for the words that people read. The list is closed: Keys returns all of them.
const (
	KeyApproved            = "approved"
	KeyCancelled           = "cancelled"            // the buyer pressed Cancel
	KeyDeclined            = "declined"             // no reason that may be told
	KeyDeclinedFunds       = "declined.funds"       // not enough money
	KeyDeclinedLimit       = "declined.limit"       // over a limit of the card
	KeyDeclinedIssuer      = "declined.issuer"      // ask the bank
	KeyDeclinedNotAllowed  = "declined.not_allowed" // the card may not be used for this
	KeyDeclinedPIN         = "declined.pin"         // too many tries
	KeyDeclinedUnavailable = "declined.unavailable" // the bank cannot be reached
	KeyCardExpired         = "card.expired"         // or a wrong expiry date
	KeyCardNumber          = "card.number"          // not a card number
	KeyCardSaved           = "card.saved"           // the saved card is not known any more
	KeyConfigCredentials   = "config.credentials"   // user name, key or password
	KeyConfigMerchant      = "config.merchant"      // the bank does not know the merchant
	KeyConfigAccess        = "config.access"        // the user may not do this
	KeyRequestAmount       = "request.amount"       //
	KeyRequestCurrency     = "request.currency"     // not one of the account's
	KeyRequestType         = "request.type"         // kind of transaction
	KeyRequestAccount      = "request.account"      // wrong account selected
	KeyRequestURL          = "request.url"          // a return address
	KeyRequestFormat       = "request.format"       // the document itself
	KeyRefundNotMatched    = "refund.not_matched"   //
	KeyRefundAlready       = "refund.already"       //
	KeyDuplicate           = "duplicate"            // the TxnId was used before
	KeyUnknown             = "unknown"              // not yet known
	KeyNotFound            = "not_found"            // Status knows no such TxnId
	KeyForeign             = "foreign"              // an answer about another payment
	KeyMismatch            = "mismatch"             // our payment, but not as asked
	KeyTokenInvalid        = "token.invalid"        // a result token that cannot be read
	KeyPageMissing         = "page.missing"         // no address of a page
	KeyPageAddress         = "page.address"         // an address that must not be followed
	KeyRefused             = "refused"              // the gateway said no, without a code
	KeyInput               = "input"                // refused before sending
	KeyNotSent             = "not_sent"             // the gateway was not reached
	KeyNoAnswer            = "no_answer"            // no answer that can be read
)

// Keys returns every key that a Verdict or an Error can carry.
func Keys() []string {
	return []string{
		KeyApproved, KeyCancelled, KeyDeclined, KeyDeclinedFunds, KeyDeclinedLimit,
		KeyDeclinedIssuer, KeyDeclinedNotAllowed, KeyDeclinedPIN, KeyDeclinedUnavailable,
		KeyCardExpired, KeyCardNumber, KeyCardSaved, KeyConfigCredentials, KeyConfigMerchant,
		KeyConfigAccess, KeyRequestAmount, KeyRequestCurrency, KeyRequestType,
		KeyRequestAccount, KeyRequestURL, KeyRequestFormat, KeyRefundNotMatched,
		KeyRefundAlready, KeyDuplicate, KeyUnknown, KeyNotFound, KeyForeign, KeyMismatch,
		KeyTokenInvalid, KeyPageMissing, KeyPageAddress, KeyRefused, KeyInput, KeyNotSent,
		KeyNoAnswer,
	}
}

type meaning struct {
	class Class
	key   string
}

// codes says what each ReCo means: the code gives words and the class, never the approval,
// which is a matter of the flags. Codes of digits are the bank's and may vary; the others
// are Windcave's. 41, 43, 57, 58, 61, 62, 65, 75 and 96 have the meaning of ISO 8583.
var codes = table(
	entry{ClassApproved, KeyApproved, "00 08 11"},
	entry{ClassDeclined, KeyDeclined, "12 30 76"},
	entry{ClassDeclined, KeyDeclinedIssuer, "01 02 05"},
	entry{ClassDeclined, KeyDeclinedNotAllowed, "57 58 62"},
	entry{ClassDeclined, KeyDeclinedLimit, "61 65"},
	entry{ClassDeclined, KeyDeclinedPIN, "75"},
	entry{ClassDeclined, KeyDeclinedUnavailable, "AE"}, // no answer from the bank in time: declined
	entry{ClassSoft, KeyDeclinedFunds, "51"},
	entry{ClassSoft, KeyDeclinedUnavailable, "91 96"},
	entry{ClassCard, KeyDeclinedIssuer, "04 41 43"}, // pick up, lost, stolen: the bank tells the holder
	entry{ClassCard, KeyCardExpired, "54 AC AB QI QJ"},
	entry{ClassCard, KeyCardNumber, "QK QL A9"},
	entry{ClassToken, KeyCardSaved, "JC JD JE"},
	entry{ClassConfig, KeyConfigMerchant, "03"},
	entry{ClassConfig, KeyConfigCredentials, "U5 AG D2 D3 D4 D5 D9 QD IC IM IN NF NT"},
	entry{ClassConfig, KeyConfigAccess, "IP NL NM NQ"},
	entry{ClassRequest, KeyRequestAmount, "Q4 A8 IU Z3"},
	entry{ClassRequest, KeyRequestCurrency, "Q8 IT W2"},
	entry{ClassRequest, KeyRequestType, "QG B1 R0 ID IQ"},
	entry{ClassRequest, KeyRequestAccount, "SA AD"},
	entry{ClassRequest, KeyRequestURL, "IK IL"},
	entry{ClassRequest, KeyRequestFormat, "NK NN NO NP"},
	entry{ClassRefund, KeyRefundNotMatched, "J1 J2 J3"},
	entry{ClassRefund, KeyRefundAlready, "J5"},
	entry{ClassDuplicate, KeyDuplicate, "W4"},
	entry{ClassUnknown, KeyUnknown, "U9 X1"},
	entry{ClassNotFound, KeyNotFound, "AF"},
)

type entry struct {
	class Class
	key   string
	codes string
}

func table(entries ...entry) map[string]meaning {
	m := make(map[string]meaning)
	for _, e := range entries {
		for _, c := range strings.Fields(e.codes) {
			m[c] = meaning{e.class, e.key}
		}
	}
	return m
}

func meaningOf(code string) (meaning, bool) {
	m, ok := codes[cleanCode(code)]
	return m, ok
}

// meaningOfText knows the words that come without a code: of a wrong PxPay key, a wrong
// PxPost password, and a kind of transaction that the page does not take.
func meaningOfText(text string) (meaning, bool) {
	text = strings.ToLower(text)
	switch {
	case strings.Contains(text, "invalid key"), strings.Contains(text, "invalid credentials"):
		return meaning{ClassConfig, KeyConfigCredentials}, true
	case strings.Contains(text, "invalid txntype"):
		return meaning{ClassRequest, KeyRequestType}, true
	}
	return meaning{}, false
}

// cleanCode returns a ReCo in upper case, or nothing for what cannot be one.
func cleanCode(code string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) > 4 || slices.ContainsFunc([]rune(code), func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z')
	}) {
		return ""
	}
	return code
}
