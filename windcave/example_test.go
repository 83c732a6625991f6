package windcave_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// A payment from the first call to the verdict, against a server that plays the gateway.
func Example() {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.Contains(string(body), "<GenerateRequest>"):
			_, _ = fmt.Fprintf(w, `<Request valid="1"><URI>http://%s/pxmi3/0123</URI></Request>`, r.Host)
		case strings.Contains(string(body), "<ProcessResponse>"):
			_, _ = io.WriteString(w, `<Response valid="1"><Success>1</Success><TxnType>Purchase</TxnType>
				<TxnId>A1B2C3D4E5F60718</TxnId><MerchantReference>INV-1234</MerchantReference>
				<CurrencyInput>NZD</CurrencyInput><AmountSettlement>57.50</AmountSettlement>
				<DpsTxnRef>000000060495729b</DpsTxnRef><ReCo>00</ReCo></Response>`)
		}
	}))
	defer gateway.Close()

	ctx := context.Background()
	client, err := windcave.NewPxPay(
		windcave.Config{Endpoint: gateway.URL}, // leave it out for Windcave itself
		windcave.NewCredentials("ExampleUser", strings.Repeat("0123456789abcdef", 4)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	// Keep what was sent, under a TxnId that no other payment has, before asking.
	amount, _ := currency.NewAmount("57.50", "NZD")
	asked := windcave.GenerateRequest{
		TxnType: windcave.Purchase, Amount: amount, TxnID: "A1B2C3D4E5F60718", MerchantReference: "INV-1234",
		URLSuccess: "https://isp.example/return/A1B2C3D4E5F60718", URLFail: "https://isp.example/return/A1B2C3D4E5F60718",
	}.Sent()
	page, err := client.GenerateRequest(ctx, asked)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("send the buyer to", strings.HasPrefix(page.URL, gateway.URL+"/pxmi3/"))

	// The buyer comes back with a token, and so do Windcave's servers.
	token, _, err := windcave.ReturnQuery("result=00008400001853747f2bc6ded6012345&userid=ExampleUser")
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.ProcessResponse(ctx, token)
	if err != nil {
		fmt.Println(err)
		return
	}
	verdict := result.Judge(windcave.Expect{
		TxnType: asked.TxnType, TxnID: asked.TxnID, MerchantReference: asked.MerchantReference, Amount: asked.Amount,
	})
	fmt.Println(verdict.Outcome, verdict.DpsTxnRef)

	// Output:
	// send the buyer to true
	// approved 000000060495729b
}
