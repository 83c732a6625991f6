package splynxtest

import "fmt"

// createPayment answers POST payments. Nothing keeps a receipt number from being booked twice.
func (s *Server) createPayment(who identity, in input) (int64, *refusal) {
	r := s.payments.blank()
	if bad := r.fill(in, true); bad != nil {
		return 0, bad
	}
	if bad := s.checkPayment(who, r); bad != nil {
		return 0, bad
	}
	r.set("added_by", "api")
	if who.kind == "admin" {
		r.set("added_by", "admin")
	}
	r.setInt("added_by_id", who.id)
	return s.book(r), nil
}

func (s *Server) checkPayment(who identity, r *row) *refusal {
	customer := s.customers.find(r.int("customer_id"))
	if customer == nil {
		return invalid("customer_id", "Customer ID is invalid.")
	}
	if bad := s.sees(who, byPartner, customer); bad != nil {
		return bad
	}
	switch {
	case s.closedForSub(customer.id()):
		return subRefused
	case s.methods.find(r.int("payment_type")) == nil:
		return invalid("payment_type", "Payment type is invalid.")
	case sign(r.text("amount")) < 0 && s.opts.NegativePayments && r.int("invoice_id") == 0 && r.int("request_id") == 0:
	case sign(r.text("amount")) <= 0:
		return invalid("amount", "Amount must be greater than 0.")
	case r.text("date") == kindDate.empty():
		return invalid("date", "Date cannot be blank.")
	case r.int("invoice_id") != 0 && r.int("request_id") != 0:
		return invalid("request_id", "Only one document can be paid.")
	}
	if bad := payable(s.invoices, r, "invoice_id"); bad != nil {
		return bad
	}
	return payable(s.proformas, r, "request_id")
}

var subRefused = invalid("customer_id", "Finance documents are disabled for sub accounts.")

// closedForSub reports whether the customer is a sub-account and the settings close finance documents to those. Only the
// setting's name is recorded, and that it is 1 on a fresh system.
func (s *Server) closedForSub(customer int64) bool {
	r := s.customers.find(customer)
	return r != nil && r.int("parent_id") != 0 && !s.opts.SubAccounts && s.configured(subAccountsKey) == "1"
}

// payable refuses a document that is not there, was deleted, or is another customer's.
func payable(t *table, payment *row, link string) *refusal {
	id := payment.int(link)
	if id == 0 {
		return nil
	}
	doc := t.find(id)
	if doc == nil || doc.text("status") == "deleted" || doc.int("customer_id") != payment.int("customer_id") {
		return invalid(link, "Document is invalid.")
	}
	return nil
}

// book keeps a payment that was checked, and everything that follows from it.
func (s *Server) book(r *row) int64 {
	amount := r.text("amount")
	if r.text("receipt_number") == "" {
		r.set("receipt_number", s.receipt(r.int("payment_type")))
	}
	r.set("real_create_datetime", s.moment())
	r.set("updated_at", s.moment())
	id := s.payments.insert(r)
	s.created[id] = s.Now()
	transaction := s.credit(r)
	r.setInt("transaction_id", transaction)

	rest := minus(amount, s.payInvoice(r, transaction))
	if doc := s.proformas.find(r.int("request_id")); doc != nil {
		s.markPaid(doc, r)
	}
	r.set("remind_amount", rest)
	s.raise(r.int("customer_id"), amount)
	return id
}

// payInvoice lowers the invoice's due and returns by how much.
func (s *Server) payInvoice(payment *row, transaction int64) string {
	doc := s.invoices.find(payment.int("invoice_id"))
	if doc == nil || sign(doc.text("due")) <= 0 {
		return "0.0000"
	}
	part := payment.text("amount")
	if compareNumbers(part, doc.text("due")) > 0 {
		part = doc.text("due")
	}
	doc.set("due", minus(doc.text("due"), part))
	doc.set("date_updated", s.today())
	if sign(doc.text("due")) <= 0 {
		s.markPaid(doc, payment)
	}
	rel := s.relations.blank()
	rel.set("customer_id", payment.text("customer_id"))
	rel.setInt("payer_id", payment.id())
	rel.set("type", "payment")
	rel.setLink("invoice_id", doc.id())
	rel.setLink("transaction_id", transaction)
	rel.set("amount", part)
	s.relations.insert(rel)
	return part
}

func (s *Server) markPaid(doc, payment *row) {
	doc.set("status", "paid")
	doc.set("date_payment", payment.text("date"))
	doc.setInt("payment_id", payment.id())
	doc.set("date_updated", s.today())
}

func (s *Server) markUnpaid(doc *row) {
	doc.set("status", "not_paid")
	doc.set("date_payment", kindDate.empty())
	doc.setInt("payment_id", 0)
	doc.set("date_updated", s.today())
}

// credit makes the payment's transaction.
func (s *Server) credit(payment *row) int64 {
	r := s.transactions.blank()
	r.set("customer_id", payment.text("customer_id"))
	r.set("type", "credit")
	r.set("price", payment.text("amount"))
	r.set("total", payment.text("amount"))
	r.set("date", payment.text("date"))
	r.set("category", "3")
	if m := s.methods.find(payment.int("payment_type")); m != nil {
		r.set("description", m.text("name"))
	}
	r.setLink("payment_id", payment.id())
	r.set("updated_at", s.moment())
	return s.transactions.insert(r)
}

// raise changes the customer's balance: by the whole of a payment, also of one for an invoice, whose
// claim lowered the balance when it was made.
func (s *Server) raise(customer int64, by string) {
	if b := s.billing.find(customer); b != nil {
		b.set("deposit", plus(b.text("deposit"), by))
	}
}

// receipt is the provider's own number: year, payment type, counter.
func (s *Server) receipt(paymentType int64) string {
	s.receipts++
	return fmt.Sprintf("%d-%02d-%05d", s.local().Year(), paymentType, s.receipts)
}

// unbook deletes a payment and takes back everything that followed from it.
func (s *Server) unbook(r *row) {
	r.set("deleted", "1")
	r.set("updated_at", s.moment())
	if t := s.transactions.find(r.int("transaction_id")); t != nil {
		t.set("deleted", "1")
	}
	s.raise(r.int("customer_id"), minus("0.0000", r.text("amount")))
	if doc := s.proformas.find(r.int("request_id")); doc != nil && doc.int("payment_id") == r.id() {
		s.markUnpaid(doc)
		for _, other := range s.payments.rows {
			if !other.deleted() && other.int("request_id") == doc.id() {
				s.markPaid(doc, other)
			}
		}
	}
	s.unpayInvoice(r)
}

func (s *Server) unpayInvoice(payment *row) {
	kept := s.relations.rows[:0:0]
	for _, rel := range s.relations.rows {
		if rel.text("type") != "payment" || rel.int("payer_id") != payment.id() {
			kept = append(kept, rel)
			continue
		}
		delete(s.relations.byID, rel.id())
		doc := s.invoices.find(rel.int("invoice_id"))
		if doc == nil {
			continue
		}
		doc.set("due", plus(doc.text("due"), rel.text("amount")))
		if doc.text("status") == "paid" {
			s.markUnpaid(doc)
		}
	}
	s.relations.rows = kept
}
