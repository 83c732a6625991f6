package charge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// BenchmarkWholeRun is how fast a run charges, as a share of what its concurrency and the gateway's
// latency allow: of 100 % no place at the gateway is ever free. The journal is durable. The gateway's
// simulator runs in the same process, on the same processors; what a run reads of Splynx comes from
// memory, and bookings go to Splynx's simulator beside the charges.
func BenchmarkWholeRun(b *testing.B) {
	const latency, rounds = 120 * time.Millisecond, 40
	for _, at := range []int{8, 64, 256} {
		b.Run(strconv.Itoa(at), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				books := &quickBooks{answers: map[rowsBy]map[int64]string{}}
				w := paymenttest.New(b, paymenttest.Options{OnSplynx: books.over})
				if err := w.Gen.ProveSearch(context.Background()); err != nil {
					b.Fatal(err)
				}
				n := at * rounds
				for i := range n {
					customer := w.Splynx.AddCustomer(splynxtest.Customer{Name: "A Customer", Deposit: "-10.00"})
					w.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: customer, Number: fmt.Sprintf("R/%d", i), Total: "10.00"})
					w.PutCardOf(customer, windcavetest.CardApproved)
				}
				runs := charge.New(w.Store, w.Engine, charge.Options{Concurrency: at, Backlog: n})
				run, err := runs.Plan(b.Context(), charge.Order{Sort: charge.Invoices, Source: charge.Command, Who: "bench", Filter: charge.Filter{From: "10", To: "10"}})
				if err != nil {
					b.Fatal(err)
				}
				run = reaches(b, runs, run.ID, charge.Planned)
				books.learn(b, w)
				w.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayAfter, Delay: latency, Times: -1})
				sums, err := runs.Sums(b.Context(), run.ID)
				if err != nil {
					b.Fatal(err)
				}
				begun := time.Now()
				b.StartTimer()
				if _, err := runs.Start(b.Context(), run.ID, "bench", charge.StartOptions{Seen: sums, HandlerOff: true}); err != nil {
					b.Fatal(err)
				}
				reaches(b, runs, run.ID, charge.Done)
				b.StopTimer()
				took := time.Since(begun)
				progress, err := runs.Progress(b.Context(), run.ID)
				if err != nil || progress.Approved != int64(n) {
					b.Fatalf("%+v, %v", progress, err)
				}
				b.ReportMetric(float64(n)/took.Seconds(), "charges/s")
				b.ReportMetric(100*float64(rounds*latency)/float64(took), "%of-best")
				_ = runs.Close(context.Background())
				b.StartTimer()
			}
		})
	}
}

// reaches waits until a run is in a state.
func reaches(b *testing.B, runs *charge.Runs, id payment.ID, want charge.State) *charge.Run {
	b.Helper()
	for {
		changed := runs.Changed(id)
		run, err := runs.Get(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		if run.State == want {
			return run
		}
		select {
		case <-changed:
		case <-time.After(time.Minute):
			b.Fatalf("run is %s (%s)", run.State, run.Why)
		}
	}
}

// quickBooks answers what a run that charges reads with what it has learned, and lets all other
// calls through: the simulator's way through its tables is not to be measured.
type quickBooks struct {
	next     http.RoundTripper
	answers  map[rowsBy]map[int64]string // the row for each id; nothing is learned yet: all searches go through
	accounts sync.Map                    // path: answer, as the plan has read it
}

// rowsBy is a resource, searched by a field.
type rowsBy struct{ path, field string }

func (q *quickBooks) over(next http.RoundTripper) http.RoundTripper {
	q.next = next
	return q
}

// learn reads the rows from the simulator. Each customer has one of each.
func (q *quickBooks) learn(b *testing.B, w *paymenttest.World) {
	b.Helper()
	for _, by := range []rowsBy{{"customers/customer", "id"}, {"finance/invoices", "id"}, {"finance/invoices", "customer_id"}, {"customers/customer-payment-account-data", "customer_id"}} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:2/api/2.0/admin/"+by.path, nil)
		w.Authorize(r)
		answer := httptest.NewRecorder()
		w.Splynx.ServeHTTP(answer, r)
		var rows []map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &rows); err != nil || len(rows) == 0 {
			b.Fatal(answer.Code, err)
		}
		of := map[int64]string{}
		for _, row := range rows {
			text, err := json.Marshal(row)
			id, ok := row[by.field].(float64)
			if err != nil || !ok {
				b.Fatal(row, err)
			}
			of[int64(id)] = string(text)
		}
		q.answers[rowsBy{"/api/2.0/admin/" + by.path, by.field}] = of
	}
}

// RoundTrip implements http.RoundTripper.
func (q *quickBooks) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/api/2.0/admin/customers/customer-billing/") && r.Method == http.MethodGet {
		return q.account(r)
	}
	field, ids := asked(r)
	rows := q.answers[rowsBy{r.URL.Path, field}]
	if r.Method != http.MethodGet || rows == nil || ids == nil {
		return q.next.RoundTrip(r)
	}
	var body strings.Builder
	body.WriteByte('[')
	for _, id := range ids {
		if row, ok := rows[id]; ok {
			if body.Len() > 1 {
				body.WriteByte(',')
			}
			body.WriteString(row)
		}
	}
	body.WriteByte(']')
	return answered(r, body.String()), nil
}

// account answers with what a customer's account was when the plan was made.
func (q *quickBooks) account(r *http.Request) (*http.Response, error) {
	if known, ok := q.accounts.Load(r.URL.Path); ok {
		return answered(r, known.(string)), nil
	}
	a, err := q.next.RoundTrip(r)
	if err != nil || a.StatusCode != http.StatusOK {
		return a, err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	q.accounts.Store(r.URL.Path, string(body))
	return answered(r, string(body)), nil
}

func answered(r *http.Request, body string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

var askedID = regexp.MustCompile(`%5B(id|customer_id)%5D%5B1%5D%5B[0-9]+%5D=([0-9]+)`)

// asked are the field and the ids that a search names.
func asked(r *http.Request) (field string, ids []int64) {
	for _, m := range askedID.FindAllStringSubmatch(r.URL.RawQuery, -1) {
		id, _ := strconv.ParseInt(m[2], 10, 64)
		field, ids = m[1], append(ids, id)
	}
	return field, ids
}
