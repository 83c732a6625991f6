package windcavetest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Op names what a call asks for.
type Op string

// Operations, as they stand in the log and in faults.
const (
	OpGenerate Op = "GenerateRequest"
	OpProcess  Op = "ProcessResponse"
	OpPage     Op = "Page" // the buyer presses Pay or Cancel
	OpNotify   Op = "Notification"
	OpStatus   Op = "Status"
	OpPurchase Op = "Purchase"
	OpAuth     Op = "Auth"
	OpComplete Op = "Complete"
	OpRefund   Op = "Refund"
	OpVoid     Op = "Void"
	OpValidate Op = "Validate"
)

// Kind of misbehaviour.
type Kind string

// Faults of the connection and of the whole answer, for every operation but
// Notification.
const (
	Refuse        Kind = "refuse"          // closed at once; nothing happened
	CutBefore     Kind = "cut-before"      // read, then dropped; nothing happened
	RecordThenCut Kind = "record-then-cut" // done, the answer is lost
	DelayBefore   Kind = "delay-before"    // waits Delay, or for Release, then does it
	DelayAfter    Kind = "delay-after"     // does it, then waits before answering
	HTTPStatus    Kind = "http-status"     // status N, default 503
	HTML          Kind = "html"            // a page in place of XML
	Empty         Kind = "empty"           // status 200 and no body
	HalfXML       Kind = "half-xml"
	TwoRoots      Kind = "two-roots"
	WrongCharset  Kind = "wrong-charset" // a charset that nobody asked for, bytes of a third
	UTF16         Kind = "utf-16"
	BadBytes      Kind = "bad-bytes" // NUL and bytes that are no UTF-8
	DTD           Kind = "dtd"       // document type with an external entity
	EntityBomb    Kind = "entity-bomb"
	HugeBody      Kind = "huge-body"  // N megabytes, default 100
	BigHeader     Kind = "big-header" // a header line of N kilobytes, default 1024
	DeepNesting   Kind = "deep-nesting"
)

// Faults of what the answer says.
const (
	OtherAmount    Kind = "other-amount"    // Value, default one unit more
	OtherCurrency  Kind = "other-currency"  // Value, default XPF
	OtherTxnID     Kind = "other-txnid"     // Value, default ZZZZZZZZZZZZZZZZ
	NoTxnID        Kind = "no-txnid"        // the element is not there
	OtherReference Kind = "other-reference" // Value, default "other reference"
	OtherTxnType   Kind = "other-txntype"   // Value, default Auth
	StrangeText    Kind = "strange-text"    // Value, default hostile, as holder's name and response text
	NotAuthorized  Kind = "not-authorized"  // Success 1, Authorized 0; nothing is charged
	StatusRequired Kind = "status-required" // StatusRequired 1 now and for N Status calls, default 1
	NotFound       Kind = "not-found"       // Status says AF for what exists
	Decline        Kind = "decline"         // ReCo Value, default 51
	CredentialsU5  Kind = "credentials-u5"  // a wrong password, looking like a decline
	CredentialsAG  Kind = "credentials-ag"  // a wrong user, without a Transaction
)

// Faults of the page and its notifications. All but PageOutlives are ordered for
// Page or Notification.
const (
	Surcharge    Kind = "surcharge"     // Value is added, default 0.25 of the currency
	ApproveTwice Kind = "approve-twice" // one click makes two charges with one TxnId
	PayAgain     Kind = "pay-again"     // the page stays payable after an approval
	PageOutlives Kind = "page-outlives" // this page ignores Opt TO; for GenerateRequest
	NotifyDrop   Kind = "notify-drop"
	NotifyRepeat Kind = "notify-repeat" // N more copies at the same time, default 1
	NotifyFirst  Kind = "notify-first"  // answered before the browser is sent back
	NotifyDelay  Kind = "notify-delay"  // waits Delay, or for Release
)

// neverMatches is the operation of a cancelled order.
const neverMatches Op = "-"

const (
	defaultHugeMB  = 100
	defaultHeaderK = 1024
)

var allKinds = []Kind{
	Refuse, CutBefore, RecordThenCut, DelayBefore, DelayAfter, HTTPStatus, HTML, Empty, HalfXML, TwoRoots, WrongCharset,
	UTF16, BadBytes, DTD, EntityBomb, HugeBody, BigHeader, DeepNesting, OtherAmount, OtherCurrency, OtherTxnID, NoTxnID,
	OtherReference, OtherTxnType, StrangeText, NotAuthorized, StatusRequired, NotFound, Decline, CredentialsU5, CredentialsAG, Surcharge,
	ApproveTwice, PayAgain, PageOutlives, NotifyDrop, NotifyRepeat, NotifyFirst, NotifyDelay,
}

// A Fault is an order to misbehave.
type Fault struct {
	Kind Kind `json:"kind"`
	// Op, TxnID and User choose the calls. Default: all. A call whose TxnId the
	// host cannot tell (an unreadable token) has none.
	Op    Op     `json:"op,omitempty"`
	TxnID string `json:"txn_id,omitempty"`
	User  string `json:"user,omitempty"`
	// Skip lets that many matching calls pass first.
	Skip int `json:"skip,omitempty"`
	// Times it happens. Default: once. Negative: for ever.
	Times int `json:"times,omitempty"`
	// Delay of the waiting kinds.
	Delay time.Duration `json:"delay,omitempty"`
	// Hold waits for Order.Release in place of Delay.
	Hold bool `json:"hold,omitempty"`
	// Recorded does what was asked before HTTPStatus, HTML or Empty answers.
	Recorded bool `json:"recorded,omitempty"`
	// Value and N mean what stands beside each Kind.
	Value string `json:"value,omitempty"`
	N     int    `json:"n,omitempty"`
}

func (f Fault) value(or string) string {
	if f.Value == "" {
		return or
	}
	return f.Value
}

func (f Fault) count(or int) int {
	if f.N == 0 {
		return or
	}
	return f.N
}

// An Order is a Fault that was given to a Server.
type Order struct {
	s       *Server
	fault   Fault
	id      int
	hits    int
	reached chan struct{}
	release chan struct{}
	once    sync.Once
}

// Inject orders a fault.
func (s *Server) Inject(f Fault) *Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.lastOrder++
	o := newOrder(s, f)
	o.id = s.lastOrder
	s.orders = append(s.orders, o)
	return o
}

func newOrder(s *Server, f Fault) *Order {
	return &Order{s: s, fault: f, reached: make(chan struct{}), release: make(chan struct{})}
}

// Reached is closed when the first call has met the fault; a held call is then
// waiting.
func (o *Order) Reached() <-chan struct{} { return o.reached }

// Release lets go all calls that the order holds, now and later.
func (o *Order) Release() { o.once.Do(func() { close(o.release) }) }

// Cancel ends the order. Calls that it holds are let go.
func (o *Order) Cancel() {
	o.s.mu.Lock()
	o.fault.Op = neverMatches
	o.s.mu.Unlock()
	o.Release()
}

// Hits says how many calls have met the fault.
func (o *Order) Hits() int {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	return o.hits
}

// match gives the orders for a call and counts them. The lock is held.
func (s *Server) match(op Op, txnID string, users ...string) []*Order {
	var found []*Order
	for _, o := range s.orders {
		f := &o.fault
		if f.Op != "" && f.Op != op || f.TxnID != "" && f.TxnID != txnID || f.Op == "" && op == OpNotify {
			continue
		}
		if f.User != "" && !slices.Contains(users, f.User) || f.Times == 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		if o.hits++; o.hits == 1 {
			close(o.reached)
		}
		found = append(found, o)
	}
	if len(found) == 0 {
		found = s.mischief(op, txnID)
	}
	return found
}

// wait is over when the order says so; false when life ends first.
func (o *Order) wait(life context.Context) bool {
	if o.fault.Hold {
		select {
		case <-o.release:
			return true
		case <-life.Done():
			return false
		}
	}
	return sleep(life, o.fault.Delay)
}

func sleep(life context.Context, d time.Duration) bool {
	if d <= 0 {
		return life.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-life.Done():
		return false
	}
}
