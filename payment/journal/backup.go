package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	// The name is taken first, and filled at the end in one step.
	if err := touch(path); err != nil {
		return err
	}
	aside := path + ".part"
	defer func() {
		if err != nil {
			_ = os.Remove(aside)
			_ = os.Remove(path)
		}
	}()
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := touch(aside); err != nil {
		return err
	}
	if err := s.copyInto(ctx, aside); err != nil {
		return err
	}
	if err := syncFile(aside); err != nil {
		return err
	}
	if err := os.Rename(aside, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
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

// touch makes an empty file for its owner alone; SQLite would make it readable by others.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
