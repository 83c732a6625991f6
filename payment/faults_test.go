package payment_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// F12: the disk is full when the intent is to be written. Nothing is asked of the gateway, and
// once there is room the same form is paid.
func TestF12DiskFullAtTheIntent(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Full(true)
		if p, err := w.Engine.Start(background, w.Order("form-1", "payer")); err == nil {
			t.Errorf("payment is %s (%s)", p.State, p.Reason)
		}
		if n := len(w.Gateway.Log()); n != 0 {
			t.Errorf("the gateway was called %d times", n)
		}
		w.Full(false)
		want(t, start(t, w, "form-1", "payer"), payment.Offered, payment.ReasonPageHad)
	})
}

// F13: the disk fills up while the buyer is on the page. The notification is told to come
// again until the approval can be written, and no browser is shown an outcome before.
func TestF13DiskFullAfterTheApproval(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true, Gateway: windcavetest.Options{NotifySpacing: time.Minute}}, func(t *testing.T, w *world) {
		p := w.Start("form-1")
		w.Full(true)
		back := w.Pay(p, windcavetest.CardApproved)
		w.Pass(150 * time.Second)
		if q, err := w.Return(back); err == nil {
			t.Errorf("the browser is shown %s", q.State)
		}
		want(t, get(w, p.ID), payment.Offered, "")
		w.Full(false)
		w.Until(p.ID, 10*time.Minute, payment.Recorded)
		w.Pass(time.Hour)
		tries := w.Gateway.Notifications()[0].Tries
		if len(tries) < 3 {
			t.Fatalf("the notification came %d times", len(tries))
		}
		for i, try := range tries {
			if status := map[bool]int{false: 503, true: 200}[i == len(tries)-1]; try.Status != status {
				t.Errorf("try %d was answered %d, want %d", i, try.Status, status)
			}
		}
	})
}

// F15: approved, and then every connection breaks off before its answer: the browser's, the
// one about the result, and the one about the payment. It stays open, and is recorded once.
func TestF15CutAfterTheApproval(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Gateway.HoldNotifications(true)
		p := w.Start("form-1")
		w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.RecordThenCut})
		if _, err := w.Gateway.Pay(p.PageURL, windcavetest.CardApproved); err == nil {
			t.Fatal("the browser was answered")
		}
		status := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.RecordThenCut, Times: -1})
		result := w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.RecordThenCut, Times: -1})
		w.Pass(10 * time.Minute)
		w.Gateway.HoldNotifications(false)
		w.Pass(10 * time.Minute)
		if status.Hits() == 0 || result.Hits() == 0 {
			t.Errorf("asked %d and %d times", status.Hits(), result.Hits())
		}
		want(t, get(w, p.ID), payment.Offered, "")
		status.Cancel()
		result.Cancel()
		w.Until(p.ID, time.Hour, payment.Recorded)
		if n := len(w.Gateway.Charges()); n != 1 {
			t.Errorf("%d charges", n)
		}
	})
}

// F16: the gateway answers after we have given up. What it said then is not used, and not
// recorded beside what it says when it is asked again.
func TestF16AnswerAfterTheTimeout(t *testing.T) {
	t.Parallel()
	for name, said := range map[string][]fault{
		"the same":  nil,
		"a decline": {{Op: windcavetest.OpProcess, Kind: windcavetest.Decline}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
				p, back := approve(w)
				w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.DelayAfter, Delay: 2 * time.Minute})
				for _, f := range said {
					w.Gateway.Inject(f)
				}
				if q, err := w.Return(back); err == nil {
					t.Errorf("the outcome is %s", q.State)
				}
				w.Until(p.ID, 90*time.Second, payment.Recorded)
				w.Pass(time.Hour) // the late answer has come
				want(t, get(w, p.ID), payment.Recorded, payment.ReasonBooked)
				if n := len(w.Journal()); n != 1 || len(ours(w)) != 1 {
					t.Errorf("%d rows, %d payments", n, len(ours(w)))
				}
			})
		})
	}
}

// F18: Status does not know the payment while the buyer's own request is still at the bank.
// Of a hosted page that means nothing: it stays open to its end, and what comes later is kept.
func TestF18NotFoundWhileInFlight(t *testing.T) {
	t.Parallel()
	for name, comes := range map[string]struct {
		after time.Duration
		state payment.State
	}{
		"within the page's life": {40 * time.Minute, payment.Offered},
		"after its end":          {2 * time.Hour, payment.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := w.Start("form-1")
				atBank := w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.DelayBefore, Hold: true})
				unknown := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.NotFound, Times: -1})
				w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives})
				paid := make(chan string)
				go func() { paid <- w.Pay(p, windcavetest.CardApproved) }()
				<-atBank.Reached()
				w.Pass(comes.after)
				want(t, get(w, p.ID), comes.state, "")
				if unknown.Hits() < 3 {
					t.Errorf("asked %d times", unknown.Hits())
				}
				atBank.Release()
				if _, err := w.Return(<-paid); err != nil {
					t.Fatal(err)
				}
				w.Until(p.ID, time.Minute, payment.Recorded)
			})
		})
	}
}

// F19: the gateway says that it does not know yet, and then what it was. It is asked with
// growing pauses, and the final word is taken once.
func TestF19NotFinalYet(t *testing.T) {
	t.Parallel()
	for card, state := range map[windcavetest.Card]payment.State{windcavetest.CardApproved: payment.Recorded, windcavetest.CardDeclined: payment.Declined} {
		for _, op := range []windcavetest.Op{windcavetest.OpProcess, windcavetest.OpStatus} {
			t.Run(fmt.Sprint(op, state), func(t *testing.T) {
				t.Parallel()
				seen := new(moves)
				play(t, option{NoPxPost: op == windcavetest.OpProcess, Observer: seen}, func(t *testing.T, w *world) {
					w.Gateway.HoldNotifications(true)
					p := w.Start("form-1")
					pending := w.Gateway.Inject(fault{Op: op, Kind: windcavetest.StatusRequired, Times: -1})
					back := w.Pay(p, card)
					if op == windcavetest.OpProcess {
						if q, err := w.Return(back); err == nil {
							t.Errorf("the outcome is %s", q.State)
						}
					}
					w.Pass(50 * time.Minute)
					want(t, get(w, p.ID), payment.Offered, "")
					if n := pending.Hits(); n < 3 || n > 15 {
						t.Errorf("asked %d times in 50 minutes", n)
					}
					pending.Cancel()
					w.Until(p.ID, 30*time.Minute, state)
					w.Pass(restful)
					if a, d := seen.count(payment.ReasonGatewayApproved), seen.count(payment.ReasonGatewayDeclined); a+d != 1 {
						t.Errorf("approved %d times, declined %d times", a, d)
					}
				})
			})
		}
	}
}

// F25: the gateway refuses our credentials in words like a decline. Nobody is told that the
// card was declined, and the payment goes on when they are right.
func TestF25WrongCredentialsAreNoDecline(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fault{
		"U5": {Kind: windcavetest.CredentialsU5}, "AG": {Kind: windcavetest.CredentialsAG},
		"D5": {Kind: windcavetest.Decline, Value: "D5"},
	} {
		for _, card := range []windcavetest.Card{windcavetest.CardApproved, windcavetest.CardDeclined} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				seen := new(moves)
				play(t, option{Observer: seen}, func(t *testing.T, w *world) {
					w.Gateway.HoldNotifications(true)
					p := w.Start("form-1")
					var orders []*windcavetest.Order
					for _, op := range []windcavetest.Op{windcavetest.OpProcess, windcavetest.OpStatus} {
						kind.Op, kind.Times = op, -1
						orders = append(orders, w.Gateway.Inject(kind))
					}
					if q, err := w.Return(w.Pay(p, card)); err == nil {
						t.Errorf("the outcome is %s", q.State)
					}
					w.Pass(3 * time.Hour)
					if n := seen.count(payment.ReasonGatewayDeclined); n != 0 || get(w, p.ID).HasMoney() {
						t.Errorf("declined %d times, payment is %s", n, get(w, p.ID).State)
					}
					for _, o := range orders {
						o.Cancel()
					}
					if card == windcavetest.CardApproved {
						w.Until(p.ID, 24*time.Hour, payment.Recorded)
					}
				})
			})
		}
	}
}

// F36: the browser comes back, and no notification ever.
func TestF36NotificationLost(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		p, back := approve(w)
		q, err := w.Return(back)
		if err != nil || !q.HasMoney() {
			t.Fatalf("payment %+v, %v", q, err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
	})
}

// F37: two devices, a page each, and both are paid. The second money is not dropped: it goes
// to the customer's balance, and that is said.
func TestF37BothPagesPaid(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.InfoLevel)
	play(t, option{Logger: zap.New(core)}, func(t *testing.T, w *world) {
		w.Gateway.HoldNotifications(true)
		a, b := w.Start("form-a"), w.Start("form-b")
		if a.ID == b.ID {
			t.Fatal("two payers got one page")
		}
		backA, backB := w.Pay(a, windcavetest.CardApproved), w.Pay(b, windcavetest.CardApproved)
		for _, back := range []string{backA, backB, backA} {
			if _, err := w.Return(back); err != nil {
				t.Fatal(err)
			}
		}
		w.Until(a.ID, time.Minute, payment.Recorded)
		w.Until(b.ID, time.Minute, payment.Recorded)
		if i, _ := w.Splynx.Invoice(w.Invoice.ID); i.Due != "0.0000" || unallocated(w) != "57.5000" {
			t.Errorf("due %s, balance %s", i.Due, unallocated(w))
		}
	})
	if logged.FilterMessageSnippet("invoice was not due any more").Len() != 1 {
		t.Error("nobody is told that it was paid twice")
	}
}

// F77: approved, and the booking is parked. Neither the same payer nor another one can charge
// the document or the balance before a person has ended it.
func TestF77ParkedBooking(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 2})
		p := paid(t, w)
		w.Until(p.ID, time.Minute, payment.Parked)
		blocked := func() {
			t.Helper()
			for payer, form := range map[string]string{"payer-form-1": "form-2", "another": "form-3"} {
				if _, err := w.Engine.Start(background, w.Order(form, payer)); !errors.Is(err, payment.ErrInFlight) {
					t.Errorf("%s: got %v, want ErrInFlight", payer, err)
				}
				topUp := w.Order(form+"-balance", payer)
				topUp.Kind, topUp.DocumentID, topUp.DocumentNumber = payment.KindTopUp, 0, ""
				if _, err := w.Engine.Start(background, topUp); !errors.Is(err, payment.ErrInFlight) {
					t.Errorf("%s, the balance: got %v, want ErrInFlight", payer, err)
				}
			}
		}
		blocked()
		w.Pass(restful)
		w.Restart()
		blocked()
		settled(t, w, p.ID, payment.SettleAgain)
		w.Until(p.ID, time.Minute, payment.Recorded)
		w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Due, i.Status = "3", "not_paid" })
		want(t, start(t, w, "form-4", "another"), payment.Offered, "")
	})
}

// F58: Splynx answers with a hundred megabytes, a header of one, or a million brackets. That is
// no answer: nothing is posted twice for it, and the payment goes on.
func TestF58HugeAnswersOfSplynx(t *testing.T) {
	t.Parallel()
	for _, kind := range []splynxtest.Kind{splynxtest.Huge, splynxtest.HugeHeader, splynxtest.Deep} {
		for _, op := range []string{post, list, "VIEW invoices"} {
			t.Run(fmt.Sprint(kind, " ", op), func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					w.Splynx.Inject(trouble{Op: op, Kind: kind, Commit: op == post})
					p := paid(t, w)
					w.Until(p.ID, 20*time.Minute, payment.Recorded)
					if n := len(ours(w)); n != 1 {
						t.Errorf("%d payments", n)
					}
				})
			})
		}
	}
}

// F58: a header of a megabyte around a right answer of the gateway does no harm.
func TestF58BigHeaderOfTheGateway(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.BigHeader, Times: 2})
		p, back := approve(w)
		_, _ = w.Return(back)
		w.Until(p.ID, 10*time.Minute, payment.Recorded)
	})
}
