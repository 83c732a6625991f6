package caddymodule

import (
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/sheet"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

var paymentColumns = []string{
	"id", "created_at", "moved_at", "state", "reason", "kind", "way", "origin", "partner", "customer", "document_id", "document_number", "amount", "currency",
	"card_brand", "card_ends", "code", "class", "dps_txn_ref", "approved_at", "splynx_payment_id", "of", "run", "item",
}

func (v paymentView) cells() []string {
	return []string{
		string(v.ID), sheet.Time(v.CreatedAt, time.UTC), sheet.Time(v.MovedAt, time.UTC), string(v.State), string(v.Reason), string(v.Kind), string(v.Way), string(v.Origin),
		sheet.Number(v.Partner), sheet.Number(v.Customer), sheet.Number(v.DocumentID), v.DocumentNumber, v.Amount, v.Currency,
		v.Card.Brand, v.Card.Ends, v.Code, v.Class, v.DpsTxnRef, sheet.Time(v.ApprovedAt, time.UTC), sheet.Number(v.Booking.PaymentID), string(v.Of), v.Run, sheet.Number(v.Item),
	}
}

// itemView is what the admin API tells of one charge of a run.
type itemView struct {
	Seq            int64            `json:"seq"`
	State          charge.ItemState `json:"state"`
	Out            charge.Out       `json:"out,omitempty"`
	Partner        int64            `json:"partner"`
	Customer       int64            `json:"customer"`
	DocumentID     int64            `json:"document_id,omitempty"`
	DocumentNumber string           `json:"document_number,omitempty"`
	Amount         string           `json:"amount"` // as planned
	Credit         string           `json:"credit,omitempty"`
	Charged        string           `json:"charged,omitempty"` // asked for
	Currency       string           `json:"currency"`
	Code           string           `json:"code,omitempty"`
	Class          string           `json:"class,omitempty"`
	Reason         payment.Reason   `json:"reason,omitempty"`
	CardBrand      string           `json:"card_brand,omitempty"`
	CardEnds       string           `json:"card_ends,omitempty"`
	Payment        payment.ID       `json:"payment,omitempty"`
	MovedAt        time.Time        `json:"moved_at"`
}

func itemOf(i charge.Item) itemView {
	return itemView{
		Seq: i.Seq, State: i.State, Out: i.Out, Partner: i.Partner, Customer: i.Customer, DocumentID: i.DocumentID, DocumentNumber: i.Number,
		Amount: i.Amount.Number(), Credit: sheet.Amount(i.Credit), Charged: sheet.Amount(i.Charged), Currency: i.Amount.CurrencyCode(),
		Code: i.Code, Class: i.Class, Reason: i.Reason, CardBrand: i.Card.Brand, CardEnds: i.Card.Ends, Payment: i.Payment, MovedAt: i.MovedAt,
	}
}

var itemColumns = []string{
	"seq", "state", "out", "partner", "customer", "document_id", "document_number", "amount", "credit", "charged", "currency", "code", "class", "reason",
	"card_brand", "card_ends", "payment", "moved_at",
}

func (v itemView) cells() []string {
	return []string{
		sheet.Number(v.Seq), string(v.State), string(v.Out), sheet.Number(v.Partner), sheet.Number(v.Customer), sheet.Number(v.DocumentID), v.DocumentNumber,
		v.Amount, v.Credit, v.Charged, v.Currency, v.Code, v.Class, string(v.Reason), v.CardBrand, v.CardEnds, string(v.Payment), sheet.Time(v.MovedAt, time.UTC),
	}
}

func readItemFilter(q url.Values) (f charge.ItemFilter, err error) {
	for name, values := range q {
		text := values[len(values)-1]
		switch name {
		case "state":
			f.State = charge.ItemState(text)
			if !slices.Contains(charge.ItemStates(), f.State) {
				return f, asked("state %q is none of %s", text, joined(charge.ItemStates()))
			}
		case "customer":
			if f.Customer, err = readID(name, text); err != nil {
				return f, err
			}
		default:
			return f, asked("%q is none of state, customer", name)
		}
	}
	return f, nil
}

// writeCSV writes a row as RFC 4180 has it; no cell is taken for a formula. Unlike encoding/csv it
// leaves the line breaks within a cell as they are.
func writeCSV(w io.Writer, cells []string) error {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteByte(',')
		}
		cell = sheet.Text(cell)
		if strings.ContainsAny(cell, "\",\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		line.WriteString(cell)
	}
	line.WriteString("\r\n")
	_, err := io.WriteString(w, line.String())
	return err
}
