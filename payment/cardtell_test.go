package payment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

const office = "office@isp.example"

// The office is told once of each saved card, without the customer's name or more of the card than
// lists show; by default it is not.
func TestOfficeIsToldOfASavedCard(t *testing.T) {
	t.Parallel()
	play(t, option{Settings: payment.Settings{Cards: payment.CardSettings{Tell: office}}}, func(t *testing.T, w *world) {
		saveCard(t, w, "form-1")
		w.Pass(48 * time.Hour)
		mails := w.Splynx.Mails()
		if len(mails) != 1 || mails[0].Recipient != office || mails[0].Type != "add-on" || mails[0].CustomerID != 0 {
			t.Fatalf("mails are %+v", mails)
		}
		text := mails[0].Subject + mails[0].Message
		for _, want := range []string{"Customer 1 has saved a card", "Visa ends in 11", "/admin/customers/view?id=1"} {
			if !strings.Contains(text, want) {
				t.Errorf("it does not say %q: %s", want, text)
			}
		}
		for _, secret := range []string{"A Customer", "4111", "12/31", held(w).Fields[0]} {
			if strings.Contains(text, secret) {
				t.Errorf("it shows %q: %s", secret, text)
			}
		}
	})
	play(t, option{}, func(t *testing.T, w *world) {
		saveCard(t, w, "form-1")
		w.Pass(time.Hour)
		if n := len(w.Splynx.Mails()); n != 0 {
			t.Errorf("%d mails", n)
		}
	})
}

// A Splynx that takes no mail, or is slow to, holds nothing up, and is not asked again.
func TestMailHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]splynxtest.Fault{
		"refused": {Kind: splynxtest.Status, Status: 403}, "broken": {Kind: splynxtest.Status, Status: 500}, "cut off, but queued": {Kind: splynxtest.Cut, Commit: true},
		"silent": {Kind: splynxtest.Slow, Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{Settings: payment.Settings{Cards: payment.CardSettings{Tell: office}}}, func(t *testing.T, w *world) {
				f.Op = "POST mail"
				w.Splynx.Inject(f)
				p := saveCard(t, w, "form-1")
				w.Pass(48 * time.Hour)
				if p = get(w, p.ID); p.Save.Stage != payment.SaveDone {
					t.Errorf("save %+v", p.Save)
				}
				asked := 0
				for _, call := range w.Splynx.Log() {
					if call.Resource == "mail" && !call.Late {
						asked++
					}
				}
				if asked != 1 {
					t.Errorf("Splynx was asked %d times", asked)
				}
			})
		})
	}
}
