package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// judgeUnknown asks about a result for an id that the journal does not know, with every
// configured user, the one that the query names first. An approval of our own form means
// that a journal was lost: the money is kept as a parked row. ErrNotFound otherwise.
func (e *Engine) judgeUnknown(ctx context.Context, g *Generation, t Token) (*Payment, error) {
	partners := g.partners()
	for i, with := range partners {
		if with.PxPayUser == t.UserID {
			partners[0], partners[i] = partners[i], partners[0]
			break
		}
	}
	asked := make(map[string]bool)
	for _, with := range partners {
		if with.PxPay == nil || asked[with.Endpoint+with.PxPayUser] {
			continue
		}
		asked[with.Endpoint+with.PxPayUser] = true
		result, err := with.PxPay.ProcessResponse(ctx, t.Value)
		if isInvalidToken(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p, err := e.moneyWithoutIntent(ctx, g, t, with, result)
		if p != nil || err != nil {
			return p, err
		}
	}
	t.Judged = TokenForeign
	if err := e.store.SetToken(ctx, *e.judged(t)); err != nil {
		return nil, err
	}
	return nil, ErrNotFound
}

// moneyWithoutIntent keeps an approved charge of our form: as recorded, if Splynx has our
// number already, else parked. It returns nil if the answer is none of ours, and an error
// while the gateway does not know yet.
func (e *Engine) moneyWithoutIntent(ctx context.Context, g *Generation, t Token, with Partner, r *windcave.Result) (*Payment, error) {
	amount, errAmount := money.Parse(r.AmountSettlement, r.CurrencyInput)
	tr, errTrace := parseTrace(r.TxnData1)
	if errAmount != nil || errTrace != nil || r.TxnID != string(t.Payment) {
		return nil, nil
	}
	v := r.Judge(windcave.Expect{TxnType: windcave.Purchase, TxnID: r.TxnID, MerchantReference: r.MerchantReference, Amount: amount})
	switch v.Outcome {
	case windcave.Approved:
	case windcave.Declined:
		return nil, nil
	default:
		return nil, fmt.Errorf("outcome of payment %s, which the journal does not know, is not known yet (%s)", t.Payment, v.Key)
	}
	now := e.now()
	p := &Payment{
		ID: t.Payment, TxnID: t.Payment, Kind: tr.kind, Way: WayHosted, Origin: OriginGuest, Site: g.Settings.PublicURL,
		Customer: tr.customer, DocumentID: tr.document, Amount: amount,
		Endpoint: with.Endpoint, PxPayUser: with.PxPayUser, PxPostUser: with.PxPostUser,
		TxnType: r.TxnType, Reference: r.MerchantReference, DpsTxnRef: v.DpsTxnRef, Code: v.Code, Class: string(v.Class), Words: v.Key,
		ApprovedAt: now,
	}
	ev := e.takeIn(ctx, g, p, now)
	ev.Node = e.node
	if err := e.store.Create(ctx, p, ev, func([]*Payment) error { return nil }); err != nil {
		return nil, err
	}
	e.tell(g, p, ev)
	t.Judged = TokenApproved
	if err := e.store.SetToken(ctx, *e.judged(t)); err != nil {
		e.journalFailed(g, err)
	}
	return p, nil
}

// takeIn gives money without intent its first state: the journal that knew it may have booked
// it before it was lost.
func (e *Engine) takeIn(ctx context.Context, g *Generation, p *Payment, now time.Time) Event {
	note := fmt.Sprintf("%s for %s", p.DpsTxnRef, p.Reference)
	rows, err := e.search(ctx, g, p)
	if rows = live(rows); err == nil && len(rows) == 1 && rows[0].Amount.Is(p.Amount) {
		p.Booking.PaymentID, p.Booking.To, p.Booking.PostedAt = rows[0].ID, ToBalance, now
		if rows[0].InvoiceID != 0 {
			p.Booking.To = ToDocument
		}
		ev := p.begin(Recorded, ReasonBooked, fmt.Sprintf("payment %d in Splynx, booked by a journal that is lost", rows[0].ID), string(bySource), now)
		p.NextAt = nextLaterLook(p)
		return ev
	}
	if err != nil {
		note += "; Splynx could not be searched for it"
	} else if len(rows) > 0 {
		note += "; payments " + ids(rows) + " in Splynx carry its number"
	}
	return p.begin(Parked, ReasonNoIntent, note, string(bySource), now)
}
