package windcavetest

import (
	"slices"
	"time"
)

// Outcome of a call at the gateway.
type Outcome string

// Outcomes in the log.
const (
	Offered   Outcome = "offered"   // GenerateRequest gave a page
	Refused   Outcome = "refused"   // the request was not taken; Entry.ReCo says why
	Approved  Outcome = "approved"  // also when a reading call told of an approval
	Declined  Outcome = "declined"  //
	Cancelled Outcome = "cancelled" // the buyer pressed Cancel
	Pending   Outcome = "pending"   // StatusRequired 1 was told
	Unknown   Outcome = "not found" // AF, or a token that cannot be read
	Dropped   Outcome = "dropped"   // nothing happened: cut, replaced or over the limit
	Settled   Outcome = "settled"   // Pay on a page that was paid or is over
	Sent      Outcome = "sent"      // one try of a notification; Entry.Status has the answer
)

// An Entry tells of one call. Amounts are decimals in the currency's own digits,
// times are UTC.
type Entry struct {
	// Seq counts from 1 in order of arrival.
	Seq int `json:"seq"`
	// At is the arrival, Done when it was carried out or dropped.
	At   time.Time `json:"at"`
	Done time.Time `json:"done,omitzero"`
	Op   Op        `json:"op"`
	// User is the PxPay or PxPost user that asked. Unknown users are logged as
	// sent.
	User string `json:"user"`
	// TxnID and the four below are what was asked, or what the token or page
	// stands for.
	TxnID     string `json:"txn_id,omitempty"`
	TxnType   string `json:"txn_type,omitempty"`
	Amount    string `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Reference string `json:"reference,omitempty"`
	// Outcome at the gateway; empty while the call is held.
	Outcome   Outcome `json:"outcome,omitempty"`
	ReCo      string  `json:"reco,omitempty"`
	DpsTxnRef string  `json:"dps_txn_ref,omitempty"`
	// Original is the DpsTxnRef that Refund, Complete or Void named.
	Original string `json:"original,omitempty"`
	// Status of the HTTP answer to a notification; 0 when none came.
	Status int `json:"status,omitempty"`
	// Answered is true when the whole, undamaged answer was written.
	Answered bool `json:"answered"`
	// Faults that the call met.
	Faults []Kind `json:"faults,omitempty"`
	// Ignored are elements that the host does not know.
	Ignored []string `json:"ignored,omitempty"`
}

// A Charge is an approval that took money (Purchase, Complete) or holds it (Auth).
type Charge struct {
	// User is the account's PxPay user for Hosted charges, else its PxPost user.
	User      string `json:"user"`
	TxnType   string `json:"txn_type"`
	TxnID     string `json:"txn_id"`
	DpsTxnRef string `json:"dps_txn_ref"`
	// Amount without Surcharge, in Currency.
	Amount    string    `json:"amount"`
	Surcharge string    `json:"surcharge,omitempty"`
	Currency  string    `json:"currency"`
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
	Hosted    bool      `json:"hosted"`
	// Original is the DpsTxnRef of the Auth that a Complete takes.
	Original string `json:"original,omitempty"`
	// Voided is when a Void took it back, Reversed when Server.Override did.
	Voided   time.Time `json:"voided,omitzero"`
	Reversed time.Time `json:"reversed,omitzero"`
}

// A Refund is an approved refund of the charge whose DpsTxnRef is Original.
type Refund struct {
	User      string    `json:"user"`
	TxnID     string    `json:"txn_id"`
	DpsTxnRef string    `json:"dps_txn_ref"`
	Original  string    `json:"original"`
	Amount    string    `json:"amount"`
	Currency  string    `json:"currency"`
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
}

// Log gives all calls so far, oldest first.
func (s *Server) Log() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := make([]Entry, len(s.log))
	for i, e := range s.log {
		entries[i] = *e
	}
	return entries
}

// Charges gives all charges so far, oldest first. None is ever taken out.
func (s *Server) Charges() []Charge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.charges)
}

// Refunds gives all refunds so far, oldest first.
func (s *Server) Refunds() []Refund {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refunds)
}

func (s *Server) addCharge(t *txn) {
	c := Charge{
		User: t.account.PostUser, TxnType: t.typ, TxnID: t.id, DpsTxnRef: t.ref, Amount: t.amount.String(),
		Currency: t.currency, Reference: t.reference, At: t.at, Hosted: t.hosted,
	}
	if t.hosted {
		c.User = t.account.PxPayUser
	}
	if t.surcharge.minor > 0 {
		c.Surcharge = t.surcharge.String()
	}
	if t.original != nil {
		c.Original = t.original.ref
	}
	t.charge = len(s.charges) + 1
	s.charges = append(s.charges, c)
}

func (s *Server) addRefund(t *txn) {
	s.refunds = append(s.refunds, Refund{
		User: t.account.PostUser, TxnID: t.id, DpsTxnRef: t.ref, Original: t.original.ref,
		Amount: t.amount.String(), Currency: t.currency, Reference: t.reference, At: t.at,
	})
}
