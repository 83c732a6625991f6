package payment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// found ends a booking whose row the search has shown.
func (e *Engine) found(ctx context.Context, g *Generation, p *Payment, rows []splynx.Payment) error {
	row, why, note := p.ownRow(rows)
	if why != "" {
		return e.park(ctx, g, p, why, note)
	}
	// Read after our row was seen: staff may have paired the record meanwhile.
	record, err := e.record(ctx, g, p)
	if err != nil && !isNotFound(err) {
		return err
	}
	if byHand(record, row.ID) {
		return e.park(ctx, g, p, ReasonBookedTwice, fmt.Sprintf("payment %d is ours; the statement record %d was paired by hand with payment %d", row.ID, record.ID, record.PaymentID))
	}
	faultpoint.Hit("row_found")
	status := p.Booking.RecordStatus
	if record != nil && (record.Status != splynx.RecordProcessed || record.PaymentID != row.ID) {
		if err := g.Splynx.UpdateRecord(ctx, record.ID, splynx.RecordUpdate{Status: splynx.RecordProcessed, PaymentID: row.ID}); err != nil {
			if !forGood(err) {
				return fmt.Errorf("mark the statement record as processed: %w", err)
			}
			g.logger().Error("statement record cannot be marked as processed", append(describe(p), zap.Error(err))...)
		} else {
			status = string(splynx.RecordProcessed)
		}
	} else if record != nil {
		status = string(splynx.RecordProcessed)
	}
	faultpoint.Hit("record_processed")
	switch {
	case onDocument(row) || p.DocumentID == 0 || p.Kind == KindRefund:
	case p.Booking.WithoutDocument:
		g.logger().Error("splynx refused the payment on the invoice: it was booked to the balance, and the invoice is still due", describe(p)...)
		e.did(ctx, g, DeedOnBalance, p, "engine", "")
	default:
		g.logger().Warn("invoice was not due any more: the payment was booked to the balance", describe(p)...)
		e.did(ctx, g, DeedPaidTwice, p, "engine", "")
	}
	return e.recorded(ctx, g, p, func(b *Booking) {
		b.PaymentID, b.RecordStatus = row.ID, status
		if record != nil {
			b.RecordID = record.ID
		}
		b.To = ToBalance
		if onDocument(row) {
			b.To = ToDocument
		}
		if b.PostedAt.IsZero() {
			b.PostedAt = e.now()
		}
	}, fmt.Sprintf("payment %d in Splynx", row.ID))
}

// ownRow picks the payment in Splynx that is this one, or tells why a person must look.
func (p *Payment) ownRow(rows []splynx.Payment) (row splynx.Payment, why Reason, note string) {
	there := live(rows)
	switch len(there) {
	case 0:
		return row, ReasonBookedOtherwise, "payment " + ids(rows) + " in Splynx carries our number and was deleted"
	case 1:
	default:
		return row, ReasonBookedTwice, "payments " + ids(there) + " in Splynx carry our number"
	}
	row = there[0]
	switch {
	case !row.Amount.Is(p.booked()):
		return row, ReasonBookedOtherwise, fmt.Sprintf("payment %d in Splynx carries our number but another amount", row.ID)
	case p.TxnID == p.ID && row.ID != p.Booking.PaymentID && !p.named(row):
		return row, ReasonBookedOtherwise, fmt.Sprintf("payment %d in Splynx carries our number, but its comment does not name %s: it may be of another charge on the page", row.ID, p.DpsTxnRef)
	}
	return row, "", ""
}

// booked is the amount that stands in Splynx: what was given back is taken from the balance.
func (p *Payment) booked() currency.Amount {
	if p.Kind != KindRefund {
		return p.Amount
	}
	negative, err := p.Amount.Mul("-1")
	if err != nil { // -1 is a number
		panic(err)
	}
	return negative
}

// bookedByUs tells that the payment has ended with a row of its own in Splynx.
func (p *Payment) bookedByUs() bool {
	return p.State == Recorded || p.State == Settled && p.Booking.PaymentID != 0
}

// foundByHand ends a booking that staff have made: they paired the statement record.
func (e *Engine) foundByHand(ctx context.Context, g *Generation, p *Payment, record *splynx.Record) error {
	if record.PaymentID == 0 {
		return e.park(ctx, g, p, ReasonBookedOtherwise, fmt.Sprintf("the statement record %d was paired by hand, with no payment", record.ID))
	}
	row, err := g.Splynx.Payment(ctx, record.PaymentID)
	if err != nil && !isNotFound(err) {
		return err
	}
	if err != nil || row.Deleted || row.CustomerID != p.Customer || !row.Amount.Is(p.Amount) {
		return e.park(ctx, g, p, ReasonBookedOtherwise, fmt.Sprintf("the statement record %d was paired by hand with payment %d, which is not this money", record.ID, record.PaymentID))
	}
	return e.recorded(ctx, g, p, func(b *Booking) { b.To, b.PaymentID = ByHand, row.ID }, fmt.Sprintf("payment %d, made by hand", row.ID))
}

// recorded moves a payment to its good end.
func (e *Engine) recorded(ctx context.Context, g *Generation, p *Payment, set func(*Booking), note string) error {
	to := Recorded
	if p.Kind == KindRefund {
		to = Settled
	}
	_, err := e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		if q.State != Approved {
			return Writes{}, errFenced
		}
		set(&q.Booking)
		ev, err := q.move(to, ReasonBooked, note, "engine", e.now())
		e.rest(q, e.now())
		return Writes{Events: []Event{ev}}, err
	})
	if err == nil {
		e.quiets.end(p.ID)
		faultpoint.Hit("recorded")
	}
	return err
}

// park hands a payment to a person.
func (e *Engine) park(ctx context.Context, g *Generation, p *Payment, why Reason, note string) error {
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		ev, err := q.move(Parked, why, note, "engine", e.now())
		e.rest(q, e.now())
		return Writes{Events: []Event{ev}}, err
	}))
	return err
}

// lookAgain searches for a payment after it has ended: a POST that was given up may have
// committed, and staff may have booked the same money.
func (e *Engine) lookAgain(ctx context.Context, g *Generation, p *Payment) error {
	if p.Booking.PostedAt.IsZero() {
		return e.looked(ctx, g, p)
	}
	rows, err := e.search(ctx, g, p)
	if err != nil {
		return err
	}
	if rows = live(rows); len(rows) > 1 || len(rows) > 0 && (!p.bookedByUs() || p.Booking.To == ByHand) {
		return e.park(ctx, g, p, ReasonBookedTwice, "payments "+ids(rows)+" in Splynx carry our number")
	}
	if p.byPerson() { // who has seen the others, and said what they are
		return e.looked(ctx, g, p)
	}
	others, err := e.sameMoney(ctx, g, p)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return e.park(ctx, g, p, ReasonPerhapsBookedTwice, "payments "+ids(others)+" in Splynx are of the same customer and amount")
	}
	return e.looked(ctx, g, p)
}

// looked notes a later search that found nothing wrong.
func (e *Engine) looked(ctx context.Context, g *Generation, p *Payment) error {
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		if !q.Booking.PostedAt.IsZero() {
			q.Booking.Looks++
		}
		e.rest(q, e.now())
		return Writes{}, nil
	}))
	return err
}

// sameMoney lists the customer's payments made since ours began that have its amount and are
// neither ours nor for another document.
func (e *Engine) sameMoney(ctx context.Context, g *Generation, p *Payment) ([]splynx.Payment, error) {
	rows, err := g.Splynx.PaymentsSince(ctx, p.Customer, p.CreatedAt.In(g.Settings.TimeZone))
	if err != nil {
		return nil, err
	}
	var same []splynx.Payment
	for _, row := range rows {
		if row.Deleted || row.ID == p.Booking.PaymentID || !row.Amount.Is(p.booked()) {
			continue
		}
		if row.InvoiceID != 0 && row.InvoiceID != p.invoiceID() || row.RequestID != 0 && row.RequestID != p.requestID() {
			continue
		}
		if _, err := e.store.Get(ctx, ID(row.ReceiptNumber)); err == nil {
			continue
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		same = append(same, row)
	}
	return same, nil
}

// lookParked goes on with a payment whose credentials are back; any other one that carries a
// POST is only searched for, and a person is told.
func (e *Engine) lookParked(ctx context.Context, g *Generation, p *Payment) error {
	told := p.PxPostUser == "" // nobody would ever tell more
	if !p.HasMoney() {
		moved, v, err := e.askParked(ctx, g, p)
		if moved || err != nil {
			return err
		}
		told = told || heard(v)
	}
	if p.Reason == ReasonCredentialsMissing && told {
		if _, err := g.pxPay(p.Endpoint, p.PxPayUser); err == nil {
			return e.resume(ctx, g, p)
		}
	}
	if !p.Booking.PostedAt.IsZero() {
		rows, err := e.search(ctx, g, p)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			g.logger().Error("a parked payment stands in Splynx", append(describe(p), zap.String("payments", ids(rows)))...)
		}
	}
	return e.looked(ctx, g, p)
}

// resume puts a parked payment back to where it came from.
func (e *Engine) resume(ctx context.Context, g *Generation, p *Payment) error {
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		ev, err := q.move(q.ParkedFrom, ReasonCredentialsBack, "", "engine", e.now())
		e.rest(q, e.now())
		q.NextAt = e.now() // its page may have ended meanwhile
		return Writes{Events: []Event{ev}}, err
	}))
	return err
}

// live leaves out what was deleted in Splynx.
func live(rows []splynx.Payment) []splynx.Payment {
	return slices.DeleteFunc(slices.Clone(rows), func(r splynx.Payment) bool { return r.Deleted })
}

// forGood tells that Splynx will not do it at the next try either: nothing may wait for it.
func forGood(err error) bool {
	var failed *splynx.Error
	return errors.As(err, &failed) &&
		(failed.Kind == splynx.KindRefused || failed.Kind == splynx.KindNotFound || failed.HTTPStatus == http.StatusForbidden)
}

func ids(rows []splynx.Payment) string {
	s := make([]string, len(rows))
	for i, row := range rows {
		s[i] = fmt.Sprint(row.ID)
	}
	return strings.Join(s, ", ")
}

// searchProof remembers whether Splynx's search for payments was seen to find what is there.
type searchProof struct{ seen atomic.Bool }

func (s *searchProof) prove()       { s.seen.Store(true) }
func (s *searchProof) refute()      { s.seen.Store(false) }
func (s *searchProof) proven() bool { return s.seen.Load() }

// ProveSearch tries the search on a payment that is there, anybody's. Without one nothing is
// proven, until the first booking.
func (g *Generation) ProveSearch(ctx context.Context) error {
	latest, err := g.Splynx.LatestPayments(ctx, 20)
	if err != nil {
		return fmt.Errorf("read the newest payments: %w", err)
	}
	var missed error
	for _, row := range latest {
		if row.ReceiptNumber == "" || row.Deleted {
			continue
		}
		found, err := g.Splynx.PaymentsByReceipt(ctx, row.ReceiptNumber, row.CustomerID)
		if err != nil {
			return fmt.Errorf("search for payment %d by its receipt number: %w", row.ID, err)
		}
		for _, f := range found {
			if f.ID == row.ID {
				g.search.prove()
				return nil
			}
		}
		missed = fmt.Errorf("payment %d is not found by its receipt number", row.ID) // an odd number, perhaps
	}
	return missed
}
