package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Backup writes the journal as it stands at one moment into a new file at path, while it is in
// use: writers go on beside it. The file is for its owner alone, like the journal: it holds
// the same keys. A file that is there is left alone and refused with fs.ErrExist. When Backup
// returns without error the file is on the disk; else there is none.
func (s *SQLite) Backup(ctx context.Context, path string) error {
	if err := s.backup(ctx, path); err != nil {
		return fmt.Errorf("back up the journal to %s: %w", path, err)
	}
	return nil
}

func (s *SQLite) backup(ctx context.Context, path string) (err error) {
	if path, err = real(path); err != nil {
		return err
	}
	if tail, ok := strings.CutPrefix(path, s.path); ok && slices.Contains(ownTails, tail) {
		return fmt.Errorf("%w, or will be: it is a name of the journal's own", fs.ErrExist)
	}
	if err := s.InPlace(); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // 0600
	if err != nil {
		return err
	}
	aside := f.Name()
	defer os.Remove(aside)
	if err := f.Close(); err != nil {
		return err
	}
	if err := s.copyInto(ctx, aside); err != nil {
		return err
	}
	if err := syncFile(aside); err != nil {
		return err
	}
	if err := os.Link(aside, path); err != nil { // unlike a rename it replaces nothing
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// ownTails are what the journal's own files beside it end with.
var ownTails = []string{"", "-wal", "-shm", "-journal", ".lock", ".nonce", ".new", restoring, restore}

// InPlace tells whether the journal's file still stands where it was opened. One that was
// removed or moved is written on all the same, and is gone with this process.
func (s *SQLite) InPlace() error {
	there, err := os.Stat(s.path)
	if err == nil && os.SameFile(there, s.file) {
		return nil
	}
	return fmt.Errorf("%w: put %s back while Caddy runs: what was written since is lost when it ends", ErrMoved, s.path)
}

// copyInto has SQLite write a whole copy, on a connection of its own: VACUUM reads one
// snapshot, and a reader does not hold up the writer.
func (s *SQLite) copyInto(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", source(s.path))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, path)
	return errors.Join(err, db.Close())
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
