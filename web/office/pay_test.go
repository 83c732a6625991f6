package office

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// payIcon is what the administrator's pay icon calls.
func (r *rig) payIcon(item string) answer {
	r.Helper()
	return r.send(http.MethodGet, "/paymentexpress/pay-invoice?module=m&model=Invoices&item_id="+url.QueryEscape(item), nil)
}

// arrives follows redirects to a page.
func (r *rig) arrives(a answer) (answer, string) {
	r.Helper()
	at := ""
	for n := 0; a.location() != "" && n < 5; n++ {
		at = a.at()
		a = r.follow(a)
	}
	return a, strings.TrimPrefix(at, web.AdminPath)
}

func TestPaysByTheIcon(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]func(*rig) string{
		"number": func(r *rig) string { return r.Invoice.Number },
		"id":     func(r *rig) string { return "1" },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.saves(r.Customer, windcavetest.CardApproved, "11")
				page, at := r.arrives(r.payIcon(by(r)))
				r.says(page, "A Customer (1)", "Invoice 2026/0042", "Charge NZ$57.50 to Visa ends in 11")
				if len(r.Gateway.Charges()) != 0 {
					t.Fatal("looking has charged")
				}
				a := r.press(at, page.form())
				p := r.only()
				if a.Code != http.StatusSeeOther || a.at() != paymentPath(p.ID) {
					t.Fatalf("the button leads to %d %q: %s", a.Code, a.at(), a.Body)
				}
				r.Until(p.ID, time.Minute, payment.Recorded)
				r.says(r.follow(a), "booked", "The money was taken and stands in Splynx.", "administrator 1", "DpsTxnRef", "Visa ends in 11")
				if p.Origin != payment.OriginAdministrator || p.Way != payment.WaySavedCard {
					t.Errorf("it is %s by %s", p.Origin, p.Way)
				}
				r.charges(1)
				if i, _ := r.Splynx.Invoice(r.Invoice.ID); i.Status != "paid" {
					t.Errorf("invoice is %s", i.Status)
				}
				r.says(r.get(at), "It is paid. Nothing is due")
			})
		})
	}
}

// A number of one document that is the id of another: nothing is charged before one is chosen.
func TestAmbiguousItemIsListed(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		other := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Bela Other"})
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: other, Number: "1", Total: "12"})
		a, _ := r.arrives(r.payIcon("1"))
		r.wants(a, 200, "Which one?")
		r.says(a, "A Customer", "Bela Other", "its number", "its id", "NZ$12.00", "NZ$57.50", "pay/invoice/1", "pay/invoice/2")
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: other, Number: "2026/0042", Total: "13"})
		a, _ = r.arrives(r.payIcon("2026/0042"))
		r.wants(a, 200, "Which one?")
		if strings.Count(a.Body.String(), `name="form"`) != 0 {
			t.Error("the list has a button that charges")
		}
		a, _ = r.arrives(r.payIcon("1999/0001"))
		r.wants(a, 404, "Nothing found")
		r.charges(0)
	})
}

func TestBalanceIsCharged(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.saves(r.Customer, windcavetest.CardApproved, "11")
		r.Splynx.SetDeposit(r.Customer, "-42.10")
		a, at := r.arrives(r.send(http.MethodGet, "/paymentexpress/?item_id=1", nil))
		r.says(a, "owes NZ$42.10", `value="42.10"`, "2026/0042")
		for typed, says := range map[string]string{"": "Type an amount in NZD", "x": "Type an amount in NZD", "0.50": "Type an amount from NZ$1.00", "10000.01": "to NZ$10,000.00"} {
			a = r.get(at + "/balance?amount=" + typed)
			r.says(a, says)
			if a.Code != http.StatusUnprocessableEntity {
				t.Errorf("%q gives %d", typed, a.Code)
			}
		}
		a = r.get(at + "/balance?amount=20")
		r.says(a, "Charge NZ$20.00 to Visa ends in 11")
		r.press(at+"/balance", a.form())
		p := r.only()
		r.Until(p.ID, time.Minute, payment.Recorded)
		if p.Kind != payment.KindTopUp || r.Splynx.Deposit(r.Customer) != "-22.1000" {
			t.Errorf("it is a %s, the balance is %s", p.Kind, r.Splynx.Deposit(r.Customer))
		}
		r.charges(1)
	})
}

func TestWhyNothingCanBeCharged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(*rig)
		says string
	}{
		"no card":      {func(*rig) {}, "No card is saved for this customer."},
		"expired card": {func(r *rig) { r.card(map[int]string{2: "411111........11", 3: "Visa", 4: "12/99"}) }, "The saved card has expired."},
		"unreadable": {func(r *rig) {
			r.Splynx.SetAccountData(r.Customer, splynxtest.AddOnAccountID, map[int]string{1: "4111111111111111"})
		}, "cannot be read"},
		"pending":   {func(r *rig) { r.Splynx.ChangeInvoice(1, func(i *splynxtest.Invoice) { i.Status = "pending" }) }, "somebody else is charging it"},
		"in flight": {func(r *rig) { r.put("GOLDENGOLDEN0001", payment.Unknown) }, "A payment for it is under way"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				c.make(r)
				a := r.get(r.invoicePath())
				r.says(a, c.says, "Nothing can be charged.")
				if a.form() != "" {
					t.Error("there is a button all the same")
				}
			})
		})
	}
}

// card has the rig's customer have a card with these fields beside a token.
func (r *rig) card(fields map[int]string) {
	r.Helper()
	token, err := r.Gateway.StoreCard("WorldPxPost", windcavetest.CardApproved)
	r.must(err)
	fields[1] = token
	r.Splynx.SetAccountData(r.Customer, splynxtest.AddOnAccountID, fields)
}

func TestDeclinedIsSaid(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.saves(r.Customer, windcavetest.CardDeclined, "28")
		a := r.follow(r.press(r.invoicePath(), r.get(r.invoicePath()).form()))
		r.says(a, "declined", "not enough money on the card", "Nothing was charged.", "another day may do", "Charge again…")
		r.charges(0)
	})
}

// A card that the bank refuses for good is not offered again.
func TestDeadCardIsNotChargedAgain(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.saves(r.Customer, windcavetest.CardWrongType, "69")
		r.says(r.follow(r.press(r.invoicePath(), r.get(r.invoicePath()).form())), "declined", "needs to save another one")
		a := r.get(r.invoicePath())
		r.says(a, "was refused for good")
		if a.form() != "" {
			t.Error("it is offered again")
		}
		r.charges(0)
	})
}

func TestUnknownIsSaidAndSettlesByItself(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.saves(r.Customer, windcavetest.CardApproved, "11")
		form := r.get(r.invoicePath()).form()
		r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.RecordThenCut, Op: windcavetest.OpPurchase})
		a := r.follow(r.press(r.invoicePath(), form))
		r.says(a, "unknown", "Do not charge again.", "Ask again", `http-equiv="refresh"`)
		p := r.only()
		r.says(r.get(r.invoicePath()), "A payment for it is under way")
		r.press("payments/"+string(p.ID)+"/ask", a.form())
		r.Until(p.ID, 5*time.Minute, payment.Recorded)
		r.charges(1)
	})
}

// A double click, the form sent later again, and another tab: one charge.
func TestTwiceIsOneCharge(t *testing.T) {
	for name, path := range map[string]string{"invoice": "pay/invoice/1", "balance": "customers/1/balance?amount=20"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.saves(r.Customer, windcavetest.CardApproved, "11")
				one, two := r.get(path).form(), r.get(path).form()
				at, _, _ := strings.Cut(path, "?")
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() { r.press(at, one) })
				}
				both.Wait()
				p := r.only()
				r.Until(p.ID, time.Minute, payment.Recorded)
				if a := r.press(at, one); a.at() != paymentPath(p.ID) {
					t.Errorf("the form once more leads to %q (%s)", a.at(), a.title())
				}
				a := r.press(at, two)
				if a.Code == http.StatusSeeOther {
					t.Errorf("the other tab charges too: %s", a.at())
				}
				r.says(a, "Nothing was charged.", string(p.ID))
				r.charges(1)
			})
		})
	}
}

// Two administrators press at the same time.
func TestTwoAdministratorsAtOnce(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.saves(r.Customer, windcavetest.CardApproved, "11")
		other := r.staff(splynxtest.Administrator{Login: "ben"})
		mine, theirs := r.get(r.invoicePath()).form(), r.get(r.invoicePath(), other).form()
		slow := r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.DelayAfter, Op: windcavetest.OpPurchase, Delay: 5 * time.Second})
		var both sync.WaitGroup
		both.Go(func() { r.press(r.invoicePath(), mine) })
		<-slow.Reached()
		a := r.send(http.MethodPost, web.AdminPath+r.invoicePath(), values(theirs), other)
		both.Wait()
		r.says(a, "Nothing was charged.")
		r.Until(r.only().ID, time.Minute, payment.Recorded)
		r.charges(1)
	})
}

// What the page has shown is what is charged, or nothing.
func TestChangesBetweenPageAndButton(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*rig)
		status int
		says   string
	}{
		"amount":   {func(r *rig) { r.Splynx.ChangeInvoice(1, func(i *splynxtest.Invoice) { i.Due = "60" }) }, 409, "The amount due has changed."},
		"card":     {func(r *rig) { r.saves(r.Customer, windcavetest.CardMastercard, "11") }, 303, ""},
		"customer": {func(r *rig) { r.Splynx.SetPartner(r.Customer, 2) }, 303, ""},
		"old":      {func(*rig) { time.Sleep(formLife + time.Second) }, 409, "too old"},
		"staff": {func(r *rig) {
			r.Splynx.AddAdministratorSession(rigStaff, r.Splynx.AddAdministrator(splynxtest.Administrator{Login: "ben"}))
		}, 403, "Somebody else is signed in"},
		"role": {func(r *rig) {
			r.Splynx.AddAdministratorSession(rigStaff, r.Splynx.AddAdministrator(splynxtest.Administrator{Login: "eve", Permissions: map[string][]string{"Administrators": {"index", "view"}}}))
		}, 403, "You may not do this"},
		"signed out": {func(r *rig) { r.Splynx.EndSession(rigStaff) }, 403, "You are signed out"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.saves(r.Customer, windcavetest.CardApproved, "11")
				form := r.get(r.invoicePath()).form()
				c.change(r)
				a := r.press(r.invoicePath(), form)
				if a.Code != c.status {
					t.Errorf("status is %d, want %d: %s", a.Code, c.status, a.title())
				}
				r.says(a, c.says)
				if name == "card" {
					r.says(r.follow(a), "not done", "nothing was charged")
				}
				want := 0
				if name == "customer" { // the same money under the partner of now
					want = 1
				}
				r.charges(want)
			})
		})
	}
}

// Forms of another act, or of nobody, do nothing.
func TestForeignFormsDoNothing(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.saves(r.Customer, windcavetest.CardApproved, "11")
		link := r.get("links").form()
		for _, form := range []string{"", "x", link} {
			r.wants(r.press(r.invoicePath(), form), 400, "This page is out of date")
		}
		other := r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "2026/0043", Total: "9"})
		r.wants(r.press(payPath(payment.KindInvoice, other), r.get(r.invoicePath()).form()), 400, "This page is out of date")
		cross := func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") }
		if a := r.send(http.MethodPost, web.AdminPath+r.invoicePath(), values(r.get(r.invoicePath()).form()), cookie(rigStaff), cross); a.Code != 403 {
			t.Errorf("another site's form gives %d", a.Code)
		}
		r.charges(0)
	})
}
