package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
)

// Strangers are payments in Splynx that carry a number of ours which the journal does not
// know: it was lost, or an older one was put in its place.
type Strangers struct {
	Since    time.Time `json:"since"`
	Count    int       `json:"count"`
	Payments []int64   `json:"payments"` // Splynx's ids, the newest 20
	UpTo     int64     `json:"up_to"`    // the highest id
}

// Acceptance is a person's word that a journal is to be used though it does not know
// everything.
type Acceptance struct {
	Who  string    `json:"who"`
	At   time.Time `json:"at"`
	UpTo int64     `json:"up_to"` // of Splynx's payment ids; unknown ones above count again
}

const strangersKept = 20

// readMark reads a mark that holds JSON; ok is false if there is none.
func readMark[T any](ctx context.Context, s Store, name string) (v T, ok bool, err error) {
	text, err := s.Mark(ctx, name)
	if err != nil || text == "" {
		return v, false, err
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return v, false, fmt.Errorf("read the mark %q of the journal: %w", name, err)
	}
	return v, true, nil
}

func setMark(ctx context.Context, s Store, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.SetMark(ctx, name, string(text))
}

// hold tells why the journal is held; nil if it is not.
func (e *Engine) hold(ctx context.Context) (*Hold, error) {
	h, ok, err := readMark[Hold](ctx, e.store, MarkHeld)
	if err != nil || !ok {
		return nil, err
	}
	return &h, nil
}

// noteStrangers keeps what was found beside what was found before, but for what a person has
// accepted. rows are Splynx's payment ids, the newest first.
func (e *Engine) noteStrangers(ctx context.Context, g *Generation, rows []int64) error {
	accepted, _, err := readMark[Acceptance](ctx, e.store, acceptedMark(g))
	if err != nil {
		return err
	}
	old, _, err := readMark[Strangers](ctx, e.store, oldMark(g))
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(rows), func(id int64) bool { return id <= accepted.UpTo || id <= old.UpTo })
	if len(fresh) == 0 {
		return nil
	}
	if old.Count == 0 {
		old.Since = e.now()
	}
	old.Count += len(fresh)
	old.UpTo = fresh[0]
	old.Payments = append(fresh, old.Payments...)
	old.Payments = old.Payments[:min(len(old.Payments), strangersKept)]
	return setMark(ctx, e.store, oldMark(g), old)
}

// tellStrangers logs that the journal is old, at once and daily; it returns when to tell again,
// zero if it is not old.
func (e *Engine) tellStrangers(ctx context.Context, g *Generation) time.Time {
	old, ok, err := readMark[Strangers](ctx, e.store, oldMark(g))
	if err != nil {
		g.logger().Error("journal cannot be read", zap.Error(err))
		return e.now().Add(credentialsPause)
	}
	if !ok {
		return time.Time{}
	}
	if now := e.now(); !now.Before(e.compare.tell) {
		e.compare.tell = now.Add(stuckAgain)
		g.logger().Error("splynx has payments of ours that the journal does not know: put the right journal back, or accept this one",
			zap.Int("payments", old.Count), zap.Int64s("newest", old.Payments), zap.Time("since", old.Since))
	}
	return e.compare.tell
}

// Trusted tells whether cards may be charged without their holder: not while the journal was
// not compared with Splynx since it was opened (ErrHeld), nor while Splynx has payments of
// ours that it does not know (ErrJournalOld), for it may not know of a charge either.
func (e *Engine) Trusted(ctx context.Context) error {
	g, err := e.current()
	if err != nil {
		return err
	}
	if !e.compare.done() {
		return ErrHeld
	}
	old, ok, err := readMark[Strangers](ctx, e.store, oldMark(g))
	if err != nil || !ok {
		return err
	}
	return fmt.Errorf("%w: %d of them, the newest has the id %d in Splynx", ErrJournalOld, old.Count, old.UpTo)
}

// Accept notes that a person wants an old journal to be used: Trusted does not hold against it
// what it does not know up to now. What is found later counts again. Without a finding it
// does nothing; ErrHeld before the comparison has gone through.
func (e *Engine) Accept(ctx context.Context, who string) error {
	g, err := e.current()
	if err != nil {
		return err
	}
	if who == "" {
		return errors.New("accept the journal: it must be known who says so")
	}
	if !e.compare.done() {
		return ErrHeld
	}
	old, ok, err := readMark[Strangers](ctx, e.store, oldMark(g))
	if err != nil || !ok {
		return err
	}
	if err := setMark(ctx, e.store, acceptedMark(g), Acceptance{Who: who, At: e.now(), UpTo: old.UpTo}); err != nil {
		return fmt.Errorf("accept the journal: %w", err)
	}
	if err := e.store.SetMark(ctx, oldMark(g), ""); err != nil {
		return fmt.Errorf("accept the journal: %w", err)
	}
	e.did(ctx, g, DeedAccept, &Payment{}, who, "")
	g.logger().Info("the journal was accepted", zap.String("who", who), zap.Int64("up to payment", old.UpTo))
	return nil
}
