package journal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/diskfault"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// F11: the disk says EIO to a sync. What was to be written then is refused, and everything
// after it too; what was written before is there at the next start.
func TestF11SyncFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestProcessWhoseSyncFails$", "-test.v")
	cmd.Env = append(os.Environ(), "JOURNAL_WITHOUT_SYNC="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := strings.Count(string(out), "[refused]"); n != 3 {
		t.Errorf("%d of 3 writes were refused: %s", n, out)
	}
	s := open(t, path)
	if _, err := s.Get(ctx, sample(1).ID); err != nil {
		t.Errorf("what was written before is lost: %v", err)
	}
	if err := create(s, 9); err != nil {
		t.Errorf("it does not go on: %v", err)
	}
}

// TestProcessWhoseSyncFails is what TestF11SyncFails runs in another process.
func TestProcessWhoseSyncFails(t *testing.T) {
	path := os.Getenv("JOURNAL_WITHOUT_SYNC")
	if path == "" {
		return
	}
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := create(s, 1); err != nil {
		t.Fatal(err)
	}
	if err := diskfault.FailSync(); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if err := create(s, 2+n); err != nil && strings.Contains(err.Error(), "write the journal") {
			fmt.Println("[refused]", err)
		}
	}
	_ = s.Close()
}

// F12, F13 at the journal: a full disk refuses what does not fit and keeps what is there;
// once there is room it is written again, by the same process.
func TestF12DiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unmount, err := diskfault.Mount(dir, 2<<20)
	if err != nil {
		t.Skip("mounting needs root:", err)
	}
	t.Cleanup(unmount)
	s := open(t, filepath.Join(dir, "journal.db"))
	if err := create(s, 0); err != nil {
		t.Fatal(err)
	}
	free, err := diskfault.Fill(dir)
	if err != nil {
		t.Fatal(err)
	}
	last := 1
	for ; last < 100; last++ {
		if err = create(s, last); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("a full disk says %v", err)
	}
	if all, err := s.Find(ctx, payment.Filter{Limit: 1000}); err != nil || len(all) != last {
		t.Errorf("%d of %d payments, %v", len(all), last, err)
	}
	if err := free(); err != nil {
		t.Fatal(err)
	}
	if err := create(s, last); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
