package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// F74: the journal was lost, and the answer about a token is not what our own reference, our
// statement record or our booking says was asked: it is kept as a claim, for a person. A right
// answer that comes later is taken, where it is known what was asked.
func TestF74DamagedAnswerAfterALostJournal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		damage  windcavetest.Kind
		booked  bool          // before the journal was lost
		noParts bool          // there is no statement record
		change  string        // of the statement record, by staff
		then    payment.State // once the right answer has come
	}{
		"another amount":                    {damage: windcavetest.OtherAmount, then: payment.Recorded},
		"another amount, booked":            {damage: windcavetest.OtherAmount, booked: true, then: payment.Recorded},
		"another amount, booked, no record": {damage: windcavetest.OtherAmount, booked: true, noParts: true, then: payment.Recorded},
		"another reference":                 {damage: windcavetest.OtherReference, then: payment.Parked},
		"another customer's record":         {change: `{"customer_id":"2"}`, then: payment.Parked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{NoPxPost: true}, func(t *testing.T, w *world) {
				if tt.noParts {
					w.Splynx.Inject(trouble{Op: "POST bank-statements-records", Kind: splynxtest.Status, Status: 403, Times: -1})
				}
				p, back := approve(w)
				if tt.booked {
					_, _ = w.Return(back)
					w.Until(p.ID, time.Minute, payment.Recorded)
				}
				records := w.Splynx.Records()
				if len(records) == 1 == tt.noParts {
					t.Fatalf("%d statement records", len(records))
				}
				if tt.change != "" {
					w.ChangeRecord(records[0].ID, tt.change)
				}
				w.LoseJournal()
				if tt.damage != "" {
					w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: tt.damage})
				}
				q, err := w.Return(back)
				if err != nil {
					t.Fatal(err)
				}
				want(t, q, payment.Parked, payment.ReasonAnswerDiffers)
				if q.HasMoney() || q.Claimed == "" {
					t.Errorf("taken for approved as asked: %s, %q", q.Amount, q.Reference)
				}
				if i, _ := w.Splynx.Invoice(w.Invoice.ID); i.Status != "paid" {
					if _, err := w.Engine.Start(background, w.Order("form-2", "payer-2")); !errors.Is(err, payment.ErrInFlight) {
						t.Errorf("got %v, want ErrInFlight", err)
					}
				}
				_, _ = w.Return(back) // asked about again
				w.Pass(time.Hour)
				if q = get(w, p.ID); q.State != tt.then {
					t.Errorf("payment is %s (%s), want %s", q.State, q.Reason, tt.then)
				}
				if q.State == payment.Parked {
					settled(t, w, p.ID, payment.SettleNotPaid)
				}
				if n := len(ours(w)); n > 1 {
					t.Errorf("booked %d times", n)
				}
			})
		})
	}
}

// F74: without a statement record too, a damaged answer is held against what Status says; an
// answer that Status agrees with is taken.
func TestF74DamagedAnswerWithoutARecord(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		damage windcavetest.Kind
		reason payment.Reason
	}{
		"another amount": {windcavetest.OtherAmount, payment.ReasonAnswerDiffers},
		"as it is":       {"", payment.ReasonNoIntent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Splynx.Inject(trouble{Op: "POST bank-statements-records", Kind: splynxtest.Status, Status: 403, Times: -1})
				_, back := approve(w)
				w.LoseJournal()
				if tt.damage != "" {
					w.Gateway.Inject(fault{Op: windcavetest.OpProcess, Kind: tt.damage})
				}
				q, err := w.Return(back)
				if err != nil {
					t.Fatal(err)
				}
				want(t, q, payment.Parked, tt.reason)
				if tt.damage == "" && !q.HasMoney() {
					t.Error("the money is not known")
				}
			})
		})
	}
}
