package windcave_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
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

// A saved card is charged. What was not learned from the answer is asked for by TxnId, never
// by charging again.
func ExamplePxPost_Purchase() {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "<TxnType>Status</TxnType>") {
			panic(http.ErrAbortHandler) // the money moves, and the answer is lost
		}
		_, _ = io.WriteString(w, `<Txn><Transaction><Authorized>1</Authorized><StatusRequired>0</StatusRequired>
			<TxnType>Purchase</TxnType><Amount>57.50</Amount><InputCurrencyName>NZD</InputCurrencyName></Transaction>
			<Success>1</Success><DpsTxnRef>000000060495729b</DpsTxnRef><TxnRef>A1B2C3D4E5F60718</TxnRef></Txn>`)
	}))
	gateway.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer gateway.Close()

	ctx := context.Background()
	client, err := windcave.NewPxPost(windcave.Config{Endpoint: gateway.URL}, windcave.NewCredentials("ExampleUser", "password"))
	if err != nil {
		fmt.Println(err)
		return
	}
	amount, _ := currency.NewAmount("57.50", "NZD")
	asked := windcave.ChargeRequest{
		DpsBillingID: secret.New("0000030000141581"), Amount: amount, TxnID: "A1B2C3D4E5F60718", MerchantReference: "INV-1234",
		RecurringMode: windcave.ModeRecurring,
	}.Sent()
	_, verdict, err := client.Purchase(ctx, asked)
	var failed *windcave.Error
	if errors.As(err, &failed) && !failed.MaySent() {
		fmt.Println("the money surely did not move:", err)
		return
	}
	if fmt.Println(verdict.Outcome); verdict.Outcome == windcave.Unknown {
		answer, err := client.Status(ctx, asked.TxnID)
		if err != nil {
			fmt.Println(err) // still unknown: ask again later
			return
		}
		verdict = answer.Judge(windcave.Expect{
			TxnType: windcave.Purchase, TxnID: asked.TxnID, MerchantReference: asked.MerchantReference, Amount: asked.Amount,
		})
	}
	fmt.Println(verdict.Outcome, verdict.DpsTxnRef)

	// Output:
	// unknown
	// approved 000000060495729b
}
