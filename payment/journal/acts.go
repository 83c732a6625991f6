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
	var w where
	w.when(f.Who != "", "who=?", f.Who)
	w.when(f.What != "", "what=?", string(f.What))
	w.when(f.Partner != 0, "partner=?", f.Partner)
	w.when(f.Customer != 0, "customer=? AND customer>0", f.Customer) // as the index says
	w.when(f.Payment != "", "payment=? AND payment<>''", string(f.Payment))
	w.when(f.Run != "", "run=? AND run<>''", string(f.Run))
	w.when(!f.Since.IsZero(), "at>=?", stamp(f.Since))
	w.when(!f.Until.IsZero(), "at<?", stamp(f.Until))
	w.when(f.Text != "", "instr(note,?)>0", strings.ToLower(f.Text))
	w.when(f.Before != 0, "seq<?", f.Before)
	rows, err := s.read.query(ctx, `SELECT seq, detail FROM acts`+w.text()+` ORDER BY seq DESC LIMIT ?`, append(w.args, limited(f.Limit))...)
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
