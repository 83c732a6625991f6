package payment

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

const (
	comparePage  = 200                 // rows of Splynx in one question
	comparePages = 50                  // questions at most
	compareDays  = 31 * 24 * time.Hour // how far back, where nothing was compared before
	heldWait     = 5 * time.Second     // what a payer waits for a comparison that is about to end
)

var (
	comparePauses = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}
	// A page that a lost journal has made is asked about so long after the look before.
	orphanPauses = []time.Duration{2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour}
)

// comparison is what is known, since the journal was opened, of the journal beside Splynx,
// where our payments and statement records stand whatever became of it.
type comparison struct {
	present chan struct{} // closed with the first configuration
	first   sync.Once
	through chan struct{} // closed when the comparison has gone through
	ctx     context.Context
	cancel  context.CancelFunc

	tell time.Time // that the journal is old, again; of keepComparing alone

	// Of the tries so far; of keepComparing alone.
	heard   map[ID]bool // payments that the gateway was heard on
	orphans []orphan

	mu     sync.Mutex
	at     time.Time // when it went through
	failed string    // why it has not yet
	quiet  time.Time // until then a POST of the journal before may still commit
}

func newComparison() *comparison {
	c := &comparison{present: make(chan struct{}), through: make(chan struct{}), heard: make(map[ID]bool)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

func (c *comparison) begin() { c.first.Do(func() { close(c.present) }) }

func (c *comparison) done() bool {
	select {
	case <-c.through:
		return true
	default:
		return false
	}
}

func (c *comparison) note(err error, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed = ""; err != nil {
		c.failed = err.Error()
		return
	}
	c.at = now
	close(c.through)
}

// sleep tells whether the engine still runs after d.
func (c *comparison) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// heldBack refuses what is new while a journal that was made anew or restored has not been
// compared with Splynx: the payment that somebody asks for may have been made already.
func (e *Engine) heldBack(ctx context.Context) error {
	if e.compare.done() {
		return nil
	}
	held, err := e.store.Mark(ctx, MarkHeld)
	if err != nil || held == "" {
		return err
	}
	timer := time.NewTimer(heldWait)
	defer timer.Stop()
	select {
	case <-e.compare.through:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	case <-e.compare.ctx.Done():
	}
	return ErrHeld
}

// keepComparing compares once for each opening of the journal, as often as it takes; then it
// looks after what was found, until Close.
func (e *Engine) keepComparing() {
	c := e.compare
	select {
	case <-c.present:
	case <-c.ctx.Done():
		return
	}
	var orphans []orphan
	for n := 0; ; n++ {
		g, err := e.current()
		if err == nil {
			if orphans, err = e.tryComparing(c.ctx, g); err == nil {
				break
			}
			if c.ctx.Err() == nil {
				c.note(err, e.now())
				g.logger().Warn("the journal cannot be compared with splynx yet; it is tried again", zap.Error(err))
			}
		}
		if !c.sleep(pause(comparePauses, n)) {
			return
		}
	}
	c.note(nil, e.now())
	e.poke()
	e.lookAfter(orphans)
}

func (e *Engine) tryComparing(ctx context.Context, g *Generation) (orphans []orphan, err error) {
	err = errors.New("the comparison panicked")
	defer e.survive("comparison")
	return e.compareOnce(ctx, g)
}

// compareOnce goes through everything once. What it finds is in the journal before the marks
// say that it was looked for, so a crash only has it done again.
func (e *Engine) compareOnce(ctx context.Context, g *Generation) (orphans []orphan, err error) {
	held, err := e.hold(ctx)
	if err != nil {
		return nil, err
	}
	found, err := e.comparePayments(ctx, g)
	if err != nil {
		return nil, err
	}
	if err := e.noteStrangers(ctx, g, found.strangers); err != nil {
		return nil, err
	}
	e.tellStrangers(ctx, g)
	if orphans, err = e.compareRecords(ctx, g); err != nil {
		return nil, err
	}
	orphans = e.compare.join(orphans)
	if err := e.keepQuiet(ctx, g, held, len(found.strangers)+len(orphans) > 0); err != nil {
		return nil, err
	}
	orphans, err = e.askOrphans(ctx, g, orphans)
	if e.compare.orphans = orphans; err != nil && held != nil {
		return nil, err
	}
	if held != nil && held.Why == HeldRestored {
		if err := e.askUnfinished(ctx, g, held.At); err != nil {
			return nil, err
		}
	}
	if err := e.parkBehind(ctx, g, found.behind); err != nil {
		return nil, err
	}
	if err := e.store.SetMark(ctx, comparedMark(g), strconv.FormatInt(found.top, 10)); err != nil {
		return nil, err
	}
	if held != nil {
		if err := e.store.SetMark(ctx, MarkHeld, ""); err != nil {
			return nil, err
		}
		g.logger().Info("the journal was compared with splynx; payments can start", zap.String("it was", held.Why))
	}
	return orphans, nil
}

// The marks of a comparison go by the installation: ids of another Splynx mean nothing here.
func comparedMark(g *Generation) string { return "compared " + g.Settings.PublicURL }
func oldMark(g *Generation) string      { return "old " + g.Settings.PublicURL }
func acceptedMark(g *Generation) string { return "accepted " + g.Settings.PublicURL }

// marker reads an id of ours from a field that others write to as well. Ours is drawn at
// random: sixteen digits alone are somebody's reference of a bank.
func marker(s string) (ID, bool) {
	id, err := ParseID(s)
	return id, err == nil && strings.Trim(s, "0123456789") != ""
}

// compared is what the payments in Splynx have shown.
type compared struct {
	top       int64 // id of the newest one, or of the newest before
	strangers []int64
	behind    []behind
}

// behind is a payment in Splynx for which the journal knows no money.
type behind struct {
	id  ID
	row int64
}

// comparePayments reads Splynx's payments from the newest downwards, and looks for those that
// carry a number of ours in the journal.
//
// It stops at the newest one of the last comparison that went through: that one has seen all
// below. The mark is kept in the journal, so a backup has that of its own time, and all that
// was booked after the backup is above it. Where there is no mark, the journal is new, and
// any payment of ours will do to tell; it stops after 31 days, or 10,000 payments: a lost
// journal that booked nothing for so long has nothing under way. A known payment is no
// reason to stop: after a start whose comparison never ended, known ones lie above unknown
// ones.
func (e *Engine) comparePayments(ctx context.Context, g *Generation) (compared, error) {
	last, err := e.lastCompared(ctx, g)
	if err != nil {
		return compared{}, err
	}
	found := compared{top: last}
	oldest := splynx.DateOf(e.now().Add(-compareDays).In(g.Settings.TimeZone))
	err = pages(ctx, g, g.Splynx.NewestPayments, func(row splynx.Payment) (int64, bool, error) {
		if found.top = max(found.top, row.ID); row.ID <= last {
			return row.ID, false, nil
		}
		made := row.CreatedAt
		if made.IsZero() {
			made = row.Date
		}
		if last == 0 && made.Day().Before(oldest) {
			return row.ID, false, nil
		}
		return row.ID, true, e.comparePayment(ctx, g, row, &found)
	})
	return found, err
}

func (e *Engine) lastCompared(ctx context.Context, g *Generation) (int64, error) {
	text, err := e.store.Mark(ctx, comparedMark(g))
	if err != nil || text == "" {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// comparePayment looks for one payment of Splynx in the journal.
func (e *Engine) comparePayment(ctx context.Context, g *Generation, row splynx.Payment, found *compared) error {
	id, ours := marker(row.ReceiptNumber)
	if !ours {
		id, ours = marker(row.Fields[g.Settings.MarkerField-1])
	}
	if !ours {
		return nil
	}
	p, err := e.store.Get(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		found.strangers = append(found.strangers, row.ID)
	case err != nil:
		return err
	case !p.HasMoney() && !row.Deleted:
		found.behind = append(found.behind, behind{id, row.ID})
	}
	return nil
}

// pages reads a list of Splynx from the newest row downwards, until look says that it is
// enough. A Splynx that does not honour the question for rows below an id has told its newest
// page, and that is what there is to be had.
func pages[T any](ctx context.Context, g *Generation, read func(context.Context, int64, int) ([]T, error), look func(T) (id int64, on bool, err error)) error {
	before := int64(0)
	for range comparePages {
		rows, err := read(ctx, before, comparePage)
		if before != 0 && isKind(err, splynx.KindFilter) {
			g.logger().Warn("splynx does not tell older rows; only its newest ones are compared with the journal", zap.Error(err))
			return nil
		}
		if err != nil {
			return err
		}
		for _, row := range rows {
			id, on, err := look(row)
			if err != nil || !on {
				return err
			}
			before = id
		}
		if len(rows) < comparePage {
			return nil
		}
	}
	return nil
}
