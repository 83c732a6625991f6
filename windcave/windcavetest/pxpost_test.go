package windcavetest

import (
	"strings"
	"testing"
	"time"
)

func TestPurchaseWithAStoredCard(t *testing.T) {
	t.Parallel()
	for _, layout := range []Layout{LayoutMixed, Layout2013, Layout2007} {
		r := setup(t, Options{Layout: layout})
		got := r.pxpost(rebillXML(r.stored(CardApproved)))
		want(t, got, "Success", "1", "Authorized", "1", "StatusRequired", "0", "TxnType", "Purchase", "TxnRef", theID,
			"Amount", "10.00", "InputCurrencyName", "NZD", "MerchantReference", "INV-1234", "ResponseText", "APPROVED",
			"CurrencyId", "554", "CardNumber", "411111........11", "@reco", "00", "@success", "1")
		c := r.Charges()
		if len(c) != 1 || c[0].TxnID != theID || c[0].DpsTxnRef != got["DpsTxnRef"] || c[0].User != "ExampleUser" || c[0].Hosted {
			t.Errorf("charges %+v", c)
		}
		if e := r.last(OpPurchase); e.Outcome != Approved || e.DpsTxnRef != got["DpsTxnRef"] || !e.Answered {
			t.Errorf("logged %+v", e)
		}
		want(t, r.pxpost(statusXML(theID)), "Success", "1", "Authorized", "1", "DpsTxnRef", got["DpsTxnRef"], "TxnType", "Purchase",
			"Amount", "10.00", "TxnRef", theID)
	}
}

func TestPxPostRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, reco string
		pairs      []string
	}{
		{"unknown type", "QG", []string{"TxnType", "Charge"}},
		{"type in lower case", "QG", []string{"TxnType", "purchase"}},
		{"one decimal", "Q4", []string{"Amount", "10.0"}},
		{"grouping", "Q4", []string{"Amount", "1,000.00"}},
		{"zero", "Q4", []string{"Amount", "0.00"}},
		{"no amount", "Q4", []string{"Amount", "-"}},
		{"a million", "Z3", []string{"Amount", "1000000.00"}},
		{"currency", "Q8", []string{"InputCurrency", "ABC"}},
		{"accent", "NO", []string{"MerchantReference", "caf\u00e9"}},
		{"long TxnId", "IP", []string{"TxnId", strings.Repeat("x", 17)}},
		{"long reference", "IP", []string{"MerchantReference", strings.Repeat("x", 65)}},
		{"unknown RecurringMode", "IP", []string{"RecurringMode", "sometimes"}},
		{"unknown DpsBillingId", "JD", []string{"DpsBillingId", "0000010000000000"}},
		{"unknown BillingId", "JC", []string{"DpsBillingId", "-", "BillingId", "NONE"}},
		{"no card", "JC", []string{"DpsBillingId", "-"}},
		{"used TxnId", "W4", []string{"TxnId", "USED"}},
		{"TxnId of a page", "W4", []string{"TxnId", "PAGE"}},
		{"wrong password", "U5", []string{"PostPassword", "wrong"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, Options{})
			token := r.stored(CardApproved)
			r.pxpost(rebillXML(token, "TxnId", "USED"))
			r.page("TxnId", "PAGE")
			got := r.pxpost(rebillXML(token, tt.pairs...))
			want(t, got, "Success", "0", "Authorized", "0", "StatusRequired", "0", "ReCo", tt.reco, "DpsTxnRef", "", "@reco", tt.reco)
			if n := len(r.Charges()); n != 1 {
				t.Errorf("%d charges", n)
			}
			if e := r.Log()[len(r.Log())-1]; e.Outcome != Refused || e.ReCo != tt.reco {
				t.Errorf("logged %+v", e)
			}
		})
	}
}

func TestWrongCredentialsLookLikeADecline(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	want(t, r.pxpost(statusXML(theID)), "ReCo", "AF")
	for typ, pairs := range map[string][]string{"Status": {"TxnId", theID}, "Purchase": {"Amount", "10.00", "InputCurrency", "NZD"}} {
		want(t, r.pxpost(txnXML(typ, append(pairs, "PostPassword", "wrong")...)), "ReCo", "U5", "AcquirerReCo", "D5",
			"ResponseText", "DECLINED", "TxnRef", "", "Success", "0")
		want(t, r.pxpost(txnXML(typ, append(pairs, "PostUsername", "nobody")...)), "ReCo", "0", "ResponseText", "Invalid Credentials",
			"CardHolderHelpText", "The transaction was Declined (AG)")
	}
}

func TestAccountsDoNotSeeOneAnother(t *testing.T) {
	t.Parallel()
	other := Account{PostUser: "Other", PostPassword: "pw"}
	r := setup(t, Options{Accounts: []Account{testAccount(), other}})
	token := r.stored(CardApproved)
	ref := r.pxpost(rebillXML(token))["DpsTxnRef"]
	as := []string{"PostUsername", "Other", "PostPassword", "pw"}
	want(t, r.pxpost(txnXML("Status", append(as, "TxnId", theID)...)), "ReCo", "AF")
	want(t, r.pxpost(rebillXML(token, append(as, "TxnId", "B")...)), "ReCo", "JD")
	want(t, r.pxpost(txnXML("Void", append(as, "DpsTxnRef", ref)...)), "ReCo", "J1")
	want(t, r.pxpost(txnXML("Refund", append(as, "DpsTxnRef", ref, "Amount", "1.00", "InputCurrency", "NZD")...)), "ReCo", "J1")
}

func TestRepeatedTxnID(t *testing.T) {
	t.Parallel()
	for repeat, tt := range map[Repeat]struct {
		reco    string
		charges int
	}{RepeatRefused: {"W4", 1}, RepeatOriginal: {"00", 1}, RepeatCharged: {"00", 2}} {
		r := setup(t, Options{Repeat: repeat})
		token := r.stored(CardApproved)
		first := r.pxpost(rebillXML(token))
		got := r.pxpost(rebillXML(token, "Amount", "11.00"))
		want(t, got, "ReCo", tt.reco)
		if repeat == RepeatOriginal {
			want(t, got, "DpsTxnRef", first["DpsTxnRef"], "Amount", "10.00")
		}
		if n := len(r.Charges()); n != tt.charges {
			t.Errorf("%d: %d charges", repeat, n)
		}
	}
}

func refundXML(ref, amount, id string, pairs ...string) string {
	return txnXML("Refund", append([]string{
		"DpsTxnRef", ref, "Amount", amount, "InputCurrency", "NZD", "TxnId", id, "MerchantReference", "back",
	}, pairs...)...)
}

func TestRefund(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	ref := r.read(r.pay(r.page(), CardApproved))["DpsTxnRef"]
	want(t, r.pxpost(refundXML("0000000100000000", "1.00", "R0")), "ReCo", "J1")
	want(t, r.pxpost(refundXML(ref, "1.00", "R0", "InputCurrency", "AUD")), "ReCo", "Q8")
	got := r.pxpost(refundXML(ref, "4.00", "R1"))
	want(t, got, "Success", "1", "Authorized", "1", "TxnType", "Refund", "TxnRef", "R1", "Amount", "4.00", "MerchantReference", "back")
	if got["DpsTxnRef"] == ref {
		t.Error("the refund has the reference of the charge")
	}
	want(t, r.pxpost(refundXML(ref, "6.01", "R2")), "ReCo", "Z3")
	want(t, r.pxpost(refundXML(ref, "6.00", "R2")), "Success", "1")
	want(t, r.pxpost(refundXML(ref, "0.01", "R3")), "ReCo", "J5")
	want(t, r.pxpost(refundXML(ref, "1.00", "R1")), "ReCo", "W4")
	want(t, r.pxpost(statusXML("R1")), "Success", "1", "TxnType", "Refund", "Amount", "4.00")
	want(t, r.pxpost(statusXML("R3")), "ReCo", "AF")
	back := r.Refunds()
	if len(back) != 2 || back[0].Original != ref || back[0].Amount != "4.00" || back[1].TxnID != "R2" || back[0].Currency != "NZD" {
		t.Errorf("refunds %+v", back)
	}
	if n := len(r.Charges()); n != 1 {
		t.Errorf("%d charges", n)
	}
}

func TestRefundsAndVoidsCanBeOff(t *testing.T) {
	t.Parallel()
	acc := testAccount()
	acc.NoRefunds, acc.NoVoids = true, true
	r := setup(t, Options{Accounts: []Account{acc}})
	ref := r.pxpost(rebillXML(r.stored(CardApproved)))["DpsTxnRef"]
	want(t, r.pxpost(refundXML(ref, "1.00", "R1")), "ReCo", "QG")
	want(t, r.pxpost(txnXML("Void", "DpsTxnRef", ref)), "ReCo", "QG")
}

func TestAuthCompleteAndVoid(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	auth := func(id string) string {
		t.Helper()
		return r.pxpost(rebillXML(r.stored(CardApproved), "TxnType", "Auth", "TxnId", id))["DpsTxnRef"]
	}
	complete := func(ref, amount string) string {
		return txnXML("Complete", "DpsTxnRef", ref, "Amount", amount, "InputCurrency", "NZD")
	}
	a := auth("A")
	want(t, r.pxpost(refundXML(a, "1.00", "R1")), "ReCo", "J3")
	want(t, r.pxpost(complete(a, "10.01")), "ReCo", "Z3")
	done := r.pxpost(complete(a, "9.00"))
	want(t, done, "Success", "1", "TxnType", "Complete", "Amount", "9.00")
	want(t, r.pxpost(txnXML("Void", "DpsTxnRef", a)), "ReCo", "J5")
	want(t, r.pxpost(refundXML(done["DpsTxnRef"], "9.00", "R1")), "Success", "1")

	b := auth("B")
	want(t, r.pxpost(txnXML("Void", "DpsTxnRef", b)), "Success", "1", "TxnType", "Void")
	want(t, r.pxpost(txnXML("Void", "DpsTxnRef", b)), "ReCo", "J5")
	want(t, r.pxpost(complete(b, "1.00")), "ReCo", "J1")

	late := auth("C")
	r.Advance(authLife + time.Second)
	want(t, r.pxpost(complete(late, "1.00")), "ReCo", "J2")

	var types []string
	for _, c := range r.Charges() {
		types = append(types, c.TxnType)
	}
	if got := strings.Join(types, " "); got != "Auth Complete Auth Auth" {
		t.Errorf("charges %s", got)
	}
	if c := r.Charges(); c[1].Original != a || c[2].Voided.IsZero() || !c[0].Voided.IsZero() {
		t.Errorf("charges %+v", c)
	}
}

func TestValidateChargesNothing(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	token := r.stored(CardApproved)
	want(t, r.pxpost(rebillXML(token, "TxnType", "Validate", "Amount", "0.00", "TxnId", "A")), "Success", "1")
	want(t, r.pxpost(rebillXML(token, "TxnType", "Validate", "Amount", "1.00", "TxnId", "B")), "Success", "1")
	want(t, r.pxpost(rebillXML(token, "TxnType", "Validate", "Amount", "2.00", "TxnId", "C")), "ReCo", "Q4")
	if n := len(r.Charges()); n != 0 {
		t.Errorf("%d charges", n)
	}
}

func TestDeadCards(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	token := r.stored(CardApproved)
	for _, code := range []string{"JC", "JD", "JE", "04", "41", "43", "54", "51"} {
		if err := r.KillCard(token, code); err != nil {
			t.Fatal(err)
		}
		want(t, r.pxpost(rebillXML(token, "TxnId", "T"+code)), "ReCo", code, "Success", "0", "Authorized", "0")
	}
	if err := r.KillCard(token, ""); err != nil {
		t.Fatal(err)
	}
	want(t, r.pxpost(rebillXML(token)), "Success", "1")
	if r.KillCard("nothing", "54") == nil {
		t.Error("an unknown card was killed")
	}
}

func TestOverrideTurnsAnOutcome(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	r.pxpost(rebillXML(r.stored(CardDeclined)))
	for range 2 {
		if err := r.Override(theID, true); err != nil {
			t.Fatal(err)
		}
		want(t, r.pxpost(statusXML(theID)), "Success", "1", "Authorized", "1", "ReCo", "00")
	}
	if n := len(r.Charges()); n != 1 {
		t.Errorf("%d charges", n)
	}
	if err := r.Override(theID, false); err != nil {
		t.Fatal(err)
	}
	want(t, r.pxpost(statusXML(theID)), "Success", "0", "ReCo", "05")
	if r.Charges()[0].Reversed.IsZero() {
		t.Error("the charge is not marked")
	}
	if r.Override("NONE", true) == nil {
		t.Error("nothing was overridden")
	}
}
