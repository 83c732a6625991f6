package splynx

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bojanz/currency"
)

// The bytes that book a payment and keep the statement.
func TestWhatIsPosted(t *testing.T) {
	t.Parallel()
	s := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":"31"}`)
	})
	ctx, c := t.Context(), s.client
	full, balance := aPayment(t), aPayment(t)
	full.Comment, full.Fields, full.Note = `Windcave "x"`, [5]string{"a", "b", "", "", "e"}, "n"
	balance.InvoiceID, balance.RequestID = 0, 226
	record := NewRecord{StatementID: 4, CustomerID: 7, InvoiceID: 12, PaymentDate: full.Date, Amount: full.Amount, Marker: "M1", Comment: "Windcave"}
	for _, call := range []func() (int64, error){
		func() (int64, error) { return c.CreatePayment(ctx, full) },
		func() (int64, error) { return c.CreatePayment(ctx, balance) },
		func() (int64, error) { return c.CreateStatement(ctx, "Windcave 03/2026") },
		func() (int64, error) { return c.CreateRecord(ctx, record) },
	} {
		if id, err := call(); id != 31 || err != nil {
			t.Fatalf("got %d, %v", id, err)
		}
	}
	if err := c.SetPaymentMethod(ctx, 7, 3); err != nil {
		t.Fatal(err)
	}
	for _, u := range []RecordUpdate{{RecordProcessed, 31}, {RecordCanceled, 0}} {
		if err := c.UpdateRecord(ctx, 3, u); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`POST admin/finance/payments {"customer_id":7,"invoice_id":12,"request_id":null,"payment_type":3,"receipt_number":"PX01HZX","date":"2026-03-01","amount":"57.50","comment":"Windcave \"x\"","is_sent":"0","field_1":"a","field_2":"b","field_3":"","field_4":"","field_5":"e","note":"n","memo":""}`,
		`POST admin/finance/payments {"customer_id":7,"invoice_id":null,"request_id":226,"payment_type":3,"receipt_number":"PX01HZX","date":"2026-03-01","amount":"57.50","comment":"","is_sent":"0","field_1":"","field_2":"","field_3":"","field_4":"","field_5":"","note":"","memo":""}`,
		`POST admin/finance/bank-statements {"status":"success","title":"Windcave 03/2026"}`,
		`POST admin/finance/bank-statements-records {"bank_statements_process_id":4,"customer_id":7,"invoice_id":12,"request_id":null,"payment_date":"2026-03-01","amount":"57.50","status":"new","additional_1":"M1","comment":"Windcave"}`,
		`PUT admin/customers/customer-billing/7 {"payment_method":3}`,
		`PUT admin/finance/bank-statements-records/3 {"status":"processed","payment_id":31}`,
		`PUT admin/finance/bank-statements-records/3 {"status":"canceled"}`,
	}
	calls := s.seen(false)
	if len(calls) != len(want) {
		t.Fatalf("%d calls", len(calls))
	}
	for i, call := range calls {
		if got := call.method + " " + call.path + " " + call.body; got != want[i] {
			t.Errorf("sent %s\nwant %s", got, want[i])
		}
	}
	// What was posted reads back as the same payment.
	var back wirePayment
	if err := decode([]byte(strings.Replace(calls[0].body, "{", `{"id":31,`, 1)), &back); err != nil {
		t.Fatal(err)
	}
	v, err := back.value()
	if err != nil || v.ReceiptNumber != full.ReceiptNumber || v.Fields != full.Fields || !v.Amount.Is(full.Amount) || v.Date != DateOf(full.Date) || v.InvoiceID != 12 {
		t.Errorf("read back %+v, %v", v, err)
	}
}

func TestAmountsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ number, code, want string }{
		{"57.5", "NZD", "57.50"},
		{"1500", "JPY", "1500"},
		{"1.234", "KWD", "1.234"},
		{"0.01", "NZD", "0.01"},
		{"5.000", "NZD", "5.00"},
		{"10.005", "NZD", ""},
		{"1500.5", "JPY", ""},
		{"0", "NZD", ""},
		{"-1", "NZD", ""},
	} {
		a, err := currency.NewAmount(tt.number, tt.code)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := wireAmount(a); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%v: %q, %v", a, got, err)
		}
	}
	if _, err := wireAmount(currency.Amount{}); err == nil {
		t.Error("no amount is an amount")
	}
}

// Only 201 with an id is a created object; every other success may have created it.
func TestAnswersToPost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		id     int64
	}{
		{201, `{"id":5}`, 5},
		{201, `{"id":"5"}`, 5},
		{201, ` {"id":5,"more":[1]} `, 5},
		{200, `{"id":5}`, 0},
		{202, `{"id":5}`, 0},
		{201, ``, 0},
		{201, `{}`, 0},
		{201, `{"id":0}`, 0},
		{201, `{"id":-5}`, 0},
		{201, `{"id":null}`, 0},
		{201, `{"id":"x"}`, 0},
		{201, `{"id":5.5}`, 0},
		{201, `{"id":99999999999999999999}`, 0},
		{201, `[]`, 0},
		{201, `[{"id":5}]`, 0},
		{201, `null`, 0},
		{201, `5`, 0},
		{201, `{"id":5`, 0},
		{201, "<br /><b>Warning</b> x\n{\"id\":5}", 0},
		{200, `<html><form>login</form></html>`, 0},
		{204, ``, 0},
	} {
		s := setup(t, says(tt.status, tt.body)).withToken()
		id, err := s.client.CreatePayment(t.Context(), aPayment(t))
		if id != tt.id {
			t.Errorf("%d %s: id %d", tt.status, tt.body, id)
		}
		if tt.id != 0 {
			if err != nil {
				t.Errorf("%d %s: %v", tt.status, tt.body, err)
			}
			continue
		}
		if e := theError(t, err, KindUnclear); !e.Created || e.SurelyNot() || e.HTTPStatus != tt.status {
			t.Errorf("%d %s: %+v", tt.status, tt.body, e)
		}
		if n := len(s.seen(false)); n != 1 {
			t.Errorf("%d %s: sent %d times", tt.status, tt.body, n)
		}
	}
}

func TestAnswersToPut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		good   bool
	}{{202, ``, true}, {202, `{}`, true}, {200, `{"id":3}`, true}, {204, ``, true}, {200, `<html>login</html>`, false}, {202, `{"id"`, false}} {
		s := setup(t, says(tt.status, tt.body))
		for _, name := range []string{"update", "set method", "set account", "delete account"} {
			err := writes[name](t.Context(), s.client, NewPayment{})
			if tt.good {
				if err != nil {
					t.Errorf("%s: %d %s: %v", name, tt.status, tt.body, err)
				}
				continue
			}
			if e := theError(t, err, KindUnclear); e.SurelyNot() || e.Created {
				t.Errorf("%+v", e)
			}
		}
	}
}

// Nothing of this leaves the machine.
func TestInputs(t *testing.T) {
	t.Parallel()
	s := setup(t, says(500, ""))
	ctx, c := t.Context(), s.client
	var bad []error
	pay := func(change func(*NewPayment)) {
		p := aPayment(t)
		change(&p)
		_, err := c.CreatePayment(ctx, p)
		bad = append(bad, err)
	}
	pay(func(p *NewPayment) { p.CustomerID = 0 })
	pay(func(p *NewPayment) { p.InvoiceID = -1 })
	pay(func(p *NewPayment) { p.RequestID = 5 })
	pay(func(p *NewPayment) { p.PaymentType = 0 })
	pay(func(p *NewPayment) { p.ReceiptNumber = "" })
	pay(func(p *NewPayment) { p.ReceiptNumber = strings.Repeat("x", 33) })
	pay(func(p *NewPayment) { p.ReceiptNumber = "x " })
	pay(func(p *NewPayment) { p.ReceiptNumber = "x\ty" })
	pay(func(p *NewPayment) { p.Date = time.Time{} })
	pay(func(p *NewPayment) { p.Comment = strings.Repeat("é", 257) })
	pay(func(p *NewPayment) { p.Comment = "\xff" })
	pay(func(p *NewPayment) { p.Fields[4] = strings.Repeat("x", 513) })
	pay(func(p *NewPayment) { p.Note = "\xff" })
	pay(func(p *NewPayment) { p.Amount = currency.Amount{} })
	record := func(change func(*NewRecord)) {
		r := NewRecord{StatementID: 4, CustomerID: 7, PaymentDate: time.Now(), Amount: aPayment(t).Amount, Marker: "M"}
		change(&r)
		_, err := c.CreateRecord(ctx, r)
		bad = append(bad, err)
	}
	record(func(r *NewRecord) { r.StatementID = 0 })
	record(func(r *NewRecord) { r.CustomerID = 0 })
	record(func(r *NewRecord) { r.InvoiceID, r.RequestID = 1, 1 })
	record(func(r *NewRecord) { r.PaymentDate = time.Time{} })
	record(func(r *NewRecord) { r.Marker = "" })
	record(func(r *NewRecord) { r.Marker = "M " })
	record(func(r *NewRecord) { r.Comment = "a\nb" })
	record(func(r *NewRecord) { r.Amount = currency.Amount{} })
	for _, call := range []func(context.Context, *Client) error{
		func(ctx context.Context, c *Client) error { _, err := c.CreateStatement(ctx, ""); return err },
		func(ctx context.Context, c *Client) error { _, err := c.CreateStatement(ctx, " x"); return err },
		func(ctx context.Context, c *Client) error { _, err := c.Invoice(ctx, 0); return err },
		func(ctx context.Context, c *Client) error { _, err := c.InvoicesByNumber(ctx, " "); return err },
		func(ctx context.Context, c *Client) error { _, err := c.PaymentsByReceipt(ctx, "", 7); return err },
		func(ctx context.Context, c *Client) error { _, err := c.PaymentsByReceipt(ctx, "R", 0); return err },
		func(ctx context.Context, c *Client) error { _, err := c.PaymentsSince(ctx, 7, time.Time{}); return err },
		func(ctx context.Context, c *Client) error { _, err := c.LatestPayments(ctx, 0); return err },
		func(ctx context.Context, c *Client) error { _, err := c.NewestPayments(ctx, -1, 5); return err },
		func(ctx context.Context, c *Client) error { _, err := c.NewestRecords(ctx, 5, 0); return err },
		func(ctx context.Context, c *Client) error {
			_, err := c.CustomerInvoicesByNumber(ctx, 0, "N")
			return err
		},
		func(ctx context.Context, c *Client) error {
			_, err := c.CustomerInvoicesByNumber(ctx, 7, " ")
			return err
		},
		func(ctx context.Context, c *Client) error { _, err := c.StatementsByTitle(ctx, ""); return err },
		func(ctx context.Context, c *Client) error { _, err := c.RecordsByMarker(ctx, ""); return err },
		func(ctx context.Context, c *Client) error { _, err := c.CompanyInfo(ctx, -1); return err },
		func(ctx context.Context, c *Client) error {
			return c.UpdateRecord(ctx, 0, RecordUpdate{Status: RecordError})
		},
		func(ctx context.Context, c *Client) error { return c.UpdateRecord(ctx, 3, RecordUpdate{}) },
		func(ctx context.Context, c *Client) error { return c.SetPaymentMethod(ctx, 0, 3) },
		func(ctx context.Context, c *Client) error { return c.SetPaymentMethod(ctx, 7, 0) },
		func(ctx context.Context, c *Client) error { _, err := c.UnpaidInvoices(ctx, 0); return err },
		func(ctx context.Context, c *Client) error { _, err := c.UnpaidProformas(ctx, -1); return err },
	} {
		bad = append(bad, call(ctx, c))
	}
	for i, err := range bad {
		if err == nil {
			t.Errorf("input %d is taken", i)
			continue
		}
		if e := theError(t, err, KindInput); !e.SurelyNot() {
			t.Errorf("%+v", e)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) != 0 {
		t.Errorf("%d calls were made", len(s.calls))
	}
}

// Any payment that is taken reads back as it was given.
func FuzzNewPayment(f *testing.F) {
	f.Add(int64(7), int64(12), int64(0), "PX1", "a comment", "field", "57.50")
	f.Add(int64(7), int64(0), int64(5), "é", "<&>\u2028", "\U0001F600", "0.01")
	f.Fuzz(func(t *testing.T, customer, invoice, request int64, receipt, comment, field, number string) {
		amount, err := currency.NewAmount(number, "NZD")
		if err != nil {
			return
		}
		p := NewPayment{
			CustomerID: customer, InvoiceID: invoice, RequestID: request, PaymentType: 3, ReceiptNumber: receipt,
			Date: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Amount: amount, Comment: comment, Fields: [5]string{field},
		}
		w, err := p.wire()
		if err != nil {
			return
		}
		raw, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		var back wirePayment
		if err := decode(raw, &back); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		v, err := back.value()
		if err != nil || v.CustomerID != customer || v.InvoiceID != invoice || v.RequestID != request || v.ReceiptNumber != receipt ||
			v.Comment != comment || v.Fields != p.Fields || !v.Amount.Is(amount) {
			t.Errorf("%s came back as %+v, %v", raw, v, err)
		}
	})
}
