package payment

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// Errors of a Store; callers compare with errors.Is.
var (
	ErrNotFound    = errors.New("no such payment")
	ErrFormKeyUsed = errors.New("form key is used already")
	ErrClaimed     = errors.New("payment is claimed by somebody else")
	ErrDuplicate   = errors.New("this charge has a row already")
	ErrStopped     = errors.New("journal is closed")
)

// Store keeps payments. Every method that changes something returns only when the change
// is durable; an error means that the caller must act as if it were not, and read again.
type Store interface {
	// Create writes a new payment. check sees the customer's other payments that are in
	// flight, within the same transaction, and may refuse. ErrFormKeyUsed, ErrDuplicate.
	Create(ctx context.Context, p *Payment, e Event, check func(inFlight []*Payment) error) error
	// Change reads the payment, lets fn alter it, and writes it with what fn returns, all or
	// nothing. fn may run more than once and must only look at its argument. An error of fn
	// is returned as it is, and nothing is written.
	Change(ctx context.Context, id ID, fn func(*Payment) (Writes, error)) (*Payment, error)
	// Claim gives owner the payment until now+lease, with a new fencing number. ErrClaimed if
	// another claim lasts, or if another approved payment of the same customer is claimed:
	// bookings for one customer run one after another.
	Claim(ctx context.Context, id ID, owner string, now time.Time, lease time.Duration) (*Payment, error)
	// Due lists payments whose time has come and that nobody has claimed, approved money first
	// and then the oldest; with more than limit of them half of the places are for the others. It
	// tells when the next one's time comes (zero: none is waiting).
	Due(ctx context.Context, now time.Time, limit int) (due []ID, next time.Time, err error)

	Get(ctx context.Context, id ID) (*Payment, error)
	ByFormKey(ctx context.Context, key string) (*Payment, error)
	// Find lists payments, newest first.
	Find(ctx context.Context, f Filter) ([]*Payment, error)
	Events(ctx context.Context, id ID) ([]Event, error)

	// Unfinished counts the payments in each of the Unfinished states that has any.
	Unfinished(ctx context.Context) ([]Standing, error)

	Tokens
	Marks
	Acts
	Figures
	// Key returns 32 random bytes that live as long as the journal, one set for each name.
	Key(ctx context.Context, name string) ([]byte, error)
}

// Writes is what goes into the journal together with a changed payment.
type Writes struct {
	Events   []Event
	Tokens   []Token  // result tokens that were judged
	New      *Payment // a second charge's own row; left out without error if it is there already
	NewEvent Event
	Made     *bool // becomes true if New was not there yet; nil: nobody asks
}

// Filter selects payments; zero fields select all.
type Filter struct {
	States   []State
	Partner  int64
	Customer int64
	Kind     Kind
	Document int64
	Number   string // of the document
	Payer    string
	Origin   Origin
	Runs     []ID      // charge runs
	Class    string    // of the gateway's answer
	From     time.Time // begun then or later
	Until    time.Time // begun before
	Before   time.Time // last moved before
	Since    time.Time // last moved then or later
	After    Cursor    // what comes after that payment in the list: its next page
	Limit    int       // 0: 100
}

// Cursor is a payment's place in a list.
type Cursor struct {
	CreatedAt time.Time
	ID        ID
}

// Cursor is p's place in a list.
func (p *Payment) Cursor() Cursor { return Cursor{p.CreatedAt, p.ID} }

// Standing is how many payments are in a state.
type Standing struct {
	State  State
	Count  int
	Oldest ID        // the one that has not moved for the longest time
	Since  time.Time // when that one moved last
}

// Judged says what is known of a result token.
type Judged string

// What a result token was found to be.
const (
	TokenPending  Judged = "pending"  // to be asked about
	TokenApproved Judged = "approved" // its replay costs no call
	TokenKept     Judged = "kept"     // approved, and needed until the card that came with it is stored
	TokenDeclined Judged = "declined" // may belong to the page, not the attempt: asked again
	TokenForeign  Judged = "foreign"  // not of this payment, or none of the gateway's: forgotten
	TokenGivenUp  Judged = "given_up"
)

// Token is a result token that came with a return or a notification. Its value is kept until
// it was judged and all that came from it is stored; the keyed hash stays.
type Token struct {
	Payment ID // as the address said; there may be no such payment
	Hash    string
	Value   secret.Secret
	UserID  string // PxPay user as the query said: a hint
	Judged  Judged
	Asked   int
	Arrived time.Time
	NextAt  time.Time
}

// Tokens keeps result tokens.
type Tokens interface {
	// AddToken writes t, unless its payment has one with that hash: then that one is returned,
	// with the value put back if it is to be asked about again. ErrBusy, and nothing is
	// written, if limit others of the payment are not judged yet.
	AddToken(ctx context.Context, t Token, limit int) (Token, error)
	// PendingTokens counts the tokens of a payment that are not judged yet.
	PendingTokens(ctx context.Context, id ID) (int, error)
	// KeptTokens lists the tokens of a payment that are TokenKept.
	KeptTokens(ctx context.Context, id ID) ([]Token, error)
	// SetToken writes what is known of t.
	SetToken(ctx context.Context, t Token) error
	// DueTokens lists pending tokens whose time has come.
	DueTokens(ctx context.Context, now time.Time, limit int) (due []Token, next time.Time, err error)
	// UnjudgedTokens counts the tokens of all payments that are not judged yet.
	UnjudgedTokens(ctx context.Context) (int, error)
}

// Marks keeps words that live as long as the journal.
type Marks interface {
	// Mark reads what was kept under name; "" if nothing was.
	Mark(ctx context.Context, name string) (string, error)
	// SetMark keeps value under name in place of what was there; "" forgets it.
	SetMark(ctx context.Context, name, value string) error
}

// MarkHeld names the mark of a journal that must be compared with Splynx before anything new
// starts: a Hold as JSON. A store writes it when it makes a journal or restores one.
const MarkHeld = "held"

// Hold says why a journal is held.
type Hold struct {
	Why    string    `json:"why"` // HeldNew or HeldRestored
	At     time.Time `json:"at"`
	Newest time.Time `json:"newest,omitzero"` // of a restored one: when a payment in the backup moved last
}

// Why a journal is held.
const (
	HeldNew      = "new"
	HeldRestored = "restored"
)
