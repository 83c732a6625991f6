package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// A file with the name that Restore gives to a copy whose turn it is does not take the
// journal's place: neither a backup nor anything else that no restore has made.
func TestFileUnderTheNameOfARestore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := create(s, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.SetMark(ctx, payment.MarkHeld, ""); err != nil {
		t.Fatal(err)
	}
	backupErr := s.Backup(ctx, path+".restore")
	if err := create(s, 2); err != nil { // payments go on
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if first, second := has(t, path); !first || !second {
		t.Errorf("backup said %v; after a restart the journal has the first payment %v, the second %v", backupErr, first, second)
	}
	if backupErr == nil {
		t.Error("the name was taken")
	}
	if err := os.WriteFile(path+restore, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, path); !errors.Is(err, ErrNotJournal) {
		t.Errorf("with another file in the place of a restore: %v", err)
	}
}

// A journal that was moved away while it is open is noticed, and not backed up in part.
func TestMovedWhileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	if err := s.InPlace(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	for _, err := range []error{s.InPlace(), s.Backup(ctx, backup)} {
		if !errors.Is(err, ErrMoved) {
			t.Errorf("got %v", err)
		}
	}
	for _, file := range []string{path, backup} {
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s was made", file)
		}
	}
	if err := os.Rename(path+".moved", path); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.InPlace(), s.Backup(ctx, backup)); err != nil {
		t.Error(err)
	}
}

// The journal's name is a symlink, and the machine stops between the two renames of a restore:
// the next Open finishes it.
func TestRestoreCutShortBehindASymlink(t *testing.T) {
	t.Parallel()
	path, backup := backedUp(t)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	// as Restore does it, up to the middle of replace
	if _, err := prepare(ctx, backup, path); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".before-x"); err != nil {
		t.Fatal(err)
	}
	s := open(t, link)
	if s.Fresh() {
		info, _ := os.Lstat(link)
		t.Errorf("a new, empty journal was made (%s, symlink %v) in place of the restored one", s.Path(), info.Mode()&os.ModeSymlink != 0)
	}
}

// A file of somebody else that ends with .part is no business of a backup.
func TestBackupRemovesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "journal.db"))
	folder := t.TempDir()
	mine := filepath.Join(folder, "thesis.part")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := s.Backup(ctx, filepath.Join(folder, "thesis"))
	if data, readErr := os.ReadFile(mine); readErr != nil || string(data) != "mine" {
		t.Errorf("backup said %v; the other file: %q, %v", err, data, readErr)
	}
}

// Whoever restores from what a restore that was cut short has left does not lose it.
func TestRestoreFromItsOwnName(t *testing.T) {
	t.Parallel()
	path, backup := backedUp(t)
	from := path + ".restoring"
	if err := os.Rename(backup, from); err != nil {
		t.Fatal(err)
	}
	_, err := Restore(ctx, from, path)
	if _, statErr := os.Stat(from); statErr != nil && err != nil {
		t.Errorf("restore said %v, and the backup is gone: %v", err, statErr)
	}
}
