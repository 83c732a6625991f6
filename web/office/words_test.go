package office

import (
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Whatever can stand in a journal, and whatever can go wrong, has its words.
func TestEverythingHasWords(t *testing.T) {
	t.Parallel()
	for _, g := range groups[1:] {
		for _, s := range g.states {
			if standings[s] == (standing{}) {
				t.Errorf("no words for %s", s)
			}
		}
	}
	in := map[payment.State]int{}
	for _, g := range groups {
		for _, s := range g.states {
			in[s]++
		}
	}
	for s := range standings {
		if in[s] != 1 {
			t.Errorf("%s is in %d groups of the list's filter", s, in[s])
		}
	}
	for _, key := range windcave.Keys() {
		if codeWords[key] == "" {
			t.Errorf("no words for what Windcave says: %s", key)
		}
	}
	for _, c := range []windcave.Class{
		windcave.ClassApproved, windcave.ClassSoft, windcave.ClassDeclined, windcave.ClassCard, windcave.ClassToken, windcave.ClassConfig,
		windcave.ClassRequest, windcave.ClassDuplicate, windcave.ClassRefund, windcave.ClassUnknown, windcave.ClassNotFound,
	} {
		if classWords[string(c)] == "" {
			t.Errorf("no words for the class %s", c)
		}
	}
	for _, r := range []Right{See, Charge, Refund, Settings} {
		if rightWords[r] == "" {
			t.Errorf("no words for the right %s", r)
		}
	}
	for key, w := range problemWords {
		if w.title == "" || w.lead == "" {
			t.Errorf("no words for the problem %s", key)
		}
	}
}
