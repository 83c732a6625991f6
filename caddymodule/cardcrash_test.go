//go:build faultpoints

package caddymodule

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// sent counts the calls of an operation that the gateway has got.
func (s *site) sent(op windcavetest.Op) (n int) {
	for _, e := range s.gateway.Log() {
		if e.Op == op {
			n++
		}
	}
	return n
}

// F08 and its neighbours: killed anywhere in a charge of a saved card. What was sent is asked
// for and recorded; what was not is never sent, and blocks the invoice until the gateway can be
// believed that nothing came.
func TestF08KilledInASavedCardCharge(t *testing.T) {
	t.Parallel()
	for point, charged := range map[string]bool{
		"before_charge_intent": false, "charge_intent": false, "charge_ready": false, "charge_answered": true, "charge_stored": true,
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			s := newSite(t, siteOptions{})
			s.savedCard()
			me := s.holderOf(s.invoice.CustomerID)
			s.start(point)
			page, err := me.Open(ctx, s.icon(s.invoice.Number))
			s.must(err)
			_, _ = me.Press(ctx, s.icon(s.invoice.Number), page, "card", "saved")
			s.dead()
			s.start("")
			if sent := s.sent(windcavetest.OpPurchase); (sent == 1) != charged || sent > 1 {
				t.Errorf("sent %d times", sent)
			}
			if charged {
				s.paid(s.invoice.ID)
				s.settled()
				return
			}
			again, err := me.Press(ctx, s.icon(s.invoice.Number), page, "card", "saved") // the same form once more
			s.must(err)
			if point == "before_charge_intent" {
				if _, err := me.ComeBack(ctx, again.Location, "Paid"); err != nil {
					t.Fatal(err)
				}
				s.paid(s.invoice.ID)
				s.settled()
				return
			}
			if again.Title != "Being processed" {
				t.Errorf("the form leads to %d %q", again.Status, again.Title)
			}
			s.stop()
			if n := s.sent(windcavetest.OpPurchase); n != 0 {
				t.Errorf("a charge of a process that died was sent %d times", n)
			}
			for _, p := range s.check() { // as soon as the worker has looked it is unknown
				if p.State != payment.Unknown && p.State != payment.Submitted {
					t.Errorf("payment is %s (%s)", p.State, p.Reason)
				}
			}
		})
	}
}

// F09 and its neighbours: killed anywhere between the approval of a card check and its end. The
// card is saved, and its money given back once.
func TestF09KilledInACardCheck(t *testing.T) {
	t.Parallel()
	for point, unsure := range map[string]bool{
		"outcome_stored": false, "card_intent": false, "card_written": false, "card_stored": false,
		"refund_reserved": false, "refund_intent": true, "refund_answered": false, "refund_stored": false, "given_back": false,
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			s := newSite(t, siteOptions{})
			me := s.holderOf(s.invoice.CustomerID)
			s.start(point)
			page, err := me.Start(ctx, s.public+"/paymentexpress/card", "do", "save")
			s.must(err)
			back := s.payOn(page)
			_, _ = me.Open(ctx, back)
			s.dead()
			s.start("")
			title := "Card saved"
			if _, err := me.ComeBack(ctx, back, title); err != nil {
				t.Fatal(err)
			}
			if unsure { // the gateway is believed only minutes later that nothing came
				s.stop()
				if n := s.sent(windcavetest.OpRefund); n != 0 {
					t.Errorf("a refund of a process that died was sent %d times", n)
				}
				return
			}
			s.until("the money is back, and that is known", func() bool {
				page, err := me.Open(ctx, s.public+"/paymentexpress/payments")
				return err == nil && strings.Count(page.Body, "state done") == 2 // the check and its refund
			})
			s.until("both have ended", func() bool { // the page tells a moment before
				return strings.Count(s.logged(), `"state":"settled"`) >= 2
			})
			s.stop()
			for _, p := range s.check() {
				if p.State != payment.Settled {
					t.Errorf("%s %s is %s (%s)", p.Kind, p.ID, p.State, p.Reason)
				}
			}
			if n := len(s.gateway.Refunds()); n != 1 {
				t.Errorf("%d refunds", n)
			}
			if row, _ := s.splynx.AccountData(s.invoice.CustomerID, splynxtest.AddOnAccountID); row.Fields[0] == "" {
				t.Error("no card stands in splynx")
			}
		})
	}
}
