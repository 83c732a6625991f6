package windcavetest

import (
	"regexp"
	"strings"
	"testing"
)

func TestPxPayRefusals(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	address := "https://portal.example.net/"
	for _, tt := range []struct {
		name, reco string // reco "valid=0" is a refusal without a code
		pairs      []string
	}{
		{"blank user", "IN", []string{"PxPayUserId", ""}},
		{"no user", "IN", []string{"PxPayUserId", "-"}},
		{"long user", "IM", []string{"PxPayUserId", long(33)}},
		{"unknown user", "IP", []string{"PxPayUserId", "Nobody"}},
		{"short key", "NT", []string{"PxPayKey", testKey[1:]}},
		{"long key", "NT", []string{"PxPayKey", testKey + "0"}},
		{"wrong key", "valid=0", []string{"PxPayKey", strings.ToUpper(testKey)}},
		{"type of PxPost", "valid=0", []string{"TxnType", "Refund"}},
		{"type in lower case", "valid=0", []string{"TxnType", "purchase"}},
		{"Validate on the page", "valid=0", []string{"TxnType", "Validate"}},
		{"no type", "valid=0", []string{"TxnType", "-"}},
		{"one decimal", "IU", []string{"AmountInput", "10.5"}},
		{"no decimals", "IU", []string{"AmountInput", "10"}},
		{"grouping", "IU", []string{"AmountInput", "1,000.00"}},
		{"blank in front", "IU", []string{"AmountInput", " 1.00"}},
		{"negative", "IU", []string{"AmountInput", "-1.00"}},
		{"zero", "IU", []string{"AmountInput", "0.00"}},
		{"a million", "IU", []string{"AmountInput", "1000000.00"}},
		{"yen with decimals", "IU", []string{"AmountInput", "1500.00", "CurrencyInput", "JPY"}},
		{"dinar with two", "IU", []string{"AmountInput", "1.23", "CurrencyInput", "KWD"}},
		{"no amount", "IU", []string{"AmountInput", "-"}},
		{"currency not enabled", "IT", []string{"CurrencyInput", "USD"}},
		{"no currency", "IT", []string{"CurrencyInput", "-"}},
		{"lower-case currency", "IT", []string{"CurrencyInput", "nzd"}},
		{"no UrlSuccess", "IK", []string{"UrlSuccess", "-"}},
		{"UrlSuccess with a query", "IK", []string{"UrlSuccess", address + "?c=1"}},
		{"UrlSuccess without a scheme", "IK", []string{"UrlSuccess", "portal.example.net/a"}},
		{"UrlSuccess too long", "IK", []string{"UrlSuccess", address + long(255-len(address)+1)}},
		{"no UrlFail", "IL", []string{"UrlFail", "-"}},
		{"UrlFail with a query", "IL", []string{"UrlFail", address + "?"}},
		{"UrlCallback relative", "IP", []string{"UrlCallback", "/notify"}},
		{"accent in the reference", "NO", []string{"MerchantReference", "caf\u00e9"}},
		{"emoji in TxnData", "NO", []string{"TxnData2", "\U0001F4B3"}},
		{"long TxnId", "IP", []string{"TxnId", long(17)}},
		{"long reference", "IP", []string{"MerchantReference", long(65)}},
		{"long TxnData3", "IP", []string{"TxnData3", long(256)}},
		{"long e-mail", "IP", []string{"EmailAddress", long(256)}},
		{"long Opt", "IP", []string{"Opt", long(65)}},
		{"Opt of another format", "IP", []string{"Opt", "TO=2025-01-01 10:00"}},
		{"EnableAddBillCard true", "IP", []string{"EnableAddBillCard", "y"}},
		{"unknown RecurringMode", "IP", []string{"RecurringMode", "Recurring"}},
		{"used TxnId", "W4", []string{"TxnId", "USED"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			acc := testAccount()
			acc.Currencies = []string{"NZD", "JPY", "KWD"}
			r := setup(t, Options{Accounts: []Account{acc}})
			r.page("TxnId", "USED")
			got := elements(t, r.pxpay(generateXML(tt.pairs...)))
			if tt.reco == "valid=0" {
				want(t, got, "@valid", "0", "Reco", "")
				if !strings.HasPrefix(got["URI"], "Invalid ") {
					t.Errorf("URI %q", got["URI"])
				}
			} else {
				want(t, got, "@valid", "1", "Reco", tt.reco, "URI", "")
			}
			if e := r.last(OpGenerate); e.Outcome != Refused || e.Answered != true {
				t.Errorf("logged %+v", e)
			}
		})
	}
}

func TestARefusedRequestDoesNotUseUpItsTxnID(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	r.pxpay(generateXML("AmountInput", "1"))
	r.page()
}

func TestTakenRequests(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("x", n) }
	for name, pairs := range map[string][]string{
		"at all limits": {
			"TxnId", x(16), "MerchantReference", x(64), "TxnData1", x(255), "EmailAddress", x(255), "Opt", x(64),
			"AmountInput", "999999.99",
		},
		"empty elements":        {"TxnData1", "", "EmailAddress", "", "BillingId", "", "Opt", "", "TxnId", ""},
		"yen":                   {"AmountInput", "1500", "CurrencyInput", "JPY"},
		"dinar":                 {"AmountInput", "1.234", "CurrencyInput", "KWD"},
		"query in the callback": {"UrlCallback", "http://portal.example.net/n?a=b"},
		"ampersand":             {"MerchantReference", "a & b <c>"},
	} {
		if got := setup(t, Options{}).page(pairs...); !strings.HasPrefix(got, "https://gateway.test/pxmi3/") && !strings.HasPrefix(got, "http://gateway.test/pxmi3/") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestPageAddresses(t *testing.T) {
	t.Parallel()
	acc := testAccount()
	acc.OldPages = true
	for name, tt := range map[string]struct {
		opt  Options
		want string
	}{
		"plain":  {Options{BaseURL: "https://sec.windcave.test"}, `^https://sec\.windcave\.test/pxmi3/[0-9A-F]{80}$`},
		"random": {Options{RandomPath: true}, `^http://gateway\.test/px[0-9a-f]{8}/[0-9A-F]{80}$`},
		"old":    {Options{Accounts: []Account{acc}}, `^http://gateway\.test/pxpay/pxpay\.aspx\?userid=ExamplePxPayUser&request=[0-9A-F]{80}$`},
	} {
		r := setup(t, tt.opt)
		page := r.page()
		if !regexp.MustCompile(tt.want).MatchString(page) {
			t.Errorf("%s: %s", name, page)
		}
		want(t, r.read(r.pay(page, CardApproved)), "Success", "1")
	}
}

func TestUnknownElementsAreIgnoredAndLogged(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	r.page("UrlSucces", "typo")
	if got := r.last(OpGenerate).Ignored; len(got) != 1 || got[0] != "UrlSucces" {
		t.Errorf("ignored %q", got)
	}
}

func TestProcessResponse(t *testing.T) {
	t.Parallel()
	other := Account{PxPayUser: "Other", PxPayKey: strings.Repeat("a", 64)}
	r := setup(t, Options{Accounts: []Account{testAccount(), other}})
	token := result(t, r.pay(r.page("TxnData2", "x & y", "EmailAddress", "a@example.com"), CardApproved))
	for range 3 {
		want(t, elements(t, r.pxpay(processXML(token))), "@valid", "1", "Success", "1", "TxnType", "Purchase", "CurrencyInput", "NZD",
			"MerchantReference", "INV-1234", "TxnData1", "one", "TxnData2", "x & y", "EmailAddress", "a@example.com", "TxnId", theID,
			"AmountSettlement", "10.00", "CurrencySettlement", "NZD", "ResponseText", "APPROVED", "ReCo", "00",
			"CardNumber", "411111........11", "CardName", "Visa", "ClientInfo", "127.0.0.1", "DpsTxnRef", r.Charges()[0].DpsTxnRef)
	}
	if e := r.last(OpProcess); e.Outcome != Approved || e.TxnID != theID || e.Amount != "10.00" {
		t.Errorf("logged %+v", e)
	}
	unreadable := "Length of the data to decrypt is invalid."
	want(t, elements(t, r.pxpay(processXML(token, "PxPayUserId", "Other", "PxPayKey", other.PxPayKey))), "@valid", "0", "Success", "",
		"ResponseText", unreadable)
	want(t, elements(t, r.pxpay(processXML("forged"))), "@valid", "0", "ResponseText", unreadable)
	if e := r.last(OpProcess); e.Outcome != Unknown || e.TxnID != "" {
		t.Errorf("logged %+v", e)
	}
	want(t, elements(t, r.pxpay(processXML(token, "PxPayKey", strings.Repeat("b", 64)))), "@valid", "0", "Success", "")
}

func TestZeroDecimalAmountsInReplies(t *testing.T) {
	t.Parallel()
	for two, amount := range map[bool]string{false: "1500", true: "1500.00"} {
		r := setup(t, Options{TwoDecimals: two})
		back := r.pay(r.page("AmountInput", "1500", "CurrencyInput", "JPY"), CardApproved)
		want(t, r.read(back), "AmountSettlement", amount)
		want(t, r.pxpost(statusXML(theID)), "Amount", amount)
		if got := r.Charges()[0].Amount; got != "1500" {
			t.Errorf("charge of %s", got)
		}
	}
}

func TestSettlementInAnotherCurrency(t *testing.T) {
	t.Parallel()
	acc := testAccount()
	acc.SettleIn = "AUD"
	r := setup(t, Options{Accounts: []Account{acc}})
	want(t, r.read(r.pay(r.page(), CardApproved)), "CurrencyInput", "NZD", "CurrencySettlement", "AUD")
}
