package caddymodule

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// constants are the values of a type's constants in a file of package payment.
func constants(t *testing.T, file, typ string) (all []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "payment", file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) == 0 {
			return true
		}
		name, isName := v.Type.(*ast.Ident)
		text, isText := v.Values[0].(*ast.BasicLit)
		if isName && isText && name.Name == typ {
			s, err := strconv.Unquote(text.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		return true
	})
	if len(all) < 2 {
		t.Fatalf("%s has only %d constants of type %s", file, len(all), typ)
	}
	return all
}

// Whatever can stand in a journal has its word.
func TestEverythingHasWords(t *testing.T) {
	t.Parallel()
	for _, s := range constants(t, "state.go", "State") {
		if !slices.Contains(allStates, payment.State(s)) {
			t.Errorf("--state does not take %s", s)
		}
	}
	for _, r := range constants(t, "state.go", "Reason") {
		if meaning.Reason(payment.Reason(r)) == r {
			t.Errorf("no words for %s", r)
		}
	}
	for _, o := range constants(t, "payment.go", "Origin") {
		if meaning.Origin(payment.Origin(o)) == "" {
			t.Errorf("no words for origin %s", o)
		}
	}
	for _, w := range constants(t, "payment.go", "Way") {
		if meaning.Way(payment.Way(w)) == "" {
			t.Errorf("no words for way %s", w)
		}
	}
	for _, d := range constants(t, "payment.go", "Destination") {
		if meaning.Destination(payment.Destination(d)) == "" {
			t.Errorf("no words for destination %s", d)
		}
	}
	for _, k := range constants(t, "payment.go", "Kind") {
		if (paymentView{Kind: payment.Kind(k)}).document() == "" {
			t.Errorf("no words for kind %s", k)
		}
	}
	for _, h := range constants(t, "settle.go", "Settlement") {
		if !slices.ContainsFunc(meaning.Settlements, func(s meaning.Settlement) bool { return s.How == payment.Settlement(h) }) {
			t.Errorf("no words for settlement %s", h)
		}
	}
	for _, w := range constants(t, "charge/state.go", "Why") {
		if meaning.RunWhy(charge.Why(w)) == w {
			t.Errorf("no words for a run's %s", w)
		}
	}
	for _, o := range constants(t, "charge/item.go", "Out") {
		if meaning.Out(charge.Out(o)) == o {
			t.Errorf("no words for what is left out as %s", o)
		}
	}
	for _, k := range constants(t, "payment.go", "Kind") {
		if !slices.Contains(allKinds, payment.Kind(k)) {
			t.Errorf("--kind does not take %s", k)
		}
	}
	for _, h := range []string{payment.HeldNew, payment.HeldRestored} {
		if heldWords[h] == "" {
			t.Errorf("no words for a journal that is held as %s", h)
		}
	}
}

// at is a moment of the evening on which everything in the golden files happens; in Auckland it
// is the next day.
func at(minute int) time.Time {
	return time.Date(2026, 11, 25, 10, 58, 0, 0, time.UTC).Add(time.Duration(minute) * time.Minute)
}

func parkedView() paymentView {
	return paymentView{
		ID: "N1R5ETK5N44KCGOV", TxnID: "N1R5ETK5N44KCGOV", Kind: payment.KindInvoice, Way: payment.WayHosted, Origin: payment.OriginGuest,
		State: payment.Parked, ParkedFrom: payment.Approved, Reason: payment.ReasonPerhapsBookedTwice, Site: "https://isp.example",
		Partner: 1, Customer: 4711, DocumentID: 42, DocumentNumber: "2026/0042", Amount: "1057.50", Currency: "NZD",
		Endpoint: "https://sec.windcave.com", PxPayUser: "KereruPxPay", PxPostUser: "KereruPxPost", Reference: "Invoice 2026/0042",
		DpsTxnRef: "000000010a2b3c4d", Code: "00", ApprovedAt: at(3), CreatedAt: at(0), MovedAt: at(4), NextAt: at(19),
		Booking: payment.Booking{RecordID: 9, RecordStatus: "new", Post: payment.PostUnclear, PostedAt: at(4)},
	}
}

func recordedView() paymentView {
	return paymentView{
		ID: "Q7WZ3M1AAB0XK2LD", TxnID: "Q7WZ3M1AAB0XK2LD", Kind: payment.KindTopUp, Way: payment.WayHosted, Origin: payment.OriginCustomer,
		State: payment.Recorded, Reason: payment.ReasonBooked, Partner: 2, Customer: 7, Amount: "20.00", Currency: "AUD",
		Endpoint: "https://sec.windcave.com", PxPayUser: "SouthPxPay", DpsTxnRef: "000000010a2b3c4e", Code: "00", ApprovedAt: at(2), CreatedAt: at(-5), MovedAt: at(3),
		Booking: payment.Booking{To: payment.ToBalance, PaymentID: 1234, RecordID: 8, RecordStatus: "processed", Post: payment.PostAnswered, PostedAt: at(2)},
	}
}

// strangeView has what a terminal would act upon, and a claim of the gateway.
func strangeView() paymentView {
	v := parkedView()
	v.ID, v.Reason, v.ParkedFrom = "AAAABBBBCCCCDDDD", payment.ReasonAnswerDiffers, payment.Offered
	v.DocumentNumber, v.DpsTxnRef, v.Claimed, v.Booking, v.PxPostUser = "\x1b[31mred\u202e", "", "000000010a2b3c4f", payment.Booking{}, ""
	return v
}

func signedView() linkAnswer {
	return linkAnswer{
		URL:  "https://isp.example/paymentexpress/direct-pay-invoice?item_id=2026%2F0042&ends=2026-12-25&key=1&sign=AAAAAAAAAAAAAAAAAAAAAA",
		Kind: payment.KindInvoice, ID: 42, Number: "2026/0042", Customer: 4711, Amount: "57.50", Currency: "NZD", Ends: "2026-12-25", Required: true,
	}
}

// plannedRun has two currencies, and all that a filter can be about.
func plannedRun() runAnswer {
	day := splynx.DateOf(at(0))
	return runAnswer{
		runBrief: runBrief{
			Run: runView{
				ID: "Q7WZ3M1AAB0XK2LD", Sort: charge.Invoices, Source: charge.Command, Who: "anna", DespiteCredit: true, State: charge.Planned, Why: charge.WhyPlanned,
				Filter: charge.Filter{
					Issued: splynx.Days{From: day}, DueWithin: splynx.Days{From: day, To: day}, Statuses: []string{splynx.NotPaid}, Numbers: []string{"\x1b[31m1"}, Partners: []int64{1, 2},
					Location: 3, PaymentMethod: 4, CustomerStatuses: []string{"active", "new"}, Customers: []int64{7}, From: "1.00", To: "500.00",
				},
				CreatedAt: at(0), PlannedAt: at(1), MovedAt: at(1), Items: 420,
			},
			runCounts: runCounts{Left: 413, LeftOut: 8},
		},
		Sums: []sumView{
			{charge.ItemLeftOut, charge.OutNoCard, "", 5, "212.50", "NZD"},
			{charge.ItemLeftOut, charge.OutHasCredit, "", 3, "90.00", "NZD"},
			{charge.ItemPlanned, "", "", 12, "512.50", "AUD"},
			{charge.ItemPlanned, "", "", 400, "23870.40", "NZD"},
		},
		Events: []charge.Event{
			{At: at(0), To: charge.Planning, Why: charge.WhyAsked, Who: "anna", Node: "web1-4242"},
			{At: at(1), From: charge.Planning, To: charge.Planned, Why: charge.WhyPlanned, Who: "engine", Node: "web1-4242"},
		},
		TimeZone: "Pacific/Auckland",
	}
}

// pausedRun has paused by itself.
func pausedRun() runAnswer {
	r := plannedRun()
	r.Run.ID, r.Run.Sort, r.Run.Filter, r.Run.Source, r.Run.Who = "N1R5ETK5N44KCGOV", charge.Balances, charge.Filter{Statuses: []string{splynx.NotPaid}}, charge.Administrator, "administrator 3"
	r.Run.DespiteCredit, r.Run.State, r.Run.Why, r.Run.StartedAt, r.Run.MovedAt = false, charge.Paused, charge.WhyConfig, at(5), at(20)
	r.runCounts = runCounts{Left: 380, UnderWay: 2, Approved: 15, Declined: 5, Unknown: 1, Failed: 5, LeftOut: 12}
	r.Sums = []sumView{
		{charge.ItemPlanned, "", "", 380, "20870.40", "NZD"},
		{charge.ItemCharging, "", "", 2, "87.50", "NZD"},
		{charge.ItemRecorded, "", "", 15, "900.00", "NZD"},
		{charge.ItemDeclined, "", "soft", 3, "101.00", "NZD"},
		{charge.ItemDeclined, "", "card", 2, "70.10", "NZD"},
		{charge.ItemUnknown, "", "", 1, "45.00", "NZD"},
	}
	r.Events = append(r.Events, charge.Event{At: at(5), From: charge.Planned, To: charge.Running, Why: charge.WhyAsked, Who: "administrator 3", Node: "web1-4242"},
		charge.Event{At: at(20), From: charge.Running, To: charge.Paused, Why: charge.WhyConfig, Note: "AG: invalid user", Who: "engine", Node: "web1-4242"})
	return r
}

// failedRuns were made by themselves: one is not planned yet, one could not be.
func failedRuns() (hangs, failed runAnswer) {
	hangs, failed = plannedRun(), plannedRun()
	for _, r := range []*runAnswer{&hangs, &failed} {
		r.Run.Filter, r.Run.Source, r.Run.Who, r.Run.DespiteCredit = charge.Filter{Statuses: []string{splynx.NotPaid}}, charge.Schedule, "schedule daily", false
		r.Run.State, r.Run.Why, r.Run.PlannedAt, r.Sums = charge.Planning, charge.WhySplynxNo, time.Time{}, r.Sums[:1]
		r.runCounts = runCounts{Left: 200, LeftOut: 5}
		r.Events = append(r.Events[:1:1], charge.Event{At: at(7), From: charge.Planning, To: charge.Planning, Why: charge.WhySplynxNo, Note: "read the customers: splynx: HTTP 401", Who: "engine", Node: "web1-4242"})
		r.Events[0].Who = r.Run.Who
	}
	failed.Run.ID, failed.Run.State, failed.Run.Unseen = "N1R5ETK5N44KCGOV", charge.Failed, true
	failed.Events = append(failed.Events, charge.Event{At: at(800), From: charge.Planning, To: charge.Failed, Why: charge.WhySplynxNo, Note: "read the customers: splynx: HTTP 401", Who: "engine", Node: "web1-4242"})
	return hangs, failed
}

// keptSome are kept out for reasons that are long, or would steer a terminal.
func keptSome() keptAnswer {
	return keptAnswer{[]charge.Keeping{
		{Kind: charge.KeptPartner, ID: 2, Automatic: true, Who: "anna", Reason: "\x1b[31mhas the old prices", At: at(5)},
		{Kind: charge.KeptCustomer, ID: 4711, Who: "administrator 3", Reason: "Pays by bank transfer on the 20th of each month, as agreed on the telephone with the accounts department.", At: at(0)},
	}}
}

func parkedDetail() detailAnswer {
	return detailAnswer{
		Payment: parkedView(), Waiting: 1, TimeZone: "Pacific/Auckland",
		Events: []payment.Event{
			{At: at(0), To: payment.Created, Why: payment.ReasonStarted, Who: "guest", Node: "web1-4242"},
			{At: at(1), From: payment.Created, To: payment.Offered, Why: payment.ReasonPageHad, Who: "engine", Node: "web1-4242"},
			{At: at(3), From: payment.Offered, To: payment.Approved, Why: payment.ReasonGatewayApproved, Note: "DpsTxnRef 000000010a2b3c4d", Who: "notification", Node: "web1-4242"},
			{At: at(4), From: payment.Approved, To: payment.Parked, Why: payment.ReasonPerhapsBookedTwice, Note: "payments 1201, 1202 in Splynx are of the same customer and amount; \x1b]0;they were made on the day on which ours began, or later\x07", Who: "engine", Node: "web1-4242"},
		},
	}
}

func healthy() health {
	free := uint64(40 << 30)
	return health{
		Well: true, Problems: []string{},
		Journal: healthJournal{Path: "/var/lib/caddy/paymentexpress.db", Open: true, Free: &free, Reserve: 256 << 20, JournalHealth: &payment.JournalHealth{Compared: true, ComparedAt: at(0)}},
		Splynx:  upstream.State{Name: "splynx", Gate: "closed", Since: at(0)}, Windcave: upstream.State{Name: "windcave", Gate: "closed", Since: at(0)},
		Payments:      &healthPayments{Unfinished: map[payment.State]int{}},
		Configuration: healthConfiguration{"https://isp.example", "https://sec.windcave.com", "read", []int64{}},
	}
}

func unwell() health {
	h := healthy()
	h.Journal.Held, h.Journal.Compared, h.Journal.CompareError = &payment.Hold{Why: payment.HeldRestored}, false, "read the newest payments: splynx: it did not answer the last calls and is left alone for a while"
	h.Journal.Old = &payment.Strangers{Count: 3, UpTo: 1234}
	h.Journal.Unwritable = true
	h.Splynx.Gate, h.Splynx.LastFailure = "open", at(60)
	h.Payments.Unfinished = map[payment.State]int{payment.Offered: 2, payment.Approved: 1, payment.Parked: 12}
	h.Payments.Oldest = &healthOldest{payment.Oldest{Payment: "N1R5ETK5N44KCGOV", State: payment.Parked, Since: at(4)}, "1057.50", "NZD"}
	h.Payments.Unjudged = 1
	h.Configuration.WithoutPxPost = []int64{0, 2}
	h.look(roomy(), at(70))
	return h
}

// roomy is an app that could take payments.
func roomy() *App {
	return &App{space: &space{ask: func(string) (uint64, error) { return 1 << 40, nil }, now: time.Now}, trouble: new(trouble), host: newHost(""), noMethods: new(missing), generation: new(payment.Generation)}
}

// What the commands write, as people see it.
func TestCommandOutput(t *testing.T) {
	t.Parallel()
	list := listAnswer{Payments: []paymentView{parkedView(), recordedView(), strangeView()}, Next: "AAAABBBBCCCCDDDD"}
	folder := t.TempDir()
	for name, print := range map[string]func(io.Writer) error{
		"list": func(w io.Writer) error { return listOptions{}.print(w, list) },
		"list_attention": func(w io.Writer) error {
			return listOptions{attention: true}.print(w, listAnswer{Payments: list.Payments[:1]})
		},
		"list_json": func(w io.Writer) error {
			return listOptions{json: true}.print(w, listAnswer{Payments: list.Payments[:1]})
		},
		"list_none":     func(w io.Writer) error { return listOptions{attention: true}.print(w, listAnswer{}) },
		"show_parked":   func(w io.Writer) error { return parkedDetail().print(w) },
		"show_recorded": func(w io.Writer) error { return detailAnswer{Payment: recordedView(), TimeZone: "Local"}.print(w) },
		"show_strange":  func(w io.Writer) error { return detailAnswer{Payment: strangeView(), TimeZone: "UTC"}.print(w) },
		"settle": func(w io.Writer) error {
			p := &printer{w: w}
			p.settling(parkedView(), zonedIn("Pacific/Auckland"), payment.SettleRecorded)
			p.settled(recordedView())
			return p.err
		},
		"health_well":   func(w io.Writer) error { return healthy().print(w, false) },
		"health_unwell": func(w io.Writer) error { return unwell().print(w, false) },
		"health_closed": func(w io.Writer) error {
			h := healthy()
			h.Payments, h.Journal = nil, healthJournal{Path: h.Journal.Path, Why: "journal is open in another process: stop the other one"}
			h.look(roomy(), at(0))
			return h.print(w, false)
		},
		"health_links": func(w io.Writer) error {
			h := healthy()
			h.Guests = &guestsAnswer{Closed: true, Until: at(60), Since: at(0), Why: "31 payments of guests were declined within an hour"}
			h.look(roomy(), at(0))
			return h.print(w, false)
		},
		"link":       func(w io.Writer) error { return signedView().print(w, false) },
		"link_json":  func(w io.Writer) error { return signedView().print(w, true) },
		"link_plain": func(w io.Writer) error { l := signedView(); l.Required = false; return l.print(w, false) },
		"guests":     func(w io.Writer) error { return guestsAnswer{}.print(w, false) },
		"guests_closed": func(w io.Writer) error {
			return guestsAnswer{Closed: true, Until: at(120), Since: at(0), Why: "cards are tried out\x1b[31m", Who: "anna"}.print(w, false)
		},
		"guests_json": func(w io.Writer) error {
			return guestsAnswer{Closed: true, Until: at(60), Since: at(0), Why: "31 payments of guests were declined within an hour"}.print(w, true)
		},
		"run_planned": func(w io.Writer) error { return plannedRun().print(w, false) },
		"run_paused":  func(w io.Writer) error { return pausedRun().print(w, false) },
		"run_hangs":   func(w io.Writer) error { hangs, _ := failedRuns(); return hangs.print(w, false) },
		"run_failed":  func(w io.Writer) error { _, failed := failedRuns(); return failed.print(w, false) },
		"run_json":    func(w io.Writer) error { return pausedRun().print(w, true) },
		"runs": func(w io.Writer) error {
			return runsAnswer{Runs: []runBrief{plannedRun().runBrief, pausedRun().runBrief}, Next: "Q7WZ3M1AAB0XK2LD"}.print(w, false)
		},
		"kept":        func(w io.Writer) error { return keptSome().print(w, false) },
		"kept_json":   func(w io.Writer) error { return keptAnswer{keptSome().Kept[:1]}.print(w, true) },
		"kept_nobody": func(w io.Writer) error { return keptAnswer{}.print(w, false) },
		"keep_out": func(w io.Writer) error {
			return (&keepRequest{Kind: charge.KeptCustomer, ID: 4711}).print(w, keptSome())
		},
		"let_in": func(w io.Writer) error { return (&keepRequest{Kind: charge.KeptPartner, ID: 3}).print(w, keptSome()) },
		"health_run": func(w io.Writer) error {
			h := healthy()
			h.Runs = []runBrief{pausedRun().runBrief}
			h.look(roomy(), at(90))
			return h.print(w, false)
		},
		"health_failed_run": func(w io.Writer) error {
			h := healthy()
			hangs, failed := failedRuns()
			h.Runs = []runBrief{hangs.runBrief, failed.runBrief}
			h.look(roomy(), at(90))
			return h.print(w, false)
		},
		"restored": func(w io.Writer) error {
			return printRestored(w, "backup.db", filepath.Join(folder, "none", "pe.db"), journal.Restored{Payments: 3, Newest: at(0), Aside: "/var/lib/caddy/pe.db.before-2026-11-25"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := print(&out); err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(out.String(), folder, "/folder")
			golden(t, filepath.Join("testdata", "commands", name+".txt"), text)
			for _, line := range strings.Split(text, "\n") {
				if utf8.RuneCountInString(line) > 120 && !strings.Contains(line, "&sign=") { // an address is one word
					t.Errorf("wider than a terminal: %s", line)
				}
			}
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run with -update if this is right (-want +got):\n%s", diff)
	}
}
