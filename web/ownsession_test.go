package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// inBubbleHere is inBubble for tests that gather what each run has shown.
func inBubbleHere(t *testing.T, o setup, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newRig(t, o)) })
}

// A sign-in lives half an hour, while it is used up to eight, and no longer.
func TestOwnSessionEnds(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
		c := r.isIn(r.Customer)
		time.Sleep(ownLife - time.Second) // virtual
		r.wants(r.get(r.icon(), with(c)), 200, "Invoice 2026/0042")
		time.Sleep(time.Second)
		if a := r.get(r.icon(), with(c)); a.Code != http.StatusFound {
			r.Errorf("after half an hour: %d %q", a.Code, a.title())
		}
		born := time.Now()
		c = r.isIn(r.Customer)
		renewed := 0
		for time.Since(born) < ownMost-8*time.Minute {
			time.Sleep(7 * time.Minute)
			a := r.get(r.icon(), with(c))
			if a.Code != http.StatusOK {
				r.Fatalf("after %s: %d %q", time.Since(born), a.Code, a.title())
			}
			if next := a.cookie(); next != nil {
				c, renewed = next, renewed+1
			}
		}
		if renewed < 10 || renewed > 100 {
			r.Errorf("the cookie was renewed %d times", renewed)
		}
		time.Sleep(ownMost - time.Since(born))
		if a := r.get(r.icon(), with(c)); a.Code != http.StatusFound || a.cookie() != nil {
			r.Errorf("after eight hours: %d %q", a.Code, a.title())
		}
	})
}

var signOutText = regexp.MustCompile(`action="/paymentexpress/sign-out"><input type="hidden" name="form" value="([^"]+)"`)

// Whoever has signed out is nobody, also with a copy of the cookie; another customer is not
// touched.
func TestSignOut(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
		other := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
		c, second, others := r.isIn(r.Customer), r.isIn(r.Customer), r.isIn(other)
		page := r.get(r.icon(), with(c))
		form := page.find(signOutText)
		if form == "" || strings.Contains(r.get(r.icon(), r.signedIn()).Body.String(), signOutPath) {
			r.Fatal("the way out is not where one has signed in here, and only there")
		}
		out := func(edit ...func(*http.Request)) answer {
			return r.send(http.MethodPost, signOutPath, url.Values{"form": {form}}, edit...)
		}
		out(with(others)) // with the form of somebody else
		r.wants(r.get(paymentsPath, with(others)), 200, "Your payments")
		a := out(with(c))
		r.wants(a, 200, "Signed out")
		if gone := a.cookie(); gone == nil || gone.MaxAge >= 0 {
			r.Errorf("the cookie stays: %v", gone)
		}
		for what, old := range map[string]*http.Cookie{"the cookie": c, "that of another browser": second} {
			if a := r.get(paymentsPath, with(old)); a.Code != http.StatusFound {
				r.Errorf("with %s: %d %q", what, a.Code, a.title())
			}
			r.wants(r.pressIcon(page.form(), with(old)), 403, "Not signed in any more")
		}
		r.wants(r.get(paymentsPath, with(others)), 200, "Your payments")
		r.wants(out(with(c)), 200, "Signed out") // again does no harm
		r.wants(r.get(paymentsPath, with(r.isIn(r.Customer))), 200, "Your payments")
		r.untouched()
	})
}

// Nothing of others is shown to who has signed in here, and no cookie but one that we gave out
// is believed.
func TestOwnSessionShowsNothingOfOthers(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn, Number: "2026/0777", Due: "123.45", Customer: "Secret Name"}, func(r *rig) {
		mallory := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Mallory"})
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: mallory, Number: "2026/0888", Total: "1.00"})
		victim, hers := r.isIn(r.Customer), r.isIn(mallory)
		theirForm := r.get(r.icon(), with(victim)).form()
		r.put("THEIRPAYMENT0001", payment.Recorded, approved, r.byCustomer)
		before := len(r.journal())

		ctx := context.Background()
		sealed := func(box string, s ownSession) string {
			text, err := sealBox(ctx, r.Engine, box, s)
			r.must(err)
			return text
		}
		now := time.Now()
		good := ownSession{Site: rigPublic, Customer: r.Customer, Born: now, Until: now.Add(time.Hour)}
		elsewhere, over, unborn, epoch := good, good, good, good
		elsewhere.Site, over.Until, unborn.Born, epoch.Epoch = "https://other.example", now, now.Add(2*clockBack), 7
		forged := map[string]string{
			"nothing": "", "text": "x", "cut": victim.Value[:len(victim.Value)-2], "changed": "A" + victim.Value[1:], "a form": theirForm,
			"a session sealed as a form": sealed(formBox, good), "of another installation": sealed(sessionBox, elsewhere),
			"ended": sealed(sessionBox, over), "of the future": sealed(sessionBox, unborn), "another epoch": sealed(sessionBox, epoch),
			"nobody's": sealed(sessionBox, ownSession{Site: rigPublic, Born: now, Until: now.Add(time.Hour)}),
		}
		for name, value := range forged {
			a := r.get(r.icon(), cookie(customerCookie, value))
			if a.Code != http.StatusFound || a.form() != "" {
				r.Errorf("%s: %d %q", name, a.Code, a.title())
			}
			r.wants(r.pressIcon(theirForm, cookie(customerCookie, value)), 403, "Not signed in any more")
		}
		r.wants(r.get(r.icon(), cookie(customerCookie, sealed(sessionBox, good))), 200, "Invoice 2026/0777")

		secrets := []string{"123.45", "2026/0777", "Secret Name", r.signedInID()}
		for _, target := range []string{
			r.icon(), itemURL(payInvoice.path, fmt.Sprint(r.Invoice)), itemURL(payRequest.path, r.proforma()), addMoney.path, cardPage.path,
			paymentsPath, widget.path, Prefix + "/payment/THEIRPAYMENT0001",
		} {
			body := r.get(target, with(hers)).Body.String()
			for _, s := range secrets {
				if strings.Contains(body, s) {
					r.Errorf("%s shows %q", target, s)
				}
			}
		}
		r.wants(r.pressIcon(theirForm, with(hers)), 403, "Another account")
		r.wants(r.get(r.icon(), with(hers), with(victim)), 403, "Two accounts")
		r.wants(r.get(r.icon(), with(hers), r.signedIn()), 403, "Two accounts")
		r.wants(r.get(r.icon(), with(victim), r.signedIn()), 200, "Invoice 2026/0777")
		if n := len(r.journal()); n != before {
			r.Errorf("%d payments were started", n-before)
		}
	})
}

// What moves money reads the customer anew: who is gone or disabled is nobody then; who is blocked
// owes, and pays.
func TestOwnSessionOfWhoIsNobodyNow(t *testing.T) {
	for name, change := range map[string]func(*rig){
		"disabled": func(r *rig) { r.Splynx.SetStatus(r.Customer, "disabled") },
		"gone":     func(r *rig) { r.Splynx.RemoveCustomer(r.Customer) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
				c := r.isIn(r.Customer)
				form := r.get(r.icon(), with(c)).form()
				change(r)
				r.wants(r.pressIcon(form, with(c)), 403, "Not signed in any more")
				r.untouched()
			})
		})
	}
	t.Run("blocked", func(t *testing.T) {
		inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
			c := r.isIn(r.Customer)
			form := r.get(r.icon(), with(c)).form()
			r.Splynx.SetStatus(r.Customer, "blocked")
			r.leads(r.pressIcon(form, with(c)))
		})
	})
}

// The page is for where Splynx says nothing of sessions: there they keep nobody out.
func TestOwnSignInWhereSessionsAreRefused(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
		c, junk := r.isIn(r.Customer), cookie("PHPSESSID", rigSession)
		form := r.get(r.icon(), with(c)).form()
		for status, nobody := range map[int]int{400: 302, 405: 302, 500: 503} {
			r.Splynx.Inject(splynxtest.Fault{Op: "POST tokens", Kind: splynxtest.Status, Status: status, Times: 1})
			if a := r.get(r.icon(), junk); a.Code != nobody {
				r.Errorf("with %d nobody gets %d", status, a.Code)
			}
			r.Splynx.Inject(splynxtest.Fault{Op: "POST tokens", Kind: splynxtest.Status, Status: status, Times: 1})
			r.wants(r.get(r.icon(), junk, with(c)), 200, "Invoice 2026/0042")
		}
		r.leads(r.pressIcon(form, junk, with(c)))
	})
}
