package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// styles are both ways in which Splynx writes numbers.
var styles = map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5}

// partners are both of a rig with two, with how they write the check of a card.
var partners = map[string]string{"default": "NZ$1.00", "south": "A$1.00"}

// A customer saves a card, pays an invoice, a proforma invoice and a top-up with it, and removes
// it, in both number styles, for both partners.
func TestSavedCardFromEndToEnd(t *testing.T) {
	t.Parallel()
	for style, number := range styles {
		for partner, check := range partners {
			t.Run(style+" "+partner, func(t *testing.T) {
				inBubble(t, setup{Second: true, Splynx: splynxtest.Options{Style: number}}, func(r *rig) {
					if partner == "south" {
						r.ofSecond()
					}
					me := r.signedIn()
					if body := r.get(cardPage.path, me).Body.String(); !strings.Contains(body, check+" is taken") {
						r.Errorf("the page is\n%s", body)
					}
					a := r.get(r.back(r.Gateway.Pay(r.leads(r.doCard("save")), windcavetest.CardApproved)), me)
					at := strings.TrimPrefix(a.location(), rigPublic)
					time.Sleep(time.Minute) // virtual
					r.wants(r.get(at, me), 200, "Card saved")
					r.wants(r.get(cardPage.path, me), 200, "Your card")

					proforma := r.proforma()
					for what, send := range map[string]func() answer{
						"invoice": func() answer { return r.pressCard(r.get(r.icon(), me).form(), "saved") },
						"proforma": func() answer {
							form := r.get(itemURL(payRequest.path, proforma), me).form()
							return r.send(http.MethodPost, payRequest.path, url.Values{"form": {form}, "card": {"saved"}}, me)
						},
						"top-up": func() answer {
							form := r.typed(url.Values{"amount": {"20"}}).form()
							return r.send(http.MethodPost, addMoney.path, url.Values{"form": {form}, "card": {"saved"}}, me)
						},
					} {
						a := send()
						if a.Code != http.StatusSeeOther || !strings.Contains(a.location(), "/payment/") {
							r.Fatalf("%s: the button leads to %d %q %s", what, a.Code, a.location(), a.title())
						}
						time.Sleep(time.Minute) // virtual
						if got := r.get(strings.TrimPrefix(a.location(), rigPublic), me); got.title() != "Paid" {
							r.Errorf("%s: %q", what, got.title())
						}
					}
					if i, _ := r.Splynx.Invoice(r.Invoice); i.Status != "paid" {
						r.Errorf("the invoice is %s", i.Status)
					}
					r.wants(r.doCard("remove"), 200, "Remove this card?")
					if r.get(cardPage.path, me).form() == "" {
						r.Error("the card is gone before that was confirmed")
					}
					if body := r.doCard("removed").Body.String(); !strings.Contains(body, "was removed") {
						r.Errorf("after removing\n%s", body)
					}
					if row, ok := r.Splynx.AccountData(r.Customer, splynxtest.AddOnAccountID); ok && row.Fields[0] != "" {
						r.Error("the card still stands in splynx")
					}
					r.promises()
				})
			})
		}
	}
}

// The three choices of a form: the saved card, another one that is not kept, another one that
// takes its place. A link has none of them.
func TestChoiceOfCard(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		token := r.putCard("", goodCard)
		me := r.signedIn()
		pays := func(choice string) {
			r.leads(r.pressCard(r.get(r.icon(), me).form(), choice))
		}
		pays("other")
		pays("save")
		for _, p := range r.journal() {
			if p.Way != payment.WayHosted {
				r.Errorf("payment %s goes by %s", p.ID, p.Way)
			}
		}
		if row, _ := r.Splynx.AccountData(r.Customer, splynxtest.AddOnAccountID); row.Fields[0] != token {
			r.Error("the saved card has changed before anything was paid")
		}
		form := r.get(r.link()).form()
		for _, choice := range []string{"saved", "save", "anything"} {
			r.wants(r.send(http.MethodPost, directInvoice.path, url.Values{"form": {form}, "card": {choice}}), 400, "This page is out of date")
		}
		if body := r.get(r.link(), me).Body.String(); strings.Contains(body, "ending in") {
			r.Error("a link shows the saved card")
		}
	})
}

// A press of the button charges once: twice, in two tabs, ten at once, with the answer lost.
func TestSavedCardIsChargedOnce(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]windcavetest.Kind{"approved": "", "answer lost": windcavetest.RecordThenCut} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.putCard("", goodCard)
				me := r.signedIn()
				if kind != "" {
					r.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: kind})
				}
				forms := []string{r.get(r.icon(), me).form(), r.get(r.icon(), me).form()}
				var all sync.WaitGroup
				for i := range 10 {
					all.Go(func() { r.pressCard(forms[i%2], "saved") })
				}
				all.Wait()
				a := r.pressCard(forms[0], "saved")
				time.Sleep(5 * time.Minute) // virtual
				if n := len(r.Gateway.Charges()); n != 1 {
					r.Errorf("%d charges", n)
				}
				if a.Code != http.StatusSeeOther && a.Code != http.StatusConflict && a.title() != "Already paid" { // booked already
					r.Errorf("pressed again it leads to %d %q", a.Code, a.title())
				}
				r.wants(r.get(r.icon(), me), 200, "Already paid")
				r.promises()
			})
		})
	}
}

// While the bank is silent the page is sent at once and says the truth; it needs no script.
func TestWaitingForTheBank(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.putCard("", goodCard)
		me := r.signedIn()
		r.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayAfter, Delay: 100 * time.Second})
		begun := time.Now()
		a := r.pressCard(r.get(r.icon(), me).form(), "saved")
		if waited := time.Since(begun); waited > 30*time.Second {
			r.Errorf("the browser waits for %s", waited)
		}
		at := strings.TrimPrefix(a.location(), rigPublic)
		shown := r.get(at, me)
		r.wants(shown, 200, "Waiting for the answer")
		if body := shown.Body.String(); !strings.Contains(body, "Do not pay again") || !strings.Contains(body, `http-equiv="refresh"`) {
			r.Errorf("the page is\n%s", body)
		}
		r.wants(r.get(r.icon(), me), 200, "Being processed")
		time.Sleep(3 * time.Minute) // virtual
		r.wants(r.get(at, me), 200, "Paid")
		r.promises()
	})
}

// A declined card: the page says so, and offers the form anew. One that will not do any more is
// not offered again.
func TestSavedCardIsDeclined(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		card   windcavetest.Card
		dead   string
		says   string
		usable bool
	}{
		"funds": {windcavetest.CardDeclined, "", "Try again later, or use another card", true},
		"dead":  {windcavetest.CardApproved, "JD", "That card cannot be used", false},
		"lost":  {windcavetest.CardApproved, "41", "That card cannot be used", false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.must(r.Gateway.KillCard(r.putCardOf(c.card, "", goodCard), c.dead))
				me := r.signedIn()
				a := r.pressCard(r.get(r.icon(), me).form(), "saved")
				body := a.Body.String()
				if !strings.Contains(body, c.says) || !strings.Contains(body, "Pay NZ$57.50") {
					r.Errorf("the answer is\n%s", body)
				}
				if offered := strings.Contains(body, `value="saved" checked`); offered != c.usable {
					r.Errorf("the card is offered again: %t", offered)
				}
				r.leads(r.pressCard(a.form(), "other"))
			})
		})
	}
}

// All that is due, with one button: a payment for each document, and none after one that is not
// approved.
func TestPayTogether(t *testing.T) {
	t.Parallel()
	for style, number := range styles {
		for name, c := range map[string]struct {
			card    windcavetest.Card
			charges int
		}{"approved": {windcavetest.CardApproved, 3}, "declined": {windcavetest.CardDeclined, 0}} {
			t.Run(style+" "+name, func(t *testing.T) {
				inBubble(t, setup{Splynx: splynxtest.Options{Style: number}}, func(r *rig) {
					r.owes()
					r.putCardOf(c.card, "", goodCard)
					me := r.signedIn()
					confirm := r.together(r.get(widget.path, me).form(), "")
					r.wants(confirm, 200, "Pay all of it")
					if n := len(r.Gateway.Charges()); n != 0 {
						r.Errorf("%d charges before that was confirmed", n)
					}
					for range 3 { // pressed again and again
						if a := r.together(confirm.form(), "pay", confirm.boxes()...); a.Code != http.StatusSeeOther && a.Code != http.StatusConflict {
							r.Errorf("the button leads to %d %q", a.Code, a.title())
						}
					}
					time.Sleep(time.Minute) // virtual
					if n := len(r.Gateway.Charges()); n != c.charges {
						r.Errorf("%d charges, want %d", n, c.charges)
					}
					if c.charges > 0 {
						r.wants(r.get(widget.path, me), 200, "Nothing to pay here")
					}
					r.promises()
				})
			})
		}
	}
}

// A sub-account pays what the main account owes, with a card that it types: the main account's
// saved card is neither shown nor charged.
func TestSubAccount(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.putCard("", goodCard)
		sub := r.signedInSub()
		page := r.get(r.icon(), sub)
		if body := page.Body.String(); !strings.Contains(body, "NZ$57.50") || strings.Contains(body, "ending in") {
			r.Fatalf("the page is %d\n%s", page.Code, body)
		}
		r.wants(r.pressCard(page.form(), "saved"), 400, "This page is out of date")
		back := r.back(r.Gateway.Pay(r.leads(r.pressCard(page.form(), "other")), windcavetest.CardApproved))
		at := strings.TrimPrefix(r.get(back, sub).location(), rigPublic)
		time.Sleep(time.Minute) // virtual
		r.wants(r.get(at, sub), 200, "Paid")
		if p := r.journal()[0]; p.Customer != r.Customer || p.State != payment.Recorded {
			r.Errorf("payment is of customer %d, %s", p.Customer, p.State)
		}
		if rows := r.get(paymentsPath, sub).Body.String(); !strings.Contains(rows, r.Number) {
			r.Errorf("the list is\n%s", rows)
		}
		r.promises()
	})
}

// A customer who asks for what is somebody else's gets nothing of it, and nothing happens,
// whatever the address: pages, forms, lists, payments.
func TestNothingOfOtherCustomers(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.owes()
		r.putCard("", goodCard)
		owner := r.signedIn()
		forms := map[string]url.Values{
			payInvoice.path: {"form": {r.get(r.icon(), owner).form()}, "card": {"saved"}},
			addMoney.path:   {"form": {r.typed(url.Values{"amount": {"20"}}).form()}, "card": {"saved"}},
			cardPage.path:   {"form": {r.get(cardPage.path, owner).form()}, "do": {"removed"}},
			widget.path:     {"form": {r.get(widget.path, owner).form()}, "do": {"pay"}, "document": {"invoice-1"}},
		}
		p := r.put(goldenID, payment.Recorded, approved, r.byCustomer, func(p *payment.Payment) { p.DpsTxnRef = "" })
		thief := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Thief"})
		r.Splynx.AddCustomerSession(rigAdminSession, thief)
		as := cookie("PHPSESSID", rigAdminSession)
		secrets := []string{r.Number, "2026/0007", "P-0042", "ending in", "57.50", "12.50", "A Customer"}
		quiet := func(what string, a answer) {
			for _, s := range secrets {
				if strings.Contains(a.Body.String(), s) && !strings.Contains(what, s) {
					r.Errorf("%s shows %q", what, s)
				}
			}
		}
		for _, at := range []string{
			itemURL(payInvoice.path, r.Number), itemURL(payRequest.path, "P-0042"), itemURL(payInvoice.path, fmt.Sprint(r.Invoice)),
			cardPage.path, widget.path, paymentsPath, paymentsPath + "?after=" + string(p.ID), goldenURL, addMoney.path,
		} {
			quiet(at, r.get(at, as))
		}
		for at, form := range forms {
			a := r.send(http.MethodPost, at, form, as)
			if a.Code != http.StatusForbidden {
				r.Errorf("POST %s of another customer's form: %d %q", at, a.Code, a.title())
			}
			quiet("POST "+at, a)
		}
		if n := len(r.Gateway.Log()); n != 0 {
			r.Errorf("the gateway was called %d times", n)
		}
		if row, ok := r.Splynx.AccountData(r.Customer, splynxtest.AddOnAccountID); !ok || row.Fields[0] == "" {
			r.Error("the card is gone")
		}
	})
}

// What is switched off is not there, and no page leads to it.
func TestCardSwitchedOff(t *testing.T) {
	inBubble(t, setup{Edit: func(c *Config) { c.Card, c.DashboardInvoices, c.DashboardRequests = false, false, false }}, func(r *rig) {
		r.putCard("", goodCard)
		me := r.signedIn()
		for _, at := range []string{cardPage.path, widget.path} {
			r.wants(r.get(at, me), 404, "Page not found")
		}
		body := r.get(r.icon(), me).Body.String()
		if strings.Contains(body, "save it") || strings.Contains(body, cardPage.path) || !strings.Contains(body, "ending in") {
			r.Errorf("the page is\n%s", body)
		}
		r.wants(r.pressCard(r.get(r.icon(), me).form(), "save"), 400, "This page is out of date")
	})
}

// A card that was saved with one partner's account is not charged with another's.
func TestCardOfAnotherPartner(t *testing.T) {
	inBubble(t, setup{Second: true}, func(r *rig) {
		r.savesCard()
		r.Splynx.SetPartner(r.Customer, 2)
		me := r.signedIn()
		body := r.get(r.icon(), me).Body.String()
		if strings.Contains(body, `value="saved" checked`) || !strings.Contains(body, "cannot be used for this account") {
			r.Errorf("the page is\n%s", body)
		}
		r.wants(r.pressCard(r.get(r.icon(), me).form(), "saved"), 400, "This page is out of date")
	})
}

// The button that saves a card, pressed twice and in two tabs, leads to one page of the gateway.
func TestSaveButtonTwice(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		me := r.signedIn()
		forms := []string{r.get(cardPage.path, me).form(), r.get(cardPage.path, me).form()}
		pages := map[string]bool{}
		for i := range 4 {
			pages[r.leads(r.send(http.MethodPost, cardPage.path, url.Values{"form": {forms[i%2]}, "do": {"save"}}, me))] = true
		}
		if len(pages) != 1 || len(r.journal()) != 1 {
			r.Errorf("%d pages, %d payments", len(pages), len(r.journal()))
		}
	})
}

// The list of payments goes on page by page, in both number styles, and shows what was paid by a
// link too, without a way to that payment's page.
func TestOwnPayments(t *testing.T) {
	t.Parallel()
	for style, number := range styles {
		t.Run(style, func(t *testing.T) {
			inBubble(t, setup{Splynx: splynxtest.Options{Style: number}}, func(r *rig) {
				me := r.signedIn()
				for i := range paymentsPage + 5 {
					time.Sleep(time.Second) // virtual
					r.put(payment.ID(fmt.Sprintf("LISTEDLISTED%04d", i)), payment.Declined, r.byCustomer)
				}
				first := r.get(paymentsPath, me)
				next := paymentsPath + "?after=" + string(payment.ID(fmt.Sprintf("LISTEDLISTED%04d", 5)))
				if n := strings.Count(first.Body.String(), "<li>"); n != paymentsPage || !strings.Contains(first.Body.String(), next) {
					r.Errorf("%d rows, want %d and a way to %s", n, paymentsPage, next)
				}
				if n := strings.Count(r.get(next, me).Body.String(), "<li>"); n != 5 {
					r.Errorf("%d rows on the second page", n)
				}
				back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
				r.get(back)
				time.Sleep(time.Minute) // virtual
				if body := r.get(paymentsPath, me).Body.String(); !strings.Contains(body, "state done") {
					r.Errorf("the list does not show what was paid by a link\n%s", body)
				}
			})
		})
	}
}
