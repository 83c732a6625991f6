package charge

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// doc.go draws the moves that the table has.
func TestDocDrawsTheTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[State][]State{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) +-> (.+)$`).FindAllStringSubmatch(string(text), -1) {
		for to := range strings.FieldsSeq(m[2]) {
			drawn[State(m[1])] = append(drawn[State(m[1])], State(to))
		}
	}
	if !maps.EqualFunc(drawn, table, func(a, b []State) bool { return slices.Equal(a, b) }) {
		t.Errorf("doc.go draws %v\nthe table is %v", drawn, table)
	}
}

// A move that the table does not have changes nothing.
func TestMoves(t *testing.T) {
	t.Parallel()
	all := []State{Planning, Planned, Running, Paused, Waiting, Stopped, Done, Failed}
	for _, from := range all {
		for _, to := range all {
			r := Run{ID: "R", State: from, LeaseOwner: "me", LeaseUntil: time.Now()}
			before := r
			e, err := r.move(to, Event{At: time.Now(), Why: WhyAsked, Who: "who"})
			if allowed := slices.Contains(table[from], to); allowed != (err == nil) {
				t.Errorf("%s to %s: %v", from, to, err)
			} else if !allowed && r.State != before.State {
				t.Errorf("%s became %s", from, r.State)
			} else if allowed && (r.State != to || e.From != from || e.To != to || r.Ended() != !r.EndedAt.IsZero() || to != Running && r.LeaseOwner != "") {
				t.Errorf("%s to %s: %+v %+v", from, to, e, r)
			}
		}
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	p := pace{begun: now}
	for n := range 300 {
		p.count(now.Add(time.Duration(n) * time.Second / 2))
	}
	for _, c := range []struct { // in this order: time does not go back
		after time.Duration
		want  int
	}{{149 * time.Second, 120}, {180 * time.Second, 58}} {
		if got := p.perMinute(now.Add(c.after)); got != c.want {
			t.Errorf("%d after %s, want %d", got, c.after, c.want)
		}
	}
	if got := p.perMinute(now.Add(time.Hour)); got != 0 {
		t.Errorf("%d after an hour", got)
	}
	young := pace{begun: now}
	for range 10 {
		young.count(now.Add(9 * time.Second))
	}
	if got := young.perMinute(now.Add(10 * time.Second)); got != 60 {
		t.Errorf("%d at the pace of ten seconds", got)
	}
}
