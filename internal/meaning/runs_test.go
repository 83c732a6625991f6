package meaning

import (
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// Whatever a charge run's items can be has words of its own; some are the key itself.
func TestItemsHaveWords(t *testing.T) {
	t.Parallel()
	for _, s := range charge.ItemStates() {
		if items[s] == "" {
			t.Errorf("no words for an item that is %s", s)
		}
	}
	for _, o := range charge.Outs() {
		if outs[o] == "" {
			t.Errorf("no words for what is left out as %s", o)
		}
	}
	for _, s := range []payment.CardStanding{payment.CardExpired, payment.CardDead, payment.CardElsewhere, payment.CardUnreadable} {
		if Cards[s] == "" {
			t.Errorf("no words for a card that is %v", s)
		}
	}
}

// What a run needs to go on is said of reasons that have words, and what a newer version writes is
// shown as it is.
func TestWhyARunStandsStill(t *testing.T) {
	t.Parallel()
	for w, then := range runCan {
		if got, want := RunStill(w), strings.ToUpper(runWhys[w][:1])+runWhys[w][1:]+"."+then; got != want {
			t.Errorf("%s: %q, not %q", w, got, want)
		}
	}
	if got := RunStill(charge.WhySplynxDown); got != "Splynx did not answer." {
		t.Error(got)
	}
	if RunWhy("of_later") != "of_later" || RunStill("of_later") != "Of_later." || RunStill("") != "" || Class("of_later") != "of_later" || Item("of_later") != "of_later" || Out("of_later") != "of_later" {
		t.Error("what is not known is not shown as it is")
	}
}
