package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// AddAct implements payment.Store.
func (s *SQLite) AddAct(ctx context.Context, a payment.Act) error {
	a.Seq = 0
	detail, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write an act: %w", err)
	}
	return s.do(ctx, func(ctx context.Context, w *writer) error {
		return w.exec(ctx, `INSERT INTO acts (at, who, what, partner, customer, payment, run, note, detail) VALUES (?,?,?,?,?,?,?,?,?)`,
			stamp(a.At), a.Who, string(a.What), a.Partner, a.Customer, string(a.Payment), string(a.Run), strings.ToLower(a.Note), string(detail))
	})
}

// FindActs implements payment.Store.
func (s *SQLite) FindActs(ctx context.Context, f payment.ActFilter) ([]payment.Act, error) {
	where, args := []string{"1=1"}, []any{}
	add := func(clause string, arg any) { where, args = append(where, clause), append(args, arg) }
	for _, c := range []struct {
		is     bool
		clause string
		arg    any
	}{
		{f.Who != "", "who=?", f.Who},
		{f.What != "", "what=?", string(f.What)},
		{f.Partner != 0, "partner=?", f.Partner},
		{f.Customer != 0, "customer=? AND customer>0", f.Customer}, // as the index says
		{f.Payment != "", "payment=? AND payment<>''", string(f.Payment)},
		{f.Run != "", "run=? AND run<>''", string(f.Run)},
		{!f.Since.IsZero(), "at>=?", stamp(f.Since)},
		{!f.Until.IsZero(), "at<?", stamp(f.Until)},
		{f.Text != "", "instr(note,?)>0", strings.ToLower(f.Text)},
		{f.Before != 0, "seq<?", f.Before},
	} {
		if c.is {
			add(c.clause, c.arg)
		}
	}
	limit := f.Limit
	if limit == 0 {
		limit = 100
	}
	rows, err := s.read.query(ctx, `SELECT seq, detail FROM acts WHERE `+strings.Join(where, " AND ")+` ORDER BY seq DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []payment.Act
	for rows.Next() {
		var a payment.Act
		var seq int64
		var detail []byte
		if err := rows.Scan(&seq, &detail); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(detail, &a); err != nil {
			return nil, fmt.Errorf("read an act: %w", err)
		}
		a.Seq = seq
		list = append(list, a)
	}
	return list, rows.Err()
}
