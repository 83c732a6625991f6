package office

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const markup = `<b>"Kiwi" & 'Co'</b>`

// goldenPages are all pages in all states, each named after its template or problem and, behind a
// dash, what is special about it.
var goldenPages = append(slices.Concat(chargePages, keptPages), []goldenPage{
	{"overview-quiet", 200, setup{}, func(r *rig) answer { return r.get("") }},
	{"overview-busy", 200, setup{}, func(r *rig) answer { r.busy(); return r.get("") }},
	{"which", 200, setup{}, func(r *rig) answer {
		other := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Bela Other"})
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: other, Number: "1", Total: "12"})
		return r.get("pay?kind=invoice&item_id=1")
	}},

	{"pay", 200, setup{}, func(r *rig) answer { r.carded(); return r.get(r.invoicePath()) }},
	{"pay-framed", 200, setup{}, func(r *rig) answer {
		r.carded()
		return r.get(r.invoicePath(), cookie(rigStaff), func(q *http.Request) { q.Header.Set("Sec-Fetch-Dest", "iframe") })
	}},
	{"pay-markup", 200, setup{}, func(r *rig) answer {
		who := r.Splynx.AddCustomer(splynxtest.Customer{Name: markup})
		r.saves(who, windcavetest.CardApproved, "11")
		return r.get(payPath(payment.KindInvoice, r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: who, Number: markup, Total: "1234567.89"})))
	}},
	{"pay-proforma", 200, setup{}, func(r *rig) answer {
		r.carded()
		return r.get(payPath(payment.KindProforma, r.Splynx.AddProforma(splynxtest.Proforma{CustomerID: r.Customer, Number: "P-0042", Total: "9"})))
	}},
	{"pay-balance", 200, setup{}, func(r *rig) answer { r.carded(); return r.get("customers/1/balance?amount=20") }},
	{"pay-no_card", 200, setup{}, func(r *rig) answer { return r.get(r.invoicePath()) }},
	{"pay-expired_card", 200, setup{}, func(r *rig) answer {
		r.card(map[int]string{2: "411111........11", 3: "Visa", 4: "12/99"})
		return r.get(r.invoicePath())
	}},
	{"pay-paid", 200, setup{}, func(r *rig) answer { r.carded(); r.Splynx.PayInvoice(1); return r.get(r.invoicePath()) }},
	{"pay-in_flight", 200, setup{}, func(r *rig) answer {
		r.carded()
		r.put(goldenID, payment.Unknown)
		return r.get(r.invoicePath())
	}},
	{"pay-no_pxpost", 200, setup{World: noPxPost}, func(r *rig) answer { return r.get(r.invoicePath()) }},
	{"pay-amount_changed", 409, setup{}, func(r *rig) answer {
		r.carded()
		form := r.get(r.invoicePath()).form()
		r.Splynx.ChangeInvoice(1, func(i *splynxtest.Invoice) { i.Due = "12" })
		return r.press(r.invoicePath(), form)
	}},
	{"pay-meanwhile", 409, setup{}, func(r *rig) answer {
		r.carded()
		form := r.get("customers/1/balance?amount=20").form()
		r.put(goldenID, payment.Recorded, approved, balance)
		return r.press("customers/1/balance", form)
	}},

	{"customer", 200, setup{}, func(r *rig) answer {
		r.carded()
		r.Splynx.SetDeposit(r.Customer, "-57.50")
		r.put(goldenID, payment.Declined, func(p *payment.Payment) { p.Words, p.Class = "declined.funds", "soft" })
		return r.get("customers/1")
	}},
	{"customer-bare", 200, setup{}, func(r *rig) answer {
		id := r.Splynx.AddCustomer(splynxtest.Customer{Name: "New", Deposit: "5"})
		return r.get(fmt.Sprintf("customers/%d", id))
	}},
	{"customer-sub", 200, setup{}, func(r *rig) answer {
		id := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Sub", ParentID: r.Customer})
		return r.get(fmt.Sprintf("customers/%d", id))
	}},
	{"customer-wrong", 422, setup{}, func(r *rig) answer { r.carded(); return r.get("customers/1/balance?amount=twenty") }},

	{"payment-created", 200, setup{}, func(r *rig) answer { return r.shown(payment.Created) }},
	{"payment-offered", 200, setup{}, func(r *rig) answer { return r.shown(payment.Offered) }},
	{"payment-not_offered", 200, setup{}, func(r *rig) answer { return r.shown(payment.NotOffered, because(payment.ReasonPageRefused, "")) }},
	{"payment-submitted", 200, setup{}, func(r *rig) answer { return r.shown(payment.Submitted, saved) }},
	{"payment-unknown", 200, setup{}, func(r *rig) answer { return r.shown(payment.Unknown, saved, because(payment.ReasonOutcomeUnclear, "")) }},
	{"payment-approved", 200, setup{}, func(r *rig) answer { return r.shown(payment.Approved, saved, approved) }},
	{"payment-going_back", 200, setup{}, func(r *rig) answer {
		return r.shown(payment.Approved, approved, func(p *payment.Payment) { p.GivesBack = true })
	}},
	{"payment-declined", 200, setup{}, func(r *rig) answer {
		return r.shown(payment.Declined, saved, func(p *payment.Payment) { p.Code, p.Class, p.Words = "54", "card", "card.expired" })
	}},
	{"payment-cancelled", 200, setup{}, func(r *rig) answer { return r.shown(payment.Cancelled) }},
	{"payment-expired", 200, setup{}, func(r *rig) answer { return r.shown(payment.Expired) }},
	{"payment-not_done", 200, setup{}, func(r *rig) answer { return r.shown(payment.NotDone, saved, because(payment.ReasonAmountChanged, "")) }},
	{"payment-not_started", 200, setup{}, func(r *rig) answer { return r.shown(payment.NotStarted) }},
	{"payment-booked", 200, setup{}, func(r *rig) answer { return r.shown(payment.Recorded, saved, approved, booked(payment.ToDocument)) }},
	{"payment-on_balance", 200, setup{}, func(r *rig) answer { return r.shown(payment.Recorded, approved, booked(payment.ToBalance)) }},
	{"payment-card_check", 200, setup{}, func(r *rig) answer {
		return r.shown(payment.Settled, approved, func(p *payment.Payment) {
			p.Kind, p.DocumentID, p.DocumentNumber, p.Amount = payment.KindCardCheck, 0, "", r.amount("1")
		})
	}},
	{"payment-needs_you", 200, setup{}, func(r *rig) answer {
		return r.shown(payment.Parked, approved, because(payment.ReasonBookingRefused, payment.Approved))
	}},
	{"payment-no_money", 200, setup{}, func(r *rig) answer {
		return r.shown(payment.Parked, because(payment.ReasonNotFound, payment.Unknown))
	}},
	{"payment-refunded", 200, setup{}, func(r *rig) answer { r.back(payment.Settled, approved); return r.get("payments/" + string(bookedID)) }},
	{"refund-to_type", 200, setup{}, func(r *rig) answer {
		return r.back(payment.Parked, approved, because(payment.ReasonTellSplynx, payment.Approved))
	}},
	{"refund-unknown", 200, setup{}, func(r *rig) answer { return r.back(payment.Unknown) }},
	{"refund-declined", 200, setup{}, func(r *rig) answer {
		return r.back(payment.Declined, func(p *payment.Payment) { p.Code, p.Class, p.Words = "J1", "refund", "refund.not_matched" })
	}},

	{"settle-again", 200, setup{}, func(r *rig) answer { return r.settling("again") }},
	{"settle-recorded", 200, setup{}, func(r *rig) answer { return r.settling("recorded") }},
	{"settle-refunded", 200, setup{}, func(r *rig) answer { return r.settling("refunded") }},
	{"settle-typed", 200, setup{}, func(r *rig) answer {
		r.back(payment.Parked, approved, because(payment.ReasonTellSplynx, payment.Approved))
		return r.get("payments/" + string(goldenID) + "/settle/recorded")
	}},
	{"settle-wrong", 422, setup{}, func(r *rig) answer {
		return r.press("payments/"+string(goldenID)+"/settle/again", r.settling("again").form())
	}},
	{"refund", 200, setup{}, func(r *rig) answer { return r.refunding() }},
	{"refund-wrong", 422, setup{}, func(r *rig) answer { return r.refunding("amount", "58", "reason", "") }},
	{"refund-confirm", 200, setup{}, func(r *rig) answer { return r.refunding("amount", "20", "reason", "paid in cash too") }},
	{"rebook", 200, setup{}, func(r *rig) answer { return r.rebooking() }},
	{"rebook-wrong", 422, setup{}, func(r *rig) answer { return r.rebooking("to", "invoice", "number", "1999/1", "reason", "x") }},
	{"rebook-confirm", 200, setup{}, func(r *rig) answer {
		return r.rebooking("to", "invoice", "number", "2026/0042", "reason", "the wrong one")
	}},

	{"overview-figures", 200, setup{}, func(r *rig) answer { r.month(); return r.get("") }},
	{"overview-away", 200, setup{Office: Config{Upstreams: gatesOpen}}, func(r *rig) answer { return r.get("") }},
	{"cards", 200, setup{}, func(r *rig) answer { r.manyCards(); return r.get("cards") }},
	{"cards-seen", 200, setup{Office: Config{Rights: Rights{See: {"manager"}}}}, func(r *rig) answer {
		r.manyCards()
		return r.get("cards?standing=good", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 1, Permissions: paysNot, Role: "manager"}))
	}},
	{"cards-none", 200, setup{}, func(r *rig) answer { return r.get("cards?standing=dead") }},
	{"cards-wrong", 200, setup{}, func(r *rig) answer { return r.get("cards?until=soon") }},
	{"cardremove", 200, setup{}, func(r *rig) answer { r.carded(); return r.get("cards/1/remove") }},
	{"no_card", 404, setup{}, func(r *rig) answer { return r.get("cards/1/remove") }},
	{"card_changed", 409, setup{}, func(r *rig) answer {
		r.carded()
		form := r.get("cards/1/remove").form()
		r.saves(r.Customer, windcavetest.CardApproved, "12")
		return r.press("cards/1/remove", form)
	}},
	{"operations", 200, setup{}, func(r *rig) answer { r.doings(); return r.get("logs") }},
	{"operations-filtered", 200, setup{}, func(r *rig) answer { r.doings(); return r.get("logs?who=1&what=refund&text=cash") }},
	{"operations-empty", 200, setup{}, func(r *rig) answer { return r.get("logs?from=1999-01-01") }},
	{"operations-wrong", 200, setup{}, func(r *rig) answer { return r.get("logs?from=yesterday") }},
	{"chargelog", 200, setup{}, func(r *rig) answer { r.busy(); return r.get("logs/charges") }},
	{"chargelog-empty", 200, setup{}, func(r *rig) answer { return r.get("logs/charges?class=soft&from=1999-01-01") }},
	{"settings", 200, setup{}, func(r *rig) answer { return r.get("settings") }},
	{"settings-running", 200, setup{Office: Config{Check: checksLong}}, func(r *rig) answer {
		defer time.Sleep(checkTime) // virtual: it ends
		return r.follow(r.press("settings/check", r.get("settings").form()))
	}},
	{"settings-checked", 200, setup{}, func(r *rig) answer {
		r.press("settings/check", r.get("settings").form())
		synctest.Wait()
		return r.get("settings")
	}},
	{"settings-bound", 200, setup{}, func(r *rig) answer {
		return r.get("settings", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2}))
	}},

	{"list", 200, setup{}, func(r *rig) answer { r.busy(); return r.get("payments") }},
	{"list-filtered", 200, setup{}, func(r *rig) answer { r.busy(); return r.get("payments?state=needs-you&kind=invoice&customer=1") }},
	{"list-empty", 200, setup{}, func(r *rig) answer { return r.get("payments?state=declined") }},
	{"list-wrong", 200, setup{}, func(r *rig) answer { return r.get("payments?customer=anna") }},
	{"list-bound", 200, setup{}, func(r *rig) answer {
		return r.get("payments", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2}))
	}},
	{"work-empty", 200, setup{}, func(r *rig) answer { return r.get("work") }},
	{"work", 200, setup{}, func(r *rig) answer {
		r.busy()
		r.put("GOLDENGOLDEN0009", payment.NotDone, because(payment.ReasonGatewayRefused, ""), func(p *payment.Payment) { p.Class, p.Words = "config", "config.credentials" })
		r.shutLinks()
		return r.get("work")
	}},
	{"work-paid_twice", 200, setup{}, func(r *rig) answer { r.paidTwice(); return r.get("work") }},
	{"links", 200, setup{}, func(r *rig) answer { return r.get("links?kind=invoice&id=1") }},
	{"links-made", 200, setup{}, func(r *rig) answer {
		return r.press("links", r.get("links").form(), "kind", "invoice", "number", "2026/0042", "ends", "2000-01-08")
	}},
	{"links-wrong", 422, setup{}, func(r *rig) answer {
		return r.press("links", r.get("links").form(), "kind", "invoice", "number", "1999/1", "ends", "2000-01-08")
	}},
	{"guests-open", 200, setup{}, func(r *rig) answer { return r.get("guests") }},
	{"guests-closed", 200, setup{}, func(r *rig) answer { r.shutLinks(); return r.get("guests") }},

	{"network", 403, setup{Office: Config{From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}, func(r *rig) answer { return r.get("") }},
	{"not_staff", 403, setup{}, func(r *rig) answer { return r.get("", cookie(rigCustomer)) }},
	{"no_right", 403, setup{}, func(r *rig) answer {
		return r.get("", r.staff(splynxtest.Administrator{Login: "eve", Permissions: paysNot}))
	}},
	{"signed_out", 403, setup{}, func(r *rig) answer {
		return r.send(http.MethodPost, web.AdminPath+"links", values("x"), func(*http.Request) {})
	}},
	{"no_session", 403, setup{}, func(r *rig) answer { return r.get("?signed_in=1", func(*http.Request) {}) }},
	{"no_page", 404, setup{}, func(r *rig) answer { return r.get("nothing") }},
	{"no_customer", 404, setup{}, func(r *rig) answer { return r.get("customers/77") }},
	{"no_document", 404, setup{}, func(r *rig) answer { return r.get("pay?kind=invoice&item_id=77") }},
	{"no_payment", 404, setup{}, func(r *rig) answer { return r.get("payments/" + string(goldenID)) }},
	{"bad_form", 400, setup{}, func(r *rig) answer { return r.press("links", "forged") }},
	{"cannot_settle", 409, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Recorded, approved)
		return r.get("payments/" + string(goldenID) + "/settle/again")
	}},
	{"not_refundable", 409, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Declined)
		return r.get("payments/" + string(goldenID) + "/refund")
	}},
	{"no_splynx", 503, setup{}, func(r *rig) answer { r.get(""); r.Splynx.SetOutage(true); return r.get("customers/1") }},
	{"shut", 503, setup{}, func(r *rig) answer { r.shut = errors.New("journal is damaged"); return r.get("") }},
}...)

type goldenPage struct {
	name   string
	status int
	set    setup
	page   func(*rig) answer
}

// saved is a payment that an administrator has made with a saved card.
func saved(p *payment.Payment) {
	p.Way, p.Origin, p.Mode, p.Card = payment.WaySavedCard, payment.OriginAdministrator, "unscheduled", payment.CardUsed{Key: "k", Brand: "Visa", Ends: "11"}
}

func balance(p *payment.Payment) { p.Kind, p.DocumentID, p.DocumentNumber = payment.KindTopUp, 0, "" }

func booked(to payment.Destination) func(*payment.Payment) {
	return func(p *payment.Payment) {
		p.Reason = payment.ReasonBooked
		p.Booking = payment.Booking{StatementID: 3, RecordID: 9, RecordStatus: "processed", Post: payment.PostAnswered, To: to, PaymentID: 12}
	}
}

// carded has the rig's customer have a good card.
func (r *rig) carded() { r.saves(r.Customer, windcavetest.CardApproved, "11") }

// shown is the page of a payment in a state.
func (r *rig) shown(s payment.State, edit ...func(*payment.Payment)) answer {
	r.put(goldenID, s, edit...)
	return r.get("payments/" + string(goldenID))
}

// back is the page of a refund of a booked payment.
func (r *rig) back(s payment.State, edit ...func(*payment.Payment)) answer {
	r.put(bookedID, payment.Recorded, saved, approved, booked(payment.ToDocument), func(p *payment.Payment) {
		p.GivenBack = []payment.GivenBack{{ID: goldenID, Amount: r.amount("20")}}
	})
	return r.shown(s, append([]func(*payment.Payment){saved, func(p *payment.Payment) {
		p.Kind, p.Way, p.Of, p.TxnType, p.Amount, p.Reference = payment.KindRefund, payment.WayBack, bookedID, "Refund", r.amount("20"), "Refund Invoice 2026/0042 customer 1"
	}}, edit...)...)
}

func (r *rig) settling(how string) answer {
	r.put(goldenID, payment.Parked, approved, because(payment.ReasonBookingRefused, payment.Approved))
	return r.get("payments/" + string(goldenID) + "/settle/" + how)
}

func (r *rig) refunding(typed ...string) answer {
	r.put(bookedID, payment.Recorded, saved, approved, booked(payment.ToDocument))
	at := "payments/" + string(bookedID) + "/refund"
	a := r.get(at)
	if typed == nil {
		return a
	}
	return r.press(at, a.form(), typed...)
}

func (r *rig) rebooking(typed ...string) answer {
	r.put(goldenID, payment.Parked, approved, because(payment.ReasonBookingRefused, payment.Approved), func(p *payment.Payment) { p.DocumentID, p.DocumentNumber = 77, "2026/0077" })
	at := "payments/" + string(goldenID) + "/rebook"
	a := r.get(at)
	if typed == nil {
		return a
	}
	return r.press(at, a.form(), typed...)
}

// busy puts something of everything into the journal.
func (r *rig) busy() {
	put := func(n string, s payment.State, edit ...func(*payment.Payment)) {
		time.Sleep(time.Minute) // virtual
		r.put(payment.ID("GOLDENGOLDEN001"+n), s, append([]func(*payment.Payment){func(p *payment.Payment) { p.DocumentID = int64(n[0]) }}, edit...)...)
	}
	put("A", payment.Recorded, saved, approved, booked(payment.ToDocument))
	put("B", payment.Declined, saved, func(p *payment.Payment) { p.Words, p.Class, p.Code = "declined.funds", "soft", "51" })
	put("C", payment.Unknown, saved, because(payment.ReasonOutcomeUnclear, ""))
	put("D", payment.Parked, approved, because(payment.ReasonBookingRefused, payment.Approved))
	put("E", payment.Parked, because(payment.ReasonNotFound, payment.Unknown))
	put("F", payment.Approved, approved)
	put("G", payment.Recorded, approved, booked(payment.ToBalance), balance, func(p *payment.Payment) { p.Amount = r.amount("1234.50") })
	r.back(payment.Parked, approved, because(payment.ReasonTellSplynx, payment.Approved))
	time.Sleep(lateAfter) // virtual
	put("H", payment.Offered)
	put("I", payment.Cancelled)
}

// shutLinks closes payment links for an hour.
func (r *rig) shutLinks() {
	r.must(web.SetGuests(context.Background(), r.Engine, web.Guests{At: time.Now(), Until: time.Now().Add(time.Hour), Why: "31 payments of guests were declined within an hour"}))
}

// named is the golden's file.
func (g goldenPage) file() string {
	return "testdata/" + strings.ReplaceAll(g.name, "/", "_") + ".golden.html"
}
