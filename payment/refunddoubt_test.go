package payment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const postPay = "POST payments"

// wasTold tells whether somebody was asked to type a refund into Splynx.
func wasTold(w *world, r payment.ID) bool {
	events, _ := w.Store.Events(background, r)
	for _, e := range events {
		if e.Why == payment.ReasonTellSplynx {
			return true
		}
	}
	return false
}

// unbookable is a payment that waits for a person because Splynx refuses it.
func unbookable(t *testing.T, w *world) *payment.Payment {
	t.Helper()
	w.Splynx.Inject(splynxtest.Fault{Op: postPay, Kind: splynxtest.Status, Status: 422, Times: 2})
	p := w.Start("form-1")
	if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
		t.Fatal(err)
	}
	return w.Until(p.ID, time.Hour, payment.Parked)
}

// A refund of the engine that was not sent yet is not sent once the office has ended its payment, unless somebody is told.
func TestRefundIsNotSentAfterTheEnd(t *testing.T) {
	for _, how := range []payment.Settlement{payment.SettleRecorded, payment.SettleRefunded} {
		t.Run(string(how), func(t *testing.T) {
			play(t, option{Settings: payment.Settings{RefundSecond: true}}, func(t *testing.T, w *world) {
				p := w.Start("form-1")
				back := w.Pay(p, windcavetest.CardApproved)
				w.Splynx.PayInvoice(w.Invoice.ID)
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
				w.GatewayUnreachable(true)
				w.Pass(time.Minute)
				if _, err := w.Splynx.PairByHand(w.Splynx.Records()[0].ID); err != nil {
					t.Fatal(err)
				}
				w.Until(p.ID, time.Hour, payment.Parked)
				if _, err := w.Engine.Settle(background, p.ID, how, "done by hand", "office"); err != nil {
					w.GatewayUnreachable(false)
					return // refused: good
				}
				w.Pass(time.Hour)
				w.GatewayUnreachable(false)
				w.Pass(time.Hour)
				q := get(w, p.ID)
				if n := len(w.Gateway.Refunds()); n != 0 {
					t.Errorf("payment %s (%s): %d refunds were sent after that; somebody was told: %t", q.State, q.Reason, n, wasTold(w, q.GivenBack[0].ID))
				}
			})
		})
	}
}

// The office gives a parked payment back; a colleague cannot have it booked while that is unknown.
func TestNotBookedWhileGivenBack(t *testing.T) {
	play(t, option{}, func(t *testing.T, w *world) {
		p := unbookable(t, w)
		w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.RecordThenCut})
		r, err := giveBack(t, w, p.ID, "57.50", "whole")
		if err != nil {
			t.Fatal(err)
		}
		w.Splynx.Inject(splynxtest.Fault{Op: postPay, Kind: splynxtest.Status, Status: 503, Times: 3}) // booked in 20 s
		if _, err := w.Engine.Settle(background, p.ID, payment.SettleAgain, "splynx takes it now", "colleague"); err != nil {
			return // refused: good
		}
		w.Pass(time.Hour)
		if len(ours(w)) == 1 && len(w.Gateway.Refunds()) == 1 && !wasTold(w, r.ID) {
			t.Errorf("57.50 stands in Splynx and went back to the card, and nobody is told: payment %s, refund %s", get(w, p.ID).State, get(w, r.ID).State)
		}
	})
}

// A part is given back; before the gateway's word is heard a later look parks the payment.
func TestPartOfAParkedPaymentIsToldOf(t *testing.T) {
	play(t, option{}, func(t *testing.T, w *world) {
		p := paidAndRecorded(t, w)
		w.Pass(14 * time.Minute)
		w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, Receipt: "desk 17", Amount: "57.50", Date: time.Now().Format(time.DateOnly)})
		w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.DelayAfter, Delay: 170 * time.Second})
		r, err := giveBack(t, w, p.ID, "20.00", "refund-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Minute)
		if p = get(w, p.ID); p.State == payment.Refunded || !wasTold(w, r.ID) {
			t.Errorf("20.00 of 57.50 went back: payment %s (%s), told: %t", p.State, p.Reason, wasTold(w, r.ID))
		}
	})
}

// What is parked may stand in Splynx: by a lost journal's late POST, unsearched, or because it was recorded.
func TestRefundOfWhatStandsInSplynx(t *testing.T) {
	for name, story := range map[string]func(*testing.T, *world) payment.ID{
		"late POST of a lost journal": func(t *testing.T, w *world) payment.ID {
			p, back := approve(w)
			w.Splynx.Inject(splynxtest.Fault{Op: postPay, Kind: splynxtest.Late, Hold: time.Second, Delay: 4 * time.Minute})
			_, _ = w.Return(back)
			w.Pass(2 * time.Second)
			w.LoseJournal()
			_, _ = w.Return(back)
			w.Pass(30 * time.Second)
			return p.ID
		},
		"search failed": func(t *testing.T, w *world) payment.ID {
			p, back := approve(w)
			_, _ = w.Return(back)
			w.Until(p.ID, time.Hour, payment.Recorded)
			w.Splynx.Inject(splynxtest.Fault{Op: "LIST payments", Kind: splynxtest.Status, Status: 401, Times: 2, Skip: 1})
			w.LoseJournal()
			_, _ = w.Return(back)
			w.Splynx.ClearFaults()
			w.Pass(time.Minute)
			return p.ID
		},
		"parked from recorded": func(t *testing.T, w *world) payment.ID {
			p, back := approve(w)
			_, _ = w.Return(back)
			w.Until(p.ID, time.Hour, payment.Recorded)
			w.LoseJournal()
			_, _ = w.Return(back)
			w.Pass(time.Minute)
			w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, Receipt: "desk 17", Amount: "57.50", Date: time.Now().Format(time.DateOnly)})
			w.Pass(26 * time.Hour)
			return p.ID
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, option{}, func(t *testing.T, w *world) {
				id := story(t, w)
				want(t, get(w, id), payment.Parked, "")
				if err := w.Engine.Accept(background, "office"); err != nil {
					t.Fatal(err)
				}
				if _, err := giveBack(t, w, id, "57.50", "whole"); err != nil {
					return // refused: good
				}
				w.Pass(30 * time.Hour)
				if p := get(w, id); p.State == payment.Refunded && len(ours(w)) > 0 {
					t.Error("given back, and it stands in Splynx; nobody is told")
				}
			})
		})
	}
}

// A charge, or a refund, arrived late, and Status answers nothing when it is asked about.
func TestQuestionsThatWereNotAnswered(t *testing.T) {
	refused := fault{Op: windcavetest.OpStatus, Kind: windcavetest.CredentialsU5, Times: -1}
	t.Run("charge", func(t *testing.T) {
		play(t, option{}, func(t *testing.T, w *world) {
			card, _ := w.SaveCard(windcavetest.CardApproved)
			w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayBefore, Delay: 8 * time.Minute})
			p := charge(t, w, card, "form-1")
			p = w.Until(p.ID, time.Hour, payment.NotDone)
			o := w.Gateway.Inject(refused) // the password was changed there, over a long weekend
			w.Pass(74 * time.Hour)
			o.Cancel()
			w.Pass(100 * time.Hour)
			if p = get(w, p.ID); len(w.Gateway.Charges()) == 1 && p.State != payment.Recorded {
				t.Errorf("charged, and the payment is %s (%s) for ever", p.State, p.Reason)
			}
		})
	})
	t.Run("refund", func(t *testing.T) {
		play(t, option{}, func(t *testing.T, w *world) {
			p := paidAndRecorded(t, w)
			w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.DelayBefore, Delay: 8 * time.Minute})
			r, err := giveBack(t, w, p.ID, "40.00", "refund-1")
			if err != nil {
				t.Fatal(err)
			}
			w.Until(r.ID, time.Hour, payment.NotDone)
			o := w.Gateway.Inject(refused)
			w.Pass(25 * time.Hour)
			o.Cancel()
			if _, err := giveBack(t, w, p.ID, "40.00", "refund-2"); err == nil {
				t.Error("the 24 h question was never answered, and the amount is free again")
			}
			w.Pass(50 * time.Hour)
			if r = get(w, r.ID); len(w.Gateway.Refunds()) == 1 && !wasTold(w, r.ID) {
				t.Errorf("40.00 went back, and the refund is %s (%s) for ever", r.State, r.Reason)
			}
		})
	})
}

// The office has found a parked refund at the gateway: it is told what to type into Splynx.
func TestFoundRefundIsToldOf(t *testing.T) {
	play(t, option{}, func(t *testing.T, w *world) {
		p := paidAndRecorded(t, w)
		w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.StatusRequired})
		w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.NotFound, Times: -1})
		r, err := giveBack(t, w, p.ID, "20.00", "refund-1")
		if err != nil {
			t.Fatal(err)
		}
		r = w.Until(r.ID, time.Hour, payment.Parked)
		_, err = w.Engine.Settle(background, r.ID, payment.SettleRefunded, "it is at the gateway", "office")
		if err == nil || !strings.Contains(err.Error(), "make a payment of -20.00 in Splynx") {
			t.Errorf("settled as refunded: %v", err)
		}
		if _, err := w.Engine.Settle(background, r.ID, payment.SettleRecorded, "typed", "office"); err != nil {
			t.Error(err)
		}
		want(t, get(w, r.ID), payment.Settled, payment.ReasonSettledRecorded)
	})
}

// A refund that a person called not paid is approved after all: it counts.
func TestLateRefundCounts(t *testing.T) {
	play(t, option{}, func(t *testing.T, w *world) {
		p := paidAndRecorded(t, w)
		w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.StatusRequired})
		lie := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.NotFound, Times: -1})
		r, err := giveBack(t, w, p.ID, "40.00", "refund-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Until(r.ID, time.Hour, payment.Parked)
		if _, err := w.Engine.Settle(background, r.ID, payment.SettleNotPaid, "not at the gateway's site", "office"); err != nil {
			t.Fatal(err)
		}
		if _, err := giveBack(t, w, p.ID, "5.00", "refund-2"); err != nil {
			t.Fatal(err)
		}
		lie.Cancel()
		w.Pass(26 * time.Hour)
		before := asked(w, windcavetest.OpRefund)
		_, err = giveBack(t, w, p.ID, "50.00", "refund-3")
		if asked(w, windcavetest.OpRefund) > before {
			t.Errorf("the first refund is %s; 45.00 of 57.50 is back, and 50.00 more was asked of the gateway: %v; %+v", get(w, r.ID).Reason, err, get(w, p.ID).GivenBack)
		}
	})
}
