package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

const (
	readRun  = `SELECT detail FROM runs WHERE id=?`
	readSums = `SELECT state, out, class, currency, count, minor FROM run_sums WHERE run=(SELECT no FROM runs WHERE id=?) AND count>0
		ORDER BY state, out, class, currency`
	itemColumns = `seq, state, out, class, customer, partner, document, number, currency, amount, credit, card_key, card_brand, card_ends,
		payment, charged, code, reason, moved_at`
)

// Run implements charge.Store.
func (s *SQLite) Run(ctx context.Context, id payment.ID) (*charge.Run, error) {
	return oneRun(s.read.query(ctx, readRun, string(id)))
}

// RunByFormKey implements charge.Store.
func (s *SQLite) RunByFormKey(ctx context.Context, key string) (*charge.Run, error) {
	if key == "" {
		return nil, charge.ErrNotFound
	}
	return oneRun(s.read.query(ctx, `SELECT detail FROM runs WHERE form_key=? AND form_key<>''`, key))
}

// Runs implements charge.Store.
func (s *SQLite) Runs(ctx context.Context, f charge.RunFilter) ([]*charge.Run, error) {
	var w where
	w.when(f.Work, "work=1")
	w.when(len(f.States) > 0, "state IN ("+questions(len(f.States))+")", anys(f.States)...)
	w.when(f.Source != "", "source=?", string(f.Source))
	w.when(!f.Since.IsZero(), "created_at>=?", stamp(f.Since))
	w.when(!f.Until.IsZero(), "created_at<?", stamp(f.Until))
	w.after(f.After.CreatedAt, f.After.ID)
	return scanRuns(s.read.query(ctx, `SELECT detail FROM runs`+w.text()+` ORDER BY created_at DESC, id LIMIT ?`, append(w.args, limited(f.Limit))...))
}

// RunEvents implements charge.Store.
func (s *SQLite) RunEvents(ctx context.Context, id payment.ID) ([]charge.Event, error) {
	rows, err := s.read.query(ctx, `SELECT detail FROM run_events WHERE run=(SELECT no FROM runs WHERE id=?) ORDER BY seq`, string(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []charge.Event
	for rows.Next() {
		var detail []byte
		var e charge.Event
		if err := rows.Scan(&detail); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(detail, &e); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// RunSums implements charge.Store.
func (s *SQLite) RunSums(ctx context.Context, run payment.ID) ([]charge.Sum, error) {
	return scanSums(s.read.query(ctx, readSums, string(run)))
}

// RunItems implements charge.Store.
func (s *SQLite) RunItems(ctx context.Context, run payment.ID, f charge.ItemFilter, after int64, limit int) ([]charge.Item, error) {
	var w where
	w.when(true, "run=(SELECT no FROM runs WHERE id=?)", string(run))
	// Of several conditions the rarest one should lead: SQLite takes the index that the clauses
	// without a plus before the column allow.
	switch {
	case f.Customer != 0:
		w.when(true, "customer=?", f.Customer)
	case f.Class != "":
		w.when(true, "class=? AND class<>''", f.Class)
	case f.Out != "":
		w.when(true, "out=? AND out<>''", string(f.Out))
	case f.State != "":
		w.when(true, "state=?", string(f.State))
	}
	w.when(f.State != "", "+state=?", string(f.State))
	w.when(f.Out != "", "+out=?", string(f.Out))
	w.when(f.Class != "", "+class=?", f.Class)
	w.when(f.Currency != "", "currency=?", f.Currency)
	w.when(!f.Before.IsZero(), "moved_at<?", stamp(f.Before))
	w.when(true, "seq>?", after)
	return scanItems(run)(s.read.query(ctx, `SELECT `+itemColumns+` FROM run_items`+w.text()+` ORDER BY seq LIMIT ?`, append(w.args, limit)...))
}

func scanItems(run payment.ID) func(*sql.Rows, error) ([]charge.Item, error) {
	return func(rows *sql.Rows, err error) ([]charge.Item, error) {
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var list []charge.Item
		for rows.Next() {
			i := charge.Item{Run: run}
			var code, amount, credit, charged string
			var moved int64
			if err := rows.Scan(&i.Seq, &i.State, &i.Out, &i.Class, &i.Customer, &i.Partner, &i.DocumentID, &i.Number, &code, &amount, &credit,
				&i.Card.Key, &i.Card.Brand, &i.Card.Ends, &i.Payment, &charged, &i.Code, &i.Reason, &moved); err != nil {
				return nil, err
			}
			i.MovedAt = unstamp(moved)
			for of, number := range map[*currency.Amount]string{&i.Amount: amount, &i.Credit: credit, &i.Charged: charged} {
				if number == "" {
					continue
				}
				if *of, err = currency.NewAmount(number, code); err != nil {
					return nil, fmt.Errorf("read an item of a charge run: %w", err)
				}
			}
			list = append(list, i)
		}
		return list, rows.Err()
	}
}

func scanSums(rows *sql.Rows, err error) ([]charge.Sum, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []charge.Sum
	for rows.Next() {
		var s charge.Sum
		var code string
		var minor int64
		if err := rows.Scan(&s.State, &s.Out, &s.Class, &code, &s.Count, &minor); err != nil {
			return nil, err
		}
		if s.Amount, err = currency.NewAmountFromBigInt(big.NewInt(minor), code); err != nil {
			return nil, fmt.Errorf("read the sums of a charge run: %w", err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

func scanRuns(rows *sql.Rows, err error) ([]*charge.Run, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*charge.Run
	for rows.Next() {
		var detail []byte
		if err := rows.Scan(&detail); err != nil {
			return nil, err
		}
		r := new(charge.Run)
		if err := json.Unmarshal(detail, r); err != nil {
			return nil, fmt.Errorf("read a charge run: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func oneRun(rows *sql.Rows, err error) (*charge.Run, error) {
	list, err := scanRuns(rows, err)
	if err == nil && len(list) == 0 {
		err = charge.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Interface guard.
var _ charge.Store = (*SQLite)(nil)
