package splynxtest

import (
	"slices"
	"time"
)

// Style says how numbers and flags look on the wire.
type Style uint8

const (
	// V5 is how version 5 answers: ids are JSON numbers, flags "0" and "1".
	V5 Style = iota
	// V4 is how version 4 shows its records: ids and flags are strings, some records carry more attributes.
	V4
)

func (st Style) name() string {
	if st == V4 {
		return "v4"
	}
	return "v5"
}

// BothIDs says who the exchange of a session is answered for when a customer and an administrator are signed in to it.
type BothIDs uint8

const (
	// BothCustomer answers for the customer.
	BothCustomer BothIDs = iota
	// BothAdministrator answers for the administrator.
	BothAdministrator
	// BothRefused answers INVALID_USER.
	BothRefused
)

// Options describe one provider. The zero value is a version 5 system with no key, no customer and no faults.
type Options struct {
	// Keys are the API keys. Their ids are 1, 2, … in this order.
	Keys []APIKey
	// Style is the number style. Default: V5.
	Style Style
	// Seed feeds tokens, session ids and the choice of random faults: the same seed and the same calls in the same order
	// give the same answers.
	Seed uint64
	// Rate is the share of API calls, in percent, that meet a random fault. Default: none.
	Rate int
	// Zone is the provider's time zone, used for the dates it writes. Default: UTC.
	Zone *time.Location
	// ErrorLists makes a 422 carry a list of {field, message} instead of the error object.
	ErrorLists bool
	// NegativePayments takes payments of less than 0, as the user interface makes them for refunds, from the balance.
	// Whether the API takes them is not known. Default: they are refused.
	NegativePayments bool
	// SubAccounts allows payments and changes of documents for customers that have a parent account, whatever the setting
	// main/api/disable_working_with_finance_documents_for_sub_accounts says.
	SubAccounts bool

	// SessionCookie is the name of the session cookie. Default: PHPSESSID.
	SessionCookie string
	// SeparateCookies gives the admin a session of its own, under the cookie's name with _ADMIN at the end. Default: portal
	// and admin share one session, which then may hold a customer and an administrator.
	SeparateCookies bool
	// SessionLife is how long a session lives after the last page that was opened with it. Default: no end.
	SessionLife time.Duration
	// BothIs says who a session is exchanged for that holds both. Default: the customer.
	BothIs BothIDs
	// PinSessions refuses to exchange a session for a program or machine other than the browser's.
	PinSessions bool
	// RefusedStatuses are those of customers who cannot sign in and whose session is answered INVALID_USER, e.g. "blocked",
	// "disabled". Default: none.
	RefusedStatuses []string
	// EmailLogin also takes a customer's email for the login.
	EmailLogin bool
	// MaxAttempts is how many wrong passwords or codes for one login the API takes; then it answers EXCEEDED_MAX_ATTEMPTS
	// to right ones too, until 15 minutes after the last one that counted. Default: no limit.
	MaxAttempts int
	// AttemptsByAddress counts them for the caller's address instead, whatever the login.
	AttemptsByAddress bool

	// NoPaymentAccount leaves out the payment account that the add-on's installation makes (AddOnAccountID), as where the
	// add-on never was.
	NoPaymentAccount bool

	// MainSeesSubs shows a main account the rows of its sub-accounts, to its token. Default: own rows only.
	MainSeesSubs bool
	// AdminLinksByID makes an administrator's pay links carry the document's id. Default: its number.
	AdminLinksByID bool
	// CheckNeedsAuth makes admin/api/check ask for authorisation.
	CheckNeedsAuth bool
	// ConfigMap makes reading settings answer {key: value}. Default: a list with one object per setting.
	ConfigMap bool
	// ConfigInClear makes the API show hidden settings. Default: their value is empty.
	ConfigInClear bool
	// ForbidAddress answers 403 FORBIDDEN to an address that is not in a key's WhiteList. Default: 401 UNAUTHORIZED.
	ForbidAddress bool
}

// PortalCookie is the name of the cookie that holds a customer's session.
func (o Options) PortalCookie() string { return or(o.SessionCookie, "PHPSESSID") }

// AdminCookie is the name of the cookie that holds an administrator's session.
func (o Options) AdminCookie() string {
	if o.SeparateCookies {
		return o.PortalCookie() + "_ADMIN"
	}
	return o.PortalCookie()
}

func (o Options) refusesStatus(status string) bool { return slices.Contains(o.RefusedStatuses, status) }

// APIKey is a key that may call the API.
type APIKey struct {
	Key, Secret string
	// Permissions lists the allowed actions (index, view, add, update, delete) by controller, e.g.
	// "Payments": {"index", "view", "add"}. Nil allows everything.
	Permissions map[string][]string
	// PartnerID binds the key to one partner. 0: all partners.
	PartnerID int64
	// CheckNonce demands that each signed call carries a higher nonce than the one before.
	CheckNonce bool
	// Unsecure also accepts HTTP Basic with key and secret.
	Unsecure bool
	// WhiteList are the addresses that may use the key and its tokens. Empty: all. A caller over Transport has the
	// address "pipe".
	WhiteList []string
}
