package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Figures implements payment.Store.
func (s *SQLite) Figures(ctx context.Context, from, until time.Time) ([]payment.Figure, error) {
	rows, err := s.read.query(ctx, `SELECT partner, kind, state, money, currency, COUNT(*), SUM(minor) FROM payments
		WHERE created_at>=? AND created_at<? GROUP BY partner, kind, state, money, currency`, stamp(from), stamp(until))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []payment.Figure
	for rows.Next() {
		var f payment.Figure
		var code string
		var sum int64
		if err := rows.Scan(&f.Partner, &f.Kind, &f.State, &f.Money, &code, &f.Count, &sum); err != nil {
			return nil, err
		}
		if f.Amount, err = currency.NewAmountFromInt64(sum, code); err != nil {
			return nil, fmt.Errorf("add up payments in %q: %w", code, err)
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

// counted is what a payment counts with in figures. No figure keeps a payment from being written:
// an amount that cannot be one is 0.
func counted(a currency.Amount) int64 {
	n, err := a.Round().Int64()
	if err != nil {
		return 0
	}
	return n
}
