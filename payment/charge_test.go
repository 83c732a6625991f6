package payment_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// charge charges the world's saved card for its invoice.
func charge(t *testing.T, w *world, card payment.CardUsed, form string) *payment.Payment {
	t.Helper()
	p, err := w.Engine.Charge(background, w.OrderWith(card, form))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A saved card is charged once and recorded once, whatever the gateway does to the one
// request.
func TestChargeOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   fault
		then    payment.State // at once
		end     payment.State
		reason  payment.Reason
		charges int
	}{
		"approved":                      {fault{}, payment.Approved, payment.Recorded, payment.ReasonBooked, 1},
		"answer lost":                   {fault{Kind: windcavetest.RecordThenCut}, payment.Unknown, payment.Recorded, payment.ReasonBooked, 1},
		"request lost":                  {fault{Kind: windcavetest.CutBefore}, payment.Unknown, payment.NotDone, payment.ReasonNeverArrived, 0},
		"answer after our time-out":     {fault{Kind: windcavetest.DelayAfter, Delay: 4 * time.Minute}, payment.Submitted, payment.Recorded, payment.ReasonBooked, 1},
		"half an answer":                {fault{Kind: windcavetest.HalfXML}, payment.Unknown, payment.Recorded, payment.ReasonBooked, 1},
		"a page in place of an answer":  {fault{Kind: windcavetest.HTML}, payment.Unknown, payment.NotDone, payment.ReasonNeverArrived, 0},
		"status required":               {fault{Kind: windcavetest.StatusRequired}, payment.Unknown, payment.Recorded, payment.ReasonBooked, 1},
		"password refused as a decline": {fault{Kind: windcavetest.CredentialsU5}, payment.NotDone, payment.NotDone, payment.ReasonGatewayRefused, 0},
		"another amount in the answer":  {fault{Kind: windcavetest.OtherAmount}, payment.Parked, payment.Parked, payment.ReasonAnswerDiffers, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				card, _ := w.SaveCard(windcavetest.CardApproved)
				if c.fault.Kind != "" {
					c.fault.Op = windcavetest.OpPurchase
					w.Gateway.Inject(c.fault)
				}
				p := charge(t, w, card, "form-1")
				want(t, p, c.then, "")
				for _, form := range []string{"form-1", "form-2"} { // pressed again, and in another tab
					again, err := w.Engine.Charge(background, w.OrderWith(card, form))
					if form == "form-1" && (err != nil || again.ID != p.ID) {
						t.Errorf("the same form gives %v, %v", again, err)
					}
					if form == "form-2" && p.InFlight() && !errors.Is(err, payment.ErrInFlight) {
						t.Errorf("another form while it is %s: %v", p.State, err)
					}
					if !p.InFlight() {
						break
					}
				}
				p = w.Until(p.ID, 26*time.Hour, c.end)
				want(t, p, c.end, c.reason)
				if n := len(w.Gateway.Charges()); n != c.charges {
					t.Errorf("%d charges, want %d", n, c.charges)
				}
				if n := asked(w, windcavetest.OpPurchase); n != 1 {
					t.Errorf("the charge was sent %d times", n)
				}
				if p.Card.Ends != "11" || p.Card.Brand != "Visa" {
					t.Errorf("card %+v", p.Card)
				}
			})
		})
	}
}

// The gateway cannot be reached: surely nothing was charged, and that is said at once.
func TestChargeUnreachable(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		card, _ := w.SaveCard(windcavetest.CardApproved)
		w.GatewayUnreachable(true)
		p := charge(t, w, card, "form-1")
		want(t, p, payment.NotDone, payment.ReasonNotSent)
		w.GatewayUnreachable(false)
		w.Pass(time.Minute)
		if r := w.Splynx.Records(); len(r) != 1 || r[0].Status != "canceled" {
			t.Errorf("statement records %+v", r)
		}
		want(t, charge(t, w, card, "form-2"), payment.Approved, "")
	})
}

// Nothing is charged that is not as the page has shown it.
func TestChargeOnlyWhatWasSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*world)
		why    payment.Reason
	}{
		"more is due":  {func(w *world) { w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Due = "57.51" }) }, payment.ReasonAmountChanged},
		"paid":         {func(w *world) { w.Splynx.PayInvoice(w.Invoice.ID) }, payment.ReasonAmountChanged},
		"deleted":      {func(w *world) { w.Splynx.DeleteInvoice(w.Invoice.ID) }, payment.ReasonAmountChanged},
		"another card": {func(w *world) { w.SaveCard(windcavetest.CardMastercard) }, payment.ReasonCardChanged},
		"no card":      {func(w *world) { w.Splynx.SetAccountData(w.Customer, w.CardAccount(), map[int]string{1: ""}) }, payment.ReasonCardChanged},
		"card is over": {func(w *world) { w.Splynx.SetAccountData(w.Customer, w.CardAccount(), map[int]string{4: "12/99"}) }, payment.ReasonCardChanged},
		"a number in place": {func(w *world) {
			w.Splynx.SetAccountData(w.Customer, w.CardAccount(), map[int]string{1: "4111111111111111"})
		}, payment.ReasonCardChanged},
		"splynx says nothing": {func(w *world) { w.Splynx.SetOutage(true) }, payment.ReasonSplynxUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				card, _ := w.SaveCard(windcavetest.CardApproved)
				order := w.OrderWith(card, "form-1")
				c.change(w)
				p, err := w.Engine.Charge(background, order)
				w.Splynx.SetOutage(false)
				if err != nil {
					t.Fatal(err)
				}
				want(t, p, payment.NotDone, c.why)
				if n := asked(w, windcavetest.OpPurchase); n != 0 {
					t.Errorf("the gateway was asked %d times", n)
				}
			})
		})
	}
}

// F26: a card that is dead is declined once, and never tried again.
func TestF26DeadCard(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"JC", "JD", "JE", "54", "04", "41", "43"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				card, token := w.SaveCard(windcavetest.CardApproved)
				if err := w.Gateway.KillCard(token, code); err != nil {
					t.Fatal(err)
				}
				want(t, charge(t, w, card, "form-1"), payment.Declined, payment.ReasonGatewayDeclined)
				w.Revive() // it is remembered
				if c, err := w.Engine.Card(background, 1, w.Customer); err != nil || c.Standing != payment.CardDead || c.Usable() {
					t.Errorf("card %+v, %v", c, err)
				}
				want(t, charge(t, w, card, "form-2"), payment.NotDone, payment.ReasonCardChanged)
				if n := asked(w, windcavetest.OpPurchase); n != 1 {
					t.Errorf("the card was tried %d times", n)
				}
				w.Pass(time.Minute)
				var status []string
				for _, r := range w.Splynx.Records() {
					status = append(status, r.Status)
				}
				if slices.Sort(status); !slices.Equal(status, []string{"canceled", "error"}) {
					t.Errorf("statement records are %v", status)
				}
			})
		})
	}
}

// A decline that may pass leaves the card usable, and the invoice free to be paid otherwise.
func TestChargeDeclined(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		card, _ := w.SaveCard(windcavetest.CardDeclined)
		want(t, charge(t, w, card, "form-1"), payment.Declined, payment.ReasonGatewayDeclined)
		if c, err := w.Engine.Card(background, 1, w.Customer); err != nil || !c.Usable() {
			t.Errorf("card %+v, %v", c, err)
		}
		want(t, w.Start("form-2"), payment.Offered, "")
	})
}

// F08: a process that dies anywhere in a charge charges at most once, and what was charged is
// recorded; a person's charge that was never sent is not sent after the restart.
func TestF08KilledInACharge(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 8; n++ {
		for _, after := range []bool{false, true} {
			play(t, option{}, func(t *testing.T, w *world) {
				card, _ := w.SaveCard(windcavetest.CardApproved)
				order := w.OrderWith(card, "form-1")
				w.CrashAt(n, after)
				_, _ = w.Engine.Charge(background, order)
				w.Pass(time.Minute)
				sent := asked(w, windcavetest.OpPurchase)
				w.Revive()
				w.Pass(10 * time.Minute)
				if asked(w, windcavetest.OpPurchase) > sent {
					t.Errorf("write %d: sent after the restart", n)
				}
				p, err := w.Engine.Charge(background, order) // the same form again
				if err != nil {
					t.Fatalf("write %d: %v", n, err)
				}
				if len(w.Gateway.Charges()) > 1 {
					t.Errorf("write %d: charged twice, payment is %s", n, p.State)
				}
			})
		}
	}
}

// Not found says that nothing was done only between the longest request and a day after.
func TestNotFoundOfACharge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		story  func(*world)
		end    payment.State
		reason payment.Reason
		away   time.Duration // the gateway, afterwards
	}{
		"at once, while it is on its way": {func(w *world) {
			w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: windcavetest.DelayBefore, Delay: 170 * time.Second})
		}, payment.Recorded, payment.ReasonBooked, 0},
		"of what the gateway has known": {func(w *world) {
			w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: windcavetest.StatusRequired})
			w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.NotFound, Times: 3})
		}, payment.Parked, payment.ReasonNotFound, 0},
		"a day later": {func(w *world) {
			w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut})
			w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.NotFound, Times: 1})
		}, payment.Parked, payment.ReasonNotFound, 25 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				card, _ := w.SaveCard(windcavetest.CardApproved)
				c.story(w)
				p := charge(t, w, card, "form-1")
				if c.away > 0 {
					w.GatewayUnreachable(true)
					w.Pass(c.away)
					w.GatewayUnreachable(false)
				}
				p = w.Until(p.ID, 3*time.Hour, c.end)
				want(t, p, c.end, c.reason)
			})
		})
	}
}

// F71: an approval that comes after not done wins over it.
func TestF71LateApprovalOfACharge(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		card, _ := w.SaveCard(windcavetest.CardApproved)
		w.Gateway.Inject(fault{Op: windcavetest.OpPurchase, Kind: windcavetest.RecordThenCut})
		w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.NotFound, Times: 7})
		p := charge(t, w, card, "form-1")
		w.Until(p.ID, time.Hour, payment.NotDone)
		w.Until(p.ID, time.Hour, payment.Recorded)
	})
}

// Two tabs, two devices, ten clicks: one charge.
func TestChargesAtOnce(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		card, _ := w.SaveCard(windcavetest.CardApproved)
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				_, err := w.Engine.Charge(background, w.OrderWith(card, []string{"form-1", "form-2", "form-3"}[i%3]))
				if err != nil && !errors.Is(err, payment.ErrInFlight) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(w.Gateway.Charges()); n != 1 {
			t.Errorf("%d charges", n)
		}
	})
}

// What stands in the fields is not believed.
func TestCardIsUntrusted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields map[int]string
		want   payment.Card
	}{
		"ours":            {map[int]string{1: "0000010012345678", 2: "411111........11", 3: "Visa", 4: "12/31"}, payment.Card{Brand: "Visa", Ends: "11", Expires: "12/31", Standing: payment.CardGood}},
		"typed":           {map[int]string{1: " 0000010012345678 ", 2: "**** 1234", 3: "MASTERCARD", 4: "0731"}, payment.Card{Brand: "Mastercard", Ends: "1234", Expires: "07/31", Standing: payment.CardGood}},
		"a card number":   {map[int]string{1: "4111111111111111", 2: "4111111111111111", 3: "<b>Visa</b>", 4: "soon"}, payment.Card{Ends: "11", Standing: payment.CardUnreadable}},
		"markup":          {map[int]string{1: "<script>", 2: "<i>", 3: "x", 4: "13/31"}, payment.Card{Standing: payment.CardUnreadable}},
		"expired":         {map[int]string{1: "0000010012345678", 4: "11/1999"}, payment.Card{Expires: "11/99", Standing: payment.CardExpired}},
		"nothing":         {map[int]string{2: "411111........11"}, payment.Card{}},
		"only the number": {map[int]string{1: "0000010012345678", 2: "4111 1111 1111 1111"}, payment.Card{Ends: "11", Standing: payment.CardGood}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Splynx.SetAccountData(w.Customer, w.CardAccount(), c.fields)
				got, err := w.Engine.Card(background, 1, w.Customer)
				if err != nil {
					t.Fatal(err)
				}
				if (got.Key == "") != (c.want == payment.Card{}) {
					t.Errorf("key %q", got.Key)
				}
				if shown := (payment.Card{Brand: got.Brand, Ends: got.Ends, Expires: got.Expires, Standing: got.Standing}); shown != c.want {
					t.Errorf("card %+v, want %+v", shown, c.want)
				}
			})
		})
	}
}

// A token that was saved for one customer is not charged for another one, wherever it is
// typed.
func TestTokenOfSomebodyElse(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		saved := saveCard(t, w, "form-1")
		row, _ := w.Splynx.AccountData(w.Customer, w.CardAccount())
		other := w.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
		w.Splynx.SetAccountData(other, w.CardAccount(), map[int]string{1: row.Fields[0]})
		if c, err := w.Engine.Card(background, 1, other); err != nil || c.Standing != payment.CardElsewhere {
			t.Errorf("card %+v, %v", c, err)
		}
		if c, err := w.Engine.Card(background, 1, w.Customer); err != nil || !c.Usable() {
			t.Errorf("card %+v of payment %s, %v", c, saved.ID, err)
		}
	})
}
