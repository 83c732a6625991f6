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
)

// SQLite is a payment.Store in one file.
type SQLite struct {
	path  string
	fresh bool
	lock  *flock.Flock
	read  *sql.DB
	write *sql.DB
	*writer
}

// Open opens the journal at path, making the file if there is none; its folder must be
// there. One process holds it at a time: ErrLocked while another does. A file of a newer
// version is refused with ErrNewer, and left as it is.
func Open(ctx context.Context, path string) (*SQLite, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	s := &SQLite{path: path, lock: flock.New(path+".lock", flock.SetPermissions(0o600))}
	held, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w; the folder must be there and writable", err)
	}
	if !held {
		return nil, fmt.Errorf("%w: %s; stop the other one, or use caddy reload", ErrLocked, path)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the journal %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *SQLite) open(ctx context.Context) error {
	info, err := os.Stat(s.path)
	s.fresh = errors.Is(err, fs.ErrNotExist)
	switch {
	case s.fresh:
		f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it 0644
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	case err != nil:
		return err
	case info.Size() == 0:
		return errors.New("the file is there but empty, which a journal never is; remove it only if no payment was ever made with it")
	}
	pragmas := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: s.path}).EscapedPath(), RawQuery: pragmas.Encode()}).String()
	if s.write, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	if s.read, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	if s.writer, err = newWriter(ctx, s.write); err != nil {
		return err
	}
	return s.breakClaims(ctx)
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
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// Interface guard.
var _ payment.Store = (*SQLite)(nil)
