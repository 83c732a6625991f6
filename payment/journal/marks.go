package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	readMark  = `SELECT value FROM marks WHERE name=?`
	writeMark = `INSERT INTO marks (name, value) VALUES (?1,?2) ON CONFLICT (name) DO UPDATE SET value=?2`
)

// Mark implements payment.Store.
func (s *SQLite) Mark(ctx context.Context, name string) (string, error) {
	value, err := scanKey(s.read.query(ctx, readMark, name))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return string(value), err
}

// SetMark implements payment.Store.
func (s *SQLite) SetMark(ctx context.Context, name, value string) error {
	return s.do(ctx, func(ctx context.Context, w *writer) error {
		if value == "" {
			return w.exec(ctx, `DELETE FROM marks WHERE name=?`, name)
		}
		return w.exec(ctx, writeMark, name, value)
	})
}

// hold writes into a journal that is not in use yet that it is to be compared with Splynx
// before anything new starts.
func hold(ctx context.Context, db execer, h payment.Hold) error {
	value, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, writeMark, payment.MarkHeld, string(value))
	return err
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Unfinished implements payment.Store.
func (s *SQLite) Unfinished(ctx context.Context) ([]payment.Standing, error) {
	// Of a group that has MIN once, SQLite takes the other columns from that row.
	rows, err := s.read.query(ctx, `SELECT state, COUNT(*), MIN(moved_at), id FROM payments
		WHERE state IN ('created','offered','submitted','unknown','approved','parked') GROUP BY state`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []payment.Standing
	for rows.Next() {
		var one payment.Standing
		var since int64
		if err := rows.Scan(&one.State, &one.Count, &since, &one.Oldest); err != nil {
			return nil, err
		}
		one.Since = unstamp(since)
		list = append(list, one)
	}
	return list, rows.Err()
}

// UnjudgedTokens implements payment.Tokens.
func (s *SQLite) UnjudgedTokens(ctx context.Context) (int, error) {
	n, err := s.read.number(ctx, `SELECT COUNT(*) FROM tokens WHERE next_at>0 AND judged='pending'`)
	return int(n), err
}

// newest is when a payment moved last; zero if there is none.
func newest(ctx context.Context, db *sql.DB) (time.Time, error) {
	var at sql.NullInt64
	err := db.QueryRowContext(ctx, `SELECT MAX(moved_at) FROM payments`).Scan(&at)
	return unstamp(at.Int64), err
}
