package payment_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const (
	listPayments = "LIST payments"
	listRecords  = "LIST bank-statements-records"
)

func health(t *testing.T, w *world) payment.Health {
	t.Helper()
	h, err := w.Engine.Health(background)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// booked has a payment of ours in Splynx that an engine with another journal has made.
func booked(t *testing.T, w *world) (p *payment.Payment, row int64) {
	t.Helper()
	p = paid(t, w)
	p = w.Until(p.ID, time.Minute, payment.Recorded)
	return p, p.Booking.PaymentID
}

// plant puts a payment into Splynx that looks as if we had made it.
func plant(w *world, receipt string, field string) int64 {
	p := splynxtest.Payment{CustomerID: w.Customer, Receipt: receipt, Amount: "3.00", AddedBy: "api", Date: time.Now().Format(time.DateOnly)}
	p.Fields[4] = field
	return w.Splynx.InsertPayment(p)
}

// F74: a new journal over a Splynx that has payments of ours: nothing is charged without the
// card's holder until a person accepts it; hosted payments go on. What is found later counts
// again.
func TestF74LostJournalIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		w := paymenttest.New(t, option{Logger: zap.New(core)})
		prove(t, w)
		if err := w.Engine.Trusted(background); err != nil {
			t.Errorf("not trusted: %v", err)
		}
		_, row := booked(t, w)
		w.Pass(200 * time.Hour) // too long ago for its page to be asked about
		w.LoseJournal()
		told := func() int { return logs.FilterMessageSnippet("splynx has payments of ours").Len() }
		want := func(n int, rows ...int64) {
			t.Helper()
			old := health(t, w).Journal.Old
			if err := w.Engine.Trusted(background); !errors.Is(err, payment.ErrJournalOld) || old == nil || old.Count != n || fmt.Sprint(old.Payments) != fmt.Sprint(rows) {
				t.Errorf("trusted %v, old %+v, want %v", err, old, rows)
			}
		}
		want(1, row)
		if told() != 1 {
			t.Errorf("told %d times at once", told())
		}
		w.Pass(49 * time.Hour)
		if told() != 3 {
			t.Errorf("told %d times in two days", told())
		}
		w.Restart() // it is known, and known to be not accepted
		want(1, row)
		another := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/0043", Total: "5"})
		if p, err := w.Engine.Start(background, w.OrderOf(another, "form-2", "payer")); err != nil || p.State != payment.Offered {
			t.Errorf("a hosted payment is %+v, %v", p, err)
		}
		accept(t, w)
		w.Restart()
		if err := w.Engine.Trusted(background); err != nil {
			t.Errorf("not trusted: %v", err)
		}
		if a := health(t, w).Journal.Accepted; a == nil || a.Who != "anna" || a.UpTo != row || a.At.IsZero() {
			t.Errorf("accepted %+v", a)
		}
		plant(w, "2026-1-0007", "") // by hand
		later := plant(w, "STRANGER00000001", "")
		w.Restart()
		want(1, later)
		again := plant(w, "", "STRANGER00000002")
		w.Restart()
		want(2, again, later)
		before := told()
		accept(t, w)
		w.Pass(48 * time.Hour)
		if told() != before {
			t.Error("told after it was accepted")
		}
	})
}

func accept(t *testing.T, w *world) {
	t.Helper()
	for range 2 {
		if err := w.Engine.Accept(background, "anna"); err != nil {
			t.Error(err)
		}
	}
	if err := w.Engine.Trusted(background); err != nil {
		t.Errorf("not trusted: %v", err)
	}
	if err := w.Engine.Accept(background, ""); err == nil {
		t.Error("accepted by nobody")
	}
}

// What only looks like a number of ours is not held against the journal.
func TestNumbersOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, option{})
		prove(t, w)
		for _, number := range []string{"1234567890123456", "00000000abcdef01", "2026-1-0001", "ABCDEFGHIJKLMNO", ""} {
			plant(w, number, number)
		}
		w.LoseJournal()
		if h := health(t, w); h.Journal.Old != nil || !h.Journal.Compared {
			t.Errorf("journal %+v", h.Journal)
		}
	})
}

// A journal is compared back to where it was compared before, and no further; a new one as
// far back as the bounds say.
func TestHowFarBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, option{})
		plant(w, "STRANGER00000000", "")
		w.Pass(40 * 24 * time.Hour)
		bottom := plant(w, "STRANGER00000001", "")
		for n := range 450 {
			plant(w, fmt.Sprint("2026-1-", n), "")
		}
		calls := func() (n int) {
			for _, e := range w.Splynx.Log() {
				if e.Method == "GET" && e.Resource == "payments" && e.ID == 0 && !strings.Contains(e.Search, "receipt_number") {
					n++
				}
			}
			return n
		}
		before := calls()
		w.LoseJournal()
		if old := health(t, w).Journal.Old; old == nil || old.Count != 1 || old.UpTo != bottom {
			t.Errorf("old %+v, want %d", old, bottom)
		}
		if n := calls() - before; n != 4 { // three pages, and the one that proves the search
			t.Errorf("%d questions", n)
		}
		before = calls()
		w.Restart()
		if n := calls() - before; n != 1 {
			t.Errorf("%d questions at the next start", n)
		}
	})
}

// A Splynx that does not tell older rows tells the newest, and the journal is free.
func TestSplynxWithoutOlderRows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, option{})
		for n := range 250 {
			plant(w, fmt.Sprint("2026-1-", n), "")
		}
		stranger := plant(w, "STRANGER00000001", "")
		w.Splynx.Inject(trouble{Op: listPayments, Kind: splynxtest.IgnoreFilter, Skip: 1, Times: -1})
		w.LoseJournal()
		if old := health(t, w).Journal.Old; old == nil || old.UpTo != stranger {
			t.Errorf("old %+v", old)
		}
		w.Start("form-1")
	})
}

// A new journal is held until it was compared; one that goes on is not.
func TestHeld(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.SetOutage(true)
		w.Restart()
		w.Start("form-1")
		if err := w.Engine.Trusted(background); !errors.Is(err, payment.ErrHeld) {
			t.Errorf("trusted: %v, want ErrHeld", err)
		}
		if err := w.Engine.Accept(background, "anna"); !errors.Is(err, payment.ErrHeld) {
			t.Errorf("accept: %v, want ErrHeld", err)
		}
		w.LoseJournal()
		for range 3 {
			if _, err := w.Engine.Start(background, w.Order("form-2", "payer")); !errors.Is(err, payment.ErrHeld) {
				t.Errorf("got %v, want ErrHeld", err)
			}
			w.Restart() // it stays held
		}
		if j := health(t, w).Journal; j.Held == nil || j.Held.Why != payment.HeldNew || j.Compared || j.CompareError == "" {
			t.Errorf("journal %+v", j)
		}
		if n := len(w.Journal()); n != 0 {
			t.Errorf("%d payments", n)
		}
		w.Splynx.SetOutage(false)
		w.Pass(6 * time.Minute)
		w.Start("form-2")
		if j := health(t, w).Journal; j.Held != nil || !j.Compared || j.ComparedAt.IsZero() || j.CompareError != "" {
			t.Errorf("journal %+v", j)
		}
	})
}

// Somebody who comes while the comparison is about to end waits for it.
func TestHeldForAMoment(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.Inject(trouble{Op: listPayments, Kind: splynxtest.Slow, Delay: 3 * time.Second})
		w.LoseJournal()
		begin := time.Now()
		w.Start("form-1")
		if d := time.Since(begin); d < time.Second || d > 3*time.Second {
			t.Errorf("waited %s", d)
		}
	})
}

// A key that may not see statement records holds nothing up, and it is said what that means.
func TestHeldWithoutRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		w := paymenttest.New(t, option{Logger: zap.New(core)})
		w.Splynx.Inject(trouble{Op: listRecords, Kind: splynxtest.Status, Status: 403, Times: -1})
		w.LoseJournal()
		w.Start("form-1")
		if n := logs.FilterMessageSnippet("may not search statement records").Len(); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

// The journal is lost while a page is open or just paid, and nobody comes back: the statement
// record leads to the money, at once or as late as for any page, and it is not charged again.
func TestPageOfALostJournal(t *testing.T) {
	t.Parallel()
	drop := func(w *world) { w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop}) }
	for _, tt := range []struct {
		name  string
		story func(*testing.T, *world) payment.ID // to the loss, and what comes after
		state payment.State
		why   payment.Reason
	}{
		{"paid", func(t *testing.T, w *world) payment.ID {
			p, _ := approve(w)
			w.LoseJournal()
			return p.ID
		}, payment.Parked, payment.ReasonNoIntent},
		{"paid and booked", func(t *testing.T, w *world) payment.ID {
			p, _ := booked(t, w)
			w.LoseJournal()
			return p.ID
		}, payment.Recorded, payment.ReasonBooked},
		{"paid later", func(t *testing.T, w *world) payment.ID {
			drop(w)
			p := w.Start("form-1")
			w.LoseJournal()
			w.Pass(30 * time.Minute)
			w.Pay(p, windcavetest.CardApproved)
			return p.ID
		}, payment.Parked, payment.ReasonNoIntent},
		{"paid days later", func(t *testing.T, w *world) payment.ID {
			drop(w)
			w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives})
			p := w.Start("form-1")
			w.LoseJournal()
			w.Pass(20 * time.Hour)
			w.Restart()
			w.Pass(20 * time.Hour)
			w.Pay(p, windcavetest.CardApproved)
			return p.ID
		}, payment.Parked, payment.ReasonNoIntent},
		{"paid while the gateway cannot be reached", func(t *testing.T, w *world) payment.ID {
			p, _ := approve(w)
			w.GatewayUnreachable(true)
			w.LoseJournal()
			if _, err := w.Engine.Start(background, w.Order("form-2", "payer-2")); !errors.Is(err, payment.ErrHeld) {
				t.Errorf("got %v, want ErrHeld", err)
			}
			w.GatewayUnreachable(false)
			w.Pass(10 * time.Minute)
			return p.ID
		}, payment.Parked, payment.ReasonNoIntent},
		{"paid, and told meanwhile", func(t *testing.T, w *world) payment.ID {
			p, back := approve(w)
			w.LoseJournal()
			if _, err := w.Return(back); err != nil {
				t.Error(err)
			}
			return p.ID
		}, payment.Parked, payment.ReasonNoIntent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				id := tt.story(t, w)
				w.Pass(30 * time.Hour)
				p := get(w, id)
				want(t, p, tt.state, tt.why)
				if p.Customer != w.Customer || p.DocumentID != w.Invoice.ID || p.DocumentNumber != w.Invoice.Number || p.Kind != payment.KindInvoice || p.Amount.Number() != "57.50" || p.Booking.RecordID == 0 {
					t.Errorf("kept as %+v", p)
				}
				if i, _ := w.Splynx.Invoice(w.Invoice.ID); i.Status == "paid" {
					return
				}
				if _, err := w.Engine.Start(background, w.Order("form-3", "payer-3")); !errors.Is(err, payment.ErrInFlight) {
					t.Errorf("got %v, want ErrInFlight", err)
				}
				settled(t, w, id, payment.SettleAgain)
				w.Until(id, 15*time.Minute, payment.Recorded)
				if n := len(ours(w)); n != 1 {
					t.Errorf("booked %d times", n)
				}
			})
		})
	}
}

// What does not fit its record is no money of ours to book; a page that nobody paid is
// nothing.
func TestRecordOfALostJournalWithoutMoney(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"declined":          {},
		"another amount":    {Op: windcavetest.OpStatus, Kind: windcavetest.OtherAmount, Times: -1},
		"another reference": {Op: windcavetest.OpStatus, Kind: windcavetest.OtherReference, Times: -1},
		"another currency":  {Op: windcavetest.OpStatus, Kind: windcavetest.OtherCurrency, Times: -1},
		"another payment":   {Op: windcavetest.OpStatus, Kind: windcavetest.OtherTxnID, Times: -1},
		"another type":      {Op: windcavetest.OpStatus, Kind: windcavetest.OtherTxnType, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.ErrorLevel)
				w := paymenttest.New(t, option{Logger: zap.New(core)})
				card := windcavetest.CardDeclined
				if f.Op != "" {
					w.Gateway.Inject(f)
					card = windcavetest.CardApproved
				}
				w.Gateway.HoldNotifications(true)
				w.Pay(w.Start("form-1"), card)
				w.LoseJournal()
				w.Pass(restful)
				if n := len(w.Journal()); n != 0 {
					t.Errorf("%d rows: %+v", n, w.Journal()[0])
				}
				if told := logs.FilterMessageSnippet("does not fit its statement record").Len() == 1; told != (f.Op != "") {
					t.Errorf("told: %v", told)
				}
			})
		})
	}
}

// Health counts what is unfinished and tells what is oldest; it is read by machines.
func TestHealth(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		if h := health(t, w); len(h.Unfinished) != 0 || h.Oldest != nil || h.Unjudged != 0 || h.Journal.Unwritable || !h.Journal.Compared {
			t.Errorf("health %+v", h)
		}
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 2})
		p := paid(t, w)
		p = w.Until(p.ID, time.Minute, payment.Parked)
		other := w.Splynx.AddInvoice(invoice{CustomerID: w.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"}), Number: "2026/0043", Total: "1"})
		open, err := w.Engine.Start(background, w.OrderOf(other, "form-2", "payer"))
		if err != nil {
			t.Fatal(err)
		}
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.StatusRequired, Times: 3}) // for the notification too
		_, _ = w.Return(w.Pay(open, windcavetest.CardDeclined))
		h := health(t, w)
		if h.Parked != 1 || h.Unfinished[payment.Offered] != 1 || h.Oldest == nil || h.Oldest.Payment != p.ID || !h.Oldest.Since.Equal(p.MovedAt.Truncate(time.Microsecond)) || h.Unjudged != 1 {
			t.Errorf("health %+v", h)
		}
		text, err := json.Marshal(h)
		if err != nil || !strings.Contains(string(text), `"oldest_unfinished_money":{"payment":"`+string(p.ID)+`"`) {
			t.Errorf("%s, %v", text, err)
		}
		w.Full(true)
		w.Engine.Nudge(background, p.ID)
		w.Pass(10 * time.Minute)
		if h := health(t, w); !h.Journal.Unwritable {
			t.Error("a full disk is not told")
		}
		w.Full(false)
		w.Pass(10 * time.Minute)
		if h := health(t, w); h.Journal.Unwritable {
			t.Error("the disk has room again, and is called full")
		}
	})
}
