package charge_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
)

// forgetful writes payments and their outcome, and keeps nothing of them.
type forgetful struct {
	*endless
	journal *journal.SQLite
}

func (f *forgetful) ChargeMany(ctx context.Context, starts []payment.Start, turn payment.Turn, told func(int, *payment.Payment, error)) error {
	var sent sync.WaitGroup
	for n, s := range starts {
		sent.Go(func() {
			done, err := turn(ctx)
			if err != nil {
				told(n, nil, err)
				return
			}
			defer done()
			p, err := f.charge(ctx, s)
			told(n, p, err)
		})
	}
	sent.Wait()
	return nil
}

func (f *forgetful) charge(ctx context.Context, s payment.Start) (*payment.Payment, error) {
	id, err := payment.NewID(randomID{})
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	p := &payment.Payment{
		ID: id, TxnID: id, Kind: s.Kind, Way: payment.WaySavedCard, Origin: s.Origin, State: payment.Submitted, Reason: payment.ReasonStarted,
		Partner: s.Partner, Customer: s.Customer, DocumentID: s.DocumentID, Amount: s.Amount, FormKey: s.FormKey, Run: s.Run, Item: s.Item, Card: s.Card, CreatedAt: now, MovedAt: now,
	}
	if err := f.journal.Create(ctx, p, payment.Event{Payment: id, At: now, To: p.State}, func([]*payment.Payment) error { return nil }); err != nil {
		return nil, err
	}
	return f.journal.Change(ctx, id, func(q *payment.Payment) (payment.Writes, error) {
		q.State, q.DpsTxnRef = payment.Recorded, string(id)
		return payment.Writes{Events: []payment.Event{{Payment: id, At: now, From: payment.Submitted, To: q.State}}}, nil
	})
}

var highWater = regexp.MustCompile(`VmHWM:\s+([0-9]+) kB`)

// resident has the kernel count the most memory that the process has from here on; what it
// returns tells it, in MiB.
func resident(b *testing.B) func() float64 {
	b.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200); err != nil {
		b.Skip("the kernel does not count anew:", err)
	}
	return func() float64 {
		status, err := os.ReadFile("/proc/self/status")
		must(b, err)
		kilobytes, err := strconv.Atoi(highWater.FindStringSubmatch(string(status))[1])
		must(b, err)
		return float64(kilobytes) / 1024 // not money
	}
}

// BenchmarkRunMemory is the most memory that the whole process holds while it plans a run and
// charges it, SQLite's included: it must not grow with the number of invoices.
func BenchmarkRunMemory(b *testing.B) {
	for _, n := range []int64{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				e, s := newEndless(b, n)
				held := resident(b)
				r := charge.New(s, &forgetful{e, s}, charge.Options{Concurrency: 64, Books: func(*payment.Generation) charge.Books { return e }})
				run, err := r.Plan(background, charge.Order{Sort: charge.Invoices, Source: charge.Command, Who: "bench"})
				must(b, err)
				wait(b, s, run.ID, charge.Planned)
				sums, err := r.Sums(background, run.ID)
				must(b, err)
				_, err = r.Start(background, run.ID, "bench", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
				must(b, err)
				wait(b, s, run.ID, charge.Done)
				b.ReportMetric(held(), "peak-RSS-MiB")
				must(b, r.Close(background))
			}
		})
	}
}
