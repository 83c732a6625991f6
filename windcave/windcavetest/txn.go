package windcavetest

import (
	"fmt"
	"maps"
	"time"
)

// txn is a transaction as the host keeps it.
type txn struct {
	account   *Account
	typ, id   string
	reference string
	amount    amount
	currency  string
	card      Card
	verdict
	ref, authCode  string
	at             time.Time
	hosted, stored bool
	billingID      string
	dpsBillingID   string
	surcharge      amount
	surchargeRef   string

	original *txn // what a Refund, Complete or Void is about
	given    amount
	voided   bool
	charge   int // 1 and up: its place in the charges

	// Lies that were ordered with the call that made it.
	shown         values
	noID          bool
	notAuthorized bool
	pending       bool // the answer to the call that made it
	polls         int  // Status answers yet to say StatusRequired 1
}

// record asks the bank, bends the result as ordered, and keeps it.
func (c *call) record(t *txn, v verdict) {
	s := c.s
	key := txnKey{t.account, t.id}
	t.verdict, t.at, t.ref, t.authCode = v, s.now(), s.newRef(), s.now().Format("150405")
	c.bend(t)
	s.byRef[t.ref] = t
	if t.id != "" {
		s.used[key] = true
		s.txns[key] = append(s.txns[key], t)
	}
	if t.Approved {
		s.book(t)
	}
	c.entry.DpsTxnRef, c.entry.ReCo, c.entry.Outcome = t.ref, t.ReCo, t.outcome()
	if t.pending {
		c.entry.Outcome = Pending
	}
}

// book writes an approval into the history.
func (s *Server) book(t *txn) {
	switch t.typ {
	case "Purchase", "Auth":
		s.addCharge(t)
	case "Complete":
		t.original.given = t.original.given.plus(t.amount)
		s.addCharge(t)
	case "Refund":
		t.original.given = t.original.given.plus(t.amount)
		s.addRefund(t)
	case "Void":
		t.original.voided = true
		if t.original.charge > 0 {
			s.charges[t.original.charge-1].Voided = t.at
		}
	}
}

func (t *txn) outcome() Outcome {
	if t.Approved {
		return Approved
	}
	return Declined
}

// bend applies the faults that stay with a transaction.
func (c *call) bend(t *txn) {
	t.shown = values{}
	for _, o := range c.orders {
		maps.Copy(t.shown, o.fault.overlay())
		switch f := o.fault; f.Kind {
		case Decline:
			t.verdict = declined(f.value("51"))
		case NotAuthorized:
			t.verdict, t.notAuthorized = declined("00"), true
		case StatusRequired:
			t.pending, t.polls = true, f.count(1)
		case OtherAmount:
			t.amount = otherAmount(t.amount, f.Value)
		case OtherCurrency:
			t.currency = f.value("XPF")
		case NoTxnID:
			t.noID = true
		case Surcharge:
			t.surcharge, t.surchargeRef = surchargeOf(t.amount, f.Value), c.s.newRef()
		}
	}
	if !t.Approved {
		t.surcharge, t.surchargeRef, t.authCode = amount{}, "", ""
	}
}

func otherAmount(a amount, value string) amount {
	if other, ok := parseAmount(value, a.digits); ok {
		return other
	}
	return amount{a.minor + 1, a.digits}
}

func surchargeOf(a amount, value string) amount {
	if extra, ok := parseAmount(value, a.digits); ok {
		return extra
	}
	return amount{max(1, a.unit()/4), a.digits}
}

// lookup gives the first approval of a TxnId, else its latest transaction.
func (s *Server) lookup(account *Account, txnID string) *txn {
	var found *txn
	for _, t := range s.txns[txnKey{account, txnID}] {
		if t.hosted && s.opt.StatusIgnoresHosted {
			continue
		}
		if found = t; t.Approved {
			break
		}
	}
	return found
}

// Override turns the outcome of the latest transaction with this TxnId, as if the
// bank had changed its mind: an approval becomes a Charge now, a charge that is
// taken back is marked Reversed.
func (s *Server) Override(txnID string, approve bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var last *txn
	for key, list := range s.txns {
		if key.txnID == txnID {
			last = list[len(list)-1]
		}
	}
	switch {
	case last == nil:
		return fmt.Errorf("override: no transaction %q", txnID)
	case last.Approved == approve:
		return nil
	case approve:
		last.verdict, last.at, last.polls, last.notAuthorized = approved, s.now(), 0, false
		last.authCode = last.at.Format("150405")
		s.book(last)
	default:
		last.verdict, last.authCode = declined("05"), ""
		if last.charge > 0 {
			s.charges[last.charge-1].Reversed = s.now()
		}
	}
	return nil
}

// money writes an amount as replies do.
func (s *Server) money(a amount) string {
	if a.digits == 0 && s.opt.TwoDecimals {
		return a.String() + ".00"
	}
	return a.String()
}
