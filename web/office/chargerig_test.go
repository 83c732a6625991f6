package office

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// watched tells the runs of a rig what becomes of payments.
type watched struct{ runs atomic.Pointer[charge.Runs] }

func (w *watched) Moved(p *payment.Payment, e payment.Event) {
	if r := w.runs.Load(); r != nil {
		r.Moved(p, e)
	}
}

// runs starts the rig's charge runs.
func (r *rig) runs(o charge.Options, w *watched) {
	r.Helper()
	o.Node = "rig"
	r.Runs = charge.New(r.Store, r.Engine, o)
	w.runs.Store(r.Runs)
	r.Cleanup(func() { r.must(r.Runs.Close(context.Background())) })
}

var charging = setup{Runs: &charge.Options{Concurrency: 2}}

// dozen makes customers with an invoice each: most have a card, and everything that may be left
// out or fail is among them.
func (r *rig) dozen(approved int) {
	r.Helper()
	add := func(name, due string, card *windcavetest.Card) int64 {
		id := r.Splynx.AddCustomer(splynxtest.Customer{Name: name, Deposit: "-" + due})
		if card != nil {
			r.saves(id, *card, card.Number[len(card.Number)-2:])
		}
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: id, Number: fmt.Sprintf("2026/%04d", 1000+id), Total: due})
		return id
	}
	for n := range approved {
		add(fmt.Sprintf("Approved %d", n+1), fmt.Sprintf("%d.50", 20+n), &windcavetest.CardApproved)
	}
	add("No Funds", "60", &windcavetest.CardDeclined)
	add("Refused By Bank", "61", &windcavetest.CardRefused)
	add("=cmd|' /C calc'!A0", "62", nil)
	rich := add("In Credit", "63", &windcavetest.CardApproved)
	r.Splynx.SetDeposit(rich, "100")
	some := add("Some Credit", "64", &windcavetest.CardApproved)
	r.Splynx.SetDeposit(some, "-50")
	gone := add("Disabled", "65", &windcavetest.CardApproved)
	r.Splynx.SetStatus(gone, "disabled")
}

// preview has the preview of a run made by the page, and returns its path below web.AdminPath.
func (r *rig) preview(typed ...string) (path string, shown answer) {
	r.Helper()
	a := r.press("charge", r.get("charge").form(), typed...)
	if a.Code != 303 {
		r.Fatalf("no preview: %d %q\n%s", a.Code, a.title(), a.Body)
	}
	path = strings.TrimPrefix(a.at(), "/paymentexpress/admin/")
	r.until(path, charge.Planned, charge.Failed)
	return path, r.get(path)
}

// until lets time pass until a run is in one of the states.
func (r *rig) until(path string, states ...charge.State) *charge.Run {
	r.Helper()
	id := payment.ID(strings.TrimPrefix(path, "charge/"))
	for range 10_000 {
		run, err := r.Runs.Get(context.Background(), id)
		r.must(err)
		for _, s := range states {
			if run.State == s && !run.Sweep {
				return run
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.Fatalf("run %s is never %v", path, states)
	return nil
}

// formOf is the form of the page whose action ends so.
func (a answer) formOf(action string) string {
	_, rest, _ := strings.Cut(a.Body.String(), action+`">`)
	return answer{a.ResponseRecorder}.findIn(rest)
}

func (a answer) findIn(text string) string {
	if m := formText.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// begins starts a run as its page asks.
func (r *rig) begins(path string, shown answer) answer {
	r.Helper()
	return r.press(path+"/start", shown.formOf("/start"), "off", "1")
}

// putRun writes a run into the journal as it stands then: of one invoice of the rig's customer, or
// of items. What is begun of them has a payment of its own in that state.
func (r *rig) putRun(id payment.ID, s charge.State, items ...item) {
	r.Helper()
	ctx, now := context.Background(), time.Now().UTC()
	run := &charge.Run{
		ID: id, FormKey: "form of " + string(id), Sort: charge.Invoices, Filter: charge.Filter{Statuses: []string{"not_paid"}}, Source: charge.Administrator, Who: "administrator 1",
		State: charge.Planning, Why: charge.WhyAsked, CreatedAt: now, MovedAt: now, LeaseOwner: "test", LeaseUntil: now.Add(time.Hour), // the runs leave it alone
	}
	event := func(from, to charge.State, why charge.Why, who string) charge.Event {
		return charge.Event{Run: id, At: now, From: from, To: to, Why: why, Who: who, Node: "rig"}
	}
	r.must(r.Store.CreateRun(ctx, run, event("", charge.Planning, charge.WhyAsked, run.Who)))
	change := func(fn func(*charge.Run) charge.Writes) {
		_, err := r.Store.ChangeRun(ctx, id, func(run *charge.Run) (charge.Writes, error) { w := fn(run); w.At = now; return w, nil })
		r.must(err)
	}
	if items == nil {
		items = []item{{customer: r.Customer, number: r.Invoice.Number, amount: "57.50"}}
	}
	change(func(run *charge.Run) (w charge.Writes) {
		run.Items = int64(len(items))
		if s == charge.Planning {
			run.Items = 1200
		}
		for n, i := range items {
			w.Add = append(w.Add, r.item(id, int64(n+1), i))
		}
		if s != charge.Planning {
			run.State, run.PlannedAt = charge.Planned, now
			w.Events = append(w.Events, event(charge.Planning, charge.Planned, charge.WhyPlanned, "engine"))
		}
		return w
	})
	if s == charge.Planning || s == charge.Planned {
		return
	}
	if s != charge.Failed {
		change(func(run *charge.Run) charge.Writes {
			run.State, run.StartedAt, run.PerMinute = charge.Running, now, 38
			return charge.Writes{Events: []charge.Event{event(charge.Planned, charge.Running, charge.WhyAsked, "administrator 1")}}
		})
	}
	for n, i := range items {
		if i.begun != "" {
			r.put(payment.ID(fmt.Sprintf("GOLDENGOLDEN02%02d", n)), i.begun, append([]func(*payment.Payment){saved, func(p *payment.Payment) {
				p.Origin, p.Run, p.Item, p.Customer, p.Amount, p.DocumentID, p.DocumentNumber = payment.OriginRun, string(id), int64(n+1), i.customer, r.amount(i.amount), int64(500+n), i.number
			}}, i.edit...)...)
		}
	}
	if s == charge.Running {
		return
	}
	change(func(run *charge.Run) (w charge.Writes) {
		run.State, run.Why = s, map[charge.State]charge.Why{charge.Paused: charge.WhyAsked, charge.Waiting: charge.WhyNotMoved, charge.Done: charge.WhyAllBegun, charge.Stopped: charge.WhyAsked, charge.Failed: charge.WhySplynxDown}[s]
		if run.Ended() {
			run.EndedAt = now
		}
		return charge.Writes{Events: []charge.Event{event(charge.Running, s, run.Why, "engine")}}
	})
}

// item is an item of a run that a test puts into the journal.
type item struct {
	customer       int64
	number, amount string
	credit         string
	out            charge.Out
	begun          payment.State
	edit           []func(*payment.Payment)
}

func (r *rig) item(run payment.ID, seq int64, i item) charge.Item {
	r.Helper()
	made := charge.Item{
		Run: run, Seq: seq, Customer: i.customer, Partner: 1, DocumentID: 499 + seq, Number: i.number, Amount: r.amount(i.amount), State: charge.ItemPlanned, Out: i.out,
		Card: payment.CardUsed{Key: "k", Brand: "Visa", Ends: "11"}, MovedAt: time.Now().UTC(),
	}
	if i.out != "" {
		made.State = charge.ItemLeftOut
	}
	if i.out == charge.OutNoCard {
		made.Card = payment.CardUsed{}
	}
	if i.credit != "" {
		made.Credit = r.amount(i.credit)
	}
	return made
}
