package windcavetest

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCards(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		card            Card
		amount          string
		success, reco   string
		fromPxPost, may string
	}{
		{CardApproved, "10.00", "1", "00", "00", "0"},
		{CardMastercard, "10.00", "1", "00", "00", "0"},
		{CardAmex, "10.00", "1", "00", "00", "0"},
		{CardDiners, "10.00", "1", "00", "00", "0"},
		{CardDeclined, "10.00", "0", "51", "51", "0"},
		{CardRefused, "10.00", "0", "05", "05", "0"},
		{CardRetry, "10.00", "0", "91", "91", "1"},
		{CardBadDigit, "10.00", "0", "76", "76", "0"},
		{CardApproved, "4.76", "0", "76", "76", "0"},
		{Card{Number: CardApproved.Number, Expiry: "0120"}, "10.00", "", "", "54", "0"},
		{CardWrongType, "10.00", "", "", "QK", "0"},
		{Card{Number: "4242424242424242"}, "10.00", "", "", "QK", "0"},
	} {
		r := setup(t, Options{})
		back, err := r.Pay(r.page("AmountInput", tt.amount), tt.card)
		if (tt.success == "") != errors.Is(err, ErrNotTaken) {
			t.Errorf("%v on the page: %v", tt.card, err)
		} else if tt.success != "" {
			want(t, r.read(back), "Success", tt.success, "ReCo", tt.reco)
			end := map[string]string{"1": "/return/ok?", "0": "/return/no?"}[tt.success]
			if !strings.Contains(back, end) {
				t.Errorf("%v returns to %s", tt.card, back)
			}
		}
		card := tt.card.filled(time.Now())
		want(t, r.pxpost(txnXML("Purchase", "CardNumber", card.Number, "DateExpiry", card.Expiry, "Amount", tt.amount,
			"InputCurrency", "NZD", "TxnId", "POST")), "ReCo", tt.fromPxPost, "Retry", tt.may)
	}
}

func TestReturnAddress(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	back := r.pay(r.page(), CardApproved)
	if !regexp.MustCompile(`^https://portal\.example\.net/return/ok\?result=[0-9a-f]{32}&userid=ExamplePxPayUser$`).MatchString(back) {
		t.Error(back)
	}
}

// A page stays payable after a decline and after Cancel, and no longer once paid.
func TestSeveralAttemptsOnOnePage(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	page := r.page()
	first := r.pay(page, CardDeclined)
	second, err := r.Cancel(page)
	if err != nil {
		t.Fatal(err)
	}
	third := r.pay(page, CardApproved)
	fourth := r.pay(page, CardApproved)
	if third != fourth {
		t.Errorf("paid twice: %s and %s", third, fourth)
	}
	if first == second || second == third {
		t.Error("attempts share a token")
	}
	want(t, r.read(first), "Success", "0", "ReCo", "51")
	want(t, r.read(second), "Success", "0", "CardHolderName", "User Cancelled", "DpsTxnRef", "", "ResponseText", "DECLINED")
	want(t, r.read(third), "Success", "1")
	want(t, r.pxpost(statusXML(theID)), "Success", "1", "TxnType", "Purchase", "TxnRef", theID)
	if got := r.Charges(); len(got) != 1 || !got[0].Hosted || got[0].User != "ExamplePxPayUser" || got[0].Amount != "10.00" {
		t.Errorf("charges %+v", got)
	}
	var outcomes []Outcome
	for _, e := range r.Log() {
		if e.Op == OpPage {
			outcomes = append(outcomes, e.Outcome)
		}
	}
	if got := len(outcomes); got != 4 || outcomes[3] != Settled {
		t.Errorf("outcomes %v", outcomes)
	}
}

func TestDoubleClickChargesOnce(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	page := r.page()
	hold := r.Inject(Fault{Kind: DelayBefore, Op: OpPage, Times: 8, Hold: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { _, _ = r.Pay(page, CardApproved) })
	}
	<-hold.Reached()
	hold.Release()
	wg.Wait()
	if got := len(r.Charges()); got != 1 {
		t.Errorf("%d charges", got)
	}
}

func TestStatusOfAPage(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	page := r.page()
	want(t, r.pxpost(statusXML(theID)), "ReCo", "AF", "Success", "0", "TxnRef", theID)
	if _, err := r.Cancel(page); err != nil {
		t.Fatal(err)
	}
	want(t, r.pxpost(statusXML(theID)), "ReCo", "AF")
	r.pay(page, CardDeclined)
	want(t, r.pxpost(statusXML(theID)), "ReCo", "51", "Success", "0")
	r.pay(page, CardApproved)
	want(t, r.pxpost(statusXML(theID)), "ReCo", "00", "Success", "1", "Authorized", "1", "StatusRequired", "0")

	blind := setup(t, Options{StatusIgnoresHosted: true})
	blind.pay(blind.page(), CardApproved)
	want(t, blind.pxpost(statusXML(theID)), "ReCo", "AF")
}

func TestPageLife(t *testing.T) {
	t.Parallel()
	start := time.Date(2025, 3, 1, 10, 0, 30, 0, time.UTC)
	for name, tt := range map[string]struct {
		opt   Options
		pairs []string
		fault *Fault
		lives time.Duration
	}{
		"72 hours":       {lives: 72 * time.Hour},
		"Opt TO":         {pairs: []string{"Opt", "TO=2503011100"}, lives: time.Hour - 30*time.Second},
		"TO in the past": {pairs: []string{"Opt", "TO=2503010900"}},
		"TO is ignored":  {opt: Options{IgnoreTimeout: true}, pairs: []string{"Opt", "TO=2503011100"}, lives: 72 * time.Hour},
		"outlives TO":    {fault: &Fault{Kind: PageOutlives, Op: OpGenerate}, pairs: []string{"Opt", "TO=2503011100"}, lives: 72 * time.Hour},
		"PageLife":       {opt: Options{PageLife: time.Minute}, lives: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, tt.opt)
			r.Now = func() time.Time { return start }
			if tt.fault != nil {
				r.Inject(*tt.fault)
			}
			page := r.page(tt.pairs...)
			if tt.lives > 0 {
				r.Advance(tt.lives - time.Second)
				r.pay(page, CardDeclined)
				r.Advance(time.Second)
			}
			if _, err := r.Pay(page, CardApproved); !errors.Is(err, ErrNotTaken) {
				t.Errorf("paid after its end: %v", err)
			}
		})
	}
}

func TestThePageAsAPersonSeesIt(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{ResultPage: true})
	page := r.page("MerchantReference", "<b>INV</b>")
	open := func(address string) string {
		t.Helper()
		res, err := r.client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return string(b)
	}
	contains := func(text string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%q is not in the page", part)
			}
		}
	}
	shown := open(page)
	contains(shown, "Windcave simulator — no real money", "NZD 10.00", "&lt;b&gt;INV&lt;/b&gt;", `name="viewport"`, `value="cancel"`)
	for _, c := range testCards {
		contains(shown, c.Number)
	}
	if strings.Contains(shown, "<script") {
		t.Error("the page has a script")
	}
	contains(open(page+"?card=2"), `value="`+CardMastercard.Number+`"`)
	res, err := r.client.PostForm(page, url.Values{"card": {"4111 1111 1111 1111"}, "holder": {"A"}, "expiry": {"12/39"}, "cvc": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	contains(string(b), "The CVC has three or four digits.", `value="4111111111111111"`)
	back := r.pay(page, CardApproved)
	contains(open(page), "already made", strings.ReplaceAll(back, "&", "&amp;"))
	r.Advance(73 * time.Hour)
	contains(open(r.pageOf(t, "GONE", -73*time.Hour)), "expired")
}

// pageOf makes a page at another time.
func (r *rig) pageOf(t *testing.T, id string, when time.Duration) string {
	t.Helper()
	r.Advance(when)
	defer r.Advance(-when)
	return r.page("TxnId", id)
}

func TestTheResultPageStandsBetween(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{ResultPage: true})
	res, err := r.client.PostForm(r.page(), url.Values{
		"card": {CardDeclined.Number}, "holder": {"A"}, "expiry": {"1239"}, "cvc": {"123"}, "action": {"pay"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.Contains(string(b), "INSUFFICIENT FUNDS") || !strings.Contains(string(b), "/return/no?result=") {
		t.Errorf("%d %s", res.StatusCode, b)
	}
}

func TestStoringACardOnThePage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		billing bool
		pairs   []string
		card    Card
		token   bool
	}{
		"stored":                {true, []string{"EnableAddBillCard", "1"}, CardApproved, true},
		"not asked for":         {true, nil, CardApproved, false},
		"on a decline too":      {true, []string{"EnableAddBillCard", "1"}, CardDeclined, true},
		"account without it":    {false, []string{"EnableAddBillCard", "1"}, CardApproved, false},
		"together with a token": {true, []string{"EnableAddBillCard", "1", "DpsBillingId", "0000010000000000"}, CardApproved, false},
	} {
		acc := testAccount()
		acc.TokenBilling = tt.billing
		r := setup(t, Options{Accounts: []Account{acc}})
		token := r.read(r.pay(r.page(tt.pairs...), tt.card))["DpsBillingId"]
		if regexp.MustCompile(`^\d{16}$`).MatchString(token) != tt.token {
			t.Errorf("%s: %q", name, token)
		}
		if tt.token && tt.card == CardApproved {
			want(t, r.pxpost(rebillXML(token, "TxnId", "REBILL")), "Success", "1", "CardNumber", "411111........11")
		}
	}
}

func TestPayingWithASavedCardOnThePage(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	token := r.stored(CardMastercard)
	back := r.pay(r.page("DpsBillingId", token), Card{})
	want(t, r.read(back), "Success", "1", "CardName", "MasterCard")
	if err := r.KillCard(token, "54"); err != nil {
		t.Fatal(err)
	}
	want(t, r.read(r.pay(r.page("DpsBillingId", token, "TxnId", "B"), Card{})), "Success", "0", "ReCo", "54")
}
