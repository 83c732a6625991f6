package windcave_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// saveCard has a buyer go through a hosted page that saves the card, and reads the result.
func (r *rig) saveCard(id string, kind windcave.TxnType, card windcavetest.Card) (*windcave.Result, windcave.Expect) {
	r.t.Helper()
	asked := windcave.GenerateRequest{
		TxnType: kind, Amount: dollars(r.t, "1.00"), TxnID: id, MerchantReference: "card 77", EnableAddBillCard: true,
		RecurringMode: windcave.ModeCredentialInitial,
		URLSuccess:    "http://127.0.0.1:1/return/k1", URLFail: "http://127.0.0.1:1/return/k1",
	}.Sent()
	page, err := r.pxpay.GenerateRequest(r.t.Context(), asked)
	if err != nil {
		r.t.Fatal(err)
	}
	back, err := r.Pay(page.URL, card)
	if err != nil {
		r.t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		r.t.Fatal(err)
	}
	token, _, err := windcave.ReturnQuery(u.RawQuery)
	if err != nil {
		r.t.Fatal(err)
	}
	result, err := r.pxpay.ProcessResponse(r.t.Context(), token)
	if err != nil {
		r.t.Fatal(err)
	}
	return result, windcave.Expect{TxnType: kind, TxnID: id, MerchantReference: asked.MerchantReference, Amount: asked.Amount}
}

// A card is saved on the hosted page, by Purchase or by Auth, charged, and the dollar comes
// back by Refund or Void.
func TestSavedOnThePageThenCharged(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for kind, id := range map[windcave.TxnType]string{windcave.Purchase: "PURCHASE00000001", windcave.Auth: "AUTH000000000001"} {
		result, want := r.saveCard(id, kind, windcavetest.CardMastercard)
		v := result.Judge(want)
		card, ok := result.SavedCard(want)
		if v.Outcome != windcave.Approved || !ok || card.Brand != "MasterCard" || card.Number != "543111........11" || len(card.Expiry) != 4 {
			t.Fatalf("%+v, %+v, %v", v, card, ok)
		}
		x, err := r.pxpost.Status(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if again, ok := x.SavedCard(want); !ok || again.DpsBillingID.Reveal() != card.DpsBillingID.Reveal() || again.Number != card.Number {
			t.Errorf("%+v, %v by Status", again, ok)
		}
		if out := fmt.Sprintf("%v %+v %#v %v %+v", card, card, card, result, x); strings.Contains(out, card.DpsBillingID.Reveal()) || strings.Contains(out, "TEST HOLDER") {
			t.Errorf("it is told: %s", out)
		}
		charge := r.charge("C" + id[1:])
		charge.DpsBillingID = card.DpsBillingID
		if _, v, err := r.pxpost.Purchase(t.Context(), charge); err != nil || v.Outcome != windcave.Approved {
			t.Errorf("%+v, %v", v, err)
		}
		if kind == windcave.Auth {
			_, back, err := r.pxpost.Void(t.Context(), windcave.VoidRequest{DpsTxnRef: v.DpsTxnRef, TxnID: id, Amount: want.Amount})
			if err != nil || back.Outcome != windcave.Approved || !r.moved(windcavetest.OpVoid, "", v.DpsTxnRef) {
				t.Errorf("%+v, %v", back, err)
			}
			continue
		}
		_, back, err := r.pxpost.Refund(t.Context(), windcave.RefundRequest{DpsTxnRef: v.DpsTxnRef, TxnID: "REFUND0000000001", MerchantReference: "back", Amount: want.Amount})
		if err != nil || back.Outcome != windcave.Approved || !r.moved(windcavetest.OpRefund, "REFUND0000000001", "") {
			t.Errorf("%+v, %v", back, err)
		}
	}
}

// The simulator gives a token with a declined page too; it must not come out as a saved card.
func TestDeclinedPageSavesNothing(t *testing.T) {
	t.Parallel()
	r := setup(t)
	result, want := r.saveCard(chargeID, windcave.Purchase, windcavetest.CardDeclined)
	if card, ok := result.SavedCard(want); ok || result.Judge(want).Outcome != windcave.Declined || !card.DpsBillingID.Empty() {
		t.Errorf("%+v, %v", card, ok)
	}
	r = setup(t, func(o *windcavetest.Options) { o.Accounts[0].TokenBilling = false })
	result, want = r.saveCard(chargeID, windcave.Purchase, windcavetest.CardApproved)
	if card, ok := result.SavedCard(want); ok || result.Judge(want).Outcome != windcave.Approved {
		t.Errorf("%+v, %v where the account saves no cards", card, ok)
	}
}

// F26: a saved card that is dead, expired or stolen, in the class that says so.
func TestF26DeadCards(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for code, want := range map[string]windcave.Class{
		"JC": windcave.ClassToken, "JD": windcave.ClassToken, "JE": windcave.ClassToken, "04": windcave.ClassCard,
		"41": windcave.ClassCard, "43": windcave.ClassCard, "54": windcave.ClassCard, "51": windcave.ClassSoft,
	} {
		if err := r.KillCard(r.token, code); err != nil {
			t.Fatal(err)
		}
		if _, v, err := r.pxpost.Purchase(t.Context(), r.charge("DEADCARD000000"+code)); err != nil || v.Outcome != windcave.Declined || v.Class != want || v.Code != code {
			t.Errorf("%s: %+v, %v", code, v, err)
		}
	}
	c := r.charge(chargeID)
	c.DpsBillingID = secret.New("0000000000000000")
	if _, v, err := r.pxpost.Auth(t.Context(), c); err != nil || v.Outcome != windcave.Declined || v.Class != windcave.ClassToken {
		t.Errorf("%+v, %v", v, err)
	}
	if n := len(r.Charges()); n != 0 {
		t.Errorf("%d charges", n)
	}
}

// Give back what was given back, more than was taken, what is not there, and where the
// account may not.
func TestRefusedRefunds(t *testing.T) {
	t.Parallel()
	r := setup(t)
	paid := r.original(windcavetest.OpRefund, originalID)
	back := func(ref, id, number string) windcave.Verdict {
		t.Helper()
		_, v, err := r.pxpost.Refund(t.Context(), windcave.RefundRequest{DpsTxnRef: ref, TxnID: id, Amount: dollars(t, number), MerchantReference: "back"})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, row := range []struct {
		ref, id, number string
		outcome         windcave.Outcome
		class           windcave.Class
	}{
		{"0000000100000000", "REFUND0000000000", "1.00", windcave.Declined, windcave.ClassRefund},
		{paid, "REFUND0000000001", "10.01", windcave.Failed, windcave.ClassRequest},
		{paid, "REFUND0000000002", "4.00", windcave.Approved, windcave.ClassApproved},
		{paid, "REFUND0000000003", "6.00", windcave.Approved, windcave.ClassApproved},
		{paid, "REFUND0000000004", "0.01", windcave.Declined, windcave.ClassRefund},
	} {
		if v := back(row.ref, row.id, row.number); v.Outcome != row.outcome || v.Class != row.class {
			t.Errorf("%s: %+v", row.id, v)
		}
	}
	r = setup(t, func(o *windcavetest.Options) { o.Accounts[0].NoRefunds, o.Accounts[0].NoVoids = true, true })
	paid = r.original(windcavetest.OpRefund, originalID)
	if v := back(paid, "REFUND0000000001", "1.00"); v.Outcome != windcave.Failed || v.Class != windcave.ClassRequest {
		t.Errorf("%+v", v)
	}
	if _, v, err := r.send(t.Context(), windcavetest.OpVoid, "", paid, originalID); err != nil || v.Outcome != windcave.Failed || v.Class != windcave.ClassRequest {
		t.Errorf("%+v, %v", v, err)
	}
}

// A TxnId that was used, for each thing the host may do with it: nothing is approved that was
// not asked, and a refusal says nothing about the first.
func TestUsedTxnID(t *testing.T) {
	t.Parallel()
	for repeat, want := range map[windcavetest.Repeat]windcave.Outcome{
		windcavetest.RepeatRefused: windcave.Unknown, windcavetest.RepeatOriginal: windcave.Unknown, windcavetest.RepeatCharged: windcave.Approved,
	} {
		r := setup(t, func(o *windcavetest.Options) { o.Repeat = repeat })
		r.original(windcavetest.OpRefund, chargeID)
		c := r.charge(chargeID)
		c.Amount = dollars(t, "11.00")
		if _, v, err := r.pxpost.Purchase(t.Context(), c); err != nil || v.Outcome != want {
			t.Errorf("%d: %+v, %v", repeat, v, err)
		}
	}
}

// Whatever befalls a thousand operations at a gateway that fails every other call: each goes
// out once, what is called approved was done, what is called declined was not, and what is
// not known is an error or Unknown.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *windcavetest.Options) { o.Rate, o.RateOps = 60, moves })
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 25 {
				for j, op := range moves {
					r.one(op, fmt.Sprintf("T%02d%03d%02d00000000", worker, i, j), fmt.Sprintf("O%02d%03d%02d00000000", worker, i, j))
				}
			}
		})
	}
	wg.Wait()
	asked := map[string]int{}
	for _, e := range r.Log() {
		if e.Op != windcavetest.OpStatus {
			asked[string(e.Op)+e.TxnID+e.Original]++
		}
	}
	for what, n := range asked {
		if n != 1 {
			t.Errorf("%s was asked %d times, seed %d", what, n, r.Seed())
		}
	}
	if len(asked) < 1000 {
		t.Errorf("%d operations", len(asked))
	}
}

// one carries an operation out; its original may fail, and then there is none.
func (r *rig) one(op windcavetest.Op, id, originalID string) {
	original := "F" + originalID[1:]
	if first := originals[op]; first != "" {
		_, v, err := r.send(r.t.Context(), first, originalID, "", "")
		r.holds(first, originalID, "", v, err)
		if v.Outcome == windcave.Approved {
			original = v.DpsTxnRef
		}
	}
	_, v, err := r.send(r.t.Context(), op, id, original, originalID)
	r.holds(op, id, original, v, err)
}

// holds compares what was said with the gateway's histories.
func (r *rig) holds(op windcavetest.Op, id, original string, v windcave.Verdict, err error) {
	done := r.moved(op, id, original)
	switch {
	case err != nil && kindOf(err) != windcave.KindNoAnswer, err != nil && v.Outcome != windcave.Unknown,
		v.Outcome == windcave.Approved && !done, v.Outcome == windcave.Declined && done, v.Outcome == windcave.Failed && done:
		r.t.Errorf("%s %s: %+v, %v; done at the gateway: %v, seed %d", op, id, v, err, done, r.Seed())
	}
}
