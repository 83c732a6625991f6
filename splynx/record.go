package splynx

import (
	"context"
	"errors"
	"time"

	"github.com/bojanz/currency"
)

// RecordStatus is where a statement record stands.
type RecordStatus string

// The states of a record.
const (
	RecordNew          RecordStatus = "new"           // not finished; staff can pair it by hand
	RecordProcessed    RecordStatus = "processed"     // booked
	RecordCanceled     RecordStatus = "canceled"      // given up by the customer
	RecordError        RecordStatus = "error"         // declined
	RecordIgnored      RecordStatus = "ignored"       // by staff
	RecordDeleted      RecordStatus = "deleted"       // by staff
	RecordManualPaired RecordStatus = "manual_paired" // staff have booked a payment for it
	RecordPending      RecordStatus = "pending"       // paid, not yet booked
)

// Record is one line of a statement.
type Record struct {
	ID, StatementID int64
	CustomerID      int64 // 0 for none, as the ids below
	InvoiceID       int64
	RequestID       int64
	PaymentID       int64
	Status          RecordStatus
	Amount          Decimal
	PaymentDate     Date
	Comment         string
	Additional      [3]string // additional_1 to additional_3; the first one holds the marker
}

type wireRecord struct {
	wireKey
	StatementID wireID   `json:"bank_statements_process_id"`
	CustomerID  wireID   `json:"customer_id"`
	InvoiceID   wireID   `json:"invoice_id"`
	RequestID   wireID   `json:"request_id"`
	PaymentID   wireID   `json:"payment_id"`
	Status      wireText `json:"status"`
	Amount      *Decimal `json:"amount"`
	PaymentDate Date     `json:"payment_date"`
	Comment     wireText `json:"comment"`
	Additional1 wireText `json:"additional_1"`
	Additional2 wireText `json:"additional_2"`
	Additional3 wireText `json:"additional_3"`
}

func (w wireRecord) value() (Record, error) {
	if w.Amount == nil {
		return Record{}, errors.New("the record has no amount")
	}
	return Record{
		ID: int64(w.ID), StatementID: int64(w.StatementID), CustomerID: int64(w.CustomerID), InvoiceID: int64(w.InvoiceID),
		RequestID: int64(w.RequestID), PaymentID: int64(w.PaymentID), Status: RecordStatus(w.Status), Amount: *w.Amount,
		PaymentDate: w.PaymentDate, Comment: string(w.Comment),
		Additional: [3]string{string(w.Additional1), string(w.Additional2), string(w.Additional3)},
	}, nil
}

// NewRecord is a record to be made, in the state RecordNew.
type NewRecord struct {
	StatementID int64
	CustomerID  int64
	InvoiceID   int64           // 0 for none
	RequestID   int64           // 0 for none
	PaymentDate time.Time       // its day counts, in its own time zone
	Amount      currency.Amount // more than 0, in the digits of its currency
	Marker      string          // finds the record again; kept in additional_1
	Comment     string
}

type wireNewRecord struct {
	StatementID int64        `json:"bank_statements_process_id"`
	CustomerID  int64        `json:"customer_id"`
	InvoiceID   *int64       `json:"invoice_id"`
	RequestID   *int64       `json:"request_id"`
	PaymentDate string       `json:"payment_date"`
	Amount      string       `json:"amount"`
	Status      RecordStatus `json:"status"`
	Additional1 string       `json:"additional_1"`
	Comment     string       `json:"comment"`
}

// wire checks the record and turns it into what is posted.
func (r NewRecord) wire() (*wireNewRecord, error) {
	switch {
	case r.StatementID <= 0, r.CustomerID <= 0:
		return nil, errors.New("no statement or no customer")
	case r.InvoiceID < 0, r.RequestID < 0, r.InvoiceID != 0 && r.RequestID != 0:
		return nil, errors.New("a negative document id, or two documents")
	case r.PaymentDate.IsZero():
		return nil, errors.New("no date")
	case r.Marker == "":
		return nil, errors.New("no marker")
	}
	if err := checkText("the marker", r.Marker, MaxComment); err != nil {
		return nil, err
	}
	if err := checkText("the comment", r.Comment, MaxComment); err != nil {
		return nil, err
	}
	amount, err := wireAmount(r.Amount)
	if err != nil {
		return nil, err
	}
	return &wireNewRecord{
		StatementID: r.StatementID, CustomerID: r.CustomerID, InvoiceID: nullable(r.InvoiceID), RequestID: nullable(r.RequestID),
		PaymentDate: DateOf(r.PaymentDate).String(), Amount: amount, Status: RecordNew, Additional1: r.Marker, Comment: r.Comment,
	}, nil
}

// CreateRecord makes a record and returns its id.
func (c *Client) CreateRecord(ctx context.Context, r NewRecord) (int64, error) {
	w, err := r.wire()
	if err != nil {
		return 0, inputError(opCreateRecord, "%w", err)
	}
	return c.create(ctx, opCreateRecord, w)
}

// Record reads a record.
func (c *Client) Record(ctx context.Context, id int64) (*Record, error) {
	return read[wireRecord](ctx, c, opRecord, id)
}

// RecordsByMarker finds the records that hold a marker, on whatever statement.
func (c *Client) RecordsByMarker(ctx context.Context, marker string) ([]Record, error) {
	if marker == "" {
		return nil, inputError(opRecords, "the marker is missing")
	}
	return find[wireRecord](ctx, c, opRecords, query{}.equal(mainAttributes, "additional_1", marker),
		func(v Record) verdict { return sameText(v.Additional[0], marker) })
}

// RecordUpdate is what changes in a record; everything else stays.
type RecordUpdate struct {
	Status    RecordStatus
	PaymentID int64 // 0 leaves it
}

type wireRecordUpdate struct {
	Status    RecordStatus `json:"status"`
	PaymentID int64        `json:"payment_id,omitempty"`
}

// UpdateRecord changes a record.
func (c *Client) UpdateRecord(ctx context.Context, id int64, u RecordUpdate) error {
	switch {
	case id <= 0, u.PaymentID < 0:
		return inputError(opUpdateRecord, "an id is not positive")
	case u.Status == "":
		return inputError(opUpdateRecord, "no status")
	}
	return c.update(ctx, opUpdateRecord, id, wireRecordUpdate(u))
}
