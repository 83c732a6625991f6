package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal/journaltest"
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
	back := `DELETE FROM goose_db_version WHERE version_id>=6;`
	for _, index := range []string{"figures", "standing", "class", "kind", "origin", "run", "number"} {
		back += `DROP INDEX payments_` + index + `;`
	}
	for _, column := range []string{"origin", "class", "money", "currency", "minor", "run", "number"} {
		back += `ALTER TABLE payments DROP COLUMN ` + column + `;`
	}
	if _, err := db.Exec(back); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	got, err := again.Figures(ctx, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil || len(got) != 1 || got[0].Count != 3 || got[0].Amount.String() != "172.50 NZD" || got[0].State != payment.Offered || got[0].Money {
		t.Errorf("figures %+v, %v", got, err)
	}
	if list, err := again.Find(ctx, payment.Filter{Number: "2026/0042"}); err != nil || len(list) != 3 {
		t.Errorf("by the number of their document: %d, %v", len(list), err)
	}
}

// BenchmarkFigures adds up one day, a month and a whole year in a journal of 1,000,000 payments of
// a year.
func BenchmarkFigures(b *testing.B) {
	const payments = 1_000_000
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := filled(b, payments, begin)
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

// filled is a journal of many payments of a year.
func filled(b *testing.B, payments int, begin time.Time) *SQLite {
	b.Helper()
	path := filepath.Join(b.TempDir(), "journal.db")
	s, err := Open(ctx, path)
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(s.Close(), journaltest.Fill(path, payments, begin)); err != nil {
		b.Fatal(err)
	}
	return open(b, path)
}
