package windcavetest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// cut is true when no whole answer came.
func cut(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func TestFaultsOfTheConnection(t *testing.T) {
	t.Parallel()
	for kind, charges := range map[Kind]int{Refuse: 0, CutBefore: 0, RecordThenCut: 1} {
		r := setup(t, Options{})
		token := r.stored(CardApproved)
		o := r.Inject(Fault{Kind: kind, Op: OpPurchase, TxnID: theID})
		if _, _, err := r.send(pxPostPath, rebillXML(token)); !cut(err) {
			t.Errorf("%s: %v", kind, err)
		}
		if n := len(r.Charges()); n != charges || o.Hits() != 1 {
			t.Errorf("%s: %d charges, %d hits", kind, n, o.Hits())
		}
		outcome := map[int]Outcome{0: Dropped, 1: Approved}[charges]
		if e := r.last(OpPurchase); e.Outcome != outcome || e.Answered || len(e.Faults) != 1 || e.Faults[0] != kind {
			t.Errorf("%s: logged %+v", kind, e)
		}
		want(t, r.pxpost(statusXML(theID)), "ReCo", map[int]string{0: "AF", 1: "00"}[charges])
	}
}

func TestFaultsReachEveryOperation(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	page, token := r.page("TxnId", "PAGE"), r.stored(CardApproved)
	ref := r.pxpost(rebillXML(token, "TxnId", "BOUGHT"))["DpsTxnRef"]
	amount := []string{"DpsTxnRef", ref, "Amount", "1.00", "InputCurrency", "NZD"}
	for op, ask := range map[Op]func() error{
		OpGenerate: func() error { _, _, err := r.send(pxPayPath, generateXML()); return err },
		OpProcess:  func() error { _, _, err := r.send(pxPayPath, processXML("x")); return err },
		OpPage:     func() error { _, err := r.Pay(page, CardApproved); return err },
		OpStatus:   func() error { _, _, err := r.send(pxPostPath, statusXML("x")); return err },
		OpPurchase: func() error { _, _, err := r.send(pxPostPath, rebillXML(token)); return err },
		OpAuth:     func() error { _, _, err := r.send(pxPostPath, rebillXML(token, "TxnType", "Auth")); return err },
		OpValidate: func() error { _, _, err := r.send(pxPostPath, rebillXML(token, "TxnType", "Validate")); return err },
		OpRefund:   func() error { _, _, err := r.send(pxPostPath, txnXML("Refund", amount...)); return err },
		OpComplete: func() error { _, _, err := r.send(pxPostPath, txnXML("Complete", amount...)); return err },
		OpVoid:     func() error { _, _, err := r.send(pxPostPath, txnXML("Void", amount...)); return err },
	} {
		before := len(r.Log())
		r.Inject(Fault{Kind: CutBefore, Op: op})
		if err := ask(); !cut(err) {
			t.Errorf("%s: %v", op, err)
		}
		if log := r.Log(); len(log) != before+1 || log[before].Op != op || log[before].Outcome != Dropped {
			t.Errorf("%s: logged %+v", op, log[before:])
		}
	}
	if n := len(r.Charges()); n != 1 {
		t.Errorf("%d charges", n)
	}
}

func TestWholeAnswersReplaced(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault   Fault
		status  int
		body    string
		charges int
	}{
		{Fault{Kind: HTTPStatus}, 503, "<html>", 0},
		{Fault{Kind: HTTPStatus, N: 500}, 500, "<html>", 0},
		{Fault{Kind: HTTPStatus, N: 429}, 429, "<html>", 0},
		{Fault{Kind: HTTPStatus, N: 500, Recorded: true}, 500, "<html>", 1},
		{Fault{Kind: HTML}, 200, "<!DOCTYPE html>", 0},
		{Fault{Kind: HTML, Recorded: true}, 200, "<!DOCTYPE html>", 1},
		{Fault{Kind: Empty}, 200, "", 0},
		{Fault{Kind: Empty, Recorded: true}, 200, "", 1},
	} {
		r := setup(t, Options{})
		r.Inject(tt.fault)
		res, body, err := r.send(pxPostPath, rebillXML(r.stored(CardApproved)))
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != tt.status || !strings.HasPrefix(string(body), tt.body) || tt.body == "" && len(body) > 0 {
			t.Errorf("%+v: %d %s", tt.fault, res.StatusCode, body)
		}
		if n := len(r.Charges()); n != tt.charges || r.last(OpPurchase).Answered {
			t.Errorf("%+v: %d charges", tt.fault, n)
		}
	}
}

// Whatever the damage, the charge was made.
func TestDamagedAnswers(t *testing.T) {
	t.Parallel()
	parses := func(body []byte) error { return xml.Unmarshal(body, new(struct{ XMLName xml.Name })) }
	for kind, good := range map[Kind]func(*http.Response, []byte) bool{
		HalfXML:      func(_ *http.Response, b []byte) bool { return parses(b) != nil && bytes.HasPrefix(b, []byte("<Txn>")) },
		TwoRoots:     func(_ *http.Response, b []byte) bool { return bytes.Count(b, []byte("<Txn>")) == 2 },
		WrongCharset: func(_ *http.Response, b []byte) bool { return parses(b) != nil && !utf8.Valid(b) },
		UTF16:        func(_ *http.Response, b []byte) bool { return bytes.HasPrefix(b, []byte{0xff, 0xfe, '<', 0}) },
		BadBytes:     func(_ *http.Response, b []byte) bool { return bytes.IndexByte(b, 0) > 0 && !utf8.Valid(b) },
		DTD: func(_ *http.Response, b []byte) bool {
			return bytes.Contains(b, []byte("SYSTEM")) && bytes.Contains(b, []byte("&e;"))
		},
		EntityBomb:  func(_ *http.Response, b []byte) bool { return bytes.Contains(b, []byte("&j;")) && len(b) < 10_000 },
		DeepNesting: func(_ *http.Response, b []byte) bool { return bytes.Count(b, []byte("<a>")) == deepest },
		BigHeader: func(r *http.Response, b []byte) bool {
			return len(r.Header.Get("X-Padding")) == 1<<20 && parses(b) == nil
		},
	} {
		r := setup(t, Options{})
		r.Inject(Fault{Kind: kind, Op: OpPurchase})
		res, body, err := r.send(pxPostPath, rebillXML(r.stored(CardApproved)))
		if err != nil || !good(res, body) {
			t.Errorf("%s: %v %.300q", kind, err, body)
		}
		if len(r.Charges()) != 1 || r.last(OpPurchase).Answered {
			t.Errorf("%s: logged %+v", kind, r.last(OpPurchase))
		}
	}
}

func TestHugeBodyIsPouredAsItIsRead(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	r.Inject(Fault{Kind: HugeBody, N: 3})
	_, body, err := r.send(pxPostPath, statusXML(theID))
	if err != nil || len(body) < 3<<20 {
		t.Fatalf("%d bytes: %v", len(body), err)
	}
	want(t, elements(t, body), "ReCo", "AF")

	r.Inject(Fault{Kind: HugeBody})
	res, err := r.client.Post("https://gateway.test"+pxPostPath, "application/xml", strings.NewReader(statusXML(theID)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close() // the server stops pouring, or Close would wait for ever
}

// The client has gone and Status says AF; then the first request is carried out.
func TestAFWhileTheFirstRequestIsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, Options{})
		r.client.Timeout = 30 * time.Second
		hold := r.Inject(Fault{Kind: DelayBefore, Op: OpPurchase, Hold: true})
		if _, _, err := r.send(pxPostPath, rebillXML(r.stored(CardApproved))); err == nil {
			t.Fatal("answered")
		}
		<-hold.Reached()
		if e := r.last(OpPurchase); e.Outcome != "" || !e.Done.IsZero() {
			t.Errorf("logged %+v", e)
		}
		want(t, r.pxpost(statusXML(theID)), "ReCo", "AF")
		hold.Release()
		synctest.Wait()
		want(t, r.pxpost(statusXML(theID)), "ReCo", "00", "Success", "1")
	})
}

func TestDelays(t *testing.T) {
	t.Parallel()
	for kind, early := range map[Kind]int{DelayBefore: 0, DelayAfter: 1} {
		synctest.Test(t, func(t *testing.T) {
			r := setup(t, Options{})
			r.Inject(Fault{Kind: kind, Op: OpPurchase, Delay: 50 * time.Second})
			token, start := r.stored(CardApproved), time.Now()
			time.AfterFunc(49*time.Second, func() {
				if n := len(r.Charges()); n != early {
					t.Errorf("%s: %d charges while it waits", kind, n)
				}
			})
			r.pxpost(rebillXML(token))
			if d := time.Since(start); d != 50*time.Second || len(r.Charges()) != 1 {
				t.Errorf("%s: %v", kind, d)
			}
		})
	}
}

func TestWhatIsHeldIsDroppedByCloseAndReset(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Server){"close": (*Server).Close, "reset": (*Server).Reset} {
		r := setup(t, Options{})
		hold := r.Inject(Fault{Kind: DelayBefore, Op: OpPurchase, Hold: true})
		done := make(chan error)
		go func() {
			_, _, err := r.send(pxPostPath, rebillXML("x"))
			done <- err
		}()
		<-hold.Reached()
		end(r.Server)
		if err := <-done; !cut(err) {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(r.Charges()); n != 0 {
			t.Errorf("%s: %d charges", name, n)
		}
	}
}

func TestOneAnswerOfAReadingCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault    Fault
		response []string // in ProcessResponse
		status   []string // in Status
	}{
		{Fault{Kind: OtherAmount, Value: "1.00"}, []string{"AmountSettlement", "1.00"}, []string{"Amount", "1.00"}},
		{Fault{Kind: OtherAmount}, []string{"AmountSettlement", "10.01"}, []string{"Amount", "10.01"}},
		{Fault{Kind: OtherCurrency, Value: "USD"}, []string{"CurrencyInput", "USD"}, []string{"InputCurrencyName", "USD"}},
		{Fault{Kind: OtherTxnID, Value: "B"}, []string{"TxnId", "B"}, []string{"TxnRef", "B"}},
		{Fault{Kind: NoTxnID}, []string{"TxnId", ""}, []string{"TxnRef", ""}},
		{Fault{Kind: OtherReference, Value: "x"}, []string{"MerchantReference", "x"}, []string{"MerchantReference", "x"}},
		{Fault{Kind: OtherTxnType}, []string{"TxnType", "Auth"}, []string{"TxnType", "Auth"}},
		{Fault{Kind: StrangeText, Value: "a\nb"}, []string{"CardHolderName", "a\nb"}, []string{"CardHolderName", "a\nb"}},
		{Fault{Kind: NotAuthorized}, []string{"Success", "1"}, []string{"Success", "1", "Authorized", "0"}},
		{Fault{Kind: Decline, Value: "05"}, []string{"Success", "0", "ReCo", "05"}, []string{"Success", "0", "Authorized", "0", "ReCo", "05"}},
		{Fault{Kind: StatusRequired}, []string{"Success", "0", "ReCo", "U9"}, []string{"Success", "0", "StatusRequired", "1", "ReCo", "U9"}},
		{Fault{Kind: NotFound}, []string{"@valid", "0", "Success", ""}, []string{"ReCo", "AF", "DpsTxnRef", ""}},
		{Fault{Kind: CredentialsU5}, []string{"@valid", "0"}, []string{"ReCo", "U5", "TxnRef", ""}},
		{Fault{Kind: CredentialsAG}, []string{"@valid", "0"}, []string{"ReCo", "0", "ResponseText", "Invalid Credentials"}},
	} {
		r := setup(t, Options{})
		back := r.pay(r.page(), CardApproved)
		truth, status := r.read(back), r.pxpost(statusXML(theID))
		for _, op := range []Op{OpProcess, OpStatus} {
			tt.fault.Op = op
			r.Inject(tt.fault)
		}
		want(t, r.read(back), tt.response...)
		want(t, r.pxpost(statusXML(theID)), tt.status...)
		want(t, r.read(back), "AmountSettlement", truth["AmountSettlement"], "TxnId", theID, "Success", "1")
		want(t, r.pxpost(statusXML(theID)), "Amount", status["Amount"], "TxnRef", theID, "Success", "1", "Authorized", "1")
	}
}

func TestNoTxnIDDropsTheElement(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	r.Inject(Fault{Kind: NoTxnID, Op: OpPage})
	if body := r.pxpay(processXML(result(t, r.pay(r.page(), CardApproved)))); bytes.Contains(body, []byte("TxnId")) {
		t.Errorf("%s", body)
	}
}

// Ordered for the call that makes the transaction, the change stays with it.
func TestWhatStaysWithATransaction(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault  Fault
		want   []string
		charge string // amount and currency, or nothing
	}{
		{Fault{Kind: OtherAmount, Value: "99.00"}, []string{"Amount", "99.00", "Success", "1"}, "99.00 NZD"},
		{Fault{Kind: OtherCurrency, Value: "USD"}, []string{"InputCurrencyName", "USD"}, "10.00 USD"},
		{Fault{Kind: OtherTxnID, Value: "B"}, []string{"TxnRef", "B"}, "10.00 NZD"},
		{Fault{Kind: OtherReference, Value: "x"}, []string{"MerchantReference", "x"}, "10.00 NZD"},
		{Fault{Kind: NotAuthorized}, []string{"Success", "1", "Authorized", "0", "StatusRequired", "0"}, ""},
		{Fault{Kind: Decline}, []string{"Success", "0", "ReCo", "51"}, ""},
		{Fault{Kind: Decline, Value: "91"}, []string{"Success", "0", "ReCo", "91", "Retry", "1"}, ""},
		{Fault{Kind: StrangeText}, []string{"Success", "1"}, "10.00 NZD"},
	} {
		r := setup(t, Options{})
		token := r.stored(CardApproved)
		tt.fault.Op = OpPurchase
		r.Inject(tt.fault)
		want(t, r.pxpost(rebillXML(token)), tt.want...)
		want(t, r.pxpost(statusXML(theID)), tt.want...)
		got := ""
		for _, c := range r.Charges() {
			got += c.Amount + " " + c.Currency
		}
		if got != tt.charge {
			t.Errorf("%+v charges %q", tt.fault, got)
		}
	}
}

func TestStatusRequiredThenFinal(t *testing.T) {
	t.Parallel()
	for final, extra := range map[string][]Fault{"1": nil, "0": {{Kind: Decline, Op: OpPurchase}}} {
		r := setup(t, Options{})
		r.Inject(Fault{Kind: StatusRequired, Op: OpPurchase, N: 3})
		for _, f := range extra {
			r.Inject(f)
		}
		want(t, r.pxpost(rebillXML(r.stored(CardApproved))), "StatusRequired", "1", "Success", "0", "ReCo", "U9", "TxnRef", theID)
		if got := r.last(OpPurchase).Outcome; got != Pending {
			t.Errorf("outcome %s", got)
		}
		for range 3 {
			want(t, r.pxpost(statusXML(theID)), "StatusRequired", "1", "Success", "0", "Authorized", "0")
		}
		want(t, r.pxpost(statusXML(theID)), "StatusRequired", "0", "Success", final, "Authorized", final)
	}
}
