package payment_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// parking is a way to each reason for which payments are parked.
type parking struct {
	option option
	why    payment.Reason
	park   func(*testing.T, *world) payment.ID
	mend   func(*world, payment.ID) // takes away what the payment was parked for; nil: it cannot be
}

func byHand(w *world, receipt payment.ID) int64 {
	return w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, Receipt: string(receipt), Amount: "57.50", Date: time.Now().Format(time.DateOnly)})
}

func clearFaults(w *world, _ payment.ID) { w.Splynx.ClearFaults() }

var parkings = map[string]parking{
	"the charge differs": {why: payment.ReasonAnswerDiffers, park: func(t *testing.T, w *world) payment.ID {
		w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.OtherAmount})
		p, back := approve(w)
		_, _ = w.Return(back)
		return p.ID
	}},
	"without credentials": {option: option{NoPxPost: true}, why: payment.ReasonCredentialsMissing, park: func(t *testing.T, w *world) payment.ID {
		_, back := approve(w)
		other := w.Generation(option{Currency: "NZD", NoPxPost: true})
		other.Default.PxPayUser = "SomebodyElse"
		w.Engine.Push(other)
		p, _ := w.Return(back)
		w.Engine.Remove(other)
		if p != nil {
			t.Fatal("returned without credentials")
		}
		return w.Journal()[0].ID
	}, mend: func(*world, payment.ID) {}},
	"without intent": {why: payment.ReasonNoIntent, park: func(t *testing.T, w *world) payment.ID {
		p, back := approve(w)
		w.LoseJournal()
		_, _ = w.Return(back)
		return p.ID
	}, mend: func(*world, payment.ID) {}},
	"booked twice": {why: payment.ReasonBookedTwice, park: func(t *testing.T, w *world) payment.ID {
		p := paid(t, w)
		w.Until(p.ID, time.Minute, payment.Recorded)
		byHand(w, p.ID)
		w.Pass(20 * time.Minute)
		return p.ID
	}, mend: func(w *world, id payment.ID) { w.Splynx.DeletePayment(ours(w)[1].ID) }},
	"perhaps booked twice": {why: payment.ReasonPerhapsBookedTwice, park: func(t *testing.T, w *world) payment.ID {
		p := paid(t, w)
		w.Until(p.ID, time.Minute, payment.Recorded)
		byHand(w, "")
		w.Pass(20 * time.Minute)
		return p.ID
	}, mend: func(*world, payment.ID) {}},
	"another amount is booked": {why: payment.ReasonBookedOtherwise, park: func(t *testing.T, w *world) payment.ID {
		p, back := approve(w)
		w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, Receipt: string(p.ID), Amount: "57.51", Date: time.Now().Format(time.DateOnly)})
		_, _ = w.Return(back)
		return p.ID
	}, mend: func(w *world, _ payment.ID) { w.Splynx.DeletePayment(ours(w)[0].ID) }},
	"booked without money": {why: payment.ReasonBookedNoMoney, park: func(t *testing.T, w *world) payment.ID {
		p := w.Start("form-1")
		if _, err := w.Splynx.PairByHand(w.Splynx.Records()[0].ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Hour)
		return p.ID
	}},
	"the booking is refused": {why: payment.ReasonBookingRefused, park: func(t *testing.T, w *world) payment.ID {
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: 422, Times: 2})
		return paid(t, w).ID
	}, mend: clearFaults},
	"the booking is not shown": {why: payment.ReasonBookingNotFound, park: func(t *testing.T, w *world) payment.ID {
		w.Splynx.Inject(trouble{Op: list, Kind: splynxtest.MissNewest, Skip: 1, Times: -1})
		p := paid(t, w)
		w.Until(p.ID, time.Hour, payment.Parked)
		return p.ID
	}, mend: clearFaults},
	"the search is not proven": {why: payment.ReasonSearchUnproven, park: func(t *testing.T, w *world) payment.ID {
		w.Engine.Remove(w.Gen)
		w.Gen = w.Generation(option{Currency: "NZD"})
		w.Engine.Push(w.Gen)
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Cut, Times: -1})
		p := paid(t, w)
		w.Until(p.ID, time.Hour, payment.Parked)
		return p.ID
	}, mend: func(w *world, _ payment.ID) {
		w.Splynx.ClearFaults()
		_ = w.Gen.ProveSearch(background)
	}},
}

// settled settles and wants it done, with the words in the history.
func settled(t *testing.T, w *world, id payment.ID, how payment.Settlement) *payment.Payment {
	t.Helper()
	p, err := w.Engine.Settle(background, id, how, "looked it up", "anna")
	if err != nil {
		t.Fatal(err)
	}
	events, err := w.Engine.Events(background, id)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(events, func(ev payment.Event) bool { // the worker may have gone on
		return ev.Who == "anna" && ev.Note == "looked it up" && ev.From == payment.Parked && ev.To == p.State
	}) {
		t.Errorf("the history says %+v", events)
	}
	return p
}

// A payment is settled out of every reason; what was mended goes on by itself, and nothing is
// charged or booked a second time.
func TestSettleAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range parkings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, tt.option, func(t *testing.T, w *world) {
				id := tt.park(t, w)
				w.Until(id, time.Minute, payment.Parked)
				want(t, get(w, id), payment.Parked, tt.why)
				from := get(w, id).ParkedFrom
				if from == "" {
					from = payment.Approved
				}
				if tt.mend == nil { // it comes back for the same reason
					want(t, settled(t, w, id, payment.SettleAgain), from, payment.ReasonSettledAgain)
					w.Until(id, 10*time.Minute, payment.Parked)
					want(t, get(w, id), payment.Parked, tt.why)
					return
				}
				w.Pass(time.Minute)
				tt.mend(w, id)
				if tt.why != payment.ReasonCredentialsMissing || get(w, id).State == payment.Parked {
					want(t, settled(t, w, id, payment.SettleAgain), from, payment.ReasonSettledAgain)
				}
				w.Until(id, 15*time.Minute, payment.Recorded)
				w.Pass(restful)
				want(t, get(w, id), payment.Recorded, "")
			})
		})
	}
}

// Each of the ends, where it fits: it stays, whatever is searched and asked later.
func TestSettleForGood(t *testing.T) {
	t.Parallel()
	for name, tt := range parkings {
		for how, end := range map[payment.Settlement]payment.State{
			payment.SettleRecorded: payment.Recorded, payment.SettleRefunded: payment.Refunded, payment.SettleNotPaid: payment.NotDone,
		} {
			t.Run(fmt.Sprint(name, " ", how), func(t *testing.T) {
				t.Parallel()
				play(t, tt.option, func(t *testing.T, w *world) {
					id := tt.park(t, w)
					p := w.Until(id, time.Minute, payment.Parked)
					money := p.HasMoney() || p.Claimed != ""
					if fits := how == payment.SettleNotPaid && !p.HasMoney() || how != payment.SettleNotPaid && money; !fits {
						if _, err := w.Engine.Settle(background, id, how, "why", "anna"); !errors.Is(err, payment.ErrSettlement) || !strings.Contains(err.Error(), "settle it as") {
							t.Errorf("got %v, want ErrSettlement with advice", err)
						}
						want(t, get(w, id), payment.Parked, tt.why)
						person(t, w, id, "")
						return
					}
					w.Splynx.ClearFaults()
					person(t, w, id, how)
					want(t, settled(t, w, id, how), end, "")
					if tt.why == payment.ReasonCredentialsMissing { // the page was paid after all: late truth
						w.Until(id, 80*time.Hour, payment.Recorded)
						return
					}
					w.Pass(restful)
					want(t, get(w, id), end, "")
				})
			})
		}
	}
}

// person does in Splynx what the person says has been done. Before that it is refused.
func person(t *testing.T, w *world, id payment.ID, how payment.Settlement) {
	t.Helper()
	rows := ours(w)
	if how == payment.SettleRefunded && len(rows) > 0 || how == payment.SettleRecorded && len(rows) > 1 {
		if _, err := w.Engine.Settle(background, id, how, "too soon", "anna"); !errors.Is(err, payment.ErrSettlement) || !strings.Contains(err.Error(), "delete") {
			t.Errorf("got %v, want ErrSettlement, since it stands in Splynx", err)
		}
	}
	for i, row := range rows {
		if how != payment.SettleRecorded || i > 0 || !strings.HasPrefix(row.Amount, "57.50") {
			w.Splynx.DeletePayment(row.ID)
		}
	}
}

// Only a parked payment, only with a reason and a name, only in the words there are.
func TestSettleRefused(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		open := w.Start("form-1")
		for _, state := range []payment.State{payment.Offered, payment.Recorded} {
			if state == payment.Recorded {
				w.Pay(open, windcavetest.CardApproved)
				w.Until(open.ID, time.Minute, state)
			}
			_, err := w.Engine.Settle(background, open.ID, payment.SettleAgain, "why", "anna")
			if !errors.Is(err, payment.ErrNotParked) || !strings.Contains(err.Error(), string(state)) {
				t.Errorf("got %v, want ErrNotParked", err)
			}
		}
		if _, err := w.Engine.Settle(background, "AAAAAAAAAAAAAAAA", payment.SettleAgain, "why", "anna"); !errors.Is(err, payment.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		for name, ask := range map[string][3]string{"no reason": {"again", " \n", "anna"}, "nobody": {"again", "why", ""}, "a word": {"gone", "why", "anna"}, "long": {"again", strings.Repeat("ä", 501), "anna"}, "two lines": {"again", "why\nnot", "anna"}, "a bell": {"again", "why\a", "anna"}} {
			if _, err := w.Engine.Settle(background, open.ID, payment.Settlement(ask[0]), ask[1], ask[2]); !errors.Is(err, payment.ErrSettlement) {
				t.Errorf("%s: got %v, want ErrSettlement", name, err)
			}
		}
	})
	for _, word := range []string{"again", "recorded", "refunded", "not_paid"} {
		if how, err := payment.ParseSettlement(word); err != nil || string(how) != word {
			t.Errorf("%s is %q, %v", word, how, err)
		}
	}
	if _, err := payment.ParseSettlement("Again"); !errors.Is(err, payment.ErrSettlement) || !strings.Contains(err.Error(), "not_paid") {
		t.Errorf("got %v, want ErrSettlement that names the words", err)
	}
}

// Late truth wins: what a person called not paid, and the gateway approves, is booked.
func TestSettledNotPaidAndPaid(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives})
		p := w.Start("form-1")
		record := w.Splynx.Records()[0].ID
		if _, err := w.Splynx.PairByHand(record); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, 2*time.Hour, payment.Parked)
		settled(t, w, p.ID, payment.SettleNotPaid)
		// The document may be charged again.
		if _, err := w.Engine.Start(background, w.OrderOf(w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/0043", Total: "57.50"}), "form-2", "payer")); err != nil {
			t.Error(err)
		}
		w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
		w.Pay(p, windcavetest.CardApproved)
		p = w.Until(p.ID, 75*time.Hour, payment.Recorded)
		if p.Booking.To != payment.ByHand {
			t.Errorf("booked to %s", p.Booking.To)
		}
	})
}

// A row that Splynx was slow to show gets as many searches again, and no second POST.
func TestSettleAgainSearchesAgain(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		id := parkings["the booking is not shown"].park(t, w)
		settled(t, w, id, payment.SettleAgain)
		w.Pass(30 * time.Second)
		want(t, get(w, id), payment.Approved, "")
		w.Splynx.ClearFaults()
		w.Until(id, 15*time.Minute, payment.Recorded)
		if n := len(posts(w)); n != 1 {
			t.Errorf("%d POSTs", n)
		}
	})
}

// What a lost journal posted just before may still commit: a person who sends the money on at
// once does not have it booked twice.
func TestSettleAgainAfterALostPost(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Late, Delay: 5 * time.Minute, Hold: time.Second})
		p := paid(t, w)
		w.Pass(20 * time.Second)
		w.LoseJournal()
		want(t, get(w, p.ID), payment.Parked, payment.ReasonNoIntent)
		settled(t, w, p.ID, payment.SettleAgain)
		w.Until(p.ID, 20*time.Minute, payment.Recorded)
		w.Pass(restful)
		want(t, get(w, p.ID), payment.Recorded, "")
	})
}
