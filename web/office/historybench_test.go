package office

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal/journaltest"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
)

// BenchmarkHistory opens the lists of a journal of 1,000,000 payments, with the filters that they
// have in turn and anywhere in them. Splynx, which is asked for the customers' names, answers at
// once.
func BenchmarkHistory(b *testing.B) {
	const payments = 1_000_000
	begin := time.Now().UTC().AddDate(-1, 0, 0)
	path := filepath.Join(b.TempDir(), "journal.db")
	s, err := journal.Open(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(s.Close(), journaltest.Fill(path, payments, begin)); err != nil {
		b.Fatal(err)
	}
	r := newRig(b, setup{Runs: &charge.Options{Look: time.Hour}, World: paymenttest.Options{File: path}})
	random := rand.New(rand.NewPCG(1, 2))
	some := func() url.Values { return url.Values{} }
	with := func(name string, values ...string) func() url.Values {
		return func() url.Values { return url.Values{name: {values[random.IntN(len(values))]}} }
	}
	day := func() string { return begin.AddDate(0, 0, random.IntN(365)).Format(time.DateOnly) }
	customer := func() url.Values {
		return url.Values{"customer": {strconv.Itoa(1 + random.IntN(journaltest.FilledCustomers))}}
	}
	deep := func(q func() url.Values) func() url.Values {
		return func() url.Values {
			v := q()
			v.Set("after", fmt.Sprintf("A%015d", random.IntN(payments)))
			return v
		}
	}
	state := with("state", "booked", "declined", "not-done", "needs-you", "unknown", "waiting", "refunded", "approved")
	class := with("class", "soft", "declined", "card", "token", "config")
	both := func() url.Values {
		v := state()
		v.Set("class", class().Get("class"))
		return v
	}
	for _, page := range []struct {
		path string
		asks []func() url.Values
	}{
		{"history/charges", []func() url.Values{
			some, deep(some), state, class, both, deep(state), deep(class), customer,
			func() url.Values {
				return url.Values{"run": {string(journaltest.FilledRun(random.IntN(journaltest.FilledRuns)))}}
			},
			func() url.Values {
				return url.Values{"run": {string(journaltest.FilledRun(random.IntN(journaltest.FilledRuns)))}, "state": {"declined"}}
			},
			func() url.Values { return url.Values{"number": {fmt.Sprintf("2026/%07d", random.IntN(payments))}} },
			func() url.Values { return url.Values{"document": {strconv.Itoa(1 + random.IntN(payments))}} },
			func() url.Values { d := day(); return url.Values{"since": {d}, "until": {d}} },
			func() url.Values { d := day(); return url.Values{"since": {d}, "class": {"token"}} },
		}},
		{"payments", []func() url.Values{some, deep(some), state, deep(state), customer, with("partner", "1", "2", "3"), with("kind", "invoice", "top_up", "refund", "card_check")}},
		{"logs/charges", []func() url.Values{some, deep(some), state, class, both, customer, with("origin", "customer", "run", "guest")}},
	} {
		b.Run(fmt.Sprintf("%d payments/%s", payments, page.path), func(b *testing.B) {
			slow := make([]time.Duration, len(page.asks))
			var took []time.Duration
			for b.Loop() {
				n := len(took) % len(page.asks)
				at := page.path + "?" + page.asks[n]().Encode()
				from := time.Now()
				if a := r.get(at); a.Code != http.StatusOK {
					b.Fatalf("%s: %d", at, a.Code)
				}
				took = append(took, time.Since(from))
				slow[n] = max(slow[n], took[len(took)-1])
			}
			b.Logf("slowest of each: %v", slow)
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
