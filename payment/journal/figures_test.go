package journal

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// A journal of an earlier version has figures of all its payments.
func TestFiguresOfAnEarlierJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	for n := range 3 {
		if err := create(s, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	back := `DROP INDEX payments_figures; DELETE FROM goose_db_version WHERE version_id>=6;`
	for _, column := range []string{"origin", "class", "money", "currency", "minor"} {
		back += `ALTER TABLE payments DROP COLUMN ` + column + `;`
	}
	if _, err := db.Exec(back); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).Figures(ctx, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil || len(got) != 1 || got[0].Count != 3 || got[0].Amount.String() != "172.50 NZD" || got[0].State != payment.Offered || got[0].Money {
		t.Errorf("figures %+v, %v", got, err)
	}
}

// BenchmarkFigures adds up one day, a month and a whole year in a journal of 1,000,000 payments of
// a year.
func BenchmarkFigures(b *testing.B) {
	const payments = 1_000_000
	s := open(b, filepath.Join(b.TempDir(), "journal.db"))
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fill(b, s, payments, begin)
	for name, days := range map[string]int{"day": 1, "month": 31, "year": 365} {
		b.Run(fmt.Sprintf("%d payments/%s", payments, name), func(b *testing.B) {
			n := 0
			for b.Loop() {
				list, err := s.Figures(ctx, begin.AddDate(0, 0, 365-days), begin.AddDate(0, 0, 365))
				if err != nil {
					b.Fatal(err)
				}
				n = 0
				for _, f := range list {
					n += f.Count
				}
			}
			b.ReportMetric(float64(n), "payments")
		})
	}
}

// fill writes payments spread over a year, of all kinds of ends, in one statement.
func fill(b *testing.B, s *SQLite, payments int, begin time.Time) {
	b.Helper()
	err := s.do(ctx, func(ctx context.Context, w *writer) error {
		return w.exec(ctx, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<?1)
		INSERT INTO payments (id, txn_id, dps_txn_ref, form_key, state, kind, partner, customer, document, payer, created_at, moved_at, next_at, lease_until,
			detail, origin, class, money, currency, minor)
		SELECT printf('A%015d', i), printf('A%015d', i), iif(i%10<8, printf('D%015d', i), ''), '',
			CASE i%10 WHEN 8 THEN 'declined' WHEN 9 THEN 'cancelled' ELSE 'recorded' END, iif(i%7=0, 'top_up', 'invoice'), 1+i%3, i/12, i, '',
			?2+i*(31536000000000/?1), ?2+i*(31536000000000/?1), 0, 0, printf('{"id":"A%015d","amount":{"number":"57.50","currency":"NZD"},"note":"%s"}', i, hex(zeroblob(500))),
			'run', iif(i%10=8, 'soft', 'approved'), i%10<8, 'NZD', 5750 FROM n`, payments, stamp(begin))
	})
	if err != nil {
		b.Fatal(err)
	}
}
