//go:build faultpoints

package caddymodule

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// runPoints are the places where a process may die in a run that is being charged, the last one
// at its end; planPoints those of a preview.
var (
	planPoints = []string{"before_plan_page", "plan_page"}
	runPoints  = []string{
		"run_charge", "before_charge_intent", "charge_intent", "charge_ready", "charge_answered", "charge_stored", "run_charged",
		"claimed", "before_post", "post_intent", "post_answered", "post_noted", "row_found", "record_processed", "recorded", "run_all_begun",
	}
)

// F08: killed at every named point of a run, one after the other, the preview's among them. It
// goes on by itself at each start: each charge at most once, each approved one recorded once.
func TestF08RunKilledAtEveryPoint(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{gateway: slowly(20 * time.Millisecond)})
	s.words = "admin_commands all\ncharge {\n concurrency 2\n}"
	s.crowd(160, "good", "good", "funds", "good", "no card")
	s.start(planPoints[0])
	s.until("the journal is compared", func() bool { return strings.Contains(s.ask("health").out, "compared with Splynx 2") })
	if got := s.ask("charge", "preview", "--json"); got.code == 0 {
		t.Fatal("the preview outlived the process that made it")
	}
	s.dead()
	s.dies(planPoints[1])
	s.start("")
	var list runsAnswer
	s.until("the preview is made by itself", func() bool {
		list = s.runs()
		return len(list.Runs) == 1 && list.Runs[0].Run.State == charge.Planned
	})
	r := s.status(list.Runs[0].Run.ID)
	s.must(s.cmd.Process.Signal(syscall.SIGKILL))
	s.dead()
	s.start(runPoints[0])
	s.until("the journal is compared", func() bool { return strings.Contains(s.ask("health").out, "compared with Splynx 2") })
	_ = s.begin(r) // which may not live to hear of it
	s.dead()
	for _, point := range runPoints[1:] {
		s.dies(point)
	}
	s.start("")
	s.ended(r)
}

// F08: killed at ten random moments of a run.
func TestF08RunKilledAtRandom(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 8))
	s := newSite(t, siteOptions{gateway: slowly(40 * time.Millisecond)})
	s.words = "admin_commands all\ncharge {\n concurrency 4\n}"
	s.crowd(300, "good", "good", "funds", "good", "no card")
	s.start("")
	r := s.preview()
	s.runOf(s.begin(r), 0)
	for range 10 {
		more := len(s.purchases()) + 1 + rng.IntN(10)
		s.until("the run goes on by itself", func() bool { return len(s.purchases()) >= more })
		time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond) // where in a charge it dies
		s.must(s.cmd.Process.Signal(syscall.SIGKILL))
		s.dead()
		s.start("")
	}
	s.ended(r)
}

// dies runs Caddy until it kills itself at a point of the run that goes on by itself.
func (s *site) dies(point string) {
	s.tb.Helper()
	s.launch(filepath.Join(s.dir, "Caddyfile"), point)
	s.dead()
}

func (s *site) runs() (list runsAnswer) {
	s.tb.Helper()
	s.decode(s.ask("charge", "status", "--json"), &list)
	return list
}

// ended waits for the end of a run that was killed, and looks at what has come of it. What a
// process that died may have sent is asked about; what surely was not, waits until the gateway
// can be believed.
func (s *site) ended(r runAnswer) {
	s.tb.Helper()
	done := s.comes(r.Run.ID, charge.Done)
	if done.Left != 0 {
		s.tb.Errorf("%d are left", done.Left)
	}
	approved := map[string]bool{}
	for _, c := range s.gateway.Charges() {
		approved[c.TxnID] = true
	}
	items, sent := s.agree(r.Run.ID), s.purchases()
	counts := map[charge.ItemState]int{}
	for _, i := range items {
		counts[i.State]++
		switch id := string(i.Payment); i.State {
		case charge.ItemRecorded:
			if !approved[id] {
				s.tb.Errorf("item %d is recorded, and the gateway has not approved it", i.Seq)
			}
		case charge.ItemDeclined, charge.ItemLeftOut:
			if approved[id] {
				s.tb.Errorf("item %d is %s, and the gateway has approved it", i.Seq, i.State)
			}
		case charge.ItemUnknown, charge.ItemCharging: // died between intent and sending
			if sent[id] != 0 {
				s.tb.Errorf("item %d is %s, and was sent", i.Seq, i.State)
			}
		default:
			s.tb.Errorf("item %d is %s (%s)", i.Seq, i.State, i.Reason)
		}
	}
	s.tb.Logf("%v, %d sent", counts, len(sent))
	if len(approved) < len(items)/4 {
		s.tb.Errorf("only %d were approved", len(approved))
	}
}
