package payment

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// State is where a payment stands.
type State string

// The states of a payment; doc.go draws how they follow one another.
const (
	Created    State = "created"
	Offered    State = "offered"     // the payer has the hosted page
	NotOffered State = "not_offered" // no page was had
	Submitted  State = "submitted"
	NotStarted State = "not_started"
	Unknown    State = "unknown"
	Approved   State = "approved"
	Declined   State = "declined"
	Cancelled  State = "cancelled"
	Expired    State = "expired"
	NotDone    State = "not_done"
	Recorded   State = "recorded"
	Refunded   State = "refunded"
	Settled    State = "settled"
	Parked     State = "parked"
)

// Reason is a key that says why a payment moved; the words for people are the pages'.
type Reason string

// The reasons of moves.
const (
	ReasonStarted            Reason = "started"
	ReasonPageHad            Reason = "page_had"
	ReasonPageRefused        Reason = "page_refused"
	ReasonPageUnclear        Reason = "page_unclear"
	ReasonGatewayUnreachable Reason = "gateway_unreachable"
	ReasonInterrupted        Reason = "interrupted"
	ReasonGatewayApproved    Reason = "gateway_approved"
	ReasonGatewayDeclined    Reason = "gateway_declined"
	ReasonPayerCancelled     Reason = "payer_cancelled"
	ReasonPageEnded          Reason = "page_ended"
	ReasonBooked             Reason = "booked"
	ReasonSecondCharge       Reason = "second_charge"

	// Of what PxPost is asked for.
	ReasonSent             Reason = "sent"
	ReasonOutcomeUnclear   Reason = "outcome_unclear"
	ReasonNotSent          Reason = "not_sent"        // surely: the gateway could not be reached, or we stopped before
	ReasonWaitedTooLong    Reason = "waited_too_long" // for its turn: its claim was about to lapse
	ReasonNeverArrived     Reason = "never_arrived"   // as the gateway says, after long enough
	ReasonGatewayRefused   Reason = "gateway_refused" // configuration or request, for an administrator
	ReasonNotFound         Reason = "not_found"       // the gateway does not know what it should know
	ReasonUndecided        Reason = "undecided"       // the gateway has been asked for a day, and its answers say neither yes nor no
	ReasonAmountChanged    Reason = "amount_changed"
	ReasonCardChanged      Reason = "card_changed"
	ReasonCustomerChanged  Reason = "customer_changed"
	ReasonSplynxUnreadable Reason = "splynx_unreadable"
	ReasonGivenBack        Reason = "given_back"
	ReasonTellSplynx       Reason = "tell_splynx" // given back at the gateway; a person has to type it into Splynx
	ReasonRefundRefused    Reason = "refund_refused"
	ReasonLapsed           Reason = "lapsed" // an Auth that nobody has let go of ends by itself

	ReasonAnswerDiffers      Reason = "answer_differs"
	ReasonCredentialsMissing Reason = "credentials_missing"
	ReasonCredentialsBack    Reason = "credentials_back"
	ReasonNoIntent           Reason = "money_without_intent"
	ReasonBookedTwice        Reason = "booked_twice"
	ReasonPerhapsBookedTwice Reason = "perhaps_booked_twice"
	ReasonBookedOtherwise    Reason = "booked_otherwise"
	ReasonBookedNoMoney      Reason = "booked_without_money"
	ReasonBookingRefused     Reason = "booking_refused"
	ReasonBookingNotFound    Reason = "booking_not_found"
	ReasonSearchUnproven     Reason = "search_unproven"

	// What a person has said of a parked payment.
	ReasonSettledAgain    Reason = "settled_again"
	ReasonSettledRecorded Reason = "settled_recorded"
	ReasonSettledRefunded Reason = "settled_refunded"
	ReasonSettledNotPaid  Reason = "settled_not_paid"
	ReasonRebooked        Reason = "rebooked" // its money is to go elsewhere in Splynx
)

// The ends: nothing more is due to anybody, as far as is known. Without money until the
// gateway says otherwise; the good ones have seen it.
var (
	endsWithoutMoney = []State{NotOffered, NotStarted, Declined, Cancelled, Expired, NotDone}
	goodEnds         = []State{Recorded, Refunded, Settled}
)

// States lists all states.
func States() []State { return slices.Sorted(maps.Keys(table)) }

// Unfinished lists the states in which something is still to be done, or may be: the payer is
// at the gateway, money is under way, or a person has to look.
func Unfinished() []State {
	return append([]State{Created, Offered}, InFlight()...)
}

// table is the only list of the moves that a payment can make. Parked is left by resume.
var table = map[State][]State{
	Created:    {Offered, NotOffered, Submitted, NotStarted, Approved, Parked},
	Offered:    {Approved, Declined, Cancelled, Expired, Parked},
	Submitted:  {Approved, Declined, Unknown, NotDone, Parked},
	Unknown:    {Approved, Declined, NotDone, Parked},
	NotOffered: {Approved, Parked},
	NotStarted: {Approved, Parked},
	Declined:   {Approved, Parked},
	Cancelled:  {Approved, Parked},
	Expired:    {Approved, Parked},
	NotDone:    {Approved, Parked},
	Approved:   {Recorded, Refunded, Settled, Parked},
	Recorded:   {Parked},
	Refunded:   {Parked},
	Settled:    {Parked},
}

// mayMove tells whether the table has the move; a parked payment goes back to where it
// came from, to an end, or, by late truth, to approved.
func mayMove(p *Payment, to State) bool {
	if p.State != Parked {
		return slices.Contains(table[p.State], to)
	}
	return to == p.ParkedFrom || slices.Contains(endsWithoutMoney, to) || slices.Contains(goodEnds, to) ||
		to == Approved && !slices.Contains(goodEnds, p.ParkedFrom)
}

// Event is one move of a payment. It is never changed.
type Event struct {
	Payment ID        `json:"payment"`
	At      time.Time `json:"at"`
	From    State     `json:"from"`
	To      State     `json:"to"`
	Why     Reason    `json:"why"`
	Note    string    `json:"note,omitempty"` // what a person who looks needs: ids, codes, names of elements
	Who     string    `json:"who"`
	Node    string    `json:"node"`
}

// move is the only place where a payment's state changes. It returns the event to append.
func (p *Payment) move(to State, why Reason, note, who string, at time.Time) (Event, error) {
	if !mayMove(p, to) {
		return Event{}, fmt.Errorf("payment %s: no move from %s to %s (%s)", p.ID, p.State, to, why)
	}
	e := Event{Payment: p.ID, At: at, From: p.State, To: to, Why: why, Note: note, Who: who}
	if to == Parked {
		p.ParkedFrom = p.State
	} else {
		p.ParkedFrom = ""
	}
	p.State, p.Reason, p.MovedAt, p.Step = to, why, at, 0
	if to != Created && to != Offered {
		p.PageURL = ""
	}
	return e, nil
}

// begin gives a new payment its first state and event.
func (p *Payment) begin(s State, why Reason, note, who string, at time.Time) Event {
	p.State, p.Reason, p.CreatedAt, p.MovedAt = s, why, at, at
	return Event{Payment: p.ID, At: at, To: s, Why: why, Note: note, Who: who}
}
