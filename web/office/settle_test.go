package office

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var settleLink = regexp.MustCompile(`href="([^"]*/settle/recorded)"`)

// parked pays the rig's invoice by a link whose customer goes meanwhile: nothing can be booked.
func (r *rig) parked() *payment.Payment {
	r.Helper()
	p := r.Start("link")
	r.Splynx.Inject(splynxtest.Fault{Op: "POST payments", Kind: splynxtest.Status, Status: 422, Times: 100})
	if _, err := r.Return(r.Pay(p, windcavetest.CardApproved)); err != nil {
		r.Fatal(err)
	}
	return r.Until(p.ID, time.Hour, payment.Parked)
}

func TestParkedIsTriedAgain(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.parked()
		a := r.get("work")
		r.says(a, string(p.ID), "Splynx has refused to book it", "Try again…", "It stands in Splynx…", "It was given back…", "Book elsewhere…", "Refund…")
		if a.has("No money moved") {
			t.Error("approved money may be called none")
		}
		r.Splynx.ClearFaults()
		at := "payments/" + string(p.ID) + "/settle/again"
		r.follow(r.press(at, r.get(at).form(), "reason", "Splynx is mended"))
		r.Until(p.ID, time.Minute, payment.Recorded)
		r.says(r.get("payments/"+string(p.ID)), "booked", "Splynx is mended", "administrator 1")
		r.charges(1)
	})
}

func TestParkedIsBookedToTheBalance(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.parked()
		r.Splynx.ClearFaults()
		at := "payments/" + string(p.ID) + "/rebook"
		r.wants(r.press(at, r.get(at).form(), "to", "invoice", "number", "1999/1", "reason", "x"), 422, "Book it elsewhere")
		a := r.press(at, r.get(at).form(), "to", "balance", "reason", "the invoice was wrong")
		r.says(a, "the customer’s balance", "Book NZ$57.50")
		a = r.press(at, a.form())
		if a.Code != http.StatusSeeOther {
			t.Fatalf("the button gives %d %q\n%s", a.Code, a.title(), a.Body)
		}
		r.Until(p.ID, time.Minute, payment.Recorded)
		r.says(r.follow(a), "on the balance", "the invoice was wrong")
		r.charges(1)
	})
}

func TestParkedIsGivenBack(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.parked()
		r.says(r.confirms(p, "20"), "only the whole of it can be given back")
		r.press("payments/"+string(p.ID)+"/refund", r.confirms(p, "57.50").form())
		r.Until(p.ID, time.Minute, payment.Refunded)
		r.charges(1)
	})
}

func TestSettleIsHeldToTheState(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.put(goldenID, payment.Parked, because(payment.ReasonNotFound, payment.Unknown))
		page := r.get("payments/" + string(p.ID))
		for word, there := range map[string]bool{"again": true, "recorded": false, "refunded": false, "not_paid": true} {
			if page.has("/settle/"+word+`"`) != there {
				t.Errorf("button %s is there: %v", word, !there)
			}
			if a := r.get("payments/" + string(p.ID) + "/settle/" + word); (a.Code == 200) != there {
				t.Errorf("page %s is %d", word, a.Code)
			}
		}
		at := "payments/" + string(p.ID) + "/settle/not_paid"
		one := r.get(at).form()
		r.press(at, one, "reason", "not at Windcave")
		if q := r.only(); q.State != payment.NotDone {
			t.Errorf("it is %s", q.State)
		}
		r.wants(r.press(at, one, "reason", "again"), 409, "It cannot be ended like this")
		r.wants(r.press(strings.Replace(at, "not_paid", "again", 1), one, "reason", "other"), 400, "This page is out of date")
		r.charges(0)
	})
}

// Money that has not moved for a quarter of an hour is listed, of the administrator's partners
// only; what is wrong with the whole is told.
// A page that was open while a payment moved on, and waits for something else now, does not end that.
func TestOldPageSettlesNothing(t *testing.T) {
	for _, how := range []string{"recorded", "refunded", "again"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				p := r.parked()
				at := "payments/" + string(p.ID) + "/settle/" + how
				form := r.get(at).form()
				time.Sleep(time.Hour)
				again := "payments/" + string(p.ID) + "/settle/again"
				r.follow(r.press(again, r.get(again).form(), "reason", "try it"))
				r.Until(p.ID, time.Hour, payment.Parked)
				r.says(r.press(at, form, "reason", "as I saw an hour ago"), "It has moved since you opened the page")
				if q := r.Until(p.ID, time.Hour, payment.Parked); q.State != payment.Parked {
					t.Errorf("it is %s", q.State)
				}
			})
		})
	}
}

func TestWorkListAndHealth(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.says(r.get("work"), "Nothing waits for a person.")
		r.put(goldenID, payment.Unknown)
		r.put(bookedID, payment.NotDone, because(payment.ReasonGatewayRefused, ""), func(p *payment.Payment) { p.Class, p.Words = "config", "config.credentials" })
		r.says(r.get("work"), "Nothing waits for a person.", "Windcave has refused our account", "user name, key or password are wrong")
		time.Sleep(lateAfter + time.Second)
		a := r.get("work")
		r.says(a, string(goldenID), "Do not charge again")
		r.says(r.get(""), "1 on the work list.", "The oldest has not moved since")
		south := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		if a := r.get("work", south); a.has(string(goldenID)) || a.has("Windcave has refused") {
			t.Error("another partner's administrator sees it")
		}
	})
}

// Lists go on where the page before has ended.
func TestListPages(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		const n = pageRows*2 + 3
		for i := range n {
			time.Sleep(time.Second)
			id := payment.ID("GOLDENGOLDEN0" + string(rune('A'+i/26)) + string(rune('A'+i%26)) + "A")
			r.put(id, payment.Parked, approved, because(payment.ReasonBookingRefused, payment.Approved), func(p *payment.Payment) { p.DocumentID = int64(i + 100) })
		}
		for _, list := range []string{"payments?state=needs-you&customer=1", "work"} {
			seen := map[string]bool{}
			at, pages := "/paymentexpress/admin/"+list, 0
			for ; at != "" && pages < 5; pages++ {
				a := r.send(http.MethodGet, at, nil)
				for _, m := range rowLink.FindAllStringSubmatch(a.Body.String(), -1) {
					if seen[m[1]] {
						t.Errorf("%s: %s stands twice", list, m[1])
					}
					seen[m[1]] = true
				}
				r.says(a, "A Customer")
				at = strings.ReplaceAll(a.find(older), "&amp;", "&")
			}
			if len(seen) != n || pages != 3 {
				t.Errorf("%s: %d payments on %d pages, want %d on 3", list, len(seen), pages, n)
			}
		}
		a := r.get("payments?customer=1")
		r.says(a, "NZ$2,875.00")
		r.says(r.get("payments?customer=2"), "No payment fits")
		r.says(r.get("payments?customer=x"), "looked for by their ids")
		if a := r.get("payments?after=ZZZZZZZZZZZZZZZZ"); a.Code != 404 {
			t.Errorf("a place that is not there is %d", a.Code)
		}
	})
}

var (
	rowLink = regexp.MustCompile(`<a class="code" href="/paymentexpress/admin/payments/([A-Z0-9]+)"`)
	older   = regexp.MustCompile(`href="([^"]*)">Older`)
)

func TestLinks(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		a := r.press("links", r.get("links?kind=invoice&id=1").form(), "kind", "invoice", "number", "2026/0042", "ends", time.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly))
		r.says(a, "The link is made.", "direct-pay-invoice?item_id=2026%2F0042", "A Customer", "NZ$57.50")
		link := strings.ReplaceAll(a.find(regexp.MustCompile(`<p class="copy code">([^<]*)`)), "&amp;", "&")
		if b := r.send(http.MethodGet, strings.TrimPrefix(link, rigPublic), nil, func(*http.Request) {}); b.Code != 200 || !b.has("NZ$57.50") {
			t.Errorf("the link shows %d %q", b.Code, b.title())
		}
		for _, typed := range [][]string{{"number", "1999/1"}, {"number", ""}, {"number", "2026/0042", "ends", "1999-01-01"}, {"id", "x"}} {
			if a := r.press("links", r.get("links").form(), append([]string{"kind", "invoice"}, typed...)...); a.Code != 422 || a.has("The link is made") {
				t.Errorf("%v gives %d", typed, a.Code)
			}
		}
		south := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		form := r.get("links", south).form()
		if a := r.send(http.MethodPost, "/paymentexpress/admin/links", values(form, "kind", "invoice", "number", "2026/0042"), south); a.Code != 422 || a.has("A Customer") || a.has("&amp;s=") {
			t.Errorf("another partner's administrator is given %d", a.Code)
		}
	})
}

func TestGuestsAreLetInAgain(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.must(web.SetGuests(context.Background(), r.Engine, web.Guests{At: time.Now(), Until: time.Now().Add(time.Hour), Why: "31 payments of guests were declined within an hour"}))
		r.says(r.get("work"), "Payment links are closed until", "Open payment links…")
		if a := r.get("guests", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 1})); a.form() != "" {
			t.Error("who is bound to a partner may open them for all")
		}
		a := r.get("guests")
		r.says(a, "31 payments of guests were declined")
		r.wants(r.press("guests", r.get("links").form()), 400, "This page is out of date") // a form of another page
		r.says(r.follow(r.press("guests", a.form())), "Payment links are open.")
		g, err := web.GuestsOf(context.Background(), r.Engine)
		if acts, err := r.Engine.Acts(context.Background(), payment.ActFilter{}); err != nil || len(acts) != 1 || acts[0].What != payment.DeedOpenGuests || acts[0].Who != "administrator 1" {
			t.Errorf("what was done is %+v (%v)", acts, err)
		}
		if err != nil || g.Closed(time.Now()) || g.Who != "administrator 1" {
			t.Errorf("links are %+v (%v)", g, err)
		}
	})
}

// The log says who did what, by numbers: no names, and nothing of the card.
func TestLogNamesNobody(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.paid()
		r.press("payments/"+string(p.ID)+"/refund", r.confirms(p, "20").form())
		var lines []string
		for _, e := range r.Logs.All() {
			if strings.HasPrefix(e.Message, "office: ") {
				lines = append(lines, e.Message)
				if f := e.ContextMap(); f["administrator"] != r.Admin || f["payment"] != string(p.ID) {
					t.Errorf("%s has %v", e.Message, f)
				}
			}
			for _, v := range e.ContextMap() {
				if s, ok := v.(string); ok && (strings.Contains(s, "A Customer") || strings.Contains(s, "anna") || strings.Contains(s, "Anna")) {
					t.Errorf("the log names somebody: %s %v", e.Message, e.ContextMap())
				}
			}
		}
		if strings.Join(lines, ", ") != "office: charged a saved card, office: gave money back" {
			t.Errorf("the log has %q", lines)
		}
	})
}
