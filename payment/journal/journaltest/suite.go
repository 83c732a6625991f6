// Package journaltest is what every store of payments must pass.
package journaltest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Run runs the suite. open gives a new, empty store, which ends with the test.
func Run(t *testing.T, open func(t *testing.T) payment.Store) {
	for name, test := range map[string]func(*testing.T, *suite){
		"what is written is read":             roundTrip,
		"nothing is found":                    notFound,
		"a form key is used once":             formKeys,
		"a charge has one row":                charges,
		"a refused payment is not there":      refusedCreate,
		"what is in flight is seen":           inFlight,
		"one of many at once is let in":       oneInFlight,
		"a change is all or nothing":          atomicChange,
		"changes at once are all kept":        concurrentChanges,
		"a second charge's row is made once":  sibling,
		"events stay in order":                events,
		"a claim excludes others":             claims,
		"claims at once give it to one":       concurrentClaims,
		"bookings of a customer take turns":   customerTurns,
		"what is due, in order":               due,
		"due is told to the nanosecond":       duePrecision,
		"payments are found by what they are": find,
		"tokens":                              tokens,
		"tokens that are due":                 dueTokens,
		"a judged token goes with its change": judgedToken,
		"keys stay":                           keys,
		"marks":                               marks,
		"what was done is listed":             acts,
		"figures add up":                      figures,
		"payments are found by their days":    foundByDay,
		"lists go on page by page":            listed,
		"lists are what a filter finds":       foundAsFiltered,
		"what is unfinished is counted":       unfinished,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &suite{T: t, Store: open(t), ctx: context.Background()})
		})
	}
}

type suite struct {
	*testing.T
	payment.Store
	ctx   context.Context
	count int // of what a test makes beside
}

// now has microseconds: a store may be late by less than one, and never early.
var now = time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC)

// sample is a payment with something in every field that matters.
func (s *suite) sample(id payment.ID) *payment.Payment {
	s.Helper()
	amount, err := money.Parse("57.50", "NZD")
	s.must(err)
	return &payment.Payment{
		ID: id, TxnID: id, Kind: payment.KindInvoice, Way: payment.WayHosted, Origin: payment.OriginGuest,
		State: payment.Created, Reason: payment.ReasonStarted, Partner: 1, Customer: 7, DocumentID: 3, DocumentNumber: "2026/0042",
		Amount: amount, Endpoint: "https://sec.example", PxPayUser: "user", PxPostUser: "post", TxnType: "Purchase", Reference: "Invoice ä & <b>",
		FormKey: "form-" + string(id), Payer: "payer", PageURL: "https://page.example/?a=b", PageEnds: now.Add(time.Hour),
		Booking:   payment.Booking{StatementID: 1, RecordID: 2, RecordStatus: "new", QuietUntil: now.Add(time.Minute), Post: payment.PostUnclear},
		CreatedAt: now, MovedAt: now.Add(789 * time.Nanosecond), NextAt: now.Add(time.Minute), Fence: 1,
	}
}

func (s *suite) event(p *payment.Payment, to payment.State) payment.Event {
	return payment.Event{Payment: p.ID, At: now, To: to, Why: payment.ReasonStarted, Note: "note", Who: "who", Node: "node"}
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// fails wants an error.
func (s *suite) fails(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("got %v, want %v", err, want)
	}
}

func letIn([]*payment.Payment) error { return nil }

func (s *suite) create(p *payment.Payment) {
	s.Helper()
	s.must(s.tryCreate(p))
}

func (s *suite) tryCreate(p *payment.Payment) error {
	return s.Create(s.ctx, p, s.event(p, p.State), letIn)
}

func (s *suite) get(id payment.ID) *payment.Payment {
	s.Helper()
	p, err := s.Get(s.ctx, id)
	s.must(err)
	return p
}

func (s *suite) same(got, want *payment.Payment) {
	s.Helper()
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() })); d != "" {
		s.Errorf("differs:\n%s", d)
	}
}

// id numbers payments.
func id(n int) payment.ID { return payment.ID(fmt.Sprintf("A%015d", n)) }
