package charge_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// endless is a Splynx and an engine with any number of customers, of whom it keeps nothing: each
// has two invoices and a card.
type endless struct {
	*engine
	invoices int64
	due      splynx.Decimal
	deposit  splynx.Decimal
}

func (e *endless) invoice(id int64) splynx.Invoice {
	return splynx.Invoice{ID: id, CustomerID: (id + 1) / 2, Number: fmt.Sprintf("2026/%d", id), Status: splynx.NotPaid, Total: e.due, Due: e.due}
}

func (e *endless) AllInvoices(_ context.Context, q splynx.InvoiceQuery) iter.Seq2[splynx.Invoice, error] {
	return func(yield func(splynx.Invoice, error) bool) {
		for id := q.After + 1; id <= e.invoices; id++ {
			if !yield(e.invoice(id), nil) {
				return
			}
		}
	}
}

func (e *endless) InvoicesByID(_ context.Context, ids []int64) (map[int64]splynx.Invoice, error) {
	some := map[int64]splynx.Invoice{}
	for _, id := range ids {
		some[id] = e.invoice(id)
	}
	return some, nil
}

func (e *endless) UnpaidInvoicesOf(_ context.Context, customers []int64) (map[int64][]splynx.Invoice, error) {
	some := map[int64][]splynx.Invoice{}
	for _, c := range customers {
		some[c] = []splynx.Invoice{e.invoice(2*c - 1), e.invoice(2 * c)}
	}
	return some, nil
}

func (e *endless) AllCustomers(context.Context, splynx.CustomerQuery) iter.Seq2[splynx.Customer, error] {
	return nil
}

func (e *endless) CustomersByID(_ context.Context, ids []int64) (map[int64]splynx.Customer, error) {
	some := map[int64]splynx.Customer{}
	for _, id := range ids {
		some[id] = splynx.Customer{ID: id, Status: "active", PartnerID: 1}
	}
	return some, nil
}

func (e *endless) Billing(_ context.Context, id int64) (*splynx.Billing, error) {
	return &splynx.Billing{CustomerID: id, Deposit: e.deposit}, nil
}

func (e *endless) Cards(_ context.Context, of []splynx.Customer) (map[int64]payment.Card, error) {
	some := map[int64]payment.Card{}
	for _, c := range of {
		some[c.ID] = payment.Card{Key: fmt.Sprint("card-", c.ID), Brand: "Visa", Ends: "11", Standing: payment.CardGood}
	}
	return some, nil
}

// newEndless makes it, with a journal on the disk.
func newEndless(b *testing.B, invoices int64) (*endless, *journal.SQLite) {
	b.Helper()
	s, err := journal.Open(background, filepath.Join(b.TempDir(), "journal.db"))
	must(b, err)
	b.Cleanup(func() { must(b, s.Close()) })
	p := &provider{t: b, store: s, bank: map[int64]string{}, taken: map[string]int{}, billing: map[int64]splynx.Billing{}, latency: 120 * time.Millisecond}
	return &endless{engine: &engine{p, &life{}}, invoices: invoices, due: decimal(b, "57.50"), deposit: decimal(b, "-115.00")}, s
}

// wait waits until a run is in a state, by the clock.
func wait(b *testing.B, s *journal.SQLite, id payment.ID, want charge.State) {
	b.Helper()
	for {
		run, err := s.Run(background, id)
		must(b, err)
		if run.State == want {
			return
		}
		if run.State != charge.Planning && run.State != charge.Running {
			b.Fatalf("run is %s (%s)", run.State, run.Why)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// peak samples the heap until it is stopped, and returns the most that was in use, in MiB.
func peak() (stop func() float64) {
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() float64 {
		close(done)
		<-ended
		return float64(most.Load()) / (1 << 20) // not money
	}
}

// BenchmarkPlan plans runs of many invoices. What it holds in memory does not grow with them.
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int64{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				e, s := newEndless(b, n)
				runtime.GC()
				stop := peak()
				begin := time.Now()
				r := charge.New(s, e, charge.Options{Books: func(*payment.Generation) charge.Books { return e }})
				run, err := r.Plan(background, charge.Order{Sort: charge.Invoices, Source: charge.Command, Who: "bench"})
				must(b, err)
				wait(b, s, run.ID, charge.Planned)
				b.ReportMetric(float64(n)/time.Since(begin).Seconds(), "items/s")
				b.ReportMetric(stop(), "peak-MiB")
				must(b, r.Close(background))
			}
		})
	}
}

// BenchmarkRun charges through a bank that takes 120 ms, with a journal on the disk, and an engine
// that does nothing but write a payment and its outcome: what runs cost beside that.
func BenchmarkRun(b *testing.B) {
	for _, concurrency := range []int{8, 64, 256} {
		b.Run(fmt.Sprint(concurrency), func(b *testing.B) {
			for b.Loop() {
				const rounds = 100
				n := int64(concurrency * rounds)
				e, s := newEndless(b, n)
				r := charge.New(s, e, charge.Options{Concurrency: concurrency, Books: func(*payment.Generation) charge.Books { return e }})
				run, err := r.Plan(background, charge.Order{Sort: charge.Invoices, Source: charge.Command, Who: "bench"})
				must(b, err)
				wait(b, s, run.ID, charge.Planned)
				sums, err := r.Sums(background, run.ID)
				must(b, err)
				begin := time.Now()
				_, err = r.Start(background, run.ID, "bench", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
				must(b, err)
				wait(b, s, run.ID, charge.Done)
				took := time.Since(begin)
				b.ReportMetric(float64(n)/took.Seconds(), "charges/s")
				b.ReportMetric(100*rounds*e.latency.Seconds()/took.Seconds(), "%-of-possible")
				must(b, r.Close(background))
			}
		})
	}
}
