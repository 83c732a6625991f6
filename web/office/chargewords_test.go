package office

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Whatever a run and its items can be has its words, its place in the bar, and its filter.
func TestRunsHaveWords(t *testing.T) {
	t.Parallel()
	in := map[charge.ItemState]int{}
	for _, o := range runOutcomes {
		for _, s := range o.states {
			in[s]++
		}
	}
	for _, s := range charge.ItemStates() {
		if itemStandings[s].Word == "" || in[s] != 1 {
			t.Errorf("%s: word %q, %d times among the outcomes", s, itemStandings[s].Word, in[s])
		}
	}
	for _, s := range append(charge.OpenStates(), charge.Planning, charge.Planned, charge.Stopped, charge.Done, charge.Failed) {
		if w := runStandings[s]; w.Title == "" || w.Word == "" || w.Text == "" {
			t.Errorf("no words for a run that is %s", s)
		}
	}
	for _, o := range charge.Outs() {
		if meaning.Out(o) == string(o) {
			t.Errorf("no words for what is left out as %s", o)
		}
	}
	for _, s := range []charge.Source{charge.Administrator, charge.Command, charge.Schedule, charge.Retry} {
		if sourceWords[s] == "" {
			t.Errorf("no words for the source %s", s)
		}
	}
}

// A hard code rules its class: each further try would be fined.
func TestWorthTryingAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ class, code, word string }{
		{"soft", "51", "later"},
		{"declined", "05", "perhaps"},
		{"declined", "57", "no"},
		{"soft", "14", "no"},
		{"card", "54", "no"},
		{"token", "", "no"},
		{"config", "", "once mended"},
		{"", "", "yes"},
		{"of a newer version", "", "look first"},
	} {
		if got := againOf(c.class, c.code); got.Word != c.word || got.When == "" {
			t.Errorf("%s %s is %+v, want %s", c.class, c.code, got, c.word)
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
	for d, want := range map[time.Duration]string{0: "", time.Second: "about 5 s left", 83 * time.Second: "about 85 s left", 6 * time.Minute: "about 6 min left", 5 * time.Hour: "about 5 h left"} {
		if got := about(d); got != want {
			t.Errorf("%s is %q", d, got)
		}
	}
	if counted(1, charge.Invoices) != "1 invoice" || counted(2, charge.Balances) != "2 balances" {
		t.Error(counted(1, charge.Invoices), counted(2, charge.Balances))
	}
}
