package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// neighbours is how many more customers the provider has, for the office to charge.
const neighbours = 500

// kinds of neighbours, in turn: most pay, and of each other kind there are some.
var kinds = []neighbour{
	{card: windcavetest.CardApproved, brand: "Visa"},
	{card: windcavetest.CardMastercard, brand: "Mastercard"},
	{card: windcavetest.CardApproved, brand: "Visa"},
	{card: windcavetest.CardAmex, brand: "Amex"},
	{card: windcavetest.CardDeclined, brand: "Mastercard"}, // not enough money
	{card: windcavetest.CardApproved, brand: "Visa"},
	{card: windcavetest.CardMastercard, brand: "Mastercard", south: true},
	{},
	{card: windcavetest.CardApproved, brand: "Visa", paid: true},
	{card: windcavetest.CardApproved, brand: "Visa", dead: "54"},
	{card: windcavetest.CardApproved, brand: "Visa"},
	{card: windcavetest.CardRefused, brand: "Visa"},
	{card: windcavetest.CardMastercard, brand: "Mastercard"},
	{card: windcavetest.CardApproved, brand: "Visa", expires: "01/20"},
	{card: windcavetest.CardApproved, brand: "Visa", credit: true},
	{card: windcavetest.CardAmex, brand: "Amex"},
	{card: windcavetest.CardApproved, brand: "Visa", pending: true},
	{card: windcavetest.CardApproved, brand: "Visa", south: true, dead: "JD"},
	{card: windcavetest.CardMastercard, brand: "Mastercard", blocked: true},
	{card: windcavetest.CardRetry, brand: "Visa"},
}

// neighbour is a kind of customer.
type neighbour struct {
	card    windcavetest.Card // none: no card is saved
	brand   string
	expires string // default: years from now
	dead    string // the code that charges of it are declined with
	south   bool   // of the other partner
	paid    bool   // owes nothing
	credit  bool   // has more on the account than is due
	pending bool   // somebody else is charging the invoice
	blocked bool
}

// fill gives the provider its neighbours: each with an invoice, most with a card.
func (h *house) fill() error {
	now := time.Now()
	for n := range neighbours {
		k := kinds[n%len(kinds)]
		amount := fmt.Sprintf("%d.%02d", 20+n%80, n*7%100)
		c := splynxtest.Customer{Name: fmt.Sprintf("Neighbour %03d", n+1), Login: fmt.Sprintf("n%03d", n+1), Password: password, Deposit: "-" + amount}
		invoice := splynxtest.Invoice{
			Number: fmt.Sprintf("2026/1%03d", n+1), Total: amount, Created: now.AddDate(0, 0, -n%28).Format(time.DateOnly), Till: now.AddDate(0, 0, 14-n%28).Format(time.DateOnly),
		}
		user := pxPostUser
		if k.south {
			c.PartnerID, user = 2, southPost
		}
		if k.credit {
			c.Deposit = "5.00"
		}
		if k.blocked {
			c.Status = "blocked"
		}
		if k.paid {
			c.Deposit, invoice.Due, invoice.Status = "0", "0.00", "paid"
		}
		if k.pending {
			invoice.Status = "pending"
		}
		invoice.CustomerID = h.splynx.AddCustomer(c)
		h.splynx.AddInvoice(invoice)
		if err := h.saveCardOf(invoice.CustomerID, k, user); err != nil {
			return err
		}
	}
	return nil
}

// saveCardOf gives a customer a saved card, as the add-on before has left it.
func (h *house) saveCardOf(customer int64, k neighbour, user string) error {
	if k.card.Number == "" {
		return nil
	}
	id, err := h.gateway.StoreCard(user, k.card)
	if err != nil {
		return err
	}
	if k.dead != "" {
		if err := h.gateway.KillCard(id, k.dead); err != nil {
			return err
		}
	}
	expires := k.expires
	if expires == "" {
		expires = "12/" + strconv.Itoa(time.Now().Year()%100+1+int(customer%4))
	}
	number := k.card.Number
	h.splynx.SetAccountData(customer, splynxtest.AddOnAccountID, map[int]string{1: id, 2: number[:6] + "........" + number[len(number)-2:], 3: k.brand, 4: expires})
	return nil
}
