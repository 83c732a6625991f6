package splynx

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// clockAt is a clock that a test sets.
type clockAt struct{ t time.Time }

func (c *clockAt) now() time.Time { return c.t }

func next(t *testing.T, n Nonces) int64 {
	t.Helper()
	v, err := n.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNonceFileGrowsOverRestarts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nonce")
	clock := &clockAt{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var last int64
	for _, step := range []time.Duration{0, time.Hour, -24 * time.Hour, 0, -time.Second, 25 * time.Hour} {
		clock.t = clock.t.Add(step)
		n := NonceFile(path, clock.now) // a restart
		for range 3 {
			v := next(t, n)
			if v <= last {
				t.Fatalf("after a step of %v: %d after %d", step, v, last)
			}
			last = v
		}
		clock.t = clock.t.Add(-time.Hour)
		if v := next(t, n); v != last+1 {
			t.Errorf("the clock went back: %d after %d", v, last)
		}
		if err := n.(skipper).Skip(t.Context(), leap); err != nil {
			t.Fatal(err)
		}
		if v := next(t, n); v < last+leap {
			t.Errorf("after a leap: %d after %d", v, last)
		} else {
			last = v
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

// What is on disk is always above what was given out, and is not written each time.
func TestNonceFileReservesAhead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nonce")
	clock := &clockAt{time.Unix(1_700_000_000, 0)}
	n := NonceFile(path, clock.now)
	onDisk := func() int64 {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	marks := map[int64]bool{}
	for range 180 {
		v := next(t, n)
		if v != clock.t.UnixMicro() || onDisk() <= v {
			t.Fatalf("%d at %d, %d on disk", v, clock.t.UnixMicro(), onDisk())
		}
		marks[onDisk()] = true
		clock.t = clock.t.Add(time.Second)
	}
	if len(marks) != 3 {
		t.Errorf("written %d times in three minutes", len(marks))
	}
	// A crash between writing and renaming leaves a rest, which does not matter.
	if err := os.WriteFile(path+".new", []byte("17"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := next(t, NonceFile(path, clock.now)); onDisk() <= v {
		t.Errorf("%d on disk, %d given", onDisk(), v)
	}
}

func TestNonceFileThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ content, advice string }{
		"empty":    {"", "remove the file"},
		"text":     {"marked", "remove the file"},
		"negative": {"-5\n", "remove the file"},
		"nought":   {"0\n", "remove the file"},
		"cut off":  {"17000\n00", "remove the file"},
		"blank":    {" 17000", "remove the file"},
		"too big":  {"99999999999999999999\n", "remove the file"},
		"long":     {strings.Repeat("1", 1<<16), "remove the file"},
	} {
		path := filepath.Join(t.TempDir(), "nonce")
		if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		n := NonceFile(path, nil)
		for range 2 {
			_, err := n.Next(t.Context())
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tt.advice) || strings.Contains(err.Error(), "marked") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != tt.content {
			t.Errorf("%s: the file was changed", name)
		}
	}
	folder := t.TempDir()
	if _, err := NonceFile(folder, nil).Next(t.Context()); err == nil {
		t.Error("a folder is taken for the file")
	}
	gone := filepath.Join(folder, "gone", "nonce")
	n := NonceFile(gone, nil)
	for range 2 {
		if _, err := n.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "write to its folder") {
			t.Errorf("no folder: %v", err)
		}
	}
	if err := os.Mkdir(filepath.Dir(gone), 0o700); err != nil {
		t.Fatal(err)
	}
	next(t, n) // mended without a restart
}
