package journal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Errors of Open; callers compare with errors.Is.
var (
	ErrLocked = errors.New("journal is open in another process")
	ErrNewer  = errors.New("journal was written by a newer version of this module")
	ErrMoved  = errors.New("journal was removed or moved while it is open")
)

// cache holds each connection to a quarter of a MiB of pages, so that what the process holds does not hang
// on how much of the journal was read; the system's own cache has the rest.
const cache = "cache_size(-256)"

// SQLite is a payment.Store in one file.
type SQLite struct {
	path  string
	fresh bool
	file  fs.FileInfo // as it was opened
	lock  *flock.Flock
	read  *reader
	write *sql.DB
	*writer
}

// Open opens the journal at path, making the file if there is none; its folder must be
// there. One process holds it at a time: ErrLocked while another does. A file of a newer
// version is refused with ErrNewer, and left as it is.
func Open(ctx context.Context, path string) (*SQLite, error) {
	path, err := real(path)
	if err != nil {
		return nil, err
	}
	s := &SQLite{path: path}
	if s.lock, err = lock(path, "stop the other one, or use caddy reload"); err != nil {
		return nil, err
	}
	if err := finishRestore(path); err != nil {
		return nil, errors.Join(fmt.Errorf("finish the restore of the journal %s: %w", path, err), s.Close())
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the journal %s: %w", path, err), s.Close())
	}
	return s, nil
}

// real is the file that path leads to: the lock goes by the name.
func real(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	for range 40 { // as the kernel does; the last one may lead to what is not there just now
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(folder, filepath.Base(path))
	}
	return path, nil
}

// lock takes the journal at path for this process; advice is for whoever finds it taken.
func lock(path, advice string) (*flock.Flock, error) {
	l := flock.New(path+".lock", flock.SetPermissions(0o600))
	held, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w; the folder must be there and writable", err)
	}
	if !held {
		return nil, fmt.Errorf("%w: %s; %s", ErrLocked, path, advice)
	}
	return l, nil
}

func (s *SQLite) open(ctx context.Context) error {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if s.fresh, err = true, s.create(ctx); err != nil {
			return err
		}
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a folder; name a file in it")
	case info.Size() == 0:
		return errors.New("the file is there but empty, which a journal never is; put the journal back, or remove the file if no payment was ever made with it")
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return err
	}
	if s.write, err = sql.Open("sqlite", source(s.path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)", cache)); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source(s.path, "query_only(1)", cache))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	s.read = &reader{db: db}
	if s.writer, err = newWriter(ctx, s.write); err != nil {
		return err
	}
	return s.breakClaims(ctx)
}

// create makes the file aside and moves it into place when it is whole: a crash in between
// leaves no empty journal behind.
func (s *SQLite) create(ctx context.Context) error {
	if _, err := os.Stat(s.path + "-wal"); err == nil {
		return fmt.Errorf("the file is missing, but %s-wal, its other half, is there; put the journal back, or remove that file if no payment was ever made with it", s.path)
	}
	aside := s.path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(aside, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite would make it 0644
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source(aside, "journal_mode(DELETE)", "synchronous(FULL)"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	err = migrate(ctx, db)
	if err == nil {
		err = hold(ctx, db, payment.Hold{Why: payment.HeldNew, At: time.Now().UTC()})
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Rename(aside, s.path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(s.path))
}

// syncFolder makes a rename durable, where folders can be synced.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

// source is the data source name of a file, with pragmas for every connection.
func source(path string, pragmas ...string) string {
	query := url.Values{"mode": {"rw"}, "_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)} // makes no file
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// migrate brings the tables to this version's form.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	steps, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	have, want, err := steps.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("%w: its tables are at step %d, this version knows %d; run the newer version", ErrNewer, have, want)
	}
	_, err = steps.Up(ctx)
	return err
}

// Fresh tells whether Open made the file.
func (s *SQLite) Fresh() bool { return s.fresh }

// Path is the journal's file.
func (s *SQLite) Path() string { return s.path }

// Close finishes what is being written and gives the file back.
func (s *SQLite) Close() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.read != nil {
		errs = append(errs, s.read.close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// Interface guard.
var _ payment.Store = (*SQLite)(nil)
