package payment

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Act is what a person, or a command, has had done: it tells who did what, beside the moves of
// payments and runs. It is never changed, and holds no name of a customer and nothing secret.
type Act struct {
	Seq      int64     `json:"seq"` // its place; given by the journal
	At       time.Time `json:"at"`
	Who      string    `json:"who"` // such as "administrator 3"
	What     Deed      `json:"what"`
	Partner  int64     `json:"partner,omitempty"`
	Customer int64     `json:"customer,omitempty"`
	Payment  ID        `json:"payment,omitempty"`
	Run      ID        `json:"run,omitempty"`
	Note     string    `json:"note,omitempty"` // a reason as it was given, an amount, a filter
	Node     string    `json:"node"`
}

// Deed is a key that says what was done; the words for people are the pages'.
type Deed string

// The deeds.
const (
	DeedCharge      Deed = "charge" // of one saved card, for its holder
	DeedRefund      Deed = "refund"
	DeedSettle      Deed = "settle"
	DeedRebook      Deed = "rebook"
	DeedAsk         Deed = "ask_again"
	DeedRemoveCard  Deed = "remove_card"
	DeedLink        Deed = "make_link"
	DeedOpenGuests  Deed = "open_guests"
	DeedCloseGuests Deed = "close_guests"
	DeedAccept      Deed = "accept_journal"
	DeedExport      Deed = "export"
	DeedPreview     Deed = "preview_run"
	DeedTickOff     Deed = "tick_off"
	DeedStart       Deed = "start_run"
	DeedPause       Deed = "pause_run"
	DeedResume      Deed = "resume_run"
	DeedStop        Deed = "stop_run"
	DeedHandlerOff  Deed = "handler_off" // stated that Splynx's own charge handler is off
	DeedKeepOut     Deed = "keep_out"    // of runs
	DeedLetIn       Deed = "let_in"
	DeedSeen        Deed = "seen" // of what the engine tells below

	// What the engine has done by itself, and somebody should know.
	DeedPaidTwice Deed = "paid_twice" // the document was paid already: the money is on the balance, or goes back
	DeedOnBalance Deed = "on_balance" // Splynx did not take it on the document, which may still be due
)

// ActFilter selects acts; zero fields select all.
type ActFilter struct {
	Who      string // exact
	What     Deed
	Partner  int64
	Customer int64
	Payment  ID
	Run      ID
	Since    time.Time // then or later
	Until    time.Time // before
	Text     string    // in the note, without regard to case
	Before   int64     // what comes after the act with that Seq in the list: its next page
	Limit    int       // 0: 100
}

// Acts keeps what was done.
type Acts interface {
	// AddAct writes a, whose Seq it ignores. It returns when that is durable.
	AddAct(ctx context.Context, a Act) error
	// FindActs lists acts, newest first.
	FindActs(ctx context.Context, f ActFilter) ([]Act, error)
}

// Note writes down what somebody is about to do, or has done. The time and the node are the
// engine's.
func (e *Engine) Note(ctx context.Context, a Act) error {
	a.At, a.Node = e.now(), e.node
	if err := e.store.AddAct(context.WithoutCancel(ctx), a); err != nil {
		return fmt.Errorf("write down what is done: %w", err)
	}
	return nil
}

// did is Note for what was done just now: it is done whether it can be written down or not.
func (e *Engine) did(ctx context.Context, g *Generation, what Deed, p *Payment, who, note string) {
	err := e.Note(ctx, Act{Who: who, What: what, Partner: p.Partner, Customer: p.Customer, Payment: p.ID, Note: note})
	if err != nil {
		g.logger().Error("what was done could not be written down", zap.String("what", string(what)), zap.String("who", who),
			zap.String("payment", string(p.ID)), zap.Int64("customer", p.Customer), zap.Error(err))
	}
}

// Acts lists what was done, newest first.
func (e *Engine) Acts(ctx context.Context, f ActFilter) ([]Act, error) {
	return e.store.FindActs(ctx, f)
}
