package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

const noteLimit = 200 // characters

// seenSum is what somebody has seen of a preview, in one currency.
type seenSum struct {
	Count    int64  `json:"count"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// startRequest has a planned run charged.
type startRequest struct {
	Seen       []seenSum `json:"seen"`          // what the preview has said: nothing else is started
	Any        bool      `json:"any,omitempty"` // whatever it comes to, up to confirm_above
	HandlerOff bool      `json:"handler_off,omitempty"`
	Who        string    `json:"who"`
}

var errTooManyUnseen = errors.New("the run is above confirm_above, so it is started with what was seen of it only: --seen, as the preview prints it")

func (n present) startRun(r *http.Request) (any, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var q startRequest
	if err := n.readWord(r, &q, &q.Who); err != nil {
		return nil, err
	}
	if q.Any == (len(q.Seen) > 0) {
		return nil, asked("say what was seen of the preview, or that any will do; not both")
	}
	seen, err := readSeen(q.Seen)
	if err != nil {
		return nil, err
	}
	a, err := within(context.WithoutCancel(r.Context()), settlePatience, func(ctx context.Context) (runAnswer, error) {
		return n.start(ctx, id, q, seen)
	})
	if errors.Is(err, errSilent) {
		err = fmt.Errorf("%w; it may be started all the same: look at it (caddy paymentexpress charge status %s)", err, id)
	}
	return a, err
}

func readSeen(list []seenSum) (seen []charge.Sum, err error) {
	for _, s := range list {
		amount, err := money.Parse(s.Amount, s.Currency)
		if err != nil || s.Count < 1 {
			return nil, asked("seen: %d, %q, %q are no number of charges with what they come to and its currency", s.Count, s.Amount, s.Currency)
		}
		seen = append(seen, charge.Sum{State: charge.ItemPlanned, Count: s.Count, Amount: amount})
	}
	return seen, nil
}

func (n present) start(ctx context.Context, id payment.ID, q startRequest, seen []charge.Sum) (runAnswer, error) {
	if q.Any {
		var err error
		if seen, err = n.whatever(ctx, id); err != nil {
			return runAnswer{}, err
		}
	}
	stated, err := n.runs.HandlerOff(ctx)
	if err != nil {
		return runAnswer{}, err
	}
	before, err := n.runs.Get(ctx, id)
	if err != nil {
		return runAnswer{}, err
	}
	run, err := n.runs.Start(ctx, id, q.Who, charge.StartOptions{Seen: seen, HandlerOff: q.HandlerOff})
	if now, failed := n.runs.HandlerOff(ctx); failed == nil && stated == nil && now != nil { // kept though the start was refused
		n.notes(ctx, payment.Act{Who: q.Who, What: payment.DeedHandlerOff, Run: id})
	}
	switch {
	case errors.Is(err, charge.ErrPlanChanged):
		return runAnswer{}, fmt.Errorf("%w; nothing was started. See what it is now: caddy paymentexpress charge status %s", err, id)
	case errors.Is(err, charge.ErrHandlerOn):
		return runAnswer{}, fmt.Errorf("%w. Look that in Splynx neither Finance, Invoices, Charge nor an automatic charge uses Payment Express, then say so once with --handler-off", err)
	case err != nil:
		return runAnswer{}, err
	}
	if before.StartedAt.IsZero() && !run.StartedAt.IsZero() {
		n.notes(ctx, payment.Act{Who: q.Who, What: payment.DeedStart, Run: id, Note: sumsNote(seen)})
	}
	return n.run(ctx, id)
}

// whatever is what a run comes to now, where that may be started without having been seen.
func (n present) whatever(ctx context.Context, id payment.ID) ([]charge.Sum, error) {
	sums, err := n.runs.Sums(ctx, id)
	if err != nil {
		return nil, err
	}
	sums = charge.ToCharge(sums)
	if n.app.Charge.ConfirmAbove.limit().Exceeded(sums) {
		return nil, errTooManyUnseen
	}
	return sums, nil
}

func sumsNote(sums []charge.Sum) string {
	var parts []string
	for _, s := range sums {
		parts = append(parts, fmt.Sprintf("%d: %s", s.Count, s.Amount))
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing")
}

// moveRequest has a run paused, resumed or stopped.
type moveRequest struct {
	Note string `json:"note,omitempty"`
	Who  string `json:"who"`
}

// pauseRun and stopRun are brakes: they work whatever admin_commands says.
func (n present) pauseRun(r *http.Request) (any, error) {
	return n.moveRun(r, payment.DeedPause, (*charge.Runs).Pause)
}

func (n present) stopRun(r *http.Request) (any, error) {
	return n.moveRun(r, payment.DeedStop, (*charge.Runs).Stop)
}

func (n present) resumeRun(r *http.Request) (any, error) {
	if n.app.AdminCommands != "all" {
		return nil, errReadOnly
	}
	return n.moveRun(r, payment.DeedResume, (*charge.Runs).Resume)
}

func (n present) moveRun(r *http.Request, deed payment.Deed, move func(*charge.Runs, context.Context, payment.ID, string, string) (*charge.Run, error)) (any, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var q moveRequest
	if err := readJSON(r, &q); err != nil {
		return nil, err
	}
	if err := checkWho(q.Who); err != nil {
		return nil, err
	}
	if !fitsLine(q.Note, noteLimit) {
		return nil, asked("note: at most %d characters, and no line ends", noteLimit)
	}
	return within(context.WithoutCancel(r.Context()), settlePatience, func(ctx context.Context) (runAnswer, error) {
		moved, err := move(n.runs, ctx, id, q.Who, q.Note)
		if err != nil {
			return runAnswer{}, err
		}
		if moved.State == charge.Failed { // there was nothing to stop
			deed = payment.DeedSeen
		}
		n.notes(ctx, payment.Act{Who: q.Who, What: deed, Run: id, Note: q.Note})
		return n.run(ctx, id)
	})
}
