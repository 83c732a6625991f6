package web

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// goodCard is what stands beside the token of a card that can be used.
var goodCard = map[int]string{2: "411111........11", 3: "Visa", 4: "12/31"}

// putCard has the rig's customer have a saved card with that token; "" has the gateway store
// one. It returns the token.
func (r *rig) putCard(token string, fields map[int]string) string {
	r.Helper()
	return r.putCardOf(windcavetest.CardApproved, token, fields)
}

func (r *rig) putCardOf(card windcavetest.Card, token string, fields map[int]string) string {
	r.Helper()
	if token == "" {
		var err error
		token, err = r.Gateway.StoreCard("RigPxPost", card)
		r.must(err)
	}
	fields = maps.Clone(fields)
	fields[1] = token
	r.Splynx.SetAccountData(r.Customer, splynxtest.AddOnAccountID, fields)
	return token
}

// pressCard presses the portal's button with a card chosen.
func (r *rig) pressCard(form, card string, edit ...func(*http.Request)) answer {
	r.Helper()
	return r.send(http.MethodPost, payInvoice.path, url.Values{"form": {form}, "card": {card}}, append(edit, cookie("PHPSESSID", rigSession))...)
}

// doCard presses a button of the card's page.
func (r *rig) doCard(what string) answer {
	r.Helper()
	form := r.get(cardPage.path, r.signedIn()).form()
	return r.send(http.MethodPost, cardPage.path, url.Values{"form": {form}, "do": {what}}, r.signedIn())
}

// savesCard saves a card as a customer does, and returns its token.
func (r *rig) savesCard() string {
	r.Helper()
	back := r.back(r.Gateway.Pay(r.leads(r.doCard("save")), windcavetest.CardApproved))
	r.get(back, r.signedIn())
	time.Sleep(time.Minute) // virtual
	row, _ := r.Splynx.AccountData(r.Customer, splynxtest.AddOnAccountID)
	return row.Fields[0]
}

// signedInSub is a sub-account of the rig's customer.
func (r *rig) signedInSub() func(*http.Request) {
	r.Splynx.AddCustomerSession(rigSession, r.Splynx.AddCustomer(splynxtest.Customer{Name: "A Sub-account", ParentID: r.Customer}))
	return cookie("PHPSESSID", rigSession)
}

// cardShown is the page of a payment that has to do with a card.
func (r *rig) cardShown(s payment.State, k payment.Kind, save payment.SaveStage, edit ...func(*payment.Payment)) answer {
	r.Helper()
	r.put(goldenID, s, append([]func(*payment.Payment){r.byCustomer, unclaimable, func(p *payment.Payment) {
		p.Kind, p.Save.Stage = k, save
		if save != payment.SaveNone && save != payment.SaveWanted || s == payment.Settled {
			approved(p)
		}
		if k == payment.KindCardCheck {
			p.DocumentID, p.DocumentNumber, p.Amount = 0, "", r.amount("1.00", "NZD")
		}
		if s == payment.Unknown {
			p.Way = payment.WaySavedCard
		}
	}}, edit...)...)
	return r.get(goldenURL, r.signedIn())
}

// listed is the list of a customer's payments, with one in every state.
func (r *rig) listed() answer {
	r.Helper()
	put := func(n string, s payment.State, edit ...func(*payment.Payment)) {
		time.Sleep(time.Second) // virtual
		r.put(payment.ID("GOLDENGOLDEN000"+n), s, append([]func(*payment.Payment){r.byCustomer, unclaimable}, edit...)...)
	}
	put("1", payment.Recorded, approved, func(p *payment.Payment) { p.Card = payment.CardUsed{Brand: "Visa", Ends: "11"} })
	put("2", payment.Declined)
	put("3", payment.Unknown)
	put("4", payment.Offered)
	put("5", payment.Settled, approved, func(p *payment.Payment) { p.Kind, p.DocumentNumber = payment.KindCardCheck, "" })
	put("6", payment.Approved, approved, func(p *payment.Payment) { p.Kind, p.DocumentNumber = payment.KindTopUp, "" })
	put("7", payment.Parked)
	put("8", payment.Settled, approved, func(p *payment.Payment) { p.Kind = payment.KindRefund })
	put("9", payment.Expired)
	put("A", payment.NotDone)
	put("B", payment.NotOffered)
	put("C", payment.Recorded, approved, func(p *payment.Payment) { p.Origin, p.Payer = payment.OriginGuest, r.payer() })
	put("D", payment.Approved, approved, func(p *payment.Payment) { p.GivesBack = true })
	return r.get(paymentsPath, r.signedIn())
}

// owes has the rig's customer owe more: an invoice that is overdue, one that is not, and a
// proforma invoice.
func (r *rig) owes() {
	now := time.Now()
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.DateOnly) }
	r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Till = day(10) })
	r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "2026/0007", Total: "30.00", Due: "12.50", Till: day(-30)})
	r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "2026/0008", Total: "1.00", Status: "paid"})
	r.Splynx.AddProforma(splynxtest.Proforma{CustomerID: r.Customer, Number: "P-0042", Total: "9.90"})
}

// together sends the widget's form, or that of its confirmation with boxes ticked.
func (r *rig) together(form, do string, boxes ...string) answer {
	r.Helper()
	return r.send(http.MethodPost, widget.path, url.Values{"form": {form}, "do": {do}, "document": boxes}, r.signedIn())
}

// boxes are the values of a page's boxes.
func (a answer) boxes() (all []string) {
	for part := range strings.SplitSeq(a.Body.String(), `name="document" value="`) {
		if value, _, ok := strings.Cut(part, `"`); ok && strings.Contains(value, "-") && !strings.Contains(value, "<") {
			all = append(all, value)
		}
	}
	return all
}

// paysTogether pays all that is due but for the last so many, and shows the widget after.
func (r *rig) paysTogether(card windcavetest.Card, but int) answer {
	r.Helper()
	r.owes()
	r.putCardOf(card, "", goodCard)
	confirm := r.together(r.get(widget.path, r.signedIn()).form(), "")
	boxes := confirm.boxes()
	if len(boxes) == 0 {
		r.Fatalf("the confirmation is %d\n%s", confirm.Code, confirm.Body)
	}
	a := r.together(confirm.form(), "pay", boxes[:max(len(boxes)-but, 2)]...)
	if a.Code != http.StatusSeeOther {
		r.Fatalf("paying leads to %d %q\n%s", a.Code, a.title(), a.Body)
	}
	time.Sleep(time.Minute) // virtual
	return r.get(a.location(), r.signedIn())
}
