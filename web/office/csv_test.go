package office

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// sink takes a file and forgets it; seen is called every 1,000 writes.
type sink struct {
	header http.Header
	lines  int
	writes int
	seen   func()
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}
func (s *sink) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '\n' {
			s.lines++
		}
	}
	if s.writes++; s.writes%1000 == 0 && s.seen != nil {
		s.seen()
	}
	return len(b), nil
}

// longRun is the desk of who downloads a run of n items, all of 100 customers.
func longRun(tb testing.TB, n int) *desk {
	tb.Helper()
	w := paymenttest.New(tb, paymenttest.Options{})
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	for i := range 100 {
		w.Splynx.AddCustomer(splynxtest.Customer{Name: fmt.Sprintf("Customer %d", i)})
	}
	runs := charge.New(w.Store, w.Engine, charge.Options{Look: time.Hour})
	tb.Cleanup(func() { must(runs.Close(context.Background())) })
	ctx, now := context.Background(), time.Now().UTC()
	run := &charge.Run{ID: runID, FormKey: "long", Sort: charge.Invoices, Source: charge.Administrator, Who: "administrator 1", State: charge.Planned, CreatedAt: now, MovedAt: now}
	must(w.Store.CreateRun(ctx, run, charge.Event{Run: runID, At: now, To: charge.Planned, Why: charge.WhyAsked, Who: run.Who, Node: "rig"}))
	amount, err := money.Parse("57.50", "NZD")
	must(err)
	for from := 0; from < n; from += 10_000 {
		var items []charge.Item
		for i := from; i < min(from+10_000, n); i++ {
			items = append(items, charge.Item{
				Run: runID, Seq: int64(i + 1), Customer: int64(2 + i%100), Partner: 1, DocumentID: int64(1000 + i), Number: fmt.Sprintf("2026/%07d", i), Amount: amount,
				Card: payment.CardUsed{Key: "k", Brand: "Visa", Ends: "11"}, State: charge.ItemPlanned, MovedAt: now,
			})
		}
		_, err := w.Store.ChangeRun(ctx, runID, func(r *charge.Run) (charge.Writes, error) {
			r.Items += int64(len(items))
			return charge.Writes{Add: items, At: now}, nil
		})
		must(err)
	}
	d := bareDesk(w, time.UTC)
	d.Runs = func(context.Context) (*charge.Runs, error) { return runs, nil }
	d.r.SetPathValue("run", string(runID))
	return d
}

// bareDesk is a request of an administrator, past what lets in.
func bareDesk(w *paymenttest.World, zone *time.Location) *desk {
	staff := &splynx.Administrator{ID: 1}
	o := &Office{zone: zone, exports: make(chan struct{}, 1), Config: Config{
		Staff:      func(*http.Request, bool) (*splynx.Administrator, error) { return staff, nil },
		Generation: w.Gen, Logger: zap.NewNop(), Now: time.Now,
	}}
	return &desk{Office: o, r: httptest.NewRequest(http.MethodGet, "/", nil), staff: staff, e: w.Engine}
}

// F59: the bytes of a file. No cell begins a formula; who has a program that reads it counts on them.
func TestF59CSVBytes(t *testing.T) {
	t.Parallel()
	amount, err := money.Parse("-57.50", "NZD")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 9, 30, 0, 5, time.UTC)
	w := paymenttest.New(t, paymenttest.Options{})
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	a, d := httptest.NewRecorder(), bareDesk(w, auckland)
	d.w = a
	err = d.export("x.csv", payment.Act{}, []string{"a", "b"}, func(_ context.Context, s *sheet) error {
		return s.csv.Write([]string{
			decimalOf(0), decimalOf(-7), decimalOf(1234567), numberOf(currency.Amount{}), numberOf(amount), d.when(time.Time{}), d.when(at),
			safe(""), safe("=1"), safe("+1"), safe("-1"), safe("@a"), safe("\tx"), safe("\rx"), safe(" x"), safe("a,b"), safe(`say "x"`), safe("two\nlines"), safe("Ünï"),
		})
	})
	const want = "\ufeffa,b\r\n" + `,-7,1234567,,-57.50,,2026-11-26T22:30:00+13:00,,'=1,'+1,'-1,'@a,'` + "\t" + `x,"'x"," x","a,b","say ""x""","two` + "\r\n" + `lines",Ünï` + "\r\n"
	if got := a.Body.String(); err != nil || got != want {
		t.Errorf("%v\n%q, not\n%q", err, got, want)
	}
}

// A file of 200,000 rows takes no more memory than its pages.
func TestLongCSV(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	const rows = 200_000
	d := longRun(t, rows)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var most uint64
	s := &sink{header: http.Header{}, seen: func() { most = max(most, heap()) }}
	d.w = s
	before := heap()
	if err := d.planCSV(); err != nil {
		t.Fatal(err)
	}
	if s.lines != rows+1 {
		t.Errorf("%d lines", s.lines)
	}
	if most == 0 || most > before+4<<20 {
		t.Errorf("the heap grows from %d to %d KiB", before>>10, most>>10)
	}
}

func BenchmarkRunCSV(b *testing.B) {
	const rows = 100_000
	d := longRun(b, rows)
	b.ReportAllocs()
	for b.Loop() {
		s := &sink{header: http.Header{}}
		if d.w = s; d.planCSV() != nil || s.lines != rows+1 {
			b.Fatalf("%d lines", s.lines)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
