package caddymodule

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
)

// failedRun writes a run into the journal that could not be planned.
func (s *site) failedRun(id payment.ID, change func(*charge.Run)) {
	s.tb.Helper()
	store, err := journal.Open(context.Background(), s.journal())
	s.must(err)
	at := time.Now().UTC()
	run := &charge.Run{
		ID: id, FormKey: "form of " + string(id), Sort: charge.Invoices, Filter: charge.Filter{Statuses: []string{"not_paid"}}, Source: charge.Administrator, Who: "administrator 1",
		State: charge.Failed, Why: charge.WhySplynxNo, CreatedAt: at, MovedAt: at, EndedAt: at,
	}
	change(run)
	s.must(store.CreateRun(context.Background(), run, charge.Event{Run: id, At: at, To: charge.Failed, Why: run.Why, Who: "engine", Node: "test"}))
	s.must(store.Close())
}

// A run that was made by itself and could not be planned makes health red, and charge status, until
// somebody says that it was seen; one that a person has made does not.
func TestFailedRunIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	const id, byHand payment.ID = "FAILEDFAILEDFA00", "BYHANDBYHANDBY00"
	s.failedRun(byHand, func(*charge.Run) {})
	s.failedRun(id, func(r *charge.Run) { r.Source, r.Schedule, r.Unseen = charge.Schedule, "daily", true })
	s.start("")
	s.until("the journal is open", func() bool { return s.ask("list").code == 0 })
	red := s.ask("health")
	s.wants(red, 1, "charge run "+string(id)+" could not be made on its day", "docs/runbook/splynx_refused.md")
	if strings.Contains(red.out, string(byHand)) {
		t.Errorf("the run of a person is told, too:\n%s", red.out)
	}
	s.wants(s.ask("charge", "status", "--fail"), 1, "One waits for a person: caddy paymentexpress charge status "+string(id))
	s.wants(s.ask("charge", "status", string(id), "--fail"), 1, "caddy paymentexpress charge stop "+string(id))
	metrics, err := s.adminGet("/metrics")
	s.must(err)
	if !strings.Contains(metrics, `caddy_paymentexpress_charge_runs_standing{why="splynx_refused"} 1`) {
		t.Error("metrics do not say that a run has failed")
	}
	s.wants(s.ask("charge", "stop", string(id), "--reason", "charged by hand"), 0, "failed since", "charged by hand")
	s.wants(s.ask("charge", "stop", string(byHand)), 1, "failed")
	s.wants(s.ask("health"), 0, "All is well.")
	s.wants(s.ask("charge", "status", "--fail"), 0)
	s.stop()
	s.deeds(id, payment.DeedSeen)
}
