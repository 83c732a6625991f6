package splynxtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestBookingEffects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                             string
		due                              string // of the invoice before
		body                             map[string]any
		wantDue, status, deposit, remind string
	}{
		{"exact", "57.50", nil, "0.0000", "paid", "57.5000", "0.0000"},
		{"partial", "57.50", map[string]any{"amount": "20.00"}, "37.5000", "not_paid", "20.0000", "0.0000"},
		{"over", "57.50", map[string]any{"amount": "60.00"}, "0.0000", "paid", "60.0000", "2.5000"},
		{"a number, not a text", "57.50", map[string]any{"amount": 57.5}, "0.0000", "paid", "57.5000", "0.0000"},
		{"four decimals left", "10.0049", map[string]any{"amount": "10.00"}, "0.0049", "not_paid", "10.0000", "0.0000"},
		{"four decimals paid", "10.0049", map[string]any{"amount": "10.0049"}, "0.0000", "paid", "10.0049", "0.0000"},
		{"a fifth decimal is rounded", "10", map[string]any{"amount": "0.00005"}, "9.9999", "not_paid", "0.0001", "0.0000"},
		{"nothing due", "0", map[string]any{"amount": "5"}, "0.0000", "not_paid", "5.0000", "5.0000"},
		{"no document", "57.50", map[string]any{"invoice_id": nil}, "57.5000", "not_paid", "57.5000", "57.5000"},
		{"document absent", "57.50", map[string]any{"invoice_id": "absent"}, "57.5000", "not_paid", "57.5000", "57.5000"},
		{"document 0", "57.50", map[string]any{"invoice_id": 0}, "57.5000", "not_paid", "57.5000", "57.5000"},
		{"ids as texts", "57.50", map[string]any{"invoice_id": "1", "customer_id": "1", "payment_type": "3"}, "0.0000", "paid", "57.5000", "0.0000"},
		{"proforma", "57.50", map[string]any{"invoice_id": nil, "request_id": 1, "amount": "100"}, "57.5000", "not_paid", "100.0000", "100.0000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, c := setup(t, Options{})
			proforma := s.AddProforma(Proforma{CustomerID: 1, Number: "P1", Total: "100"})
			s.ChangeInvoice(1, func(i *Invoice) { i.Due = tt.due })
			before, _ := s.Invoice(1)
			if got := c.want(201, "POST", "admin/finance/payments", paymentBody(tt.body)); got != `{"id":1}` {
				t.Errorf("answer %s", got)
			}
			after, _ := s.Invoice(1)
			p := s.Payments()[0]
			if after.Due != tt.wantDue || after.Status != tt.status || s.Deposit(1) != tt.deposit || p.Unallocated != tt.remind {
				t.Errorf("due %s %s, deposit %s, remind %s; want %s %s, %s, %s",
					after.Due, after.Status, s.Deposit(1), p.Unallocated, tt.wantDue, tt.status, tt.deposit, tt.remind)
			}
			if after.Status == "paid" && (after.PaymentID != 1 || after.Paid != "2026-03-14") {
				t.Errorf("paid without saying by what: %+v", after)
			}
			if got := s.Proformas()[proforma-1]; p.RequestID != 0 && (got.Status != "paid" || got.PaymentID != 1) {
				t.Errorf("proforma %+v", got)
			}
			wantCredit(t, c, p)

			c.want(204, "DELETE", "admin/finance/payments/1", "")
			if undone, _ := s.Invoice(1); undone != before || s.Deposit(1) != "0.0000" || s.Proformas()[0].Status != "not_paid" {
				t.Errorf("after DELETE: %+v, deposit %s, %+v; was %+v", undone, s.Deposit(1), s.Proformas(), before)
			}
			if rows := rowsOf(t, c.want(200, "GET", "admin/finance/transactions", "")); len(rows) != 0 {
				t.Errorf("transactions are left: %v", rows)
			}
			if rows := rowsOf(t, c.want(200, "GET", "admin/finance/invoice-relations", "")); len(rows) != 0 {
				t.Errorf("relations are left: %v", rows)
			}
			c.code(404, "NOT_FOUND", "GET", "admin/finance/payments/1", "")
			c.code(404, "NOT_FOUND", "DELETE", "admin/finance/payments/1", "")
			if p := s.Payments(); len(p) != 1 || !p[0].Deleted {
				t.Errorf("the history lost a payment: %+v", p)
			}
		})
	}
}

// wantCredit looks for the payment's transaction: a credit of category 3.
func wantCredit(t *testing.T, c *caller, p Payment) {
	t.Helper()
	rows := rowsOf(t, c.want(200, "GET", "admin/finance/transactions?main_attributes[payment_id]=1", ""))
	if len(rows) != 1 || rows[0]["type"] != "credit" || rows[0]["category"].(interface{ String() string }).String() != "3" ||
		rows[0]["description"] != "Credit card" {
		t.Errorf("transactions %v", rows)
	}
	if total, err := fourPlaces(rows[0]["total"].(interface{ String() string }).String()); err != nil || total != p.Amount {
		t.Errorf("transaction over %s, payment over %s", total, p.Amount)
	}
}

// There is no unique key: the same receipt number books twice, and the second has no document.
func TestSameReceiptBooksTwice(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	for range 2 {
		c.want(201, "POST", "admin/finance/payments", paymentBody(nil))
	}
	p := s.Payments()
	if len(p) != 2 || p[0].Receipt != "R1" || p[1].Receipt != "R1" || p[1].Unallocated != "57.5000" || s.Deposit(1) != "115.0000" {
		t.Fatalf("%+v, deposit %s", p, s.Deposit(1))
	}
	if i, _ := s.Invoice(1); i.PaymentID != 1 {
		t.Errorf("the second payment took the invoice: %+v", i)
	}
	s.DeletePayment(2)
	if i, _ := s.Invoice(1); i.Status != "paid" || s.Deposit(1) != "57.5000" {
		t.Errorf("deleting the second: %+v, deposit %s", i, s.Deposit(1))
	}
}

// Two part payments; deleting one leaves the other.
func TestPartPayments(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(201, "POST", "admin/finance/payments", paymentBody(map[string]any{"amount": "50"}))
	c.want(201, "POST", "admin/finance/payments", paymentBody(map[string]any{"amount": "50"}))
	rows := rowsOf(t, c.want(200, "GET", "admin/finance/invoice-relations?invoice_id=1", ""))
	if len(rows) != 2 || rows[1]["amount"] != "7.5000" {
		t.Errorf("relations %v", rows)
	}
	c.want(204, "DELETE", "admin/finance/payments/1", "")
	if i, _ := s.Invoice(1); i.Due != "50.0000" || i.Status != "not_paid" || i.PaymentID != 0 || s.Deposit(1) != "50.0000" {
		t.Errorf("%+v, deposit %s", i, s.Deposit(1))
	}
}

func TestProformaKeepsAnotherPayment(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddProforma(Proforma{CustomerID: 1, Number: "P1", Total: "10"})
	body := paymentBody(map[string]any{"invoice_id": nil, "request_id": 1})
	c.want(201, "POST", "admin/finance/payments", body)
	c.want(201, "POST", "admin/finance/payments", body)
	s.DeletePayment(2)
	if p := s.Proformas()[0]; p.Status != "paid" || p.PaymentID != 1 {
		t.Errorf("%+v", p)
	}
}

func TestRefusedPayments(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddCustomer(Customer{Name: "Other"})
	s.AddCustomer(Customer{Name: "Sub", ParentID: 1})
	s.AddInvoice(Invoice{CustomerID: 2, Number: "2", Total: "5"})
	s.AddInvoice(Invoice{CustomerID: 1, Number: "3", Total: "5", Status: "deleted"})
	s.AddProforma(Proforma{CustomerID: 2, Number: "P", Total: "5"})
	for name, change := range map[string]map[string]any{
		"customer absent":     {"customer_id": "absent"},
		"customer blank":      {"customer_id": ""},
		"customer unknown":    {"customer_id": 99},
		"customer no number":  {"customer_id": "x"},
		"sub-account":         {"customer_id": 3, "invoice_id": nil},
		"invoice unknown":     {"invoice_id": 99},
		"invoice of another":  {"invoice_id": 2},
		"invoice deleted":     {"invoice_id": 3},
		"proforma of another": {"invoice_id": nil, "request_id": 1},
		"two documents":       {"request_id": 1},
		"method unknown":      {"payment_type": 4},
		"method absent":       {"payment_type": "absent"},
		"receipt absent":      {"receipt_number": "absent"},
		"receipt too long":    {"receipt_number": strings.Repeat("é", 33)},
		"comment too long":    {"comment": strings.Repeat("x", 257)},
		"field too long":      {"field_5": strings.Repeat("x", 513)},
		"field absent":        {"field_3": "absent"},
		"date absent":         {"date": "absent"},
		"date blank":          {"date": ""},
		"date wrong":          {"date": "14.03.2026"},
		"date impossible":     {"date": "2026-02-30"},
		"amount absent":       {"amount": "absent"},
		"amount zero":         {"amount": "0.00004"},
		"amount negative":     {"amount": "-1"},
		"amount no number":    {"amount": "1,000"},
		"amount NaN":          {"amount": "NaN"},
		"amount enormous":     {"amount": "1e15"},
		"amount endless":      {"amount": "1e900000000"},
		"amount nested":       {"amount": []any{"1"}},
		"flag wrong":          {"is_sent": "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			d := *c
			d.t = t
			d.code(422, "INVALID_INPUT_DATA", "POST", "admin/finance/payments", paymentBody(change))
		})
	}
	c.code(400, "BAD_REQUEST", "POST", "admin/finance/payments", "{")
	c.code(400, "BAD_REQUEST", "POST", "admin/finance/payments", "[1]")
	c.code(400, "BAD_REQUEST", "POST", "admin/finance/payments/1", paymentBody(nil))
	if p := s.Payments(); len(p) != 0 || s.Deposit(1) != "0.0000" {
		t.Errorf("something was booked: %+v", p)
	}
	for _, longest := range []map[string]any{
		{"receipt_number": strings.Repeat("é", 32)}, {"comment": strings.Repeat("x", 256)}, {"field_1": strings.Repeat("x", 512)},
	} {
		c.want(201, "POST", "admin/finance/payments", paymentBody(longest))
	}
}

func TestOptionsOfRefusing(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{ErrorLists: true, SubAccounts: true})
	got := c.want(422, "POST", "admin/finance/payments", paymentBody(map[string]any{"amount": "absent"}))
	if got != `[{"field":"amount","message":"Amount cannot be blank."}]` {
		t.Errorf("a list of errors: %s", got)
	}
	s.AddCustomer(Customer{Name: "Sub", ParentID: 1})
	c.want(201, "POST", "admin/finance/payments", paymentBody(map[string]any{"customer_id": 2, "invoice_id": nil}))
}

func TestPaymentAsKept(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("NZDT", 13*60*60)
	s, c := setup(t, Options{Zone: zone})
	c.want(201, "POST", "admin/finance/payments", paymentBody(map[string]any{
		"receipt_number": "", "comment": "Card •", "field_2": "0000000b0012", "note": "n/a", "added_by": "system", "remind_amount": "9",
	}))
	p := s.Payments()[0]
	want := Payment{
		ID: 1, CustomerID: 1, InvoiceID: 1, Type: 3, Receipt: "2026-03-00001", Amount: "57.5000", Unallocated: "0.0000",
		Date: "2026-03-14", Comment: "Card •", Fields: [5]string{1: "0000000b0012"}, Note: "n/a",
		AddedBy: "api", AddedByID: 1, Created: noon,
	}
	if p != want {
		t.Errorf("\n got %+v\nwant %+v", p, want)
	}
	var got map[string]any
	decode(t, c.want(200, "GET", "admin/finance/payments/1", ""), &got)
	if got["real_create_datetime"] != "2026-03-15 01:00:00" || got["note"] != "n/a" || got["request_id"] != nil {
		t.Errorf("%v", got)
	}
	e := s.Log()[0]
	if e.Method != "POST" || e.Resource != "payments" || e.ID != 1 || e.Status != 201 || !e.Committed || e.CustomerID != 1 || e.Amount != "57.50" {
		t.Errorf("log %+v", e)
	}
}

// Whatever is booked in whatever order, deleting all of it leaves the books as they were.
func TestBooksBalance(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddProforma(Proforma{CustomerID: 1, Number: "P", Total: "3"})
	for i := range 4 {
		s.AddInvoice(Invoice{CustomerID: 1, Number: fmt.Sprint(i), Total: fmt.Sprintf("%d.%04d", i*7, i*31)})
	}
	invoices, proformas := s.Invoices(), s.Proformas()
	random := rand.New(rand.NewPCG(1, 2))
	var made []int64
	for range 200 {
		if len(made) > 0 && random.IntN(3) == 0 {
			i := random.IntN(len(made))
			s.DeletePayment(made[i])
			made = slices.Delete(made, i, i+1)
			continue
		}
		p := Payment{CustomerID: 1, Amount: fmt.Sprintf("%d.%04d", random.IntN(9), 1+random.IntN(9999))}
		switch random.IntN(3) {
		case 0:
			p.InvoiceID = 1 + random.Int64N(5)
		case 1:
			p.RequestID = 1
		}
		made = append(made, s.InsertPayment(p))
		wantBalance(t, s)
	}
	for _, id := range made {
		c.want(204, "DELETE", fmt.Sprintf("admin/finance/payments/%d", id), "")
	}
	if s.Deposit(1) != "0.0000" || !slices.Equal(s.Proformas(), proformas) || !slices.Equal(s.Invoices(), invoices) {
		t.Errorf("deposit %s, %+v, %+v", s.Deposit(1), s.Invoices(), s.Proformas())
	}
}

// wantBalance: all that was paid is on the balance, and is either off an invoice's due or no document's.
func wantBalance(t *testing.T, s *Server) {
	t.Helper()
	paid, found := "0", "0"
	for _, p := range s.Payments() {
		if !p.Deleted {
			paid, found = plus(paid, p.Amount), plus(found, p.Unallocated)
		}
	}
	for _, i := range s.Invoices() {
		found = plus(found, minus(i.Total, i.Due))
		if sign(i.Due) < 0 || (i.Status == "paid") != (sign(i.Due) == 0 && i.PaymentID != 0) {
			t.Errorf("%+v", i)
		}
	}
	if compareNumbers(paid, found) != 0 || compareNumbers(paid, s.Deposit(1)) != 0 {
		t.Errorf("paid %s, found %s, deposit %s", paid, found, s.Deposit(1))
	}
}

func TestParallelBookings(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, _, err := c.try("POST", "admin/finance/payments", paymentBody(map[string]any{"amount": "0.0001"})); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if i, _ := s.Invoice(1); i.Due != "57.4950" || len(s.Payments()) != 50 {
		t.Errorf("%+v after %d payments", i, len(s.Payments()))
	}
}

// A caller may mark a document, and what it may not set stays.
func TestChangeDocument(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(202, "PUT", "admin/finance/invoices/1", `{"status":"pending","due":"0","total":"0","number":"x","customer_id":9}`)
	if i, _ := s.Invoice(1); i.Status != "pending" || i.Due != "57.5000" || i.Total != "57.5000" || i.Number != "2026/1 A" || i.CustomerID != 1 {
		t.Errorf("%+v", i)
	}
	c.code(422, "INVALID_INPUT_DATA", "PUT", "admin/finance/invoices/1", `{"status":"half"}`)
	c.code(400, "BAD_REQUEST", "PUT", "admin/finance/invoices/1", `{`)
	c.want(201, "POST", "admin/finance/payments", paymentBody(nil))
	if i, _ := s.Invoice(1); i.Status != "paid" {
		t.Errorf("a pending invoice was not paid: %+v", i)
	}
}

// Forms work as JSON does.
func TestForms(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	form := "customer_id=1&invoice_id=1&payment_type=3&receipt_number=R&date=2026-03-14&amount=57.5&field_1=&field_2=&field_3=&field_4=&field_5="
	var multi strings.Builder
	for pair := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		multi.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n")
	}
	multi.WriteString("--b--\r\n")
	for kind, body := range map[string]string{
		"application/x-www-form-urlencoded": form, "multipart/form-data; boundary=b": multi.String(),
	} {
		if status, data := post(t, s, c, kind, body); status != 201 {
			t.Errorf("%s: %d %s", kind, status, data)
		}
	}
	if status, _ := post(t, s, c, "multipart/form-data", multi.String()); status != 400 {
		t.Errorf("multipart without a boundary: %d", status)
	}
	if status, _ := post(t, s, c, "application/json", strings.Repeat(" ", maxBody)+"{}"); status != 400 {
		t.Errorf("a body too large: %d", status)
	}
}
