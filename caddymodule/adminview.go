package caddymodule

import (
	"fmt"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// paymentView is what the admin API tells of a payment: no secret, and no address that leads
// to its page.
type paymentView struct {
	ID             payment.ID     `json:"id"`
	TxnID          payment.ID     `json:"txn_id"`
	Kind           payment.Kind   `json:"kind"`
	Way            payment.Way    `json:"way"`
	Origin         payment.Origin `json:"origin"`
	State          payment.State  `json:"state"`
	ParkedFrom     payment.State  `json:"parked_from,omitempty"`
	Reason         payment.Reason `json:"reason,omitempty"`
	Site           string         `json:"site,omitempty"`
	Partner        int64          `json:"partner"`
	Customer       int64          `json:"customer"`
	DocumentID     int64          `json:"document_id,omitempty"`
	DocumentNumber string         `json:"document_number,omitempty"`
	Amount         string         `json:"amount"`
	Currency       string         `json:"currency"`
	Endpoint       string         `json:"endpoint"`
	PxPayUser      string         `json:"pxpay_user"`
	PxPostUser     string         `json:"pxpost_user,omitempty"`
	Reference      string         `json:"reference"`
	DpsTxnRef      string         `json:"dps_txn_ref,omitempty"`
	Claimed        string         `json:"claimed,omitempty"`
	Code           string         `json:"code,omitempty"`
	Class          string         `json:"class,omitempty"`
	Surcharge      string         `json:"surcharge,omitempty"`

	Card      payment.CardUsed    `json:"card,omitzero"`
	Save      payment.CardSave    `json:"save,omitzero"`
	GivenBack []payment.GivenBack `json:"given_back,omitempty"`
	GivesBack bool                `json:"gives_back,omitempty"`
	Of        payment.ID          `json:"of,omitempty"`
	Run       string              `json:"run,omitempty"`  // the charge run that it belongs to
	Item      int64               `json:"item,omitempty"` // its place there

	Booking    payment.Booking `json:"booking,omitzero"`
	CreatedAt  time.Time       `json:"created_at"`
	MovedAt    time.Time       `json:"moved_at"`
	ApprovedAt time.Time       `json:"approved_at,omitzero"`
	PageEnds   time.Time       `json:"page_ends,omitzero"`
	NextAt     time.Time       `json:"next_at,omitzero"`
}

func viewOf(p *payment.Payment) paymentView {
	return paymentView{
		ID: p.ID, TxnID: p.TxnID, Kind: p.Kind, Way: p.Way, Origin: p.Origin,
		State: p.State, ParkedFrom: p.ParkedFrom, Reason: p.Reason,
		Site: p.Site, Partner: p.Partner, Customer: p.Customer, DocumentID: p.DocumentID, DocumentNumber: p.DocumentNumber,
		Amount: p.Amount.Number(), Currency: p.Amount.CurrencyCode(),
		Endpoint: p.Endpoint, PxPayUser: p.PxPayUser, PxPostUser: p.PxPostUser, Reference: p.Reference,
		DpsTxnRef: p.DpsTxnRef, Claimed: p.Claimed, Code: p.Code, Class: p.Class, Surcharge: p.Surcharge, Booking: p.Booking,
		Card: p.Card, Save: p.Save, GivenBack: p.GivenBack, GivesBack: p.GivesBack, Of: p.Of, Run: p.Run, Item: p.Item,
		CreatedAt: p.CreatedAt, MovedAt: p.MovedAt, ApprovedAt: p.ApprovedAt, PageEnds: p.PageEnds, NextAt: p.NextAt,
	}
}

// listAnswer is a page of payments, the newest first.
type listAnswer struct {
	Payments []paymentView `json:"payments"`
	Next     payment.ID    `json:"next,omitempty"` // there are more: ask with after=
}

// detailAnswer is all of one payment.
type detailAnswer struct {
	Payment  paymentView     `json:"payment"`
	Events   []payment.Event `json:"events"`             // oldest first
	Waiting  int             `json:"results_not_judged"` // result tokens that the gateway has not been heard on
	TimeZone string          `json:"time_zone"`          // the provider's
}

// document names what a payment is for.
func (v paymentView) document() string {
	number := v.DocumentNumber
	if number == "" && v.DocumentID != 0 {
		number = fmt.Sprintf("id %d", v.DocumentID)
	}
	switch v.Kind {
	case payment.KindInvoice:
		return strings.TrimSpace("invoice " + number)
	case payment.KindProforma:
		return strings.TrimSpace("proforma " + number)
	case payment.KindTopUp:
		return "balance"
	case payment.KindCardCheck:
		return "card check"
	case payment.KindRefund:
		return "refund"
	}
	return number
}

func (v paymentView) money() string { return v.Amount + " " + v.Currency }

// parked tells that it waits for a person.
func (v paymentView) parked() bool { return v.State == payment.Parked }
