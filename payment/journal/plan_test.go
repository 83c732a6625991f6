package journal

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Whatever is asked while somebody waits is answered from an index: a journal grows for years.
func TestQuestionsUseAnIndex(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	asks := map[string]func() error{
		"form key": func() error { _, err := s.ByFormKey(ctx, "key"); return err },
		"id":       func() error { _, err := s.Get(ctx, "A"); return err },
		"due":      func() error { _, _, err := s.Due(ctx, time.Now(), 1); return err },
		"tokens":   func() error { _, _, err := s.DueTokens(ctx, time.Now(), 1); return err },
		"pending":  func() error { _, err := s.PendingTokens(ctx, "A"); return err },
		"events":   func() error { _, err := s.Events(ctx, "A"); return err },
		"in flight": func() error {
			_, err := s.Find(ctx, payment.Filter{States: []payment.State{payment.Approved, payment.Parked}, Customer: 1, Kind: payment.KindInvoice, Document: 1, Limit: 1})
			return err
		},
		"mark":       func() error { _, err := s.Mark(ctx, "a"); return err },
		"unfinished": func() error { _, err := s.Unfinished(ctx); return err },
		"unjudged":   func() error { _, err := s.UnjudgedTokens(ctx); return err },
		"next page": func() error {
			_, err := s.Find(ctx, payment.Filter{After: payment.Cursor{CreatedAt: time.Now(), ID: "A"}})
			return err
		},
		"next page of a customer": func() error {
			_, err := s.Find(ctx, payment.Filter{Customer: 7, After: payment.Cursor{CreatedAt: time.Now(), ID: "A"}})
			return err
		},
		"figures": func() error { _, err := s.Figures(ctx, time.Now(), time.Now()); return err },
		"charges of some days": func() error {
			_, err := s.Find(ctx, payment.Filter{From: time.Now(), Until: time.Now(), Class: "soft", Origin: payment.OriginRun})
			return err
		},
		"watch": func() error {
			_, err := s.Find(ctx, payment.Filter{States: []payment.State{payment.Approved}, Before: time.Now()})
			return err
		},
	}
	for name, ask := range asks {
		if err := ask(); err != nil && !errors.Is(err, payment.ErrNotFound) {
			t.Fatal(name, err)
		}
	}
	seen := 0
	s.read.stmts.Range(func(text, _ any) bool {
		seen++
		// The plan does not hang on the values; with literals no argument can be missing.
		literal := strings.NewReplacer("?1", "1", "?2", "1", "?", "1").Replace(text.(string))
		if strings.Contains(text.(string), "form_key=?") {
			literal = text.(string) // here it does: a literal would fit the partial index by itself
		}
		rows, err := s.read.db.Query("EXPLAIN QUERY PLAN "+literal, make([]any, strings.Count(literal, "?"))...)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return true
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Error(err)
			}
			if strings.HasPrefix(detail, "SCAN") {
				t.Errorf("%s\n%s", text, detail)
			}
		}
		return true
	})
	if seen < len(asks) {
		t.Errorf("only %d questions were looked at", seen)
	}
}
