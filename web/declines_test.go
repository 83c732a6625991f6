package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// settles is how long tries waits until the notification that came beside the browser is judged
// too: until then the document is in flight.
const settles = 30 * time.Second

// tries starts a payment by a link and has it declined; it returns what the button gave.
func (r *rig) tries(link string, edit ...func(*http.Request)) answer {
	r.Helper()
	a := r.press(r.get(link, edit...).form(), edit...)
	if a.Code == http.StatusSeeOther {
		back := r.back(r.Gateway.Pay(r.leads(a), windcavetest.CardDeclined))
		r.get(back, edit...)
		time.Sleep(settles) // virtual
	}
	return a
}

// more adds an invoice of another customer, and returns its link.
func (r *rig) more(number string) string {
	customer := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
	r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: customer, Number: number, Total: "5.00"})
	return itemURL(directInvoice.path, number)
}

// After the second decline guests wait longer and longer for a document, from wherever they
// come; a restart forgets nothing, and after a day it begins anew.
func TestDeclinesOfADocument(t *testing.T) {
	t.Parallel()
	for style, s := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		t.Run(style, func(t *testing.T) {
			inBubble(t, setup{Splynx: splynxtest.Options{Style: s}}, func(r *rig) {
				from := func(i int) func(*http.Request) { return as(fmt.Sprintf("198.51.100.%d", i)) }
				r.leads(r.tries(r.link(), from(1)))
				r.leads(r.tries(r.link(), from(2)))
				for i, want := range append(growing, time.Hour) {
					a := r.tries(r.link(), from(10+i))
					r.wants(a, 429, "Too many tries")
					if got := a.Header().Get("Retry-After"); got != fmt.Sprint(int((want - settles).Seconds())) {
						r.Errorf("wait %d is %s s, want %s of which %s are over", i, got, want, settles)
					}
					c := r.Config
					c.Limits = NewLimits(GuestLimit{}) // as after a restart
					r.configure(c)
					time.Sleep(want - settles - time.Second)
					r.wants(r.press(r.get(r.link(), from(30)).form(), from(30)), 429, "Too many tries")
					time.Sleep(time.Second)
					r.leads(r.tries(r.link(), from(20+i)))
				}
				if r.Logs.FilterMessageSnippet("a guest waits").Len() == 0 {
					r.Error("nobody is told")
				}
				r.leads(r.tries(r.more("2026/0777"), from(40)))
				r.leads(r.pressIcon(r.get(r.icon(), r.signedIn()).form())) // the portal is open
				time.Sleep(failuresLast)
				r.leads(r.tries(r.link(), from(50)))
			})
		})
	}
}

// Likewise for an address, whatever it pays: an IPv6 household counts as one.
func TestDeclinesFromAnAddress(t *testing.T) {
	for name, addresses := range map[string][3]string{
		"IPv4": {"198.51.100.7", "198.51.100.7", "198.51.100.8"},
		"IPv6": {"2001:db8:1:2::1", "2001:db8:1:2::ffff", "2001:db8:1:3::1"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.leads(r.tries(r.more("A-1"), as(addresses[0])))
				r.leads(r.tries(r.more("A-2"), as(addresses[0])))
				third := r.more("A-3")
				a := r.tries(third, as(addresses[1]))
				r.wants(a, 429, "Too many tries")
				if a.Header().Get("Retry-After") != "30" {
					r.Errorf("it waits %s s", a.Header().Get("Retry-After"))
				}
				r.leads(r.tries(r.more("A-4"), as(addresses[2])))
				time.Sleep(time.Minute) // virtual
				r.leads(r.tries(third, as(addresses[1])))
			})
		})
	}
}

// What ended otherwise, and what customers have tried in the portal, makes no guest wait.
func TestWhatIsNoDecline(t *testing.T) {
	inBubble(t, setup{Edit: func(c *Config) { c.GuestDeclines = 1 }}, func(r *rig) {
		for i, s := range []payment.State{payment.Cancelled, payment.Cancelled, payment.Expired, payment.NotOffered} {
			r.put(payment.ID(fmt.Sprintf("OTHERWISE0000%03d", i)), s)
		}
		for i := range 5 {
			r.put(payment.ID(fmt.Sprintf("INTHEPORTAL00%03d", i)), payment.Declined, r.byCustomer)
		}
		r.leads(r.tries(r.link()))
		page := r.get(r.more("2026/0777"))
		r.put("LATETRUTH0000001", payment.Recorded, approved, func(p *payment.Payment) { p.DocumentID = 4711 })
		r.leads(r.press(page.form()))
	})
}

// declinedOf puts declined payments of guests, each of another document, into the journal.
func (r *rig) declinedOf(from, n int) {
	r.Helper()
	for i := range n {
		r.put(payment.ID(fmt.Sprintf("DECLINED%08d", from+i)), payment.Declined, func(p *payment.Payment) { p.DocumentID = int64(1000 + from + i) })
	}
}

// Too many declines of guests close the links to new payments for an hour: not what is open,
// what comes back, and the portal.
func TestLinksClose(t *testing.T) {
	inBubble(t, setup{Edit: func(c *Config) { c.GuestDeclines = 3 }}, func(r *rig) {
		other := r.more("2026/0777")
		form, open := r.get(r.link()).form(), r.pay()
		fresh := r.get(other).form()
		r.declinedOf(0, 3)
		r.leads(r.press(fresh)) // three are not too many
		r.declinedOf(10, 1)
		shut := r.press(r.get(other, stranger).form(), stranger)
		r.wants(shut, 503, "Payment links are closed")
		if got := shut.Header().Get("Retry-After"); got != "3600" {
			r.Errorf("it is to be tried again after %s s", got)
		}
		told := r.Logs.FilterMessageSnippet("payment links are closed for an hour").All()
		if len(told) != 1 || told[0].Level.String() != "error" || told[0].ContextMap()["declined"] != int64(4) {
			r.Errorf("the log says %v", told)
		}
		for range 3 {
			r.wants(r.get(other, stranger), 503, "Payment links are closed")
		}
		if r.Logs.FilterMessageSnippet("payment links are closed for an hour").Len() != 1 {
			r.Error("it is said more than once")
		}
		r.wants(r.get(r.icon(), r.signedIn()), 200, "Invoice 2026/0042")
		r.leads(r.pressIcon(r.get(r.icon(), r.signedIn()).form()))
		if a := r.press(form); a.location() != open { // the payer's own page lives on
			r.Errorf("the open page is at %d %s, want %s", a.Code, a.location(), open)
		}
		at := strings.TrimPrefix(r.get(r.back(r.Gateway.Pay(open, windcavetest.CardApproved))).location(), rigPublic)
		time.Sleep(time.Minute) // virtual
		r.wants(r.get(at), 200, "Paid")
		r.wants(r.get(r.link()), 200, "Already paid")

		c := r.Config
		c.Limits = NewLimits(GuestLimit{}) // as after a restart
		r.configure(c)
		r.wants(r.get(other, stranger), 503, "Payment links are closed")
		time.Sleep(time.Hour - time.Minute)
		r.leads(r.press(r.get(other, stranger).form(), stranger))
		r.promises()
	})
}

// A person closes links, for as long and with what reason it takes, and opens them: what was
// declined before does not close them again.
func TestGuestsSwitch(t *testing.T) {
	inBubble(t, setup{Edit: func(c *Config) { c.GuestDeclines = 2 }}, func(r *rig) {
		ctx := context.Background()
		set := func(g Guests) {
			r.Helper()
			r.must(SetGuests(ctx, r.Engine, g))
			if got, err := GuestsOf(ctx, r.Engine); err != nil || got != g {
				r.Fatalf("%+v, %v", got, err)
			}
		}
		if g, err := GuestsOf(ctx, r.Engine); err != nil || g != (Guests{}) || g.Closed(time.Now()) {
			r.Fatalf("at first: %+v, %v", g, err)
		}
		now := time.Now().UTC()
		set(Guests{At: now, Until: now.Add(2 * time.Hour), Why: "a visit", Who: "anna"})
		r.wants(r.get(r.link()), 503, "Payment links are closed")
		time.Sleep(2 * time.Hour) // virtual
		r.wants(r.get(r.link()), 200, "Invoice 2026/0042")
		r.declinedOf(0, 3)
		r.wants(r.press(r.get(r.link()).form()), 503, "Payment links are closed")
		if g, err := GuestsOf(ctx, r.Engine); err != nil || !g.ByItself(time.Now()) || !strings.Contains(g.Why, "3 payments") {
			r.Errorf("%+v, %v", g, err)
		}
		time.Sleep(time.Minute)
		set(Guests{At: time.Now().UTC(), Who: "anna"})
		r.leads(r.press(r.get(r.link()).form()))
		time.Sleep(time.Second)
		r.declinedOf(10, 3)
		r.wants(r.press(r.get(r.more("2026/0777"), stranger).form(), stranger), 503, "Payment links are closed")
		r.must(r.Store.SetMark(ctx, guestsMark, "broken"))
		r.wants(r.get(r.link(), stranger), 503, "No payments right now")
		c := r.Config
		c.GuestDeclines = -1
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "guest_declines") {
			r.Errorf("a number that is none: %v", err)
		}
	})
}
