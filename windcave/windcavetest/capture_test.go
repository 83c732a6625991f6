package windcavetest

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// shape lists element paths with their attributes, in document order.
func shape(t *testing.T, body []byte) []string {
	t.Helper()
	var lines, path []string
	dec := xml.NewDecoder(bytes.NewReader(body))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatalf("%v in %.200s", err, body)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			path = append(path, e.Name.Local)
			line := strings.Join(path, "/")
			for _, a := range e.Attr {
				line += " @" + a.Name.Local
			}
			lines = append(lines, line)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

func captured(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/shapes/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func TestRepliesHaveTheShapeOfTheirCapture(t *testing.T) {
	t.Parallel()
	card := []string{"CardNumber", "4111111111111111", "DateExpiry", "1230", "Amount", "1.00", "InputCurrency", "NZD"}
	tests := map[string]func(*rig) []byte{
		"pxpay-request-valid-pxmi3": func(r *rig) []byte { return r.pxpay(generateXML()) },
		"pxpay-request-valid-long-uri": func(r *rig) []byte {
			r.opt.Accounts[0].OldPages = true
			return r.pxpay(generateXML())
		},
		"pxpay-response-auth-approved": func(r *rig) []byte {
			return r.pxpay(processXML(result(r.t, r.pay(r.page("TxnType", "Auth"), CardApproved))))
		},
		"pxpay-response-create-card-approved": func(r *rig) []byte {
			return r.pxpay(processXML(result(r.t, r.pay(r.page("TxnType", "Auth", "EnableAddBillCard", "1"), CardApproved))))
		},
		"pxpay-response-invalid-token": func(r *rig) []byte { return r.pxpay(processXML("00008400001853747f2bc6ded6012345")) },
		"pxpay-synthetic-response-user-cancelled": func(r *rig) []byte {
			back, err := r.Cancel(r.page())
			if err != nil {
				r.t.Fatal(err)
			}
			return r.pxpay(processXML(result(r.t, back)))
		},
		"pxpost-response-invalid-credentials-ag": func(r *rig) []byte {
			return r.post(pxPostPath, txnXML("Status", "PostUsername", "nobody"))
		},
		"pxpost-response-purchase-bad-login-u5": func(r *rig) []byte {
			return r.post(pxPostPath, txnXML("Purchase", append(card, "PostPassword", "wrong")...))
		},
		"pxpost-response-store-card-approved": func(r *rig) []byte {
			return r.post(pxPostPath, txnXML("Auth", append(card, "EnableAddBillCard", "1")...))
		},
		"pxpost-response-store-card-qk": func(r *rig) []byte {
			return r.post(pxPostPath, txnXML("Auth", append(card, "CardNumber", "4444555566669999")...))
		},
		"pxpost-response-rebill-dpsbillingid-approved": func(r *rig) []byte {
			return r.post(pxPostPath, rebillXML(r.stored(CardApproved)))
		},
		"pxpost-response-rebill-billingid-approved": func(r *rig) []byte {
			r.post(pxPostPath, txnXML("Auth", append(card, "EnableAddBillCard", "1", "BillingId", "TEST1234")...))
			return r.post(pxPostPath, rebillXML("-", "BillingId", "TEST1234"))
		},
		"pxpost-synthetic-status-not-found-af": func(r *rig) []byte { return r.post(pxPostPath, statusXML("NEVERSEEN")) },
	}
	for name, ask := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := shape(t, ask(setup(t, Options{}))), captured(t, name)
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// The captures of other years lack elements; what they have stands in our order.
func TestRepliesKeepTheOrderOfOlderCaptures(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{Layout: Layout2013})
	r.Inject(Fault{Kind: Surcharge, Op: OpPage, TxnID: "SURCHARGE"})
	surcharge := r.pxpay(processXML(result(t, r.pay(r.page("TxnId", "SURCHARGE"), CardApproved))))
	purchase := r.pxpay(processXML(result(t, r.pay(r.page(), CardBadDigit))))
	post := r.post(pxPostPath, rebillXML(r.stored(CardRefused), "TxnId", "OTHER"))
	for name, body := range map[string][]byte{
		"pxpay-response-purchase-approved-2012": purchase, "pxpay-response-purchase-declined-2012": purchase,
		"pxpay-synthetic-response-surcharge": surcharge, "pxpost-response-purchase-approved-pxpay-fields": post,
		"pxpost-response-purchase-approved-usd": post, "pxpost-response-purchase-declined-05": post,
		"pxpost-synthetic-refund-approved": post, "pxpost-synthetic-status-required-u9": post,
	} {
		rest := shape(t, body)
		for _, line := range captured(t, name) {
			at := slices.Index(rest, line)
			if at < 0 {
				t.Errorf("%s: %q is missing or out of order", name, line)
				break
			}
			rest = rest[at+1:]
		}
	}
}

func TestWholeRepliesThatNeverVary(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		generateXML("PxPayKey", strings.Repeat("f", 64)): `<Request valid="0"><URI>Invalid Key</URI></Request>`,
		generateXML("TxnType", "Refund"):                 `<Request valid="0"><URI>Invalid TxnType</URI></Request>`,
		generateXML("PxPayUserId", "Nobody"):             `<Request valid="1"><Reco>IP</Reco><ResponseText>Check User Access Error:</ResponseText></Request>`,
		generateXML("AmountInput", "1.5"):                `<Request valid="1"><Reco>IU</Reco><ResponseText>Amount Format Fail</ResponseText></Request>`,
		"<GenerateRequest><A>&</A></GenerateRequest>":    `<html><body><p>Error - Not acceptable input XML.</p></body></html>`,
	}
	for body, want := range tests {
		if got := string(setup(t, Options{}).pxpay(body)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	r := setup(t, Options{})
	r.page()
	want := `<Request valid="1"><Reco>W4</Reco><ResponseText>TxnId/TxnRef duplicate</ResponseText></Request>`
	if got := string(r.pxpay(generateXML())); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHeadersLookLikeTheHost(t *testing.T) {
	t.Parallel()
	res, _, err := setup(t, Options{}).send(pxPayPath, generateXML())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Server": "DPS_PX_SERVER", "Content-Type": "application/xhtml+xml; charset=utf-8", "Cache-Control": "private",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func (r *rig) stored(card Card) string {
	r.t.Helper()
	id, err := r.StoreCard("ExampleUser", card)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}
