package windcave

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bojanz/currency"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

const ownID = "A1B2C3D4E5F60718"

// rebill, giveBack and takeBack are requests that are taken.
func rebill(t testing.TB) ChargeRequest {
	return ChargeRequest{DpsBillingID: secret.New(testBillingID), Amount: amount(t, "10.00", "NZD"), TxnID: ownID, MerchantReference: "INV-1234"}
}

func giveBack(t testing.TB) RefundRequest {
	return RefundRequest{DpsTxnRef: "000000060495729b", Amount: amount(t, "10.00", "NZD"), TxnID: ownID, MerchantReference: "INV-1234"}
}

func takeBack(t testing.TB) VoidRequest {
	return VoidRequest{DpsTxnRef: "000000060495729b", Amount: amount(t, "10.00", "NZD"), TxnID: ownID}
}

// replyTo makes the answer that each operation hopes for.
func replyTo(op, document string) string {
	document = strings.Replace(document, "<TxnType>Purchase", "<TxnType>"+op, 1)
	if op == OpVoid {
		document = strings.Replace(document, "<TxnRef>"+ownID, "<TxnRef>", 1)
	}
	return document
}

// moved runs an operation that moves money against one answer.
func moved(t *testing.T, op string, status int, document string) (*Transaction, Verdict, error) {
	t.Helper()
	b := setup(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, document)
	})
	x, v, err := b.move(op)
	if n := b.requests.Load(); n != 1 {
		t.Errorf("%s made %d requests", op, n)
	}
	return x, v, err
}

func (b *bench) move(op string) (*Transaction, Verdict, error) {
	ctx := b.t.Context()
	switch op {
	case OpPurchase:
		return b.pxpost.Purchase(ctx, rebill(b.t))
	case OpAuth:
		return b.pxpost.Auth(ctx, rebill(b.t))
	case OpComplete:
		return b.pxpost.Complete(ctx, CompleteRequest(giveBack(b.t)))
	case OpRefund:
		return b.pxpost.Refund(ctx, giveBack(b.t))
	}
	return b.pxpost.Void(ctx, takeBack(b.t))
}

// What each class of answer means, for every operation that moves money: the table is that of
// judging, from the wire on.
func TestMovedAnswers(t *testing.T) {
	t.Parallel()
	no := strings.NewReplacer(`success="1"`, `success="0"`, "<Authorized>1", "<Authorized>0", "<Success>1", "<Success>0",
		"APPROVED", "DECLINED").Replace
	code := func(code string) string {
		return strings.ReplaceAll(strings.ReplaceAll(no(paidTxn), "<ReCo>00", "<ReCo>"+code), `reco="00"`, `reco="`+code+`"`)
	}
	put := func(old, with string) string { return strings.Replace(paidTxn, old, with, 1) }
	const help = "<Txn><ReCo>0</ReCo><ResponseText>Invalid Credentials</ResponseText></Txn>"
	for name, row := range map[string]struct {
		document string
		want     string // outcome, class, key
	}{
		"approved":               {paidTxn, "approved approved approved"},
		"do not honour":          {code("05"), "declined declined declined.issuer"},
		"funds":                  {code("51"), "declined soft declined.funds"},
		"bank away":              {code("91"), "declined soft declined.unavailable"},
		"expired":                {code("54"), "declined card card.expired"},
		"pick up":                {code("04"), "declined card declined.issuer"},
		"lost":                   {code("41"), "declined card declined.issuer"},
		"stolen":                 {code("43"), "declined card declined.issuer"},
		"token not known":        {code("JC"), "declined token card.saved"},
		"token dead":             {code("JD"), "declined token card.saved"},
		"token of another":       {code("JE"), "declined token card.saved"},
		"refund not matched":     {code("J1"), "declined refund refund.not_matched"},
		"already refunded":       {code("J5"), "declined refund refund.already"},
		"code nobody knows":      {code("ZZ"), "declined declined declined"},
		"wrong password":         {code("U5"), "failed config config.credentials"},
		"wrong password, no id":  {strings.Replace(code("U5"), "<TxnRef>"+ownID, "<TxnRef>", 1), "failed config config.credentials"},
		"wrong user":             {help, "failed config config.credentials"},
		"merchant":               {code("03"), "failed config config.merchant"},
		"not enabled":            {code("QG"), "failed request request.type"},
		"currency":               {code("Q8"), "failed request request.currency"},
		"id was used":            {code("W4"), "unknown duplicate duplicate"},
		"gateway unsure":         {code("U9"), "unknown unknown unknown"},
		"AF, nobody asked":       {code("AF"), "unknown unknown unknown"},
		"status required":        {put("<StatusRequired>0", "<StatusRequired>1"), "unknown unknown unknown"},
		"declined, but ask":      {strings.Replace(code("05"), "<StatusRequired>0", "<StatusRequired>1", 1), "unknown unknown unknown"},
		"not authorised":         {put("<Authorized>1", "<Authorized>0"), "unknown unknown unknown"},
		"decline not said whole": {strings.Replace(code("05"), "<Authorized>0</Authorized>", "", 1), "unknown unknown unknown"},
		"other id":               {put("<TxnRef>"+ownID, "<TxnRef>ZZZZZZZZZZZZZZZZ"), "unknown unknown foreign"},
		"decline of other id":    {strings.Replace(code("05"), "<TxnRef>"+ownID, "<TxnRef>ZZZZZZZZZZZZZZZZ", 1), "unknown unknown foreign"},
		"two ids":                {put("<TxnRef>", "<TxnRef>B1</TxnRef><TxnRef>"), "unknown unknown foreign"},
		"other amount":           {put("<Amount>10.00", "<Amount>10.01"), "unknown unknown mismatch"},
		"other currency":         {put("<InputCurrencyName>NZD", "<InputCurrencyName>AUD"), "unknown unknown mismatch"},
		"other type":             {put("<TxnType>Purchase", "<TxnType>Validate"), "unknown unknown mismatch"},
		"no type":                {put("<TxnType>Purchase</TxnType>", ""), "unknown unknown mismatch"},
		"says yes and no":        {put("<Success>", "<Success>0</Success><Success>"), "unknown unknown mismatch"},
		"nothing at all":         {"<Txn/>", "unknown unknown foreign"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, op := range moving {
				want := row.want
				if op == OpVoid && name == "nothing at all" {
					want = "unknown unknown unknown" // a Void's answer may lack an id
				}
				x, v, err := moved(t, op, http.StatusOK, replyTo(op, row.document))
				got := fmt.Sprint(v.Outcome, " ", v.Class, " ", v.Key)
				if err != nil || x == nil || got != want || v.NotFound || v.Foreign != strings.HasSuffix(want, KeyForeign) {
					t.Errorf("%s: %s, %+v, %v; want %s", op, got, v, err, want)
				}
			}
		})
	}
}

// What an answer leaves out: only a Void may be approved by one that names no id, amount or
// currency, for it sends none; a reference may be missing, but not another's.
func TestMovedAnswersLeaveOut(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		old, with string
		outcome   Outcome
		void      Outcome
	}{
		"id":              {"<TxnRef>" + ownID, "<TxnRef>", Unknown, Approved},
		"amount":          {"<Amount>10.00</Amount>", "", Unknown, Approved},
		"currency":        {"<InputCurrencyName>NZD</InputCurrencyName>", "", Unknown, Approved},
		"success":         {"<Success>1</Success>", "", Unknown, Unknown},
		"status required": {"<StatusRequired>0</StatusRequired>", "", Unknown, Unknown},
		"its reference":   {"<TxnType>", "<MerchantReference>INV-1234</MerchantReference><TxnType>", Approved, Approved},
		"other reference": {"<TxnType>", "<MerchantReference>INV-1235</MerchantReference><TxnType>", Unknown, Approved},
	} {
		for _, op := range moving {
			want := row.outcome
			if op == OpVoid {
				want = row.void
			}
			_, v, err := moved(t, op, http.StatusOK, replyTo(op, strings.Replace(paidTxn, row.old, row.with, 1)))
			if err != nil || v.Outcome != want || !v.Claimed {
				t.Errorf("%s, %s: %+v, %v", name, op, v, err)
			}
		}
	}
}

// Under a 4xx neither an approval nor a decline is believed; that the credentials are wrong is.
func TestMovedAnswersUnder400(t *testing.T) {
	t.Parallel()
	for _, op := range moving {
		for _, document := range []string{paidTxn, strings.ReplaceAll(paidTxn, ">1<", ">0<")} {
			_, _, err := moved(t, op, http.StatusForbidden, replyTo(op, document))
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindNoAnswer || e.Op != op {
				t.Errorf("%s: %v", op, err)
			}
		}
		_, v, err := moved(t, op, http.StatusForbidden, "<Txn><ReCo>0</ReCo><ResponseText>Invalid Credentials</ResponseText></Txn>")
		if err != nil || v.Outcome != Failed || v.Class != ClassConfig {
			t.Errorf("%s: %+v, %v", op, v, err)
		}
	}
}

// F62, F59: what is not exactly as it must be is not sent, and not told.
func TestMovedInputIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t, good(""))
	fraction, zero := amount(t, "1.005", "NZD"), amount(t, "0", "NZD")
	const card = "4111 1111 1111 1111"
	for name, row := range map[string]struct {
		spoil func(*ChargeRequest)
		cause error
	}{
		"no card":           {func(c *ChargeRequest) { c.DpsBillingID = secret.Secret{} }, errBillingID},
		"card of 65":        {func(c *ChargeRequest) { c.DpsBillingID = secret.New(strings.Repeat("0", 65)) }, errBillingID},
		"card number":       {func(c *ChargeRequest) { c.DpsBillingID = secret.New(card) }, errBillingID},
		"card with a tag":   {func(c *ChargeRequest) { c.DpsBillingID = secret.New("<x/>") }, errBillingID},
		"no id":             {func(c *ChargeRequest) { c.TxnID = "" }, errOwnID},
		"id of 15":          {func(c *ChargeRequest) { c.TxnID = ownID[1:] }, errOwnID},
		"id of 17":          {func(c *ChargeRequest) { c.TxnID += "1" }, errOwnID},
		"id in lower case":  {func(c *ChargeRequest) { c.TxnID = strings.ToLower(ownID) }, errOwnID},
		"id with a line":    {func(c *ChargeRequest) { c.TxnID = ownID[1:] + "\n" }, errOwnID},
		"mode with a blank": {func(c *ChargeRequest) { c.RecurringMode = "on file" }, errMode},
		"no amount":         {func(c *ChargeRequest) { c.Amount = currency.Amount{} }, nil},
		"fraction of cent":  {func(c *ChargeRequest) { c.Amount = fraction }, nil},
		"nothing":           {func(c *ChargeRequest) { c.Amount = zero }, nil},
	} {
		c := rebill(t)
		row.spoil(&c)
		_, _, err := b.pxpost.Purchase(t.Context(), c)
		b.known(OpPurchase, err, KindInput, row.cause)
		_, _, err = b.pxpost.Auth(t.Context(), c)
		b.known(OpAuth, err, KindInput, row.cause)
		if strings.Contains(err.Error(), card) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, row := range []struct {
		spoil func(*RefundRequest)
		cause error
	}{
		{func(r *RefundRequest) { r.DpsTxnRef = "" }, errTxnRef},
		{func(r *RefundRequest) { r.DpsTxnRef = "000000060495729b0" }, errTxnRef},
		{func(r *RefundRequest) { r.DpsTxnRef = "0000 0006" }, errTxnRef},
		{func(r *RefundRequest) { r.TxnID = "a1" }, errOwnID},
		{func(r *RefundRequest) { r.MerchantReference = "" }, errReference},
		{func(r *RefundRequest) { r.MerchantReference = "日本" }, errReference},
		{func(r *RefundRequest) { r.Amount = fraction }, nil},
		{func(r *RefundRequest) { r.Amount = zero }, nil},
	} {
		r := giveBack(t)
		row.spoil(&r)
		_, _, err := b.pxpost.Refund(t.Context(), r)
		b.known(OpRefund, err, KindInput, row.cause)
		_, _, err = b.pxpost.Complete(t.Context(), CompleteRequest(r))
		b.known(OpComplete, err, KindInput, row.cause)
	}
	for _, row := range []struct {
		spoil func(*VoidRequest)
		cause error
	}{
		{func(v *VoidRequest) { v.DpsTxnRef = "" }, errTxnRef},
		{func(v *VoidRequest) { v.TxnID = "" }, errTxnID},
		{func(v *VoidRequest) { v.Amount = currency.Amount{} }, nil},
	} {
		v := takeBack(t)
		row.spoil(&v)
		_, _, err := b.pxpost.Void(t.Context(), v)
		b.known(OpVoid, err, KindInput, row.cause)
	}
	if b.requests.Load() != 0 {
		t.Error("something was sent")
	}
}

// What goes out: the texts as Sent says, each element once, the amount in its currency's
// digits, and of a Void nothing but the original's reference.
func TestMovedDocuments(t *testing.T) {
	t.Parallel()
	charge := rebill(t)
	charge.MerchantReference, charge.TxnData1, charge.RecurringMode = strings.Repeat("é&", 40), "Pā", ModeCredential
	charge.Amount = amount(t, "1500.00", "JPY")
	wants := map[string]map[string]string{
		OpPurchase: {
			"TxnType": "Purchase", "Amount": "1500", "InputCurrency": "JPY", "DpsBillingId": testBillingID, "TxnId": ownID,
			"MerchantReference": strings.Repeat("e&", 32), "TxnData1": "Pa", "RecurringMode": "credentialonfile",
		},
		OpRefund: {
			"TxnType": "Refund", "Amount": "10.00", "InputCurrency": "NZD", "DpsTxnRef": "000000060495729b", "TxnId": ownID, "MerchantReference": "INV-1234",
		},
		OpVoid: {"TxnType": "Void", "DpsTxnRef": "000000060495729b"},
	}
	bodies := make(chan []byte, 3)
	b := setup(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		body, _ := io.ReadAll(r.Body)
		bodies <- body
		_, _ = io.WriteString(w, paidTxn)
	})
	for op, send := range map[string]func() error{
		OpPurchase: func() error { return b.unanswered(b.pxpost.Purchase(t.Context(), charge)) },
		OpRefund:   func() error { return b.unanswered(b.pxpost.Refund(t.Context(), giveBack(t))) },
		OpVoid:     func() error { return b.unanswered(b.pxpost.Void(t.Context(), takeBack(t))) },
	} {
		if err := send(); err != nil {
			t.Fatal(err)
		}
		want := wants[op]
		want["PostUsername"], want["PostPassword"] = "PostUser", testPassword
		if _, got := flat(t, <-bodies); !cmp.Equal(want, got) {
			t.Errorf("%s: %s", op, cmp.Diff(want, got))
		}
	}
}
