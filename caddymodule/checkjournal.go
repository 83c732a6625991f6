package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/gofrs/flock"
)

// checkJournal looks at the journal's folder and file from outside: opening a journal would
// make one, or take it from the Caddy that starts just now.
func (c *checker) checkJournal(context.Context) []finding {
	path := c.app.hostKey
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && folder == caddy.AppDataDir():
		return []finding{good("%s is not there yet, nor is Caddy's data folder: Caddy makes both at its first start", path)}
	case errors.Is(err, fs.ErrNotExist):
		return []finding{wrong("make it, and give it to the user that Caddy runs as", "the folder %s is not there", folder)}
	case err != nil:
		return []finding{wrong("let this user into the folder", "%v", err)}
	case !info.IsDir():
		return []finding{wrong("name a file in a folder: journal sqlite PATH", "%s is no folder", folder)}
	}
	if err := c.writable(folder); err != nil {
		return []finding{wrong("give the folder to the user that Caddy runs as, or run this as that user", "this user may not write in %s, which is %s's", folder, ownerOf(info))}
	}
	file, err := os.Stat(path)
	_, half := os.Stat(path + "-wal")
	switch {
	case errors.Is(err, fs.ErrNotExist) && half == nil:
		return []finding{wrong("put the journal back; or remove that file, if no payment was ever made with it", "%s is missing, but %s-wal, its other half, is there", path, path)}
	case errors.Is(err, fs.ErrNotExist):
		return []finding{good("%s is not there yet: Caddy makes it at its first start; this user may write in its folder, which is %s's", path, ownerOf(info))}
	case err != nil:
		return []finding{wrong("let this user read the file", "%v", err)}
	}
	if f := c.strange(path, file); f != nil {
		return []finding{*f}
	}
	return []finding{good("%s, %d KiB, is %s's; %s", path, (file.Size()+1023)>>10, ownerOf(file), usedBy(path))}
}

// strange tells why a file is no journal that Caddy could use.
func (c *checker) strange(path string, info fs.FileInfo) *finding {
	var f finding
	switch ours, err := isJournal(path); {
	case info.IsDir():
		f = wrong("name a file in it: journal sqlite PATH", "%s is a folder", path)
	case info.Size() == 0:
		f = wrong("put the journal back, or remove the file if no payment was ever made with it", "%s is empty, which a journal never is", path)
	case err != nil:
		f = wrong("give the file to the user that Caddy runs as, or run this as that user", "this user cannot read %s, which is %s's", path, ownerOf(info))
	case !ours:
		f = wrong("name another file: journal sqlite PATH", "%s is no journal of this module", path)
	case c.writable(path) != nil:
		f = wrong("give the file to the user that Caddy runs as, or run this as that user", "this user may not write %s, which is %s's", path, ownerOf(info))
	default:
		return nil
	}
	return &f
}

// isJournal looks for SQLite's first bytes, and for the journal's own tables in the list of
// tables that follows them.
func isJournal(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return false, err
	}
	return bytes.HasPrefix(head, []byte("SQLite format 3\x00")) && bytes.Contains(head, []byte("CREATE TABLE payments")), nil
}

// usedBy asks the lock file, if there is one, for no longer than a moment; a Caddy that
// starts in it tries again.
func usedBy(path string) string {
	if _, err := os.Stat(path + ".lock"); err != nil {
		return "no Caddy has used it here"
	}
	lock := flock.New(path+".lock", flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	switch {
	case err != nil:
		return "whether a Caddy uses it cannot be told"
	case !free:
		return "a running Caddy uses it"
	}
	_ = lock.Unlock()
	return "no Caddy uses it now"
}

// checkDisk compares the disk with journal_reserve.
func (c *checker) checkDisk(context.Context) []finding {
	folder := filepath.Dir(c.app.hostKey)
	bytes, err := c.free(folder)
	switch {
	case err != nil:
		return []finding{warned("look at it yourself", "how much is free in %s cannot be told: %v", folder, err)}
	case bytes < uint64(c.app.JournalReserve):
		return []finding{wrong("make room, or lower journal_reserve", "%d MiB are free in %s, below the journal_reserve of %d MiB: no payment starts", bytes>>20, folder, c.app.JournalReserve>>20)}
	}
	return []finding{good("%s free in %s, above the journal_reserve of %d MiB", roughly(bytes), folder, c.app.JournalReserve>>20)}
}

func roughly(bytes uint64) string {
	if bytes >= 10<<30 {
		return fmt.Sprintf("%d GiB", bytes>>30)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
