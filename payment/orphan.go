package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// judgeUnknown asks about a result for an id that the journal does not know, with every
// configured user, the one that the query names first. An approval of our own form means
// that a journal was lost: the money is kept as a parked row. ErrNotFound otherwise.
func (e *Engine) judgeUnknown(ctx context.Context, g *Generation, t Token) (*Payment, error) {
	all := g.credentials()
	named := slices.DeleteFunc(slices.Clone(all), func(c Credentials) bool { return c.PxPayUser != t.UserID })
	asked := make(map[string]bool)
	var refused error
	for _, with := range append(named, all...) {
		if with.PxPay == nil || asked[with.Endpoint+with.PxPayUser] {
			continue
		}
		asked[with.Endpoint+with.PxPayUser] = true
		keys, err := g.pxPay(with.Endpoint, with.PxPayUser)
		if err != nil {
			return nil, err
		}
		result, err := processResponse(ctx, keys, t.Value)
		switch {
		case isInvalidToken(err):
			continue
		case isRefusedKey(err): // another user may know it all the same
			refused = err
			continue
		case err != nil:
			return nil, err
		}
		p, err := e.moneyWithoutIntent(ctx, g, t, with, result)
		if p != nil || err != nil {
			return p, err
		}
	}
	if refused != nil {
		return nil, refused
	}
	t.Judged = TokenForeign
	if err := e.store.SetToken(ctx, e.judged(t)); err != nil {
		return nil, err
	}
	return nil, ErrNotFound
}

// moneyWithoutIntent keeps an approved charge of our form: as recorded, if Splynx has our
// number already, else parked. It returns nil if the answer is none of ours, and an error
// while the gateway does not know yet.
func (e *Engine) moneyWithoutIntent(ctx context.Context, g *Generation, t Token, with Credentials, r *windcave.Result) (*Payment, error) {
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
	p := &Payment{
		ID: t.Payment, TxnID: t.Payment, Kind: tr.kind, Way: WayHosted, Origin: OriginGuest, Site: g.Settings.PublicURL,
		Customer: tr.customer, DocumentID: tr.document, Amount: amount,
		Endpoint: with.Endpoint, PxPayUser: with.PxPayUser, PxPostUser: with.PxPostUser,
		TxnType: r.TxnType, Reference: r.MerchantReference, DpsTxnRef: v.DpsTxnRef, Code: v.Code, Class: string(v.Class), Words: v.Key,
		ApprovedAt: e.now(),
	}
	t.Judged = TokenApproved
	if e.doubt(ctx, g, p); p.Claimed != "" {
		t.Judged = TokenDeclined // asked about again: the answer may be damaged
	}
	p, err := e.keepMoney(ctx, g, p, bySource)
	if err != nil {
		return nil, err
	}
	if err := e.store.SetToken(ctx, e.judged(t)); err != nil {
		e.journalFailed(g, err)
	}
	return p, nil
}

// keepMoney writes the row of money without intent, and returns the one there is if somebody
// else was first.
func (e *Engine) keepMoney(ctx context.Context, g *Generation, p *Payment, from source) (*Payment, error) {
	ev := Event{}
	if p.Claimed == "" {
		ev = e.takeIn(ctx, g, p, from, p.ApprovedAt)
	} else {
		ev = p.begin(Parked, ReasonAnswerDiffers, p.Claimed+" differs from what our reference or statement record says was asked", string(from), e.now())
		e.rest(p, e.now())
	}
	ev.Node = e.node
	err := e.store.Create(ctx, p, ev, func([]*Payment) error { return nil })
	if errors.Is(err, ErrDuplicate) {
		return e.store.Get(ctx, p.ID)
	}
	if err != nil {
		return nil, err
	}
	e.tell(g, p, ev)
	return p, nil
}

// takeIn gives money without intent its first state: the journal that knew it may have booked
// it before it was lost.
func (e *Engine) takeIn(ctx context.Context, g *Generation, p *Payment, from source, now time.Time) Event {
	note := fmt.Sprintf("%s for %s", p.DpsTxnRef, p.Reference)
	rows, err := e.search(ctx, g, p)
	if rows = live(rows); err == nil && len(rows) == 1 && rows[0].Amount.Is(p.Amount) && p.named(rows[0]) {
		p.Booking.PaymentID, p.Booking.To, p.Booking.PostedAt = rows[0].ID, ToBalance, now
		if onDocument(rows[0]) {
			p.Booking.To = ToDocument
		}
		ev := p.begin(Recorded, ReasonBooked, fmt.Sprintf("payment %d in Splynx, booked by a journal that is lost", rows[0].ID), string(from), now)
		p.NextAt = nextLaterLook(p)
		return ev
	}
	if err != nil {
		note += "; Splynx could not be searched for it"
	} else if len(rows) > 0 {
		note += "; payments " + ids(rows) + " in Splynx carry its number, but not all that says that they are of this charge"
	}
	return p.begin(Parked, ReasonNoIntent, note, string(from), now)
}
