package payment

import (
	"slices"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Kind says what a payment is for.
type Kind string

// The kinds of payment.
const (
	KindInvoice   Kind = "invoice"
	KindProforma  Kind = "proforma"
	KindTopUp     Kind = "top_up"
	KindCardCheck Kind = "card_check" // the one unit that is taken, and given back, when a card is saved
	KindRefund    Kind = "refund"
)

// Way says how the card is charged.
type Way string

// The ways of charging.
const (
	WayHosted    Way = "hosted"     // the payer types the card on the gateway's page
	WaySavedCard Way = "saved_card" // charged by the gateway's token
	WayBack      Way = "back"       // a refund: from the provider to the card that was charged
)

// Origin says who started a payment.
type Origin string

// The origins of payments.
const (
	OriginCustomer      Origin = "customer"
	OriginGuest         Origin = "guest"
	OriginAdministrator Origin = "administrator"
	OriginRun           Origin = "run"
	OriginEngine        Origin = "engine" // what follows from another payment
)

// Payment is one intent to move money once.
//
// It holds no card number, no card holder's name and no DpsBillingId.
type Payment struct {
	ID    ID `json:"id"`
	TxnID ID `json:"txn_id"` // the gateway's TxnId: ID itself, but for a second charge under another payment's TxnId

	Kind   Kind   `json:"kind"`
	Way    Way    `json:"way"`
	Origin Origin `json:"origin"`

	State      State  `json:"state"`
	ParkedFrom State  `json:"parked_from,omitempty"`
	Reason     Reason `json:"reason,omitempty"` // why it is in State

	Site           string          `json:"site,omitempty"` // public address of the installation that Customer and DocumentID are of
	Partner        int64           `json:"partner"`
	Customer       int64           `json:"customer"`
	DocumentID     int64           `json:"document_id,omitempty"`
	DocumentNumber string          `json:"document_number,omitempty"`
	ByID           bool            `json:"by_id,omitempty"` // the payer came by the document's id, and was not told its number
	Amount         currency.Amount `json:"amount"`

	// What it was started with: it is asked about and settled with these, whatever the
	// configuration says meanwhile. User names only, never the secrets.
	Endpoint   string `json:"endpoint"`
	PxPayUser  string `json:"pxpay_user"`
	PxPostUser string `json:"pxpost_user,omitempty"`
	OwnAccount bool   `json:"own_account,omitempty"` // these are of the partner's block, not everybody's
	TxnType    string `json:"txn_type"`
	Reference  string `json:"reference"` // MerchantReference as the gateway echoes it

	Mode string   `json:"mode,omitempty"` // RecurringMode of the use of a card
	Card CardUsed `json:"card,omitzero"`
	Save CardSave `json:"save,omitzero"` // what becomes of the card that the hosted page was to save

	GivenBack []GivenBack `json:"given_back,omitempty"` // what was, is, or may be given back of this payment
	GivesBack bool        `json:"gives_back,omitempty"` // decided: it goes back, and is not booked
	Of        ID          `json:"of,omitempty"`         // of a refund: the payment that it gives back

	FormKey string `json:"form_key,omitempty"` // unique in the journal
	Payer   string `json:"payer,omitempty"`    // keyed hash of the guest's cookie, or the customer

	Run  string `json:"run,omitempty"`  // the charge run that it belongs to
	Item int64  `json:"item,omitempty"` // its place in the run

	LinkEnds string `json:"link_ends,omitempty"` // the last day of the signed link that it began with, as YYYY-MM-DD

	PageURL  string    `json:"page_url,omitempty"` // forgotten when the page has ended
	PageEnds time.Time `json:"page_ends,omitzero"`

	// What the gateway said.
	DpsTxnRef string `json:"dps_txn_ref,omitempty"`
	Code      string `json:"code,omitempty"` // ReCo
	Class     string `json:"class,omitempty"`
	Words     string `json:"words,omitempty"` // key of the words people read
	Surcharge string `json:"surcharge,omitempty"`
	Heard     bool   `json:"heard,omitempty"`   // it has shown to know the TxnId
	Claimed   string `json:"claimed,omitempty"` // DpsTxnRef of a charge that the gateway claims, but not as it was asked for

	Booking Booking `json:"booking,omitzero"`

	CreatedAt  time.Time `json:"created_at"`
	MovedAt    time.Time `json:"moved_at"`
	ApprovedAt time.Time `json:"approved_at,omitzero"`

	NextAt time.Time `json:"next_at,omitzero"` // when the worker looks at it again; zero: never by itself
	Step   int       `json:"step,omitempty"`   // place in the schedule of the present state

	LeaseOwner string    `json:"lease_owner,omitempty"`
	LeaseUntil time.Time `json:"lease_until,omitzero"`
	Fence      int64     `json:"fence"` // grows with each claim
}

// CardUsed is the saved card that a payment is charged to, as far as it may be kept and shown.
type CardUsed struct {
	Key   string `json:"key,omitempty"` // Card.Key
	Brand string `json:"brand,omitempty"`
	Ends  string `json:"ends,omitempty"`
}

// Post says how far the POST of a payment to Splynx has come.
type Post string

// The states of a POST.
const (
	PostNone     Post = ""        // none was sent, or the last one surely did not arrive
	PostSent     Post = "sent"    // about to be sent: without an answer it may have reached Splynx
	PostUnclear  Post = "unclear" // sent; nobody knows
	PostAnswered Post = "created" // Splynx answered 201
)

// Booking is what is known of a payment's way into Splynx.
type Booking struct {
	StatementID  int64  `json:"statement_id,omitempty"`
	RecordID     int64  `json:"record_id,omitempty"`
	RecordStatus string `json:"record_status,omitempty"` // as we last wrote it

	Post            Post      `json:"post,omitempty"`
	PostedAt        time.Time `json:"posted_at,omitzero"` // the last POST; the later searches count from here
	QuietUntil      time.Time `json:"quiet_until,omitzero"`
	Missed          int       `json:"missed,omitempty"` // searches after a 201 that did not find the row
	WithoutDocument bool      `json:"without_document,omitempty"`
	Chosen          bool      `json:"chosen,omitempty"` // a person has said where it goes

	To        Destination `json:"to,omitempty"`
	PaymentID int64       `json:"payment_id,omitempty"` // Splynx's id of the payment
	Looks     int         `json:"looks,omitempty"`      // later searches done
}

// Destination says where in Splynx the money went.
type Destination string

// The destinations of money.
const (
	ToDocument Destination = "document"
	ToBalance  Destination = "balance"
	ByHand     Destination = "by_hand" // staff had booked it
)

// HasMoney tells whether the gateway has approved the payment.
func (p *Payment) HasMoney() bool { return p.DpsTxnRef != "" }

// InFlight tells whether the payment blocks a new charge of its document: money is under
// way, or a person has to look. An open hosted page blocks nothing.
func (p *Payment) InFlight() bool {
	return slices.Contains(InFlight(), p.State)
}

// InFlight lists the states of payments that are in flight.
func InFlight() []State { return []State{Submitted, Unknown, Approved, Parked} }

// MostInFlight is more payments than one customer has in flight: the limit where all are to be found.
const MostInFlight = 10_000

// Blocks tells whether p, in flight, forbids charging q: the same document, or the balance
// of a customer against any document of that customer. Customers change partners, and of
// money without intent the partner is not known: it does not matter.
func (p *Payment) Blocks(q *Payment) bool {
	if !p.InFlight() || p.Customer != q.Customer || p.apart() || q.apart() {
		return false
	}
	if p.Kind == KindTopUp || q.Kind == KindTopUp {
		return true
	}
	return p.Kind == q.Kind && p.DocumentID == q.DocumentID
}

// apart tells that the payment is for nothing that the customer owes: a card check, a refund.
func (p *Payment) apart() bool { return p.Kind == KindCardCheck || p.Kind == KindRefund }

// Held tells that its money is only held: it is let go, and was never taken.
func (p *Payment) Held() bool { return p.TxnType == string(windcave.Auth) }

// ByPxPost tells that the payment moves without its payer's browser: PxPost is asked for it,
// and may be asked about it.
func (p *Payment) ByPxPost() bool { return p.Way != WayHosted }

// PageOpen tells whether the hosted page may still be sent to its payer, with enough time
// left to type a card.
func (p *Payment) PageOpen(now time.Time) bool {
	return p.State == Offered && p.PageURL != "" && p.PageEnds.Sub(now) >= pageLeft
}

// pageLeft is how long a page must still live to be given out again.
const pageLeft = 10 * time.Minute
