package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// goldenPages are all pages in all states, each named after its key and, behind a dash, what
// is special about it.
var goldenPages = []goldenPage{
	{"pay", 200, setup{}, func(r *rig) answer { return r.get(r.link()) }},
	{"pay-unnamed", 200, setup{Provider: "-", Company: ""}, func(r *rig) answer { return r.get(r.link()) }},
	{"pay-company", 200, setup{Provider: "-", Company: "Splynx’s Company Ltd"}, func(r *rig) answer { return r.get(r.link()) }},
	{"pay-jpy", 200, setup{Currency: "JPY", Due: "1500"}, func(r *rig) answer { return r.get(r.link()) }},
	{"pay-kwd", 200, setup{Currency: "KWD", Due: "123456.789"}, func(r *rig) answer { return r.get(r.link()) }},
	{"pay-markup", 200, setup{Provider: markup, Number: markup}, func(r *rig) answer { return r.get(r.link()) }},
	{"pay-long", 200, setup{Currency: "KWD", Due: "999999999999.999", Provider: longName, Number: longNumber}, func(r *rig) answer {
		return r.get(r.link())
	}},
	{"pay-amount_changed", 409, setup{}, func(r *rig) answer {
		form := r.get(r.link()).form()
		r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = "12.00" })
		return r.press(form)
	}},
	{"pay-old_form", 409, setup{}, func(r *rig) answer {
		form := r.get(r.link()).form()
		time.Sleep(formLife + time.Second) // virtual
		return r.press(form)
	}},
	{"pay-not_offered", 503, setup{}, func(r *rig) answer { return sent(r, payment.NotOffered) }},
	{"pay-declined", 200, setup{}, func(r *rig) answer { return sent(r, payment.Declined) }},
	{"pay-declined_card", 200, setup{}, func(r *rig) answer {
		return sent(r, payment.Declined, func(p *payment.Payment) { p.Class = "card" })
	}},
	{"pay-cancelled", 200, setup{}, func(r *rig) answer { return sent(r, payment.Cancelled) }},
	{"pay-expired", 200, setup{}, func(r *rig) answer { return sent(r, payment.Expired) }},

	{"paid", 200, setup{}, func(r *rig) answer { return shown(r, payment.Recorded, approved) }},
	{"paid-long", 200, setup{Provider: longName, Number: longNumber}, func(r *rig) answer {
		return shown(r, payment.Recorded, approved, func(p *payment.Payment) { p.Amount = r.amount("999999999999.999", "KWD") })
	}},
	{"paid_soon", 200, setup{}, func(r *rig) answer { return shown(r, payment.Approved, approved, unclaimable) }},
	{"paid_to_balance", 200, setup{}, func(r *rig) answer {
		return shown(r, payment.Recorded, approved, func(p *payment.Payment) { p.Booking.To = payment.ToBalance })
	}},
	{"paid_looked_at", 200, setup{}, func(r *rig) answer { return shown(r, payment.Parked, approved) }},
	{"paid_booked_looked_at", 200, setup{}, func(r *rig) answer {
		return shown(r, payment.Parked, approved, func(p *payment.Payment) { p.Reason = payment.ReasonBookedTwice })
	}},
	{"going_back", 200, setup{}, func(r *rig) answer {
		return shown(r, payment.Approved, approved, unclaimable, func(p *payment.Payment) { p.GivesBack = true })
	}},
	{"going_back_looked_at", 200, setup{}, func(r *rig) answer {
		return shown(r, payment.Parked, approved, func(p *payment.Payment) { p.GivesBack, p.Reason = true, payment.ReasonRefundRefused })
	}},
	{"looked_at", 200, setup{}, func(r *rig) answer { return shown(r, payment.Parked) }},
	{"refunded", 200, setup{}, func(r *rig) answer { return shown(r, payment.Refunded, approved) }},
	{"waiting", 200, setup{}, func(r *rig) answer { return shown(r, payment.Offered, pending(r)) }},
	{"waiting-unknown", 200, setup{}, func(r *rig) answer { return shown(r, payment.Unknown) }},
	{"waiting-after_decline", 200, setup{}, func(r *rig) answer { return shown(r, payment.Declined, pending(r)) }},
	{"waiting-later", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Unknown)
		return r.get(goldenURL + "?n=7")
	}},
	{"preparing", 200, setup{}, func(r *rig) answer { return shown(r, payment.Created) }},
	{"at_gateway", 200, setup{}, func(r *rig) answer { return shown(r, payment.Offered) }},
	{"checking", 200, setup{}, func(r *rig) answer {
		return shown(r, payment.Offered, func(p *payment.Payment) { p.PageEnds = time.Now() })
	}},
	{"declined", 200, setup{}, func(r *rig) answer { return shown(r, payment.Declined) }},
	{"declined_card", 200, setup{}, func(r *rig) answer {
		return shown(r, payment.Declined, func(p *payment.Payment) { p.Class = "card" })
	}},
	{"cancelled", 200, setup{}, func(r *rig) answer { return shown(r, payment.Cancelled) }},
	{"expired", 200, setup{}, func(r *rig) answer { return shown(r, payment.Expired) }},
	{"not_started", 200, setup{}, func(r *rig) answer { return shown(r, payment.NotStarted) }},
	{"bare_paid", 200, setup{}, func(r *rig) answer { return seenByAnybody(r, payment.Recorded, approved) }},
	{"bare_refunded", 200, setup{}, func(r *rig) answer { return seenByAnybody(r, payment.Refunded, approved) }},
	{"bare_waiting", 200, setup{}, func(r *rig) answer { return seenByAnybody(r, payment.Offered) }},
	{"bare_not_paid", 200, setup{}, func(r *rig) answer { return seenByAnybody(r, payment.Declined) }},
	{"bare_expired", 200, setup{}, func(r *rig) answer { return seenByAnybody(r, payment.Expired) }},
	{"no_payment", 404, setup{}, func(r *rig) answer { return r.get(goldenURL) }},
	{"cannot_show", 503, setup{}, func(r *rig) answer {
		r.shut = errors.New("journal is damaged")
		return r.get(goldenURL)
	}},
	{"cannot_show-sent", 503, setup{}, func(r *rig) answer { return r.started(nil, errors.New("disk is full")) }},
	{"cannot_show-again", 503, setup{}, func(r *rig) answer { return r.started(r.put(goldenID, payment.Approved, approved), nil) }},

	{"pay-customer", 200, setup{}, func(r *rig) answer { return r.get(r.icon(), r.signedIn()) }},
	{"paid-customer", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Recorded, approved, r.byCustomer)
		return r.get(goldenURL, r.signedIn())
	}},
	{"declined-customer", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Declined, r.byCustomer)
		return r.get(goldenURL, r.signedIn())
	}},
	{"bare_paid-customer", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Recorded, approved, r.byCustomer)
		return r.get(goldenURL)
	}},
	{"no_own_invoice", 404, setup{}, func(r *rig) answer { return r.get(itemURL(payInvoice.path, "1999/0001"), r.signedIn()) }},
	{"other_customer", 403, setup{}, func(r *rig) answer {
		form := r.get(r.icon(), r.signedIn()).form()
		r.Splynx.AddCustomerSession(rigSession, r.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"}))
		return r.pressIcon(form)
	}},
	{"signed_out", 403, setup{}, func(r *rig) answer {
		form := r.get(r.icon(), r.signedIn()).form()
		r.Splynx.ExpireSessions()
		return r.pressIcon(form)
	}},
	{"not_signed_in", 403, setup{}, func(r *rig) answer { return r.get(r.icon() + "&signed_in=1") }},
	{"administrator", 403, setup{}, func(r *rig) answer { return r.get(r.icon(), r.signedInAdmin("PHPSESSID", rigSession)) }},
	{"signed_in_twice", 200, setup{}, func(r *rig) answer {
		return r.get(r.icon(), r.signedIn(), r.signedInAdmin("splynx_admin", rigAdminSession))
	}},
	{"two_customers", 403, setup{}, func(r *rig) answer {
		r.Splynx.AddCustomerSession(rigAdminSession, r.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"}))
		return r.get(r.icon(), r.signedIn(), cookie("splynx_admin", rigAdminSession))
	}},

	{"pay_proforma", 200, setup{}, func(r *rig) answer { return r.get(itemURL(directRequest.path, r.proforma())) }},
	{"pay_proforma-customer", 200, setup{}, func(r *rig) answer { return r.get(itemURL(payRequest.path, r.proforma()), r.signedIn()) }},
	{"pay-by_id", 200, setup{}, func(r *rig) answer { return r.get(itemURL(directInvoice.path+"-by-id", fmt.Sprint(r.Invoice))) }},
	{"paid-proforma", 200, setup{}, func(r *rig) answer {
		return shown(r, payment.Recorded, approved, func(p *payment.Payment) { p.Kind, p.DocumentNumber = payment.KindProforma, "P-0042" })
	}},
	{"already_paid_proforma", 200, setup{}, func(r *rig) answer {
		number := r.proforma()
		r.Splynx.AddProforma(splynxtest.Proforma{CustomerID: r.Customer, Number: number + "-paid", Total: "9", Status: "paid"})
		return r.get(itemURL(directRequest.path, number+"-paid"))
	}},
	{"in_flight_proforma", 200, setup{}, func(r *rig) answer {
		number := r.proforma()
		r.put(goldenID, payment.Parked, func(p *payment.Payment) { p.Kind, p.DocumentID, p.DocumentNumber = payment.KindProforma, 1, number })
		return r.get(itemURL(directRequest.path, number), stranger)
	}},
	{"no_proforma", 404, setup{}, func(r *rig) answer { return r.get(itemURL(directRequest.path, "1999/0001")) }},
	{"no_own_proforma", 404, setup{}, func(r *rig) answer { return r.get(itemURL(payRequest.path, "1999/0001"), r.signedIn()) }},
	{"several_proformas", 404, setup{}, func(r *rig) answer {
		r.proforma()
		return r.get(itemURL(directRequest.path, r.proforma()))
	}},
	{"top_up", 200, setup{}, func(r *rig) answer { return r.get(addMoney.path, r.signedIn()) }},
	{"top_up-owed", 200, setup{}, func(r *rig) answer {
		r.Splynx.SetDeposit(r.Customer, "-42.10")
		return r.get(addMoney.path, r.signedIn())
	}},
	{"top_up-suggested", 200, setup{Edit: func(c *Config) {
		c.TopUp = func(int64) TopUp { return TopUp{"1", "500", []string{"20", "50", "100.50"}} }
	}}, func(r *rig) answer { return r.get(addMoney.path, r.signedIn()) }},
	{"top_up-wrong", 422, setup{}, func(r *rig) answer { return r.typed(url.Values{"amount": {"twenty"}}) }},
	{"top_up-too_little", 422, setup{}, func(r *rig) answer { return r.typed(url.Values{"amount": {"0.50"}}) }},
	{"top_up-too_much", 422, setup{}, func(r *rig) answer { return r.typed(url.Values{"amount": {"10,000.01"}}) }},
	{"pay_top_up", 200, setup{}, func(r *rig) answer { return r.typed(url.Values{"amount": {"20"}}) }},
	{"paid_top_up", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Recorded, approved, r.byCustomer, func(p *payment.Payment) {
			p.Kind, p.DocumentID, p.DocumentNumber, p.Booking.To = payment.KindTopUp, 0, "", payment.ToBalance
		})
		return r.get(goldenURL, r.signedIn())
	}},
	{"in_flight_top_up", 409, setup{}, func(r *rig) answer {
		form := r.typed(url.Values{"amount": {"20"}}).form()
		r.put(goldenID, payment.Parked)
		return r.send(http.MethodPost, addMoney.path, url.Values{"form": {form}}, r.signedIn())
	}},
	{"pay-saved_card", 200, setup{}, func(r *rig) answer { r.putCard("", goodCard); return r.get(r.icon(), r.signedIn()) }},
	{"pay-markup_card", 200, setup{}, func(r *rig) answer {
		r.putCard("0000010000000001", map[int]string{2: markup, 3: markup, 4: markup})
		return r.get(r.icon(), r.signedIn())
	}},
	{"pay-dead_card", 200, setup{}, func(r *rig) answer {
		r.putCard("", map[int]string{2: "411111........11", 3: "Visa", 4: "12/99"})
		return r.get(r.icon(), r.signedIn())
	}},
	{"pay-card_changed", 409, setup{}, func(r *rig) answer {
		r.putCard("", goodCard)
		form := r.get(r.icon(), r.signedIn()).form()
		r.putCard("", map[int]string{2: "543111........11", 3: "MasterCard", 4: "01/31"})
		return r.pressCard(form, "saved")
	}},
	{"pay_proforma-saved_card", 200, setup{}, func(r *rig) answer {
		r.putCard("", goodCard)
		return r.get(itemURL(payRequest.path, r.proforma()), r.signedIn())
	}},
	{"pay_top_up-saved_card", 200, setup{}, func(r *rig) answer { r.putCard("", goodCard); return r.typed(url.Values{"amount": {"20"}}) }},
	{"waiting-saved_card", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Unknown, payment.KindInvoice, payment.SaveNone) }},
	{"paid-card_saved", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Recorded, payment.KindInvoice, payment.SaveDone) }},
	{"paid-card_storing", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Recorded, payment.KindInvoice, payment.SaveStoring) }},
	{"paid-card_failed", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Recorded, payment.KindInvoice, payment.SaveFailed) }},

	{"card_none", 200, setup{}, func(r *rig) answer { return r.get(cardPage.path, r.signedIn()) }},
	{"card_good", 200, setup{}, func(r *rig) answer { r.putCard("", goodCard); return r.get(cardPage.path, r.signedIn()) }},
	{"card_expired", 200, setup{}, func(r *rig) answer {
		r.putCard("", map[int]string{2: "411111........11", 3: "Visa", 4: "12/99"})
		return r.get(cardPage.path, r.signedIn())
	}},
	{"card_dead", 200, setup{}, func(r *rig) answer {
		r.must(r.Gateway.KillCard(r.putCard("", goodCard), "JD"))
		r.pressCard(r.get(r.icon(), r.signedIn()).form(), "saved")
		return r.get(cardPage.path, r.signedIn())
	}},
	{"card_elsewhere", 200, setup{}, func(r *rig) answer {
		id := r.savesCard()
		r.Customer = r.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
		r.putCard(id, goodCard)
		return r.get(cardPage.path, r.signedIn())
	}},
	{"card_unreadable", 200, setup{}, func(r *rig) answer {
		r.putCard("4111111111111111", map[int]string{2: markup, 3: markup, 4: markup})
		return r.get(cardPage.path, r.signedIn())
	}},
	{"card_saving", 200, setup{}, func(r *rig) answer {
		r.cardShown(payment.Settled, payment.KindCardCheck, payment.SaveStoring)
		return r.get(cardPage.path, r.signedIn())
	}},
	{"card_remove", 200, setup{}, func(r *rig) answer { r.putCard("", goodCard); return r.doCard("remove") }},
	{"card_none-card_removed", 200, setup{}, func(r *rig) answer { r.putCard("", goodCard); return r.doCard("removed") }},
	{"card_good-card_not_removed", 503, setup{}, func(r *rig) answer {
		r.putCard("", goodCard)
		r.Splynx.Inject(splynxtest.Fault{Op: "DELETE customer-payment-accounts", Kind: splynxtest.Status, Status: 503, Times: -1})
		return r.doCard("removed")
	}},
	{"card_good-card_being_saved", 409, setup{}, func(r *rig) answer {
		r.putCard("", goodCard)
		form := r.get(cardPage.path, r.signedIn()).form()
		r.put(goldenID, payment.Recorded, approved, r.byCustomer, func(p *payment.Payment) {
			p.Save = payment.CardSave{Stage: payment.SaveFailed, Why: payment.ReasonNewerCard, PutAt: time.Now()}
		})
		return r.send(http.MethodPost, cardPage.path, url.Values{"form": {form}, "do": {"removed"}}, r.signedIn())
	}},
	{"card_good-card_page_changed", 409, setup{}, func(r *rig) answer {
		form := r.get(cardPage.path, r.signedIn()).form()
		r.putCard("", goodCard)
		return r.send(http.MethodPost, cardPage.path, url.Values{"form": {form}, "do": {"save"}}, r.signedIn())
	}},
	{"card_none-card_not_saved", 200, setup{}, func(r *rig) answer {
		r.cardShown(payment.Settled, payment.KindCardCheck, payment.SaveFailed)
		return r.get(cardPage.path, r.signedIn())
	}},
	{"card_good-paid_card_not_saved", 200, setup{}, func(r *rig) answer {
		r.putCard("", goodCard)
		r.cardShown(payment.Recorded, payment.KindInvoice, payment.SaveFailed)
		return r.get(cardPage.path, r.signedIn())
	}},
	{"card_unavailable", 200, setup{Edit: func(c *Config) { c.Generation.Default.PxPost = nil }}, func(r *rig) answer { return r.get(cardPage.path, r.signedIn()) }},
	{"card_of_main", 200, setup{}, func(r *rig) answer { return r.get(cardPage.path, r.signedInSub()) }},
	{"card_saving-payment", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Approved, payment.KindCardCheck, payment.SaveStoring) }},
	{"card_saved", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Settled, payment.KindCardCheck, payment.SaveDone) }},
	{"card_saved-looked_at", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Parked, payment.KindCardCheck, payment.SaveDone) }},
	{"card_saved-lapsed", 200, setup{}, func(r *rig) answer {
		return r.cardShown(payment.Settled, payment.KindCardCheck, payment.SaveDone, func(p *payment.Payment) { p.Reason = payment.ReasonLapsed })
	}},
	{"card_not_saved", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Approved, payment.KindCardCheck, payment.SaveFailed) }},
	{"declined-card_check", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Declined, payment.KindCardCheck, payment.SaveWanted) }},
	{"refunded-refund", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Settled, payment.KindRefund, payment.SaveNone) }},
	{"refund_waiting", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Unknown, payment.KindRefund, payment.SaveNone) }},
	{"refund_failed", 200, setup{}, func(r *rig) answer { return r.cardShown(payment.Declined, payment.KindRefund, payment.SaveNone) }},

	{"payments", 200, setup{}, func(r *rig) answer { return r.listed() }},
	{"payments-none", 200, setup{}, func(r *rig) answer { return r.get(paymentsPath, r.signedIn()) }},
	{"widget", 200, setup{}, func(r *rig) answer { r.owes(); return r.get(widget.path, r.signedIn()) }},
	{"widget-one", 200, setup{}, func(r *rig) answer { return r.get(widget.path, r.signedIn()) }},
	{"widget-together", 200, setup{}, func(r *rig) answer { r.owes(); r.putCard("", goodCard); return r.get(widget.path, r.signedIn()) }},
	{"widget-paid", 200, setup{}, func(r *rig) answer { return r.paysTogether(windcavetest.CardApproved, 1) }},
	{"widget-declined", 200, setup{}, func(r *rig) answer { return r.paysTogether(windcavetest.CardDeclined, 9) }},
	{"widget_rest", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Unknown, r.byCustomer)
		return r.get(widget.path, r.signedIn())
	}},
	{"widget_empty", 200, setup{Due: "0"}, func(r *rig) answer { return r.get(widget.path, r.signedIn()) }},
	{"together", 200, setup{}, func(r *rig) answer {
		r.owes()
		r.putCard("", goodCard)
		return r.together(r.get(widget.path, r.signedIn()).form(), "")
	}},
	{"together-together_changed", 409, setup{}, func(r *rig) answer {
		r.owes()
		r.putCard("", goodCard)
		form := r.get(widget.path, r.signedIn()).form()
		r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = "12.00" })
		return r.together(form, "")
	}},
	{"together-together_none", 422, setup{}, func(r *rig) answer {
		r.owes()
		r.putCard("", goodCard)
		return r.together(r.together(r.get(widget.path, r.signedIn()).form(), "").form(), "pay")
	}},

	{"already_paid", 200, setup{Due: "0"}, func(r *rig) answer { return r.get(r.link()) }},
	{"in_flight", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Parked)
		return r.get(r.link(), stranger)
	}},
	{"in_flight-own", 200, setup{}, func(r *rig) answer {
		r.put(goldenID, payment.Parked)
		return r.get(r.link())
	}},
	{"in_flight-sent", 409, setup{}, func(r *rig) answer {
		form := r.get(r.link()).form()
		r.put(goldenID, payment.Parked)
		return r.press(form)
	}},
	{"no_invoice", 404, setup{}, func(r *rig) answer { return r.get(itemURL(directInvoice.path, "1999/0001")) }},
	{"several_invoices", 404, setup{}, func(r *rig) answer {
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: r.Number, Total: "1.00"})
		return r.get(r.link())
	}},
	{"closed", 503, setup{}, func(r *rig) answer {
		r.Splynx.Inject(splynxtest.Fault{Op: "*", Kind: splynxtest.Refuse, Times: -1})
		return r.get(r.link())
	}},
	{"too_many", 429, setup{Limit: GuestLimit{Document: 1, Address: 60, All: 600}}, func(r *rig) answer {
		r.press(r.get(r.link()).form())
		return r.press(r.get(r.link(), stranger).form(), stranger)
	}},
	{"too_many-payment", 429, setup{Limit: GuestLimit{Document: 1, Address: 1, All: 1}}, func(r *rig) answer {
		for range viewsPerStart * looksPerView {
			r.get(goldenURL, stranger)
		}
		return r.get(goldenURL, stranger)
	}},
	{"too_many-declined", 429, setup{}, func(r *rig) answer {
		r.tries(r.link())
		r.tries(r.link())
		return r.tries(r.link())
	}},
	{"guests_closed", 503, setup{}, func(r *rig) answer { r.shutLinks(); return r.get(r.link()) }},
	{"guests_closed-for_hours", 503, setup{}, func(r *rig) answer {
		r.must(SetGuests(context.Background(), r.Engine, Guests{At: time.Now(), Until: time.Now().Add(24 * time.Hour), Who: "anna"}))
		return r.get(r.link())
	}},
	{"guests_closed-by_id", 503, setup{}, func(r *rig) answer {
		r.shutLinks()
		return r.get(itemURL(directInvoice.path+"-by-id", fmt.Sprint(r.Invoice)))
	}},
	{"guests_closed-sent", 503, setup{}, func(r *rig) answer {
		form := r.get(r.link()).form()
		r.shutLinks()
		return r.press(form)
	}},
	{"link_ended", 410, setup{Edit: signedLinks(SignedAll)}, func(r *rig) answer {
		link := r.signs(LinkRequest{Kind: payment.KindInvoice, Number: r.Number})
		time.Sleep((linkLife + 1) * 24 * time.Hour) // virtual
		return r.get(link)
	}},
	{"pay-by_id_signed", 200, setup{Edit: signedLinks(SignedByID)}, func(r *rig) answer {
		return r.get(r.signs(LinkRequest{Kind: payment.KindInvoice, ID: r.Invoice}))
	}},
	{"sign_in", 200, setup{Edit: ownSignIn}, func(r *rig) answer { return r.asksSignIn(r.icon()) }},
	{"sign_in-no_login", 422, setup{Edit: ownSignIn}, func(r *rig) answer { return r.signsIn("", " ", "x") }},
	{"sign_in-no_password", 422, setup{Edit: ownSignIn}, func(r *rig) answer { return r.signsIn("", "marla", "") }},
	{"sign_in-wrong", 422, setup{Edit: ownSignIn}, func(r *rig) answer { return r.signsIn("", markup, "x") }},
	{"sign_in-old_sign_in", 409, setup{Edit: ownSignIn}, func(r *rig) answer {
		form := r.asksSignIn("").form()
		time.Sleep(formLife + time.Second) // virtual
		return r.send(http.MethodPost, ownSignInPath, url.Values{"form": {form}, "login": {"marla"}, "password": {"x"}})
	}},
	{"sign_in_wait", 429, setup{Edit: ownSignIn}, func(r *rig) answer {
		for range waitsLogin {
			r.signsIn("", "marla", "x")
		}
		return r.signsIn("", "marla", "x")
	}},
	{"sign_in_closed", 503, setup{Edit: ownSignIn}, func(r *rig) answer {
		r.Splynx.SetOutage(true)
		return r.signsIn("", "marla", "x")
	}},
	{"sign_out", 200, setup{Edit: ownSignIn}, func(r *rig) answer {
		c := r.isIn(r.Customer)
		form := r.get(paymentsPath, with(c)).find(signOutText)
		return r.send(http.MethodPost, signOutPath, url.Values{"form": {form}}, with(c))
	}},
	{"payments-signed_in_here", 200, setup{Edit: ownSignIn}, func(r *rig) answer { return r.get(paymentsPath, with(r.isIn(r.Customer))) }},
	{"bad_form", 400, setup{}, func(r *rig) answer { return r.press("forged") }},
	{"no_page", 404, setup{}, func(r *rig) answer { return r.get(Prefix + "/nothing") }},
	{"method", 405, setup{}, func(r *rig) answer { return r.send(http.MethodPost, goldenURL, url.Values{}) }},
	{"other_origin", 403, setup{}, func(r *rig) answer { return r.press("", header("Sec-Fetch-Site", "cross-site")) }},
	{"other_host", 421, setup{}, func(r *rig) answer { return r.press("", func(q *http.Request) { q.Host = "other.example" }) }},
	{"too_early", 425, setup{}, func(r *rig) answer {
		return r.press("", func(q *http.Request) { q.TLS = &tls.ConnectionState{HandshakeComplete: false} })
	}},
	{"failed", 500, setup{}, func(r *rig) answer {
		r.Config.Room = func(int64) error { panic("out of order") }
		form := r.get(r.link()).form()
		r.configure(r.Config)
		return r.press(form)
	}},
}

// shutLinks closes payment links for an hour.
func (r *rig) shutLinks() {
	r.Helper()
	r.must(SetGuests(context.Background(), r.Engine, Guests{At: time.Now(), Until: time.Now().Add(time.Hour), Who: "anna"}))
}

type goldenPage struct {
	name   string
	status int
	set    setup
	page   func(*rig) answer
}

const (
	goldenID   = payment.ID("GOLDENGOLDEN0001")
	goldenURL  = Prefix + "/payment/" + string(goldenID)
	longName   = "Wide-Band-Communications-And-Neighbourhood-Internet-Holdings"
	longNumber = "INVOICE-2026-000000000000000000000000000000000000000000000000042"

	markup = `<b>"Kiwi" & 'Co'</b>`
)

func approved(p *payment.Payment) { p.DpsTxnRef, p.ApprovedAt = "0000000100000001", time.Now().UTC() }

// unclaimable keeps the engine from booking the payment.
func unclaimable(p *payment.Payment) {
	p.LeaseOwner, p.LeaseUntil = "test", time.Now().Add(time.Hour)
}

// pending has a result come back for the payment that nobody can judge.
func pending(r *rig) func(*payment.Payment) {
	return func(p *payment.Payment) {
		_, err := r.Store.AddToken(context.Background(), payment.Token{
			Payment: p.ID, Hash: "hash", Value: secret.New("token"), Judged: payment.TokenPending, Arrived: time.Now(),
		}, 10)
		r.must(err)
	}
}

// shown is the page of a payment in a state, to who started it.
func shown(r *rig, s payment.State, edit ...func(*payment.Payment)) answer {
	r.put(goldenID, s, edit...)
	return r.get(goldenURL)
}

func seenByAnybody(r *rig, s payment.State, edit ...func(*payment.Payment)) answer {
	r.put(goldenID, s, edit...)
	return r.get(goldenURL, stranger)
}

// sent is what a form gives that was sent before, when its payment stands like that.
func sent(r *rig, s payment.State, edit ...func(*payment.Payment)) answer {
	form := r.get(r.link()).form()
	f, err := unseal(context.Background(), r.Engine, form, time.Now())
	r.must(err)
	r.put(goldenID, s, append(edit, func(p *payment.Payment) { p.FormKey = f.Key })...)
	return r.press(form)
}

// started is what a form gives after the engine's answer, when the journal cannot be read.
func (r *rig) started(p *payment.Payment, err error) answer {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	q := httptest.NewRequest(http.MethodPost, directInvoice.path, nil)
	w := httptest.NewRecorder()
	r.Handler.started(w, q.WithContext(ctx), visit{way: directInvoice, e: r.Engine}, &bill{document: document{number: r.Number}, partner: 1}, time.Now(), p, err)
	return answer{w}
}

var changing = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`name="form" value="[^"]*"`), `name="form" value="SEALED"`},
	{regexp.MustCompile(`/payment/[A-Z0-9]{16}" target`), `/payment/ID" target`},
	{regexp.MustCompile(`style\.[0-9a-f]+\.css`), `style.HASH.css`},
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range goldenPages {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, c.set, func(r *rig) {
				a := c.page(r)
				if a.Code != c.status {
					r.Errorf("status is %d, want %d", a.Code, c.status)
				}
				r.compare(c.name, a.Body.Bytes())
			})
		})
	}
}

// compare holds a page to its golden file.
func (r *rig) compare(name string, got []byte) {
	r.Helper()
	for _, c := range changing {
		got = c.what.ReplaceAll(got, []byte(c.with))
	}
	file := filepath.Join("testdata", name+".golden.html")
	if *update {
		r.must(os.WriteFile(file, got, 0o644))
		return
	}
	want, err := os.ReadFile(file)
	r.must(err)
	if !bytes.Equal(got, want) {
		r.Errorf("page differs from %s; look at it, and write it anew with -update\n%s", file, got)
	}
}
