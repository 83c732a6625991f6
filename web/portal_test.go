package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// The sessions of the tests' browser.
const (
	rigSession      = "0123456789abcdef0123456789abcdef"
	rigAdminSession = "fedcba9876543210fedcba9876543210"
)

func cookie(name, value string) func(*http.Request) {
	return func(q *http.Request) { q.AddCookie(&http.Cookie{Name: name, Value: value}) }
}

// signedIn is the rig's customer in the portal.
func (r *rig) signedIn() func(*http.Request) {
	r.Splynx.AddCustomerSession(rigSession, r.Customer)
	return cookie("PHPSESSID", rigSession)
}

// signedInAdmin is an administrator, in the session of a cookie.
func (r *rig) signedInAdmin(name, session string) func(*http.Request) {
	r.Splynx.AddAdministratorSession(session, r.Splynx.AddAdministrator(splynxtest.Administrator{Login: "office", Name: "Office"}))
	return cookie(name, session)
}

// icon is the address that the portal's pay icon opens.
func (r *rig) icon() string {
	return itemURL(payInvoice.path, r.Number) + "&module=splynx_addon_paymentexpress&model=Invoices"
}

// pressIcon sends a form of the portal's page.
func (r *rig) pressIcon(form string, edit ...func(*http.Request)) answer {
	r.Helper()
	if edit == nil {
		edit = append(edit, cookie("PHPSESSID", rigSession))
	}
	return r.send(http.MethodPost, payInvoice.path, url.Values{"form": {form}}, edit...)
}

// byCustomer makes a payment one of the rig's customer.
func (r *rig) byCustomer(p *payment.Payment) {
	p.Origin, p.Payer = payment.OriginCustomer, customerPayer(p.Customer)
}

func TestCustomerPaysOwnInvoice(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{Splynx: splynxtest.Options{Style: style}}, func(r *rig) {
				me := r.signedIn()
				a := r.get(r.icon(), me)
				if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "NZ$57.50") || !strings.Contains(a.Body.String(), `target="_top"`) {
					r.Fatalf("the dialog shows %d\n%s", a.Code, a.Body)
				}
				back := r.back(r.Gateway.Pay(r.leads(r.pressIcon(a.form())), windcavetest.CardApproved))
				at := strings.TrimPrefix(r.get(back, me).location(), rigPublic)
				time.Sleep(time.Minute) // virtual
				body := r.get(at, me).Body.String()
				if !strings.Contains(body, "received and booked") || !strings.Contains(body, `href="/portal/finance/invoices" target="_top"`) {
					r.Errorf("the receipt is\n%s", body)
				}
				p := r.journal()[0]
				if p.State != payment.Recorded || p.Origin != payment.OriginCustomer || p.Payer != customerPayer(r.Customer) {
					r.Errorf("payment is %s, %s of %s", p.State, p.Origin, p.Payer)
				}
				if i, _ := r.Splynx.Invoice(r.Invoice); i.Status != "paid" {
					r.Errorf("invoice is %s", i.Status)
				}
				r.wants(r.get(r.icon(), me), 200, "Already paid")
				if body := r.get(at).Body.String(); strings.Contains(body, r.Number) || strings.Contains(body, "57.50") || !strings.Contains(body, "Sign in") {
					r.Errorf("somebody else sees\n%s", body)
				}
				r.promises()
			})
		})
	}
}

// Whoever is not the customer gets no form, and Splynx's word decides who is.
func TestWhoIsCalling(t *testing.T) {
	t.Parallel()
	signIn := rigPublic + "/portal/login/?return=%2Fpaymentexpress%2Fpay-invoice%3Fitem_id%3D2026%252F0042%26signed_in%3D1"
	for name, c := range map[string]struct {
		splynx splynxtest.Options
		who    func(*rig) []func(*http.Request)
		status int
		title  string
		to     string
	}{
		"nobody": {status: 302, to: signIn},
		"no session at all": {status: 302, to: signIn, who: func(r *rig) []func(*http.Request) {
			return []func(*http.Request){cookie("PHPSESSID", "../../etc/passwd")}
		}},
		"made up": {status: 302, to: signIn, who: func(r *rig) []func(*http.Request) {
			return []func(*http.Request){cookie("PHPSESSID", "00000000000000000000000000000000")}
		}},
		"expired": {status: 302, to: signIn, who: func(r *rig) []func(*http.Request) {
			me := r.signedIn()
			r.Splynx.ExpireSessions()
			return []func(*http.Request){me}
		}},
		"somebody whom the API does not serve": {status: 302, to: signIn, who: func(r *rig) []func(*http.Request) {
			r.Splynx.AddGuestSession(rigSession)
			return []func(*http.Request){cookie("PHPSESSID", rigSession)}
		}},
		"another name of the cookie": {status: 302, to: signIn, who: func(r *rig) []func(*http.Request) {
			r.signedIn()
			return []func(*http.Request){cookie("SESSION", rigSession)}
		}},
		"a customer": {status: 200, title: "Invoice 2026/0042", who: func(r *rig) []func(*http.Request) { return []func(*http.Request){r.signedIn()} }},
		"a customer by the second cookie": {status: 200, title: "Invoice 2026/0042", who: func(r *rig) []func(*http.Request) {
			r.signedIn()
			return []func(*http.Request){cookie("PHPSESSID", "00000000000000000000000000000000"), cookie("splynx_admin", rigSession)}
		}},
		"a blocked customer, who wants to pay": {status: 200, title: "Invoice 2026/0042", who: func(r *rig) []func(*http.Request) {
			me := r.signedIn()
			r.Splynx.SetStatus(r.Customer, "blocked")
			return []func(*http.Request){me}
		}},
		"a blocked customer whom Splynx does not sign in": {splynx: splynxtest.Options{RefusedStatuses: []string{"blocked"}}, status: 302, to: signIn, who: func(r *rig) []func(*http.Request) {
			me := r.signedIn()
			r.Splynx.SetStatus(r.Customer, "blocked")
			return []func(*http.Request){me}
		}},
		"an administrator": {status: 403, title: "For customers", who: func(r *rig) []func(*http.Request) {
			return []func(*http.Request){r.signedInAdmin("PHPSESSID", rigSession)}
		}},
		"both in one session, which stands for the customer": {status: 200, title: "Invoice 2026/0042", who: func(r *rig) []func(*http.Request) {
			return []func(*http.Request){r.signedIn(), r.signedInAdmin("OTHER", rigSession)}
		}},
		"both in one session, which stands for the administrator": {splynx: splynxtest.Options{BothIs: splynxtest.BothAdministrator}, status: 403, title: "For customers", who: func(r *rig) []func(*http.Request) {
			return []func(*http.Request){r.signedIn(), r.signedInAdmin("OTHER", rigSession)}
		}},
		"both in one session, which is refused": {splynx: splynxtest.Options{BothIs: splynxtest.BothRefused}, status: 302, to: signIn, who: func(r *rig) []func(*http.Request) {
			return []func(*http.Request){r.signedIn(), r.signedInAdmin("OTHER", rigSession)}
		}},
		"both, with two cookies": {status: 200, title: "As whom?", who: func(r *rig) []func(*http.Request) {
			return []func(*http.Request){r.signedIn(), r.signedInAdmin("splynx_admin", rigAdminSession)}
		}},
		"Splynx is out": {status: 503, title: "No payments right now", who: func(r *rig) []func(*http.Request) {
			me := r.signedIn()
			r.Splynx.SetOutage(true)
			return []func(*http.Request){me}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{Splynx: c.splynx}, func(r *rig) {
				var who []func(*http.Request)
				if c.who != nil {
					who = c.who(r)
				}
				a := r.get(r.icon(), who...)
				r.wants(a, c.status, c.title)
				if a.location() != c.to {
					r.Errorf("leads to %s\nwant     %s", a.location(), c.to)
				}
				if c.status != 200 || c.title == "As whom?" {
					if body := a.Body.String(); strings.Contains(body, "57.50") || a.form() != "" {
						r.Errorf("the page shows the invoice\n%s", body)
					}
				}
				r.untouched()
			})
		})
	}
}

// Who comes back from the sign-in page and is still nobody is not sent round in a circle.
func TestSignInIsNoCircle(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		to, err := url.Parse(r.get(r.icon()).location())
		r.must(err)
		back := to.Query().Get("return")
		if !strings.HasPrefix(back, Prefix+"/") {
			r.Fatalf("the way back is %q", back)
		}
		r.wants(r.get(back), 403, "Sign-in not seen")
		r.wants(r.get(back, r.signedIn()), 200, "Invoice 2026/0042")
		if r.Logs.FilterMessageSnippet("splynx does not say whose session this is").Len() != 1 {
			r.Error("nobody is told to look at session_cookie")
		}
	})
}

// F54: the way back is made of what we know: nothing that a caller adds to the address is in
// it.
func TestF54WayBackIsOurs(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for _, target := range []string{
			r.icon() + "&return=https://evil.example/", r.icon() + "&return_to=//evil.example",
			itemURL(payInvoice.path, "//evil.example/"), itemURL(payInvoice.path, "x&return=https://evil.example"),
		} {
			a := r.get(target, header("X-Forwarded-Host", "evil.example"), header("Forwarded", "host=evil.example"))
			u, err := url.Parse(a.location())
			r.must(err)
			if back := u.Query().Get("return"); u.Scheme+"://"+u.Host+u.Path != rigPublic+signInPath || !strings.HasPrefix(back, payInvoice.path+"?item_id=") || len(u.Query()) != 1 {
				r.Errorf("%s leads to %s", target, a.location())
			}
		}
	})
}

// F76: another customer signs in with the same browser, within the time that the first one is
// remembered; the form of the first one moves nothing.
func TestF76FormOfWhoWasSignedInBefore(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		other := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
		form := r.get(r.icon(), r.signedIn()).form()
		r.Splynx.AddCustomerSession(rigSession, other)
		r.wants(r.pressIcon(form), 403, "Another account")
		r.Splynx.EndSession(rigSession)
		r.wants(r.pressIcon(form), 403, "Not signed in any more")
		r.wants(r.pressIcon(form, stranger), 403, "Not signed in any more")
		r.Splynx.AddCustomerSession(rigSession, r.Customer)
		r.Splynx.SetOutage(true)
		r.wants(r.pressIcon(form), 503, "No payments right now")
		r.untouched()
		r.Splynx.SetOutage(false)
		r.leads(r.pressIcon(form))
	})
}

// F55: who is signed in is believed for a minute at the most, and only while reading.
func TestF55SessionThatHasEnded(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		me := r.signedIn()
		r.wants(r.get(r.icon(), me), 200, "Invoice 2026/0042")
		first := exchanges(r)
		r.wants(r.get(r.icon(), me), 200, "Invoice 2026/0042")
		if exchanges(r) != first {
			r.Error("the second look asked Splynx again")
		}
		r.Splynx.ExpireSessions()
		time.Sleep(callerLife) // virtual
		if a := r.get(r.icon(), me); a.Code != http.StatusFound {
			r.Errorf("a minute after the session ended: %d %q", a.Code, a.title())
		}
	})
}

// exchanges counts how often Splynx was asked for a token.
func exchanges(r *rig) (n int) {
	for _, e := range r.Splynx.Log() {
		if e.Resource == "tokens" && e.Method == http.MethodPost {
			n++
		}
	}
	return n
}

// Who makes sessions up has them asked about only so often, and keeps nobody else out.
func TestMadeUpSessionsAreLimited(t *testing.T) {
	inBubble(t, setup{Limit: GuestLimit{Document: 1, Address: 2, All: 600}}, func(r *rig) {
		for i := range 2 * viewsPerStart {
			if a := r.get(r.icon(), cookie("PHPSESSID", strings.Repeat(string(rune('a'+i)), 32))); a.Code != http.StatusFound {
				r.Fatalf("%d: %d", i, a.Code)
			}
		}
		synctest.Wait() // the engine asks for a token of its own
		asked := exchanges(r)
		r.wants(r.get(r.icon(), cookie("PHPSESSID", strings.Repeat("z", 32))), 429, "Too many tries")
		if exchanges(r) != asked {
			r.Error("Splynx was asked all the same")
		}
		r.wants(r.get(r.icon(), r.signedIn(), as("198.51.100.7")), 200, "Invoice 2026/0042")
	})
}

// A customer has a limit of its own, wherever it comes from.
func TestCustomersAreLimited(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		me := r.signedIn()
		for range customerViews {
			if a := r.get(r.icon(), me); a.Code != http.StatusOK {
				r.Fatal(a.Code)
			}
		}
		r.wants(r.get(r.icon(), me, as("198.51.100.7")), 429, "Too many tries")
		r.wants(r.get(r.link()), 200, "Invoice 2026/0042")
	})
}

func TestEntryPointsOff(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		me := r.signedIn()
		guests, customers := r.get(r.link()).form(), r.get(r.icon(), me).form()
		r.put(goldenID, payment.Declined)
		r.put("GOLDENGOLDEN0002", payment.Declined, r.byCustomer)
		c := r.Config
		c.Invoice, c.DirectPay = false, true
		r.configure(c)
		r.wants(r.get(r.icon(), me), 404, "Page not found")
		r.wants(r.pressIcon(customers), 404, "Page not found")
		r.wants(r.get(r.link()), 200, "Invoice 2026/0042")
		if body := r.get(Prefix+"/payment/GOLDENGOLDEN0002", me).Body.String(); strings.Contains(body, ">Try again<") || !strings.Contains(body, "Not approved") {
			r.Errorf("a page leads to what is off\n%s", body)
		}
		c.Invoice, c.DirectPay = true, false
		r.configure(c)
		r.wants(r.get(r.link()), 404, "Page not found")
		r.wants(r.press(guests), 404, "Page not found")
		r.wants(r.get(r.icon(), me), 200, "Invoice 2026/0042")
		if body := r.get(goldenURL).Body.String(); strings.Contains(body, ">Try again<") || !strings.Contains(body, "Not approved") {
			r.Errorf("a page leads to what is off\n%s", body)
		}
		c.Invoice, c.DirectPay = false, false
		r.configure(c)
		if a := r.get(payment.ReturnPath+string(goldenID)+"?result=x&userid=RigPxPay", notified); a.Code == http.StatusNotFound {
			r.Error("the return address is closed")
		}
		r.wants(r.get(goldenURL), 200, "Not approved")
	})
}

// A form of a payment link is none of the portal's, and the reverse.
func TestFormsOfTheOtherAddress(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		guests, customers := r.get(r.link()).form(), r.get(r.icon(), r.signedIn()).form()
		r.wants(r.pressIcon(guests), 400, "This page is out of date")
		r.wants(r.press(customers), 400, "This page is out of date")
		r.wants(r.press(customers, cookie("PHPSESSID", rigSession)), 400, "This page is out of date")
		r.untouched()
	})
}

// Guests who come from a neighbour's address are behind a proxy that was not named: whoever
// runs this is told once what to write.
func TestNeighboursAtTheLimit(t *testing.T) {
	const warning = "guests are counted by an address of this network: behind a proxy all of them are one; name the proxy in trusted_proxies"
	for address, warned := range map[string]int{"10.1.2.3": 1, "127.0.0.1": 1, "fd00::7": 1, "203.0.113.9": 0} {
		t.Run(address, func(t *testing.T) {
			inBubble(t, setup{Limit: GuestLimit{Document: 1, Address: 60, All: 600}}, func(r *rig) {
				r.press(r.get(r.link(), as(address)).form(), as(address))
				for range 3 {
					r.wants(r.press(r.get(r.link(), stranger, as(address)).form(), stranger, as(address)), 429, "Too many tries")
				}
				told := r.Logs.FilterMessage(warning).All()
				if len(told) != warned {
					r.Fatalf("warned %d time(s), want %d", len(told), warned)
				}
				if warned > 0 && told[0].ContextMap()["write"] != "{ servers { trusted_proxies static "+address+" } }" {
					r.Errorf("told to write %v", told[0].ContextMap()["write"])
				}
			})
		})
	}
}
