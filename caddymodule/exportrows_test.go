package caddymodule

import (
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Cells that a spreadsheet would take for a formula are told as text; all others come back as
// they were.
func TestCSVIsSafe(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "57.50": "57.50", "2026/0042": "2026/0042", "a,b": "a,b", `say "x"`: `say "x"`, "two\nlines": "two\nlines", "Ünï": "Ünï",
		"=1+1": "'=1+1", "+64": "'+64", "-5": "'-5", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", `="x",1`: `'="x",1`,
	} {
		var out strings.Builder
		if err := writeCSV(&out, []string{cell, "end"}); err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(strings.NewReader(out.String())).Read()
		if err != nil || got[0] != want || got[1] != "end" || !strings.HasSuffix(out.String(), "\r\n") {
			t.Errorf("%q comes back as %q (%v)", cell, got, err)
		}
	}
}

// The bytes of an export: who has a program that reads it counts on them.
func TestExportBytes(t *testing.T) {
	t.Parallel()
	amount := func(n string) currency.Amount {
		a, err := money.Parse(n, "NZD")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	item := charge.Item{
		Seq: 3, State: charge.ItemDeclined, Partner: 1, Customer: 4711, DocumentID: 42, Number: "=2026/0042", Amount: amount("57.50"), Charged: amount("50.00"), Code: "51", Class: "soft",
		Card: payment.CardUsed{Brand: "Visa", Ends: "11"}, Payment: "N1R5ETK5N44KCGOV", MovedAt: time.Date(2026, 11, 26, 22, 30, 0, 5, time.FixedZone("", 13*3600)),
	}
	odd := charge.Item{Number: " two\nlines,\r", Amount: amount("1.00"), Credit: amount("0.50"), Code: `say "x"`}
	rows := func(yield func(row, error) bool) {
		_ = yield(parkedView(), nil) && yield(itemOf(item), nil) && yield(itemOf(odd), nil)
	}
	var out strings.Builder
	const want = "a,b\r\n" +
		"N1R5ETK5N44KCGOV,2026-11-25T10:58:00Z,2026-11-25T11:02:00Z,parked,perhaps_booked_twice,invoice,hosted,guest,1,4711,42,2026/0042,1057.50,NZD,,,00,,000000010a2b3c4d,2026-11-25T11:01:00Z,,,,\r\n" +
		"3,declined,,1,4711,42,'=2026/0042,57.50,,50.00,NZD,51,soft,,Visa,11,N1R5ETK5N44KCGOV,2026-11-26T09:30:00Z\r\n" +
		",,,,,,\" two\nlines,\r\",1.00,0.50,,NZD,\"say \"\"x\"\"\",,,,,,\r\n"
	if err := (export{header: []string{"a", "b"}, rows: rows}).write(&out); err != nil || out.String() != want {
		t.Errorf("%v\n%q, not\n%q", err, out.String(), want)
	}
}

// rowsOf yields one row n times, and what went wrong then.
func rowsOf(n int, err error) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		v := parkedView()
		for range n {
			if !yield(v, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// What goes wrong before the first byte is an error like any other; nothing went out.
func TestExportFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var out strings.Builder
	sent := &counter{Writer: &out}
	err := export{header: paymentColumns, rows: rowsOf(3, broken)}.write(sent)
	if !errors.Is(err, broken) || sent.n != 0 {
		t.Errorf("%v after %d bytes", err, sent.n)
	}
	if err = (export{header: paymentColumns, rows: rowsOf(3000, broken)}).write(sent); !errors.Is(err, broken) || sent.n == 0 {
		t.Errorf("%v after %d bytes", err, sent.n)
	}
}

// An export needs no more memory for more rows.
func TestExportIsFlat(t *testing.T) {
	t.Parallel()
	held := func(n int) (most uint64) {
		var m runtime.MemStats
		count := 0
		rows := func(yield func(row, error) bool) {
			for r := range rowsOf(n, nil) {
				if count++; count%(n/4) == 0 {
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
				if !yield(r, nil) {
					return
				}
			}
		}
		if err := (export{header: paymentColumns, rows: rows}).write(io.Discard); err != nil {
			t.Fatal(err)
		}
		return most
	}
	if few, many := held(1000), held(200_000); many > few+(16<<20) { // other tests run beside it
		t.Errorf("%d bytes of 1,000 rows, %d of 200,000", few, many)
	}
}

func BenchmarkExportRows(b *testing.B) {
	x := export{header: paymentColumns, rows: rowsOf(b.N, nil)}
	b.ReportAllocs()
	if err := x.write(io.Discard); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// Filters of an export are those of a list, but for what makes a page of it.
func TestAdminRefusesExports(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	good := `{"format":"csv","who":"anna"}`
	for name, c := range map[string]struct {
		path, body string
		want       int
	}{
		"good": {"export/payments?state=parked", good, 200}, "limit": {"export/payments?limit=5", good, 400}, "state": {"export/payments?state=sunk", good, 400},
		"format": {"export/payments", `{"format":"pdf","who":"anna"}`, 400}, "nobody": {"export/payments", `{"format":"csv"}`, 400},
	} {
		_, err := o.exportPayments(asks("POST", c.path, c.body, ""))
		if s := status(t, err); s != c.want {
			t.Errorf("%s: %d (%v), not %d", name, s, err, c.want)
		}
	}
	for query, want := range map[string]int{"state=declined": 404, "state=sunk": 400, "customer=x": 400, "limit=3": 400} {
		_, err := o.exportRun(asks("POST", "export/runs/x?"+query, good, string(id("Z"))))
		if s := status(t, err); s != want {
			t.Errorf("%s: %d (%v), not %d", query, s, err, want)
		}
	}
}
