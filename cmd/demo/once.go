package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-paymentexpress/paymentexpress/caddymodule"
	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// step is what -once does with one invoice, and what must come of it.
type step struct {
	number, title, status string
	portal                bool   // the customer is signed in; else it is a payment link
	card                  string // what is chosen to pay with; empty: there is no choice
	act                   func(page string) (back string, err error)
}

// once pays one invoice by its link, some from the portal, with a saved card and saving one, and
// one of the other partner, declines one and cancels one, as a person with a browser would, and then compares what
// Splynx, the gateway and the journal say.
func (h *house) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for _, s := range []step{
		{"2026/0042", "Paid", "paid", false, "", h.payWith(windcavetest.CardApproved)},
		{"2026/0043", "Not approved", "not_paid", false, "", h.payWith(windcavetest.CardDeclined)},
		{"2026/0044", "Not paid", "not_paid", false, "", windcavetest.Buyer{}.Cancel},
		{"2026/0046", "Paid", "paid", true, "saved", atOnce},
		{"2026/0047", "Paid", "paid", true, "other", h.payWith(windcavetest.CardApproved)},
		{"S2026/0001", "Paid", "paid", true, "save", h.payWith(windcavetest.CardApproved)},
	} {
		if err := h.take(ctx, s); err != nil {
			return fmt.Errorf("invoice %s: %w", s.number, err)
		}
	}
	return h.agree(ctx)
}

// payWith types a card on the gateway's page.
func (h *house) payWith(c windcavetest.Card) func(string) (string, error) {
	c.Holder, c.Expiry, c.CVC = "Demo Payer", time.Now().AddDate(2, 0, 0).Format("0106"), "123"
	return func(page string) (string, error) { return windcavetest.Buyer{}.Pay(page, c) }
}

// atOnce is a saved card: there is no page of the gateway.
func atOnce(page string) (string, error) { return page, nil }

func (h *house) take(ctx context.Context, s step) error {
	person, way := payer.New(), "direct-pay-invoice"
	if s.portal {
		invoice, _ := h.splynx.Invoice(h.invoices[s.number])
		session := fmt.Sprintf("demo-session-of-customer-%d", invoice.CustomerID)
		h.splynx.AddCustomerSession(session, invoice.CustomerID)
		person.Cookie("PHPSESSID", session)
		way = "pay-invoice"
	}
	var chosen []string
	if s.card != "" {
		chosen = []string{"card", s.card}
	}
	page, err := person.Start(ctx, h.public+"/paymentexpress/"+way+"?item_id="+url.QueryEscape(s.number), chosen...)
	if err != nil {
		return err
	}
	back, err := s.act(page)
	if err != nil {
		return fmt.Errorf("on the gateway's page: %w", err)
	}
	title, err := person.ComeBack(ctx, back, s.title)
	if err != nil {
		return err
	}
	invoice, err := h.becomes(ctx, s)
	if err != nil {
		return err
	}
	charges := 0
	for _, c := range h.gateway.Charges() {
		if strings.Contains(c.Reference, s.number) {
			charges++
		}
	}
	fmt.Printf("invoice %s: the page says %q, Splynx says %s with %s due, the gateway charged %d time(s)\n", s.number, title, invoice.Status, invoice.Due, charges)
	return nil
}

// becomes waits until Splynx shows what must come of a step.
func (h *house) becomes(ctx context.Context, s step) (splynxtest.Invoice, error) {
	for {
		i, _ := h.splynx.Invoice(h.invoices[s.number])
		if i.Status == s.status {
			return i, nil
		}
		select {
		case <-ctx.Done():
			return i, fmt.Errorf("it is %s in Splynx, not %s", i.Status, s.status)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// agree stops Caddy, and checks what the three sides say.
func (h *house) agree(ctx context.Context) error {
	if err := caddy.Stop(); err != nil {
		return err
	}
	caddymodule.Close(ctx)
	store, err := journal.Open(ctx, filepath.Join(h.dir, "paymentexpress.db"))
	if err != nil {
		return err
	}
	defer store.Close()
	rows, err := store.Find(ctx, payment.Filter{Limit: 1000})
	if err != nil {
		return err
	}
	charges := h.gateway.Charges()
	broken := paymenttest.Check(paymenttest.Histories{Charges: charges, Refunds: h.gateway.Refunds(), Payments: h.splynx.Payments(), Journal: rows, AtRest: true})
	for _, v := range broken {
		fmt.Fprintln(os.Stderr, v)
	}
	if len(broken) > 0 {
		return fmt.Errorf("%d promise(s) broken", len(broken))
	}
	fmt.Printf("Splynx, the gateway and the journal agree: %d payment(s), %d charge(s)\n", len(rows), len(charges))
	return nil
}
