package splynxtest

import "fmt"

// Invoice is an invoice as the books have it. Amounts are exact, with four places and no currency.
type Invoice struct {
	ID         int64 // AddInvoice: 0 for the next one
	CustomerID int64
	Number     string
	// Total and Due. AddInvoice takes an empty Due as the total.
	Total, Due string
	// Status is not_paid, paid, pending or deleted. AddInvoice: default not_paid.
	Status string
	// Created, Till and Paid are days, YYYY-MM-DD, 0000-00-00 for none. AddInvoice: default today, today and none.
	Created, Till, Paid string
	PaymentID           int64
}

// Proforma is a proforma invoice. It has no due: it is paid or not.
type Proforma struct {
	ID         int64
	CustomerID int64
	Number     string
	Total      string
	Status     string // not_paid, paid or pending
	PaymentID  int64
	// Created and Till are days, YYYY-MM-DD. AddProforma: default today.
	Created, Till string
}

// AddInvoice makes an invoice and returns its id. It panics when a value cannot be kept or the customer is not there.
func (s *Server) AddInvoice(i Invoice) int64 { return must(s.addInvoice(i)) }

func must(id int64, err error) int64 {
	if err != nil {
		panic("splynxtest: " + err.Error())
	}
	return id
}

func (s *Server) addInvoice(i Invoice) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.invoices.byID[i.ID] != nil {
		return 0, fmt.Errorf("invoice id %d is taken", i.ID)
	}
	if i.Due == "" {
		i.Due = i.Total
	}
	today := s.today()
	i.Created, i.Till = or(i.Created, today), or(i.Till, today)
	i.Paid, i.Status = or(i.Paid, kindDate.empty()), or(i.Status, "not_paid")
	r := s.invoices.blank()
	r.setInt("id", i.ID)
	r.set("real_create_datetime", s.moment())
	r.set("date_updated", today)
	if err := s.putInvoice(r, i); err != nil {
		return 0, err
	}
	return s.invoices.insert(r), nil
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

func (s *Server) putInvoice(r *row, i Invoice) error {
	if s.customers.find(i.CustomerID) == nil {
		return fmt.Errorf("no customer %d", i.CustomerID)
	}
	r.setInt("customer_id", i.CustomerID)
	r.setInt("payment_id", i.PaymentID)
	return r.put(map[string]string{
		"number": i.Number, "total": i.Total, "due": i.Due, "status": i.Status,
		"date_created": i.Created, "date_till": i.Till, "date_payment": i.Paid,
	})
}

// put sets texts that are checked as those of a caller are.
func (r *row) put(texts map[string]string) error {
	for name, text := range texts {
		c, _ := r.t.column(name)
		kept, err := c.accept(text)
		if err != nil {
			return fmt.Errorf("%s %q %w", name, text, err)
		}
		*r.cell(name) = kept
	}
	return nil
}

// Invoices is every invoice, in the order of their making.
func (s *Server) Invoices() []Invoice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.invoices, invoiceOf)
}

// Invoice is the invoice with the id; ok is false when there is none.
func (s *Server) Invoice(id int64) (i Invoice, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.invoices.find(id)
	if r == nil {
		return Invoice{}, false
	}
	return invoiceOf(r), true
}

func invoiceOf(r *row) Invoice {
	return Invoice{
		ID: r.id(), CustomerID: r.int("customer_id"), Number: r.text("number"), Total: r.text("total"),
		Due: r.text("due"), Status: r.text("status"), Created: r.text("date_created"), Till: r.text("date_till"),
		Paid: r.text("date_payment"), PaymentID: r.int("payment_id"),
	}
}

// ChangeInvoice changes an invoice as staff could: due, total, number, status, customer. No payment is made. It panics
// when there is no such invoice or a value cannot be kept.
func (s *Server) ChangeInvoice(id int64, change func(*Invoice)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.invoices.find(id)
	if r == nil {
		panic(fmt.Sprintf("splynxtest: no invoice %d", id))
	}
	i := invoiceOf(r)
	change(&i)
	must(0, s.putInvoice(r, i))
	r.set("date_updated", s.today())
}

// DeleteInvoice sets the invoice's status to deleted.
func (s *Server) DeleteInvoice(id int64) {
	s.ChangeInvoice(id, func(i *Invoice) { i.Status = "deleted" })
}

// PayInvoice is staff taking cash for all that is due, under a receipt number of Splynx's own. It returns the payment's
// id.
func (s *Server) PayInvoice(id int64) int64 {
	i, ok := s.Invoice(id)
	if !ok {
		panic(fmt.Sprintf("splynxtest: no invoice %d", id))
	}
	return s.InsertPayment(Payment{CustomerID: i.CustomerID, InvoiceID: id, Amount: i.Due})
}

// AddProforma makes a proforma invoice and returns its id. It panics when a value cannot be kept.
func (s *Server) AddProforma(p Proforma) int64 { return must(s.addProforma(p)) }

func (s *Server) addProforma(p Proforma) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.customers.find(p.CustomerID) == nil {
		return 0, fmt.Errorf("no customer %d", p.CustomerID)
	}
	if s.proformas.byID[p.ID] != nil {
		return 0, fmt.Errorf("proforma id %d is taken", p.ID)
	}
	r := s.proformas.blank()
	r.setInt("id", p.ID)
	r.setInt("customer_id", p.CustomerID)
	r.setInt("payment_id", p.PaymentID)
	r.set("real_create_datetime", s.moment())
	today := s.today()
	if err := r.put(map[string]string{
		"number": p.Number, "total": p.Total, "status": or(p.Status, "not_paid"),
		"date_created": or(p.Created, today), "date_updated": today, "date_till": or(p.Till, today),
	}); err != nil {
		return 0, err
	}
	return s.proformas.insert(r), nil
}

// Proformas is every proforma invoice, in the order of their making.
func (s *Server) Proformas() []Proforma {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.proformas, func(r *row) Proforma {
		return Proforma{
			ID: r.id(), CustomerID: r.int("customer_id"), Number: r.text("number"), Total: r.text("total"),
			Status: r.text("status"), PaymentID: r.int("payment_id"), Created: r.text("date_created"),
			Till: r.text("date_till"),
		}
	})
}

// InsertPayment makes a payment as staff do, with all its effects; AddedBy is admin unless said otherwise. With another
// payment's receipt number it plants a second booking. It panics when a value cannot be kept.
func (s *Server) InsertPayment(p Payment) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.insertPayment(p))
}

func (s *Server) insertPayment(p Payment) (int64, error) {
	if s.customers.find(p.CustomerID) == nil {
		return 0, fmt.Errorf("no customer %d", p.CustomerID)
	}
	r := s.payments.blank()
	r.setInt("customer_id", p.CustomerID)
	r.setLink("invoice_id", p.InvoiceID)
	r.setLink("request_id", p.RequestID)
	r.setInt("payment_type", max(p.Type, 1))
	r.set("added_by", or(p.AddedBy, "admin"))
	r.setInt("added_by_id", max(p.AddedByID, 1))
	texts := map[string]string{
		"receipt_number": p.Receipt, "amount": p.Amount, "date": or(p.Date, s.today()), "comment": p.Comment, "note": p.Note,
	}
	for i, f := range p.Fields {
		texts[fmt.Sprintf("field_%d", i+1)] = f
	}
	if err := r.put(texts); err != nil {
		return 0, err
	}
	return s.book(r), nil
}

// DeletePayment is staff deleting a payment: all its effects go. It panics when there is no such payment.
func (s *Server) DeletePayment(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.payments.find(id)
	if r == nil {
		panic(fmt.Sprintf("splynxtest: no payment %d", id))
	}
	s.unbook(r)
}
