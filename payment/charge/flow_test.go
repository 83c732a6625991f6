package charge_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// restful is longer than the last question about a charge and the last search for a booking.
const restful = 80 * time.Hour

// office is a whole provider: engine, journal, both simulators, and a process that runs charges.
type office struct {
	*paymenttest.World
	t    *testing.T
	runs *charge.Runs
	life *life
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, World: paymenttest.New(t, paymenttest.Options{
		Gateway: windcavetest.Options{Latency: func(windcavetest.Op) time.Duration { return 120 * time.Millisecond }},
	})}
	somebody := o.Splynx.AddCustomer(splynxtest.Customer{Name: "Somebody"})
	o.Splynx.InsertPayment(splynxtest.Payment{CustomerID: somebody, Receipt: "2026-1-0001", Amount: "1", Date: time.Now().Format(time.DateOnly)})
	must(t, o.Gen.ProveSearch(background))
	o.open()
	t.Cleanup(func() { _ = o.runs.Close(background) })
	return o
}

// open starts to run charges beside the engine.
func (o *office) open() {
	o.life = &life{gone: o.Crashed}
	o.runs = charge.New(&mortalStore{o.Store, o.life}, o.Engine, charge.Options{Node: "office", Look: 10 * time.Minute, Concurrency: 6})
}

// revive starts the process again after it was killed.
func (o *office) revive() {
	o.Crash()
	o.life.dead.Store(true)
	must(o.t, o.runs.Close(background))
	o.Revive()
	o.open()
}

// card has a customer have a saved card.
func (o *office) card(customer int64, card windcavetest.Card, dead, expires string) {
	o.t.Helper()
	id, err := o.Gateway.StoreCard("WorldPxPost", card)
	must(o.t, err)
	if dead != "" {
		must(o.t, o.Gateway.KillCard(id, dead))
	}
	o.Splynx.SetAccountData(customer, o.CardAccount(), map[int]string{1: id, 2: card.Number[:6] + "........" + card.Number[len(card.Number)-2:], 3: "Visa", 4: expires})
}

// customer adds a customer of a kind, and returns the invoice.
func (o *office) customer(n int, kind string) int64 {
	o.t.Helper()
	due := fmt.Sprintf("%d.%02d", 20+n, (n*7)%60) // no amount that the simulator declines by itself
	c := splynxtest.Customer{Name: "A Customer", Deposit: "-" + due}
	if kind == "credit" {
		c.Deposit = "5.00"
	}
	id := o.Splynx.AddCustomer(c)
	status := ""
	if kind == "pending" {
		status = "pending"
	}
	invoice := o.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: id, Number: fmt.Sprint("2026/1", n), Total: due, Status: status})
	card, dead, expires := windcavetest.CardApproved, "", "12/31"
	switch kind {
	case "funds":
		card = windcavetest.CardDeclined
	case "bank":
		card = windcavetest.CardRefused
	case "stolen":
		dead = "43"
	case "token":
		dead = "JD"
	case "expired":
		expires = "12/99"
	}
	if kind != "no card" {
		o.card(id, card, dead, expires)
	}
	return invoice
}

var kinds = []string{
	"good", "good", "good", "funds", "good", "bank", "no card", "good", "stolen", "good", "credit", "expired", "pending", "good", "paid meanwhile", "token", "in flight", "less", "more", "good",
}

// people adds 60 customers of all kinds, and returns the invoices by kind.
func (o *office) people() map[string][]int64 {
	all := map[string][]int64{}
	for n := range 60 {
		kind := kinds[n%len(kinds)]
		all[kind] = append(all[kind], o.customer(n, kind))
	}
	return all
}

// plan plans all unpaid invoices and waits for it.
func (o *office) plan() *charge.Run {
	o.t.Helper()
	run, err := o.runs.Plan(background, charge.Order{Sort: charge.Invoices, Source: charge.Administrator, Who: "admin 1", FormKey: "form"})
	must(o.t, err)
	return o.until(run.ID, time.Minute, charge.Planned)
}

func (o *office) until(id payment.ID, limit time.Duration, want charge.State) *charge.Run {
	o.t.Helper()
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		run, err := o.Store.Run(background, id)
		must(o.t, err)
		if run.State == want || o.Crashed() {
			return run
		}
		if time.Since(begin) > limit {
			o.t.Fatalf("run is %s (%s), want %s", run.State, run.Why, want)
		}
	}
}

// meanwhile does what happens between the preview and the start.
func (o *office) meanwhile(people map[string][]int64) {
	o.t.Helper()
	for _, id := range people["paid meanwhile"] {
		o.Splynx.PayInvoice(id)
	}
	for _, id := range people["less"] {
		o.Splynx.ChangeInvoice(id, func(i *splynxtest.Invoice) { i.Due = "12.3450" })
	}
	for _, id := range people["more"] {
		o.Splynx.ChangeInvoice(id, func(i *splynxtest.Invoice) { i.Due = "99.50" })
	}
	o.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.StatusRequired, N: 12, Times: len(people["in flight"])})
	for n, id := range people["in flight"] {
		s := o.OrderOf(id, fmt.Sprint("customer-", n), "customer")
		card, err := o.Engine.Card(background, 1, s.Customer)
		must(o.t, err)
		s.Card, s.Origin = card.Used(), payment.OriginCustomer
		p, err := o.Engine.Charge(background, s)
		must(o.t, err)
		if p.State != payment.Unknown {
			o.t.Fatalf("payment is %s", p.State)
		}
	}
}

// items are the run's items by their documents.
func (o *office) items(id payment.ID) map[int64]charge.Item {
	o.t.Helper()
	list, err := o.Store.RunItems(background, id, charge.ItemFilter{}, 0, 10_000)
	must(o.t, err)
	all := map[int64]charge.Item{}
	for _, i := range list {
		all[i.DocumentID] = i
	}
	return all
}

// total adds up, in NZD.
func total[T any](t *testing.T, list []T, number func(T) string) currency.Amount {
	t.Helper()
	sum := nzd(t, "0.00")
	for _, v := range list {
		text := number(v)
		if text == "" {
			continue
		}
		a, err := money.Exact(text, "NZD")
		must(t, err)
		sum, err = sum.Add(a)
		must(t, err)
	}
	return sum
}

// agree compares the run's sums with what both simulators have seen of it.
func (o *office) agree(id payment.ID) {
	o.t.Helper()
	ours := map[string]bool{}
	for _, i := range o.items(id) {
		if i.Payment != "" {
			ours[string(i.Payment)] = true
		}
	}
	charged := total(o.t, o.Gateway.Charges(), func(c windcavetest.Charge) string {
		if ours[c.TxnID] {
			return c.Amount
		}
		return ""
	})
	booked := total(o.t, o.Splynx.Payments(), func(p splynxtest.Payment) string {
		if ours[p.Receipt] {
			return p.Amount
		}
		return ""
	})
	sums, err := o.Store.RunSums(background, id)
	must(o.t, err)
	kept := total(o.t, sums, func(s charge.Sum) string {
		if s.State == charge.ItemRecorded {
			return s.Amount.Number()
		}
		return ""
	})
	if !kept.Equal(charged) || !kept.Equal(booked) || !kept.IsPositive() {
		o.t.Errorf("the run says %s, the gateway %s, splynx %s", kept, charged, booked)
	}
}

// ends are what becomes of each kind.
var ends = map[string]string{
	"good": "recorded ", "funds": "declined soft", "bank": "declined declined", "no card": "left_out no_card", "stolen": "declined card", "token": "declined token",
	"credit": "left_out has_credit", "expired": "left_out card_expired", "pending": "left_out pending", "paid meanwhile": "left_out paid_meanwhile",
	"in flight": "left_out in_flight", "less": "recorded ", "more": "left_out amount_changed",
}

func (o *office) ends(id payment.ID, people map[string][]int64) {
	o.t.Helper()
	items := o.items(id)
	for kind, invoices := range people {
		for _, document := range invoices {
			i := items[document]
			if i.Reason == payment.ReasonNeverArrived && i.State == charge.ItemNotCharged && ends[kind] != "recorded " {
				continue // the lost answer was a decline, which leaves nothing to be asked about
			}
			if got := fmt.Sprint(i.State, " ", i.Out, i.Class); got != ends[kind] {
				o.t.Errorf("%s: item %d is %q, want %q (%s)", kind, i.Seq, got, ends[kind], i.Reason)
			}
		}
	}
}

// A whole run through the real engine and both simulators: the preview, the result and what the
// simulators have seen agree to the cent.
func TestWholeRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.card(o.World.Customer, windcavetest.CardApproved, "", "12/31") // whose deposit does not carry the invoice: credit
		people := o.people()
		run := o.plan()
		sums, err := o.runs.Sums(background, run.ID)
		must(t, err)
		planned := charge.ToCharge(sums)
		want := total(t, o.Splynx.Invoices(), func(i splynxtest.Invoice) string {
			for _, kind := range []string{"good", "funds", "bank", "stolen", "token", "paid meanwhile", "in flight", "less", "more"} {
				for _, id := range people[kind] {
					if id == i.ID {
						return i.Due
					}
				}
			}
			return ""
		})
		if len(planned) != 1 || !planned[0].Amount.Equal(want) {
			t.Errorf("planned %+v, want %s", planned, want)
		}
		o.meanwhile(people)
		// One charge is answered to nobody: it is asked about, and its item learns of it.
		o.Gateway.Inject(windcavetest.Fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut, Skip: 10})
		_, err = o.runs.Start(background, run.ID, "admin 1", charge.StartOptions{Seen: planned, HandlerOff: true})
		must(t, err)
		o.until(run.ID, time.Hour, charge.Done)
		o.Pass(restful)
		o.ends(run.ID, people)
		o.agree(run.ID)
		o.Check(paymenttest.Histories{AtRest: true})
	})
}

// F08: killed at any write of the journal, the engine's or the run's, and started again: each
// charge at most once, and the run comes to its end.
func TestF08WholeRunIsKilled(t *testing.T) {
	t.Parallel()
	for n := 0; n < 15; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(n, after), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { killedRun(t, n, after) })
			})
		}
	}
}

func killedRun(t *testing.T, n int, after bool) {
	o := newOffice(t)
	people := o.people()
	run := o.plan()
	o.meanwhile(people)
	sums, err := o.runs.Sums(background, run.ID)
	must(t, err)
	if n%3 == 2 { // a write of the run
		o.life.mu.Lock()
		o.life.dieAt, o.life.after = o.life.writes+1+n/3, after
		o.life.mu.Unlock()
	} else {
		o.CrashAt(1+n*5, after)
	}
	_, _ = o.runs.Start(background, run.ID, "admin 1", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
	for begin := time.Now(); !o.Crashed() && !o.life.dead.Load() && time.Since(begin) < time.Minute; {
		o.Pass(10 * time.Millisecond)
	}
	o.Crash()
	o.Pass(time.Second)
	o.revive()
	if run, err = o.runs.Get(background, run.ID); err == nil && run.State == charge.Planned { // it died before the start was written
		_, err = o.runs.Start(background, run.ID, "admin 1", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
	}
	must(t, err)
	o.until(run.ID, time.Hour, charge.Done)
	o.Pass(restful)
	o.agree(run.ID)
	o.Check(paymenttest.Histories{AtRest: true})
	for document, i := range o.items(run.ID) {
		if i.State == charge.ItemPlanned || i.State == charge.ItemCharging || i.State == charge.ItemApproved || i.State == charge.ItemUnknown {
			t.Errorf("item of %d is %s", document, i.State)
		}
	}
	for _, document := range people["good"] { // money was taken, or surely was not
		if i := o.items(run.ID)[document]; i.State != charge.ItemRecorded && i.State != charge.ItemNotCharged {
			t.Errorf("item of %d is %s %s", document, i.State, i.Out)
		}
	}
}

// A run of balances through the real engine: the account is paid, and no invoice is charged twice.
func TestWholeRunOfBalances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.people()
		run, err := o.runs.Plan(background, charge.Order{Sort: charge.Balances, Source: charge.Command, Who: "cron"})
		must(t, err)
		o.until(run.ID, time.Minute, charge.Planned)
		sums, err := o.runs.Sums(background, run.ID)
		must(t, err)
		_, err = o.runs.Start(background, run.ID, "cron", charge.StartOptions{Seen: charge.ToCharge(sums), HandlerOff: true})
		must(t, err)
		o.until(run.ID, time.Hour, charge.Done)
		o.Pass(restful)
		o.agreeBalances(run.ID)
		o.Check(paymenttest.Histories{AtRest: true})
	})
}

// agreeBalances compares deposits: who was charged owes nothing any more.
func (o *office) agreeBalances(id payment.ID) {
	o.t.Helper()
	list, err := o.Store.RunItems(background, id, charge.ItemFilter{}, 0, 10_000)
	must(o.t, err)
	recorded := 0
	for _, i := range list {
		if i.State != charge.ItemRecorded {
			continue
		}
		recorded++
		if d, err := money.Exact(o.Splynx.Deposit(i.Customer), "NZD"); err != nil || !d.IsZero() {
			o.t.Errorf("deposit of customer %d is %s, %v", i.Customer, d, err)
		}
	}
	if recorded == 0 || recorded != len(o.Gateway.Charges()) {
		o.t.Errorf("%d recorded, %d charges", recorded, len(o.Gateway.Charges()))
	}
}
