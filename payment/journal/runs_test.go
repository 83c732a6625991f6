package journal

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal/journaltest"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	journaltest.Runs(t, func(t *testing.T) journaltest.RunStore { return open(t, filepath.Join(t.TempDir(), "journal.db")) })
}

// newRun makes a run with n planned items.
func newRun(t testing.TB, s *SQLite, n int64) *charge.Run {
	t.Helper()
	r := &charge.Run{ID: "R", Sort: charge.Invoices, State: charge.Running, CreatedAt: time.Now(), LeaseOwner: "before", LeaseUntil: time.Now().Add(time.Hour)}
	if err := s.CreateRun(ctx, r, charge.Event{Run: r.ID, At: time.Now(), To: r.State, Who: "test", Node: "test"}); err != nil {
		t.Fatal(err)
	}
	amount, err := money.Parse("57.50", "NZD")
	if err != nil {
		t.Fatal(err)
	}
	for from := int64(1); from <= n; from += 500 {
		var add []charge.Item
		for seq := from; seq < min(from+500, n+1); seq++ {
			add = append(add, charge.Item{Run: r.ID, Seq: seq, Customer: seq, Partner: 1, DocumentID: seq, Amount: amount, State: charge.ItemPlanned, MovedAt: time.Now()})
		}
		if _, err := s.ChangeRun(ctx, r.ID, func(*charge.Run) (charge.Writes, error) { return charge.Writes{Add: add}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// The lock of the file proves that whoever worked at a run is gone.
func TestRunLeaseOfTheProcessBefore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).Run(ctx, r.ID)
	if err != nil || !got.LeaseUntil.IsZero() || got.LeaseOwner != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What is asked of runs is answered from an index, and in the index's order: a run may have a
// million items.
func TestQuestionsOfRunsUseAnIndex(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	newRun(t, s, 3)
	for _, f := range []charge.ItemFilter{
		{},
		{State: charge.ItemPlanned},
		{State: charge.ItemApproved, Before: time.Now()},
		{Out: charge.OutNoCard},
		{Class: "soft"},
		{Customer: 1},
		{State: charge.ItemLeftOut, Out: charge.OutNoCard},
		{State: charge.ItemDeclined, Class: "soft"},
		{Customer: 1, State: charge.ItemPlanned, Currency: "NZD"},
	} {
		if _, err := s.RunItems(ctx, "R", f, 1, 10); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []charge.RunFilter{{}, {Work: true}, {After: charge.RunCursor{CreatedAt: time.Now(), ID: "A"}}} {
		if _, err := s.Runs(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.RunSums(ctx, "R"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RunEvents(ctx, "R"); err != nil {
		t.Fatal(err)
	}
	s.read.stmts.Range(func(text, _ any) bool {
		question := text.(string)
		rows, err := s.read.db.Query("EXPLAIN QUERY PLAN "+question, make([]any, strings.Count(question, "?"))...)
		if err != nil {
			t.Errorf("%s: %v", question, err)
			return true
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Error(err)
			}
			sorts := strings.Contains(detail, "TEMP B-TREE") && !strings.Contains(question, "work=1") // of few
			scans := strings.HasPrefix(detail, "SCAN") && !strings.Contains(detail, "runs_created")   // the list itself
			if sorts || scans {
				t.Errorf("%s\n%s", question, detail)
			}
		}
		return true
	})
}
