package windcave_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

const (
	postPassword = "ExamplePassword"
	chargeID     = "A1B2C3D4E5F60718"
	originalID   = "ORIGINAL00000001"
)

// moves are the operations that move money, as the simulator calls them.
var moves = []windcavetest.Op{
	windcavetest.OpPurchase, windcavetest.OpAuth, windcavetest.OpComplete, windcavetest.OpRefund, windcavetest.OpVoid,
}

// rig is a simulator and a client of it.
type rig struct {
	*windcavetest.Server
	t      *testing.T
	pxpay  *windcave.PxPay
	pxpost *windcave.PxPost
	logs   *observer.ObservedLogs
	token  string // of a saved card
}

// setup serves a simulator on loopback; the client sees how far each of its requests came. A
// TxnId sent twice would be charged twice.
func setup(t *testing.T, change ...func(*windcavetest.Options)) *rig {
	t.Helper()
	opt := windcavetest.Options{
		Accounts: []windcavetest.Account{{
			PxPayUser: "ExamplePxPayUser", PxPayKey: strings.Repeat("0123456789abcdef", 4),
			PostUser: "ExampleUser", PostPassword: postPassword, TokenBilling: true,
		}},
		Repeat: windcavetest.RepeatCharged,
	}
	for _, c := range change {
		c(&opt)
	}
	s := windcavetest.New(opt)
	t.Cleanup(s.Close)
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	server.Start()
	t.Cleanup(server.Close)
	return connect(t, s, windcave.Config{Endpoint: server.URL, ChargeTimeout: 10 * time.Second})
}

func connect(t *testing.T, s *windcavetest.Server, cfg windcave.Config) *rig {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	cfg.Logger = zap.New(core)
	r := &rig{Server: s, t: t, logs: logs}
	var err error
	if r.pxpost, err = windcave.NewPxPost(cfg, windcave.NewCredentials("ExampleUser", postPassword)); err != nil {
		t.Fatal(err)
	}
	if r.pxpay, err = windcave.NewPxPay(cfg, windcave.NewCredentials("ExamplePxPayUser", strings.Repeat("0123456789abcdef", 4))); err != nil {
		t.Fatal(err)
	}
	if r.token, err = s.StoreCard("ExampleUser", windcavetest.CardApproved); err != nil {
		t.Fatal(err)
	}
	return r
}

func dollars(t testing.TB, number string) currency.Amount {
	t.Helper()
	a, err := currency.NewAmount(number, "NZD")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (r *rig) charge(id string) windcave.ChargeRequest {
	return windcave.ChargeRequest{
		DpsBillingID: secret.New(r.token), Amount: dollars(r.t, "10.00"), TxnID: id, MerchantReference: "INV-1234",
		RecurringMode: windcave.ModeRecurring,
	}
}

// originals are what operations are about that are about an earlier one.
var originals = map[windcavetest.Op]windcavetest.Op{
	windcavetest.OpComplete: windcavetest.OpAuth, windcavetest.OpVoid: windcavetest.OpAuth, windcavetest.OpRefund: windcavetest.OpPurchase,
}

// original carries out what an operation is about and gives its DpsTxnRef.
func (r *rig) original(op windcavetest.Op, id string) string {
	r.t.Helper()
	first, ok := originals[op]
	if !ok {
		return ""
	}
	_, v, err := r.send(r.t.Context(), first, id, "", "")
	if err != nil || v.Outcome != windcave.Approved || v.DpsTxnRef == "" {
		r.t.Fatalf("the original of %s: %+v, %v", op, v, err)
	}
	return v.DpsTxnRef
}

// send carries an operation out, about an original where it has one.
func (r *rig) send(ctx context.Context, op windcavetest.Op, id, original, originalID string) (*windcave.Transaction, windcave.Verdict, error) {
	ten := dollars(r.t, "10.00")
	switch op {
	case windcavetest.OpPurchase:
		return r.pxpost.Purchase(ctx, r.charge(id))
	case windcavetest.OpAuth:
		return r.pxpost.Auth(ctx, r.charge(id))
	case windcavetest.OpComplete:
		return r.pxpost.Complete(ctx, windcave.CompleteRequest{DpsTxnRef: original, Amount: ten, TxnID: id, MerchantReference: "INV-1234"})
	case windcavetest.OpRefund:
		return r.pxpost.Refund(ctx, windcave.RefundRequest{DpsTxnRef: original, Amount: ten, TxnID: id, MerchantReference: "INV-1234"})
	}
	return r.pxpost.Void(ctx, windcave.VoidRequest{DpsTxnRef: original, TxnID: originalID, Amount: ten})
}

// moved tells whether the gateway did what the operation asked for, by its own histories.
func (r *rig) moved(op windcavetest.Op, id, original string) bool {
	switch op {
	case windcavetest.OpRefund:
		return slices.ContainsFunc(r.Refunds(), func(f windcavetest.Refund) bool { return f.TxnID == id })
	case windcavetest.OpVoid:
		return slices.ContainsFunc(r.Charges(), func(c windcavetest.Charge) bool { return c.DpsTxnRef == original && !c.Voided.IsZero() })
	}
	return slices.ContainsFunc(r.Charges(), func(c windcavetest.Charge) bool { return c.TxnID == id && c.TxnType == string(op) })
}

// sentOnce checks how often the gateway was asked, and that nothing sealed was told.
func (r *rig) sentOnce(op windcavetest.Op, id string, told ...any) {
	r.t.Helper()
	n := 0
	for _, e := range r.Log() {
		if e.Op == op && (op == windcavetest.OpVoid || e.TxnID == id) {
			n++
		}
	}
	if n != 1 {
		r.t.Errorf("%s: the gateway was asked %d times", op, n)
	}
	out := fmt.Sprintf("%v %+v %#v", told, told, told)
	for _, line := range r.logs.All() {
		out += fmt.Sprint(line.Message, line.ContextMap())
	}
	for _, s := range []string{r.token, postPassword, "TEST HOLDER"} {
		if strings.Contains(out, s) {
			r.t.Errorf("%s: %q was told in %s", op, s, out)
		}
	}
}

func (r *rig) status(id string, kind windcave.TxnType) windcave.Verdict {
	r.t.Helper()
	x, err := r.pxpost.Status(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return x.Judge(windcave.Expect{TxnType: kind, TxnID: id, MerchantReference: "INV-1234", Amount: dollars(r.t, "10.00")})
}

func kindOf(err error) windcave.Kind {
	if e, ok := errors.AsType[*windcave.Error](err); ok {
		return e.Kind
	}
	return 0
}

// F15, F20, F58: connections that break, and answers that are none. The outcome is unknown
// whether the gateway did it or not, nothing is sent again, and Status tells in the end.
func TestF15NoAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault windcavetest.Fault
		done  bool // at the gateway
	}{
		"closed at once":  {windcavetest.Fault{Kind: windcavetest.Refuse}, false},
		"cut before":      {windcavetest.Fault{Kind: windcavetest.CutBefore}, false},
		"done, then cut":  {windcavetest.Fault{Kind: windcavetest.RecordThenCut}, true},
		"500":             {windcavetest.Fault{Kind: windcavetest.HTTPStatus, N: 500}, false},
		"done, then 500":  {windcavetest.Fault{Kind: windcavetest.HTTPStatus, N: 500, Recorded: true}, true},
		"503":             {windcavetest.Fault{Kind: windcavetest.HTTPStatus}, false},
		"429":             {windcavetest.Fault{Kind: windcavetest.HTTPStatus, N: 429}, false},
		"302":             {windcavetest.Fault{Kind: windcavetest.HTTPStatus, N: 302}, false},
		"done, then HTML": {windcavetest.Fault{Kind: windcavetest.HTML, Recorded: true}, true},
		"empty":           {windcavetest.Fault{Kind: windcavetest.Empty}, false},
		"half of it":      {windcavetest.Fault{Kind: windcavetest.HalfXML}, true},
		"two roots":       {windcavetest.Fault{Kind: windcavetest.TwoRoots}, true},
		"wrong charset":   {windcavetest.Fault{Kind: windcavetest.WrongCharset}, true},
		"UTF-16":          {windcavetest.Fault{Kind: windcavetest.UTF16}, true},
		"bad bytes":       {windcavetest.Fault{Kind: windcavetest.BadBytes}, true},
		"document type":   {windcavetest.Fault{Kind: windcavetest.DTD}, true},
		"entity bomb":     {windcavetest.Fault{Kind: windcavetest.EntityBomb}, true},
		"deep nesting":    {windcavetest.Fault{Kind: windcavetest.DeepNesting}, true},
		"a megabyte":      {windcavetest.Fault{Kind: windcavetest.HugeBody, N: 1}, true},
		"a long header":   {windcavetest.Fault{Kind: windcavetest.BigHeader}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, op := range moves {
				r := setup(t)
				original := r.original(op, originalID)
				row.fault.Op = op
				if op != windcavetest.OpVoid {
					row.fault.TxnID = chargeID
				} else {
					row.fault.TxnID = ""
				}
				order := r.Inject(row.fault)
				x, v, err := r.send(t.Context(), op, chargeID, original, originalID)
				e, _ := errors.AsType[*windcave.Error](err)
				if x != nil || kindOf(err) != windcave.KindNoAnswer || !e.MaySent() || e.Op != string(op) || v.Outcome != windcave.Unknown || order.Hits() != 1 {
					t.Errorf("%s: %+v, %v; the fault was met %d times", op, v, err, order.Hits())
				}
				r.sentOnce(op, chargeID, v, err)
				if got := r.moved(op, chargeID, original); got != row.done {
					t.Errorf("%s: done at the gateway: %v", op, got)
				}
				if op == windcavetest.OpVoid {
					continue // nobody can be asked
				}
				if v := r.status(chargeID, windcave.TxnType(op)); row.done != (v.Outcome == windcave.Approved) || row.done == v.NotFound {
					t.Errorf("%s: Status says %+v", op, v)
				}
			}
		})
	}
}

// F17: surely not sent is told apart.
func TestF17NobodyThere(t *testing.T) {
	t.Parallel()
	r := setup(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	away := connect(t, r.Server, windcave.Config{Endpoint: gone.URL})
	for _, op := range moves {
		_, v, err := away.send(t.Context(), op, chargeID, "0000000100000000", originalID)
		if kindOf(err) != windcave.KindNotSent || v.Outcome != windcave.Unknown {
			t.Errorf("%s: %+v, %v", op, v, err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, op := range moves {
		if _, _, err := r.send(over, op, chargeID, "0000000100000000", originalID); kindOf(err) != windcave.KindNotSent {
			t.Errorf("%s: %v", op, err)
		}
	}
	if n := len(r.Log()); n != 0 {
		t.Errorf("%d requests came", n)
	}
}

// F16: an answer after the time-out, on virtual time with the default of 180 s.
func TestF16SlowAnswer(t *testing.T) {
	t.Parallel()
	for _, op := range moves {
		for _, late := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := windcavetest.New(windcavetest.Options{Accounts: []windcavetest.Account{{
					PxPayUser: "ExamplePxPayUser", PxPayKey: strings.Repeat("0123456789abcdef", 4), PostUser: "ExampleUser", PostPassword: postPassword,
				}}})
				defer s.Close()
				r := connect(t, s, windcave.Config{Endpoint: "http://127.0.0.1:1", Transport: s.Transport()})
				original := r.original(op, originalID)
				wait := 179 * time.Second
				if late {
					wait = 181 * time.Second
				}
				s.Inject(windcavetest.Fault{Kind: windcavetest.DelayAfter, Op: op, Delay: wait})
				start := time.Now()
				_, v, err := r.send(t.Context(), op, chargeID, original, originalID)
				took := time.Since(start)
				switch {
				case late && (kindOf(err) != windcave.KindNoAnswer || !errors.Is(err, context.DeadlineExceeded) || took != 180*time.Second):
					t.Errorf("%s: %v after %s", op, err, took)
				case !late && (err != nil || v.Outcome != windcave.Approved):
					t.Errorf("%s: %+v, %v after %s", op, v, err, took)
				}
				time.Sleep(time.Hour) // virtual: whatever would be sent again would be by now
				r.sentOnce(op, chargeID, v, err)
				if !r.moved(op, chargeID, original) {
					t.Errorf("%s: not done at the gateway", op)
				}
			})
		}
	}
}

// F19, F21, F22, F25, F26: answers that say something else than was asked. What is called
// approved was done at the gateway, what is called declined was not.
func TestF22AnswersThatDiffer(t *testing.T) {
	t.Parallel()
	const approved, declined, failed, unknown = windcave.Approved, windcave.Declined, windcave.Failed, windcave.Unknown
	for name, row := range map[string]struct {
		fault         windcavetest.Fault
		outcome, void windcave.Outcome
		class         windcave.Class
	}{
		"as asked":        {windcavetest.Fault{Kind: windcavetest.DelayAfter}, approved, approved, windcave.ClassApproved},
		"strange text":    {windcavetest.Fault{Kind: windcavetest.StrangeText}, approved, approved, windcave.ClassApproved},
		"other amount":    {windcavetest.Fault{Kind: windcavetest.OtherAmount}, unknown, unknown, windcave.ClassUnknown},
		"other currency":  {windcavetest.Fault{Kind: windcavetest.OtherCurrency}, unknown, unknown, windcave.ClassUnknown},
		"other id":        {windcavetest.Fault{Kind: windcavetest.OtherTxnID}, unknown, unknown, windcave.ClassUnknown},
		"other type":      {windcavetest.Fault{Kind: windcavetest.OtherTxnType, Value: "Validate"}, unknown, unknown, windcave.ClassUnknown},
		"not authorised":  {windcavetest.Fault{Kind: windcavetest.NotAuthorized}, unknown, unknown, windcave.ClassUnknown},
		"status required": {windcavetest.Fault{Kind: windcavetest.StatusRequired}, unknown, unknown, windcave.ClassUnknown},
		"funds":           {windcavetest.Fault{Kind: windcavetest.Decline, Value: "51"}, declined, declined, windcave.ClassSoft},
		"do not honour":   {windcavetest.Fault{Kind: windcavetest.Decline, Value: "05"}, declined, declined, windcave.ClassDeclined},
		"expired":         {windcavetest.Fault{Kind: windcavetest.Decline, Value: "54"}, declined, declined, windcave.ClassCard},
		"stolen":          {windcavetest.Fault{Kind: windcavetest.Decline, Value: "43"}, declined, declined, windcave.ClassCard},
		"token dead":      {windcavetest.Fault{Kind: windcavetest.Decline, Value: "JD"}, declined, declined, windcave.ClassToken},
		"wrong password":  {windcavetest.Fault{Kind: windcavetest.CredentialsU5}, failed, failed, windcave.ClassConfig},
		"wrong user":      {windcavetest.Fault{Kind: windcavetest.CredentialsAG}, failed, failed, windcave.ClassConfig},
		"no id":           {windcavetest.Fault{Kind: windcavetest.NoTxnID}, unknown, approved, windcave.ClassUnknown},
		"other reference": {windcavetest.Fault{Kind: windcavetest.OtherReference}, unknown, approved, windcave.ClassUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, op := range moves {
				r := setup(t)
				original := r.original(op, originalID)
				row.fault.Op = op
				r.Inject(row.fault)
				want := row.outcome
				if op == windcavetest.OpVoid {
					want = row.void
				}
				x, v, err := r.send(t.Context(), op, chargeID, original, originalID)
				if err != nil || v.Outcome != want || want == row.outcome && v.Class != row.class || v.NotFound {
					t.Errorf("%s: %+v, %v", op, v, err)
				}
				r.sentOnce(op, chargeID, x, v)
				done := r.moved(op, chargeID, original)
				if v.Outcome == approved && !done || (v.Outcome == declined || v.Outcome == failed) && done {
					t.Errorf("%s: %+v, but done at the gateway: %v", op, v, done)
				}
			}
		})
	}
}

// F19: the gateway does not know yet; Status, asked again, does.
func TestF19StatusRequired(t *testing.T) {
	t.Parallel()
	for _, op := range moves[:4] {
		r := setup(t)
		original := r.original(op, originalID)
		r.Inject(windcavetest.Fault{Kind: windcavetest.StatusRequired, Op: op, N: 1})
		if _, v, err := r.send(t.Context(), op, chargeID, original, originalID); err != nil || v.Outcome != windcave.Unknown || v.Code != "U9" {
			t.Errorf("%s: %+v, %v", op, v, err)
		}
		if v := r.status(chargeID, windcave.TxnType(op)); v.Outcome != windcave.Unknown {
			t.Errorf("%s: %+v", op, v)
		}
		if v := r.status(chargeID, windcave.TxnType(op)); v.Outcome != windcave.Approved {
			t.Errorf("%s: %+v", op, v)
		}
		r.sentOnce(op, chargeID)
	}
}
