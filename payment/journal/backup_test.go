package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// A backup taken while others write is one moment of the journal: whole, and each payment with
// its event.
func TestBackupWhileWritten(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	for n := range 200 {
		if err := create(s, n); err != nil {
			t.Fatal(err)
		}
	}
	var stop atomic.Bool
	var all sync.WaitGroup
	for c := range 4 {
		all.Go(func() {
			for n := 1000 * (c + 1); !stop.Load(); n++ {
				if err := create(s, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	path := filepath.Join(t.TempDir(), "backup.db")
	err := s.Backup(ctx, path)
	stop.Store(true)
	all.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(files) != 1 {
		t.Errorf("left beside it: %v", files)
	}
	to := filepath.Join(t.TempDir(), "journal.db")
	done, err := Restore(ctx, path, to)
	if err != nil || done.Payments < 200 || done.Newest.IsZero() || done.Aside != "" {
		t.Fatalf("%+v, %v", done, err)
	}
	copied := open(t, to)
	var events int64
	if events, err = copied.read.number(ctx, `SELECT COUNT(*) FROM events`); err != nil || events != done.Payments {
		t.Errorf("%d events of %d payments, %v", events, done.Payments, err)
	}
	if err := create(copied, 999); err != nil {
		t.Error(err)
	}
}

// A file that is there is left as it is; a backup that fails leaves none.
func TestBackupRefused(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	folder := t.TempDir()
	there := filepath.Join(folder, "there")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(ctx, there); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want ErrExist", err)
	}
	if data, _ := os.ReadFile(there); string(data) != "mine" {
		t.Errorf("it is %q now", data)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Backup(gone, filepath.Join(folder, "cut short")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	if err := s.Backup(ctx, filepath.Join(folder, "no folder", "backup")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
	if files, _ := os.ReadDir(folder); len(files) != 1 {
		t.Errorf("left are %v", files)
	}
}

// backedUp has a journal with one payment, a backup of it, and a second payment after it.
func backedUp(t *testing.T) (path, backup string) {
	t.Helper()
	path, backup = filepath.Join(t.TempDir(), "journal.db"), filepath.Join(t.TempDir(), "backup.db")
	s, err := Open(ctx, path)
	if err == nil {
		err = errors.Join(create(s, 1), s.SetMark(ctx, payment.MarkHeld, ""), s.Backup(ctx, backup), create(s, 2), s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path, backup
}

// has tells which of the two payments a journal has.
func has(t *testing.T, path string) (first, second bool) {
	t.Helper()
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	_, errFirst := s.Get(ctx, sample(1).ID)
	_, errSecond := s.Get(ctx, sample(2).ID)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return errFirst == nil, errSecond == nil
}

// The journal that was there is kept, the one that is put back is held, and money in it is
// taken for perhaps posted.
func TestRestore(t *testing.T) {
	t.Parallel()
	path, backup := backedUp(t)
	before, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if _, err := Restore(ctx, backup, path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "stop Caddy") {
		t.Errorf("got %v, want ErrLocked", err)
	}
	p := sample(3)
	p.State, p.DpsTxnRef = payment.Approved, "D3"
	if err := s.Create(ctx, p, payment.Event{Payment: p.ID}, func([]*payment.Payment) error { return nil }); err != nil {
		t.Fatal(err)
	}
	later := filepath.Join(t.TempDir(), "later.db")
	if err := errors.Join(s.Backup(ctx, later), s.Close()); err != nil {
		t.Fatal(err)
	}
	done, err := Restore(ctx, backup, path)
	if err != nil || done.Payments != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if after, err := os.ReadFile(backup); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the backup was changed, %v", err)
	}
	if first, second := has(t, path); !first || second {
		t.Errorf("restored are %v %v", first, second)
	}
	if first, second := has(t, done.Aside); !first || !second {
		t.Errorf("kept are %v %v in %s", first, second, done.Aside)
	}
	if _, err := Restore(ctx, later, path); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if held, err := s.Mark(ctx, payment.MarkHeld); err != nil || !strings.Contains(held, payment.HeldRestored) || s.Fresh() {
		t.Errorf("held %q, %v", held, err)
	}
	if q, err := s.Get(ctx, p.ID); err != nil || q.Booking.Post != payment.PostSent || q.Booking.PostedAt.IsZero() {
		t.Errorf("money is %+v, %v", q, err)
	}
}

// What is no whole journal is refused, and the one that is there goes on.
func TestRestoreRefused(t *testing.T) {
	t.Parallel()
	path, backup := backedUp(t)
	good, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name string, data []byte) string {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, name)
	}
	spoilt := slices.Clone(good)
	for i := len(spoilt) / 2; i < len(spoilt)/2+4096; i++ {
		spoilt[i] ^= 0xff
	}
	write("in use-wal", []byte("x"))
	another := filepath.Join(folder, "another")
	db, err := sql.Open("sqlite", another)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE payments (id TEXT)`); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	newer := write("newer", good)
	if db, err = sql.Open("sqlite", newer); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	for from, want := range map[string]error{
		write("empty", nil):               ErrNotJournal,
		write("text", []byte("no, sir")):  ErrNotJournal,
		write("half", good[:len(good)/2]): ErrNotJournal,
		write("spoilt", spoilt):           ErrNotJournal,
		write("in use", good):             ErrNotJournal,
		another:                           ErrNotJournal,
		folder:                            ErrNotJournal,
		newer:                             ErrNewer,
		filepath.Join(folder, "missing"):  fs.ErrNotExist,
		path:                              nil,
	} {
		if _, err := Restore(ctx, from, path); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", filepath.Base(from), err, want)
		}
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 1 { // the lock
		t.Errorf("left are %v", left)
	}
	if first, second := has(t, path); !first || !second {
		t.Errorf("the journal has %v %v", first, second)
	}
}

// F10, F14: cut short between any two steps, the next start has the old journal or the new
// one, whole, and never none; the old one's log is not taken for the new one's.
func TestF14RestoreCutShort(t *testing.T) {
	t.Parallel()
	for steps := range 4 {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			t.Parallel()
			path, backup := backedUp(t)
			s := open(t, path)
			if err := create(s, 3); err != nil { // into its log
				t.Fatal(err)
			}
			for _, tail := range []string{"", "-wal"} { // as a process that was killed leaves it
				data, err := os.ReadFile(path + tail)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path+".killed"+tail, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			dead := path + ".killed"
			if _, err := prepare(ctx, backup, dead); err != nil {
				t.Fatal(err)
			}
			aside := dead + ".before-some-time"
			for _, tail := range []string{"", "-wal", "-shm"}[:min(steps, 3)] {
				if err := os.Rename(dead+tail, aside+tail); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if first, second := has(t, dead); !first || second {
				t.Errorf("the journal has %v %v", first, second)
			}
			if err := remove(dead + restore); err != nil {
				t.Fatal(err)
			}
			if first, second := has(t, dead); !first || second {
				t.Errorf("opened again it has %v %v", first, second)
			}
		})
	}
	t.Run("before the copy is whole", func(t *testing.T) {
		t.Parallel()
		path, _ := backedUp(t)
		if err := os.WriteFile(path+restoring, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if first, second := has(t, path); !first || !second {
			t.Errorf("the journal has %v %v", first, second)
		}
	})
}

// A journal of the first form is brought to this one when it is opened, and goes on as it was.
func TestFirstForm(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithLogger(goose.NopLogger()))
	if err == nil {
		_, err = steps.UpTo(ctx, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	const row = `INSERT INTO payments VALUES ('A000000000000001','A000000000000001','','','offered','invoice',1,7,3,'',1,1,0,0,'{"id":"A000000000000001","state":"offered","created_at":"2026-01-01T00:00:00Z"}')`
	if _, err := db.Exec(row); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if p, err := s.Get(ctx, sample(1).ID); err != nil || p.State != payment.Offered {
		t.Errorf("payment %+v, %v", p, err)
	}
	if held, err := s.Mark(ctx, payment.MarkHeld); err != nil || held != "" || s.Fresh() {
		t.Errorf("held %q, %v", held, err)
	}
	if err := s.SetMark(ctx, "a", "b"); err != nil {
		t.Error(err)
	}
	fresh := open(t, filepath.Join(t.TempDir(), "journal.db"))
	if held, err := fresh.Mark(ctx, payment.MarkHeld); err != nil || !strings.Contains(held, payment.HeldNew) {
		t.Errorf("a new one is held %q, %v", held, err)
	}
}

// BenchmarkBackup backs a journal of 100,000 payments up while 16 callers write: what a write
// waits at most, and how many there are a second, beside the same without a backup.
func BenchmarkBackup(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal.db")
	s := open(b, path)
	detail := fmt.Sprintf(`{"id":"A","state":"recorded","reference":%q}`, strings.Repeat("x", 900))
	fill := strings.Replace(million, "i<1000000", "i<100000", 1)
	if err := s.do(ctx, func(ctx context.Context, w *writer) error { return w.exec(ctx, fill, detail, "A") }); err != nil {
		b.Fatal(err)
	}
	for n := range 16 {
		if err := create(s, n); err != nil {
			b.Fatal(err)
		}
	}
	for _, backup := range []bool{false, true} {
		b.Run(fmt.Sprintf("backup=%v", backup), func(b *testing.B) {
			var stop atomic.Bool
			var writes, worst atomic.Int64
			var all sync.WaitGroup
			for n := range 16 {
				all.Go(func() {
					for !stop.Load() {
						begin := time.Now()
						if _, err := s.Change(ctx, sample(n).ID, func(*payment.Payment) (payment.Writes, error) { return payment.Writes{}, nil }); err != nil {
							b.Error(err)
						}
						writes.Add(1)
						for d := int64(time.Since(begin)); ; {
							if was := worst.Load(); d <= was || worst.CompareAndSwap(was, d) {
								break
							}
						}
					}
				})
			}
			begin := time.Now()
			for n := 0; b.Loop(); n++ {
				if !backup {
					time.Sleep(time.Second)
				} else if err := s.Backup(ctx, filepath.Join(b.TempDir(), fmt.Sprint(n))); err != nil {
					b.Error(err)
				}
			}
			took := time.Since(begin)
			stop.Store(true)
			all.Wait()
			b.ReportMetric(float64(worst.Load())/1e6, "worst-write-ms")
			b.ReportMetric(float64(writes.Load())/took.Seconds(), "writes/s")
		})
	}
}
