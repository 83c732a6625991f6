package caddymodule

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// A reload that changes the pace has other runs work at it; one that does not, the same. A failed
// one brings the pace before back. What is closed stays closed.
func TestPaceFollowsTheConfiguration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHost(filepath.Join(t.TempDir(), "journal.db"))
		slow, fast := pace{concurrency: 2}, pace{concurrency: 64}
		enforce := func(p pace) *payment.Generation {
			g := quiet()
			h.enforce(inForce{generation: g, pace: p})
			return g
		}
		wants := func(p pace) *charge.Runs {
			t.Helper()
			synctest.Wait()
			runs, err := h.Runs(t.Context())
			if err != nil || h.pace != p || h.pacing {
				t.Errorf("pace is %+v (%t), %v", h.pace, h.pacing, err)
			}
			return runs
		}
		first := enforce(slow)
		one := wants(slow)
		second := enforce(slow)
		h.remove(first)
		if two := wants(slow); two != one {
			t.Error("the runs were replaced at the same pace")
		}
		third := enforce(fast)
		if three := wants(fast); three == one {
			t.Error("the runs were not replaced")
		}
		h.remove(third) // its reload has failed
		wants(slow)
		h.remove(second)
		last := wants(slow)
		h.close(t.Context())
		if _, err := h.Runs(t.Context()); !errors.Is(err, payment.ErrStopped) {
			t.Error(err)
		}
		enforce(fast)
		synctest.Wait()
		if h.runs != last {
			t.Error("runs were made after the end")
		}
	})
}

// Who watches a run learns of the moves of its payments, from whatever configuration.
func TestMovesReachWhoWatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHost(filepath.Join(t.TempDir(), "journal.db"))
		seen := new(trouble)
		all := observers{seen, h}
		all.Moved(&payment.Payment{Run: "R"}, payment.Event{}) // the journal is not open yet
		g := quiet()
		g.Observer = all
		h.enforce(inForce{generation: g})
		runs, err := h.Runs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		changed, other := runs.Changed("R"), runs.Changed("S")
		all.Moved(&payment.Payment{Run: "R"}, payment.Event{At: time.Now(), Why: payment.ReasonPageRefused})
		select {
		case <-changed:
		default:
			t.Error("who watches the run was not woken")
		}
		select {
		case <-other:
			t.Error("who watches another run was woken")
		default:
		}
		if seen.refused().IsZero() {
			t.Error("the other observer was not told")
		}
		h.close(t.Context())
	})
}

// The number must be typed above either limit; amounts are compared in each currency.
func TestConfirmAbove(t *testing.T) {
	t.Parallel()
	sum := func(count int64, amount, code string) charge.Sum {
		seen, err := readSeen([]seenSum{{count, amount, code}})
		if err != nil {
			t.Fatal(err)
		}
		return seen[0]
	}
	for name, c := range map[string]struct {
		limit ConfirmAbove
		sums  []charge.Sum
		above bool
	}{
		"nothing":       {ConfirmAbove{Count: 10, Amount: "10000"}, nil, false},
		"as many":       {ConfirmAbove{Count: 10, Amount: "10000"}, []charge.Sum{sum(10, "5000.00", "NZD")}, false},
		"more":          {ConfirmAbove{Count: 10, Amount: "10000"}, []charge.Sum{sum(11, "1.00", "NZD")}, true},
		"more together": {ConfirmAbove{Count: 10, Amount: "10000"}, []charge.Sum{sum(6, "1.00", "NZD"), sum(5, "1.00", "AUD")}, true},
		"as much":       {ConfirmAbove{Count: 10, Amount: "50.00"}, []charge.Sum{sum(1, "50.00", "NZD"), sum(1, "50.00", "AUD")}, false},
		"too much":      {ConfirmAbove{Count: 10, Amount: "50.00"}, []charge.Sum{sum(1, "1.00", "NZD"), sum(1, "50.01", "AUD")}, true},
		"yen":           {ConfirmAbove{Count: 10, Amount: "50.50"}, []charge.Sum{sum(1, "51", "JPY")}, true},
	} {
		if above := c.limit.limit().Exceeded(c.sums); above != c.above {
			t.Errorf("%s: %t", name, above)
		}
	}
}
