package payment

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// recordTimeout bounds what a payer waits for the statement record, which a payment can do
// without.
const recordTimeout = 10 * time.Second

// openRecord makes the payment's record on the statement of the month or day while the page is
// asked for, since the payer waits for both. The function it returns waits for what came of
// it. A record that cannot be made stops nothing; one whose answer was lost is searched for
// when it is needed. statement is 0 where it is not known yet.
func (e *Engine) openRecord(ctx context.Context, g *Generation, p *Payment, statement int64) func() (Booking, error) {
	if p.apart() { // never booked
		return func() (Booking, error) { return Booking{}, nil }
	}
	var b Booking
	err := errors.New("it panicked")
	made := make(chan struct{})
	go func() {
		defer close(made)
		defer e.survive("statement record")
		ctx, cancel := context.WithTimeout(ctx, recordTimeout)
		defer cancel()
		if b, err = e.makeRecord(ctx, g, p, statement); err != nil {
			g.logger().Warn("statement record could not be made; the payment goes on without", append(describe(p), zap.Error(err))...)
			b = Booking{}
		}
	}()
	return func() (Booking, error) {
		<-made
		return b, err
	}
}

// makeRecord finds or makes the statement and the record.
func (e *Engine) makeRecord(ctx context.Context, g *Generation, p *Payment, statement int64) (b Booking, err error) {
	if statement == 0 {
		if statement, err = e.statement(ctx, g, p.CreatedAt); err != nil {
			return Booking{}, err
		}
	}
	b = Booking{StatementID: statement, RecordStatus: string(splynx.RecordNew)}
	b.RecordID, err = g.Splynx.CreateRecord(ctx, splynx.NewRecord{
		StatementID: statement, CustomerID: p.Customer, InvoiceID: p.invoiceID(), RequestID: p.requestID(),
		PaymentDate: p.CreatedAt.In(g.Settings.TimeZone), Amount: p.Amount,
		Marker: string(p.ID), Comment: g.Settings.StatementName,
	})
	return b, err
}

// statement is the id of the statement that a day's payments belong to. Splynx knows no
// unique titles: of several with one title the oldest is used.
func (e *Engine) statement(ctx context.Context, g *Generation, day time.Time) (int64, error) {
	layout := "01/2006"
	if g.Settings.StatementsDaily {
		layout = "02/01/2006"
	}
	title := g.Settings.StatementName + " " + day.In(g.Settings.TimeZone).Format(layout)
	defer e.titles.lock(title)()
	found, err := g.Splynx.StatementsByTitle(ctx, title)
	if err != nil {
		return 0, err
	}
	var oldest int64
	for _, s := range found {
		if oldest == 0 || s.ID < oldest {
			oldest = s.ID
		}
	}
	if oldest != 0 {
		return oldest, nil
	}
	return g.Splynx.CreateStatement(ctx, title)
}

// record reads the payment's statement record as it stands; nil if there is none. One whose
// id was not noted is searched for by our number; where the API key may not see records at
// all, none was made. Card checks and refunds have none.
func (e *Engine) record(ctx context.Context, g *Generation, p *Payment) (*splynx.Record, error) {
	if p.apart() {
		return nil, nil
	}
	if p.Booking.RecordID != 0 {
		return g.Splynx.Record(ctx, p.Booking.RecordID)
	}
	found, err := g.Splynx.RecordsByMarker(ctx, string(p.ID))
	if err != nil && forGood(err) {
		g.logger().Warn("statement records cannot be read", append(describe(p), zap.Error(err))...)
		return nil, nil
	}
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// byHand tells whether staff have booked a record: it is paired by hand, or carries a
// payment that is not ours. Our own canceled or error says nothing.
func byHand(r *splynx.Record, ours int64) bool {
	if r == nil {
		return false
	}
	if r.PaymentID != 0 {
		return r.PaymentID != ours
	}
	return r.Status == splynx.RecordManualPaired
}

// invoiceID is the invoice that the payment is for; 0 for other kinds.
func (p *Payment) invoiceID() int64 {
	if p.Kind == KindInvoice {
		return p.DocumentID
	}
	return 0
}

// requestID is the proforma invoice that the payment is for; 0 for other kinds.
func (p *Payment) requestID() int64 {
	if p.Kind == KindProforma {
		return p.DocumentID
	}
	return 0
}
