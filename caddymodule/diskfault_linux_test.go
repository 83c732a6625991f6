package caddymodule

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/diskfault"
	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// A Caddy of the tests has its syncs fail when it is sent SIGWINCH, which nobody else does.
func init() {
	if os.Getenv(asCaddy) == "" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGWINCH)
	go func() {
		<-asked
		fmt.Fprintln(os.Stderr, "syncs fail from now on:", diskfault.FailSync())
	}()
}

// pages counts the pages that the gateway was asked for.
func (s *site) pages() (n int) {
	for _, e := range s.gateway.Log() {
		if e.Op == windcavetest.OpGenerate {
			n++
		}
	}
	return n
}

// F11: the journal's disk says EIO to a sync. The payment is not sent to the gateway, whoever
// tries and however often, the rest of the site is served, and after a restart on a sound disk
// it is paid.
func TestF11SyncFails(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := newSite(t, siteOptions{})
	s.start("")
	person, link := payer.New(), s.link(s.invoice.Number)
	form, err := person.Open(ctx, link)
	s.must(err)
	s.must(s.cmd.Process.Signal(syscall.SIGWINCH))
	s.until("syncs fail", func() bool { return strings.Contains(s.logged(), "syncs fail from now on: <nil>") })
	for range 3 {
		page, err := person.Press(ctx, link, form)
		s.must(err)
		if page.Status != http.StatusServiceUnavailable || page.Location != "" {
			t.Errorf("the button leads to %d %q %q", page.Status, page.Title, page.Location)
		}
		s.passes()
	}
	if n := s.pages(); n != 0 {
		t.Errorf("%d pages were asked for", n)
	}
	if !strings.Contains(s.logged(), "write the journal") {
		t.Error("the log does not say why")
	}
	s.must(s.cmd.Process.Signal(syscall.SIGKILL))
	s.dead()
	s.start("")
	s.must(s.payInvoice(ctx, s.invoice.Number))
	s.settled()
}

// smallDisk puts all that a site keeps on a disk of its own, which is far smaller than the room
// that it is to leave by default.
func smallDisk(t *testing.T) *site {
	t.Helper()
	s := newSite(t, siteOptions{})
	s.words = "journal_reserve 1KiB"
	unmount, err := diskfault.Mount(s.dir, 4<<20)
	if err != nil {
		t.Skip("mounting needs root:", err)
	}
	t.Cleanup(unmount)
	return s
}

// fill fills the site's disk and returns what makes room again.
func (s *site) fill() (free func()) {
	s.tb.Helper()
	f, err := diskfault.Fill(s.dir)
	s.must(err)
	return func() { s.must(f()) }
}

// F12: the disk is full when the buyer presses the button. The gateway hears nothing, the buyer
// is told, the log says why, the site is served; with room again it goes on by itself.
func TestF12DiskFullAtTheIntent(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := smallDisk(t)
	s.start("")
	person, link := payer.New(), s.link(s.invoice.Number)
	form, err := person.Open(ctx, link)
	s.must(err)
	free := s.fill()
	page, err := person.Press(ctx, link, form)
	s.must(err)
	if page.Status != http.StatusServiceUnavailable || page.Title == "" || page.Location != "" {
		t.Errorf("the button leads to %d %q %q", page.Status, page.Title, page.Location)
	}
	s.passes()
	if n := s.pages(); n != 0 {
		t.Errorf("%d pages were asked for", n)
	}
	if !strings.Contains(s.logged(), "journal_reserve") && !strings.Contains(s.logged(), "disk is full") {
		t.Errorf("the log does not say why\n%s", tail(s.logged(), 2000))
	}
	free()
	s.must(s.payInvoice(ctx, s.invoice.Number))
	s.settled()
}

// F13: the disk fills up between the buyer's leaving and the bank's approval. The notification
// is told to come again, and the payment ends well once there is room.
func TestF13DiskFullAfterTheApproval(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := smallDisk(t)
	s.start("")
	before := s.addInvoice("2026/0043", "1.00")
	s.must(s.payInvoice(ctx, before.Number)) // all that is made once is made
	s.until("it is booked", func() bool { return strings.Contains(s.logged(), `"why":"booked"`) })
	person := payer.New()
	page, err := person.Start(ctx, s.link(s.invoice.Number))
	s.must(err)
	s.gateway.HoldNotifications(true)
	free := s.fill()
	back := s.payOn(page)
	last := len(s.gateway.Notifications()) - 1
	for range 2 {
		status, err := s.gateway.SendNotification(last)
		s.must(err)
		if status != http.StatusServiceUnavailable {
			t.Errorf("the notification was answered %d", status)
		}
	}
	s.passes()
	free()
	if status, err := s.gateway.SendNotification(last); err != nil || status != http.StatusOK {
		t.Errorf("with room again the notification was answered %d, %v", status, err)
	}
	_, err = person.ComeBack(ctx, back, "Paid")
	s.must(err)
	s.settled()
}

// F83: at the start the journal's disk is full, or cannot be written. The site is served, the
// payment pages are closed, the log says why, and they open by themselves.
func TestF83DiskAtTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*site) (mend func())
		says  string
	}{
		"full": {(*site).fill, "full"},
		"read-only": {func(s *site) func() {
			s.must(diskfault.ReadOnly(s.dir, true))
			return func() { s.must(diskfault.ReadOnly(s.dir, false)) }
		}, "writable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			s := smallDisk(t)
			s.admin = t.TempDir() + "/admin.sock"
			file := t.TempDir() + "/Caddyfile"
			s.must(os.WriteFile(file, []byte(s.caddyfile("paymentexpress")), 0o600))
			mend := c.spoil(s)
			s.run(file, "")
			page, err := payer.New().Open(ctx, s.link(s.invoice.Number))
			s.must(err)
			if page.Status != http.StatusServiceUnavailable || page.Title != "No payments right now" {
				t.Errorf("the link shows %d %q", page.Status, page.Title)
			}
			s.passes()
			s.until("the log says why", func() bool {
				return strings.Contains(s.logged(), "journal cannot be opened") && strings.Contains(s.logged(), c.says)
			})
			mend()
			s.until("it is opened by itself", func() bool { return strings.Contains(s.logged(), "journal is open\"") })
			s.must(s.payInvoice(ctx, s.invoice.Number))
			s.settled()
		})
	}
}
