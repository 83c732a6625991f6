package payment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// orphan is a statement record that was made for a page which the journal does not know: the
// page may have been paid, or still be. Orphans are not written down: the next start finds
// them again where this one did.
type orphan struct {
	id     ID
	record splynx.Record
	until  time.Time // asked about as long as any page is
	next   time.Time
	asked  int
	told   bool // that what the gateway has does not fit
	heard  bool // the last time, by everybody who could be asked
}

// compareRecords reads Splynx's statement records from the newest downwards and returns those
// of ours that the journal does not know. It stops at the first one of ours whose day is over
// for longer than the last question about a page: ours are made as their payments are, so
// those below are older. Records of others, such as imported bank statements, may bear any
// day and stop nothing.
func (e *Engine) compareRecords(ctx context.Context, g *Generation) (orphans []orphan, err error) {
	asked := pageLooks[len(pageLooks)-1]
	oldest := splynx.DateOf(e.now().Add(-asked).In(g.Settings.TimeZone))
	err = pages(ctx, g, g.Splynx.NewestRecords, func(r splynx.Record) (int64, bool, error) {
		id, ours := marker(r.Additional[0])
		if !ours {
			return r.ID, true, nil
		}
		if r.PaymentDate.Before(oldest) {
			return r.ID, false, nil
		}
		_, err := e.store.Get(ctx, id)
		if errors.Is(err, ErrNotFound) {
			until := r.PaymentDate.In(g.Settings.TimeZone).Add(24*time.Hour + asked)
			orphans, err = append(orphans, orphan{id: id, record: r, until: until}), nil
		}
		return r.ID, true, err
	})
	var failed *splynx.Error
	if errors.As(err, &failed) && failed.HTTPStatus == http.StatusForbidden {
		g.logger().Warn("the api key may not search statement records: pages that a lost journal has made are not found by them", zap.Error(err))
		return nil, nil
	}
	return orphans, err
}

// askOrphans asks about each orphan whose time has come and returns those to be asked about
// again, with an error if the gateway was not heard on all of them.
func (e *Engine) askOrphans(ctx context.Context, g *Generation, orphans []orphan) (left []orphan, failed error) {
	for _, o := range orphans {
		now := e.now()
		if now.Before(o.next) {
			left = append(left, o)
			continue
		}
		found, err := e.askOrphan(ctx, g, &o)
		o.next = now.Add(pause(orphanPauses, o.asked))
		o.asked++
		if err != nil {
			failed = fmt.Errorf("ask the gateway about payment %s, which the journal does not know: %w", o.id, err)
			if o.next = earlier(o.next, now.Add(credentialsPause)); !e.compare.done() {
				o.next = now // the next try of the comparison has to hear of it
			}
		}
		switch {
		case found:
		case now.Before(o.until):
			left = append(left, o)
		case err != nil || !o.heard:
			g.logger().Error("page of a lost journal is given up: the gateway never told what became of it; look it up there",
				zap.String("payment", string(o.id)), zap.Int64("record", o.record.ID), zap.Int64("customer", o.record.CustomerID), zap.Error(err))
		}
	}
	return left, failed
}

// askOrphan asks every configured user about an orphan, and keeps the money it finds. It is
// found too if somebody came back from the page meanwhile. A lost journal alone knew which
// user the page is of, so it was heard only if every one of them has told something.
func (e *Engine) askOrphan(ctx context.Context, g *Generation, o *orphan) (found bool, err error) {
	if _, err := e.store.Get(ctx, o.id); !errors.Is(err, ErrNotFound) {
		return err == nil, err
	}
	users := g.statusUsers()
	var silent error
	for _, with := range users {
		answer, err := e.statusOf(ctx, g, with, o)
		switch {
		case err != nil: // another one may know it all the same
			silent = err
		case answer != nil:
			return e.keepOrphan(ctx, g, with, o, answer)
		}
	}
	o.heard = silent == nil && len(users) > 0
	return false, silent
}

// statusOf asks one user, with one password after the other, as long as the gateway says
// nothing; nil: there is no money as far as this user knows.
func (e *Engine) statusOf(ctx context.Context, g *Generation, with Credentials, o *orphan) (*windcave.Transaction, error) {
	clients, err := g.pxPost(with.Endpoint, with.PxPostUser)
	if err != nil {
		return nil, err
	}
	var v windcave.Verdict
	for _, client := range clients {
		answer, err := client.Status(ctx, string(o.id))
		if err != nil {
			return nil, err
		}
		amount, _ := money.Parse(answer.Amount, answer.InputCurrencyName) // not there: nothing to compare
		v = answer.Judge(windcave.Expect{TxnType: windcave.Purchase, TxnID: string(o.id), MerchantReference: answer.MerchantReference, Amount: amount})
		switch {
		case v.Claimed:
			return answer, nil
		case heard(v):
			return nil, nil
		}
	}
	return nil, fmt.Errorf("%w (PxPost user %q, code %q)", errUnheard, with.PxPostUser, v.Code)
}

// keepOrphan keeps money that Status has told of, if it is what the record was made for.
func (e *Engine) keepOrphan(ctx context.Context, g *Generation, with Credentials, o *orphan, answer *windcave.Transaction) (found bool, err error) {
	p := e.ofOrphan(g, with, o, answer)
	if p != nil {
		_, err := e.keepMoney(ctx, g, p, byStatusSource)
		return err == nil, err
	}
	if !o.told {
		o.told = true
		g.logger().Error("the gateway has money under a number of ours that does not fit its statement record: look it up",
			zap.String("payment", string(o.id)), zap.Int64("record", o.record.ID), zap.String("dps_txn_ref", answer.DpsTxnRef))
	}
	return false, errUnheard // the answer may be damaged
}

// join puts what was found now beside what the tries before have found: these know when they
// were asked about, and what was told of them.
func (c *comparison) join(found []orphan) []orphan {
	all := slices.Clone(c.orphans)
	for _, o := range found {
		if !slices.ContainsFunc(all, func(k orphan) bool { return k.id == o.id }) {
			all = append(all, o)
		}
	}
	return all
}

// statusUsers lists who can be asked for Status, each user once.
func (g *Generation) statusUsers() (users []Credentials) {
	for _, c := range g.credentials() {
		known := slices.ContainsFunc(users, func(k Credentials) bool { return k.Endpoint == c.Endpoint && k.PxPostUser == c.PxPostUser })
		if c.PxPost != nil && !known {
			users = append(users, c)
		}
	}
	return users
}

// ofOrphan is the payment that an approval tells of; nil if it is not of our form. Status does
// not tell TxnData1, so the record stands in for it: the amount must be the record's, the
// currency one that this user's partners take, and the reference, where it is told, must name
// the record's customer.
func (e *Engine) ofOrphan(g *Generation, with Credentials, o *orphan, t *windcave.Transaction) *Payment {
	amount, err := money.Parse(t.Amount, t.InputCurrencyName)
	if err != nil || !o.record.Amount.Is(amount) || !g.takes(with, amount.CurrencyCode()) || o.record.CustomerID <= 0 {
		return nil
	}
	kind, number, ok := parseReference(t.MerchantReference, o.record.CustomerID)
	switch {
	case t.MerchantReference == "" && o.record.InvoiceID != 0:
		kind = KindInvoice
	case !ok, (kind == KindInvoice) != (o.record.InvoiceID != 0):
		return nil
	case kind != KindInvoice && o.record.RequestID == 0: // of a document that nobody knows: as money of the balance it blocks them all
		kind = KindTopUp
	}
	v := t.Judge(windcave.Expect{TxnType: windcave.Purchase, TxnID: string(o.id), MerchantReference: t.MerchantReference, Amount: amount})
	if v.Outcome != windcave.Approved || v.DpsTxnRef == "" {
		return nil
	}
	p := &Payment{
		ID: o.id, TxnID: o.id, Kind: kind, Way: WayHosted, Origin: OriginGuest, Site: g.Settings.PublicURL,
		Customer: o.record.CustomerID, DocumentID: max(o.record.InvoiceID, o.record.RequestID), DocumentNumber: number, Amount: amount,
		Endpoint: with.Endpoint, PxPayUser: with.PxPayUser, PxPostUser: with.PxPostUser,
		TxnType: t.TxnType, Reference: t.MerchantReference, DpsTxnRef: v.DpsTxnRef, Code: v.Code, Class: string(v.Class), Words: v.Key,
		ApprovedAt: e.now(),
	}
	p.Booking.RecordID, p.Booking.StatementID = o.record.ID, o.record.StatementID
	return p
}

// parseReference reads a MerchantReference of ours as Engine.intent writes it.
func parseReference(s string, customer int64) (Kind, string, bool) {
	rest, ok := strings.CutSuffix(s, fmt.Sprintf(" customer %d", customer))
	if !ok {
		return "", "", false
	}
	for _, k := range []Kind{KindProforma, KindInvoice, KindTopUp, KindCardCheck} {
		if number, ok := strings.CutPrefix(rest, title(k)); ok && (number == "" || number[0] == ' ') {
			return k, strings.TrimSpace(number), true
		}
	}
	return "", "", false
}

// takes tells whether a partner that these credentials are of is paid in a currency.
func (g *Generation) takes(with Credentials, code string) bool {
	fits := func(p Partner) bool {
		return p.Currency == code && slices.ContainsFunc(append([]Credentials{p.Credentials}, p.Retired...), func(c Credentials) bool {
			return c.Endpoint == with.Endpoint && c.PxPostUser == with.PxPostUser
		})
	}
	for _, p := range g.Partners {
		if fits(p) {
			return true
		}
	}
	return fits(g.Default)
}

// lookAfter asks about orphans again, with growing pauses, for as long as any page is asked
// about, and tells daily that the journal is old.
func (e *Engine) lookAfter(orphans []orphan) {
	for {
		next := e.now().Add(credentialsPause)
		if g, err := e.current(); err == nil {
			orphans, next = e.lookOnce(g, orphans)
		}
		if next.IsZero() || !e.compare.sleep(max(next.Sub(e.now()), busyLook)) {
			return
		}
	}
}

// lookOnce does what is due, and tells when something is due again; zero: never.
func (e *Engine) lookOnce(g *Generation, orphans []orphan) (left []orphan, next time.Time) {
	defer e.survive("page of a lost journal")
	left, next = orphans, e.now().Add(credentialsPause) // should it panic
	asked, err := e.askOrphans(e.compare.ctx, g, orphans)
	if e.compare.ctx.Err() != nil {
		return left, next
	}
	if err != nil {
		g.logger().Warn("gateway could not be asked about a page of a lost journal; it is asked again", zap.Error(err))
	}
	next = e.tellStrangers(e.compare.ctx, g)
	for _, o := range asked {
		next = earlier(next, o.next)
	}
	return asked, next
}
