package payment

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// How many result tokens of one payment may wait for the gateway's word and still be asked
// about at once, and how many are kept at all.
const (
	unjudgedLimit = 5
	keptLimit     = 20
)

// Result takes what a browser or the gateway's notification brought to a payment's return
// address: a hint that the gateway is asked about, once for each token however many bring
// it. It returns the payment as it stands after everything the token told is stored.
//
// An error means that nothing is known to be stored and the caller should come again; it is
// ErrNotFound if neither the journal nor the gateway knows the payment, ErrBusy if too many
// tokens wait. Nothing in the query decides anything about money.
func (e *Engine) Result(ctx context.Context, id ID, token secret.Secret, userID string) (*Payment, error) {
	if !e.fly() {
		return nil, ErrNoGeneration
	}
	defer e.flights.Done()
	ctx = context.WithoutCancel(ctx)

	_, known := e.store.Get(ctx, id)
	if known != nil && !errors.Is(known, ErrNotFound) {
		return nil, known
	}
	if !e.asks.allow(id, known == nil) {
		return nil, ErrBusy
	}
	hash, err := e.hash(ctx, id, token)
	if err != nil {
		return nil, err
	}
	now := e.now()
	t, err := e.store.AddToken(ctx, Token{
		Payment: id, Hash: hash, Value: token, UserID: userID, Judged: TokenPending,
		Arrived: now, NextAt: now.Add(pause(unknownPauses, 2)), // the worker's turn, should this process die
	}, keptLimit)
	if err != nil {
		return nil, fmt.Errorf("write the result token: %w", err)
	}
	faultpoint.Hit("token_stored")
	if t.Judged == TokenApproved || t.Judged == TokenKept {
		return e.store.Get(ctx, id)
	}
	if n, err := e.store.PendingTokens(ctx, id); err != nil || n > unjudgedLimit {
		return nil, errors.Join(err, ErrBusy) // the worker asks about it
	}
	return e.judge(t)
}

// hash keys a token, so that the journal knows it again without holding it.
func (e *Engine) hash(ctx context.Context, id ID, token secret.Secret) (string, error) {
	key, err := e.store.Key(ctx, "result-token")
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(string(id) + "\x00" + token.Reveal()))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// judge asks the gateway about a token and stores everything that comes from it.
func (e *Engine) judge(t Token) (*Payment, error) {
	v, err, _ := e.results.Do(string(t.Payment)+t.Hash, func() (any, error) {
		g, err := e.current()
		if err != nil {
			return nil, err
		}
		ctx := context.Background()
		p, err := e.store.Get(ctx, t.Payment)
		if errors.Is(err, ErrNotFound) {
			p, err = e.judgeUnknown(ctx, g, t)
		} else if err == nil {
			p, err = e.judgeKnown(ctx, g, t, p)
		}
		if err != nil && !errors.Is(err, ErrNotFound) { // that it is nobody's was judged and noted
			e.askLater(ctx, g, t, err)
		}
		return p, err
	})
	p, _ := v.(*Payment)
	return p, err
}

// judgeKnown asks about a payment of ours.
func (e *Engine) judgeKnown(ctx context.Context, g *Generation, t Token, p *Payment) (*Payment, error) {
	keys, err := g.pxPay(p.Endpoint, p.PxPayUser)
	if err != nil {
		return nil, e.withoutCredentials(ctx, g, p, err)
	}
	result, err := processResponse(ctx, keys, t.Value)
	faultpoint.Hit("result_answered")
	if isInvalidToken(err) {
		t.Judged = TokenForeign
		return e.change(ctx, g, p.ID, func(*Payment) (Writes, error) { return Writes{Tokens: []Token{e.judged(t)}}, nil })
	}
	if err != nil {
		return nil, err
	}
	v := result.Judge(p.expect())
	switch {
	case v.Outcome == windcave.Approved:
		t.Judged = TokenApproved
	case v.Foreign && v.Claimed && result.TxnID == "": // of whom? a damaged answer is asked for again
		return nil, fmt.Errorf("the answer about payment %s claims money and names no TxnId", p.ID)
	case v.Foreign:
		t.Judged = TokenForeign
		g.logger().Warn("result token is of another payment", zap.String("payment", string(p.ID)))
	case v.Claimed, v.Outcome == windcave.Declined:
		t.Judged = TokenDeclined
	default:
		return nil, fmt.Errorf("outcome of payment %s is not known yet (%s)", p.ID, v.Key)
	}
	p, err = e.change(ctx, g, p.ID, func(p *Payment) (Writes, error) {
		w, err := e.apply(p, v, result.AmountSurcharge, bySource)
		if err == nil {
			w.Tokens = []Token{e.kept(t, p, v)}
		}
		return w, err
	})
	if err == nil {
		faultpoint.Hit("outcome_stored")
	}
	return p, err
}

// withoutCredentials parks a payment that nobody can ask about; its token stays, and it goes
// on by itself when the credentials are back.
func (e *Engine) withoutCredentials(ctx context.Context, g *Generation, p *Payment, why error) error {
	return errors.Join(why, e.parkUnasked(ctx, g, p, why))
}

func (e *Engine) parkUnasked(ctx context.Context, g *Generation, p *Payment, why error) error {
	if p.State == Parked {
		return nil
	}
	_, err := e.change(ctx, g, p.ID, func(q *Payment) (Writes, error) {
		if q.State == Parked || q.HasMoney() {
			return Writes{}, nil
		}
		ev, err := q.move(Parked, ReasonCredentialsMissing, why.Error(), "engine", e.now())
		e.rest(q, e.now())
		return Writes{Events: []Event{ev}}, err
	})
	return err
}

// judged is the token as it stays: without its value.
func (e *Engine) judged(t Token) Token {
	t.Value, t.NextAt = secret.Secret{}, time.Time{}
	t.Asked++
	return t
}

// kept is judged for a token of p that v was read with: one that a card can be read with keeps
// its value until the card is stored.
func (e *Engine) kept(t Token, p *Payment, v windcave.Verdict) Token {
	value := t.Value
	t = e.judged(t)
	if t.Judged == TokenApproved && p.Save.Stage == SaveStoring && p.DpsTxnRef == v.DpsTxnRef {
		t.Judged, t.Value = TokenKept, value
	}
	return t
}

// askLater leaves a token for the worker.
func (e *Engine) askLater(ctx context.Context, g *Generation, t Token, why error) {
	now := e.now()
	since := now.Sub(t.Arrived)
	t.NextAt = now.Add(unknownPause(t.Asked, since))
	t.Asked++
	log := g.logger().With(zap.String("payment", string(t.Payment)), zap.Int("asked", t.Asked), zap.Error(why))
	if since > tokenLife {
		t = e.judged(t)
		t.Judged = TokenGivenUp
		log.Error("result token is given up: nobody could tell what it is")
	} else {
		log.Warn("result is not known yet; it is asked for again")
	}
	if err := e.store.SetToken(ctx, t); err != nil {
		e.journalFailed(g, err)
	}
	e.poke()
}

// askLimits bounds the questions that strangers can make us ask the gateway: so many for a
// payment, so many for ids that the journal does not know, and so many over all. A notification that meets the
// limit comes again.
type askLimits struct {
	mu      sync.Mutex
	payment map[ID]*rate.Limiter
	unknown *rate.Limiter
	all     *rate.Limiter
}

func newAskLimits() *askLimits {
	return &askLimits{payment: make(map[ID]*rate.Limiter), unknown: rate.NewLimiter(1, 20), all: rate.NewLimiter(50, 500)}
}

func (a *askLimits) allow(id ID, known bool) bool {
	if !a.all.Allow() {
		return false
	}
	if !known {
		return a.unknown.Allow()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.payment) > 10_000 { // a fresh start is cheaper than keeping everybody's count
		clear(a.payment)
	}
	l := a.payment[id]
	if l == nil {
		l = rate.NewLimiter(2, 40)
		a.payment[id] = l
	}
	return l.Allow()
}
