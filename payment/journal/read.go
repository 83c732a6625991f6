package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Due implements payment.Store.
func (s *SQLite) Due(ctx context.Context, now time.Time, limit int) (due []payment.ID, next time.Time, err error) {
	money, err := s.ids(ctx, `SELECT id FROM payments p WHERE next_at>0 AND next_at<=?1 AND lease_until<=?1 AND state='approved'
		AND NOT EXISTS (SELECT 1 FROM payments o WHERE o.customer=p.customer AND o.state='approved' AND o.id<>p.id AND o.lease_until>?1)
		ORDER BY next_at LIMIT ?2`, stamp(now), limit)
	if err != nil {
		return nil, time.Time{}, err
	}
	others, err := s.ids(ctx, `SELECT id FROM payments WHERE next_at>0 AND next_at<=?1 AND lease_until<=?1 AND state<>'approved' ORDER BY next_at LIMIT ?2`, stamp(now), limit)
	if err != nil {
		return nil, time.Time{}, err
	}
	if room := limit - min(len(others), limit/2); len(money) > room { // what waits for the gateway must not starve
		money = money[:room]
	}
	due = append(money, others[:min(len(others), limit-len(money))]...)
	later, err := s.read.number(ctx, `SELECT MIN(next_at) FROM payments WHERE next_at>0 AND next_at>?`, stamp(now))
	if err != nil {
		return nil, time.Time{}, err
	}
	claimed, err := s.read.number(ctx, `SELECT MIN(lease_until) FROM payments WHERE next_at>0 AND next_at<=?1 AND lease_until>?1`, stamp(now))
	if later == 0 || claimed != 0 && claimed < later {
		later = claimed
	}
	return due, unstamp(later), err
}

// ids reads a list of payments' ids.
func (s *SQLite) ids(ctx context.Context, query string, args ...any) (list []payment.ID, err error) {
	rows, err := s.read.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, payment.ID(id))
	}
	return list, rows.Err()
}

// Get implements payment.Store.
func (s *SQLite) Get(ctx context.Context, id payment.ID) (*payment.Payment, error) {
	return one(s.read.query(ctx, `SELECT detail FROM payments WHERE id=?`, string(id)))
}

// ByFormKey implements payment.Store.
func (s *SQLite) ByFormKey(ctx context.Context, key string) (*payment.Payment, error) {
	if key == "" {
		return nil, payment.ErrNotFound
	}
	return one(s.read.query(ctx, `SELECT detail FROM payments WHERE form_key=? AND form_key<>''`, key))
}

// Events implements payment.Store.
func (s *SQLite) Events(ctx context.Context, id payment.ID) ([]payment.Event, error) {
	rows, err := s.read.query(ctx, `SELECT detail FROM events WHERE payment=? ORDER BY seq`, string(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []payment.Event
	for rows.Next() {
		var detail []byte
		var e payment.Event
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

// Key implements payment.Store.
func (s *SQLite) Key(ctx context.Context, name string) ([]byte, error) {
	if key, ok := s.read.keys.Load(name); ok {
		return slices.Clone(key.([]byte)), nil
	}
	const read = `SELECT value FROM keys WHERE name=?`
	key, err := scanKey(s.read.query(ctx, read, name))
	if errors.Is(err, sql.ErrNoRows) {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh) // never fails
		err = s.do(ctx, func(ctx context.Context, w *writer) error {
			if err := w.exec(ctx, `INSERT INTO keys (name, value) VALUES (?,?) ON CONFLICT DO NOTHING`, name, fresh); err != nil {
				return err
			}
			var err error
			key, err = scanKey(w.query(ctx, read, name))
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	s.read.keys.Store(name, slices.Clone(key))
	return key, nil
}

// scanKey reads one key; sql.ErrNoRows if there is none.
func scanKey(rows *sql.Rows, err error) (key []byte, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, errors.Join(rows.Err(), sql.ErrNoRows)
	}
	err = rows.Scan(&key)
	return key, err
}

const tokenColumns = `payment, hash, value, user_id, judged, asked, arrived, next_at`

// AddToken implements payment.Tokens.
func (s *SQLite) AddToken(ctx context.Context, t payment.Token, limit int) (kept payment.Token, err error) {
	err = s.do(ctx, func(ctx context.Context, w *writer) error {
		kept = t
		rows, err := w.query(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE payment=? AND hash=?`, string(t.Payment), t.Hash)
		known, err := scanTokens(rows, err)
		if err != nil {
			return err
		}
		if len(known) > 0 {
			kept = known[0]
			if kept.Judged == payment.TokenApproved || kept.Judged == payment.TokenKept {
				return nil
			}
			kept.Value, kept.NextAt = t.Value, t.NextAt // asked about again
			if kept.Judged != payment.TokenPending {
				kept.Judged, kept.Arrived = payment.TokenPending, t.Arrived
			}
		}
		rows, err = w.query(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE payment=? AND hash<>? AND judged='pending'`, string(t.Payment), t.Hash)
		others, err := scanTokens(rows, err)
		if err != nil {
			return err
		}
		if len(others) >= limit {
			return payment.ErrBusy
		}
		return w.setToken(ctx, kept)
	})
	return kept, err
}

// PendingTokens implements payment.Tokens.
func (s *SQLite) PendingTokens(ctx context.Context, id payment.ID) (n int, err error) {
	count, err := s.read.number(ctx, `SELECT COUNT(*) FROM tokens WHERE payment=? AND judged='pending'`, string(id))
	return int(count), err
}

// KeptTokens implements payment.Tokens.
func (s *SQLite) KeptTokens(ctx context.Context, id payment.ID) ([]payment.Token, error) {
	return scanTokens(s.read.query(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE payment=? AND judged='kept' ORDER BY arrived`, string(id)))
}

// SetToken implements payment.Tokens.
func (s *SQLite) SetToken(ctx context.Context, t payment.Token) error {
	return s.do(ctx, func(ctx context.Context, w *writer) error { return w.setToken(ctx, t) })
}

func (w *writer) setToken(ctx context.Context, t payment.Token) error {
	if t.Judged == payment.TokenForeign { // anybody can make them up: they are not collected
		return w.exec(ctx, `DELETE FROM tokens WHERE payment=? AND hash=?`, string(t.Payment), t.Hash)
	}
	return w.exec(ctx, `INSERT OR REPLACE INTO tokens (`+tokenColumns+`) VALUES (?,?,?,?,?,?,?,?)`, string(t.Payment), t.Hash,
		t.Value.Reveal(), t.UserID, string(t.Judged), t.Asked, stamp(t.Arrived), stampUp(t.NextAt))
}

// DueTokens implements payment.Tokens.
func (s *SQLite) DueTokens(ctx context.Context, now time.Time, limit int) (due []payment.Token, next time.Time, err error) {
	due, err = scanTokens(s.read.query(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE next_at>0 AND next_at<=? AND judged='pending' ORDER BY next_at LIMIT ?`, stamp(now), limit))
	if err != nil {
		return nil, time.Time{}, err
	}
	first, err := s.read.number(ctx, `SELECT MIN(next_at) FROM tokens WHERE next_at>? AND judged='pending'`, stamp(now))
	return due, unstamp(first), err
}

func scanTokens(rows *sql.Rows, err error) ([]payment.Token, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []payment.Token
	for rows.Next() {
		var t payment.Token
		var value string
		var arrived, next int64
		if err := rows.Scan(&t.Payment, &t.Hash, &value, &t.UserID, &t.Judged, &t.Asked, &arrived, &next); err != nil {
			return nil, err
		}
		t.Value, t.Arrived, t.NextAt = secret.New(value), unstamp(arrived), unstamp(next)
		list = append(list, t)
	}
	return list, rows.Err()
}
