package office

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// Somebody keeps a customer out while another one, who has not seen it, lets them in: they stay out.
func TestTwoChangeWhoIsKeptOut(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.keeps(charge.KeptCustomer, r.Customer, true, "asks before")
		form := r.get("customers/1/let-in").form()
		r.Splynx.Inject(splynxtest.Fault{Op: "VIEW customer", Kind: splynxtest.Slow, Delay: 5 * time.Minute, Times: -1})
		let := make(chan answer)
		go func() { let <- r.press("customers/1/let-in", form, "reason", "pays by card now") }()
		r.keeps(charge.KeptCustomer, r.Customer, false, "disputes a bill")
		if a := <-let; a.Code == http.StatusSeeOther {
			t.Errorf("the answer is %d %q", a.Code, a.location())
		}
		list, err := r.Runs.KeptOut(r.Context())
		r.must(err)
		if len(list) != 1 || list[0].Reason != "disputes a bill" {
			t.Errorf("kept out are %+v", list)
		}
	})
}

// A reason is counted in letters, and stands on one line.
func TestReasonsAsTheyAreTyped(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		for typed, kept := range map[string]string{
			strings.Repeat("ā", 500):                      strings.Repeat("ā", 500),
			"pays by bank\r\nasked on the telephone\r\n ": "pays by bank asked on the telephone",
		} {
			a := r.press("customers/1/keep-out", r.get("customers/1/keep-out").form(), "runs", allRuns, "reason", typed)
			list, err := r.Runs.KeptOut(r.Context())
			r.must(err)
			if a.Code != http.StatusSeeOther || len(list) != 1 || list[0].Reason != kept {
				t.Errorf("%q: %d, %+v", typed, a.Code, list)
			}
		}
	})
}

// A customer has moved to another partner and is let in there: its staff finds that in the log, and
// the other's does not.
func TestLetInByTheNewPartner(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.press("customers/1/keep-out", r.get("customers/1/keep-out").form(), "runs", allRuns, "reason", "pays by bank")
		r.Splynx.SetPartner(r.Customer, 2)
		time.Sleep(2 * time.Minute)
		south := r.south()
		form := r.get("customers/1/let-in", south).form()
		a := r.send(http.MethodPost, web.AdminPath+"customers/1/let-in", values(form, "reason", "a reason of the South"), south)
		if a.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Code, a.title())
		}
		r.says(r.get("logs?what=let_in", south), "a reason of the South")
		if west := r.staff(splynxtest.Administrator{Login: "wes", PartnerID: 1}); r.get("logs?what=let_in", west).has("a reason of the South") {
			t.Error("the staff of the partner before finds it")
		}
	})
}
