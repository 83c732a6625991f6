package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	insertPayment = `INSERT INTO payments (id, txn_id, dps_txn_ref, form_key, state, kind, partner, customer, document, payer,
		created_at, moved_at, next_at, lease_until, detail, origin, class, money, currency, minor, run, number) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`
	updatePayment = `UPDATE payments SET txn_id=?2, dps_txn_ref=?3, form_key=?4, state=?5, kind=?6, partner=?7, customer=?8, document=?9,
		payer=?10, created_at=?11, moved_at=?12, next_at=?13, lease_until=?14, detail=?15,
		origin=?16, class=?17, money=?18, currency=?19, minor=?20, run=?21, number=?22 WHERE id=?1`
	insertEvent = `INSERT INTO events (payment, at, detail) VALUES (?,?,?)`
)

// stamp writes a time as the tables keep it.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// stampUp is stamp for times that something waits for: never before the time itself, or what
// is called due would find that it is not.
func stampUp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return stamp(t.Add(time.Microsecond - 1))
}

func unstamp(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// put writes a payment, with the statement for a new or a known one.
func (w *writer) put(ctx context.Context, statement string, p *payment.Payment) error {
	detail, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write payment %s: %w", p.ID, err)
	}
	err = w.exec(ctx, statement, string(p.ID), string(p.TxnID), p.DpsTxnRef, p.FormKey, string(p.State), string(p.Kind), p.Partner, p.Customer,
		p.DocumentID, p.Payer, stamp(p.CreatedAt), stamp(p.MovedAt), stampUp(p.NextAt), stampUp(p.LeaseUntil), string(detail),
		string(p.Origin), p.Class, p.HasMoney(), p.Amount.CurrencyCode(), counted(p.Amount), p.Run, p.DocumentNumber)
	return unique(err)
}

// unique tells which promise of the tables a write would have broken.
func unique(err error) error {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Code() {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return payment.ErrDuplicate
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE:
	default:
		return err
	}
	if strings.Contains(failed.Error(), "form_key") {
		return payment.ErrFormKeyUsed
	}
	return payment.ErrDuplicate
}

func (w *writer) event(ctx context.Context, e payment.Event) error {
	detail, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return w.exec(ctx, insertEvent, string(e.Payment), stamp(e.At), string(detail))
}

// Create implements payment.Store.
func (s *SQLite) Create(ctx context.Context, p *payment.Payment, e payment.Event, check func([]*payment.Payment) error) error {
	return s.do(ctx, func(ctx context.Context, w *writer) error {
		rows, err := w.query(ctx, `SELECT detail FROM payments WHERE customer=? AND state IN ('submitted','unknown','approved','parked')`, p.Customer)
		inFlight, err := scan(rows, err)
		if err != nil {
			return err
		}
		if err := check(inFlight); err != nil {
			return err
		}
		if p.Run != "" {
			if err := w.admitItem(ctx, p); err != nil {
				return err
			}
		}
		if err := w.put(ctx, insertPayment, p); err != nil {
			return err
		}
		if err := w.tellItem(ctx, beginItem, p); err != nil {
			return err
		}
		return w.event(ctx, e)
	})
}

// Change implements payment.Store.
func (s *SQLite) Change(ctx context.Context, id payment.ID, fn func(*payment.Payment) (payment.Writes, error)) (*payment.Payment, error) {
	var p *payment.Payment
	err := s.do(ctx, func(ctx context.Context, w *writer) error {
		var err error
		if p, err = w.get(ctx, id); err != nil {
			return err
		}
		writes, err := fn(p)
		if err != nil {
			return err
		}
		if err := w.put(ctx, updatePayment, p); err != nil {
			return err
		}
		if err := w.tellItem(ctx, moveItem, p); err != nil {
			return err
		}
		for _, e := range writes.Events {
			if err := w.event(ctx, e); err != nil {
				return err
			}
		}
		for _, t := range writes.Tokens {
			if err := w.setToken(ctx, t); err != nil {
				return err
			}
		}
		return w.sibling(ctx, writes)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// sibling writes a second charge's row, if it is not there yet.
func (w *writer) sibling(ctx context.Context, writes payment.Writes) error {
	if writes.New == nil {
		return nil
	}
	err := w.put(ctx, insertPayment, writes.New)
	if errors.Is(err, payment.ErrDuplicate) || errors.Is(err, payment.ErrFormKeyUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	if writes.Made != nil {
		*writes.Made = true
	}
	return w.event(ctx, writes.NewEvent)
}

// Claim implements payment.Store.
func (s *SQLite) Claim(ctx context.Context, id payment.ID, owner string, now time.Time, lease time.Duration) (*payment.Payment, error) {
	var p *payment.Payment
	err := s.do(ctx, func(ctx context.Context, w *writer) error {
		var err error
		if p, err = w.get(ctx, id); err != nil {
			return err
		}
		if p.LeaseUntil.After(now) {
			return payment.ErrClaimed
		}
		if p.State == payment.Approved {
			rows, err := w.query(ctx, `SELECT detail FROM payments WHERE customer=? AND state='approved' AND id<>? AND lease_until>? LIMIT 1`, p.Customer, string(id), stamp(now))
			others, err := scan(rows, err)
			if err != nil {
				return err
			}
			if len(others) > 0 {
				return payment.ErrClaimed
			}
		}
		p.LeaseOwner, p.LeaseUntil = owner, now.Add(lease)
		p.Fence++
		return w.put(ctx, updatePayment, p)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// breakClaims ends the claims of the process that had the file before: the lock proves that
// it is gone. What it left is due at once.
func (s *SQLite) breakClaims(ctx context.Context) error {
	return s.do(ctx, func(ctx context.Context, w *writer) error {
		rows, err := w.query(ctx, `SELECT detail FROM payments WHERE next_at>0 AND lease_until>0`)
		claimed, err := scan(rows, err)
		if err != nil {
			return err
		}
		for _, p := range claimed {
			p.NextAt = p.MovedAt
			p.LeaseOwner, p.LeaseUntil = "", time.Time{}
			if err := w.put(ctx, updatePayment, p); err != nil {
				return err
			}
		}
		return w.breakRunLeases(ctx)
	})
}

func (w *writer) get(ctx context.Context, id payment.ID) (*payment.Payment, error) {
	rows, err := w.query(ctx, `SELECT detail FROM payments WHERE id=?`, string(id))
	return one(rows, err)
}

// scan reads payments from rows that have detail as their only column.
func scan(rows *sql.Rows, err error) ([]*payment.Payment, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*payment.Payment
	for rows.Next() {
		var detail []byte
		if err := rows.Scan(&detail); err != nil {
			return nil, err
		}
		p := new(payment.Payment)
		if err := json.Unmarshal(detail, p); err != nil {
			return nil, fmt.Errorf("read a payment: %w", err)
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func one(rows *sql.Rows, err error) (*payment.Payment, error) {
	list, err := scan(rows, err)
	if err == nil && len(list) == 0 {
		err = payment.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}
