package paymenttest

import (
	"context"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// CardAccount is the payment account in Splynx that the world's cards are kept in.
func (w *World) CardAccount() int64 {
	w.TB.Helper()
	accounts := w.Splynx.PaymentAccounts()
	if len(accounts) != 1 {
		w.TB.Fatalf("splynx has %d payment accounts", len(accounts))
	}
	return accounts[0].ID
}

// SaveCard has the world's customer have a saved card, as the add-on before may have left it,
// and returns it with its DpsBillingId.
func (w *World) SaveCard(card windcavetest.Card) (payment.CardUsed, string) {
	w.TB.Helper()
	id := w.PutCard(card)
	return w.Card(), id
}

// PutCard is SaveCard without looking at what came of it.
func (w *World) PutCard(card windcavetest.Card) (dpsBillingID string) {
	w.TB.Helper()
	return w.PutCardOf(w.Customer, card)
}

// PutCardOf is PutCard for any customer.
func (w *World) PutCardOf(customer int64, card windcavetest.Card) (dpsBillingID string) {
	w.TB.Helper()
	id, err := w.Gateway.StoreCard(pxPostUser, card)
	w.must(err)
	w.Splynx.SetAccountData(customer, w.CardAccount(), map[int]string{1: id, 2: card.Number[:6] + "........" + card.Number[len(card.Number)-2:], 3: "Visa", 4: "12/31"})
	return id
}

// Card is the saved card of the world's customer.
func (w *World) Card() payment.CardUsed {
	w.TB.Helper()
	return w.CardOf(w.Customer)
}

// CardOf is Card of any customer.
func (w *World) CardOf(customer int64) payment.CardUsed {
	w.TB.Helper()
	c, err := w.Engine.Card(context.Background(), 1, customer)
	w.must(err)
	return c.Used()
}

// OrderWith is Order, to be charged to a saved card by its holder.
func (w *World) OrderWith(card payment.CardUsed, formKey string) payment.Start {
	w.TB.Helper()
	s := w.Order(formKey, "customer-1")
	s.Card, s.Origin, s.Who = card, payment.OriginCustomer, "customer-1"
	return s
}

// CheckCard is a start of a card check of the world's customer.
func (w *World) CheckCard(formKey string) payment.Start {
	w.TB.Helper()
	amount, err := money.Round("1", w.Gen.Default.Currency)
	w.must(err)
	return payment.Start{
		Kind: payment.KindCardCheck, Origin: payment.OriginCustomer, Partner: 1, Customer: w.Customer,
		Amount: amount, SaveCard: true, FormKey: formKey, Payer: "customer-1", Who: "customer-1",
	}
}
