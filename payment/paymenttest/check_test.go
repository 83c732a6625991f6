package paymenttest

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const (
	one payment.ID = "AAAAAAAAAAAAAAA1"
	two payment.ID = "AAAAAAAAAAAAAAA2"
)

// healthy is a history in which one payment was charged and recorded.
func healthy(t *testing.T) Histories {
	t.Helper()
	amount, err := money.Parse("57.50", "NZD")
	if err != nil {
		t.Fatal(err)
	}
	p := &payment.Payment{
		ID: one, TxnID: one, State: payment.Recorded, Customer: 7, DocumentID: 3, Amount: amount, Reference: "Invoice 42",
		DpsTxnRef: "D1", Booking: payment.Booking{To: payment.ToDocument, PaymentID: 11},
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	event := func(from, to payment.State) payment.Event {
		return payment.Event{Payment: one, At: at, From: from, To: to, Why: "why", Who: "who", Node: "node"}
	}
	return Histories{
		AtRest:   true,
		Charges:  []windcavetest.Charge{{TxnID: string(one), DpsTxnRef: "D1", Amount: "57.50", Currency: "NZD", Reference: "Invoice 42"}},
		Payments: []splynxtest.Payment{{ID: 11, CustomerID: 7, InvoiceID: 3, Receipt: string(one), Amount: "57.5000"}},
		Records:  []splynxtest.Record{{ID: 5, Status: "processed", PaymentID: 11, Additional: [3]string{string(one)}}},
		Journal:  []*payment.Payment{p},
		Events: map[payment.ID][]payment.Event{one: {
			event("", payment.Created), event(payment.Created, payment.Offered),
			event(payment.Offered, payment.Approved), event(payment.Approved, payment.Recorded),
		}},
	}
}

// Every kind of broken history is told, as the promise that it breaks. One that cannot fail
// would prove nothing.
func TestCheckFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	park := func(h *Histories) { h.Journal[0].State = payment.Parked; h.Events = nil }
	for _, tt := range []struct {
		name    string
		promise int // -1: nothing is broken
		what    string
		spoil   func(*Histories)
	}{
		{"nothing", -1, "", func(*Histories) {}},
		{"deleted booking beside", -1, "", func(h *Histories) {
			h.Payments = append(h.Payments, splynxtest.Payment{ID: 12, CustomerID: 7, Receipt: string(one), Amount: "1", Deleted: true})
		}},
		{"another's payment", -1, "", func(h *Histories) {
			h.Payments = append(h.Payments, splynxtest.Payment{ID: 12, CustomerID: 8, Receipt: "2026-1-1", Amount: "1"})
		}},
		{"charged twice", 1, "more than once", func(h *Histories) {
			h.Charges = append(h.Charges, h.Charges[0])
			h.Charges[1].DpsTxnRef = "D2"
		}},
		{"second charge allowed, but lost", 2, "D2 under TxnId", func(h *Histories) {
			h.Second = true
			h.Charges = append(h.Charges, h.Charges[0])
			h.Charges[1].DpsTxnRef = "D2"
		}},
		{"second charge behind a parked row of the first", 2, "D2 under TxnId", func(h *Histories) {
			h.Second = true
			h.Charges = append(h.Charges, h.Charges[0])
			h.Charges[1].DpsTxnRef = "D2"
			park(h)
		}},
		{"two charges behind one parked row", 2, "D2 under TxnId", func(h *Histories) {
			h.Second = true
			h.Charges = append(h.Charges, h.Charges[0])
			h.Charges[1].DpsTxnRef = "D2"
			park(h)
			h.Journal[0].DpsTxnRef, h.Payments, h.Records = "", nil, nil
		}},
		{"one charge before a person", -1, "", func(h *Histories) {
			park(h)
			h.Journal[0].DpsTxnRef, h.Payments, h.Records = "", nil, nil
		}},
		{"charge without intent", 1, "no intent", func(h *Histories) { h.Charges[0].TxnID = string(two) }},
		{"charge unknown to the journal", 2, "not known", func(h *Histories) {
			h.Journal[0].State, h.Journal[0].DpsTxnRef, h.Events = payment.Expired, "", nil
			h.Payments, h.Records = nil, nil
		}},
		{"charged and declined", 2, "is declined", func(h *Histories) { h.Journal[0].State, h.Events = payment.Declined, nil }},
		{"two rows for a charge", 2, "2 rows", func(h *Histories) {
			q := *h.Journal[0]
			q.ID = two
			h.Journal, h.Events = append(h.Journal, &q), nil
		}},
		{"not recorded", 2, "still not recorded", func(h *Histories) { h.Journal[0].State, h.Events = payment.Approved, nil }},
		{"not recorded yet", -1, "", func(h *Histories) {
			h.Journal[0].State, h.Events, h.AtRest = payment.Approved, nil, false
		}},
		{"called recorded", 2, "Splynx has none", func(h *Histories) { h.Payments = nil }},
		{"recorded and deleted", 2, "Splynx has none", func(h *Histories) { h.Payments[0].Deleted = true }},
		{"recorded as another", 2, "is payment 11", func(h *Histories) { h.Journal[0].Booking.PaymentID = 10 }},
		{"booked twice", 2, "stands 2 times", func(h *Histories) {
			h.Payments = append(h.Payments, h.Payments[0])
			h.Payments[1].ID = 12
		}},
		{"booked twice and parked", -1, "", func(h *Histories) {
			h.Payments = append(h.Payments, h.Payments[0])
			h.Payments[1].ID = 12
			park(h)
		}},
		{"a person answers for it", -1, "", func(h *Histories) {
			h.Journal[0].Booking, h.Journal[0].Reason = payment.Booking{To: payment.ByHand}, payment.ReasonSettledRecorded
			h.Payments, h.Records = nil, nil
		}},
		{"a person answers for it, and it stands there too", 2, "beside that", func(h *Histories) {
			h.Journal[0].Booking, h.Journal[0].Reason = payment.Booking{To: payment.ByHand}, payment.ReasonSettledRecorded
		}},
		{"a claim that a person has judged", -1, "", func(h *Histories) {
			h.Journal[0].State, h.Journal[0].Reason, h.Journal[0].DpsTxnRef, h.Journal[0].Claimed = payment.NotDone, payment.ReasonSettledNotPaid, "", "D1"
			h.Payments, h.Events = nil, nil
		}},
		{"given back and booked", 2, "given back", func(h *Histories) { h.Journal[0].State, h.Events = payment.Refunded, nil }},
		{"by hand and ours", 2, "beside that", func(h *Histories) { h.Journal[0].Booking.To = payment.ByHand }},
		{"by hand, and nobody did", 2, "no payment 99", func(h *Histories) {
			h.Journal[0].Booking = payment.Booking{To: payment.ByHand, PaymentID: 99}
			h.Payments, h.Records = nil, nil
		}},
		{"by hand, another amount", 3, "is of customer 7 and 1", func(h *Histories) {
			h.Journal[0].Booking.To = payment.ByHand
			h.Payments[0].Receipt, h.Payments[0].Amount = "2026-1-1", "1"
		}},
		{"by hand, another customer", 3, "is of customer 8", func(h *Histories) {
			h.Journal[0].Booking.To = payment.ByHand
			h.Payments[0].Receipt, h.Payments[0].CustomerID = "2026-1-1", 8
		}},
		{"approval made up", 3, "never made", func(h *Histories) { h.Charges = nil }},
		{"booked, never approved", 3, "never approved", func(h *Histories) {
			h.Charges, h.Journal[0].DpsTxnRef, h.Journal[0].State, h.Events = nil, "", payment.Declined, nil
		}},
		{"booked, unknown number", 3, "does not know", func(h *Histories) {
			h.Payments = append(h.Payments, splynxtest.Payment{ID: 12, CustomerID: 7, Receipt: string(two), Amount: "57.5"})
		}},
		{"booked by another number, and the charge is before a person", -1, "", func(h *Histories) {
			park(h)
			h.Payments[0].Receipt, h.Payments[0].Comment = string(two), "Payment Express D1"
		}},
		{"booked by another number, and nobody looks", 3, "does not know", func(h *Histories) {
			h.Payments[0].Receipt, h.Payments[0].Comment = string(two), "Payment Express D1"
		}},
		{"booked, and a claim is before a person", -1, "", func(h *Histories) {
			park(h)
			h.Journal[0].DpsTxnRef, h.Journal[0].Claimed = "", "D1"
		}},
		{"booked, and a claim of what was never charged is before a person", 3, "never approved", func(h *Histories) {
			park(h)
			h.Journal[0].DpsTxnRef, h.Journal[0].Claimed, h.Charges = "", "D9", nil
		}},
		{"another amount booked", 3, "Splynx has 57.5001", func(h *Histories) { h.Payments[0].Amount = "57.5001" }},
		{"another amount approved", 3, "gateway approved 57.51", func(h *Histories) { h.Charges[0].Amount = "57.51" }},
		{"another currency approved", 3, "AUD", func(h *Histories) { h.Charges[0].Currency = "AUD" }},
		{"another reference approved", 3, "of reference", func(h *Histories) { h.Charges[0].Reference = "Invoice 43" }},
		{"another customer booked", 3, "stands at customer 8", func(h *Histories) { h.Payments[0].CustomerID = 8 }},
		{"charge of another TxnId", 3, "which is of TxnId", func(h *Histories) { h.Journal[0].TxnID = two }},
		{"record paired beside ours", 2, "was paired with payment 12", func(h *Histories) { h.Records[0].PaymentID = 12 }},
		{"record paired without money", 3, "took no money", func(h *Histories) {
			h.Charges, h.Payments, h.Journal[0].DpsTxnRef, h.Journal[0].State, h.Events = nil, nil, "", payment.Expired, nil
		}},
		{"page still open", 2, "is still offered", func(h *Histories) {
			h.Charges, h.Payments, h.Records, h.Journal[0].DpsTxnRef, h.Journal[0].State, h.Events = nil, nil, nil, "", payment.Offered, nil
		}},
		{"event missing", 0, "does not follow", func(h *Histories) { h.Events[one] = h.Events[one][1:] }},
		{"event without reason", 0, "does not follow", func(h *Histories) { h.Events[one][1].Why = "" }},
		{"events end elsewhere", 0, "its events end", func(h *Histories) { h.Journal[0].State = payment.Parked }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := healthy(t)
			tt.spoil(&h)
			found := Check(h)
			if tt.promise == -1 {
				if len(found) > 0 {
					t.Errorf("found %v, and nothing is broken", found)
				}
				return
			}
			for _, v := range found {
				if v.Promise == tt.promise && strings.Contains(v.String(), tt.what) {
					return
				}
			}
			t.Errorf("found %v, want promise %d broken: %s", found, tt.promise, tt.what)
		})
	}
}
