package splynx

import (
	"context"
	"testing"
	"time"

	"github.com/bojanz/currency"
	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

func aPayment(t *testing.T) NewPayment {
	t.Helper()
	amount, err := currency.NewAmount("57.5", "NZD")
	if err != nil {
		t.Fatal(err)
	}
	return NewPayment{
		CustomerID: 7, InvoiceID: 12, PaymentType: 3, ReceiptNumber: "PX01HZX", Amount: amount,
		Date: time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("NZDT", 13*3600)),
	}
}

// reads and writes are one call of each sort that a test can send.
var (
	writes = map[string]func(context.Context, *Client, NewPayment) error{
		"create": func(ctx context.Context, c *Client, p NewPayment) error {
			_, err := c.CreatePayment(ctx, p)
			return err
		},
		"update": func(ctx context.Context, c *Client, _ NewPayment) error {
			return c.UpdateRecord(ctx, 3, RecordUpdate{Status: RecordProcessed, PaymentID: 9})
		},
		"set method": func(ctx context.Context, c *Client, _ NewPayment) error { return c.SetPaymentMethod(ctx, 7, 3) },
		"set account": func(ctx context.Context, c *Client, _ NewPayment) error {
			return c.SetAccountData(ctx, 7, 4, map[int]secret.Secret{1: secret.New("marked")})
		},
		"delete account": func(ctx context.Context, c *Client, _ NewPayment) error { return c.DeleteAccountData(ctx, 7, 4) },
	}
	reads = map[string]func(context.Context, *Client, NewPayment) error{
		"account": func(ctx context.Context, c *Client, _ NewPayment) error {
			_, err := c.AccountData(ctx, 7, 4)
			return err
		},
		"read": func(ctx context.Context, c *Client, _ NewPayment) error { _, err := c.Invoice(ctx, 12); return err },
		"search": func(ctx context.Context, c *Client, _ NewPayment) error {
			_, err := c.PaymentsByReceipt(ctx, "R", 7)
			return err
		},
	}
)

// withToken gives the client a token, so that the next call is the one under test.
func (s *server) withToken() *server {
	s.t.Helper()
	if _, err := s.client.token(s.t.Context(), opCheck, nil); err != nil {
		s.t.Fatal(err)
	}
	return s
}

// expiring is a context whose deadline comes when the test says so.
type expiring struct {
	context.Context
	over chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.over }

func (e expiring) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
