package office

import (
	"fmt"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

const runID = payment.ID("GOLDENGOLDENRUN1")

// chargePages are the pages of charging many customers, in all states.
var chargePages = []goldenPage{
	{"charge", 200, charging, func(r *rig) answer { return r.get("charge") }},
	{"charge-runs", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Done, r.mixed()...)
		r.putRun("GOLDENGOLDENRUN2", charge.Planned)
		return r.get("charge?issued_from=2026-11-01&issued_to=2026-11-30&partner=2&customer=1,2&from=20&credit=1")
	}},
	{"charge-wrong", 422, charging, func(r *rig) answer {
		return r.press("charge", r.get("charge").form(), "issued_from", "2026-11-30", "issued_to", "2026-11-01", "customer", "anna", "from", "much", "number", markup)
	}},
	{"charge-bound", 200, charging, func(r *rig) answer {
		return r.get("charge", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2}))
	}},
	{"run-planning", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Planning, r.mixed()...); return r.run() }},
	{"run-planned", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Planned, r.mixed()...); return r.run() }},
	{"run-filtered", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Planned, r.mixed()...)
		return r.get("charge/" + string(runID) + "?state=left_out&out=no_card")
	}},
	{"run-nothing", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Planned, item{customer: r.Customer, number: "2026/0042", amount: "57.50", out: charge.OutNoCard})
		return r.run()
	}},
	{"run-many", 200, charging, func(r *rig) answer {
		var many []item
		for n := range 120 {
			many = append(many, item{customer: r.Customer, number: fmt.Sprintf("2026/%04d", n), amount: "199.95"})
		}
		r.putRun(runID, charge.Planned, many...)
		return r.run()
	}},
	{"run-not_confirmed", 422, setup{Runs: charging.Runs, Office: Config{ConfirmAbove: charge.Limit{Charges: 1}}}, func(r *rig) answer {
		r.putRun(runID, charge.Planned, r.mixed()...)
		return r.press("charge/"+string(runID)+"/start", r.run().formOf("/start"), "number", "12")
	}},
	{"run-see_only", 200, setup{Runs: charging.Runs, Office: Config{Rights: Rights{See: {"manager"}, Charge: {"nobody"}}}}, func(r *rig) answer {
		r.putRun(runID, charge.Planned, r.mixed()...)
		return r.get("charge/"+string(runID), r.staff(splynxtest.Administrator{Login: "may", Role: "manager"}))
	}},
	{"run-running", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Running, r.mixed()...); return r.run() }},
	{"run-paused", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Paused, r.mixed()...); return r.run() }},
	{"run-waiting", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Waiting, r.mixed()...); return r.run() }},
	{"run-done", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Done, r.mixed()...); return r.run() }},
	{"run-stopped", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Stopped, r.mixed()...); return r.run() }},
	{"run-dropped", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Planned, r.mixed()...)
		return r.follow(r.press("charge/"+string(runID)+"/stop", r.get("charge/"+string(runID)+"/stop").form()))
	}},
	{"run-failed", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Failed); return r.run() }},
	{"stop", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Running, r.mixed()...)
		return r.get("charge/" + string(runID) + "/stop")
	}},
	{"stop-preview", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Planned, r.mixed()...)
		return r.get("charge/" + string(runID) + "/stop")
	}},
	{"history", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Done, r.mixed()...)
		time.Sleep(time.Hour) // virtual
		r.putRun("GOLDENGOLDENRUN2", charge.Planned)
		return r.get("history")
	}},
	{"history-empty", 200, charging, func(r *rig) answer { return r.get("history?state=failed&since=2026-01-01&until=2026-01-31&who=3") }},
	{"history-wrong", 200, charging, func(r *rig) answer { return r.get("history?since=monday") }},
	{"charges", 200, charging, func(r *rig) answer { r.putRun(runID, charge.Done, r.mixed()...); return r.get("history/charges") }},
	{"charges-empty", 200, charging, func(r *rig) answer { return r.get("history/charges?customer=1&class=card") }},
	{"charges-wrong", 200, charging, func(r *rig) answer { return r.get("history/charges?customer=anna") }},
	{"list-charging", 200, charging, func(r *rig) answer { return r.get("payments") }},
	{"payment-of_run", 200, charging, func(r *rig) answer {
		r.putRun(runID, charge.Done, r.mixed()...)
		return r.get("payments/GOLDENGOLDEN0203")
	}},
	{"customer-charging", 200, charging, func(r *rig) answer {
		r.put(goldenID, payment.Recorded, approved)
		return r.get("customers/1")
	}},
	{"no_run", 404, charging, func(r *rig) answer { return r.get("charge/" + string(goldenID)) }},
	{"two_partners", 403, charging, func(r *rig) answer {
		return r.get("charge", r.staff(splynxtest.Administrator{Login: "both", PartnerID: 1, FilterPartner: "2"}))
	}},
}

// run is the page of the golden run.
func (r *rig) run() answer { return r.get("charge/" + string(runID)) }

// mixed are items that are left out for all sorts of reasons, and with every outcome.
func (r *rig) mixed() []item {
	who := func(name string) int64 { return r.Splynx.AddCustomer(splynxtest.Customer{Name: name}) }
	declined := func(class, code, words string) []func(*payment.Payment) {
		return []func(*payment.Payment){func(p *payment.Payment) { p.Class, p.Code, p.Words = class, code, words }}
	}
	return []item{
		{customer: who("Aroha Williams"), number: "2026/0101", amount: "57.50", begun: payment.Recorded, edit: []func(*payment.Payment){approved, booked(payment.ToDocument)}},
		{customer: who("Ben Ngata"), number: "2026/0102", amount: "1234.50", begun: payment.Recorded, edit: []func(*payment.Payment){approved, func(p *payment.Payment) { p.DpsTxnRef = "0000000100000002" }, booked(payment.ToDocument)}},
		{customer: who("Carla Smith Engineering and Surveying Ltd"), number: "2026/0103", amount: "20", credit: "5", begun: payment.Approved, edit: []func(*payment.Payment){approved, func(p *payment.Payment) { p.DpsTxnRef = "0000000100000003" }}},
		{customer: who("Dov Cohen"), number: "2026/0104", amount: "99.95", begun: payment.Declined, edit: declined("soft", "51", "declined.funds")},
		{customer: who("Eve Adams"), number: "2026/0105", amount: "45", begun: payment.Declined, edit: declined("card", "54", "card.expired")},
		{customer: who("Finn O’Leary"), number: "2026/0106", amount: "12", begun: payment.NotDone, edit: []func(*payment.Payment){because(payment.ReasonCardChanged, "")}},
		{customer: who("Gita Patel"), number: "2026/0107", amount: "33", begun: payment.Unknown, edit: []func(*payment.Payment){because(payment.ReasonOutcomeUnclear, "")}},
		{customer: who("Hemi Rangi"), number: "2026/0108", amount: "18", begun: payment.Parked, edit: []func(*payment.Payment){approved, because(payment.ReasonBookingRefused, payment.Approved), func(p *payment.Payment) { p.DpsTxnRef = "0000000100000004" }}},
		{customer: who("Ines " + markup), number: "2026/0109", amount: "77", begun: payment.Submitted},
		{customer: who("Jo Lee"), number: "2026/0110", amount: "64"},
		{customer: who("Kim Park"), number: "2026/0111", amount: "21.30"},
		{customer: who("Lou Reid"), number: "2026/0112", amount: "80", out: charge.OutNoCard},
		{customer: who("Moana Tau"), number: "2026/0113", amount: "65", out: charge.OutHasCredit, credit: "70"},
		{customer: who("Nia Jones"), number: "2026/0114", amount: "15", out: charge.OutTickedOff},
		{customer: who("Otis Hall"), number: "2026/0115", amount: "29", out: charge.OutNoCard},
	}
}
