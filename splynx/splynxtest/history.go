package splynxtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Entry is one call of the API. It holds no secret.
type Entry struct {
	// Time is when the call ended, on the server's clock.
	Time time.Time `json:"time"`
	// Method and Resource are the operation, e.g. POST and payments.
	Method   string `json:"method"`
	Resource string `json:"resource"`
	// ID is the record that the call named, or made; of a customer's payment account the account. 0: none.
	ID int64 `json:"id,omitempty"`
	// Search is what a list was asked for, e.g. "customer_id = 7; receipt_number = A1".
	Search string `json:"search,omitempty"`
	// Status is the HTTP status that was answered. 0: the caller got no answer.
	Status int `json:"status"`
	// Receipt, CustomerID and Amount are what the body said; the amount is the very text that was sent. Of a payment
	// account the customer is the one whose it is.
	Receipt    string `json:"receipt,omitempty"`
	CustomerID int64  `json:"customer_id,omitempty"`
	Amount     string `json:"amount,omitempty"`
	// Committed: the call changed what the server keeps, whatever was answered.
	Committed bool `json:"committed"`
	// Late: this is the commit of a call whose caller was dropped before; that call has an entry of its own.
	Late bool `json:"late,omitempty"`
	// Fault is the fault that the call met, "" for none.
	Fault Kind `json:"fault,omitempty"`
}

// Log is every call so far, in the order in which they ended.
func (s *Server) Log() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *Server) note(c *call, a answer, status int) { s.append(c, a, status, false) }

func (s *Server) noteLate(c *call, a answer) { s.append(c, a, 0, true) }

func (s *Server) append(c *call, a answer, status int, late bool) {
	e := Entry{
		Method: c.op.method, Resource: c.op.resource, ID: a.id, Status: status, Committed: a.committed, Late: late,
		Receipt: c.body.text("receipt_number"), Amount: c.body.text("amount"),
	}
	e.CustomerID, _ = strconv.ParseInt(c.body.text("customer_id"), 10, 64)
	if c.res != nil && c.rest != "" {
		e.ID, _ = strconv.ParseInt(c.rest, 10, 64)
	}
	if key, ok := c.account(); ok {
		e.CustomerID, e.ID = key.customer, key.account
	}
	if c.op.list() {
		e.Search = describe(c.query.conditions())
	}
	if c.fault != nil {
		e.Fault = c.fault.Kind
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Time = s.Now()
	s.log = append(s.log, e)
}

func (s *Server) noteOutage(r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, apiPrefix) {
		return
	}
	o := operationOf(r.Method, r.URL.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, Entry{Time: s.Now(), Method: o.method, Resource: o.resource, Fault: Cut})
}

// Payment is a payment as the books have it. Amounts are exact, with four places and no currency.
type Payment struct {
	ID         int64 `json:"id"`
	CustomerID int64 `json:"customer_id"`
	// InvoiceID and RequestID (a proforma's) are the document it was made for; 0: none.
	InvoiceID int64 `json:"invoice_id,omitempty"`
	RequestID int64 `json:"request_id,omitempty"`
	// Type is the payment method. InsertPayment takes 0 as 1.
	Type    int64  `json:"payment_type"`
	Receipt string `json:"receipt_number"`
	Amount  string `json:"amount"`
	// Unallocated is what went to the customer's balance.
	Unallocated string `json:"unallocated"`
	// Date is the payment's day, YYYY-MM-DD.
	Date    string    `json:"date"`
	Comment string    `json:"comment"`
	Fields  [5]string `json:"fields"`
	Note    string    `json:"note"`
	// AddedBy is api, admin or system; AddedByID the key's or administrator's id.
	AddedBy   string    `json:"added_by"`
	AddedByID int64     `json:"added_by_id"`
	Created   time.Time `json:"created"`
	// Deleted: it is not there any more and has no effect.
	Deleted bool `json:"deleted"`
}

// Payments is every payment that ever was, deleted ones included, in the order of their making.
func (s *Server) Payments() []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.payments, s.payment)
}

func collect[T any](t *table, view func(*row) T) []T {
	all := make([]T, 0, len(t.rows))
	for _, r := range t.rows {
		all = append(all, view(r))
	}
	return all
}

func (s *Server) payment(r *row) Payment {
	p := Payment{
		ID: r.id(), CustomerID: r.int("customer_id"), InvoiceID: r.int("invoice_id"), RequestID: r.int("request_id"),
		Type: r.int("payment_type"), Receipt: r.text("receipt_number"), Amount: r.text("amount"),
		Unallocated: r.text("remind_amount"), Date: r.text("date"), Comment: r.text("comment"), Note: r.text("note"),
		AddedBy: r.text("added_by"), AddedByID: r.int("added_by_id"), Created: s.created[r.id()], Deleted: r.deleted(),
	}
	for i := range p.Fields {
		p.Fields[i] = r.text("field_" + strconv.Itoa(i+1))
	}
	return p
}

// Record is a record of a payment statement.
type Record struct {
	ID, StatementID, CustomerID, InvoiceID, RequestID, PaymentID int64

	Status, Amount, Date, Comment string // Amount with four places, Date YYYY-MM-DD

	Additional [3]string
}

// Records is every statement record, in the order of their making.
func (s *Server) Records() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.records, func(r *row) Record {
		return Record{
			ID: r.id(), StatementID: r.int("bank_statements_process_id"), CustomerID: r.int("customer_id"),
			InvoiceID: r.int("invoice_id"), RequestID: r.int("request_id"), PaymentID: r.int("payment_id"),
			Status: r.text("status"), Amount: r.text("amount"), Date: r.text("payment_date"), Comment: r.text("comment"),
			Additional: [3]string{r.text("additional_1"), r.text("additional_2"), r.text("additional_3")},
		}
	})
}

// Statement is a payment statement.
type Statement struct {
	ID            int64
	Title, Status string
}

// Statements is every payment statement, in the order of their making.
func (s *Server) Statements() []Statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.statements, func(r *row) Statement { return Statement{r.id(), r.text("title"), r.text("status")} })
}
