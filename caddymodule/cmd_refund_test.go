package caddymodule

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// The office gives a part back by a command, and is told what to type into Splynx; what is too
// much, or not allowed, is refused with what may be done.
func TestCommandRefunds(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.start("")
	s.must(s.payInvoice(s.hour(), s.invoice.Number))
	s.until("it is recorded", func() bool {
		got := s.ask("list", "--json", "--state", "recorded")
		return got.code == 0 && strings.Contains(got.out, "2026/0042")
	})
	id := string(s.listed().Payments[0].ID)
	s.wants(s.ask("refund", id, "20.00", "--reason", "moved out"), 1, "set admin_commands all")
	s.words = "admin_commands all"
	s.must(s.load(s.caddyfile("paymentexpress")))
	s.wants(s.ask("refund", id, "--reason", "moved out"), 1, "name the amount, such as 20.00, or --all")
	s.wants(s.ask("refund", id, "20.00", "--all", "--reason", "moved out"), 1, "not both")
	s.wants(s.ask("refund", id, "20.00"), 1, `required flag(s) "reason" not set`)
	s.wants(s.ask("refund", id, "20.001", "--reason", "x"), 1, `amount "20.001" is no amount of NZD, such as 57.50`)
	refused := s.ask("refund", id, "57.51", "--reason", "x")
	if s.wants(refused, 1, "more would be given back than was paid"); refused.out != "" {
		t.Errorf("beside the error it says\n%s", refused.out)
	}
	s.wants(s.ask("refund", id, "20.00", "--reason", "moved\nout"), 1, "without control characters")
	s.wants(s.ask("refund", id, "20.00", "--reason", "moved out"), 0, "57.50 NZD, invoice 2026/0042", "Refund ", "20.00 NZD")
	s.wants(s.ask("refund", id, "20.00", "--reason", "moved out"), 0, "asked for this before", "--again", "20.00 NZD")
	s.until("what is to be typed is said", func() bool { return strings.Contains(s.ask("list", "--attention").out, "tell_splynx") })
	s.wants(s.ask("show", string(s.listed("--state", "parked").Payments[0].ID)), 0, "a payment of -20.00")
	s.wants(s.ask("refund", id, "40.00", "--reason", "x"), 1, "more would be given back than was paid")
	var rest detailAnswer
	got := s.ask("refund", id, "--all", "--json", "--reason", "the rest")
	s.wants(got, 0)
	s.must(json.Unmarshal([]byte(got.out), &rest))
	if rest.Payment.Amount != "37.50" || rest.Payment.Kind != payment.KindRefund {
		t.Errorf("the rest is %s %s", rest.Payment.Kind, rest.Payment.Amount)
	}
	s.wants(s.ask("refund", id, "--all", "--reason", "the rest"), 0, "asked for this before", "37.50 NZD")
	s.wants(s.ask("refund", id, "--all", "--again", "--reason", "the rest"), 1, "more would be given back than was paid")
	s.wants(s.ask("show", id), 0, "20.00 NZD", "37.50 NZD")
	s.until("both wait for a person", func() bool { return len(s.listed("--state", "parked").Payments) == 2 })
	for _, r := range s.listed("--state", "parked").Payments {
		s.wants(s.ask("settle", string(r.ID), "--as", "recorded", "--reason", "typed it"), 0, "Done.")
	}
	s.wants(s.ask("list", "--attention", "--fail"), 0, "Nothing needs a person.")
	if n := len(s.gateway.Refunds()); n != 2 {
		t.Errorf("%d refunds at the gateway", n)
	}
	s.settled()
}
