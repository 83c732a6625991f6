package payment_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// between runs something right before one change of a payment.
type between struct {
	payment.Store
	of   atomic.Pointer[payment.ID]
	what func()
}

func (b *between) Change(ctx context.Context, id payment.ID, fn func(*payment.Payment) (payment.Writes, error)) (*payment.Payment, error) {
	if of := b.of.Load(); of != nil && *of == id && b.of.CompareAndSwap(of, nil) {
		b.what()
	}
	return b.Store.Change(ctx, id, fn)
}

// One administrator gives a parked payment back while another one decides that it is booked.
func TestRefundBesideABooking(t *testing.T) {
	t.Parallel()
	for name, decide := range map[string]func(*world, payment.ID) error{
		"tried again": func(w *world, id payment.ID) error {
			_, err := w.Engine.Settle(background, id, payment.SettleAgain, "Splynx is mended", "anna")
			return err
		},
		"booked elsewhere": func(w *world, id payment.ID) error {
			_, err := w.Engine.Rebook(background, id, payment.Rebook{Kind: payment.KindTopUp}, "to the balance", "anna")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := paymenttest.New(t, option{Gateway: windcavetest.Options{Latency: func(windcavetest.Op) time.Duration { return 500 * time.Millisecond }}})
				prove(t, w)
				if err := w.Engine.Close(background); err != nil {
					t.Fatal(err)
				}
				s := &between{Store: w.Store}
				w.Engine = payment.New(s, payment.Options{Node: "beside"})
				w.Engine.Push(w.Gen)
				w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 2})
				p := paid(t, w)
				w.Until(p.ID, time.Hour, payment.Parked)
				w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 503, Times: 1})
				refunded := make(chan *payment.Payment, 1)
				s.what = func() {
					go func() {
						r, err := giveBack(t, w, p.ID, "57.50", "refund-1")
						if err != nil {
							t.Errorf("refund: %v", err)
						}
						refunded <- r
					}()
					for len(get(w, p.ID).GivenBack) == 0 {
						w.Pass(time.Millisecond)
					}
				}
				s.of.Store(&p.ID)
				if err := decide(w, p.ID); !errors.Is(err, payment.ErrSettlement) {
					t.Errorf("decided beside a refund: %v", err)
				}
				r := <-refunded
				w.Until(p.ID, 2*time.Hour, payment.Refunded)
				w.Until(r.ID, 2*time.Hour, payment.Settled)
				if rows := ours(w); len(rows) != 0 {
					t.Errorf("it stands in Splynx too: %+v", rows)
				}
				w.Pass(restful)
				w.Check(atRest)
			})
		})
	}
}

// A refund that is booked is not taken for money that came twice.
func TestRefundIsNotPaidTwice(t *testing.T) {
	t.Parallel()
	o := option{Settings: payment.Settings{RefundPayments: true}, Splynx: splynxtest.Options{NegativePayments: true}}
	play(t, o, func(t *testing.T, w *world) {
		p := paidAndRecorded(t, w)
		r, err := giveBack(t, w, p.ID, "20.00", "refund-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Until(r.ID, 2*time.Hour, payment.Settled)
		acts, err := w.Engine.Acts(background, payment.ActFilter{What: payment.DeedPaidTwice})
		if err != nil || len(acts) != 0 {
			t.Errorf("%+v, %v", acts, err)
		}
	})
}

// hanging is a disk that hangs once while it is asked what is due.
type hanging struct {
	payment.Store
	left atomic.Int64
}

func (h *hanging) Due(ctx context.Context, now time.Time, limit int) ([]payment.ID, time.Time, error) {
	if d := h.left.Swap(0); d > 0 {
		time.Sleep(time.Duration(d)) // virtual
	}
	return h.Store.Due(ctx, now, limit)
}

// A disk that hung for a minute holds nothing up for longer.
func TestWorkerGoesOnAfterADiskHung(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := paymenttest.New(t, option{})
		prove(t, w)
		if err := w.Engine.Close(background); err != nil {
			t.Fatal(err)
		}
		s := &hanging{Store: w.Store}
		w.Engine = payment.New(s, payment.Options{Node: "hanging"})
		w.Engine.Push(w.Gen)
		w.Pass(5 * time.Second)
		p := w.Start("form-1")
		back := w.Pay(p, windcavetest.CardApproved)
		s.left.Store(int64(time.Minute))
		w.Pass(30 * time.Second)
		_, _ = w.Return(back)
		w.Until(p.ID, 2*time.Minute, payment.Recorded)
	})
}
