package payment

import (
	"crypto/rand"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

var allStates = []State{
	Created, Offered, NotOffered, Submitted, NotStarted, Unknown, Approved, Declined, Cancelled, Expired, NotDone,
	Recorded, Refunded, Settled, Parked,
}

// The machine that doc.go draws is the one that runs.
func TestDrawingIsTheTable(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[State][]State{}
	line := regexp.MustCompile(`(?m)^\s*(\w+)\s+-> (.+)$`)
	for _, m := range line.FindAllStringSubmatch(f.Doc.Text(), -1) {
		for to := range strings.FieldsSeq(m[2]) {
			drawn[State(m[1])] = append(drawn[State(m[1])], State(to))
		}
	}
	states := slices.Collect(maps.Keys(table))
	for s := range drawn {
		if !slices.Contains(states, s) {
			t.Errorf("drawn, but not in the table: %s", s)
		}
	}
	for s, to := range table {
		if !slices.Equal(slices.Sorted(slices.Values(drawn[s])), slices.Sorted(slices.Values(to))) {
			t.Errorf("%s: drawn to %v, the table has %v", s, drawn[s], to)
		}
	}
	if len(states) != len(allStates)-1 {
		t.Errorf("the table has %d states, want all %d but parked", len(states), len(allStates)-1)
	}
}

// good tells whether money is where it belongs.
func good(s State) bool { return slices.Contains(goodEnds, s) }

// Whatever moves are tried: only those of the table are made, each leaves its event, a good
// end is left for parked only, and parked for where it came from or for an end.
func TestMoves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		p := &Payment{ID: "AAAAAAAAAAAAAAAA", PageURL: "https://page.example"}
		e := p.begin(rapid.SampledFrom(allStates).Draw(t, "first"), ReasonStarted, "", "test", at)
		if e.From != "" || e.To != p.State || p.CreatedAt != at {
			t.Fatalf("first event %+v", e)
		}
		if p.State == Parked {
			p.ParkedFrom = rapid.SampledFrom(allStates[:len(allStates)-1]).Draw(t, "from")
		}
		for range rapid.IntRange(1, 30).Draw(t, "moves") {
			before := *p
			to := rapid.SampledFrom(allStates).Draw(t, "to")
			e, err := p.move(to, ReasonBooked, "note", "test", at.Add(time.Second))
			if err != nil {
				if !reflect.DeepEqual(*p, before) {
					t.Fatalf("a refused move changed the payment: %+v", p)
				}
				continue
			}
			if e.From != before.State || e.To != to || p.State != to || p.MovedAt != e.At || p.Step != 0 {
				t.Fatalf("event %+v, payment %+v", e, p)
			}
			if (to == Parked) != (p.ParkedFrom != "") || to == Parked && p.ParkedFrom != before.State {
				t.Fatalf("parked from %q, was %s", p.ParkedFrom, before.State)
			}
			if good(before.State) && to != Parked {
				t.Fatalf("a good end was left: %s to %s", before.State, to)
			}
			if before.State == Parked {
				back := to == before.ParkedFrom
				late := to == Approved && !good(before.ParkedFrom)
				end := good(to) || slices.Contains(endsWithoutMoney, to)
				if !back && !late && !end {
					t.Fatalf("parked from %s went to %s", before.ParkedFrom, to)
				}
			} else if !slices.Contains(table[before.State], to) {
				t.Fatalf("%s went to %s", before.State, to)
			}
			if to != Created && to != Offered && p.PageURL != "" {
				t.Fatalf("%s keeps its page's address", to)
			}
		}
	})
}

// W_LOSER, W_PARKED: whatever the gateway says in whatever order, and whatever else moves the
// payment meanwhile: a charge that was told of is never forgotten, no answer is an error, and
// nothing but a whole approval approves.
func TestAnswersInAnyOrder(t *testing.T) {
	t.Parallel()
	refs := []string{"", "D1", "D2", "D3"}
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		e := &Engine{rand: rand.Reader, now: func() time.Time { return now }, compare: newComparison()}
		amount, _ := money.Parse("57.50", "NZD")
		p := &Payment{ID: "AAAAAAAAAAAAAAAA", TxnID: "AAAAAAAAAAAAAAAA", Way: WayHosted, Amount: amount, PageEnds: now.Add(time.Hour)}
		p.begin(Offered, ReasonPageHad, "", "test", now)
		approved, claimed, shown := map[string]bool{}, map[string]bool{}, map[string]bool{}
		keys := map[string]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes")) * time.Minute)
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 { // somebody else moves it
				to := rapid.SampledFrom([]State{Expired, Parked, Recorded, p.ParkedFrom}).Draw(t, "to")
				if to == Recorded && !p.HasMoney() || !mayMove(p, to) || to == "" || p.Reason == ReasonAnswerDiffers {
					continue
				}
				if _, err := p.move(to, ReasonCredentialsMissing, "", "test", now); err != nil {
					t.Fatal(err)
				}
				continue
			}
			v := windcave.Verdict{
				Outcome:   windcave.Outcome(rapid.IntRange(0, 3).Draw(t, "outcome")),
				DpsTxnRef: rapid.SampledFrom(refs).Draw(t, "ref"),
				Foreign:   rapid.IntRange(0, 4).Draw(t, "foreign") == 0,
				Cancelled: rapid.Bool().Draw(t, "cancelled"),
			}
			v.Claimed = v.Outcome == windcave.Approved || v.Outcome == windcave.Unknown && rapid.Bool().Draw(t, "claimed")
			before, hadMoney := p.State, p.DpsTxnRef
			w, err := e.apply(p, v, "", rapid.SampledFrom([]source{bySource, byStatusSource}).Draw(t, "source"))
			if err != nil {
				t.Fatalf("%+v in %s: %v", v, before, err)
			}
			if hadMoney != "" && p.DpsTxnRef != hadMoney {
				t.Fatalf("charge %s was replaced by %q", hadMoney, p.DpsTxnRef)
			}
			if p.HasMoney() && hadMoney == "" && (v.Outcome != windcave.Approved || v.Foreign) {
				t.Fatalf("%+v approved", v)
			}
			if q := w.New; q != nil && (q.FormKey == "" || !keys[q.FormKey]) { // as the journal keeps it
				keys[q.FormKey] = true
				if q.HasMoney() != (q.State == Approved) || !q.HasMoney() && q.State != Parked {
					t.Fatalf("row beside: %+v", q)
				}
				shown[q.DpsTxnRef+q.Claimed] = true
			}
			if v.Foreign {
				continue
			}
			switch {
			case v.Outcome == windcave.Approved && v.DpsTxnRef != "":
				approved[v.DpsTxnRef] = true
			case v.Claimed:
				claimed[v.DpsTxnRef] = true
			}
			shown[p.DpsTxnRef] = shown[p.DpsTxnRef] || p.HasMoney()
			for ref := range approved {
				if !shown[ref] {
					t.Fatalf("charge %s is forgotten", ref)
				}
			}
			for ref := range claimed {
				waits := p.State == Parked && p.Reason == ReasonAnswerDiffers && p.Claimed == ref
				if ref == "" && p.HasMoney() { // of no name: nobody could tell it from that charge
					continue
				}
				if !waits && !shown[ref] && !approved[ref] {
					t.Fatalf("claim %q is forgotten: payment %+v", ref, p)
				}
			}
		}
	})
}

// An approval that names no transaction could not be told from another one.
func TestApprovalWithoutName(t *testing.T) {
	t.Parallel()
	e := &Engine{rand: rand.Reader, now: time.Now, compare: newComparison()}
	p := &Payment{ID: "AAAAAAAAAAAAAAAA", TxnID: "AAAAAAAAAAAAAAAA", State: Offered}
	if _, err := e.apply(p, windcave.Verdict{Outcome: windcave.Approved, Claimed: true}, "", bySource); err != nil || p.State != Parked || p.HasMoney() {
		t.Errorf("payment %+v, %v", p, err)
	}
}

// A payment blocks its document; a balance and documents exclude one another; others are free.
func TestBlocks(t *testing.T) {
	t.Parallel()
	invoice := Payment{State: Approved, Kind: KindInvoice, Partner: 1, Customer: 7, DocumentID: 3}
	for name, tt := range map[string]struct {
		change func(p, q *Payment)
		blocks bool
	}{
		"the same":          {func(p, q *Payment) {}, true},
		"partner changed":   {func(p, q *Payment) { q.Partner = 2 }, true},
		"another document":  {func(p, q *Payment) { q.DocumentID = 4 }, false},
		"another customer":  {func(p, q *Payment) { q.Customer = 8 }, false},
		"another kind":      {func(p, q *Payment) { q.Kind = KindProforma }, false},
		"balance":           {func(p, q *Payment) { q.Kind, q.DocumentID = KindTopUp, 0 }, true},
		"document, balance": {func(p, q *Payment) { p.Kind, p.DocumentID = KindTopUp, 0 }, true},
		"two balances":      {func(p, q *Payment) { p.Kind, q.Kind = KindTopUp, KindTopUp }, true},
		"card check":        {func(p, q *Payment) { p.Kind, q.Kind = KindTopUp, KindCardCheck }, false},
		"open page":         {func(p, q *Payment) { p.State = Offered }, false},
		"recorded":          {func(p, q *Payment) { p.State = Recorded }, false},
		"parked":            {func(p, q *Payment) { p.State = Parked }, true},
		"unknown":           {func(p, q *Payment) { p.State = Unknown }, true},
	} {
		p, q := invoice, invoice
		tt.change(&p, &q)
		if p.Blocks(&q) != tt.blocks {
			t.Errorf("%s: blocks is %v", name, !tt.blocks)
		}
	}
}

// sources are the files of a folder that are not tests.
func sources(t *testing.T, root string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("sources of %s: %v, %v", root, files, err)
	}
	return files
}

// One file moves payments: nothing else assigns a State.
func TestOneFileMovesPayments(t *testing.T) {
	t.Parallel()
	assigned := 0
	for _, root := range []string{".", "../web", "../caddymodule"} {
		for _, path := range sources(t, root) {
			if dir := filepath.Dir(path); strings.HasSuffix(dir, "test") || dir == "charge" { // journaltest, paymenttest: they make payments up; charge: its states are of runs
				continue
			}
			if base := filepath.Base(path); base == "chargeitems.go" || base == "exportrows.go" { // filters of a run's items have a State
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if assignsState(n) {
					assigned++
					if path != "state.go" {
						t.Errorf("%s moves a payment", path)
					}
				}
				return true
			})
		}
	}
	if assigned < 2 { // move and begin
		t.Errorf("found %d assignments: the search finds nothing", assigned)
	}
}

func assignsState(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		return slices.ContainsFunc(n.Lhs, func(l ast.Expr) bool {
			s, ok := l.(*ast.SelectorExpr)
			return ok && s.Sel.Name == "State"
		})
	case *ast.CompositeLit:
		if id, ok := n.Type.(*ast.Ident); !ok || id.Name != "Payment" {
			return false
		}
		return slices.ContainsFunc(n.Elts, func(e ast.Expr) bool {
			kv, ok := e.(*ast.KeyValueExpr)
			return ok && fmt.Sprint(kv.Key) == "State"
		})
	}
	return false
}

// Money is exact: nothing that handles it knows floating point.
func TestNoFloats(t *testing.T) {
	t.Parallel()
	// The reasons: what counts here is no money.
	allowed := map[string]string{
		"../web/limits.go": "tokens of a rate limit",
		"../web/accent.go": "contrast of colours",
	}
	float := regexp.MustCompile(`\bfloat(32|64)\b|\bParseFloat\b|\bbig\.Float\b`)
	for _, root := range []string{".", "../windcave", "../splynx", "../web", "../internal/money"} {
		for _, path := range sources(t, root) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if found := float.Find(text); found != nil && allowed[path] == "" {
				t.Errorf("%s uses %s", path, found)
			}
		}
	}
}

// The pauses grow to their last one, a tenth more or less, and an unknown outcome is asked
// about hourly after a day.
func TestPauses(t *testing.T) {
	t.Parallel()
	for n := range 20 {
		want := bookingPauses[min(n, len(bookingPauses)-1)]
		if d := pause(bookingPauses, n); d < want-want/10 || d > want+want/10 {
			t.Errorf("pause %d is %s, want about %s", n, d, want)
		}
	}
	if d := unknownPause(3, 25*time.Hour); d != time.Hour {
		t.Errorf("after a day %s", d)
	}
}

// A page is asked about at each of its moments, and at its end.
func TestPageLooks(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &Payment{CreatedAt: made, PageEnds: made.Add(time.Hour)}
	var got []time.Duration
	for at := nextPageLook(p, made); !at.IsZero(); at = nextPageLook(p, at) {
		got = append(got, at.Sub(made))
	}
	want := []time.Duration{2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 24 * time.Hour, 73 * time.Hour}
	if !slices.Equal(got, want) {
		t.Errorf("asked after %v, want %v", got, want)
	}
}

// An id has the letters and the length that gateway and Splynx take, each letter as likely.
func TestIDs(t *testing.T) {
	t.Parallel()
	count := map[rune]int{}
	for range 3600 {
		id, err := NewID(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseID(string(id)); err != nil {
			t.Fatal(err)
		}
		for _, r := range id {
			count[r]++
		}
	}
	for _, r := range idLetters {
		if n := count[r]; n < 1300 || n > 1900 { // 1600 are due
			t.Errorf("%c came %d times", r, n)
		}
	}
	for _, bad := range []string{"", "AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAA", "aaaaaaaaaaaaaaaa", "AAAAAAAAAAAAAAA ", "AAAAAAAAAAAAAAA\n", "ÄÄÄÄÄÄÄÄ"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := NewID(strings.NewReader("short")); err == nil {
		t.Error("an id was drawn from nothing")
	}
}

// What is left at the gateway is read back as it was written, and nothing else is.
func FuzzTrace(f *testing.F) {
	for _, s := range []string{"invoice:3:7", "top_up:0:7", "invoice:3:0", "invoice:-3:7", "refund:1:1", "a:b:c", "::", "invoice:3:7:1", "invoice: 3:7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tr, err := parseTrace(s)
		if err != nil {
			return
		}
		if again, err := parseTrace(tr.String()); err != nil || again != tr || tr.customer <= 0 || tr.document < 0 {
			t.Errorf("%q is %+v, and then %+v, %v", s, tr, again, err)
		}
	})
}
