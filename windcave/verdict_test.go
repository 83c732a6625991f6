package windcave

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

func expected(t testing.TB) Expect {
	return Expect{Purchase, "A1B2C3D4E5F60718", "INV-1234", amount(t, "10.00", "NZD")}
}

func paidResult() Result {
	return Result{
		Success: "1", TxnType: "Purchase", TxnID: "A1B2C3D4E5F60718", MerchantReference: "INV-1234",
		CurrencyInput: "NZD", AmountSettlement: "10.00", ReCo: "00", DpsTxnRef: "d1",
	}
}

func paidTransaction() Transaction {
	return Transaction{
		Success: "1", Authorized: "1", StatusRequired: "0", TxnType: "Purchase", TxnRef: "A1B2C3D4E5F60718",
		MerchantReference: "INV-1234", InputCurrencyName: "NZD", Amount: "10.00", ReCo: "00", DpsTxnRef: "d1",
	}
}

// F22: a result that differs in anything from what was asked is no approval.
func TestF22ResultApprovedOnlyAsAsked(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil             func(*Result)
		approved, foreign bool
		mismatch          string
		unclaimed         bool
	}{
		"as asked":               {spoil: func(*Result) {}, approved: true},
		"amount of one decimal":  {spoil: func(r *Result) { r.AmountSettlement = "10.0" }, approved: true},
		"surcharge beside it":    {spoil: func(r *Result) { r.TotalAmount = "10.25" }, approved: true},
		"other settlement money": {spoil: func(r *Result) { r.CurrencySettlement = "AUD" }, approved: true},
		"no code":                {spoil: func(r *Result) { r.ReCo = "" }, approved: true},
		"code of the bank":       {spoil: func(r *Result) { r.ReCo = "05" }, approved: true}, // the flags decide
		"holder is called that":  {spoil: func(r *Result) { r.CardHolderName = secret.New("User Cancelled") }, approved: true},
		"other type":             {spoil: func(r *Result) { r.TxnType = "Auth" }, mismatch: "TxnType"},
		"no type":                {spoil: func(r *Result) { r.TxnType = "" }, mismatch: "TxnType"},
		"other reference":        {spoil: func(r *Result) { r.MerchantReference = "INV-1235" }, mismatch: "MerchantReference"},
		"no reference":           {spoil: func(r *Result) { r.MerchantReference = "" }, mismatch: "MerchantReference"},
		"other currency":         {spoil: func(r *Result) { r.CurrencyInput = "AUD" }, mismatch: "CurrencyInput"},
		"no currency":            {spoil: func(r *Result) { r.CurrencyInput = "" }, mismatch: "CurrencyInput"},
		"other amount":           {spoil: func(r *Result) { r.AmountSettlement = "10.01" }, mismatch: "AmountSettlement"},
		"amount with surcharge":  {spoil: func(r *Result) { r.AmountSettlement, r.TotalAmount = "10.25", "10.25" }, mismatch: "AmountSettlement"},
		"amount in cents":        {spoil: func(r *Result) { r.AmountSettlement = "1000" }, mismatch: "AmountSettlement"},
		"amount with sign":       {spoil: func(r *Result) { r.AmountSettlement = "-10.00" }, mismatch: "AmountSettlement"},
		"amount with exponent":   {spoil: func(r *Result) { r.AmountSettlement = "1e1" }, mismatch: "AmountSettlement"},
		"no amount":              {spoil: func(r *Result) { r.AmountSettlement = "" }, mismatch: "AmountSettlement"},
		"other id":               {spoil: func(r *Result) { r.TxnID = "A1B2C3D4E5F60719" }, foreign: true},
		"id in other case":       {spoil: func(r *Result) { r.TxnID = "a1b2c3d4e5f60718" }, foreign: true},
		"no id":                  {spoil: func(r *Result) { r.TxnID = "" }, foreign: true},
		"two ids":                {spoil: func(r *Result) { r.Conflicting = []string{"TxnId"} }, foreign: true},
		"two flags":              {spoil: func(r *Result) { r.Success, r.Conflicting = "0", []string{"Success"} }, mismatch: "Success"},
		"two amounts":            {spoil: func(r *Result) { r.Conflicting = []string{"AmountSettlement"} }, mismatch: "AmountSettlement"},
		"gateway does not know":  {spoil: func(r *Result) { r.ReCo = "U9" }},
		"communications":         {spoil: func(r *Result) { r.ReCo = "x1" }},
		"wrong password":         {spoil: func(r *Result) { r.ReCo = "U5" }},
		"not found":              {spoil: func(r *Result) { r.ReCo = "AF" }},
		"flag true":              {spoil: func(r *Result) { r.Success = "true" }, unclaimed: true},
		"flag 01":                {spoil: func(r *Result) { r.Success = "01" }, unclaimed: true},
		"no flag":                {spoil: func(r *Result) { r.Success = "" }, unclaimed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := paidResult()
			row.spoil(&r)
			v := r.Judge(expected(t))
			want := Unknown
			if row.approved {
				want = Approved
			}
			if v.Outcome != want || v.Foreign != row.foreign || strings.Join(v.Mismatch, " ") != row.mismatch || v.Claimed == row.unclaimed {
				t.Errorf("%+v", v)
			}
		})
	}
}

// F22: the same of what Status says.
func TestF22TransactionApprovedOnlyAsAsked(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil             func(*Transaction)
		approved, foreign bool
		mismatch          string
		unclaimed         bool
	}{
		"as asked":            {spoil: func(*Transaction) {}, approved: true},
		"no reference":        {spoil: func(x *Transaction) { x.MerchantReference = "" }, approved: true},
		"account's currency":  {spoil: func(x *Transaction) { x.CurrencyName = "AUD" }, approved: true},
		"code of the bank":    {spoil: func(x *Transaction) { x.ReCo = "11" }, approved: true},
		"not done":            {spoil: func(x *Transaction) { x.StatusRequired = "1" }},
		"done is not said":    {spoil: func(x *Transaction) { x.StatusRequired = "" }},
		"not authorised":      {spoil: func(x *Transaction) { x.Authorized = "0" }},
		"nothing authorised":  {spoil: func(x *Transaction) { x.Authorized = "" }},
		"no success":          {spoil: func(x *Transaction) { x.Success = "0" }},
		"success is not said": {spoil: func(x *Transaction) { x.Success = "" }},
		"flags in words":      {spoil: func(x *Transaction) { x.Success, x.Authorized = "true", "true" }, unclaimed: true},
		"gateway unsure":      {spoil: func(x *Transaction) { x.ReCo = "U9" }},
		"wrong password":      {spoil: func(x *Transaction) { x.ReCo = "D5" }},
		"not found":           {spoil: func(x *Transaction) { x.ReCo = "AF" }},
		"other reference":     {spoil: func(x *Transaction) { x.MerchantReference = "INV-1" }, mismatch: "MerchantReference"},
		"other type":          {spoil: func(x *Transaction) { x.TxnType = "Refund" }, mismatch: "TxnType"},
		"no type":             {spoil: func(x *Transaction) { x.TxnType = "" }, mismatch: "TxnType"},
		"other currency":      {spoil: func(x *Transaction) { x.InputCurrencyName = "JPY" }, mismatch: "InputCurrencyName"},
		"no currency":         {spoil: func(x *Transaction) { x.InputCurrencyName = "" }, mismatch: "InputCurrencyName"},
		"other amount":        {spoil: func(x *Transaction) { x.Amount = "100.00" }, mismatch: "Amount"},
		"grouped amount":      {spoil: func(x *Transaction) { x.Amount = "1,0.00" }, mismatch: "Amount"},
		"no amount":           {spoil: func(x *Transaction) { x.Amount = "" }, mismatch: "Amount"},
		"other id":            {spoil: func(x *Transaction) { x.TxnRef = "B1" }, foreign: true},
		"no id":               {spoil: func(x *Transaction) { x.TxnRef = "" }, foreign: true},
		"two ids":             {spoil: func(x *Transaction) { x.Conflicting = []string{"TxnRef"} }, foreign: true},
		"two references":      {spoil: func(x *Transaction) { x.Conflicting = []string{"DpsTxnRef"} }, mismatch: "DpsTxnRef"},
		"two authorisations":  {spoil: func(x *Transaction) { x.Conflicting = []string{"Authorized"} }, mismatch: "Authorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := paidTransaction()
			row.spoil(&x)
			v := x.Judge(expected(t))
			want := Unknown
			if row.approved {
				want = Approved
			}
			if v.Outcome != want || v.Foreign != row.foreign || strings.Join(v.Mismatch, " ") != row.mismatch || v.Claimed == row.unclaimed {
				t.Errorf("%+v", v)
			}
		})
	}
}

// Nothing is approved for somebody who did not say what was asked.
func TestNothingApprovedWithoutExpectation(t *testing.T) {
	t.Parallel()
	full := expected(t)
	for name, want := range map[string]Expect{
		"nothing":     {},
		"no id":       {full.TxnType, "", full.MerchantReference, full.Amount},
		"no type":     {"", full.TxnID, full.MerchantReference, full.Amount},
		"no amount":   {full.TxnType, full.TxnID, full.MerchantReference, currency.Amount{}},
		"a reference": {full.TxnType, full.TxnID, "INV-1", full.Amount},
	} {
		for _, id := range []string{full.TxnID, ""} {
			r, x := paidResult(), paidTransaction()
			r.TxnID, x.TxnRef = id, id
			if r.Judge(want).Outcome != Unknown || x.Judge(want).Outcome != Unknown {
				t.Errorf("%s, answer names %q: was judged", name, id)
			}
		}
	}
}

func TestDeclines(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code    string
		outcome Outcome
		class   Class
		key     string
	}{
		{"", Declined, ClassDeclined, KeyDeclined},
		{"00", Declined, ClassDeclined, KeyDeclined}, // the flags decide
		{"ZZ", Declined, ClassDeclined, KeyDeclined},
		{"76", Declined, ClassDeclined, KeyDeclined},
		{"04", Declined, ClassCard, KeyDeclinedIssuer}, // pick up, lost, stolen: F26
		{"41", Declined, ClassCard, KeyDeclinedIssuer},
		{"43", Declined, ClassCard, KeyDeclinedIssuer},
		{"05", Declined, ClassDeclined, KeyDeclinedIssuer},
		{"51", Declined, ClassSoft, KeyDeclinedFunds},
		{"96", Declined, ClassSoft, KeyDeclinedUnavailable},
		{"AE", Declined, ClassDeclined, KeyDeclinedUnavailable},
		{"54", Declined, ClassCard, KeyCardExpired},
		{"qi", Declined, ClassCard, KeyCardExpired},
		{"A9", Declined, ClassCard, KeyCardNumber},
		{"JD", Declined, ClassToken, KeyCardSaved},
		{"J5", Declined, ClassRefund, KeyRefundAlready},
		{"03", Failed, ClassConfig, KeyConfigMerchant},
		{"U5", Failed, ClassConfig, KeyConfigCredentials},
		{"AG", Failed, ClassConfig, KeyConfigCredentials},
		{"D2", Failed, ClassConfig, KeyConfigCredentials},
		{"D3", Failed, ClassConfig, KeyConfigCredentials},
		{"D4", Failed, ClassConfig, KeyConfigCredentials},
		{"d5", Failed, ClassConfig, KeyConfigCredentials},
		{"D9", Failed, ClassConfig, KeyConfigCredentials},
		{"QD", Failed, ClassConfig, KeyConfigCredentials},
		{"IU", Failed, ClassRequest, KeyRequestAmount},
		{"Q8", Failed, ClassRequest, KeyRequestCurrency},
		{"W4", Unknown, ClassDuplicate, KeyDuplicate},
		{"U9", Unknown, ClassUnknown, KeyUnknown},
		{"X1", Unknown, ClassUnknown, KeyUnknown},
		{"AF", Unknown, ClassNotFound, KeyNotFound},
	} {
		r, x := paidResult(), paidTransaction()
		r.Success, r.ReCo = "0", row.code
		x.Success, x.Authorized, x.ReCo = "0", "0", row.code
		for _, v := range []Verdict{r.Judge(expected(t)), x.Judge(expected(t))} {
			if v.Outcome != row.outcome || v.Class != row.class || v.Key != row.key || v.Claimed || v.Foreign || v.Cancelled {
				t.Errorf("code %q: %+v", row.code, v)
			}
		}
		if got := x.Judge(expected(t)).NotFound; got != (row.code == "AF") {
			t.Errorf("code %q: NotFound is %v", row.code, got)
		}
		if r.Judge(expected(t)).NotFound {
			t.Errorf("code %q: a page's result says NotFound", row.code)
		}
	}
}

// A decline may leave out what it likes, but a value that is there must be ours.
func TestDeclineOfSomethingElse(t *testing.T) {
	t.Parallel()
	x := Transaction{Success: "0", Authorized: "0", StatusRequired: "0", TxnRef: "A1B2C3D4E5F60718"}
	if v := x.Judge(expected(t)); v.Outcome != Declined {
		t.Errorf("%+v", v)
	}
	x.Amount = "11.00"
	if v := x.Judge(expected(t)); v.Outcome != Unknown || !slices.Equal(v.Mismatch, []string{"Amount"}) {
		t.Errorf("%+v", v)
	}
	x.Amount, x.TxnRef = "", "B1"
	if v := x.Judge(expected(t)); v.Outcome != Unknown || !v.Foreign {
		t.Errorf("%+v", v)
	}
}

func TestDeclineNeedsItsFlags(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"0 0 1", "0 0 -", "0 - 0", "- 0 0", "- - -", "0 0 2", "no 0 0"} {
		f := strings.Fields(strings.ReplaceAll(flags, "-", "_"))
		x := paidTransaction()
		x.ReCo = "05"
		for i, to := range []*string{&x.Success, &x.Authorized, &x.StatusRequired} {
			*to = strings.Trim(f[i], "_")
		}
		if v := x.Judge(expected(t)); v.Outcome != Unknown || v.Claimed {
			t.Errorf("%s: %+v", flags, v)
		}
	}
}

// The gateway is not done: no code makes that an outcome.
func TestPending(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "00", "05", "U5", "U9", "W4", "AF", "IU"} {
		x := paidTransaction()
		x.Success, x.Authorized, x.StatusRequired, x.ReCo = "0", "0", "1", code
		if v := x.Judge(expected(t)); v.Outcome != Unknown || v.Class != ClassUnknown || v.Key != KeyUnknown || v.NotFound {
			t.Errorf("%q: %+v", code, v)
		}
	}
}

// A flag that says both may mean that somebody's money moved.
func TestClaimed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Success", "Authorized"} {
		x := Transaction{Success: "0", Authorized: "0", StatusRequired: "0", TxnRef: "A1B2C3D4E5F60718", Conflicting: []string{name}}
		if v := x.Judge(expected(t)); !v.Claimed || v.Outcome != Unknown {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	r := paidResult()
	r.Success, r.CardHolderName, r.ReCo = "0", secret.New("USER CANCELLED"), ""
	if v := r.Judge(expected(t)); v.Outcome != Declined || !v.Cancelled || v.Key != KeyCancelled {
		t.Errorf("%+v", v)
	}
	r.TxnID = "B1"
	if v := r.Judge(expected(t)); v.Outcome != Unknown || v.Cancelled || !v.Foreign {
		t.Errorf("%+v", v)
	}
}

// AF counts for our TxnId, or for none named; never for another.
func TestNotFound(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string][2]bool{"A1B2C3D4E5F60718": {true, false}, "": {true, true}, "B1": {false, true}} {
		x := Transaction{ReCo: "AF", Success: "0", TxnRef: ref}
		v := x.Judge(expected(t))
		if v.Outcome != Unknown || v.NotFound != want[0] || v.Foreign != want[1] {
			t.Errorf("%q: %+v", ref, v)
		}
	}
	for name, x := range map[string]Transaction{
		"a flag says approved": {ReCo: "AF", Success: "1", TxnRef: "A1B2C3D4E5F60718"},
		"gateway is not done":  {ReCo: "AF", StatusRequired: "1", TxnRef: "A1B2C3D4E5F60718"},
		"two codes":            {ReCo: "AF", TxnRef: "A1B2C3D4E5F60718", Conflicting: []string{"ReCo"}},
		"of another amount":    {ReCo: "AF", TxnRef: "A1B2C3D4E5F60718", Amount: "1.00"},
	} {
		if v := x.Judge(expected(t)); v.Outcome != Unknown || v.NotFound {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// F25: wrong credentials are never the buyer's decline, in whatever form they come.
func TestF25Credentials(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]Transaction{
		"words":         {ReCo: "0", ResponseText: "Invalid Credentials"},
		"help":          {ReCo: "0", CardHolderHelpText: "The transaction was Declined (AG)"},
		"no code":       {ResponseText: "INVALID CREDENTIALS"},
		"full decline":  {ReCo: "U5", Success: "0", Authorized: "0", StatusRequired: "0"},
		"help and code": {Success: "0", Authorized: "0", StatusRequired: "0", ReCo: "0", HelpText: "Declined (AG)"},
	} {
		if v := x.Judge(expected(t)); v.Outcome != Failed || v.Class != ClassConfig || v.Key != KeyConfigCredentials || v.Foreign {
			t.Errorf("%s: %+v", name, v)
		}
		x.TxnRef = "B1"
		if v := x.Judge(expected(t)); v.Outcome != Unknown || !v.Foreign {
			t.Errorf("%s, of another: %+v", name, v)
		}
		x.TxnRef, x.StatusRequired = "", "1"
		if v := x.Judge(expected(t)); v.Outcome != Unknown {
			t.Errorf("%s, not done: %+v", name, v)
		}
	}
}

func TestCodesAndKeys(t *testing.T) {
	t.Parallel()
	keys := Keys()
	for code, m := range codes {
		if !slices.Contains(keys, m.key) || m.class == ClassNone || cleanCode(code) != code {
			t.Errorf("%s: %+v", code, m)
		}
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(keys))); len(sorted) != len(keys) {
		t.Error("a key is listed twice")
	}
	for in, want := range map[string]string{" u9 ": "U9", "<b>": "", "ABCDE": "", "é": "", "0": "0", "A-": ""} {
		if got := cleanCode(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestNothingSealedIsPrinted(t *testing.T) {
	t.Parallel()
	r := Result{CardHolderName: secret.New("JANE ROE"), dpsBillingID: secret.New("0000030000141581"), CardNumber2: secret.New("999888777")}
	x := Transaction{CardHolderName: r.CardHolderName, dpsBillingID: r.dpsBillingID, CardNumber2: r.CardNumber2}
	for _, v := range []any{r, &r, x, &x, NewCredentials("u", "JANE ROE")} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			out := fmt.Sprintf(verb, v)
			for _, s := range []string{"JANE ROE", "0000030000141581", "999888777"} {
				if strings.Contains(out, s) {
					t.Errorf("%s of %T shows %s", verb, v, s)
				}
			}
		}
	}
}
