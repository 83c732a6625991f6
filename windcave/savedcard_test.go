package windcave

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

func saving() (Result, Transaction) {
	r, x := paidResult(), paidTransaction()
	r.dpsBillingID, r.CardName, r.CardNumber, r.DateExpiry, r.CardHolderName = secret.New(testBillingID), "Visa", "411111........11", "0130", secret.New(testHolder)
	x.dpsBillingID, x.CardName, x.CardNumber, x.DateExpiry, x.CardHolderName = r.dpsBillingID, r.CardName, r.CardNumber, r.DateExpiry, r.CardHolderName
	return r, x
}

func TestSavedCard(t *testing.T) {
	t.Parallel()
	r, x := saving()
	want := SavedCard{DpsBillingID: r.dpsBillingID, Brand: "Visa", Number: "411111........11", Expiry: "0130"}
	if got, ok := r.SavedCard(expected(t)); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	if got, ok := x.SavedCard(expected(t)); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, v := range []any{r, &r, x, &x, want, &want, ChargeRequest{DpsBillingID: r.dpsBillingID}, &postRequest{dpsBillingID: r.dpsBillingID}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, testBillingID) || strings.Contains(out, testHolder) {
				t.Errorf("%s of %T shows it: %s", verb, v, out)
			}
		}
	}
}

// A token that comes with anything but an approval as asked is not given out.
func TestSavedCardOnlyIfApproved(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Result, *Transaction){
		"declined":       func(r *Result, x *Transaction) { r.Success, x.Success, x.Authorized = "0", "0", "0" },
		"other id":       func(r *Result, x *Transaction) { r.TxnID, x.TxnRef = "B1", "B1" },
		"no id":          func(r *Result, x *Transaction) { r.TxnID, x.TxnRef = "", "" },
		"other amount":   func(r *Result, x *Transaction) { r.AmountSettlement, x.Amount = "1.00", "1.00" },
		"unsure":         func(r *Result, x *Transaction) { r.ReCo, x.StatusRequired = "U9", "1" },
		"no token":       func(r *Result, x *Transaction) { r.dpsBillingID, x.dpsBillingID = secret.Secret{}, secret.Secret{} },
		"token of words": func(r *Result, x *Transaction) { r.dpsBillingID, x.dpsBillingID = secret.New("a b"), secret.New("<x>") },
		"wrong password": func(r *Result, x *Transaction) { r.ReCo, x.ReCo = "U5", "D5" },
	} {
		r, x := saving()
		spoil(&r, &x)
		if card, ok := r.SavedCard(expected(t)); ok || card != (SavedCard{}) {
			t.Errorf("%s: %+v of a result", name, card)
		}
		if card, ok := x.SavedCard(expected(t)); ok || card != (SavedCard{}) {
			t.Errorf("%s: %+v of a status", name, card)
		}
	}
}

// F59: what is shown of a card is of the form it should have, or left out.
func TestF59SavedCardTexts(t *testing.T) {
	t.Parallel()
	for _, row := range [][4]string{ // brand, number, expiry, and what becomes of them
		{"American Express", "371111.......14", "1230", "American Express|371111.......14|1230"},
		{"MasterCard", "543111******1111", "0101", "MasterCard|543111******1111|0101"},
		{"<b>Visa</b>", "JANE ROE", "1330", "||"},
		{"=cmd|' /C calc'!A0", "4111111", "Dec", "||"},
		{"Visa\r\nX: y", "", "", "Visa  X: y||"},
		{strings.Repeat("Visa ", 9), "..11", "123", "Visa Visa Visa V||"},
	} {
		r, _ := saving()
		r.CardName, r.CardNumber, r.DateExpiry = row[0], row[1], row[2]
		card, ok := r.SavedCard(expected(t))
		if got := card.Brand + "|" + card.Number + "|" + card.Expiry; !ok || got != row[3] {
			t.Errorf("%q became %q", row[:3], got)
		}
	}
}

// Of two tokens neither is believed; the payment is what it is.
func TestTwoTokens(t *testing.T) {
	t.Parallel()
	const two = "<DpsBillingId>0000030000141581</DpsBillingId><DpsBillingId>0000030000141582</DpsBillingId>"
	r, err := decodeResult([]byte(strings.Replace(paidXML, "<TxnType>", two+"<TxnType>", 1)))
	if err != nil {
		t.Fatal(err)
	}
	x, err := decodeTransaction([]byte(strings.Replace(paidTxn, "<TxnType>", two+"<TxnType>", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, ofResult := r.SavedCard(expected(t))
	_, ofStatus := x.SavedCard(expected(t))
	if ofResult || ofStatus || r.Judge(expected(t)).Outcome != Approved || x.Judge(expected(t)).Outcome != Approved {
		t.Errorf("%v, %v", ofResult, ofStatus)
	}
}

// The captures: a card that was saved, and a decline (05) that brings a token.
func TestCapturedSavedCards(t *testing.T) {
	t.Parallel()
	row := capturedResults(t)["pxpay/response-create-card-approved.http"]
	r, err := decodeResult(capture(t, "pxpay/response-create-card-approved.http"))
	if err != nil {
		t.Fatal(err)
	}
	if r.TxnID = row.want.TxnID; r.dpsBillingID.Empty() {
		t.Fatal("the capture has no token")
	}
	if card, ok := r.SavedCard(row.want); !ok || card.Brand == "" || card.Number == "" || card.Expiry == "" || card.DpsBillingID.Empty() {
		t.Errorf("%+v, %v", card, ok)
	}
	row = capturedTransactions(t)["pxpost/response-purchase-declined-05.xml"]
	x, err := decodeTransaction(capture(t, "pxpost/response-purchase-declined-05.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if x.TxnRef = row.want.TxnID; x.dpsBillingID.Empty() {
		t.Fatal("the capture has no token")
	}
	if card, ok := x.SavedCard(row.want); ok || !card.DpsBillingID.Empty() {
		t.Errorf("%+v of a decline", card)
	}
}
