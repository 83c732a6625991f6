package office

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// paid is a payment of the rig's invoice that stands in Splynx.
func (r *rig) paid() *payment.Payment {
	r.Helper()
	r.saves(r.Customer, windcavetest.CardApproved, "11")
	r.press(r.invoicePath(), r.get(r.invoicePath()).form())
	return r.Until(r.only().ID, time.Minute, payment.Recorded)
}

// confirms is the page that shows a refund once more.
func (r *rig) confirms(p *payment.Payment, amount string) answer {
	r.Helper()
	at := "payments/" + string(p.ID) + "/refund"
	return r.press(at, r.get(at).form(), "amount", amount, "reason", "paid in cash too")
}

func TestRefundOfAPart(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.paid()
		r.says(r.get("payments/"+string(p.ID)), "Refund…", "Can be given back", "NZ$57.50")
		a := r.confirms(p, "20")
		r.says(a, "Refund NZ$20.00", "Visa ends in 11", "paid in cash too")
		r.says(a, ">A Customer (1)<")
		if len(r.Gateway.Refunds()) != 0 {
			t.Fatal("the first page gives back")
		}
		a = r.press("payments/"+string(p.ID)+"/refund", a.form())
		if a.Code != http.StatusSeeOther {
			t.Fatalf("the button gives %d %q\n%s", a.Code, a.title(), a.Body)
		}
		page := r.follow(a)
		r.says(page, "needs you", "To be typed into Splynx", "-20.00", "Receipt number", "paid in cash too", "administrator 1", "It stands in Splynx…")
		r.says(r.get("payments/"+string(p.ID)), "Can be given back", "NZ$37.50", "Refunds", "NZ$20.00 of it went back, or is on its way back")
		r.says(r.get("work"), "Type this payment into Splynx", "-20.00")
		if all := r.Gateway.Refunds(); len(all) != 1 || all[0].Amount != "20.00" {
			t.Errorf("refunds are %+v", all)
		}
		settle := page.find(settleLink)
		ask := r.send(http.MethodGet, settle, nil)
		r.says(ask, "What you say stands in Splynx", "Credit card (3)", ">A Customer (1)<")
		r.wants(r.send(http.MethodPost, settle, values(ask.form(), "reason", " ")), 422, "It stands in Splynx")
		done := r.follow(r.send(http.MethodPost, settle, values(ask.form(), "reason", "typed it in")))
		r.says(done, "refunded", "typed it in")
		r.says(r.get("work"), "Nothing waits for a person.")
		r.charges(1)
	})
}

func TestRefundTwiceIsOne(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.paid()
		form, at := r.confirms(p, "20").form(), "payments/"+string(p.ID)+"/refund"
		var both sync.WaitGroup
		where := make(chan string, 2)
		for range 2 {
			both.Go(func() { where <- r.press(at, form).at() })
		}
		both.Wait()
		if one, two, three := <-where, <-where, r.press(at, form).at(); one != two || two != three {
			t.Errorf("they lead to %q, %q and %q", one, two, three)
		}
		if n := len(r.Gateway.Refunds()); n != 1 {
			t.Errorf("%d refunds, want 1", n)
		}
		r.charges(1)
	})
}

func TestRefundTooMuch(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.paid()
		for typed, says := range map[string]string{"57.51": "At most NZ$57.50 can be given back.", "": "Type an amount", "-1": "Type an amount"} {
			a := r.confirms(p, typed)
			r.says(a, says)
			if a.Code != http.StatusUnprocessableEntity {
				t.Errorf("%q gives %d", typed, a.Code)
			}
		}
		// Two pages, each within what is left when it was shown.
		one, two := r.confirms(p, "40").form(), r.confirms(p, "40").form()
		at := "payments/" + string(p.ID) + "/refund"
		r.press(at, one)
		a := r.press(at, two)
		r.wants(a, 409, "It cannot be refunded")
		r.says(a, "at most NZ$17.50")
		r.press(at, r.confirms(p, "17.50").form())
		a = r.get(at)
		r.wants(a, 409, "It cannot be refunded")
		r.says(a, "All of it was given back")
		if n := len(r.Gateway.Refunds()); n != 2 {
			t.Errorf("%d refunds, want 2", n)
		}
		r.charges(1)
	})
}

// A form gives back of the payment that its page was about, and of no other.
func TestRefundFormIsOfOnePayment(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.paid()
		form := r.confirms(p, "20").form()
		r.put(bookedID, payment.Recorded, approved, func(q *payment.Payment) { q.DpsTxnRef = p.DpsTxnRef })
		r.wants(r.press("payments/"+string(bookedID)+"/refund", form), 400, "This page is out of date")
		if n := len(r.Gateway.Refunds()); n != 0 {
			t.Errorf("%d refunds were made", n)
		}
	})
}

func TestRefundUnknown(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.paid()
		form := r.confirms(p, "57.50").form()
		r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.RecordThenCut, Op: windcavetest.OpRefund})
		r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.HTTPStatus, Op: windcavetest.OpStatus, Times: 2})
		a := r.follow(r.press("payments/"+string(p.ID)+"/refund", form))
		r.says(a, "unknown", "Do not give it back again.")
		time.Sleep(10 * time.Minute)
		r.says(r.get("work"), "Type this payment into Splynx", "-57.50")
		if n := len(r.Gateway.Refunds()); n != 1 {
			t.Errorf("%d refunds, want 1", n)
		}
		r.charges(1)
	})
}
