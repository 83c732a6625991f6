package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// checkCard starts a card check and pays it, without coming back.
func checkCard(t *testing.T, w *world, form string, card windcavetest.Card) (*payment.Payment, string) {
	t.Helper()
	p, err := w.Engine.Start(background, w.CheckCard(form))
	if err != nil {
		t.Fatal(err)
	}
	want(t, p, payment.Offered, "")
	return p, w.Pay(p, card)
}

// saveCard saves a card, and waits until its money is back.
func saveCard(t *testing.T, w *world, form string) *payment.Payment {
	t.Helper()
	p, back := checkCard(t, w, form, windcavetest.CardApproved)
	if _, err := w.Return(back); err != nil {
		t.Fatal(err)
	}
	return w.Until(p.ID, time.Hour, payment.Settled)
}

// held is what the world's customer has in the fields of a card.
func held(w *world) splynxtest.AccountRow {
	row, _ := w.Splynx.AccountData(w.Customer, w.CardAccount())
	return row
}

// A card is saved with 1.00, which comes back; nothing of it is booked, and no token stays in
// the journal.
func TestSaveCard(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]windcave.TxnType{"by purchase and refund": windcave.Purchase, "by auth and void": windcave.Auth} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{Settings: payment.Settings{Cards: payment.CardSettings{CheckType: kind}}}, func(t *testing.T, w *world) {
				p := saveCard(t, w, "form-1")
				w.Pass(time.Minute)
				p = get(w, p.ID)
				if p.Save.Stage != payment.SaveDone || p.Save.Ends != "11" || p.Save.Brand != "Visa" {
					t.Errorf("save %+v", p.Save)
				}
				c, err := w.Engine.Card(background, 1, w.Customer)
				if err != nil || !c.Usable() || c.Ends != "11" {
					t.Errorf("card %+v, %v", c, err)
				}
				if tokens, err := w.Store.KeptTokens(background, p.ID); err != nil || len(tokens) != 0 {
					t.Errorf("%d result tokens are kept, %v", len(tokens), err)
				}
				if n := len(ours(w)) + len(w.Splynx.Records()); n != 0 {
					t.Errorf("%d payments and records in splynx", n)
				}
				want(t, charge(t, w, c.Used(), "form-2"), payment.Approved, "")
			})
		})
	}
}

// However it goes, the 1.00 comes back, or a person is told.
func TestSaveCardGoesWrong(t *testing.T) {
	t.Parallel()
	const put, read = "PUT customer-payment-accounts", "GET customer-payment-accounts"
	splynxSays := func(f splynxtest.Fault) func(*world) { return func(w *world) { w.Splynx.Inject(f) } }
	gatewaySays := func(f fault) func(*world) { return func(w *world) { w.Gateway.Inject(f) } }
	for name, c := range map[string]struct {
		trouble func(*world)
		account func(*windcavetest.Account)
		save    payment.SaveStage
		end     payment.State
		why     payment.Reason
	}{
		"no token":                    {nil, func(a *windcavetest.Account) { a.TokenBilling = false }, payment.SaveFailed, payment.Settled, payment.ReasonGivenBack},
		"put fails after the commit":  {splynxSays(splynxtest.Fault{Op: put, Kind: splynxtest.Status, Status: 500, Commit: true}), nil, payment.SaveDone, payment.Settled, payment.ReasonGivenBack},
		"put fails before the commit": {splynxSays(splynxtest.Fault{Op: put, Kind: splynxtest.Status, Status: 500, Times: 5}), nil, payment.SaveDone, payment.Settled, payment.ReasonGivenBack},
		"splynx never takes it":       {splynxSays(splynxtest.Fault{Op: put, Kind: splynxtest.Status, Status: 403, Times: -1}), nil, payment.SaveFailed, payment.Settled, payment.ReasonGivenBack},
		"refund refused":              {nil, func(a *windcavetest.Account) { a.NoRefunds = true }, payment.SaveDone, payment.Parked, payment.ReasonRefundRefused},
		"refund's answer lost":        {gatewaySays(fault{Op: windcavetest.OpRefund, Kind: windcavetest.RecordThenCut}), nil, payment.SaveDone, payment.Settled, payment.ReasonGivenBack},
		"refund's request lost":       {gatewaySays(fault{Op: windcavetest.OpRefund, Kind: windcavetest.CutBefore}), nil, payment.SaveDone, payment.Settled, payment.ReasonGivenBack},
		"result answer lost twice":    {gatewaySays(fault{Op: windcavetest.OpProcess, Kind: windcavetest.CutBefore, Times: 2}), nil, payment.SaveDone, payment.Settled, payment.ReasonGivenBack},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{Account: c.account}, func(t *testing.T, w *world) {
				if c.trouble != nil {
					c.trouble(w)
				}
				p, back := checkCard(t, w, "form-1", windcavetest.CardApproved)
				_, _ = w.Return(back)
				p = w.Until(p.ID, 30*time.Hour, c.end)
				want(t, p, c.end, c.why)
				w.Pass(30 * time.Hour)
				if p = get(w, p.ID); p.Save.Stage != c.save {
					t.Errorf("save %+v", p.Save)
				}
				if n := len(w.Gateway.Refunds()); (n == 1) != (c.end == payment.Settled) {
					t.Errorf("%d refunds", n)
				}
				if got := held(w).Fields[0] != ""; got != (c.save == payment.SaveDone) {
					t.Errorf("a card stands in splynx: %t", got)
				}
			})
		})
	}
}

// F64: a refused refund is parked; once the account may refund, a person has it tried again.
func TestF64RefundRefusedThenAllowed(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpRefund, Kind: windcavetest.CredentialsU5})
		p, back := checkCard(t, w, "form-1", windcavetest.CardApproved)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		p = w.Until(p.ID, time.Hour, payment.Parked)
		want(t, p, payment.Parked, payment.ReasonRefundRefused)
		if _, err := w.Engine.Settle(background, p.ID, payment.SettleRecorded, "wrong", "office"); !errors.Is(err, payment.ErrSettlement) {
			t.Errorf("a card check was called recorded: %v", err)
		}
		if _, err := w.Engine.Settle(background, p.ID, payment.SettleAgain, "the account may refund now", "office"); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Hour, payment.Settled)
	})
}

// A void that nobody has the answer of is never followed by a refund: the money lapses.
func TestUnknownVoidLapses(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"answer lost":  {Op: windcavetest.OpVoid, Kind: windcavetest.RecordThenCut},
		"request lost": {Op: windcavetest.OpVoid, Kind: windcavetest.CutBefore},
		"refused":      {Op: windcavetest.OpVoid, Kind: windcavetest.CredentialsU5, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{Settings: payment.Settings{Cards: payment.CardSettings{CheckType: windcave.Auth}}}, func(t *testing.T, w *world) {
				w.Gateway.Inject(f)
				p, back := checkCard(t, w, "form-1", windcavetest.CardApproved)
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
				p = w.Until(p.ID, 10*24*time.Hour, payment.Settled)
				want(t, p, payment.Settled, payment.ReasonLapsed)
				if n := asked(w, windcavetest.OpVoid); n != 1 {
					t.Errorf("%d voids were sent", n)
				}
				if n := asked(w, windcavetest.OpRefund); n != 0 {
					t.Errorf("%d refunds were sent", n)
				}
			})
		})
	}
}

// A declined check stores nothing, also where the answer carries a token.
func TestDeclinedCheckSavesNothing(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := checkCard(t, w, "form-1", windcavetest.CardRefused)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		want(t, get(w, p.ID), payment.Declined, "")
		w.Pass(time.Hour)
		if row, ok := w.Splynx.AccountData(w.Customer, w.CardAccount()); ok && row.Fields[0] != "" {
			t.Error("a card was saved")
		}
	})
}

// Nobody comes back from the page: the card is saved all the same, for Status tells it.
func TestSaveCardNobodyComesBack(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
		p, _ := checkCard(t, w, "form-1", windcavetest.CardApproved)
		p = w.Until(p.ID, 2*time.Hour, payment.Settled)
		w.Pass(25 * time.Hour)
		if p = get(w, p.ID); p.Save.Stage != payment.SaveDone && p.Save.Stage != payment.SaveFailed {
			t.Errorf("save %+v", p.Save)
		}
		if got := held(w).Fields[0] != ""; got != (p.Save.Stage == payment.SaveDone) {
			t.Errorf("a card stands in splynx: %t, save %+v", got, p.Save)
		}
	})
}

// F09: a process that dies anywhere between the approval and the end saves the card once and
// gives the money back once.
func TestF09KilledInACardCheck(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 14; n++ {
		for _, after := range []bool{false, true} {
			play(t, option{}, func(t *testing.T, w *world) {
				p, back := checkCard(t, w, "form-1", windcavetest.CardApproved)
				w.CrashAt(n, after)
				_, _ = w.Return(back)
				w.Pass(time.Minute)
				w.Revive()
				_, _ = w.Return(back)
				p = w.Until(p.ID, 30*time.Hour, payment.Settled)
				w.Pass(time.Hour)
				if p = get(w, p.ID); p.Save.Stage != payment.SaveDone {
					t.Errorf("write %d: save %+v", n, p.Save)
				}
				if n := len(w.Gateway.Refunds()); n != 1 {
					t.Errorf("%d refunds", n)
				}
			})
		}
	}
}

// An invoice is paid with another card, which takes the place of the saved one.
func TestPayAndSave(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		before, _ := w.SaveCard(windcavetest.CardMastercard)
		s := w.OrderWith(payment.CardUsed{}, "form-1")
		s.SaveCard = true
		p, err := w.Engine.Start(background, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
			t.Fatal(err)
		}
		p = w.Until(p.ID, time.Hour, payment.Recorded)
		w.Pass(time.Minute)
		if p = get(w, p.ID); p.Save.Stage != payment.SaveDone {
			t.Errorf("save %+v", p.Save)
		}
		if now := w.Card(); now.Key == before.Key || now.Key == "" {
			t.Errorf("card %+v", now)
		}
		if n := len(w.Gateway.Refunds()); n != 0 {
			t.Errorf("%d refunds", n)
		}
	})
}

// Of two cards that are saved at once the later one stays; one that is removed stays away.
func TestLaterCardWins(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.Inject(splynxtest.Fault{Op: "PUT customer-payment-accounts", Kind: splynxtest.Status, Status: 503, Times: 4})
		first, back1 := checkCard(t, w, "form-1", windcavetest.CardApproved)
		if _, err := w.Return(back1); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Second)
		second, back2 := checkCard(t, w, "form-2", windcavetest.CardMastercard)
		if _, err := w.Return(back2); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Hour)
		if p := get(w, first.ID); p.Save.Stage != payment.SaveFailed || p.Save.Why != payment.ReasonNewerCard {
			t.Errorf("first: %+v", p.Save)
		}
		if p := get(w, second.ID); p.Save.Stage != payment.SaveDone {
			t.Errorf("second: %+v", p.Save)
		}
		if c := w.Card(); c.Ends != "11" || c.Brand != "Mastercard" {
			t.Errorf("card %+v", c)
		}
		if err := w.Engine.RemoveCard(background, w.Customer, "customer-1"); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Hour)
		if c := w.Card(); c.Key != "" {
			t.Errorf("card %+v after it was removed", c)
		}
	})
}

// Without a place to keep it, no money is taken for a card.
func TestNoPlaceForCards(t *testing.T) {
	t.Parallel()
	play(t, option{Splynx: splynxtest.Options{NoPaymentAccount: true}}, func(t *testing.T, w *world) {
		if p, err := w.Engine.Start(background, w.CheckCard("form-1")); !errors.Is(err, payment.ErrNoCardAccount) {
			t.Errorf("payment %v, %v", p, err)
		}
	})
}

// The customer's payment method is set once a card is saved.
func TestPaymentMethodOnSaving(t *testing.T) {
	t.Parallel()
	play(t, option{Settings: payment.Settings{Cards: payment.CardSettings{PaymentMethod: 3}}}, func(t *testing.T, w *world) {
		saveCard(t, w, "form-1")
		w.Pass(time.Minute)
		billing, err := w.Gen.Splynx.Billing(background, w.Customer)
		if err != nil || billing.PaymentMethod != 3 {
			t.Errorf("billing %+v, %v", billing, err)
		}
	})
}
