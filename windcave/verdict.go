package windcave

import (
	"slices"

	"github.com/bojanz/currency"
)

// Outcome is what an answer means for the payment that was asked for.
type Outcome uint8

// The outcomes.
const (
	// Unknown: nothing may be concluded, and above all nothing charged anew. The zero value.
	Unknown Outcome = iota
	// Approved: the money moved (or is held), exactly as asked.
	Approved
	// Declined: it did not, by the decision of bank, gateway or buyer.
	Declined
	// Failed: a fault of configuration or request, for an administrator.
	Failed
)

// String returns the outcome as a word for logs.
func (o Outcome) String() string {
	switch o {
	case Approved:
		return "approved"
	case Declined:
		return "declined"
	case Failed:
		return "failed"
	}
	return "unknown"
}

// Expect is what was asked: an answer is approved for exactly this and nothing else.
type Expect struct {
	TxnType           TxnType
	TxnID             string
	MerchantReference string // as returned by the request's Sent
	Amount            currency.Amount
}

// Verdict is an answer judged against Expect.
type Verdict struct {
	Outcome Outcome
	Class   Class
	Code    string // ReCo in upper case, at most four letters and digits; may be empty
	Key     string // key for the words people read, one of Keys()

	// Cancelled: declined because the buyer pressed Cancel on the hosted page.
	Cancelled bool

	// NotFound: Status says AF, no such transaction. The outcome is Unknown all the same,
	// for the request may still be on its way. Foreign may be set beside it when the answer
	// names no TxnId.
	NotFound bool

	// Foreign: the answer names another TxnId or none, so it says nothing about this payment,
	// a decline included, and the outcome is Unknown. One exception: a refusal of the
	// credentials that names no TxnId is Failed and not Foreign. The answer to a Void, which
	// sends no TxnId, may name none.
	Foreign bool

	// Mismatch names the elements that differ from Expect, or contradict themselves, although
	// the TxnId agrees. If there is one, the outcome is Unknown.
	Mismatch []string

	// Claimed: a flag says approved, whatever else does not fit: somebody's money may have
	// moved.
	Claimed bool

	DpsTxnRef string // the gateway's own name of the transaction; may be empty
}

// statement is what an answer of either interface says, ready to be judged.
type statement struct {
	txnID, code, dpsTxnRef string

	approved bool // every flag is there and says approved
	refused  bool // every flag is there and says not
	claimed  bool // at least one says approved
	pending  bool // the gateway itself does not know yet

	notFound  bool
	cancelled bool

	values      []comparison
	conflicting []string
}

// comparison is one value of the answer beside what was asked.
type comparison struct {
	name     string
	got      string
	equal    bool
	optional bool // may be missing from an approval
}

// judge is the only place where an answer becomes an outcome.
func judge(s statement, want Expect) Verdict {
	v := Verdict{Code: cleanCode(s.code), Claimed: s.claimed, DpsTxnRef: s.dpsTxnRef}
	m, _ := meaningOf(s.code)
	named := s.txnID != "" || slices.ContainsFunc(s.conflicting, isTxnID)
	doubtful := s.claimed || s.pending || len(s.conflicting) > 0
	v.NotFound = s.notFound && !doubtful && (!named || s.txnID == want.TxnID)

	switch {
	case m.class == ClassConfig && !named && !doubtful:
		return v.as(Failed, m.class, m.key)
	case want.TxnID == "" || s.txnID != want.TxnID || slices.ContainsFunc(s.conflicting, isTxnID):
		v.Foreign = true
		if v.NotFound {
			return v.as(Unknown, ClassNotFound, KeyNotFound)
		}
		return v.as(Unknown, ClassUnknown, KeyForeign)
	}
	if v.Mismatch = s.mismatch(); len(v.Mismatch) > 0 {
		v.NotFound = false
		return v.as(Unknown, ClassUnknown, KeyMismatch)
	}
	if s.claimed || s.pending {
		return judgeClaim(s, m, v)
	}
	return judgeRefusal(s, m, v)
}

// judgeClaim decides where a flag says approved or the gateway is not done. A code of the
// bank does not overrule the flags; one that says the gateway does not know, does not know
// us or does not know the transaction contradicts them.
func judgeClaim(s statement, m meaning, v Verdict) Verdict {
	switch {
	case m.class == ClassUnknown, m.class == ClassConfig, m.class == ClassNotFound, !s.approved:
		return v.as(Unknown, ClassUnknown, KeyUnknown)
	}
	return v.as(Approved, ClassApproved, KeyApproved)
}

// judgeRefusal decides where no flag says approved.
func judgeRefusal(s statement, m meaning, v Verdict) Verdict {
	switch m.class {
	case ClassUnknown, ClassNotFound, ClassDuplicate:
		return v.as(Unknown, m.class, m.key)
	case ClassConfig:
		return v.as(Failed, m.class, m.key)
	}
	switch {
	case !s.refused:
		return v.as(Unknown, ClassUnknown, KeyUnknown)
	case m.class == ClassRequest:
		return v.as(Failed, m.class, m.key)
	case s.cancelled:
		v.Cancelled = true
		return v.as(Declined, ClassDeclined, KeyCancelled)
	case m.class == ClassNone, m.class == ClassApproved:
		return v.as(Declined, ClassDeclined, KeyDeclined)
	}
	return v.as(Declined, m.class, m.key)
}

func (v Verdict) as(o Outcome, c Class, key string) Verdict {
	v.Outcome, v.Class, v.Key = o, c, key
	return v
}

// mismatch names what differs. An approval must say everything; a decline may leave out what
// it likes, but what it says must be about this payment.
func (s statement) mismatch() []string {
	var names []string
	for _, c := range s.values {
		missing := c.got == ""
		if !c.equal && (!missing || s.claimed && !c.optional) {
			names = append(names, c.name)
		}
	}
	for _, name := range s.conflicting {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func isTxnID(name string) bool { return name == "TxnId" || name == "TxnRef" }
