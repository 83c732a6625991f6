package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

const (
	insertRun      = `INSERT INTO runs (id, form_key, state, source, work, created_at, detail) VALUES (?,?,?,?,?,?,?)`
	insertRunEvent = `INSERT INTO run_events (run, detail) VALUES ((SELECT no FROM runs WHERE id=?),?)`
	updateRun      = `UPDATE runs SET form_key=?2, state=?3, source=?4, work=?5, created_at=?6, detail=?7 WHERE id=?1`

	insertItem = `INSERT INTO run_items (run, seq, state, out, class, customer, partner, document, number, currency, amount, minor, credit,
		card_key, card_brand, card_ends, payment, charged, code, reason, moved_at)
		VALUES ((SELECT no FROM runs WHERE id=?),?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,'','','','',?)`
	beginItem = `UPDATE run_items SET state=?3, class=?4, code=?5, reason=?6, moved_at=?7, payment=?8, charged=?9, minor=?10
		WHERE run=(SELECT no FROM runs WHERE id=?1) AND seq=?2`
	moveItem  = beginItem + ` AND payment=?8`
	leaveItem = `UPDATE run_items SET state='left_out', out=?3, moved_at=?4
		WHERE run=(SELECT no FROM runs WHERE id=?1) AND seq=?2 AND state='planned' AND payment=''`
	tickOnItem = `UPDATE run_items SET state='planned', out='', moved_at=?3
		WHERE run=(SELECT no FROM runs WHERE id=?1) AND seq=?2 AND state='left_out' AND out='ticked_off'`
	leaveNext = `UPDATE run_items SET state='left_out', out=?2, moved_at=?3 WHERE run=(SELECT no FROM runs WHERE id=?1) AND seq IN
		(SELECT seq FROM run_items WHERE run=(SELECT no FROM runs WHERE id=?1) AND state='planned' AND payment='' ORDER BY seq LIMIT ?4)`
)

// CreateRun implements charge.Store.
func (s *SQLite) CreateRun(ctx context.Context, r *charge.Run, e charge.Event) error {
	return s.do(ctx, func(ctx context.Context, w *writer) error {
		err := w.putRun(ctx, insertRun, r)
		if err = unique(err); errors.Is(err, payment.ErrFormKeyUsed) {
			err = charge.ErrFormKeyUsed
		}
		if err != nil {
			return err
		}
		return w.runEvent(ctx, e)
	})
}

// ChangeRun implements charge.Store.
func (s *SQLite) ChangeRun(ctx context.Context, id payment.ID, fn func(*charge.Run) (charge.Writes, error)) (*charge.Run, error) {
	return s.changeRun(ctx, id, func(_ context.Context, _ *writer, r *charge.Run) (charge.Writes, error) { return fn(r) })
}

// StartRun implements charge.Store.
func (s *SQLite) StartRun(ctx context.Context, id payment.ID, fn func(*charge.Run, []*charge.Run, []charge.Sum) (charge.Writes, error)) (*charge.Run, error) {
	return s.changeRun(ctx, id, func(ctx context.Context, w *writer, r *charge.Run) (charge.Writes, error) {
		open, err := scanRuns(w.query(ctx, `SELECT detail FROM runs WHERE state IN ('running','paused','waiting') AND id<>?`, string(id)))
		if err != nil {
			return charge.Writes{}, err
		}
		sums, err := scanSums(w.query(ctx, readSums, string(id)))
		if err != nil {
			return charge.Writes{}, err
		}
		return fn(r, open, sums)
	})
}

func (s *SQLite) changeRun(ctx context.Context, id payment.ID, fn func(context.Context, *writer, *charge.Run) (charge.Writes, error)) (*charge.Run, error) {
	var r *charge.Run
	err := s.do(ctx, func(ctx context.Context, w *writer) error {
		var err error
		if r, err = oneRun(w.query(ctx, readRun, string(id))); err != nil {
			return err
		}
		writes, err := fn(ctx, w, r)
		if err != nil {
			return err
		}
		if err := w.putRun(ctx, updateRun, r); err != nil {
			return err
		}
		for _, e := range writes.Events {
			if err := w.runEvent(ctx, e); err != nil {
				return err
			}
		}
		return w.items(ctx, id, writes)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// items writes what becomes of a run's items.
func (w *writer) items(ctx context.Context, run payment.ID, writes charge.Writes) error {
	for i := range writes.Add {
		if err := w.addItem(ctx, run, &writes.Add[i]); err != nil {
			return err
		}
	}
	at := stamp(writes.At)
	for _, l := range writes.Leave {
		if err := w.exec(ctx, leaveItem, string(run), l.Seq, string(l.Out), at); err != nil {
			return err
		}
	}
	for _, seq := range writes.TickOn {
		if err := w.exec(ctx, tickOnItem, string(run), seq, at); err != nil {
			return err
		}
	}
	if writes.LeaveNext > 0 {
		return w.exec(ctx, leaveNext, string(run), string(writes.LeaveWhy), at, writes.LeaveNext)
	}
	return nil
}

func (w *writer) addItem(ctx context.Context, run payment.ID, i *charge.Item) error {
	minor, err := minor(i.Amount)
	if err != nil {
		return err
	}
	credit := ""
	if i.Credit.CurrencyCode() != "" {
		credit = i.Credit.Number()
	}
	return w.exec(ctx, insertItem, string(run), i.Seq, string(i.State), string(i.Out), i.Class, i.Customer, i.Partner, i.DocumentID, i.Number,
		i.Amount.CurrencyCode(), i.Amount.Number(), minor, credit, i.Card.Key, i.Card.Brand, i.Card.Ends, stamp(i.MovedAt))
}

// minor is an amount in the minor unit of its currency, exact: sums are made of it.
func minor(a currency.Amount) (int64, error) {
	if !a.Equal(a.Round()) {
		return 0, fmt.Errorf("amount %s has parts of its smallest coin", a)
	}
	return a.Int64()
}

func (w *writer) putRun(ctx context.Context, statement string, r *charge.Run) error {
	detail, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write charge run %s: %w", r.ID, err)
	}
	work := 0
	if r.Work() {
		work = 1
	}
	return w.exec(ctx, statement, string(r.ID), r.FormKey, string(r.State), string(r.Source), work, stamp(r.CreatedAt), string(detail))
}

// leaveOpenRuns has the runs that were open when a backup was made wait for a person, before
// anything else is done with it, and notes that it was put back.
func leaveOpenRuns(ctx context.Context, db *sql.Tx, at time.Time) error {
	rows, err := db.QueryContext(ctx, `SELECT detail FROM runs WHERE state IN ('running','paused','waiting')`)
	open, err := scanRuns(rows, err)
	if err != nil {
		return err
	}
	for _, r := range open {
		e, ok := r.PutBack(charge.Event{At: at, Node: "restore"})
		if !ok {
			continue
		}
		run, err := json.Marshal(r)
		if err != nil {
			return err
		}
		event, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, `UPDATE runs SET state=?, work=0, detail=? WHERE id=?`, string(r.State), string(run), string(r.ID)); err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, insertRunEvent, string(r.ID), string(event)); err != nil {
			return err
		}
	}
	_, err = db.ExecContext(ctx, writeMark, charge.MarkRestored, at.Format(time.RFC3339Nano))
	return err
}

func (w *writer) runEvent(ctx context.Context, e charge.Event) error {
	detail, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return w.exec(ctx, insertRunEvent, string(e.Run), string(detail))
}

// admitItem tells whether a new payment may be written for its item of a run. A run that is not
// in this journal refuses nothing.
func (w *writer) admitItem(ctx context.Context, p *payment.Payment) error {
	rows, err := w.query(ctx, `SELECT r.state, COALESCE(i.state,''), COALESCE(i.payment,'') FROM runs r
		LEFT JOIN run_items i ON i.run=r.no AND i.seq=? WHERE r.id=?`, p.Item, p.Run)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return rows.Err()
	}
	var run, item, begun string
	if err := rows.Scan(&run, &item, &begun); err != nil {
		return err
	}
	switch {
	case item != string(charge.ItemPlanned) || begun != "":
		return charge.ErrNotPlanned
	case run != string(charge.Running):
		return charge.ErrHalted
	}
	return nil
}

// tellItem writes what a payment says into its item of a run.
func (w *writer) tellItem(ctx context.Context, statement string, p *payment.Payment) error {
	if p.Run == "" {
		return nil
	}
	var i charge.Item
	i.Begun(p)
	minor, err := minor(i.Charged)
	if err != nil {
		return err
	}
	return w.exec(ctx, statement, p.Run, p.Item, string(i.State), i.Class, i.Code, string(i.Reason), stamp(i.MovedAt), string(i.Payment),
		i.Charged.Number(), minor)
}

// breakRunLeases ends what the process that had the file before had claimed of runs.
func (w *writer) breakRunLeases(ctx context.Context) error {
	runs, err := scanRuns(w.query(ctx, `SELECT detail FROM runs WHERE work=1`))
	if err != nil {
		return err
	}
	for _, r := range runs {
		r.LeaseOwner, r.LeaseUntil = "", time.Time{}
		if err := w.putRun(ctx, updateRun, r); err != nil {
			return err
		}
	}
	return nil
}
