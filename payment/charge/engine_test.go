package charge_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// engine is the provider's engine, as one process reaches it.
type engine struct {
	*provider
	life *life
}

var generation = func() *payment.Generation {
	config := windcave.Config{Endpoint: "https://127.0.0.1:1"}
	post, err := windcave.NewPxPost(config, windcave.NewCredentials("user", "password"))
	if err != nil {
		panic(err)
	}
	return &payment.Generation{
		Default:  payment.Partner{Currency: "NZD", Credentials: payment.Credentials{PxPost: post}},
		Partners: map[int64]payment.Partner{3: {Currency: "NZD"}, 4: {Currency: "AUD", Credentials: payment.Credentials{PxPost: post}}},
		Logger:   zap.NewNop(),
	}
}()

func (e *engine) Current() (*payment.Generation, error) {
	if e.gen != nil {
		return e.gen, nil
	}
	return generation, nil
}

func (e *engine) Trusted(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.trusted
}

func (e *engine) Find(ctx context.Context, f payment.Filter) ([]*payment.Payment, error) {
	return e.store.Find(ctx, f)
}

func (e *engine) Cards(_ context.Context, of []splynx.Customer) (map[int64]payment.Card, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.life.dead.Load() {
		return nil, errDead
	}
	cards := map[int64]payment.Card{}
	for _, c := range of {
		if card, ok := e.cards[c.ID]; ok {
			cards[c.ID] = card
		}
	}
	return cards, nil
}

// ChargeMany does what payment.Engine.ChargeMany does, as far as a run can see it.
func (e *engine) ChargeMany(ctx context.Context, starts []payment.Start, turn payment.Turn, told func(int, *payment.Payment, error)) error {
	var sent sync.WaitGroup
	for n, s := range starts {
		sent.Go(func() {
			var p *payment.Payment
			var err error
			defer func() {
				_ = recover()
				told(n, p, err)
			}()
			done, refused := turn(ctx)
			if err = refused; err != nil {
				return
			}
			defer done()
			err = errors.New("it panicked")
			p, err = e.Charge(ctx, s)
		})
	}
	sent.Wait()
	return nil
}

// Charge charges one.
func (e *engine) Charge(ctx context.Context, s payment.Start) (*payment.Payment, error) {
	if e.life.dead.Load() {
		return nil, errDead
	}
	if p, err := e.store.ByFormKey(ctx, s.FormKey); err == nil {
		if !p.Amount.Equal(s.Amount) {
			return nil, payment.ErrFormChanged
		}
		return p, nil
	}
	e.mu.Lock()
	bank := e.bank[s.Customer]
	e.active++
	e.most = max(e.most, e.active)
	e.mu.Unlock()
	defer e.with(func() { e.active-- })
	switch bank {
	case "no credentials":
		return nil, payment.ErrNoCredentials
	case "in flight":
		return nil, payment.ErrInFlight
	case "dead card":
		return nil, payment.ErrCardDead
	case "tried enough":
		return nil, payment.ErrTriedEnough
	case "panic":
		panic("a fault in the engine")
	case "trouble":
		return nil, errors.New("some trouble")
	}
	id, err := payment.NewID(randomID{})
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	p := &payment.Payment{
		ID: id, TxnID: id, Kind: s.Kind, Way: payment.WaySavedCard, Origin: s.Origin, State: payment.Submitted, Reason: payment.ReasonStarted,
		Partner: s.Partner, Customer: s.Customer, DocumentID: s.DocumentID, Amount: s.Amount, FormKey: s.FormKey, Run: s.Run, Item: s.Item, Card: s.Card, CreatedAt: now, MovedAt: now,
	}
	err = e.life.write(func() error {
		return e.store.Create(ctx, p, payment.Event{Payment: id, At: now, To: p.State}, func(inFlight []*payment.Payment) error {
			if slices.ContainsFunc(inFlight, func(o *payment.Payment) bool { return o.Blocks(p) }) {
				return payment.ErrInFlight
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if e.changed(p) {
		return e.becomes(ctx, p.ID, payment.NotDone, payment.ReasonAmountChanged, "", "", false)
	}
	return e.send(ctx, p, bank)
}

// changed tells whether the invoice is not what the run has seen.
func (e *engine) changed(p *payment.Payment) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	i, ok := e.invoices[p.DocumentID]
	due, err := payment.Due(&i, p.Amount.CurrencyCode())
	return ok && (err != nil || !due.Equal(p.Amount))
}

// send has the bank decide. The bank goes on though the process dies.
func (e *engine) send(ctx context.Context, p *payment.Payment, bank string) (*payment.Payment, error) {
	e.asked.Add(1)
	e.life.asked.Add(1)
	e.mu.Lock()
	latency := e.latency
	e.mu.Unlock()
	time.Sleep(latency)
	to, why, class, code := payment.Approved, payment.ReasonGatewayApproved, "approved", "00"
	switch bank {
	case "soft":
		to, why, class, code = payment.Declined, payment.ReasonGatewayDeclined, "soft", "51"
	case "hard":
		to, why, class, code = payment.Declined, payment.ReasonGatewayDeclined, "declined", "57"
	case "unknown":
		to, why, class, code = payment.Unknown, payment.ReasonOutcomeUnclear, "", ""
	case "refused":
		to, why, class, code = payment.NotDone, payment.ReasonGatewayRefused, "config", "U5"
	case "unreachable":
		to, why, class, code = payment.NotDone, payment.ReasonNotSent, "", ""
	}
	if to == payment.Approved || to == payment.Unknown {
		e.pays(p)
	}
	if e.life.dead.Load() { // the bank has decided, and nobody heard of it
		return nil, errDead
	}
	return e.becomes(ctx, p.ID, to, why, class, code, to == payment.Approved && bank != "not booked")
}

// pays notes what the bank has taken.
func (e *provider) pays(p *payment.Payment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.taken[p.FormKey]++
	if i, ok := e.invoices[p.DocumentID]; ok {
		i.Status, i.Due = splynx.Paid, decimal(e.t, "0")
		e.invoices[p.DocumentID] = i
	}
	b := e.billing[p.Customer]
	owes, err := money.Exact(b.Deposit.String(), "NZD")
	must(e.t, err)
	owes, err = owes.Add(p.Amount)
	must(e.t, err)
	b.Deposit = decimal(e.t, owes.Number())
	e.billing[p.Customer] = b
}

func (e *provider) becomes(ctx context.Context, id payment.ID, to payment.State, why payment.Reason, class, code string, recorded bool) (*payment.Payment, error) {
	return e.store.Change(ctx, id, func(p *payment.Payment) (payment.Writes, error) {
		p.State, p.Reason, p.Class, p.Code, p.MovedAt = to, why, class, code, time.Now().UTC()
		if to == payment.Approved {
			p.DpsTxnRef = "ref-" + string(p.ID)
			if recorded {
				p.State, p.Reason = payment.Recorded, payment.ReasonBooked
			}
		}
		return payment.Writes{}, nil
	})
}

// heal does what the engine's worker does: what is open is asked about, but for what is under
// way.
func (e *provider) heal(states ...payment.State) {
	if len(states) == 0 {
		states = payment.InFlight()
	}
	open, err := e.store.Find(background, payment.Filter{States: states, Limit: 100_000})
	must(e.t, err)
	for _, p := range open {
		e.mu.Lock()
		taken := e.taken[p.FormKey] > 0
		e.mu.Unlock()
		to, why := payment.NotDone, payment.ReasonNeverArrived
		if taken {
			to, why = payment.Approved, payment.ReasonGatewayApproved
		}
		_, err := e.becomes(background, p.ID, to, why, "", "", true)
		must(e.t, err)
	}
}
