package payment

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// A page may be charged twice. Which charge gets the page's own number, and which one a number
// made from its DpsTxnRef, hangs on which is heard of first, and a journal that was lost or
// restored may hear of them the other way round. The comment of a payment in Splynx, as
// newPayment writes it, tells whose it is.

// secondID is the number of a second charge. It is always the same one: should this journal be
// lost after the booking, the next one finds it.
func secondID(txn ID, dpsTxnRef string) (ID, error) {
	return NewID(rand.NewChaCha8(sha256.Sum256([]byte(string(txn) + "/" + dpsTxnRef))))
}

// named tells whether a payment in Splynx is of this very charge, by its comment. Staff may
// have changed that: then nobody knows, and a person must look.
func (p *Payment) named(row splynx.Payment) bool {
	return p.DpsTxnRef != "" && strings.Contains(row.Comment, p.DpsTxnRef)
}

// underAnother looks for a charge under the number that another journal may have booked it
// with, and tells what a person has to see if it may stand there; "" if it does not. A page's
// own payment is looked for only where a POST of another journal may be the unclear one.
func (e *Engine) underAnother(ctx context.Context, g *Generation, p *Payment) (note string, err error) {
	if p.TxnID != p.ID {
		return e.underFirst(ctx, g, p)
	}
	if p.Booking.Post != PostUnclear {
		return "", nil
	}
	id, err := secondID(p.TxnID, p.DpsTxnRef)
	if err != nil {
		return "", err
	}
	rows, err := g.Splynx.PaymentsByReceipt(ctx, string(id), p.Customer)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return fmt.Sprintf("payment %s in Splynx has the number %s of this charge as a second one", ids(rows), id), nil
}

// underFirst looks for a second charge under its page's own number.
func (e *Engine) underFirst(ctx context.Context, g *Generation, p *Payment) (note string, err error) {
	first, err := e.store.Get(ctx, p.TxnID)
	if errors.Is(err, ErrNotFound) {
		first, err = &Payment{}, nil
	}
	if err != nil {
		return "", err
	}
	rows, err := g.Splynx.PaymentsByReceipt(ctx, string(p.TxnID), p.Customer)
	if err != nil {
		return "", err
	}
	for _, row := range live(rows) {
		switch {
		case p.named(row): // whatever a person has said of the first
			return fmt.Sprintf("payment %d in Splynx, with the number %s, names this charge in its comment", row.ID, p.TxnID), nil
		case first.named(row), row.ID == first.Booking.PaymentID:
		default:
			return fmt.Sprintf("payment %d in Splynx, with the number %s, does not say which charge on the page it is of", row.ID, p.TxnID), nil
		}
	}
	return "", nil
}
