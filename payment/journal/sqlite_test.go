package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal/journaltest"
)

var ctx = context.Background()

func TestSuite(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(t *testing.T) payment.Store { return open(t, filepath.Join(t.TempDir(), "journal.db")) })
}

// open opens a journal that is closed with the test.
func open(t testing.TB, path string) *SQLite {
	t.Helper()
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func sample(n int) *payment.Payment {
	amount, _ := money.Parse("57.50", "NZD")
	id := payment.ID(fmt.Sprintf("A%015d", n))
	return &payment.Payment{ID: id, TxnID: id, State: payment.Offered, Kind: payment.KindInvoice, Customer: int64(n), DocumentNumber: "2026/0042", Amount: amount, FormKey: string(id), CreatedAt: time.Now(), MovedAt: time.Now(), NextAt: time.Now()}
}

func create(s *SQLite, n int) error {
	p := sample(n)
	e := payment.Event{Payment: p.ID, At: time.Now(), To: p.State, Why: payment.ReasonStarted, Who: "test", Node: "test"}
	return s.Create(ctx, p, e, func([]*payment.Payment) error { return nil })
}

func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ä ?#%20.db") // not taken for parts of an address
	s := open(t, path)
	if !s.Fresh() || s.Path() != path {
		t.Errorf("fresh %v, path %q", s.Fresh(), s.Path())
	}
	key, err := s.Key(ctx, "seal")
	if err != nil {
		t.Fatal(err)
	}
	if err := create(s, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddToken(ctx, payment.Token{Payment: "A", Hash: "h", Judged: payment.TokenPending, NextAt: time.Now()}, 1); err != nil {
		t.Fatal(err)
	}
	before, err := s.Get(ctx, sample(1).ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := create(s, 2); !errors.Is(err, payment.ErrStopped) {
		t.Errorf("a closed journal was written: %v", err)
	}
	s = open(t, path)
	if s.Fresh() {
		t.Error("a journal that was there is called new")
	}
	after, err := s.Get(ctx, before.ID)
	if err != nil || after.Amount.String() != before.Amount.String() || !after.CreatedAt.Equal(before.CreatedAt) {
		t.Errorf("payment %+v, %v", after, err)
	}
	if events, err := s.Events(ctx, before.ID); err != nil || len(events) != 1 {
		t.Errorf("events %v, %v", events, err)
	}
	if n, err := s.PendingTokens(ctx, "A"); err != nil || n != 1 {
		t.Errorf("%d tokens, %v", n, err)
	}
	if again, err := s.Key(ctx, "seal"); err != nil || !bytes.Equal(again, key) {
		t.Errorf("the key has changed: %v", err)
	}
}

// F83: one process at a time, a second one waits; here, and in another process.
func TestF83Locked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	if _, err := Open(ctx, path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	other := func() string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$", "-test.v")
		cmd.Env = append(os.Environ(), "JOURNAL_OF_THE_OTHER_PROCESS="+path)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if out := other(); !strings.Contains(out, "[locked]") {
		t.Errorf("the other process says %s", out)
	}
	if err := create(s, 1); err != nil {
		t.Errorf("the journal was disturbed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out := other(); !strings.Contains(out, "[opened]") {
		t.Errorf("the other process says %s", out)
	}
}

// TestOtherProcess is what TestF83Locked runs in another process.
func TestOtherProcess(t *testing.T) {
	path := os.Getenv("JOURNAL_OF_THE_OTHER_PROCESS")
	if path == "" {
		return
	}
	switch s, err := Open(ctx, path); {
	case errors.Is(err, ErrLocked):
		fmt.Println("[locked]")
	case err != nil:
		t.Fatal(err)
	default:
		fmt.Println("[opened]")
		_ = s.Close()
	}
}

// A claim of the process that had the file before is over: the lock proves that it is gone.
func TestClaimsOfADeadProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	if err := create(s, 1); err != nil {
		t.Fatal(err)
	}
	p, err := s.Claim(ctx, sample(1).ID, "dead", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if due, _, err := s.Due(ctx, time.Now(), 10); err != nil || len(due) != 1 {
		t.Errorf("due are %v, %v", due, err)
	}
	q, err := s.Claim(ctx, p.ID, "me", time.Now(), time.Hour)
	if err != nil || q.Fence <= p.Fence {
		t.Errorf("claimed %+v, %v", q, err)
	}
}

// A file of a newer version is refused and left as it is.
func TestNewer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	if err := create(s, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, path); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "99999") {
		t.Errorf("got %v, want ErrNewer", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
	if _, err := Open(ctx, path); !errors.Is(err, ErrNewer) {
		t.Errorf("the lock was kept: %v", err)
	}
}

// F14: what is no journal is refused with a reason and left as it is; never is a damaged
// journal begun anew.
func TestF14Damaged(t *testing.T) {
	t.Parallel()
	whole := func(t *testing.T, path string) {
		t.Helper()
		s := open(t, path)
		for n := range 200 {
			if err := create(s, n); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]func(*testing.T, string) []byte{
		"empty":      func(*testing.T, string) []byte { return nil },
		"not SQLite": func(*testing.T, string) []byte { return bytes.Repeat([]byte("no database "), 1000) },
		"cut off": func(t *testing.T, path string) []byte {
			whole(t, path)
			data, _ := os.ReadFile(path)
			return data[:len(data)/3]
		},
		"head overwritten": func(t *testing.T, path string) []byte {
			whole(t, path)
			data, _ := os.ReadFile(path)
			copy(data, make([]byte, 200))
			return data
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "journal.db")
			data := spoil(t, path)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(ctx, path)
			if err == nil { // it can be opened: then at least nothing is silently missing
				_, err = s.Find(ctx, payment.Filter{Limit: 1000})
				if closed := s.Close(); err == nil {
					t.Errorf("a damaged journal was taken (%v)", closed)
				}
				return
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, data) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestUnwritable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "missing", "journal.db"), filepath.Join(file, "journal.db"), "/proc/self/journal.db"} {
		if _, err := Open(ctx, path); err == nil || !strings.Contains(err.Error(), "writable") {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was made", path)
		}
	}
	if _, err := Open(ctx, t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}

// Nobody else on the machine reads the journal, with whatever stands beside it.
func TestFileMode(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "journal.db"))
	if err := create(s, 1); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", filepath.Base(path), info.Mode())
		}
		seen++
		return err
	})
	if err != nil || seen < 4 { // the file, its log, the log's index, the lock
		t.Errorf("%d files, %v", seen, err)
	}
}

// F10: what was answered is on the disk: a copy of the files as they are has all of it.
func TestF10Durable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	const payments = 300
	var all sync.WaitGroup
	var refused atomic.Int64
	for n := range payments {
		all.Go(func() {
			if err := create(s, n); err != nil {
				t.Error(err)
			}
			if err := create(s, n); !errors.Is(err, payment.ErrFormKeyUsed) && !errors.Is(err, payment.ErrDuplicate) { // beside the others, in their transactions
				t.Error(err)
			}
			refused.Add(1)
		})
	}
	all.Wait()
	copied := filepath.Join(t.TempDir(), "journal.db")
	for _, tail := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + tail)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+tail, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := open(t, copied).Find(ctx, payment.Filter{Limit: 2 * payments})
	if err != nil || len(found) != payments || refused.Load() != payments {
		t.Errorf("%d of %d payments, %v", len(found), payments, err)
	}
}

// F10: full sync, on the connection that writes; and the ones that read cannot write.
func TestF10SyncedConnections(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		rows, err := s.conn.QueryContext(ctx, "PRAGMA "+pragma)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		rows.Next()
		if err := errors.Join(rows.Scan(&got), rows.Close()); err != nil || got != want {
			t.Errorf("%s is %s, %v, want %s", pragma, got, err, want)
		}
	}
	if _, err := s.read.db.Exec(`DELETE FROM payments`); err == nil {
		t.Error("a connection that reads has written")
	}
}

// A change that fails takes back what it wrote, and nothing of those beside it.
func TestFailedChange(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	refusal := errors.New("no")
	var all sync.WaitGroup
	for n := range 100 {
		all.Go(func() {
			err := s.do(ctx, func(ctx context.Context, w *writer) error {
				if err := w.exec(ctx, `INSERT INTO keys (name, value) VALUES (?, x'00')`, fmt.Sprint(n)); err != nil || n%3 > 0 {
					return err
				}
				return refusal
			})
			if (n%3 == 0) != errors.Is(err, refusal) || n%3 > 0 && err != nil {
				t.Errorf("change %d: %v", n, err)
			}
		})
	}
	all.Wait()
	var kept, taken int
	row := s.read.db.QueryRowContext(ctx, `SELECT COUNT(*), SUM(CAST(name AS INTEGER) % 3 = 0) FROM keys`)
	if err := row.Scan(&kept, &taken); err != nil || kept != 66 || taken != 0 {
		t.Errorf("%d kept, %d that failed, %v", kept, taken, err)
	}
}

// An event is never changed and never removed, whoever tries.
func TestEventsStay(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	if err := create(s, 1); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`UPDATE events SET detail='{}'`, `UPDATE events SET at=0`, `DELETE FROM events`, `DELETE FROM events WHERE seq=1`} {
		err := s.do(ctx, func(ctx context.Context, w *writer) error { return w.exec(ctx, query) })
		if err == nil || !strings.Contains(err.Error(), "an event is never") {
			t.Errorf("%s: %v", query, err)
		}
	}
	if events, err := s.Events(ctx, sample(1).ID); err != nil || len(events) != 1 || events[0].To != payment.Offered {
		t.Errorf("events %v, %v", events, err)
	}
}

// A caller who has left does not leave half a change, and a full queue does not hold him.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	left, leave := context.WithCancel(ctx)
	leave()
	for n := range 100 { // whichever of the two comes first
		p := sample(n)
		err := s.Create(left, p, payment.Event{Payment: p.ID, To: p.State}, func([]*payment.Payment) error { return nil })
		if _, got := s.Get(ctx, p.ID); (err == nil) != (got == nil) || err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("create says %v, get %v", err, got)
		}
	}
}

// BenchmarkChange is durable changes of one payment each, by so many callers at once. The
// time of a bare sync of a file beside it stands next to it.
func BenchmarkChange(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			folder := b.TempDir()
			s := open(b, filepath.Join(folder, "journal.db"))
			for n := range callers {
				if err := create(s, n); err != nil {
					b.Fatal(err)
				}
			}
			sync := syncTime(b, folder)
			b.ResetTimer()
			run(b, s, callers)
			b.ReportMetric(float64(sync.Microseconds()), "sync-µs")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}

func run(b *testing.B, s *SQLite, callers int) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				_, err := s.Change(ctx, sample(n).ID, func(p *payment.Payment) (payment.Writes, error) {
					p.Step++
					return payment.Writes{Events: []payment.Event{{Payment: p.ID, To: p.State}}}, nil
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// syncTime is how long the disk takes for a small write that is to stay.
func syncTime(b *testing.B, folder string) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(folder, "sync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const times = 50
	begin := time.Now()
	for range times {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begin) / times
}
