package payment_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var (
	seeds = flag.Int("seeds", 0, "how many stories TestSeeds tells, at random; 0: a few, always the same")
	seed  = flag.Uint64("seed", 0, "the one story that TestSeeds tells")
)

// Stories at random: several payers and invoices, several attempts, faults of both
// simulators, staff at work, restarts and crashes. Whatever happened: once the faults are
// over and time has passed, the three promises hold. A story that fails is told again by its
// number: go test ./payment -run TestSeeds -seed NUMBER; -seeds 500 tells that many new ones.
func TestSeeds(t *testing.T) {
	t.Parallel()
	numbers := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 278650919, 851967980, 444035299, 60779517} // the last ones have found something
	for i := range *seeds {
		numbers = append(numbers[:i], rand.Uint64N(1_000_000_000)+100)
	}
	if *seed != 0 {
		numbers = []uint64{*seed}
	}
	for _, n := range numbers {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { tell(t, n) })
		})
	}
}

func tell(t *testing.T, n uint64) {
	r := rand.New(rand.NewPCG(n, 0))
	w := paymenttest.New(t, option{
		Gateway: windcavetest.Options{
			Seed: n, Notify: windcavetest.Moment(r.IntN(3)), NotifyDelay: time.Minute, NotifySpacing: time.Duration(r.IntN(60)) * time.Second,
			Latency: func(windcavetest.Op) time.Duration { return time.Duration(n%500) * time.Millisecond },
		},
		Settings: payment.Settings{RefundSecond: r.IntN(2) == 0, RefundUnbookable: r.IntN(2) == 0},
		Splynx:   splynxtest.Options{Seed: n, Style: splynxtest.Style(r.IntN(2)), ErrorLists: r.IntN(2) == 0},
	})
	prove(t, w)
	s := &story{t: t, r: r, w: w, invoices: []int64{w.Invoice.ID}, restores: r.IntN(2) == 0}
	another := w.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
	for i, c := range []int64{w.Customer, another, another} {
		s.invoices = append(s.invoices, w.Splynx.AddInvoice(invoice{CustomerID: c, Number: fmt.Sprint("2026/10", i), Total: "57.50"}))
	}
	s.weather()
	for range 10 + r.IntN(30) {
		s.step()
	}
	s.calm()
	w.Pass(restful)
	w.Check(paymenttest.Histories{AtRest: true, Second: s.second})
	if t.Failed() {
		t.Logf("told again by -run TestSeeds -seed %d", n)
	}
}

// story is one random sequence of what people, machines and luck do.
type story struct {
	t        *testing.T
	r        *rand.Rand
	w        *world
	invoices []int64
	forms    int
	pages    []*payment.Payment
	returns  []string
	orders   []*windcavetest.Order
	second   bool

	restores bool // of one journal two charges on one page are kept apart, of two nobody could
	backup   string
	backedUp time.Time
	restored bool
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// weather makes Splynx misbehave now and then. A search that misses rows and a POST that
// nobody knows of are not in one story: nothing finds a row that is never shown.
func (s *story) weather() {
	all := []trouble{
		{Kind: splynxtest.Status, Status: 503},
		{Kind: splynxtest.Status, Status: 429},
		{Kind: splynxtest.Status, Status: 401},
		{Kind: splynxtest.Refuse},
		{Kind: splynxtest.LoginPage},
		{Kind: splynxtest.IgnoreFilter},
		{Kind: splynxtest.Slow, Delay: 3 * time.Second},
		{Op: post, Kind: splynxtest.Status, Status: 422},
	}
	if s.r.IntN(3) == 0 {
		all = append(all, trouble{Kind: splynxtest.MissNewest}, trouble{Op: post, Kind: splynxtest.Garbage, Commit: true}, trouble{Op: post, Kind: splynxtest.NoID, Commit: true})
	} else {
		all = append(all,
			trouble{Kind: splynxtest.Status}, trouble{Kind: splynxtest.Status, Commit: true}, trouble{Kind: splynxtest.Cut}, trouble{Kind: splynxtest.Cut, Commit: true},
			trouble{Op: post, Kind: splynxtest.Late, Delay: time.Duration(s.r.IntN(15)) * time.Minute}, trouble{Kind: splynxtest.Slow, Delay: 40 * time.Second},
			trouble{Kind: splynxtest.Empty, Commit: true}, trouble{Kind: splynxtest.Truncated}, trouble{Kind: splynxtest.Garbage, Commit: true})
	}
	for _, f := range all {
		if f.Op == "" {
			f.Op = "*"
		}
		if s.r.IntN(2) == 0 {
			f.Rate, f.Times = 1+s.r.IntN(15), -1
			s.w.Splynx.Inject(f)
		}
	}
}

// calm ends all faults.
func (s *story) calm() {
	s.w.Splynx.ClearFaults()
	s.w.Splynx.SetOutage(false)
	s.w.GatewayUnreachable(false)
	s.w.Gateway.HoldNotifications(false)
	for _, o := range s.orders {
		o.Cancel()
	}
	s.w.Revive()
	if !s.second && !s.restored {
		return
	}
	// Status tells of one charge for each TxnId, and a restored journal finds a page by its
	// statement record, if there is one. Else only the token tells, so that has to come through
	// in the end.
	for i := range s.w.Gateway.Notifications() {
		s.w.Pass(time.Minute)
		if _, err := s.w.Gateway.SendNotification(i); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *story) step() {
	steps := []func(){
		s.start, s.start, s.start, s.pay, s.pay, s.pay, s.pay, s.comeBack, s.comeBack, s.gateway, s.gateway, s.staff,
		s.wait, s.wait, s.wait, s.die, s.die, s.cut, s.stranger, s.settle, s.back, s.back,
		s.charge, s.charge, s.charge, s.checkCard, s.checkCard, s.refund,
	}
	pick(s.r, steps)()
	if s.w.Crashed() {
		s.w.Revive()
	}
}

func (s *story) start() {
	s.forms++
	form := s.forms - s.r.IntN(2) // an old one now and then
	p, err := s.w.Engine.Start(background, s.w.OrderOf(pick(s.r, s.invoices), fmt.Sprint("form-", form), fmt.Sprint("payer-", s.r.IntN(3))))
	if err == nil && p.PageURL != "" {
		s.pages = append(s.pages, p)
	}
}

// charge charges the saved card, if there is one.
func (s *story) charge() {
	s.forms++
	card, err := s.w.Engine.Card(background, 1, s.w.Customer)
	if err != nil || card.Key == "" && s.r.IntN(2) == 0 {
		return
	}
	if card.Key == "" {
		s.w.PutCard(pick(s.r, []windcavetest.Card{windcavetest.CardApproved, windcavetest.CardApproved, windcavetest.CardDeclined}))
		return
	}
	order := s.w.OrderOf(pick(s.r, s.invoices), fmt.Sprint("form-", s.forms-s.r.IntN(2)), "customer-1")
	order.Card = card.Used()
	p, err := s.w.Engine.Charge(background, order)
	if err != nil || !slices.ContainsFunc(s.w.Splynx.Records(), func(r splynxtest.Record) bool { return r.Additional[0] == string(p.ID) }) {
		s.backup = "" // nothing tells a journal from before of this charge
	}
}

// refund has the office give back a part of something.
func (s *story) refund() {
	for _, p := range s.w.Journal() {
		if p.State != payment.Recorded || s.r.IntN(3) == 0 {
			continue
		}
		s.forms++
		part := pick(s.r, []string{"1.00", "10.00", "57.50"})
		r, err := s.w.Engine.Refund(background, payment.Refund{Of: p.ID, Amount: nzd(s.t, part), FormKey: fmt.Sprint("back-", s.forms-s.r.IntN(2)), Reason: "asked for", Who: "office"})
		if err != nil || r != nil {
			s.backup = "" // nothing tells a journal from before of this refund
		}
		return
	}
}

func (s *story) checkCard() {
	s.forms++
	p, err := s.w.Engine.Start(background, s.w.CheckCard(fmt.Sprint("card-", s.forms-s.r.IntN(2))))
	if err == nil && p.PageURL != "" {
		s.pages = append(s.pages, p)
	}
}

func (s *story) pay() {
	if len(s.pages) == 0 {
		return
	}
	p := pick(s.r, s.pages)
	if time.Since(p.CreatedAt) > 60*time.Hour {
		return // after the last question nobody could find out
	}
	card := pick(s.r, []windcavetest.Card{windcavetest.CardApproved, windcavetest.CardApproved, windcavetest.CardDeclined, windcavetest.CardRefused})
	back, err := s.w.Gateway.Pay(p.PageURL, card)
	if s.r.IntN(6) == 0 {
		back, err = s.w.Gateway.Cancel(p.PageURL)
	}
	if err == nil {
		s.returns = append(s.returns, back)
		if s.r.IntN(2) == 0 {
			_, _ = s.w.Return(back)
		}
	}
}

func (s *story) comeBack() {
	if len(s.returns) > 0 {
		back := pick(s.r, s.returns)
		if s.r.IntN(5) == 0 && len(s.pages) > 0 { // to another payment
			back = to(s.t, pick(s.r, s.pages).ID, back)
		}
		_, _ = s.w.Return(back)
	}
}

func (s *story) stranger() {
	id := payment.ID("AAAAAAAAAAAAAAAA")
	if len(s.pages) > 0 && s.r.IntN(3) > 0 {
		id = pick(s.r, s.pages).ID
	}
	_, _ = s.w.Return(forged(id, fmt.Sprint(s.r.IntN(10))))
}

// gateway orders a fault of the gateway. An answer that tells of another payment, or of a
// decline, where there was an approval, is believed; of a second charge on a page nobody else
// tells, so these are not among them.
func (s *story) gateway() {
	f := pick(s.r, []fault{
		{Op: windcavetest.OpGenerate, Kind: windcavetest.RecordThenCut},
		{Op: windcavetest.OpGenerate, Kind: windcavetest.CutBefore},
		{Op: windcavetest.OpGenerate, Kind: windcavetest.HTML},
		{Op: windcavetest.OpGenerate, Kind: windcavetest.CredentialsU5},
		{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives},
		{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives},
		{Op: windcavetest.OpProcess, Kind: windcavetest.CutBefore},
		{Op: windcavetest.OpProcess, Kind: windcavetest.HalfXML},
		{Op: windcavetest.OpProcess, Kind: windcavetest.StatusRequired},
		{Op: windcavetest.OpProcess, Kind: windcavetest.DelayAfter, Delay: 25 * time.Second},
		{Op: windcavetest.OpProcess, Kind: windcavetest.OtherAmount},
		{Op: windcavetest.OpStatus, Kind: windcavetest.CutBefore},
		{Op: windcavetest.OpStatus, Kind: windcavetest.NotFound},
		{Op: windcavetest.OpStatus, Kind: windcavetest.StatusRequired},
		{Op: windcavetest.OpStatus, Kind: windcavetest.OtherAmount},
		{Op: windcavetest.OpPage, Kind: windcavetest.RecordThenCut},
		{Op: windcavetest.OpPage, Kind: windcavetest.Surcharge},
		{Op: windcavetest.OpPage, Kind: windcavetest.OtherAmount},
		{Op: windcavetest.OpPage, Kind: windcavetest.OtherReference},
		{Op: windcavetest.OpPage, Kind: windcavetest.ApproveTwice},
		{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain},
		{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop},
		{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyRepeat, N: 3},
		{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyFirst},
		{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut},
		{Op: windcavetest.OpPurchase, Kind: windcavetest.CutBefore},
		{Op: windcavetest.OpPurchase, Kind: windcavetest.StatusRequired},
		{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayBefore, Delay: 100 * time.Second},
		{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayAfter, Delay: 200 * time.Second},
		{Op: windcavetest.OpPurchase, Kind: windcavetest.HalfXML},
		{Op: windcavetest.OpPurchase, Kind: windcavetest.CredentialsU5},
		{Op: windcavetest.OpRefund, Kind: windcavetest.RecordThenCut},
		{Op: windcavetest.OpRefund, Kind: windcavetest.CutBefore},
		{Op: windcavetest.OpRefund, Kind: windcavetest.CredentialsU5},
	})
	f.Times = 1 + s.r.IntN(3)
	if second := f.Kind == windcavetest.ApproveTwice || f.Kind == windcavetest.PayAgain; second && s.restores {
		return
	} else if second {
		s.second = true
	}
	s.orders = append(s.orders, s.w.Gateway.Inject(f))
}

// staff pay, change or delete an invoice.
func (s *story) staff() {
	id := pick(s.r, s.invoices)
	switch i, _ := s.w.Splynx.Invoice(id); s.r.IntN(5) {
	case 0:
		if i.Status == "not_paid" {
			s.w.Splynx.PayInvoice(id)
		}
	case 1:
		s.w.Splynx.ChangeInvoice(id, func(i *invoice) { i.Total, i.Due, i.Status = "99.9949", "99.9949", "not_paid" })
	case 2:
		s.w.Splynx.ChangeInvoice(id, func(i *invoice) { i.Due = "12.005" })
	case 3:
		s.w.Splynx.DeleteInvoice(id)
	case 4:
		if records := s.w.Splynx.Records(); len(records) > 0 {
			_, _ = s.w.Splynx.PairByHand(pick(s.r, records).ID)
		}
	}
}

func (s *story) wait() {
	s.w.Pass(time.Duration(s.r.IntN(1000)) * pick(s.r, []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second, time.Second, 30 * time.Second}))
}

// die ends the process, now or soon, as it should or not.
func (s *story) die() {
	switch s.r.IntN(4) {
	case 0:
		s.w.Restart()
	case 1:
		s.w.Crash()
	default:
		s.w.CrashAt(1+s.r.IntN(6), s.r.IntN(2) == 0)
	}
}

// cut makes Splynx or the gateway go away, or come back.
func (s *story) cut() {
	on := s.r.IntN(2) == 0
	switch s.r.IntN(3) {
	case 0:
		s.w.Splynx.SetOutage(on)
	case 1:
		s.w.GatewayUnreachable(on)
	case 2:
		s.w.Gateway.HoldNotifications(on)
	}
}

// settle has the office look at something that is parked.
func (s *story) settle() {
	for _, p := range s.w.Journal() {
		if p.State == payment.Parked {
			how := payment.SettleAgain
			if !p.HasMoney() && s.r.IntN(3) == 0 {
				how = payment.SettleNotPaid
			}
			_, _ = s.w.Engine.Settle(background, p.ID, how, "looked it up", "office")
			return
		}
	}
}

// back takes a backup, or puts the last one back, as long as what came after it can be found.
func (s *story) back() {
	switch {
	case !s.restores:
	case s.backup == "" || time.Since(s.backedUp) > 48*time.Hour:
		s.backup, s.backedUp = s.w.Backup(), time.Now()
	case s.r.IntN(2) == 0 && !s.gaveBack():
		s.restored = true
		s.w.Restore(s.backup)
	}
}

// gaveBack tells whether money that could be booked was given back since the backup: nothing tells
// a journal from before of it.
func (s *story) gaveBack() bool {
	checks := map[payment.ID]bool{} // their money is never booked
	for _, p := range s.w.Journal() {
		checks[p.ID] = p.Kind == payment.KindCardCheck
	}
	return slices.ContainsFunc(s.w.Journal(), func(p *payment.Payment) bool {
		return p.Kind == payment.KindRefund && p.CreatedAt.After(s.backedUp) && !checks[p.Of]
	})
}
