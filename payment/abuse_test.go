package payment_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
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

// Paid, the browser closed, the notification lost: whoever starts anew is not charged a second
// time, for the gateway is asked about the page before.
func TestEarlierPageIsAskedAboutBeforeANewOne(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, _ := approve(w)
		w.Pass(90 * time.Second) // before the first question by itself
		_, err := w.Engine.Start(t.Context(), w.Order("form-2", "somebody else"))
		if !errors.Is(err, payment.ErrInFlight) {
			t.Fatalf("the second start ended with %v", err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
		if n := len(w.Gateway.Charges()); n != 1 {
			t.Errorf("%d charges", n)
		}
	})
}

// A result that the gateway does not tell yet: "do not pay again" holds for everybody.
func TestUnjudgedResultForbidsAnotherCharge(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		p, back := approve(w)
		silent := w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.CutBefore, Times: -1})
		if _, err := w.Return(back); err == nil {
			t.Fatal("the gateway answered")
		}
		if _, err := w.Engine.Start(t.Context(), w.Order("form-2", "somebody else")); !errors.Is(err, payment.ErrInFlight) {
			t.Errorf("the second start ended with %v", err)
		}
		silent.Cancel()
		w.Until(p.ID, time.Hour, payment.Recorded)
	})
}

// A web page in answer to the POST is not Splynx's refusal: the money does not go to the
// balance for it.
func TestWebPageIsNoRefusal(t *testing.T) {
	t.Parallel()
	var left atomic.Int32
	left.Store(2)
	proxy := func(next http.RoundTripper) http.RoundTripper {
		return over(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/payments") || left.Add(-1) < 0 {
				return next.RoundTrip(r)
			}
			answer := httptest.NewRecorder()
			answer.WriteHeader(http.StatusNotFound)
			_, _ = answer.WriteString("<html><title>404 Not Found</title></html>")
			return answer.Result(), nil
		})
	}
	play(t, option{OnSplynx: proxy}, func(t *testing.T, w *world) {
		p, back := approve(w)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		if p = w.Until(p.ID, 2*time.Hour, payment.Recorded); p.Booking.To != payment.ToDocument {
			t.Errorf("booked to the %s", p.Booking.To)
		}
	})
}

// over is a way to a simulator with something in between.
type over func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (o over) RoundTrip(r *http.Request) (*http.Response, error) { return o(r) }

// Refused with the invoice, taken without: said as what it is.
func TestRefusedOnTheInvoiceIsSaid(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.InfoLevel)
	play(t, option{Logger: zap.New(core)}, func(t *testing.T, w *world) {
		p, back := approve(w)
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 1})
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		p = w.Until(p.ID, time.Hour, payment.Recorded)
		if p.Booking.To != payment.ToBalance {
			t.Errorf("booked to the %s", p.Booking.To)
		}
	})
	if logged.FilterMessageSnippet("splynx refused the payment on the invoice").Len() != 1 {
		t.Error("nobody is told that the invoice is still due")
	}
	if logged.FilterMessageSnippet("not due any more").Len() != 0 {
		t.Error("the log says that the invoice was not due")
	}
}

// Somebody who reloads the page of a payment makes Splynx be called now and then, not each time.
func TestReloadingAPageDoesNotHammerSplynx(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 503, Times: -1})
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Hour)
		before := len(posts(w))
		for range 600 {
			w.Engine.Nudge(context.Background(), p.ID)
			w.Pass(100 * time.Millisecond)
		}
		if n := len(posts(w)) - before; n > 3 {
			t.Errorf("%d POSTs in a minute of reloading", n)
		}
		w.Splynx.ClearFaults()
		w.Until(p.ID, time.Hour, payment.Recorded)
	})
}

// A payment is booked at the installation that it was started at, and at no other.
func TestOtherInstallation(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.InfoLevel)
	play(t, option{Logger: zap.New(core)}, func(t *testing.T, w *world) {
		p, back := approve(w)
		other := w.Generation(paymenttest.Options{Currency: "NZD", Logger: zap.New(core)})
		other.Settings.PublicURL = "https://staging.example"
		w.Engine.Push(other)
		w.Engine.Remove(w.Gen)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Minute)
		if n := len(posts(w)); n != 0 {
			t.Errorf("%d POSTs to the other installation", n)
		}
		if logged.FilterMessageSnippet("belongs to another installation").Len() == 0 {
			t.Error("nobody is told")
		}
		w.Engine.Push(w.Gen)
		w.Engine.Remove(other)
		w.Until(p.ID, 2*time.Hour, payment.Recorded)
	})
}

// An answer that claims money and names nobody is not thrown away: it is asked for again.
func TestClaimWithoutTxnIDIsAskedAgain(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		p, back := approve(w)
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.NoTxnID})
		if _, err := w.Return(back); err == nil {
			t.Error("answered as if the outcome were stored")
		}
		w.Until(p.ID, time.Hour, payment.Recorded)
	})
}

// The journal is lost, and the gateway does not know yet what became of a page: it is asked
// again, and the money is seen.
func TestLostJournalAndGatewayUnsure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, option{NoPxPost: true})
		prove(t, w)
		p, back := approve(w)
		w.LoseJournal()
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.OtherTxnType, Value: "Strange"})
		if _, err := w.Return(back); err == nil || errors.Is(err, payment.ErrNotFound) {
			t.Errorf("an answer that says nothing ended with %v", err)
		}
		w.Pass(time.Hour)
		if q, err := w.Store.Get(t.Context(), p.ID); err != nil || q.State != payment.Parked || q.Reason != payment.ReasonNoIntent {
			t.Errorf("the money is %+v, %v", q, err)
		}
	})
}

// The journal is lost after the booking: what Splynx has is not asked to be booked again.
func TestLostJournalAfterTheBooking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, option{})
		prove(t, w)
		p, back := approve(w)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
		w.LoseJournal()
		q, err := w.Return(back)
		if err != nil || q.State != payment.Recorded || q.Booking.PaymentID == 0 {
			t.Errorf("the payment is %+v, %v", q, err)
		}
		w.Pass(restful)
		w.Check(atRest)
	})
}

// A gateway that swallows every question does not hold up bookings.
func TestSilentGatewayDoesNotHoldUpBookings(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		for range 40 {
			id := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/9", Total: "1.00"})
			if _, err := w.Engine.Start(t.Context(), w.OrderOf(id, "open-"+time.Now().String(), "payer")); err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Millisecond)
		}
		silent := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.DelayBefore, Hold: true, Times: -1})
		w.Pass(2 * time.Minute)
		p, back := approve(w)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, 5*time.Second, payment.Recorded)
		silent.Cancel()
	})
}

// panics is an Observer that panics once.
type panics struct{ times atomic.Int32 }

// Moved implements payment.Observer.
func (o *panics) Moved(p *payment.Payment, e payment.Event) {
	if e.To == payment.Recorded && o.times.Add(1) == 1 {
		panic("an observer's fault")
	}
}

// A panic ends one step, not the process and everybody's payments.
func TestPanicInAStep(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.ErrorLevel)
	play(t, option{Observer: new(panics), Logger: zap.New(core)}, func(t *testing.T, w *world) {
		p, back := approve(w)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
	})
	if logged.FilterMessageSnippet("a step panicked").Len() != 1 {
		t.Error("the panic was not logged")
	}
}

// F13: a journal that cannot be written makes the worker pause, not spin against the gateway;
// once it can, everything goes on.
func TestF13JournalNotWritable(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.InfoLevel)
	play(t, option{NoPxPost: true, Logger: zap.New(core)}, func(t *testing.T, w *world) {
		p, back := approve(w)
		silent := w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.CutBefore, Times: -1})
		if _, err := w.Return(back); err == nil {
			t.Fatal("the gateway answered")
		}
		silent.Cancel()
		w.Full(true)
		before := asked(w, windcavetest.OpProcess)
		w.Pass(10 * time.Minute)
		if n := asked(w, windcavetest.OpProcess) - before; n > 100 {
			t.Errorf("the gateway was asked %d times in ten minutes", n)
		}
		if n := logged.FilterMessageSnippet("journal cannot be written").Len(); n == 0 || n > 100 {
			t.Errorf("%d lines say that the journal cannot be written", n)
		}
		w.Full(false)
		w.Until(p.ID, time.Hour, payment.Recorded)
	})
}

// Staff may pair our record with our own row: that is no second booking.
func TestRecordPairedWithOurRow(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		held := w.Splynx.Hold(post, splynxtest.AfterCommit)
		go func() { _, _ = w.Return(back) }()
		<-held.Arrived()
		record := w.Splynx.Records()[0]
		w.ChangeRecord(record.ID, `{"status":"manual_paired","payment_id":`+fmt.Sprint(ours(w)[0].ID)+`}`)
		held.Release()
		w.Until(p.ID, time.Hour, payment.Recorded)
	})
}
