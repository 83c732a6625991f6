package payment

import (
	"context"
	"fmt"

	"go.uber.org/zap"

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

// moneyWithoutIntent parks an approved charge of our form; nil if it is none.
func (e *Engine) moneyWithoutIntent(ctx context.Context, g *Generation, t Token, with Partner, r *windcave.Result) (*Payment, error) {
	amount, errAmount := money.Parse(r.AmountSettlement, r.CurrencyInput)
	tr, errTrace := parseTrace(r.TxnData1)
	if errAmount != nil || errTrace != nil || r.TxnID != string(t.Payment) {
		return nil, nil
	}
	v := r.Judge(windcave.Expect{TxnType: windcave.Purchase, TxnID: r.TxnID, MerchantReference: r.MerchantReference, Amount: amount})
	if v.Outcome != windcave.Approved {
		return nil, nil
	}
	now := e.now()
	p := &Payment{
		ID: t.Payment, TxnID: t.Payment, Kind: tr.kind, Way: WayHosted, Origin: OriginGuest,
		Customer: tr.customer, DocumentID: tr.document, Amount: amount,
		Endpoint: with.Endpoint, PxPayUser: with.PxPayUser, PxPostUser: with.PxPostUser,
		TxnType: r.TxnType, Reference: r.MerchantReference, DpsTxnRef: v.DpsTxnRef, Code: v.Code, Class: string(v.Class), Words: v.Key,
		ApprovedAt: now,
	}
	ev := p.begin(Parked, ReasonNoIntent, fmt.Sprintf("%s for %s", v.DpsTxnRef, r.MerchantReference), string(bySource), now)
	ev.Node = e.node
	if err := e.store.Create(ctx, p, ev, func([]*Payment) error { return nil }); err != nil {
		return nil, err
	}
	e.tell(g, p, ev)
	t.Judged = TokenApproved
	if err := e.store.SetToken(ctx, *e.judged(t)); err != nil {
		g.logger().Error("result token cannot be written back", zap.Error(err))
	}
	return p, nil
}
