//go:build faultpoints

package caddymodule

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// left is what a killed Caddy leaves behind: its journal, the pages that it has asked for, and
// what stands in Splynx.
type left struct {
	rows   []*payment.Payment
	pages  []string // their TxnIds
	booked int
}

// left looks after a Caddy that was killed, and has not been started again.
func (s *site) left() (l left) {
	s.tb.Helper()
	store, err := journal.Open(context.Background(), s.journal())
	s.must(err)
	l.rows, err = store.Find(context.Background(), payment.Filter{Limit: 100})
	s.must(err)
	s.must(store.Close())
	for _, e := range s.gateway.Log() {
		if e.Op == windcavetest.OpGenerate {
			l.pages = append(l.pages, e.TxnID)
		}
	}
	for _, p := range s.splynx.Payments() {
		if p.InvoiceID == s.invoice.ID {
			l.booked++
		}
	}
	return l
}

// wants fails unless so many pages were asked for and payments booked, and there is one payment,
// in that state; or none, for no state.
func (l left) wants(t *testing.T, state payment.State, pages, booked int) {
	t.Helper()
	if len(l.pages) != pages || l.booked != booked {
		t.Errorf("killed after %d pages and %d bookings, want %d and %d", len(l.pages), l.booked, pages, booked)
	}
	if state == "" && len(l.rows) == 0 || state != "" && len(l.rows) == 1 && l.rows[0].State == state {
		return
	}
	t.Errorf("%d payments are left, want one that is %q", len(l.rows), state)
	for _, p := range l.rows {
		t.Errorf("%s is %s", p.ID, p.State)
	}
}

// killed has a payer pay one invoice by its link. Caddy kills itself at one point; look sees
// what is left; Caddy is started again, and the payer goes on as people do: tries the link
// again, or comes back from the gateway again. One charge is made, and booked once.
func killed(t *testing.T, point string, look func(left)) *site {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := newSite(t, siteOptions{})
	s.start(point)
	person, link := payer.New(), s.link(s.invoice.Number)

	// The first try ends in the crash or on the gateway's page.
	back := ""
	if page, err := person.Open(ctx, link); err == nil && page.HasForm() {
		if page, err = person.Press(ctx, link, page); err == nil && page.Location != "" {
			back = s.payOn(page.Location)
			_, _ = person.Open(ctx, back)
		}
	}
	s.dead()
	look(s.left())
	s.start("")

	if back == "" {
		page, err := person.Start(ctx, link)
		s.must(err)
		back = s.payOn(page)
	}
	if title, err := person.ComeBack(ctx, back, "Paid"); err != nil {
		t.Fatal(title, err)
	}
	s.paid(s.invoice.ID)
	s.once()
	return s
}

// once fails unless one charge was made and everything has come to rest.
func (s *site) once() {
	s.tb.Helper()
	rows := s.settled()
	if n := len(s.gateway.Charges()); n != 1 {
		s.tb.Errorf("%d charges", n)
	}
	for _, p := range rows {
		if p.State != payment.Recorded && p.State != payment.NotStarted && p.State != payment.Offered {
			s.tb.Errorf("payment %s is %s (%s)", p.ID, p.State, p.Reason)
		}
	}
}

// F01: killed before the intent is written. The gateway has heard nothing; the buyer may start
// again.
func TestF01KilledBeforeTheIntent(t *testing.T) {
	t.Parallel()
	killed(t, "before_intent", func(l left) { l.wants(t, "", 0, 0) })
}

// F02: killed between the intent and the call. What was meant to be sent never is; it ends as
// not started, and another payment is made for the buyer.
func TestF02KilledAfterTheIntent(t *testing.T) {
	t.Parallel()
	var intent *payment.Payment
	s := killed(t, "intent", func(l left) {
		l.wants(t, payment.Created, 0, 0)
		if len(l.rows) == 1 {
			intent = l.rows[0]
		}
	})
	for _, id := range s.left().pages {
		if intent != nil && id == string(intent.ID) {
			t.Error("the intent of a process that died was sent")
		}
	}
}

// F03: killed between the gateway's answer and its being stored: a page lives of which nobody
// knows the address. The payer may start anew. (What becomes of that page is tested in payment.)
func TestF03KilledBeforeThePageIsStored(t *testing.T) {
	t.Parallel()
	killed(t, "page_answered", func(l left) { l.wants(t, payment.Created, 1, 0) })
}

// F04: killed when the page is stored: before the buyer is sent there, and while he is there.
func TestF04KilledWhileTheBuyerIsAway(t *testing.T) {
	t.Parallel()
	t.Run("before the redirect", func(t *testing.T) {
		t.Parallel()
		killed(t, "page_stored", func(l left) { l.wants(t, payment.Offered, 1, 0) })
	})
	for name, returns := range map[string]bool{"he comes back": true, "the notification comes again": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			s := newSite(t, siteOptions{})
			s.start("")
			person := payer.New()
			page, err := person.Start(ctx, s.link(s.invoice.Number))
			s.must(err)
			s.must(s.cmd.Process.Signal(syscall.SIGKILL))
			s.dead()
			s.gateway.HoldNotifications(true) // nobody would hear it
			back := s.payOn(page)
			s.left().wants(t, payment.Offered, 1, 0)
			s.start("")
			if returns {
				_, err = person.ComeBack(ctx, back, "Paid")
			} else {
				_, err = s.gateway.SendNotification(0)
			}
			s.must(err)
			s.paid(s.invoice.ID)
			s.once()
		})
	}
}

// F05: killed before and after the gateway has told the result, which was not stored.
func TestF05KilledBeforeTheOutcomeIsStored(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"token_stored", "result_answered"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			killed(t, point, func(l left) { l.wants(t, payment.Offered, 1, 0) })
		})
	}
}

// F06: killed when the outcome is stored and Splynx has heard nothing yet.
func TestF06KilledBeforeThePost(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"outcome_stored", "claimed", "before_post", "post_intent"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			killed(t, point, func(l left) { l.wants(t, payment.Approved, 1, 0) })
		})
	}
}

// F07: killed when Splynx has booked the payment. It is searched for first: there is no second
// POST.
func TestF07KilledAfterThePost(t *testing.T) {
	t.Parallel()
	for point, state := range map[string]payment.State{
		"post_answered": payment.Approved, "post_noted": payment.Approved, "row_found": payment.Approved,
		"record_processed": payment.Approved, "recorded": payment.Recorded,
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			s := killed(t, point, func(l left) { l.wants(t, state, 1, 1) })
			posted := 0
			for _, e := range s.splynx.Log() {
				if e.Method == "POST" && e.Resource == "payments" {
					posted++
				}
			}
			if posted != 1 {
				t.Errorf("posted %d times", posted)
			}
		})
	}
}
