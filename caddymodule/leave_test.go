package caddymodule

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
)

// A journal is not left while it has payments that go on by themselves. One that waits for a
// person may wait for ever: it holds nobody up.
func TestJournalMayBeLeft(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	engine := payment.New(store, payment.Options{})
	h := newHost("the.db")
	h.engine, h.runs = engine, charge.New(store, engine, charge.Options{})
	defer func() { _, _, _ = h.runs.Close(ctx), engine.Close(ctx), store.Close() }()
	amount, err := money.Parse("10.00", "NZD")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	add := func(state payment.State, times int) {
		for range times {
			n++
			id := payment.ID(fmt.Sprintf("AAAABBBBCCCC%04d", n))
			now := time.Now()
			p := &payment.Payment{ID: id, TxnID: id, Kind: payment.KindInvoice, Way: payment.WayHosted, Customer: int64(n), DocumentID: int64(n), Amount: amount, State: state, CreatedAt: now, MovedAt: now}
			if err := store.Create(ctx, p, payment.Event{Payment: id, To: state, At: now}, func([]*payment.Payment) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(text string) {
		t.Helper()
		if err := h.mayBeLeft(); text == "" && err != nil || text != "" && (err == nil || !strings.Contains(err.Error(), text)) {
			t.Errorf("error is %v\nwant %s", err, text)
		}
	}
	want("")
	add(payment.Recorded, 1)
	add(payment.Parked, 2)
	want("")
	run := &charge.Run{ID: "RRRRRRRRRRRRRRRR", Sort: charge.Invoices, State: charge.Running, MovedAt: time.Now(), CreatedAt: time.Now()}
	if err := store.CreateRun(ctx, run, charge.Event{Run: run.ID, To: run.State, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	want("the charge run RRRRRRRRRRRRRRRR of the journal the.db is running; let it end, or pause it,")
	if _, err := h.runs.Pause(ctx, run.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	want("")
	add(payment.Offered, 3)
	want("the journal the.db has 3 unfinished payments (and 2 that wait for a person);")
	add(payment.Approved, countLimit)
	want("has at least 100 unfinished payments")
}
