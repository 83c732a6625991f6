package payment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

type (
	fault  = windcavetest.Fault
	world  = paymenttest.World
	option = paymenttest.Options
)

// slow makes a gateway that takes a moment for each answer, so that what comes together
// overlaps.
func slow(o windcavetest.Options) option {
	o.Latency = func(windcavetest.Op) time.Duration { return 200 * time.Millisecond }
	return option{Gateway: o}
}

// F35: the notification before the browser, with it, after it, and a day later: one record, and
// an answer of 200 once it is stored.
func TestF35NotificationAtAnyTime(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]option{
		"before":     slow(windcavetest.Options{Notify: windcavetest.NotifyBefore}),
		"with":       slow(windcavetest.Options{Notify: windcavetest.NotifyWith}),
		"after":      slow(windcavetest.Options{Notify: windcavetest.NotifyAfter, NotifyDelay: 3 * time.Second}),
		"days after": slow(windcavetest.Options{Notify: windcavetest.NotifyAfter, NotifyDelay: 26 * time.Hour}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, o, func(t *testing.T, w *world) {
				p := w.Start("form-1")
				p, err := w.Return(w.Pay(p, windcavetest.CardApproved))
				if err != nil || !p.HasMoney() {
					t.Fatalf("payment %+v, %v", p, err)
				}
				w.Until(p.ID, time.Minute, payment.Recorded)
				w.Pass(27 * time.Hour)
				for _, n := range w.Gateway.Notifications() {
					if n.State != windcavetest.NoticeDone || len(n.Tries) != 1 || n.Tries[0].Status != 200 {
						t.Errorf("notification %+v", n)
					}
				}
				if n := asked(w, windcavetest.OpProcess); n != 1 {
					t.Errorf("gateway was asked %d times about one token", n)
				}
			})
		})
	}
}

// F34: six notifications and ten browsers at the same moment: one question, one record, and
// the stored outcome for each.
func TestF34ManyAtOnce(t *testing.T) {
	t.Parallel()
	play(t, slow(windcavetest.Options{}), func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyRepeat, N: 5})
		p := w.Start("form-1")
		back := w.Pay(p, windcavetest.CardApproved)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if p, err := w.Return(back); err != nil || !p.HasMoney() {
					t.Errorf("payment %+v, %v", p, err)
				}
			})
		}
		all.Wait()
		w.Until(p.ID, time.Minute, payment.Recorded)
		w.Pass(time.Hour)
		n := w.Gateway.Notifications()[0]
		if len(n.Tries) != 6 || len(ours(w)) != 1 {
			t.Errorf("notified %d times, %d payments", len(n.Tries), len(ours(w)))
		}
		for _, try := range n.Tries {
			if try.Status != 200 {
				t.Errorf("a notification was answered %d", try.Status)
			}
		}
		if n := asked(w, windcavetest.OpProcess); n != 1 {
			t.Errorf("gateway was asked %d times about one token", n)
		}
	})
}

// F36: the browser is closed, and only the notification comes.
func TestF36BrowserNeverComesBack(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := w.Start("form-1")
		w.Pay(p, windcavetest.CardApproved)
		w.Until(p.ID, 30*time.Second, payment.Recorded)
	})
}

// F36: the browser is closed and the notification is lost: the gateway is asked.
func TestF36NobodyTells(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, _ := approve(w)
		w.Until(p.ID, 3*time.Minute, payment.Recorded)
		if n := asked(w, windcavetest.OpProcess); n != 0 {
			t.Errorf("gateway was asked %d times about a token that nobody brought", n)
		}
	})
}

// Where Status does not know hosted payments, not found means nothing: the page ends as
// expired, and the payer who comes back days later is believed.
func TestStatusThatKnowsNoPages(t *testing.T) {
	t.Parallel()
	play(t, option{Gateway: windcavetest.Options{StatusIgnoresHosted: true}}, func(t *testing.T, w *world) {
		p, back := approve(w)
		w.Pass(50 * time.Hour)
		want(t, get(w, p.ID), payment.Expired, payment.ReasonPageEnded)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
	})
}

// F47: a token that the gateway does not know says nothing, and is not asked about for ever.
func TestF47ForgedToken(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := w.Start("form-1")
		p, err := w.Return(forged(p.ID, "f"))
		if err != nil {
			t.Fatal(err)
		}
		want(t, p, payment.Offered, "")
		w.Pass(time.Hour / 2)
		if n := asked(w, windcavetest.OpProcess); n != 1 {
			t.Errorf("gateway was asked %d times about a forged token", n)
		}
		if _, err := w.Return(w.Pay(get(w, p.ID), windcavetest.CardApproved)); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
	})
}

// F47: the same for a payment that there is not.
func TestF47ForgedTokenForUnknownPayment(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		if _, err := w.Return(forged("AAAAAAAAAAAAAAAA", "f")); !errors.Is(err, payment.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		w.Pass(24 * time.Hour)
		if n := asked(w, windcavetest.OpProcess); n != 1 {
			t.Errorf("gateway was asked %d times about a forged token of nobody", n)
		}
	})
}

// F47: the token of one payment brought to another one moves neither the one nor the other.
func TestF47TokensSwapped(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		a := w.Start("form-a")
		b := w.Start("form-b")
		w.Gateway.HoldNotifications(true)
		backA, backB := w.Pay(a, windcavetest.CardApproved), w.Pay(b, windcavetest.CardDeclined)
		for id, back := range map[payment.ID]string{b.ID: backA, a.ID: backB} {
			p, err := w.Return(to(t, id, back))
			if err != nil {
				t.Fatal(err)
			}
			want(t, p, payment.Offered, "")
		}
		for _, back := range []string{backA, backB} {
			if _, err := w.Return(back); err != nil {
				t.Fatal(err)
			}
		}
		w.Until(a.ID, time.Minute, payment.Recorded)
		want(t, get(w, b.ID), payment.Declined, payment.ReasonGatewayDeclined)
	})
}

// F48: a replay shows the stored outcome and costs the gateway nothing.
func TestF48Replay(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		shown := 0
		for range 1000 {
			switch q, err := w.Return(back); {
			case err == nil && q.HasMoney():
				shown++
			case !errors.Is(err, payment.ErrBusy):
				t.Fatalf("payment %+v, %v", q, err)
			}
		}
		if shown < 20 {
			t.Errorf("the outcome was shown %d times", shown)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
		w.Pass(time.Hour)
		if _, err := w.Return(back); err != nil {
			t.Error(err)
		}
		if n := asked(w, windcavetest.OpProcess); n != 1 {
			t.Errorf("gateway was asked %d times about one token", n)
		}
	})
}

// A stranger who knows a payment's address can make us ask only so often, and what came for
// it is kept all the same.
func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		p, back := approve(w)
		down := w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.CutBefore, Times: -1})
		busy := 0
		for _, letter := range []string{"a", "b", "c", "d", "e", "f", "0"} {
			if _, err := w.Return(forged(p.ID, letter)); errors.Is(err, payment.ErrBusy) {
				busy++
			} else if err == nil {
				t.Error("a token that nobody judged was answered")
			}
		}
		if busy != 2 {
			t.Errorf("%d of 7 tokens were refused, want the last 2", busy)
		}
		if _, err := w.Return(back); !errors.Is(err, payment.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		down.Cancel()
		w.Until(p.ID, time.Hour, payment.Recorded)
	})
}

// Several attempts on one page: what was declined or cancelled is an end only until the
// gateway says approved.
func TestAttemptsOnOnePage(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(*world, string) (string, error){
		"declined":  func(w *world, page string) (string, error) { return w.Gateway.Pay(page, windcavetest.CardDeclined) },
		"cancelled": func(w *world, page string) (string, error) { return w.Gateway.Cancel(page) },
	} {
		for lost, second := range map[string]bool{"": false, ", and nobody tells": true} {
			t.Run(name+" then approved"+lost, func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					p := w.Start("form-1")
					page := *p
					back, err := first(w, p.PageURL)
					if err != nil {
						t.Fatal(err)
					}
					p, err = w.Return(back)
					if err != nil {
						t.Fatal(err)
					}
					if s := payment.State(name); p.State != s || p.PageURL != "" {
						t.Errorf("payment is %s, want %s", p.State, s)
					}
					w.Pass(time.Minute)
					if second {
						w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
					}
					back = w.Pay(&page, windcavetest.CardApproved)
					if !second {
						if _, err := w.Return(back); err != nil {
							t.Fatal(err)
						}
					}
					w.Until(p.ID, 5*time.Minute, payment.Recorded)
				})
			})
		}
	}
}

// W_NOBODY, F72: a page that outlives its end is paid when nobody looks at it any more, and
// nobody tells. The questions after 24 h and 73 h find it, also after a decline.
func TestF72PageOutlivesItsEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		paid, found time.Duration
		declined    bool
	}{
		"at hour 5":                 {5 * time.Hour, 24*time.Hour + time.Minute, false},
		"at hour 30":                {30 * time.Hour, 73*time.Hour + time.Minute, false},
		"at hour 5, declined first": {5 * time.Hour, 24*time.Hour + time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives})
				p := w.Start("form-1")
				if tt.declined {
					if _, err := w.Return(w.Pay(p, windcavetest.CardDeclined)); err != nil {
						t.Fatal(err)
					}
				}
				w.Pass(tt.paid)
				if s := get(w, p.ID).State; s == payment.Offered {
					t.Error("the page never ended")
				}
				w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
				w.Pay(p, windcavetest.CardApproved)
				w.Until(p.ID, tt.found-tt.paid, payment.Recorded)
			})
		})
	}
}

// A look that the gateway did not answer is no look: it is asked again.
func TestLastLookUnanswered(t *testing.T) {
	t.Parallel()
	for _, kind := range []windcavetest.Kind{windcavetest.CutBefore, windcavetest.HTML, windcavetest.StatusRequired, windcavetest.CredentialsAG} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives})
				p := w.Start("form-1")
				w.Pass(50 * time.Hour)
				w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
				w.Pay(p, windcavetest.CardApproved)
				down := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: kind, Times: -1})
				w.Pass(30 * time.Hour)
				want(t, get(w, p.ID), payment.Expired, "")
				down.Cancel()
				w.Until(p.ID, 2*time.Hour, payment.Recorded)
			})
		})
	}
}

// F70: the same TxnId approved twice is two charges: each has a row, the second one goes to
// the balance, and it is told once, however often its token comes.
func TestF70SecondChargeOnOnePage(t *testing.T) {
	t.Parallel()
	second := paymenttest.Histories{AtRest: true, Second: true}
	check := func(t *testing.T, w *world, seen *moves, first payment.ID) {
		t.Helper()
		w.Pass(time.Hour)
		all := w.Journal()
		if len(all) != 2 {
			t.Fatalf("%d rows for two charges", len(all))
		}
		for _, p := range all {
			want(t, p, payment.Recorded, "")
			if to := map[bool]payment.Destination{true: payment.ToDocument, false: payment.ToBalance}[p.ID == first]; p.Booking.To != to {
				t.Errorf("payment %s went to %s", p.ID, p.Booking.To)
			}
		}
		if n := seen.count(payment.ReasonSecondCharge); n != 1 {
			t.Errorf("the second charge was told %d times", n)
		}
		if d := unallocated(w); d != "57.5000" {
			t.Errorf("balance is %s", d)
		}
	}
	t.Run("one click", func(t *testing.T) {
		t.Parallel()
		seen := new(moves)
		playing(t, option{Observer: seen}, second, func(t *testing.T, w *world) {
			w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.ApproveTwice})
			p := w.Start("form-1")
			back := w.Pay(p, windcavetest.CardApproved)
			for range 5 {
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
			}
			check(t, w, seen, p.ID)
		})
	})
	// The first one is not booked yet, and the invoice takes more than both.
	t.Run("still due", func(t *testing.T) {
		t.Parallel()
		seen := new(moves)
		playing(t, option{Observer: seen}, second, func(t *testing.T, w *world) {
			w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.ApproveTwice})
			p := w.Start("form-1")
			w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Total, i.Due = "500", "500" })
			w.Pay(p, windcavetest.CardApproved)
			check(t, w, seen, p.ID)
		})
	})
	t.Run("paid again", func(t *testing.T) {
		t.Parallel()
		seen := new(moves)
		playing(t, option{Observer: seen}, second, func(t *testing.T, w *world) {
			w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain})
			p := w.Start("form-1")
			page := *p
			if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
				t.Fatal(err)
			}
			w.Until(p.ID, time.Minute, payment.Recorded)
			back := w.Pay(&page, windcavetest.CardApproved)
			for range 5 {
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
			}
			check(t, w, seen, p.ID)
		})
	})
}

// F22: money that is not what was asked for is never recorded, and a person is shown it. An
// answer about another payment, or about none, says nothing about this one.
func TestF22AnswerDiffers(t *testing.T) {
	t.Parallel()
	for kind, state := range map[windcavetest.Kind]payment.State{
		windcavetest.OtherAmount: payment.Parked, windcavetest.OtherCurrency: payment.Parked,
		windcavetest.OtherReference: payment.Parked, windcavetest.OtherTxnType: payment.Parked,
		windcavetest.OtherTxnID: payment.Expired, windcavetest.NoTxnID: payment.Expired,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p, back := approve(w)
				result := w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: kind, Times: -1})
				status := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: kind, Times: -1})
				for range 3 {
					_, _ = w.Return(back)
				}
				w.Pass(30 * time.Hour)
				want(t, get(w, p.ID), state, "")
				if n := len(w.Journal()); n != 1 {
					t.Errorf("%d rows for one charge", n)
				}
				if len(posts(w)) > 0 {
					t.Error("money that was not asked for was booked")
				}
				result.Cancel() // it was the answers only: late truth wins
				status.Cancel()
				w.Until(p.ID, 50*time.Hour, payment.Recorded)
			})
		})
	}
}

// F22: the gateway did take another amount or currency.
func TestF22ChargeDiffers(t *testing.T) {
	t.Parallel()
	for _, kind := range []windcavetest.Kind{windcavetest.OtherAmount, windcavetest.OtherCurrency, windcavetest.OtherReference, windcavetest.OtherTxnType} {
		for _, told := range []bool{true, false} {
			t.Run(string(kind), func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					p := w.Start("form-1")
					w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: kind})
					if !told {
						w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
					}
					w.Pay(p, windcavetest.CardApproved)
					w.Until(p.ID, 5*time.Minute, payment.Parked)
					want(t, get(w, p.ID), payment.Parked, payment.ReasonAnswerDiffers)
					w.Pass(restful)
					want(t, get(w, p.ID), payment.Parked, payment.ReasonAnswerDiffers)
					if len(posts(w)) > 0 {
						t.Error("money that was not asked for was booked")
					}
				})
			})
		}
	}
}

// F22: a charge that differs is not forgotten because a right one follows, nor the other way round.
func TestF22ChargeDiffersBesideAnother(t *testing.T) {
	t.Parallel()
	skipped := map[int]int{0: 2, 1: 1} // the first one is told of again when it gets a row of its own
	for name, skip := range map[string]int{"the first differs": 0, "the second differs": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := new(moves)
			playing(t, option{Observer: seen}, paymenttest.Histories{AtRest: true, Second: true}, func(t *testing.T, w *world) {
				p := w.Start("form-1")
				page := *p
				w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.PayAgain})
				w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.OtherAmount, Skip: skip})
				for range 2 {
					back := w.Pay(&page, windcavetest.CardApproved)
					for range 3 {
						if _, err := w.Return(back); err != nil {
							t.Fatal(err)
						}
					}
				}
				w.Until(p.ID, time.Minute, payment.Recorded)
				parked, err := w.Engine.Find(context.Background(), payment.Filter{States: []payment.State{payment.Parked}})
				if err != nil || len(parked) != 1 {
					t.Fatalf("parked are %v, %v", parked, err)
				}
				want(t, parked[0], payment.Parked, payment.ReasonAnswerDiffers)
				if n := seen.count(payment.ReasonAnswerDiffers); n > skipped[skip] {
					t.Errorf("a person was told %d times", n)
				}
			})
		})
	}
}

// F21: the gateway says success, and authorised nothing.
func TestF21NotAuthorized(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p := w.Start("form-1")
		w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.NotAuthorized})
		if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
			t.Log(err)
		}
		w.Pass(restful)
		if p := get(w, p.ID); p.HasMoney() || len(posts(w)) > 0 {
			t.Errorf("payment is %s", p.State)
		}
	})
}

// F23: a surcharge of the page is not the invoice's.
func TestF23SurchargeStandsApart(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: windcavetest.Surcharge, Value: "1.15"})
		p := w.Start("form-1")
		if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
			t.Fatal(err)
		}
		p = w.Until(p.ID, time.Minute, payment.Recorded)
		if p.Surcharge != "1.15" || ours(w)[0].Amount != "57.5000" {
			t.Errorf("surcharge %q, booked %s", p.Surcharge, ours(w)[0].Amount)
		}
	})
}

// F74: money for an id that the journal does not know is kept for a person.
func TestF74MoneyWithoutIntent(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		w.LoseJournal()
		for range 3 {
			q, err := w.Return(back)
			if err != nil {
				t.Fatal(err)
			}
			want(t, q, payment.Parked, payment.ReasonNoIntent)
			if q.ID != p.ID || q.Customer != w.Customer || q.DocumentID != w.Invoice.ID || !q.Amount.Equal(p.Amount) {
				t.Errorf("kept as %+v", q)
			}
		}
		if n := asked(w, windcavetest.OpProcess); n != 1 {
			t.Errorf("gateway was asked %d times about one token", n)
		}
		// F77: nobody charges the document again before a person has looked.
		if _, err := w.Engine.Start(context.Background(), w.Order("form-2", "payer-2")); !errors.Is(err, payment.ErrInFlight) {
			t.Errorf("got %v, want ErrInFlight", err)
		}
	})
}

func TestDeclineWithoutIntent(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Gateway.HoldNotifications(true)
		back := w.Pay(w.Start("form-1"), windcavetest.CardDeclined)
		w.LoseJournal()
		if _, err := w.Return(back); !errors.Is(err, payment.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if n := len(w.Journal()); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// F62: currencies without a decimal digit and with three.
func TestF62OtherCurrencies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ currency, due, charged string }{
		{"JPY", "1500", "1500"}, {"KWD", "1.234", "1.234"}, {"NZD", "10.0049", "10.00"}, {"NZD", "1.005", "1.01"}, {"NZD", "999999.99", "999999.99"},
	} {
		for _, two := range []bool{false, true} {
			t.Run(tt.currency+" "+tt.due, func(t *testing.T) {
				t.Parallel()
				play(t, option{Currency: tt.currency, Due: tt.due, Gateway: windcavetest.Options{TwoDecimals: two}}, func(t *testing.T, w *world) {
					p := w.Start("form-1")
					if p.Amount.Number() != tt.charged {
						t.Errorf("asked for %s, want %s", p.Amount, tt.charged)
					}
					if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
						t.Fatal(err)
					}
					w.Until(p.ID, time.Minute, payment.Recorded)
					if c := w.Gateway.Charges()[0]; c.Amount != tt.charged || c.Currency != tt.currency {
						t.Errorf("charged %s %s", c.Amount, c.Currency)
					}
				})
			})
		}
	}
}

// F44: a payment whose credentials are not configured any more waits, and goes on by itself
// when they are back.
func TestF44CredentialsMissing(t *testing.T) {
	t.Parallel()
	for _, kind := range []windcavetest.Kind{"", windcavetest.OtherAmount, windcavetest.Decline} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
				w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
				if kind != "" {
					w.Gateway.Inject(fault{Op: windcavetest.OpPage, Kind: kind})
				}
				p := w.Start("form-1")
				back := w.Pay(p, windcavetest.CardApproved)
				other := w.Generation(option{Currency: "NZD", NoPxPost: true})
				other.Default.PxPayUser = "SomebodyElse"
				w.Engine.Push(other)
				if _, err := w.Return(back); !errors.Is(err, payment.ErrNoCredentials) {
					t.Errorf("got %v, want ErrNoCredentials", err)
				}
				want(t, get(w, p.ID), payment.Parked, payment.ReasonCredentialsMissing)
				w.Pass(5 * time.Hour)
				want(t, get(w, p.ID), payment.Parked, payment.ReasonCredentialsMissing)
				if n := asked(w, windcavetest.OpProcess); n != 0 {
					t.Errorf("gateway was asked %d times with credentials of another", n)
				}
				w.Engine.Remove(other)
				switch w.Pass(2 * time.Hour); kind {
				case windcavetest.OtherAmount:
					want(t, get(w, p.ID), payment.Parked, payment.ReasonAnswerDiffers)
				case windcavetest.Decline:
					if p := get(w, p.ID); p.State != payment.Expired && p.State != payment.Declined {
						t.Errorf("payment is %s", p.State)
					}
				default:
					want(t, get(w, p.ID), payment.Recorded, "")
					if b := get(w, p.ID).Booking; b.Looks > 1 {
						t.Errorf("%d later searches are counted already", b.Looks)
					}
				}
			})
		})
	}
}

// F44: the outcome of a charge is unknown, and its credentials are not configured any more: a
// person is told, and it goes on by itself when they are back.
func TestF44ChargeWithoutCredentials(t *testing.T) {
	t.Parallel()
	for _, kind := range []windcavetest.Kind{windcavetest.RecordThenCut, windcavetest.CutBefore} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				card, _ := w.SaveCard(windcavetest.CardApproved)
				w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: kind})
				p := charge(t, w, card, "form-1")
				want(t, p, payment.Unknown, "")
				other := w.Generation(option{Currency: "NZD"})
				other.Default.PxPostUser, other.Default.PxPayUser = "SomebodyElse", "SomebodyElse"
				w.Engine.Push(other)
				w.Until(p.ID, time.Hour, payment.Parked)
				want(t, get(w, p.ID), payment.Parked, payment.ReasonCredentialsMissing)
				w.Engine.Remove(other)
				w.Pass(3 * time.Hour)
				if kind == windcavetest.RecordThenCut {
					want(t, get(w, p.ID), payment.Recorded, "")
				} else {
					want(t, get(w, p.ID), payment.NotDone, payment.ReasonNeverArrived)
				}
			})
		})
	}
}

// F58: an answer that cannot be read, or that says nothing, is no outcome: it is asked for
// again until there is one.
func TestF58ResultUnreadable(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{
		{Kind: windcavetest.CutBefore},
		{Kind: windcavetest.RecordThenCut},
		{Kind: windcavetest.Refuse},
		{Kind: windcavetest.DelayBefore, Delay: time.Minute},
		{Kind: windcavetest.DelayAfter, Delay: time.Minute},
		{Kind: windcavetest.HTTPStatus, N: 503},
		{Kind: windcavetest.HTTPStatus, N: 500, Recorded: true},
		{Kind: windcavetest.HTTPStatus, N: 302},
		{Kind: windcavetest.HTML},
		{Kind: windcavetest.Empty},
		{Kind: windcavetest.HalfXML},
		{Kind: windcavetest.TwoRoots},
		{Kind: windcavetest.WrongCharset},
		{Kind: windcavetest.UTF16},
		{Kind: windcavetest.BadBytes},
		{Kind: windcavetest.DTD},
		{Kind: windcavetest.EntityBomb},
		{Kind: windcavetest.HugeBody, N: 3},
		{Kind: windcavetest.DeepNesting},
		{Kind: windcavetest.CredentialsU5},
		{Kind: windcavetest.CredentialsAG},
		{Kind: windcavetest.StatusRequired},
	} {
		t.Run(string(f.Kind), func(t *testing.T) {
			t.Parallel()
			play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
				p, back := approve(w)
				f.Op, f.Times = windcavetest.OpProcess, -1
				down := w.Gateway.Inject(f)
				if _, err := w.Return(back); err == nil {
					t.Error("an outcome was made of this")
				}
				w.Pass(3 * time.Hour)
				if p := get(w, p.ID); p.HasMoney() || p.State == payment.Declined || p.State == payment.Cancelled || len(posts(w)) > 0 {
					t.Errorf("payment is %s", p.State)
				}
				down.Cancel()
				w.Until(p.ID, time.Hour, payment.Recorded)
			})
		})
	}
}

// A token that nobody could tell the meaning of is given up in the end, and its value wiped.
func TestTokenGivenUp(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		w.Gateway.HoldNotifications(true)
		p := w.Start("form-1")
		back := w.Pay(p, windcavetest.CardDeclined)
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.HTML, Times: -1})
		_, _ = w.Return(back)
		w.Pass(8 * 24 * time.Hour)
		if waiting, err := w.Engine.Waiting(context.Background(), p); waiting || err != nil {
			t.Errorf("waiting %v, %v", waiting, err)
		}
		n := asked(w, windcavetest.OpProcess)
		w.Pass(48 * time.Hour)
		if m := asked(w, windcavetest.OpProcess); m != n || n > 300 {
			t.Errorf("asked %d times, then %d", n, m)
		}
	})
}

// A notification is answered 200 only once the outcome is stored: the gateway comes again
// otherwise.
func TestNotificationIsAnsweredWhenStored(t *testing.T) {
	t.Parallel()
	play(t, option{Gateway: windcavetest.Options{NotifySpacing: time.Minute}}, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.CutBefore, Times: 3})
		p := w.Start("form-1")
		w.Pay(p, windcavetest.CardApproved)
		w.Until(p.ID, 10*time.Minute, payment.Recorded)
		w.Pass(10 * time.Minute)
		tries := w.Gateway.Notifications()[0].Tries
		for i, try := range tries {
			if last := i == len(tries)-1; last != (try.Status == 200) || !last && try.Status != 503 {
				t.Errorf("try %d was answered %d", i, try.Status)
			}
		}
	})
}

// A closed engine takes nothing.
func TestClosedEngine(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		closed := w.Engine
		w.Restart()
		if _, err := closed.Start(context.Background(), w.Order("form-1", "payer")); !errors.Is(err, payment.ErrNoGeneration) {
			t.Errorf("started: %v", err)
		}
		if _, err := closed.Result(context.Background(), "AAAAAAAAAAAAAAAA", secret.New("t"), ""); !errors.Is(err, payment.ErrNoGeneration) {
			t.Errorf("took a result: %v", err)
		}
	})
}

// W_HASH: should a token stand for its page and not for one attempt, then what it says can
// change: one that was judged as declined is asked about again.
func TestDeclinedTokenIsAskedAgain(t *testing.T) {
	t.Parallel()
	play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
		_, back := approve(w)
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.Decline})
		p, err := w.Return(back)
		if err != nil {
			t.Fatal(err)
		}
		want(t, p, payment.Declined, payment.ReasonGatewayDeclined)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
	})
}

// F73: a payment is asked about only with the user that it was started with.
func TestF73StatusUserReplaced(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, _ := approve(w)
		other := w.Generation(option{Currency: "NZD"})
		other.Default.PxPostUser = "SomebodyElse"
		w.Engine.Push(other)
		w.Pass(5 * time.Hour)
		if n := asked(w, windcavetest.OpStatus); n != 0 {
			t.Errorf("asked %d times with another's user", n)
		}
		want(t, get(w, p.ID), payment.Expired, "")
		w.Engine.Remove(other)
		w.Until(p.ID, 2*time.Hour, payment.Recorded)
	})
}
