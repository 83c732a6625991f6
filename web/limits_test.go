package web

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var (
	one  = netip.MustParseAddr("203.0.113.1")
	two  = netip.MustParseAddr("198.51.100.9")
	noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

// F57: so many starts of one document from one place, and then a pause.
func TestF57LimitOfADocument(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 3, Address: 100, All: 100})
	for i := range 3 {
		if wait := l.Start(42, one, noon); wait != 0 {
			t.Fatalf("start %d has to wait %s", i, wait)
		}
	}
	if wait := l.Start(42, one, noon); wait != 20*time.Minute {
		t.Errorf("the fourth waits %s, want 20m", wait)
	}
	if wait := l.Start(43, one, noon); wait != 0 {
		t.Errorf("another document waits %s", wait)
	}
	if wait := l.Start(42, two, noon); wait != 0 {
		t.Errorf("another payer of the document waits %s", wait)
	}
	if wait := l.Start(42, one, noon.Add(20*time.Minute)); wait != 0 {
		t.Errorf("after the pause it still waits %s", wait)
	}
}

// Many networks together start ten times as much for one document, and no more.
func TestLimitOfADocumentEverywhere(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 2, Address: 100, All: 1000})
	for i := range 2 * wider {
		if wait := l.Start(42, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), noon); wait != 0 {
			t.Fatalf("start %d waits %s", i, wait)
		}
	}
	if wait := l.Start(42, one, noon); wait != 3*time.Minute {
		t.Errorf("the next one waits %s, want 3m", wait)
	}
}

// A stranger who starts one invoice as often as it goes, all day, does not close it to its payer.
func TestOutsiderDoesNotCloseAnInvoice(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{})
	for minute := range 24 * 60 {
		now := noon.Add(time.Duration(minute) * time.Minute)
		l.Start(42, two, now)
		if minute%60 == 59 {
			if wait := l.Start(42, one, now); wait != 0 {
				t.Fatalf("after %d minutes the payer waits %s", minute, wait)
			}
		}
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

// Whoever is given a /48 has 65,536 of /64: they count together too, ten times as wide.
func TestLimitOfAWideNetwork(t *testing.T) {
	t.Parallel()
	from := func(subnet int) netip.Addr {
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0, byte(subnet >> 8), byte(subnet), 15: 1})
	}
	elsewhere := netip.MustParseAddr("2001:db8:1::1")
	for name, c := range map[string]struct {
		count func(*Limits, int, netip.Addr) time.Duration
		each  int // from one /64
	}{
		"start": {func(l *Limits, i int, a netip.Addr) time.Duration { return l.Start(int64(i), a, noon) }, 1},
		"view":  {func(l *Limits, _ int, a netip.Addr) time.Duration { return l.View(a, noon) }, viewsPerStart},
		"look":  {func(l *Limits, _ int, a netip.Addr) time.Duration { return l.Look(a, noon) }, viewsPerStart * looksPerView},
	} {
		l := NewLimits(GuestLimit{Document: 100, Address: 1, All: 1000})
		for i := range wider * c.each {
			if wait := c.count(l, i, from(i)); wait != 0 {
				t.Fatalf("%s %d waits %s", name, i, wait)
			}
		}
		before := len(l.seen)
		for i := range 1000 {
			if c.count(l, i, from(5000+i)) == 0 {
				t.Fatalf("one %s more is let through", name)
			}
		}
		if n := len(l.seen); n > before+1000 || name != "start" && n > before {
			t.Errorf("%d refused ones are remembered", n-before)
		}
		if wait := c.count(l, 6000, elsewhere); wait != 0 {
			t.Errorf("another /48 waits %s for its %s", wait, name)
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

// Looks count for their address alone: a flood from many closes nothing to others.
func TestLimitOfViews(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 1, Address: 2, All: 3})
	for name, c := range map[string]struct {
		count func(netip.Addr, time.Time) time.Duration
		n     int
	}{"view": {l.View, 2 * viewsPerStart}, "look": {l.Look, 2 * viewsPerStart * looksPerView}} {
		for i := range c.n {
			if wait := c.count(two, noon); wait != 0 {
				t.Fatalf("%s %d waits %s", name, i, wait)
			}
		}
		if c.count(two, noon) == 0 {
			t.Errorf("one %s more is let through", name)
		}
		for i := range 10_000 {
			c.count(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), noon)
		}
		if wait := c.count(one, noon); wait != 0 {
			t.Errorf("after a flood of others one %s waits %s", name, wait)
		}
	}
	if wait := l.Start(1, two, noon); wait != 0 {
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
	if n := len(l.seen); n > 1+10*3 { // over all, and three for each start that was let through
		t.Errorf("%d counts are kept", n)
	}
}

// A document beyond its wide limit does not have everybody remembered who asks for it.
func TestRefusedForADocumentAreNotRemembered(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{Document: 1, Address: 10, All: 1000})
	for i := range 10_000 {
		l.Start(42, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), noon)
	}
	if n := len(l.seen); n > 2+wider*2 {
		t.Errorf("%d counts are kept", n)
	}
}

// F57: looks and starts are limited; returns and the payer's own receipts are not.
func TestF57LimitsOfThePages(t *testing.T) {
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
		another := r.get(r.link(), as("2001:db8::3"), stranger).form()
		r.wants(r.press(another, as("2001:db8::3"), stranger), 429, "Too many tries")

		// Returns and the payer's own receipts are never limited; other people's looks are.
		p := r.journal()[0]
		at := Prefix + "/payment/" + string(p.ID)
		for range 3 * viewsPerStart * looksPerView {
			if a := r.get(at); a.Code != 200 {
				r.Fatalf("receipt: %d", a.Code)
			}
		}
		for i := range viewsPerStart * looksPerView {
			if a := r.get(at, stranger); a.Code != 200 {
				r.Fatalf("look %d of somebody else: %d", i, a.Code)
			}
		}
		r.wants(r.get(at, stranger), 429, "Too many tries")
		r.wants(r.get(goldenURL), 429, "Too many tries") // there is none: nobody's
		r.wants(r.get(at), 200, "Not paid yet")
		back := r.back(r.Gateway.Pay(p.PageURL, windcavetest.CardApproved))
		if a := r.get(back); a.Code != 303 {
			r.Errorf("return: %d", a.Code)
		}
	})
}

// A form that makes no payment takes no start: not one that was sent before, not one of a payer
// whose page is open, not one whose amount is no longer due, not one for what cannot be paid.
func TestOnlyNewPaymentsAreCounted(t *testing.T) {
	inBubble(t, setup{Limit: GuestLimit{Document: 2, Address: 100, All: 2}}, func(r *rig) {
		due := func(amount string) {
			r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = amount })
		}
		form := r.get(r.link(), stranger).form()
		due("12.00")
		for range 4 {
			if a := r.press(form, stranger); a.Code != 409 {
				r.Fatalf("changed amount: %d %s", a.Code, a.title())
			}
		}
		due("0")
		for range 4 {
			r.wants(r.press(form, stranger), 200, "Already paid")
		}
		due("57.50")
		page := r.pay()
		for range 4 {
			if again := r.pay(); again != page {
				r.Fatalf("the open page's payer is led to %s", again)
			}
		}
		for range 4 {
			if a := r.press(form, stranger); a.Code != 303 {
				r.Fatalf("one form again and again: %d %s", a.Code, a.title())
			}
		}
		third := r.get(r.link(), stranger).form()
		r.wants(r.press(third, stranger), 429, "Too many tries")
		if n := len(r.journal()); n != 2 {
			r.Errorf("%d payments were started, want 2", n)
		}
	})
}

// Nor does a form whose payment has ended.
func TestUsedFormTakesNoStart(t *testing.T) {
	inBubble(t, setup{Limit: GuestLimit{Document: 1, Address: 100, All: 1}}, func(r *rig) {
		form := r.get(r.link()).form()
		f, err := unseal(context.Background(), r.Engine, form, time.Now())
		r.must(err)
		r.put(goldenID, payment.Declined, func(p *payment.Payment) { p.FormKey = f.Key })
		for range 4 {
			if a := r.press(form); a.Code != 200 || !strings.Contains(a.find(noticeText), "did not approve") {
				r.Fatalf("answer %d %s %q", a.Code, a.title(), a.find(noticeText))
			}
		}
		r.pay()
	})
}

// A form is a look too: each asks Splynx.
func TestFormsAreLooks(t *testing.T) {
	inBubble(t, setup{Limit: GuestLimit{Document: 100, Address: 1, All: 100}}, func(r *rig) {
		form := r.get(r.link()).form()
		for range viewsPerStart - 1 {
			r.press(form)
		}
		r.wants(r.press(form), 429, "Too many tries")
	})
}

// However many look at once, Splynx is asked about so many links at a time, and the others
// wait their turn for a while.
func TestLookUpsAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		slow  time.Duration
		tired int // how many get no turn
	}{"short wait": {lookUpWait - time.Millisecond, 0}, "long wait": {lookUpWait + time.Millisecond, 1}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.get(r.link())
				each := r.searches()
				r.Splynx.Inject(splynxtest.Fault{Op: "VIEW customer", Kind: splynxtest.Slow, Delay: c.slow, Times: -1})
				codes := make(chan int, lookUps+1)
				for range lookUps + 1 {
					go func() { codes <- r.get(r.link(), as("198.51.100.9")).Code }()
				}
				time.Sleep(time.Second) // virtual: whoever has a turn has searched
				if n := r.searches(); n != each*(1+lookUps) {
					r.Errorf("%d links are looked up at once, want %d", n/each-1, lookUps)
				}
				seen := map[int]int{}
				for range lookUps + 1 {
					seen[<-codes]++
				}
				if seen[200] != lookUps+1-c.tired || seen[503] != c.tired {
					r.Errorf("answers are %v, want %d without a turn", seen, c.tired)
				}
				r.Splynx.ClearFaults()
				r.wants(r.get(r.link()), 200, "Invoice "+r.Number) // every turn was given back
			})
		})
	}
}

// searches counts those for invoices.
func (r *rig) searches() (n int) {
	for _, e := range r.Splynx.Log() {
		if e.Resource == "invoices" {
			n++
		}
	}
	return n
}
