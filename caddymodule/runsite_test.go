package caddymodule

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// charged is a customer of a run.
type charged struct {
	kind              string
	customer, invoice int64
	number            string
}

// crowd adds n customers whose kinds follow one another.
func (s *site) crowd(n int, kinds ...string) (all []charged) {
	s.tb.Helper()
	for i := range n {
		all = append(all, s.buyer(i, kinds[i%len(kinds)]))
	}
	return all
}

// buyer adds a customer of a kind, who owes one invoice.
func (s *site) buyer(n int, kind string) charged {
	s.tb.Helper()
	due := fmt.Sprintf("%d.%02d", 20+n, n*7%60) // no amount that the simulator declines by itself
	c := splynxtest.Customer{Name: "Private Person", Deposit: "-" + due}
	if kind == "credit" {
		c.Deposit = "5.00"
	}
	status := ""
	if kind == "pending" {
		status = "pending"
	}
	b := charged{kind: kind, customer: s.splynx.AddCustomer(c), number: fmt.Sprintf("2026/1%04d", n)}
	b.invoice = s.splynx.AddInvoice(splynxtest.Invoice{CustomerID: b.customer, Number: b.number, Total: due, Status: status})
	with, dead, expires := windcavetest.CardApproved, "", "12/31"
	switch kind {
	case "funds":
		with = windcavetest.CardDeclined
	case "bank":
		with = windcavetest.CardRefused
	case "stolen":
		dead = "43"
	case "token":
		dead = "JD"
	case "expired":
		expires = "12/20"
	case "no card":
		return b
	}
	id, err := s.gateway.StoreCard("SitePxPost", card(with))
	s.must(err)
	if dead != "" {
		s.must(s.gateway.KillCard(id, dead))
	}
	s.splynx.SetAccountData(b.customer, splynxtest.AddOnAccountID, map[int]string{1: id, 2: with.Number[:6] + "........" + with.Number[14:], 3: "Visa", 4: expires})
	return b
}

// runOf reads what a command about a run has said as JSON.
func (s *site) runOf(got said, code int) (r runAnswer) {
	s.tb.Helper()
	s.wants(got, code)
	s.must(json.Unmarshal([]byte(got.out), &r))
	return r
}

// decode reads what a command has said as JSON, if it could.
func (s *site) decode(got said, into any) bool {
	return got.code == 0 && json.Unmarshal([]byte(got.out), into) == nil
}

// preview makes a preview once the journal is open and compared.
func (s *site) preview(args ...string) runAnswer {
	s.tb.Helper()
	s.until("the journal is compared", func() bool { return strings.Contains(s.ask("health").out, "compared with Splynx 2") })
	return s.runOf(s.ask(append([]string{"charge", "preview", "--json"}, args...)...), 0)
}

// begin starts what the preview has said.
func (s *site) begin(r runAnswer, more ...string) said {
	s.tb.Helper()
	args := append([]string{"charge", "start", string(r.Run.ID), "--handler-off", "--json"}, more...)
	for _, seen := range r.toCharge() {
		args = append(args, "--seen", seen.String())
	}
	return s.ask(args...)
}

func (s *site) status(id payment.ID) runAnswer {
	s.tb.Helper()
	return s.runOf(s.ask("charge", "status", string(id), "--json"), 0)
}

// purchases counts what the gateway was asked to charge, by TxnId.
func (s *site) purchases() map[string]int {
	sent := map[string]int{}
	for _, e := range s.gateway.Log() {
		if e.Op == windcavetest.OpPurchase {
			sent[e.TxnID]++
		}
	}
	return sent
}

// comes waits until a run is in a state and each charge that the gateway has approved is booked.
func (s *site) comes(id payment.ID, state charge.State) (r runAnswer) {
	s.tb.Helper()
	s.until("the run is "+string(state)+" and booked", func() bool {
		r = runAnswer{}
		if !s.decode(s.ask("charge", "status", string(id), "--json"), &r) {
			return false
		}
		return r.Run.State == state && !slices.ContainsFunc(r.Sums, func(s sumView) bool { return s.State == charge.ItemApproved }) && s.allBooked()
	})
	return r
}

// allBooked tells whether Splynx has a payment for each charge.
func (s *site) allBooked() bool {
	booked := map[string]bool{}
	for _, p := range s.splynx.Payments() {
		booked[p.Receipt] = true
	}
	return !slices.ContainsFunc(s.gateway.Charges(), func(c windcavetest.Charge) bool { return !booked[c.TxnID] })
}

// exported reads the result file of a run.
func (s *site) exported(id payment.ID) (rows []map[string]string) {
	s.tb.Helper()
	got := s.ask("export", "run", string(id))
	s.wants(got, 0)
	all, err := csv.NewReader(strings.NewReader(got.out)).ReadAll()
	s.must(err)
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// total adds up, in NZD.
func (s *site) total(numbers []string) currency.Amount {
	s.tb.Helper()
	sum, err := money.Parse("0.00", "NZD")
	s.must(err)
	for _, n := range numbers {
		a, err := money.Exact(n, "NZD")
		s.must(err)
		sum, err = sum.Add(a)
		s.must(err)
	}
	return sum
}

// agree compares what a run says to have taken, to the cent, with both simulators, in the result
// file, in the sums and in the journal of a Caddy that has ended; then it checks the promises.
func (s *site) agree(id payment.ID) []charge.Item {
	s.tb.Helper()
	rows, sums := s.exported(id), s.status(id).Sums
	s.stop()
	s.check()
	store, err := journal.Open(context.Background(), s.journal())
	s.must(err)
	defer store.Close()
	items, err := store.RunItems(context.Background(), id, charge.ItemFilter{}, 0, 100_000)
	s.must(err)
	ours, sent := map[string]bool{}, s.purchases()
	var inJournal, inFile, inSums, atGateway, inSplynx []string
	for _, i := range items {
		ours[string(i.Payment)] = i.Payment != ""
		if i.State == charge.ItemRecorded {
			inJournal = append(inJournal, i.Charged.Number())
		}
		if n := sent[string(i.Payment)]; i.Payment != "" && n > 1 {
			s.tb.Errorf("item %d was sent %d times", i.Seq, n)
		}
	}
	for _, r := range rows {
		if r["state"] == string(charge.ItemRecorded) {
			inFile = append(inFile, r["charged"])
		}
	}
	for _, v := range sums {
		if v.State == charge.ItemRecorded {
			inSums = append(inSums, v.Amount)
		}
	}
	for _, c := range s.gateway.Charges() {
		if ours[c.TxnID] {
			atGateway = append(atGateway, c.Amount)
		}
	}
	for _, p := range s.splynx.Payments() {
		if ours[p.Receipt] {
			inSplynx = append(inSplynx, p.Amount)
		}
	}
	want := s.total(atGateway)
	for side, numbers := range map[string][]string{"journal": inJournal, "result file": inFile, "sums": inSums, "splynx": inSplynx} {
		if got := s.total(numbers); !got.Equal(want) || side != "sums" && len(numbers) != len(atGateway) || !want.IsPositive() {
			s.tb.Errorf("%s: %d, %s; the gateway: %d, %s", side, len(numbers), got, len(atGateway), want)
		}
	}
	if len(rows) != len(items) {
		s.tb.Errorf("%d rows in the result file, %d items", len(rows), len(items))
	}
	return items
}

// slowly has the gateway take its time, as a real one does.
func slowly(d time.Duration) windcavetest.Options {
	return windcavetest.Options{Latency: func(op windcavetest.Op) time.Duration {
		if op == windcavetest.OpPurchase {
			return d
		}
		return 0
	}}
}
