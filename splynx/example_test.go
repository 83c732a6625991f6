package splynx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bojanz/currency"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// A payment is searched for before it is booked, and an error tells what may be concluded.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "POST /api/2.0/admin/auth/tokens":
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"access_token":"t","refresh_token":"r","permissions":[]}`)
		case "GET /api/2.0/admin/finance/payments":
			_, _ = io.WriteString(w, `[]`)
		case "POST /api/2.0/admin/finance/payments":
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id":1822}`)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer server.Close()

	client, err := splynx.New(splynx.Config{URL: server.URL, Key: "key", Secret: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer func() { _ = client.Close(ctx) }()

	booked, err := client.PaymentsByReceipt(ctx, "PX0001", 7)
	if err != nil || len(booked) > 0 {
		fmt.Println("not booked again:", booked, err)
		return
	}
	amount, err := currency.NewAmount("57.50", "NZD")
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := client.CreatePayment(ctx, splynx.NewPayment{
		CustomerID: 7, InvoiceID: 12, PaymentType: 3, ReceiptNumber: "PX0001", Amount: amount,
		Date: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	})
	if e, ok := errors.AsType[*splynx.Error](err); ok {
		fmt.Println("surely not booked:", e.SurelyNot(), e.Advice())
		return
	}
	fmt.Println("payment", id)
	// Output: payment 1822
}
