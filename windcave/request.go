package windcave

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/bojanz/currency"
)

// TxnType is the kind of a transaction.
type TxnType string

// The kinds of transaction. The hosted page takes the first two.
const (
	Purchase TxnType = "Purchase" // the money moves at once
	Auth     TxnType = "Auth"     // it is held for seven days
	Complete TxnType = "Complete" // what an Auth holds is taken
	Refund   TxnType = "Refund"   // what a Purchase or Complete took is given back
	Void     TxnType = "Void"     // a transaction is taken back as if it had not been
)

// The stored-credential indicators that are used most, for RecurringMode. Acquirers differ in
// what they want, and many want none.
const (
	ModeRecurringInitial  = "recurringinitial"            // a card is saved for a subscription
	ModeCredentialInitial = "credentialonfileinitial"     // a card is saved for later payments
	ModeRecurring         = "recurring"                   // charged as agreed, the holder is away
	ModeCredential        = "credentialonfile"            // the holder pays with the saved card
	ModeUnscheduled       = "unscheduledcredentialonfile" // the merchant charges outside any plan
)

// Opt says by which minute, in UTC, the page closes.
const optTimeOut = "TO="

// GenerateRequest asks for a hosted page. Text that is too long is cut and mapped to ASCII
// (see Sent); what cannot be cut without changing its meaning is refused before anything is
// sent.
type GenerateRequest struct {
	TxnType TxnType

	// Amount, above zero and up to 999999.99 in the currency's major unit, with no more
	// decimals than the gateway takes: 0, 2 or 3 by Windcave's own list.
	Amount currency.Amount

	// MerchantReference shows in Windcave's reports; ASCII, 64 characters.
	MerchantReference string

	// TxnID names the payment, unique in the account, 1 to 16 ASCII letters and digits. It
	// is sent as it is.
	TxnID string

	// TxnData1 to 3 come back in the Result; ASCII, 255 characters each.
	TxnData1, TxnData2, TxnData3 string

	// EmailAddress comes back in the Result and may bring the buyer a receipt. An address
	// that is not plain ASCII or longer than 255 characters is left out: cut or mapped it
	// would be somebody else's.
	EmailAddress string

	// BillingID is a name of the caller's own for the card to be saved, up to 32 characters.
	BillingID string

	// EnableAddBillCard asks for the card to be saved: Result.SavedCard has it once the
	// payment is approved. There is none where the account may not save cards.
	EnableAddBillCard bool

	// RecurringMode is the stored-credential indicator, such as ModeCredentialInitial; sent
	// in lower case. Default: none is sent.
	RecurringMode string

	// URLSuccess and URLFail are where the buyer returns to, and what Windcave's servers
	// call when URLCallback is empty. Absolute, up to 255 characters, without a query: the
	// gateway adds one, and takes one that is there for an error.
	URLSuccess, URLFail, URLCallback string

	// ExpiresAt closes the page, at the start of that minute. Zero: the gateway's own
	// default, which is said to be 72 hours.
	ExpiresAt time.Time

	// ClientVersion names the software; ASCII, 64 characters.
	ClientVersion string
}

// Sent returns the request with its texts as they go on the wire and as the gateway will
// echo them. Keep these for Expect.
func (g GenerateRequest) Sent() GenerateRequest {
	g.MerchantReference = ascii(g.MerchantReference, 64)
	g.TxnData1 = ascii(g.TxnData1, 255)
	g.TxnData2 = ascii(g.TxnData2, 255)
	g.TxnData3 = ascii(g.TxnData3, 255)
	g.ClientVersion = ascii(g.ClientVersion, 64)
	g.RecurringMode = strings.ToLower(g.RecurringMode)
	if !visible(g.EmailAddress, 255) {
		g.EmailAddress = ""
	}
	if !g.ExpiresAt.IsZero() {
		g.ExpiresAt = g.ExpiresAt.UTC().Truncate(time.Minute)
	}
	return g
}

var (
	txnIDForm = regexp.MustCompile(`^[A-Za-z0-9]{1,16}$`)
	modeForm  = regexp.MustCompile(`^[a-z]{0,40}$`)
)

// document checks what Sent returned and puts it on the wire's form.
func (g GenerateRequest) document(c Credentials, now time.Time) (*pageRequest, error) {
	amount, err := formatAmount(g.Amount)
	if err != nil {
		return nil, err
	}
	if err := g.check(now); err != nil {
		return nil, err
	}
	p := &pageRequest{
		user: c.user, key: c.key,
		txnType: string(g.TxnType), amount: amount, currency: g.Amount.CurrencyCode(),
		reference: g.MerchantReference, txnID: g.TxnID,
		txnData1: g.TxnData1, txnData2: g.TxnData2, txnData3: g.TxnData3,
		email: g.EmailAddress, billingID: g.BillingID, recurringMode: g.RecurringMode,
		urlSuccess: g.URLSuccess, urlFail: g.URLFail, urlCallback: g.URLCallback,
		clientVers: g.ClientVersion,
	}
	if g.EnableAddBillCard {
		p.enableAddBillCard = "1"
	}
	if !g.ExpiresAt.IsZero() {
		p.opt = optTimeOut + g.ExpiresAt.Format("0601021504")
	}
	return p, nil
}

func (g GenerateRequest) check(now time.Time) error {
	switch {
	case g.TxnType != Purchase && g.TxnType != Auth:
		return errors.New("TxnType: Purchase or Auth is needed")
	case !txnIDForm.MatchString(g.TxnID):
		return errTxnID
	case g.BillingID != "" && !visible(g.BillingID, 32):
		return errors.New("BillingId: at most 32 printable ASCII characters without blanks")
	case !modeForm.MatchString(g.RecurringMode):
		return errMode
	case !g.ExpiresAt.IsZero() && !g.ExpiresAt.After(now):
		return errors.New("ExpiresAt: lies in the past")
	}
	return errors.Join(
		checkReturn("UrlSuccess", g.URLSuccess, true),
		checkReturn("UrlFail", g.URLFail, true),
		checkReturn("UrlCallback", g.URLCallback, false),
	)
}

var (
	errTxnID = errors.New("TxnId: 1 to 16 ASCII letters and digits are needed")
	errMode  = errors.New("RecurringMode: at most 40 letters")
)

// checkReturn checks an address that the buyer or Windcave's servers come back to.
func checkReturn(name, address string, required bool) error {
	if address == "" && !required {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil, !visible(address, 255), u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		return fmt.Errorf("%s: an absolute address of at most 255 ASCII characters is needed", name)
	case u.RawQuery != "", u.ForceQuery, u.Fragment != "", u.User != nil:
		return fmt.Errorf("%s: query, fragment and user name are not taken", name)
	}
	return nil
}
