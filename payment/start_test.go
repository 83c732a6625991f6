package payment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var background = context.Background()

// start is Engine.Start of the world's invoice.
func start(t *testing.T, w *world, formKey, payer string) *payment.Payment {
	t.Helper()
	p, err := w.Engine.Start(background, w.Order(formKey, payer))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// F37: the same form sent by several clicks at once, and again, is one payment.
func TestF37DoubleClick(t *testing.T) {
	t.Parallel()
	play(t, slow(windcavetest.Options{}), func(t *testing.T, w *world) {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { start(t, w, "form-1", "payer") })
		}
		all.Wait()
		again := start(t, w, "form-1", "payer")
		want(t, again, payment.Offered, payment.ReasonPageHad)
		if n := len(w.Journal()); n != 1 || asked(w, windcavetest.OpGenerate) != 1 {
			t.Errorf("%d payments, %d pages", n, asked(w, windcavetest.OpGenerate))
		}
	})
}

// F50: a form that comes again with other values is refused, at whatever moment.
func TestF50FormWithOtherValues(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*payment.Start){
		"amount":   func(s *payment.Start) { s.Amount, _ = money.Parse("0.01", "NZD") },
		"currency": func(s *payment.Start) { s.Amount, _ = money.Parse("57.50", "AUD") },
		"document": func(s *payment.Start) { s.DocumentID++ },
		"customer": func(s *payment.Start) { s.Customer++ },
		"kind":     func(s *payment.Start) { s.Kind = payment.KindTopUp },
		"payer":    func(s *payment.Start) { s.Payer = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, slow(windcavetest.Options{}), func(t *testing.T, w *world) {
				right := w.Order("form-1", "payer")
				wrong := right
				change(&wrong)
				is := func(err error) bool { // another currency is refused before it is looked for
					return errors.Is(err, payment.ErrFormChanged) || errors.Is(err, payment.ErrCurrency)
				}
				refused := func() {
					if _, err := w.Engine.Start(background, wrong); !is(err) {
						t.Errorf("got %v, want ErrFormChanged", err)
					}
				}
				var all sync.WaitGroup
				var mu sync.Mutex
				changed := 0
				for _, s := range []payment.Start{right, wrong} {
					all.Go(func() {
						if _, err := w.Engine.Start(background, s); is(err) {
							mu.Lock()
							changed++
							mu.Unlock()
						} else if err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if changed != 1 {
					t.Errorf("%d of two at once were refused", changed)
				}
				p, err := w.Store.ByFormKey(background, "form-1")
				if err != nil {
					t.Fatal(err)
				}
				if !p.Amount.Equal(right.Amount) || p.DocumentID != right.DocumentID || p.Customer != right.Customer || p.Kind != right.Kind || p.Payer != right.Payer {
					right, wrong = wrong, right
				}
				refused()
				w.Pass(2 * time.Hour)
				refused()
			})
		})
	}
}

// F37: two tabs of one payer, in the same moment, are led to one page.
func TestF37TwoTabsAtOnce(t *testing.T) {
	t.Parallel()
	play(t, slow(windcavetest.Options{}), func(t *testing.T, w *world) {
		var all sync.WaitGroup
		for _, form := range []string{"form-1", "form-2", "form-3"} {
			all.Go(func() { start(t, w, form, "payer") })
		}
		all.Wait()
		if n := len(w.Journal()); n != 1 || asked(w, windcavetest.OpGenerate) != 1 {
			t.Errorf("%d payments, %d pages", n, asked(w, windcavetest.OpGenerate))
		}
	})
}

// F37: the same payer gets the same page while it has ten minutes left; others may start anew.
func TestF37SamePayerSamePage(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		first := start(t, w, "form-1", "payer")
		w.Pass(50*time.Minute - time.Second)
		if p := start(t, w, "form-2", "payer"); p.ID != first.ID || p.PageURL != first.PageURL {
			t.Error("the same payer got another page")
		}
		if p := start(t, w, "form-3", "another"); p.ID == first.ID {
			t.Error("another payer got this payer's page")
		}
		if p := start(t, w, "form-4", ""); p.ID == first.ID {
			t.Error("nobody in particular got this payer's page")
		}
		w.Pass(2 * time.Second)
		if p := start(t, w, "form-5", "payer"); p.ID == first.ID {
			t.Error("a page with less than ten minutes left was given out")
		}
	})
}

// A page for another amount than is due now is not given out again.
func TestSamePayerOtherAmount(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		first := start(t, w, "form-1", "payer")
		w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Due = "20" })
		if p := start(t, w, "form-2", "payer"); p.ID == first.ID || p.Amount.Number() != "20.00" {
			t.Errorf("got payment %s for %s", p.ID, p.Amount)
		}
	})
}

// A form whose payment has ended is answered with that payment: it charges nothing again.
func TestFormOfAnEndedPayment(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := start(t, w, "form-1", "payer")
		order := w.Order("form-1", "payer")
		if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
		if q, err := w.Engine.Start(background, order); err != nil || q.ID != p.ID || asked(w, windcavetest.OpGenerate) != 1 {
			t.Errorf("payment %+v, %v", q, err)
		}
	})
}

// F20, as far as a page: an answer that cannot be read gives no page. GenerateRequest is never
// repeated with the same TxnId: an unclear one is followed by one new payment with a TxnId of
// its own; a refused one by none.
func TestF20PageNotHad(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault    fault
		times    int
		pages    int // GenerateRequests that the gateway has got
		payments int
		state    payment.State
		why      payment.Reason
	}{
		{fault{Kind: windcavetest.RecordThenCut}, 1, 2, 2, payment.Offered, payment.ReasonPageHad},
		{fault{Kind: windcavetest.RecordThenCut}, -1, 2, 2, payment.NotOffered, payment.ReasonPageUnclear},
		{fault{Kind: windcavetest.CutBefore}, 1, 2, 2, payment.Offered, payment.ReasonPageHad},
		{fault{Kind: windcavetest.HTML}, 1, 2, 2, payment.Offered, payment.ReasonPageHad},
		{fault{Kind: windcavetest.Empty, Recorded: true}, 1, 2, 2, payment.Offered, payment.ReasonPageHad},
		{fault{Kind: windcavetest.HalfXML}, 1, 2, 2, payment.Offered, payment.ReasonPageHad},
		{fault{Kind: windcavetest.HTTPStatus, N: 500}, -1, 2, 2, payment.NotOffered, payment.ReasonPageUnclear},
		{fault{Kind: windcavetest.DelayAfter, Delay: time.Minute}, 1, 2, 2, payment.Offered, payment.ReasonPageHad},
		{fault{Kind: windcavetest.CredentialsU5}, -1, 1, 1, payment.NotOffered, payment.ReasonPageRefused},
		{fault{Kind: windcavetest.CredentialsAG}, -1, 1, 1, payment.NotOffered, payment.ReasonPageRefused},
	} {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				tt.fault.Op, tt.fault.Times = windcavetest.OpGenerate, tt.times
				w.Gateway.Inject(tt.fault)
				p := start(t, w, "form-1", "payer")
				want(t, p, tt.state, tt.why)
				if q := start(t, w, "form-1", "payer"); q.ID != p.ID {
					t.Error("the same form gave another payment")
				}
				if n, m := asked(w, windcavetest.OpGenerate), len(w.Journal()); n != tt.pages || m != tt.payments {
					t.Errorf("%d pages asked for, %d payments; want %d, %d", n, m, tt.pages, tt.payments)
				}
				seen := map[string]bool{}
				for _, e := range w.Gateway.Log() {
					if e.Op == windcavetest.OpGenerate && seen[e.TxnID] {
						t.Errorf("TxnId %s was used twice", e.TxnID)
					}
					seen[e.TxnID] = true
				}
			})
		})
	}
}

// F17: what surely did not go out is no reason for a second try by itself; the payer may try.
func TestF17GatewayUnreachable(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.GatewayUnreachable(true)
		want(t, start(t, w, "form-1", "payer"), payment.NotOffered, payment.ReasonGatewayUnreachable)
		if n := len(w.Journal()); n != 1 {
			t.Errorf("%d payments", n)
		}
		w.GatewayUnreachable(false)
		want(t, start(t, w, "form-2", "payer"), payment.Offered, payment.ReasonPageHad)
	})
}

// F03: a page whose address nobody learned can still be paid: the gateway is asked, and a
// result is believed.
func TestF03PageThatNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"told": true, "found by Status": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages := new(lostPages)
			play(t, option{OnGateway: pages.over}, func(t *testing.T, w *world) {
				w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.CredentialsU5, Skip: 1})
				pages.lose(1)
				p := start(t, w, "form-1", "payer") // the second try is refused
				want(t, p, payment.NotOffered, payment.ReasonPageRefused)
				if !told {
					w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
				}
				lost := w.Journal()[0]
				if lost.ID == p.ID {
					lost = w.Journal()[1]
				}
				lost.PageURL = pages.address()
				w.Pay(lost, windcavetest.CardApproved)
				w.Until(lost.ID, 5*time.Minute, payment.Recorded)
			})
		})
	}
}

// F02, and F03 after the call: killed before the page was stored. The person has moved on, the
// payment is not started any more, and late truth still wins.
func TestF02KilledBeforeThePage(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]int{"before the call": 1, "after the call": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages := new(lostPages)
			play(t, option{OnGateway: pages.over}, func(t *testing.T, w *world) {
				w.CrashAt(write, write == 1) // after the intent; before the answer
				if _, err := w.Engine.Start(background, w.Order("form-1", "payer")); err == nil {
					t.Fatal("the process did not die")
				}
				page := pages.address()
				w.Revive()
				p := w.Journal()[0]
				again := start(t, w, "form-2", "payer")
				if again.ID == p.ID {
					t.Error("a payment that nobody knows was given out")
				}
				want(t, w.Until(p.ID, 2*time.Minute, payment.NotStarted), payment.NotStarted, payment.ReasonInterrupted)
				if n := asked(w, windcavetest.OpGenerate); n != write {
					t.Errorf("%d pages asked for", n)
				}
				if write == 2 {
					p.PageURL = page
					w.Pay(p, windcavetest.CardApproved)
					w.Until(p.ID, 5*time.Minute, payment.Recorded)
				}
			})
		})
	}
}

// F77: money under way for a document blocks a new charge of it, of whomever; another
// document is free, and so is this one once all is done.
func TestF77InFlightBlocks(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.SetOutage(true)
		p, back := approve(w)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Engine.Start(background, w.Order("form-2", "another")); !errors.Is(err, payment.ErrInFlight) {
			t.Errorf("got %v, want ErrInFlight", err)
		}
		topUp := w.Order("form-3", "another")
		topUp.Kind, topUp.DocumentID, topUp.DocumentNumber = payment.KindTopUp, 0, ""
		if _, err := w.Engine.Start(background, topUp); !errors.Is(err, payment.ErrInFlight) {
			t.Errorf("got %v, want ErrInFlight", err)
		}
		other := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/0043", Total: "10"})
		if _, err := w.Engine.Start(background, w.OrderOf(other, "form-4", "another")); err != nil {
			t.Error(err)
		}
		w.Splynx.SetOutage(false)
		w.Until(p.ID, 30*time.Minute, payment.Recorded)
		w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Due, i.Status = "3", "not_paid" })
		want(t, start(t, w, "form-5", "another"), payment.Offered, "")
	})
}

// A statement and its record are a courtesy: whatever happens to them, the payment goes on.
func TestRecordNeverStopsAPayment(t *testing.T) {
	t.Parallel()
	for _, op := range []string{
		"LIST bank-statements", "POST bank-statements", "POST bank-statements-records", "LIST bank-statements-records",
	} {
		for name, f := range map[string]splynxtest.Fault{
			"500": {Kind: splynxtest.Status}, "403": {Kind: splynxtest.Status, Status: 403}, "422": {Kind: splynxtest.Status, Status: 422},
			"unanswered": {Kind: splynxtest.Late}, "garbage": {Kind: splynxtest.Garbage, Commit: true}, "empty": {Kind: splynxtest.Empty, Commit: true},
		} {
			t.Run(op+" "+name, func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					f.Op, f.Times = op, 4 // for as long as the payer is waiting
					if f.Status == 403 {
						f.Times = -1
					}
					w.Splynx.Inject(f)
					begin := time.Now()
					p := start(t, w, "form-1", "payer")
					want(t, p, payment.Offered, "")
					if d := time.Since(begin); d > 15*time.Second {
						t.Errorf("the payer waited %s", d)
					}
					if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
						t.Fatal(err)
					}
					w.Until(p.ID, 20*time.Minute, payment.Recorded)
				})
			})
		}
	}
}

// A key that may not change records does not keep a payment from being recorded.
func TestRecordCannotBeChanged(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.Inject(splynxtest.Fault{Op: "PUT bank-statements-records", Kind: splynxtest.Status, Status: 403, Times: -1})
		p := start(t, w, "form-1", "payer")
		if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
	})
}

// F33: two payments that start at once share one statement.
func TestF33OneStatement(t *testing.T) {
	t.Parallel()
	for name, daily := range map[string]bool{"monthly": false, "daily": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{Settings: payment.Settings{StatementsDaily: daily}}, func(t *testing.T, w *world) {
				var all sync.WaitGroup
				for _, payer := range []string{"a", "b", "c", "d"} {
					all.Go(func() { start(t, w, "form-"+payer, payer) })
				}
				all.Wait()
				if n := len(w.Splynx.Statements()); n != 1 {
					t.Errorf("%d statements", n)
				}
				if n := len(w.Splynx.Records()); n != 4 {
					t.Errorf("%d records", n)
				}
			})
		})
	}
}

// The record of a payment ends with it.
func TestRecordFollowsThePayment(t *testing.T) {
	t.Parallel()
	for status, end := range map[string]func(*world, *payment.Payment){
		"error":     func(w *world, p *payment.Payment) { w.Pay(p, windcavetest.CardDeclined) },
		"canceled":  func(w *world, p *payment.Payment) { _, _ = w.Gateway.Cancel(p.PageURL) },
		"processed": func(w *world, p *payment.Payment) { w.Pay(p, windcavetest.CardApproved) },
		"canceled.": func(*world, *payment.Payment) {},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := start(t, w, "form-1", "payer")
				if r := w.Splynx.Records()[0]; r.Status != "new" || r.Additional[0] != string(p.ID) || r.InvoiceID != w.Invoice.ID {
					t.Errorf("record %+v", r)
				}
				end(w, p)
				w.Pass(2 * time.Hour)
				if r := w.Splynx.Records()[0]; r.Status != status && r.Status+"." != status {
					t.Errorf("record is %s", r.Status)
				}
			})
		})
	}
}

// A payer who leaves in the middle leaves no half payment.
func TestPayerLeaves(t *testing.T) {
	t.Parallel()
	play(t, slow(windcavetest.Options{}), func(t *testing.T, w *world) {
		ctx, leave := context.WithCancel(background)
		leave()
		p, err := w.Engine.Start(ctx, w.Order("form-1", "payer"))
		if err != nil {
			t.Fatal(err)
		}
		want(t, p, payment.Offered, payment.ReasonPageHad)
		if len(w.Splynx.Records()) != 1 {
			t.Error("no statement record")
		}
	})
}

// No credentials, no intent.
func TestStartWithoutCredentials(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		none := w.Generation(paymenttest.Options{Currency: "NZD"})
		none.Default.PxPay = nil
		w.Engine.Push(none)
		if _, err := w.Engine.Start(background, w.Order("form-1", "payer")); !errors.Is(err, payment.ErrNoCredentials) {
			t.Errorf("got %v, want ErrNoCredentials", err)
		}
		w.Engine.Remove(none)
		w.Engine.Remove(w.Gen)
		w.Engine.Remove(w.Gen)
		if _, err := w.Engine.Start(background, w.Order("form-1", "payer")); !errors.Is(err, payment.ErrNoGeneration) {
			t.Errorf("got %v, want ErrNoGeneration", err)
		}
	})
}
