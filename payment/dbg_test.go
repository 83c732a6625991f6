package payment_test

import (
	"testing"
	"os"
)

func dump(t *testing.T, w *world) {
	if os.Getenv("DUMP") == "" {
		return
	}
	for _, p := range w.Journal() {
		t.Logf("ROW %s %s %s/%s money=%q claimed=%q created %s doc %d next %s %+v", p.ID, p.TxnID, p.State, p.Reason, p.DpsTxnRef, p.Claimed, p.CreatedAt.Format("02 15:04:05.000"), p.DocumentID, p.NextAt.Format("02 15:04:05"), p.Booking)
		ev, _ := w.Store.Events(background, p.ID)
		for _, e := range ev {
			t.Logf("    %s %s>%s %s %s %s", e.At.Format("02 15:04:05.000"), e.From, e.To, e.Why, e.Note, e.Who)
		}
	}
	for _, e := range w.Gateway.Log() {
		t.Logf("GW %s %s %s %s %s %s %v status %d %v", e.At.Format("02 15:04:05.000"), e.Op, e.TxnID, e.Outcome, e.ReCo, e.DpsTxnRef, e.Answered, e.Status, e.Faults)
	}
	if os.Getenv("DUMP") == "2" {
		for _, e := range w.Splynx.Log() {
			t.Logf("SP %s %s %s %d %s -> %d %s committed %v late %v %s", e.Time.Format("02 15:04:05.000"), e.Method, e.Resource, e.ID, e.Search, e.Status, e.Receipt, e.Committed, e.Late, e.Fault)
		}
	}
}
