package splynxtest

import "time"

// Style says how numbers and flags look on the wire.
type Style uint8

const (
	// V5 is how version 5 answers: ids are JSON numbers, flags "0" and "1".
	V5 Style = iota
	// V4 is how version 4 shows its records: ids and flags are strings, some records carry more attributes.
	V4
)

// Options describe one provider. The zero value is a version 5 system with no key, no customer and no faults.
type Options struct {
	// Keys are the API keys. Their ids are 1, 2, … in this order.
	Keys []APIKey
	// Style is the number style. Default: V5.
	Style Style
	// Seed feeds tokens and the choice of random faults: the same seed and the same calls in the same order give the
	// same answers.
	Seed uint64
	// Rate is the share of API calls, in percent, that meet a random fault. Default: none.
	Rate int
	// Zone is the provider's time zone, used for the dates it writes. Default: UTC.
	Zone *time.Location
	// ErrorLists makes a 422 carry a list of {field, message} instead of the error object.
	ErrorLists bool
	// SubAccounts allows payments for customers that have a parent account.
	SubAccounts bool
}

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
}
