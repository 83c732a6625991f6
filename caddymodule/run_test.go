package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// kinds is the mix of a run, and ends what becomes of each.
var (
	kinds = []string{
		"good", "good", "good", "funds", "good", "bank", "no card", "good", "stolen", "good", "credit", "expired", "pending", "good", "paid meanwhile", "token", "good", "less", "more", "good",
	}
	ends = map[string]string{
		"good": "recorded", "funds": "declined soft", "bank": "declined declined", "no card": "left_out no_card", "stolen": "declined card", "token": "declined token",
		"credit": "left_out has_credit", "expired": "left_out card_expired", "pending": "left_out pending", "paid meanwhile": "left_out paid_meanwhile",
		"in flight": "left_out in_flight", "less": "recorded", "more": "left_out amount_changed",
	}
)

// chargeable are the kinds that a preview counts.
var chargeable = []string{"good", "funds", "bank", "stolen", "token", "paid meanwhile", "in flight", "less", "more"}

// A run of 400, with everything that can become of a charge: what the preview and the result say
// agrees to the cent with both simulators. It is started by command, and pays while customers do.
func TestRunOf400(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{gateway: slowly(30 * time.Millisecond)})
	s.words = "admin_commands all\ncharge {\n concurrency 16\n confirm_above 10\n}"
	people := s.crowd(396, kinds...)
	for n := 396; n < 400; n++ {
		people = append(people, s.buyer(n, "in flight"))
	}
	s.start("")
	r := s.preview()
	var want []string
	for _, p := range people {
		if i, _ := s.splynx.Invoice(p.invoice); slices.Contains(chargeable, p.kind) {
			want = append(want, i.Due)
		}
	}
	seen := r.toCharge()
	if len(seen) != 1 || seen[0].Count != int64(len(want)) || !s.total([]string{seen[0].Amount}).Equal(s.total(want)) || r.Run.State != charge.Planned {
		t.Fatalf("the preview says %v, not %d, %s", seen, len(want), s.total(want))
	}
	if len(s.purchases()) != 0 {
		t.Fatal("the preview has charged")
	}
	held := s.meanwhile(people)
	id := string(r.Run.ID)
	s.wants(s.ask("charge", "start", id, "--any"), 1, "the run is above confirm_above")
	s.wants(s.ask("charge", "start", id, "--seen", seen[0].String()), 1, "nobody has stated", "--handler-off")
	s.wants(s.ask("charge", "start", id, "--seen", "1:1.00:NZD", "--handler-off"), 1, "the plan is not what was seen any more; nothing was started")
	s.gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut, Skip: 20}) // asked about, and found
	s.runOf(s.begin(r, "--wait"), 0)
	s.wants(s.begin(r), 0) // pressed twice
	held()
	done := s.comes(r.Run.ID, charge.Done)
	if sent := s.purchases(); done.UnderWay+done.Left+done.Unknown != 0 || len(sent) != int(done.Approved+done.Declined+done.Failed)+4 {
		t.Errorf("%+v, and %d sent", done.runCounts, len(sent))
	}
	got := map[string]string{}
	for _, row := range s.exported(r.Run.ID) {
		got[row["document_number"]] = strings.TrimSpace(row["state"] + " " + row["out"] + row["class"])
	}
	for _, p := range people {
		if got[p.number] != ends[p.kind] {
			t.Errorf("%s of %s ends as %q, not %q", p.number, p.kind, got[p.number], ends[p.kind])
		}
	}
	s.agree(r.Run.ID)
	s.deeds(r.Run.ID, payment.DeedExport, payment.DeedExport, payment.DeedStart, payment.DeedHandlerOff, payment.DeedPreview)
}

// meanwhile does what happens between the preview and the start, and returns what lets the
// charges go on that are under way then.
func (s *site) meanwhile(people []charged) (goOn func()) {
	s.tb.Helper()
	var paying sync.WaitGroup
	waiting := s.gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayBefore, Hold: true, Times: 4})
	flights := 0
	for n, p := range people {
		switch p.kind {
		case "paid meanwhile":
			s.splynx.PayInvoice(p.invoice)
		case "less":
			s.splynx.ChangeInvoice(p.invoice, func(i *splynxtest.Invoice) { i.Due = "12.3450" })
		case "more":
			s.splynx.ChangeInvoice(p.invoice, func(i *splynxtest.Invoice) { i.Due = "999.50" })
		case "in flight":
			flights++
			session := fmt.Sprintf("portal%026d", n)
			s.splynx.AddCustomerSession(session, p.customer)
			me := signedIn(session)
			page, err := me.Open(s.hour(), s.icon(p.number))
			s.must(err)
			paying.Go(func() { _, _ = me.Press(context.Background(), s.icon(p.number), page, "card", "saved") })
		}
	}
	s.until("the customers' charges are under way", func() bool { return len(s.listed("--state", "submitted").Payments) == flights })
	return func() {
		waiting.Release()
		paying.Wait()
	}
}

// deeds reads what was written down of a run, the newest first.
func (s *site) deeds(run payment.ID, want ...payment.Deed) {
	s.tb.Helper()
	store, err := journal.Open(context.Background(), s.journal())
	s.must(err)
	defer store.Close()
	acts, err := store.FindActs(context.Background(), payment.ActFilter{Run: run})
	s.must(err)
	me, err := person()
	s.must(err)
	var got []payment.Deed
	for _, a := range acts {
		got = append(got, a.What)
		if a.Who != me {
			s.tb.Errorf("%s was done by %q, not %q", a.What, a.Who, me)
		}
	}
	if !slices.Equal(got, want) {
		s.tb.Errorf("written down: %v, want %v", got, want)
	}
}

// Reloads in the middle of a run, with the same pace, another one, a failing app, and without
// the module for a moment, neither stop nor double it.
func TestReloadsInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{gateway: slowly(60 * time.Millisecond)})
	s.words = "admin_commands all\ncharge {\n concurrency 4\n}"
	people := s.crowd(120, "good", "good", "funds", "no card")
	s.start("")
	r := s.preview()
	s.runOf(s.begin(r), 0)
	at := func(n int) {
		s.until(fmt.Sprint(n, " are sent"), func() bool { return len(s.purchases()) >= n })
	}
	config := s.caddyfile("paymentexpress")
	at(8)
	s.must(s.load(config))
	at(20)
	s.must(s.load(strings.Replace(config, "concurrency 4", "concurrency 7", 1)))
	at(35)
	if err := s.loadJSON(strings.Replace(adapt(t, strings.Replace(config, "concurrency 4", "concurrency 2", 1)), `"apps": {`, `"apps": {"failing": {},`, 1)); err == nil {
		t.Error("the failing app was loaded")
	}
	at(50)
	s.must(s.load("{\n\tadmin unix/" + s.admin + "\n}\n"))
	s.must(s.load(config))
	done := s.comes(r.Run.ID, charge.Done)
	if done.Approved != 60 || done.Declined != 30 || done.LeftOut != 31 || done.Failed+done.Unknown != 0 {
		t.Errorf("%+v", done.runCounts)
	}
	if len(done.Events) != 4 { // planning, planned, running, done
		t.Errorf("it has moved: %+v", done.Events)
	}
	if sent := s.purchases(); len(sent) != 90 || len(people) != 120 {
		t.Errorf("%d sent", len(sent))
	}
	s.agree(r.Run.ID)
}

// holdCharges lets a few charges through, and holds two: however long a command takes, a run that
// makes two at a time does not come to its end.
func (s *site) holdCharges() *windcavetest.Order {
	return s.gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayBefore, Hold: true, Skip: 4, Times: 2})
}

// A run is looked at, paused, resumed and stopped by commands; what moves money needs
// admin_commands all, and all is written down.
func TestCommandsOfRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.words = "charge {\n concurrency 2\n}"
	s.crowd(40, "good")
	s.start("")
	s.until("the journal is compared", func() bool { return strings.Contains(s.ask("health").out, "compared with Splynx 2") })
	s.wants(s.ask("charge", "status"), 0, "No such run.")
	s.wants(s.ask("charge", "preview", "--sort", "cards"), 1, `there is no sort "cards"`)
	s.wants(s.ask("charge", "preview", "--issued", "yesterday"), 1, "--issued", "want days such as")
	s.wants(s.ask("charge", "preview", "--sort", "balances", "--number", "1"), 1, "a balance has no number")
	today := time.Now().Format(time.DateOnly)
	some := s.ask("charge", "preview", "--number", "2026/10003,2026/10004", "--issued", ".."+today, "--customer-status", "active,new", "--to", "23.21")
	s.wants(some, 0, "planned since", "numbers 2026/10003, 2026/10004", "1 23.21 NZD to be charged", "--seen 1:23.21:NZD")
	s.wants(s.ask("charge", "preview", "--number", "2026/99999"), 0, "Nothing is to be charged.")
	r := s.preview()
	id := string(r.Run.ID)
	s.wants(s.begin(r), 1, "set admin_commands all")
	s.wants(s.ask("charge", "resume", id), 1, "set admin_commands all")
	s.words = "admin_commands all\ncharge {\n concurrency 2\n}"
	s.must(s.load(s.caddyfile("paymentexpress")))
	s.wants(s.ask("charge", "start", id), 1, "--seen 12:512.50:NZD, or --any")
	s.wants(s.ask("charge", "start", id, "--seen", "40"), 1, `--seen "40"`)
	s.wants(s.ask("charge", "start", "AAAABBBBCCCCDDDD", "--any"), 1, "no such charge run")
	s.wants(s.ask("charge", "resume", id), 1, "was not started yet")
	held := s.holdCharges()
	s.wants(s.ask("charge", "start", id, "--any", "--handler-off"), 0, "running since", "a person wanted it", "left")
	metrics, err := s.adminGet("/metrics")
	s.must(err)
	if !strings.Contains(metrics, `caddy_paymentexpress_charge_runs{state="running"} 1`) || !strings.Contains(metrics, `caddy_paymentexpress_charge_run_items{state="left"}`) {
		t.Errorf("metrics do not tell of the run:\n%s", metrics)
	}
	s.wants(s.ask("charge", "pause", id, "--reason", "lunch\nbreak"), 1, "no line ends")
	s.wants(s.ask("charge", "pause", id, "--reason", "lunch"), 0, "paused since", "lunch")
	s.wants(s.ask("health"), 0, "charging", id+" paused")
	s.wants(s.ask("charge", "status", "--open", "--fail"), 0, id+" paused asked")
	held.Release()
	s.until("what was under way has ended", func() bool { return s.status(r.Run.ID).UnderWay == 0 })
	sent := len(s.purchases())
	held = s.holdCharges()
	s.wants(s.ask("charge", "resume", id), 0, "running since")
	s.until("it goes on", func() bool { return len(s.purchases()) > sent })
	s.wants(s.ask("charge", "stop", id, "--reason", "wrong month"), 0, "stopped since", "wrong month")
	held.Release()
	s.wants(s.ask("charge", "resume", id), 1, "stopped")
	done := s.comes(r.Run.ID, charge.Stopped)
	s.until("the rest is left out", func() bool { done = s.status(r.Run.ID); return done.Left+done.UnderWay == 0 })
	if done.LeftOut == 0 || done.Approved == 0 || done.Approved+done.LeftOut != 41 {
		t.Errorf("%+v", done.runCounts)
	}
	again := s.runOf(s.ask("charge", "preview", "--of", id, "--json"), 0)
	if len(again.toCharge()) != 0 || again.Run.Of != r.Run.ID {
		t.Errorf("again: %+v", again)
	}
	var list runsAnswer
	s.must(json.Unmarshal([]byte(s.ask("charge", "status", "--json", "--limit", "2").out), &list))
	if len(list.Runs) != 2 || list.Next != list.Runs[1].Run.ID || list.Runs[0].Run.ID != again.Run.ID {
		t.Errorf("%+v", list)
	}
	s.agree(r.Run.ID)
	s.deeds(r.Run.ID, payment.DeedExport, payment.DeedStop, payment.DeedResume, payment.DeedPause, payment.DeedStart, payment.DeedHandlerOff, payment.DeedPreview)
}

// Windcave refuses our user: the run pauses by itself, and health and metrics say so.
func TestRunStandsStill(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.words = "admin_commands all\ncharge {\n concurrency 2\n stop_after 3\n}"
	s.crowd(30, "good")
	s.gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.CredentialsAG, Times: -1})
	s.start("")
	r := s.preview()
	stands := s.runOf(s.begin(r, "--wait"), 1)
	if stands.Run.State != charge.Paused || stands.Run.Why != charge.WhyConfig || stands.Left < 20 {
		t.Errorf("%s %s, %d left", stands.Run.State, stands.Run.Why, stands.Left)
	}
	s.wants(s.ask("health"), 1, "charge run "+string(r.Run.ID)+" is paused", "Windcave has refused our account", "docs/runbook/configuration_errors.md")
	s.wants(s.ask("charge", "status", "--fail"), 1, "One waits for a person")
	s.wants(s.ask("charge", "status", string(r.Run.ID), "--fail"), 1, "charge resume "+string(r.Run.ID))
	metrics, err := s.adminGet("/metrics")
	s.must(err)
	if !strings.Contains(metrics, `caddy_paymentexpress_charge_runs_standing{why="configuration_errors"} 1`) {
		t.Error("metrics do not say that the run stands still")
	}
	s.stop()
	s.check()
}

// Payments are written out, filtered, to the terminal and to a file; one that is approved and not
// booked is looked at at once.
func TestCommandsExportAndRecheck(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.start("")
	s.until("the journal is open", func() bool { return s.ask("list").code == 0 })
	odd := s.addInvoice(`=2+5,"x"`, "12.00")
	s.must(s.payInvoice(s.hour(), s.invoice.Number))
	s.must(s.payInvoice(s.hour(), odd.Number))
	s.until("both are recorded", func() bool { return len(s.listed("--state", "recorded").Payments) == 2 })
	all := s.ask("export", "payments")
	s.wants(all, 0, "id,created_at,", `"'=2+5,""x"""`, ",57.50,NZD,")
	if n := strings.Count(all.out, "\r\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, all.out)
	}
	today := time.Now().Add(-time.Hour).Format(time.RFC3339)
	s.wants(s.ask("export", "payments", "--document", fmt.Sprint(odd.ID), "--kind", "invoice", "--since", today, "--json"), 0, `"document_number":"=2+5,\"x\""`)
	s.wants(s.ask("list", "--before", today), 0, "No such payment.")
	s.wants(s.ask("list", "--kind", "gift"), 1, `kind "gift" is none of invoice, proforma`)
	s.wants(s.ask("list", "--since", "noon"), 1, "want a day such as")
	s.wants(s.ask("export", "run", "AAAABBBBCCCCDDDD"), 1, "no such charge run")
	file := filepath.Join(s.dir, "out.csv")
	s.wants(s.ask("export", "payments", "-o", file), 0, "Written: "+file)
	s.wants(s.ask("export", "payments", "-o", file), 1, "file exists")
	if text, err := os.ReadFile(file); err != nil || string(text) != all.out {
		t.Errorf("the file holds other things: %v\n%s", err, text)
	}
	id := string(s.listed().Payments[0].ID)
	s.wants(s.ask("recheck", id), 1, "there is nothing to ask about it: it is recorded")
	s.wants(s.ask("link", "invoice", odd.Number), 0, "direct-pay-invoice?item_id=%3D2%2B5")
	s.stop()
	s.check()
	store, err := journal.Open(t.Context(), s.journal())
	s.must(err)
	defer store.Close()
	acts, err := store.FindActs(t.Context(), payment.ActFilter{What: payment.DeedExport})
	if err != nil || len(acts) != 4 || !strings.Contains(acts[2].Note, "kind=invoice") && !strings.Contains(acts[1].Note, "kind=invoice") {
		t.Errorf("exports written down: %+v, %v", acts, err)
	}
	if acts, err := store.FindActs(t.Context(), payment.ActFilter{What: payment.DeedLink, Customer: odd.CustomerID}); err != nil || len(acts) != 1 {
		t.Errorf("links written down: %+v, %v", acts, err)
	}
}

// An unbooked payment is tried again at once when somebody asks for it.
func TestCommandRechecks(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.savedCard()
	me := s.holderOf(s.invoice.CustomerID)
	s.start("")
	s.gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.StatusRequired, N: 4})
	page, err := me.Open(s.hour(), s.icon(s.invoice.Number))
	s.must(err)
	_, _ = me.Press(s.hour(), s.icon(s.invoice.Number), page, "card", "saved")
	s.until("it is unknown", func() bool { return len(s.listed("--state", "unknown").Payments) == 1 })
	id := string(s.listed().Payments[0].ID)
	s.until("it is recorded, for it is asked about again and again", func() bool {
		s.ask("recheck", id)
		return len(s.listed("--state", "recorded").Payments) == 1
	})
	s.stop()
	s.check()
	store, err := journal.Open(t.Context(), s.journal())
	s.must(err)
	defer store.Close()
	if acts, err := store.FindActs(t.Context(), payment.ActFilter{What: payment.DeedAsk, Payment: payment.ID(id)}); err != nil || len(acts) == 0 {
		t.Errorf("nothing is written down, %v", err)
	}
}

// The admin API refuses what is wrong with a request about runs, and nothing is done.
func TestAdminRefusesRuns(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	post := func(do func(present, *http.Request) (any, error), id, body string) error {
		_, err := do(o.present, asks(http.MethodPost, "charge/runs", body, id))
		return err
	}
	unknown := string(id("Z"))
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"no sort":        {post(present.previewRun, "", `{"who":"anna","key":"k"}`), 400},
		"nobody":         {post(present.previewRun, "", `{"sort":"invoices"}`), 400},
		"of nothing":     {post(present.previewRun, "", `{"sort":"invoices","who":"anna","of":"x"}`), 400},
		"of no run":      {post(present.previewRun, "", `{"sort":"invoices","who":"anna","of":"`+unknown+`"}`), 404},
		"no such run":    {post(present.startRun, unknown, `{"who":"anna","any":true}`), 404},
		"seen and any":   {post(present.startRun, unknown, `{"who":"anna","any":true,"seen":[{"count":1,"amount":"1.00","currency":"NZD"}]}`), 400},
		"seen nothing":   {post(present.startRun, unknown, `{"who":"anna"}`), 400},
		"seen no amount": {post(present.startRun, unknown, `{"who":"anna","seen":[{"count":1,"amount":"much","currency":"NZD"}]}`), 400},
		"pause none":     {post(present.pauseRun, unknown, `{"who":"anna"}`), 404},
		"no id":          {post(present.stopRun, "x", `{"who":"anna"}`), 400},
		"recheck none":   {post(present.recheckPayment, unknown, `{"who":"anna"}`), 404},
	} {
		if s := status(t, c.err); s != c.want || c.err == nil {
			t.Errorf("%s: %d (%v), not %d", name, s, c.err, c.want)
		}
	}
}
