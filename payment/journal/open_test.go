package journal

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// million makes a payment for each number, all of them booked long ago.
const million = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<1000000)
	INSERT INTO payments (id, txn_id, dps_txn_ref, form_key, state, kind, partner, customer, document, payer, created_at, moved_at, next_at, lease_until, detail)
	SELECT printf('B%015d', i), printf('B%015d', i), printf('%016d', i), printf('key-%d', i), 'recorded', 'invoice', 1, i, i, 'payer', i, i, 0, 0, replace(?1, ?2, printf('B%015d', i)) FROM n`

// BenchmarkOpenMillion opens a journal of a million payments that are booked and one that is
// not, and claims that one: what a restart waits for.
func BenchmarkOpenMillion(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal.db")
	p := sample(0)
	p.State, p.NextAt = payment.Recorded, time.Time{}
	detail, err := json.Marshal(p)
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(ctx, path)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.do(ctx, func(ctx context.Context, w *writer) error { return w.exec(ctx, million, string(detail), string(p.ID)) }); err != nil {
		b.Fatal(err)
	}
	if err := create(s, 1); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(ctx, path)
		if err != nil {
			b.Fatal(err)
		}
		due, _, err := s.Due(ctx, time.Now(), 10)
		if err != nil || len(due) != 1 {
			b.Fatal(due, err)
		}
		if _, err := s.Claim(ctx, due[0], "bench", time.Now(), time.Nanosecond); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
