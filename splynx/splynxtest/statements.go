package splynxtest

import "fmt"

// counters are the columns of a statement that count records, by the records' status.
var counters = map[string]string{
	"processed": "processed", "error": "errors", "new": "new", "canceled": "canceled",
	"ignored": "ignored", "manual_paired": "manual_paired", "pending": "pending",
}

func (s *Server) createStatement(_ identity, in input) (int64, *refusal) {
	r := s.statements.blank()
	r.set("date_time", s.moment())
	if bad := r.fill(in, true); bad != nil {
		return 0, bad
	}
	return s.statements.insert(r), nil
}

func (s *Server) createRecord(who identity, in input) (int64, *refusal) {
	r := s.records.blank()
	r.set("datetime", s.moment())
	if bad := r.fill(in, true); bad != nil {
		return 0, bad
	}
	if s.statements.find(r.int("bank_statements_process_id")) == nil {
		return 0, invalid("bank_statements_process_id", "Statement is invalid.")
	}
	if id := r.int("customer_id"); id != 0 {
		customer := s.customers.find(id)
		if customer == nil {
			return 0, invalid("customer_id", "Customer ID is invalid.")
		}
		if bad := s.sees(who, byPartner, customer); bad != nil {
			return 0, bad
		}
	}
	s.tally(r, 1)
	return s.records.insert(r), nil
}

func (s *Server) changeRecord(r *row, in input) *refusal {
	s.tally(r, -1)
	defer s.tally(r, 1)
	return s.change(r, in)
}

// tally counts a record in its statement: by is 1, or -1 when it goes.
func (s *Server) tally(record *row, by int64) {
	st := s.statements.find(record.int("bank_statements_process_id"))
	if st == nil {
		return
	}
	st.setInt("records", st.int("records")+by)
	if name, ok := counters[record.text("status")]; ok {
		st.setInt(name, st.int(name)+by)
	}
}

// PairByHand does what staff do with a record: makes a payment for it under a receipt number of Splynx's own, pays the
// document that the record names, and marks the record. It returns the payment.
func (s *Server) PairByHand(record int64) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records.find(record)
	if r == nil {
		return Payment{}, fmt.Errorf("no record %d", record)
	}
	if r.int("payment_id") != 0 {
		return Payment{}, fmt.Errorf("record %d has payment %d", record, r.int("payment_id"))
	}
	date := r.text("payment_date")
	if date == kindDate.empty() {
		date = s.today()
	}
	id, err := s.insertPayment(Payment{
		CustomerID: r.int("customer_id"), InvoiceID: r.int("invoice_id"), RequestID: r.int("request_id"),
		Amount: r.text("amount"), Date: date,
	})
	if err != nil {
		return Payment{}, err
	}
	s.tally(r, -1)
	r.setLink("payment_id", id)
	r.setLink("transaction_id", s.payments.find(id).int("transaction_id"))
	r.set("status", "manual_paired")
	s.tally(r, 1)
	return s.payment(s.payments.find(id)), nil
}
