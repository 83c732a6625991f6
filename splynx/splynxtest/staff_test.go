package splynxtest

import (
	"reflect"
	"testing"
)

func TestStatementCounters(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(201, "POST", "admin/finance/bank-statements", `{"title":"Card 03/2026","status":"success"}`)
	for _, status := range []string{"new", "new", "processed", "error", "canceled", "ignored", "pending", "deleted"} {
		c.want(201, "POST", "admin/finance/bank-statements-records",
			`{"bank_statements_process_id":1,"customer_id":1,"amount":"5","status":"`+status+`","additional_1":"marker"}`)
	}
	c.want(202, "PUT", "admin/finance/bank-statements-records/1", `{"status":"processed","payment_id":7}`)
	if _, err := s.PairByHand(2); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	decode(t, c.want(200, "GET", "admin/finance/bank-statements/1", ""), &got)
	for name, want := range map[string]string{
		"records": "8", "new": "0", "processed": "2", "errors": "1", "canceled": "1", "ignored": "1", "manual_paired": "1", "pending": "1",
	} {
		if n := got[name].(interface{ String() string }).String(); n != want {
			t.Errorf("%s is %s, want %s", name, n, want)
		}
	}
	if r := s.Records()[0]; r.Status != "processed" || r.PaymentID != 7 || r.Additional[0] != "marker" || r.StatementID != 1 {
		t.Errorf("%+v", r)
	}
	if st := s.Statements(); !reflect.DeepEqual(st, []Statement{{1, "Card 03/2026", "success"}}) {
		t.Errorf("%+v", st)
	}
	for _, body := range []string{
		`{}`, `{"bank_statements_process_id":9}`, `{"bank_statements_process_id":1,"status":"paid"}`,
		`{"bank_statements_process_id":1,"customer_id":99}`,
	} {
		c.code(422, "INVALID_INPUT_DATA", "POST", "admin/finance/bank-statements-records", body)
	}
	c.code(422, "INVALID_INPUT_DATA", "PUT", "admin/finance/bank-statements-records/3", `{"payment_id":8,"status":"x"}`)
	if r := s.Records()[2]; r.PaymentID != 0 {
		t.Errorf("a refused PUT changed the record: %+v", r)
	}
	c.code(404, "NOT_FOUND", "PUT", "admin/finance/bank-statements-records/99", `{"status":"new"}`)
}

func TestPairByHand(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(201, "POST", "admin/finance/bank-statements", `{"title":"x"}`)
	c.want(201, "POST", "admin/finance/bank-statements-records",
		`{"bank_statements_process_id":1,"customer_id":1,"invoice_id":1,"amount":"57.50","payment_date":"2026-03-13"}`)
	p, err := s.PairByHand(1)
	if err != nil {
		t.Fatal(err)
	}
	if p.AddedBy != "admin" || p.InvoiceID != 1 || p.Amount != "57.5000" || p.Date != "2026-03-13" || p.Receipt == "" {
		t.Errorf("%+v", p)
	}
	if r := s.Records()[0]; r.Status != "manual_paired" || r.PaymentID != p.ID {
		t.Errorf("%+v", r)
	}
	if i, _ := s.Invoice(1); i.Status != "paid" || i.PaymentID != p.ID {
		t.Errorf("%+v", i)
	}
	if _, err := s.PairByHand(1); err == nil {
		t.Error("paired twice")
	}
	if _, err := s.PairByHand(9); err == nil {
		t.Error("paired nothing")
	}
}

func TestStaffAtWork(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	if id := s.PayInvoice(1); s.Payments()[id-1].AddedBy != "admin" {
		t.Error("staff paid as somebody else")
	}
	if i, _ := s.Invoice(1); i.Status != "paid" {
		t.Errorf("%+v", i)
	}
	s.DeletePayment(1)
	s.ChangeInvoice(1, func(i *Invoice) { i.Due = "12.3456" })
	if i, _ := s.Invoice(1); i.Due != "12.3456" || i.Status != "not_paid" {
		t.Errorf("%+v", i)
	}
	planted := s.InsertPayment(Payment{CustomerID: 1, Amount: "12", Receipt: "R1", AddedBy: "api", Fields: [5]string{"a"}})
	rows := rowsOf(t, c.want(200, "GET", "admin/finance/payments?main_attributes[receipt_number]=R1&main_attributes[customer_id]=1", ""))
	if len(rows) != 1 || s.Payments()[planted-1].Fields[0] != "a" {
		t.Errorf("%v", rows)
	}
	s.DeleteInvoice(1)
	if rows := rowsOf(t, c.want(200, "GET", "admin/finance/invoices", "")); rows[0]["status"] != "deleted" {
		t.Errorf("%v", rows)
	}
	s.SetDeposit(1, "-5")
	var billing map[string]any
	decode(t, c.want(200, "GET", "admin/customers/customer-billing/1", ""), &billing)
	if billing["deposit"] != "-5.0000" {
		t.Errorf("%v", billing)
	}
	c.want(202, "PUT", "admin/customers/customer-billing/1", `{"payment_method":3,"deposit":"1000"}`)
	if s.Deposit(1) != "-5.0000" {
		t.Error("the API changed the balance")
	}
	s.SetCompany(1, "Example Fibre", "https://splynx.example/")
	var company map[string]any
	decode(t, c.want(200, "GET", "admin/config/company-info/1", ""), &company)
	if company["company_name"] != "Example Fibre" {
		t.Errorf("%v", company)
	}
	s.RemoveCustomer(1)
	c.code(404, "NOT_FOUND", "GET", "admin/customers/customer/1", "")
	c.code(422, "INVALID_INPUT_DATA", "POST", "admin/finance/payments", paymentBody(map[string]any{"invoice_id": nil}))
}

// The password is on the page of one customer, as it is documented, so that callers can be shown not to keep it.
func TestPasswordOnOnePageOnly(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{})
	var one map[string]any
	decode(t, c.want(200, "GET", "admin/customers/customer/1", ""), &one)
	if one["password"] != "soap" {
		t.Errorf("%v", one)
	}
	if _, ok := rowsOf(t, c.want(200, "GET", "admin/customers/customer", ""))[0]["password"]; ok {
		t.Error("the list has passwords")
	}
}

func TestSeedsThatCannotBe(t *testing.T) {
	t.Parallel()
	s, _ := setup(t, Options{})
	for name, f := range map[string]func(){
		"amount":       func() { s.AddInvoice(Invoice{CustomerID: 1, Total: "x"}) },
		"customer":     func() { s.AddInvoice(Invoice{CustomerID: 9, Total: "1"}) },
		"status":       func() { s.ChangeInvoice(1, func(i *Invoice) { i.Status = "half" }) },
		"id taken":     func() { s.AddInvoice(Invoice{ID: 1, CustomerID: 1, Total: "1"}) },
		"no invoice":   func() { s.DeleteInvoice(9) },
		"no payment":   func() { s.DeletePayment(9) },
		"payer":        func() { s.InsertPayment(Payment{CustomerID: 9, Amount: "1"}) },
		"proforma":     func() { s.AddProforma(Proforma{CustomerID: 9, Total: "1"}) },
		"no admin":     func() { s.AddAdministratorSession("s", 9) },
		"no partner":   func() { s.SetCompany(9, "", "") },
		"fault kind":   func() { s.Inject(Fault{Op: "*", Kind: "x"}) },
		"fault op":     func() { s.Inject(Fault{Op: "payments", Kind: Cut}) },
		"fault status": func() { s.Inject(Fault{Op: "*", Kind: Status, Status: 99}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			f()
		}()
	}
	if i, _ := s.Invoice(1); i.Status != "not_paid" {
		t.Errorf("the server is broken afterwards: %+v", i)
	}
}
