package payment_test

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const (
	putCard  = "PUT customer-payment-accounts"
	readCard = "LIST customer-payment-accounts"
)

// A write of a card arrives late, after the next one was read back.
func TestLateWriteOfACard(t *testing.T) {
	late := splynxtest.Fault{Op: putCard, Kind: splynxtest.Late, Hold: time.Second, Delay: 5 * time.Minute}
	t.Run("removed", func(t *testing.T) {
		play(t, option{}, func(t *testing.T, w *world) {
			w.Splynx.Inject(late)
			saveCard(t, w, "form-1")
			w.Pass(time.Minute)
			if w.Engine.RemoveCard(background, w.Customer, "customer-1") != nil {
				return // refused for a while: good
			}
			w.Pass(10 * time.Minute)
			if c := w.Card(); c.Key != "" {
				t.Errorf("the removed card stands there again; charged, it is %s", charge(t, w, c, "form-2").State)
			}
		})
	})
	t.Run("replaced", func(t *testing.T) {
		play(t, option{}, func(t *testing.T, w *world) {
			w.Splynx.Inject(late)
			saveCard(t, w, "form-1")
			w.Pass(time.Minute)
			_, back := checkCard(t, w, "form-2", windcavetest.CardMastercard)
			_, _ = w.Return(back)
			w.Pass(30 * time.Minute)
			if c := w.Card(); c.Brand != "Mastercard" {
				t.Errorf("the card that was replaced stands there again: %+v", c)
			}
		})
	})
}

// A card that is called not saved does not stand in Splynx.
func TestNotSavedMeansNotThere(t *testing.T) {
	for name, c := range map[string]struct {
		settings payment.Settings
		faults   []splynxtest.Fault
	}{
		"payment method cannot be set": {payment.Settings{Cards: payment.CardSettings{PaymentMethod: 3}}, []splynxtest.Fault{
			{Op: "PUT customer-billing", Kind: splynxtest.Status, Status: 500, Times: -1},
		}},
		"put is done, reads fail for a day": {payment.Settings{}, []splynxtest.Fault{
			{Op: putCard, Kind: splynxtest.Status, Status: 500, Commit: true, Times: -1},
			{Op: readCard, Kind: splynxtest.Status, Status: 500, Times: -1, Skip: 1},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, option{Settings: c.settings}, func(t *testing.T, w *world) {
				old, _ := w.SaveCard(windcavetest.CardMastercard)
				p, back := checkCard(t, w, "form-1", windcavetest.CardApproved)
				for _, f := range c.faults {
					w.Splynx.Inject(f)
				}
				_, _ = w.Return(back)
				w.Pass(30 * time.Hour)
				w.Splynx.ClearFaults()
				p = get(w, p.ID)
				if c := w.Card(); p.Save.Stage == payment.SaveFailed && c.Key != old.Key {
					t.Errorf("called not saved (%s), and it stands there in place of the old one; charged, it is %s", p.Save.Why, charge(t, w, c, "form-2").State)
				}
			})
		})
	}
}

// A token that was saved before us, and charged for its holder here, is typed in for somebody else.
func TestTokenOfAnotherCustomer(t *testing.T) {
	play(t, option{}, func(t *testing.T, w *world) {
		card, id := w.SaveCard(windcavetest.CardApproved)
		charge(t, w, card, "form-1")
		w.Pass(time.Hour)
		other := w.Splynx.AddCustomer(splynxtest.Customer{Name: "Other"})
		inv := w.Splynx.AddInvoice(invoice{CustomerID: other, Number: "2026/99", Total: "30.00"})
		w.Splynx.SetAccountData(other, w.CardAccount(), map[int]string{1: id, 2: "411111........11", 3: "Visa", 4: "12/31"})
		c, err := w.Engine.Card(background, 1, other)
		if err != nil {
			t.Fatal(err)
		}
		o := w.OrderOf(inv, "form-9", "customer-2")
		o.Card = c.Used()
		if p, err := w.Engine.Charge(background, o); err == nil && p.HasMoney() {
			t.Errorf("the card of customer %d is charged for %d", w.Customer, other)
		}
	})
}

// A page that was paid before a newer card was saved, or the card removed, is heard of after.
func TestOlderPageHeardOfLater(t *testing.T) {
	for name, remove := range map[string]bool{"newer card": false, "removed": true} {
		t.Run(name, func(t *testing.T) {
			play(t, option{}, func(t *testing.T, w *world) {
				w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
				checkCard(t, w, "form-1", windcavetest.CardApproved) // nobody comes back
				w.Pass(30 * time.Second)
				s := w.CheckCard("form-2")
				s.Payer = "office" // else the first page is given out again
				p, err := w.Engine.Start(background, s)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = w.Return(w.Pay(p, windcavetest.CardMastercard))
				w.Pass(20 * time.Second)
				if remove {
					if err := w.Engine.RemoveCard(background, w.Customer, "customer-1"); err != nil {
						t.Fatal(err)
					}
				}
				w.Pass(3 * time.Hour)
				if c := w.Card(); remove && c.Key != "" || !remove && c.Brand != "Mastercard" {
					t.Errorf("card %+v", c)
				}
			})
		})
	}
}

// One process stores a card while another one removes it.
func TestRemovedOnAnotherNode(t *testing.T) {
	play(t, option{}, func(t *testing.T, w *world) {
		s := w.OrderWith(payment.CardUsed{}, "form-1")
		s.SaveCard = true
		p, err := w.Engine.Start(background, s)
		if err != nil {
			t.Fatal(err)
		}
		back := w.Pay(p, windcavetest.CardApproved)
		w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: windcavetest.DelayAfter, Delay: 10 * time.Second, Skip: 1})
		_, _ = w.Return(back)
		w.Until(p.ID, time.Minute, payment.Recorded)
		w.Pass(2 * time.Second)
		other := payment.New(w.Store, payment.Options{Node: "other", Look: time.Hour})
		other.Push(w.Gen)
		defer other.Close(background)
		err = other.RemoveCard(background, w.Customer, "customer-1")
		w.Pass(time.Hour)
		if c := w.Card(); err == nil && c.Key != "" {
			t.Errorf("removed, and it stands there: %+v", c)
		}
	})
}

// A card is removed while a charge of it waits: for Splynx, or, before it stands in the journal,
// for what the gateway says of an earlier page.
func TestNothingIsChargedAfterRemoval(t *testing.T) {
	for name, delay := range map[string]func(*world){
		"for the invoice": func(w *world) {
			w.Splynx.Inject(splynxtest.Fault{Op: "VIEW invoices", Kind: splynxtest.Slow, Delay: 9 * time.Second})
		},
		"for the status of a page": func(w *world) {
			s := w.OrderWith(payment.CardUsed{}, "form-0")
			s.Payer = "somebody else"
			if _, err := w.Engine.Start(background, s); err != nil {
				w.TB.Fatal(err)
			}
			w.Pass(90 * time.Second) // before, the gateway is not asked
			w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.DelayAfter, Delay: 9 * time.Second})
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, option{}, func(t *testing.T, w *world) {
				card, _ := w.SaveCard(windcavetest.CardApproved)
				w.Pass(15 * time.Minute) // what was written of it cannot arrive any more
				delay(w)
				order, done := w.OrderWith(card, "form-1"), make(chan *payment.Payment, 1)
				go func() { p, _ := w.Engine.Charge(background, order); done <- p }()
				w.Pass(4 * time.Second)
				err := w.Engine.RemoveCard(background, w.Customer, "customer-1")
				removed := time.Now()
				<-done
				for _, c := range w.Gateway.Charges() {
					if err == nil && c.At.After(removed) {
						t.Errorf("charged %s after the removal was confirmed", c.At.Sub(removed))
					}
				}
			})
		})
	}
}

// A refused password for Status does not mean that the gateway knows the TxnId.
func TestRefusedPasswordIsNoAnswer(t *testing.T) {
	play(t, option{}, func(t *testing.T, w *world) {
		card, _ := w.SaveCard(windcavetest.CardApproved)
		w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: windcavetest.CutBefore})
		w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.CredentialsU5})
		p := charge(t, w, card, "form-1")
		w.Pass(time.Hour)
		want(t, get(w, p.ID), payment.NotDone, payment.ReasonNeverArrived)
	})
}
