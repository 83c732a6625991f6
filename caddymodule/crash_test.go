//go:build faultpoints

package caddymodule

import (
	"context"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// The points at which the process is killed, in the order in which a payment passes them, with
// the fault of the list that each stands for.
var crashPoints = []struct{ fault, point string }{
	{"F01", "before_intent"},
	{"F02", "intent"},
	{"F03", "page_answered"},
	{"F04", "page_stored"},
	{"F05", "token_stored"},
	{"F05", "result_answered"},
	{"F06", "outcome_stored"},
	{"F06", "claimed"},
	{"F06", "before_post"},
	{"F06", "post_intent"},
	{"F07", "post_answered"},
	{"F07", "post_noted"},
	{"F07", "row_found"},
	{"F07", "record_processed"},
	{"F07", "recorded"},
}

// A payer pays one invoice by its link; Caddy is killed at one point, started again, and the
// payer goes on as people do: tries the link again, or comes back from the gateway again.
func TestKilledAtEveryPoint(t *testing.T) {
	for _, c := range crashPoints {
		t.Run(c.fault+"_"+c.point, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			s := newSite(t, siteOptions{})
			s.start(c.point)
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
			rows := s.settled()
			if n := len(s.gateway.Charges()); n != 1 {
				t.Errorf("%d charges", n)
			}
			for _, p := range rows {
				if p.State != payment.Recorded && p.State != payment.NotStarted && p.State != payment.Offered {
					t.Errorf("payment %s is %s (%s)", p.ID, p.State, p.Reason)
				}
			}
		})
	}
}
