package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// ChargeMany is Charge for several payments of a charge run, which share what can be read of
// Splynx for all of them with one call: customers, cards, and, once all intents are written, what
// is due. Each waits for its turn before it is sent. told gets, in any order and from several
// goroutines, what came of each start, as Charge returns it but without its patience: the
// payment as it stands once the gateway has answered, or has not; ErrCardDead and ErrTriedEnough of
// a card that no run charges any more. It returns when all were told;
// with an error none was, and nothing was begun.
func (e *Engine) ChargeMany(ctx context.Context, starts []Start, turn Turn, told func(i int, p *Payment, err error)) error {
	g, land, err := e.takeOff()
	if err != nil {
		return err
	}
	defer land()
	if err := e.trustedSoon(ctx); err != nil {
		return err
	}
	m := &many{Engine: e, g: g, starts: starts, turn: turn, told: told}
	ctx = context.WithoutCancel(ctx)
	if err := m.submit(ctx); err != nil {
		return err
	}
	m.readDue(ctx)
	var sent sync.WaitGroup
	for i, p := range m.payments {
		if p == nil {
			continue
		}
		sent.Go(func() {
			q, err := (*Payment)(nil), errPanicked
			defer func() { told(i, q, err) }()
			defer e.survive("charge of a run")
			q, err = e.charge(ctx, g, p, m.seen(p))
		})
	}
	sent.Wait()
	return nil
}

// errPanicked tells that what became of a charge is to be asked for.
var errPanicked = errors.New("the charge panicked")

// many is one ChargeMany.
type many struct {
	*Engine
	g      *Generation
	starts []Start
	turn   Turn
	told   func(i int, p *Payment, err error)

	customers map[int64]splynx.Customer
	cards     map[int64]Card
	statement int64
	payments  []*Payment // that were submitted; nil where something else came of the start
	invoices  map[int64]splynx.Invoice
	dueAt     time.Time // when they were read
	dueErr    error
}

// submit reads the customers' cards and writes the intents. None of the cards can be removed
// meanwhile.
func (m *many) submit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var ids []int64
	for _, s := range m.starts {
		ids = append(ids, s.Customer)
	}
	slices.Sort(ids) // everybody takes locks in the same order
	ids = slices.Compact(ids)
	for _, id := range ids {
		defer m.wallets.lock(strconv.FormatInt(id, 10))()
	}
	if err := m.read(ctx, ids); err != nil {
		return err
	}
	m.payments = make([]*Payment, len(m.starts))
	var written sync.WaitGroup // beside each other: the journal syncs them together
	for i, s := range m.starts {
		written.Go(func() {
			defer m.survive("intent of a run")
			if m.g.Partner(s.Partner).PxPost == nil {
				m.told(i, nil, fmt.Errorf("%w: PxPost of partner %d", ErrNoCredentials, s.Partner))
				return
			}
			p, made, err := m.chargeIntent(ctx, m.g, s, func() error { return s.mayRun(m.cards[s.Customer]) })
			if !made {
				m.told(i, p, err)
				return
			}
			m.payments[i] = p
		})
	}
	written.Wait()
	return nil
}

func (m *many) read(ctx context.Context, ids []int64) (err error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if m.customers, err = m.g.Splynx.CustomersByID(ctx, ids); err != nil {
		return fmt.Errorf("read the customers: %w", err)
	}
	of := make([]splynx.Customer, 0, len(m.customers))
	for _, c := range m.customers {
		of = append(of, c)
	}
	if m.cards, err = m.readCards(ctx, m.g, of); err != nil {
		return fmt.Errorf("read the cards: %w", err)
	}
	m.statement, _ = m.Engine.statement(ctx, m.g, m.now()) // looked for again with each record
	return nil
}

// readDue reads what is due on the invoices, after all of them were claimed.
func (m *many) readDue(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	m.dueAt = m.now()
	var ids []int64
	for _, p := range m.payments {
		if p != nil && p.Kind == KindInvoice {
			ids = append(ids, p.DocumentID)
		}
	}
	if m.invoices, m.dueErr = m.g.Splynx.InvoicesByID(ctx, ids); m.dueErr != nil {
		m.dueErr = fmt.Errorf("read what is due: %w", m.dueErr)
	}
}

// seen is what was read for a payment.
func (m *many) seen(p *Payment) *shown {
	s := &shown{card: m.cards[p.Customer], statement: m.statement, forget: func() {}, turn: m.turn, dueAt: m.dueAt}
	s.wait = func() error {
		c, ok := m.customers[p.Customer]
		if !ok {
			return errors.New("the customer is not there any more")
		}
		s.customer = &c
		return nil
	}
	s.due = func(ctx context.Context, p *Payment) (owed, error) {
		if p.Kind != KindInvoice {
			return p.dueOn(ctx, m.g.Splynx)
		}
		i, ok := m.invoices[p.DocumentID]
		if m.dueErr != nil || !ok {
			return owed{}, m.dueErr
		}
		return p.dueOnInvoice(&i)
	}
	return s
}
