package splynx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// reserve is how many nonces are taken from the file at once: one minute of microseconds, so
// that a busy client writes it once a minute.
const reserve = int64(time.Minute / time.Microsecond)

// maxNonceFile is the longest content of the file, in bytes: 19 digits and a line's end.
const maxNonceFile = 32

// NonceFile returns nonces that grow over restarts too, also when the clock was set back
// meanwhile. The file holds one number that no nonce given out has reached; it is made when
// it is missing, is read at the first nonce and belongs to one value of this type at a time.
// A nil now is time.Now.
func NonceFile(path string, now func() time.Time) Nonces {
	if now == nil {
		now = time.Now
	}
	return &fileNonces{path: path, now: now}
}

// fileNonces gives out the numbers below mark, and raises mark on disk first.
type fileNonces struct {
	path string
	now  func() time.Time
	mu   sync.Mutex
	read bool
	last int64 // the last number given out, or that may have been before the start
	mark int64 // what stands in the file
}

// Next implements Nonces. It fails when the file cannot be read or written.
func (n *fileNonces) Next(context.Context) (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.load(); err != nil {
		return 0, err
	}
	next := max(n.last+1, n.now().UnixMicro())
	if next >= n.mark {
		if err := n.store(next + reserve); err != nil {
			return 0, err
		}
	}
	n.last = next
	return next, nil
}

// Skip leaves out numbers.
func (n *fileNonces) Skip(_ context.Context, by int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.load(); err != nil {
		return err
	}
	n.last = max(n.last, n.now().UnixMicro()) + by
	return nil
}

// load reads the file once. All numbers below the mark may have been used.
func (n *fileNonces) load() error {
	if n.read {
		return nil
	}
	mark, err := readMark(n.path)
	if err != nil {
		return err
	}
	n.read, n.mark, n.last = true, mark, max(n.last, mark-1)
	return nil
}

func readMark(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read the nonce file: %w; let this program read it", err)
	case info.Size() > maxNonceFile:
		return 0, damaged(path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read the nonce file: %w; let this program read it", err)
	}
	mark, err := strconv.ParseInt(strings.TrimSuffix(string(b), "\n"), 10, 64)
	if err != nil || mark <= 0 {
		return 0, damaged(path)
	}
	return mark, nil
}

func damaged(path string) error {
	return fmt.Errorf("the nonce file %s is damaged: check that this machine's clock is right, then remove the file; "+
		"if Splynx then refuses the key, make a new one there", path)
}

// store writes the mark so that a crash leaves the old one or the new one, whole.
func (n *fileNonces) store(mark int64) error {
	if err := replaceFile(n.path, strconv.FormatInt(mark, 10)+"\n"); err != nil {
		return fmt.Errorf("write the nonce file: %w; let this program write to its folder", err)
	}
	n.mark = mark
	return nil
}

func replaceFile(path, content string) error {
	aside := path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(aside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(aside, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	_ = folder.Sync() // not every system can sync a folder
	return folder.Close()
}
