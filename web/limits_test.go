package web

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var (
	one  = netip.MustParseAddr("203.0.113.1")
	noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

func TestLimitOfADocument(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 3, Address: 100, All: 100})
	for i := range 3 {
		if wait := l.Start(42, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), noon); wait != 0 {
			t.Fatalf("start %d has to wait %s", i, wait)
		}
	}
	if wait := l.Start(42, one, noon); wait != 20*time.Minute {
		t.Errorf("the fourth waits %s, want 20m", wait)
	}
	if wait := l.Start(43, one, noon); wait != 0 {
		t.Errorf("another document waits %s", wait)
	}
	if wait := l.Start(42, one, noon.Add(20*time.Minute)); wait != 0 {
		t.Errorf("after the pause it still waits %s", wait)
	}
}

// A household has one IPv4 address, or one /64: changing the lower half of an IPv6 address
// gives nobody more tries.
func TestLimitOfAnAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, same, other string }{
		{"203.0.113.1", "203.0.113.1", "203.0.113.2"},
		{"203.0.113.1", "::ffff:203.0.113.1", "::ffff:203.0.113.2"},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:3::1"},
	} {
		l := NewLimits(GuestLimit{Document: 100, Address: 1, All: 100})
		if wait := l.Start(1, netip.MustParseAddr(c.first), noon); wait != 0 {
			t.Fatalf("%s waits %s", c.first, wait)
		}
		if wait := l.Start(2, netip.MustParseAddr(c.same), noon); wait != time.Hour {
			t.Errorf("%s waits %s, want 1h", c.same, wait)
		}
		if wait := l.Start(3, netip.MustParseAddr(c.other), noon); wait != 0 {
			t.Errorf("%s waits %s", c.other, wait)
		}
	}
}

func TestLimitOverAll(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 100, Address: 100, All: 5})
	for i := range 5 {
		if wait := l.Start(int64(i), netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), noon); wait != 0 {
			t.Fatalf("start %d waits %s", i, wait)
		}
	}
	if wait := l.Start(6, one, noon); wait == 0 {
		t.Error("a sixth start is let through")
	}
}

// What is refused is not counted: else a refused try would take the place of an allowed one.
func TestRefusedIsNotCounted(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 1, Address: 10, All: 10})
	l.Start(1, one, noon)
	for range 100 {
		if l.Start(1, one, noon) == 0 {
			t.Fatal("let through")
		}
	}
	for i := range 9 {
		if wait := l.Start(int64(2+i), one, noon); wait != 0 {
			t.Errorf("start %d waits %s", i, wait)
		}
	}
}

func TestLimitOfViews(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 1, Address: 2, All: 100})
	for i := range 2 * viewsPerStart {
		if wait := l.View(one, noon); wait != 0 {
			t.Fatalf("view %d waits %s", i, wait)
		}
	}
	if l.View(one, noon) == 0 {
		t.Error("one view more is let through")
	}
	if wait := l.Start(1, one, noon); wait != 0 {
		t.Errorf("views are counted as starts: %s", wait)
	}
}

func TestLimitsChange(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{})
	for i := range defaultLimit.Document {
		if wait := l.Start(1, one, noon); wait != 0 {
			t.Fatalf("start %d waits %s", i, wait)
		}
	}
	l.Set(defaultLimit)
	if l.Start(1, one, noon) == 0 {
		t.Error("a reload with the same numbers forgets what was counted")
	}
	l.Set(GuestLimit{Document: 20, Address: 60, All: 600})
	if wait := l.Start(1, one, noon); wait != 0 {
		t.Errorf("with a higher limit it waits %s", wait)
	}
}

// The counts of those who have gone are forgotten, and sweeping does not cost more the more
// there are: a hundred thousand households are counted in no time.
func TestLimitsAreSwept(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 1, Address: 1, All: 1 << 20})
	from := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range 100_000 {
		l.Start(int64(i), from(i), noon)
	}
	l.Start(1, one, noon.Add(2*time.Hour))
	if n := len(l.seen); n > 1000 {
		t.Errorf("%d counts are kept", n)
	}
}

// Whoever owns half of IPv6 cannot fill our memory with refused tries.
func TestRefusedAddressesAreNotRemembered(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 10, Address: 10, All: 10})
	for i := range 10_000 {
		l.Start(int64(i), netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), noon)
	}
	if n := len(l.seen); n > 25 {
		t.Errorf("%d counts are kept", n)
	}
}

func TestLimitsOfThePages(t *testing.T) {
	inBubble(t, setup{Limit: GuestLimit{Document: 100, Address: 1, All: 100}}, func(r *rig) {
		for i := range viewsPerStart {
			if a := r.get(r.link()); a.Code != 200 {
				r.Fatalf("view %d: %d", i, a.Code)
			}
		}
		a := r.get(r.link())
		r.wants(a, 429, "Too many tries")
		if seconds, err := strconv.Atoi(a.Header().Get("Retry-After")); err != nil || seconds != 360 {
			r.Errorf("Retry-After is %q, want 360", a.Header().Get("Retry-After"))
		}
		form := r.get(r.link(), as("2001:db8::1")).form()
		if a := r.press(form, as("2001:db8::2")); a.Code != 303 {
			r.Errorf("start from another network: %d %s", a.Code, a.title())
		}
		r.wants(r.press(form, as("2001:db8::3")), 429, "Too many tries")

		// Returns and receipts are never limited.
		p := r.journal()[0]
		for range 3 * viewsPerStart {
			if a := r.get(Prefix + "/payment/" + string(p.ID)); a.Code != 200 {
				r.Fatalf("receipt: %d", a.Code)
			}
		}
		back := r.back(r.Gateway.Pay(p.PageURL, windcavetest.CardApproved))
		if a := r.get(back); a.Code != 303 {
			r.Errorf("return: %d", a.Code)
		}
	})
}
