package payment

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// dueFresh is how old the reading of what is due may be when a charge is sent.
const dueFresh = 2 * time.Second

// send asks the gateway, once it is the charge's turn and what was read still holds; else it says
// why not.
func (e *Engine) send(ctx context.Context, g *Generation, p *Payment, seen *shown) (v windcave.Verdict, why Reason, note string, failed error) {
	done, err := seen.turn(ctx)
	if err != nil {
		return v, ReasonNotSent, err.Error(), nil
	}
	defer done()
	if e.now().Sub(seen.dueAt) > dueFresh {
		again, cancel := context.WithTimeout(ctx, readyTimeout)
		document, err := p.dueOn(again, g.Splynx)
		cancel()
		if why, note := p.differs(document, err); why != "" {
			return v, why, note, nil
		}
	}
	if why, note := e.lastLook(ctx, p); why != "" {
		return v, why, note, nil
	}
	_, v, failed = g.Partner(p.Partner).PxPost.Purchase(ctx, p.chargeRequest(seen.card))
	e.sent.begin(p.ID)
	faultpoint.Hit("charge_answered")
	return v, "", "", failed
}

// lastLook is mayBeSent, and for a charge of a run that no money for the same came since it was
// claimed, on a page that was open: it may not be in Splynx yet. Both with one reading of the
// journal, as the charge has its place at the gateway already.
func (e *Engine) lastLook(ctx context.Context, p *Payment) (Reason, string) {
	if p.Run == "" {
		return e.mayBeSent(ctx, p), ""
	}
	all, err := e.store.Find(ctx, Filter{States: InFlight(), Customer: p.Customer, Since: p.CreatedAt, Limit: MostInFlight})
	if err != nil {
		return ReasonNotSent, err.Error()
	}
	why := ReasonNotSent // it is in the list, or it is gone
	for _, other := range all {
		switch {
		case other.ID == p.ID:
			why = e.stillOurs(other, p)
		case other.HasMoney() && other.Blocks(p):
			return ReasonAmountChanged, "paid meanwhile by payment " + string(other.ID)
		}
	}
	return why, ""
}

// differs tells why what is due forbids the charge; empty: it is as it was.
func (p *Payment) differs(document owed, err error) (why Reason, note string) {
	switch {
	case err != nil:
		return ReasonSplynxUnreadable, err.Error()
	case p.chargesDue() && document.found && document.customer != p.Customer:
		return ReasonCustomerChanged, ""
	case p.chargesDue() && (!document.found || !document.due.Equal(p.Amount)):
		return ReasonAmountChanged, ""
	}
	return "", ""
}

// ready compares what was read with what the page has shown, and makes the statement record,
// which tells another journal of the charge should this one be lost.
func (e *Engine) ready(ctx context.Context, g *Generation, p *Payment, seen *shown) (record Booking, why Reason, note string) {
	defer seen.forget()
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if seen.dueAt.IsZero() {
		seen.dueAt = e.now()
	}
	var document owed
	var reads errgroup.Group
	reads.Go(func() (err error) { document, err = seen.due(ctx, p); return err })
	err := seen.wait()
	made := e.openRecord(ctx, g, p, seen.statement)
	err = errors.Join(err, reads.Wait())
	record, recordErr := made()
	why, note = p.differs(document, err)
	switch customer, card := seen.customer, seen.card; {
	case why != "":
		return record, why, note
	case customer.PartnerID != p.Partner:
		return record, ReasonCustomerChanged, ""
	case p.Run != "" && recordErr != nil && !forGood(recordErr): // a journal that is put back would not learn of the charge
		return record, ReasonSplynxUnreadable, recordErr.Error()
	case card.Key != p.Card.Key, !card.Usable():
		return record, ReasonCardChanged, string(card.Standing)
	}
	return record, "", ""
}

// mayBeSent checks, directly before the first byte goes out, that the payment is still ours to
// send and that its time is not over.
func (e *Engine) mayBeSent(ctx context.Context, p *Payment) Reason {
	q, err := e.store.Get(ctx, p.ID)
	if err != nil {
		return ReasonNotSent
	}
	return e.stillOurs(q, p)
}

// stillOurs is mayBeSent for a payment as it stands now.
func (e *Engine) stillOurs(now, claimed *Payment) Reason {
	switch {
	case now.State != Submitted || now.Fence != claimed.Fence:
		return ReasonNotSent
	case e.now().After(claimed.LeaseUntil.Add(-chargeLease / 2)):
		return ReasonWaitedTooLong
	}
	return ""
}
