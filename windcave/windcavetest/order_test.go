package windcavetest

import (
	"errors"
	"net/http"
	"testing"
)

func TestFaultsOfThePage(t *testing.T) {
	t.Parallel()
	t.Run("surcharge", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{})
		r.Inject(Fault{Kind: Surcharge, Op: OpPage})
		want(t, r.read(r.pay(r.page(), CardApproved)), "AmountSettlement", "10.00", "TotalAmount", "10.25", "AmountSurcharge", "0.25")
		if c := r.Charges()[0]; c.Amount != "10.00" || c.Surcharge != "0.25" {
			t.Errorf("%+v", c)
		}
	})
	t.Run("twice by one click", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{Notify: NotifyBefore})
		r.Inject(Fault{Kind: ApproveTwice, Op: OpPage})
		back := r.pay(r.page(), CardApproved)
		c, n := r.Charges(), r.Notifications()
		if len(c) != 2 || c[0].TxnID != c[1].TxnID || c[0].DpsTxnRef == c[1].DpsTxnRef || len(n) != 2 {
			t.Fatalf("%+v %+v", c, n)
		}
		want(t, r.read(back), "DpsTxnRef", c[0].DpsTxnRef, "TxnId", theID)
		want(t, r.read(n[1].URL), "DpsTxnRef", c[1].DpsTxnRef, "TxnId", theID, "Success", "1")
		want(t, r.pxpost(statusXML(theID)), "DpsTxnRef", c[0].DpsTxnRef)
	})
	t.Run("payable after an approval", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{})
		r.Inject(Fault{Kind: PayAgain, Op: OpPage})
		page := r.page()
		first := r.pay(page, CardApproved)
		if r.pay(page, CardApproved) == first || len(r.Charges()) != 2 {
			t.Errorf("%+v", r.Charges())
		}
	})
	t.Run("answer lost", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{Notify: NotifyBefore})
		r.Inject(Fault{Kind: RecordThenCut, Op: OpPage})
		if _, err := r.Pay(r.page(), CardApproved); !cut(err) || errors.Is(err, ErrNotTaken) {
			t.Errorf("%v", err)
		}
		if len(r.Charges()) != 1 || len(r.Notifications()[0].Tries) != 1 {
			t.Errorf("%+v %+v", r.Charges(), r.Notifications())
		}
	})
	t.Run("other amount", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{})
		r.Inject(Fault{Kind: OtherAmount, Op: OpPage, Value: "1.00"})
		want(t, r.read(r.pay(r.page(), CardApproved)), "AmountSettlement", "1.00", "Success", "1")
		if got := r.Charges()[0].Amount; got != "1.00" {
			t.Errorf("charge of %s", got)
		}
	})
	t.Run("refused page", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{})
		r.Inject(Fault{Kind: Decline, Op: OpGenerate, Value: "IP"})
		want(t, elements(t, r.pxpay(generateXML())), "@valid", "1", "Reco", "IP", "URI", "")
		r.page()
	})
}

func TestOrdersChooseTheirCalls(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	hit := func(id string) bool {
		_, _, err := r.send(pxPostPath, statusXML(id))
		return err != nil
	}
	o := r.Inject(Fault{Kind: CutBefore, Op: OpStatus, TxnID: "A", Skip: 1, Times: 2})
	for i, tt := range []struct {
		id  string
		hit bool
	}{{"A", false}, {"B", false}, {"A", true}, {"B", false}, {"A", true}, {"A", false}} {
		if got := hit(tt.id); got != tt.hit {
			t.Errorf("call %d: %v", i, got)
		}
	}
	if o.Hits() != 2 {
		t.Errorf("%d hits", o.Hits())
	}
	ever := r.Inject(Fault{Kind: CutBefore, User: "ExampleUser", Times: -1})
	r.Inject(Fault{Kind: CutBefore, User: "SomebodyElse", Times: -1})
	for _, id := range []string{"A", "A", "B"} {
		if !hit(id) {
			t.Error("the order ended")
		}
	}
	r.page()
	ever.Cancel()
	if hit("A") {
		t.Error("the order did not end")
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{Limit: 1})
	token := r.stored(CardApproved)
	hold := r.Inject(Fault{Kind: DelayBefore, TxnID: "FIRST", Hold: true})
	done := make(chan error)
	go func() {
		_, _, err := r.send(pxPostPath, rebillXML(token, "TxnId", "FIRST"))
		done <- err
	}()
	<-hold.Reached()
	res, _, err := r.send(pxPostPath, rebillXML(token))
	if err != nil || res.StatusCode != http.StatusServiceUnavailable || len(r.Charges()) != 0 {
		t.Errorf("%v %v", res, err)
	}
	hold.Release()
	if err := <-done; err != nil {
		t.Error(err)
	}
	want(t, r.pxpost(rebillXML(token)), "Success", "1")
}
