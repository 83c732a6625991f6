package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// A customer who is signed in and sends forms that are none of ours costs Splynx nothing.
func TestForeignFormsAreCheap(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		me := r.signedIn()
		before := len(r.Splynx.Log())
		for range customerViews {
			r.wants(r.send(http.MethodPost, payInvoice.path, url.Values{"form": {"x"}}, me), 400, "This page is out of date")
		}
		if n := len(r.Splynx.Log()) - before; n > 10 {
			r.Errorf("Splynx was asked %d times", n)
		}
	})
}

// A second cookie that is nobody's, an old one or another program's, takes nothing from a
// customer whose session is good, nor from the neighbours behind the same address.
func TestOldSecondCookie(t *testing.T) {
	inBubble(t, setup{Limit: GuestLimit{Document: 1, Address: 2, All: 600}}, func(r *rig) {
		me, old := r.signedIn(), cookie("splynx_admin", strings.Repeat("e", 32))
		n := 0
		for ; n < 10*viewsPerStart; n++ {
			if a := r.get(r.icon(), me, old); a.Code != http.StatusOK {
				break
			}
		}
		if n < 10*viewsPerStart {
			r.Errorf("a customer whose session is good is refused after %d looks (limit of a customer: %d)", n, customerViews)
		}
		neighbour := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Neighbour"})
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: neighbour, Number: "2026/0099", Total: "5"})
		r.Splynx.AddCustomerSession(strings.Repeat("f", 32), neighbour)
		if a := r.get(itemURL(payInvoice.path, "2026/0099"), cookie("PHPSESSID", strings.Repeat("f", 32))); a.Code != http.StatusOK {
			r.Errorf("and a neighbour behind the same address gets %d %q", a.Code, a.title())
		}
	})
}

// Two cookies of one name, of two customers: a subdomain or a longer path can add one. Nobody
// is shown another one's invoice by it, and one that is no session hides none that is.
func TestTwoCookiesOfOneName(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		me := r.signedIn()
		attacker := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Attacker"})
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: attacker, Number: "2026/0099", Total: "999"})
		r.Splynx.AddCustomerSession(strings.Repeat("f", 32), attacker)
		tossed := cookie("PHPSESSID", strings.Repeat("f", 32))
		if a := r.get(itemURL(payInvoice.path, "2026/0099"), tossed, me); a.form() != "" {
			r.Errorf("the victim, signed in as customer %d, is shown the attacker's invoice to pay: %q", r.Customer, a.title())
		}
		if a := r.get(r.icon(), cookie("PHPSESSID", "x"), me); a.Code != http.StatusOK {
			r.Errorf("a cookie of the same name that is no session hides the good one: %d", a.Code)
		}
	})
}

// Made-up sessions that come at the same moment are counted before Splynx is asked, and leave
// turns for others.
func TestMadeUpSessionsAtOnce(t *testing.T) {
	inBubble(t, setup{Limit: GuestLimit{Document: 1, Address: 2, All: 600}}, func(r *rig) {
		r.Splynx.Inject(splynxtest.Fault{Op: "*", Kind: splynxtest.Slow, Delay: 500 * time.Millisecond, Times: -1})
		me := r.signedIn()
		before := exchanges(r)
		var all sync.WaitGroup
		for i := range 600 {
			all.Go(func() { r.get(r.icon(), cookie("PHPSESSID", fmt.Sprintf("made-up-session-%08d", i))) })
		}
		synctest.Wait()
		a := r.get(r.icon(), me, as("198.51.100.7"))
		all.Wait()
		if n := exchanges(r) - before; n > 4*viewsPerStart {
			r.Errorf("%d made-up sessions of one address were asked about, the limit is %d", n, 2*viewsPerStart)
		}
		if a.Code != http.StatusOK {
			r.Errorf("meanwhile a customer from elsewhere gets %d %q", a.Code, a.title())
		}
	})
}

// Who is signed in is believed for a minute from when Splynx was asked, however long its
// answer took.
func TestMinuteBeginsWithTheQuestion(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		me := r.signedIn()
		r.Splynx.Inject(splynxtest.Fault{Op: "*", Kind: splynxtest.Slow, Delay: 2 * time.Second, Times: -1})
		begin := time.Now()
		go func() { time.Sleep(2100 * time.Millisecond); r.Splynx.EndSession(rigSession) }()
		if a := r.get(r.icon(), me); a.Code != http.StatusOK {
			t.Fatal(a.Code)
		}
		r.Splynx.ClearFaults()
		time.Sleep(time.Until(begin.Add(65 * time.Second)))
		if a := r.get(r.icon(), me); a.Code == http.StatusOK {
			r.Errorf("%s after the session ended it still reads", time.Since(begin)-2100*time.Millisecond)
		}
	})
}

// Whoever counts ids up is told no numbers: not on the form, nor on the page of a payment that
// was only begun, nor on the gateway's.
func TestNumbersAreNotToldByCountingIDs(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		var byID way
		for _, y := range ways {
			if y.byID && strings.Contains(y.path, "invoice") {
				byID = y
			}
		}
		a := r.get(itemURL(byID.path, fmt.Sprint(r.Invoice)))
		if strings.Contains(a.Body.String(), r.Number) {
			t.Fatal("the form itself tells")
		}
		a = r.send(http.MethodPost, byID.path, url.Values{"form": {a.form()}})
		r.leads(a)
		page := r.get(Prefix + "/payment/" + string(r.journal()[0].ID)).Body.String()
		if strings.Contains(page, r.Number) {
			r.Errorf("the page of a payment that nobody paid tells the number %s", r.Number)
		}
		if told := r.journal()[0].Reference; strings.Contains(told, r.Number) {
			r.Errorf("the gateway is told %q", told)
		}
	})
}
