package windcavetest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// faultsOf runs the same calls, many at a time, and gives the faults they met.
func faultsOf(t *testing.T, opt Options) map[string]string {
	t.Helper()
	got := map[string]string{}
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, opt)
		token := r.stored(CardApproved)
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				_, _, _ = r.send(pxPostPath, rebillXML(token, "TxnId", fmt.Sprint(i)))
				_, _, _ = r.send(pxPostPath, statusXML(fmt.Sprint(i)))
			})
		}
		wg.Wait()
		for _, e := range r.Log() {
			if len(e.Faults) > 0 {
				got[string(e.Op)+e.TxnID] = fmt.Sprint(e.Faults)
			}
		}
	})
	return got
}

func TestTheSameSeedMisbehavesTheSameWay(t *testing.T) {
	t.Parallel()
	first := faultsOf(t, Options{Seed: 7, Rate: 10})
	if n := len(first); n < 30 || n > 90 {
		t.Errorf("%d of 600 calls met a fault", n)
	}
	if again := faultsOf(t, Options{Seed: 7, Rate: 10}); !maps.Equal(first, again) {
		t.Error("the second run differs")
	}
	if other := faultsOf(t, Options{Seed: 8, Rate: 10}); maps.Equal(first, other) {
		t.Error("another seed gives the same")
	}
	if none := faultsOf(t, Options{Seed: 7}); len(none) != 0 {
		t.Errorf("faults without a rate: %v", none)
	}
	for key := range faultsOf(t, Options{Seed: 7, Rate: 10, RateOps: []Op{OpStatus}}) {
		if key[:6] != "Status" {
			t.Errorf("fault at %s", key)
		}
	}
}

func TestTheSeedIsTold(t *testing.T) {
	t.Parallel()
	if a, b := setup(t, Options{}).Seed(), setup(t, Options{}).Seed(); a == 0 || a == b {
		t.Errorf("seeds %d and %d", a, b)
	}
	a, b := setup(t, Options{Seed: 5}), setup(t, Options{Seed: 5})
	if a.Seed() != 5 || a.page() != b.page() {
		t.Error("the same seed gives other pages")
	}
}

func TestRandomDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, Options{Seed: 3, MaxDelay: 15 * time.Second})
		var waits []time.Duration
		for i := range 5 {
			page, start := r.page("TxnId", fmt.Sprint(i)), time.Now()
			r.pay(page, CardApproved)
			waits = append(waits, time.Since(start))
		}
		slices.Sort(waits)
		if waits[0] == waits[4] || waits[4] >= 15*time.Second {
			t.Errorf("waits %v", waits)
		}
	})
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, Options{Latency: func(op Op) time.Duration {
			if op == OpStatus {
				return 3 * time.Second
			}
			return 0
		}})
		start := time.Now()
		r.pxpost(statusXML(theID))
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("took %v", got)
		}
	})
}
