package office

import (
	"context"
	"net/http"
	"strconv"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// askBalance shows the amount that was typed, with the button that charges it.
func (d *desk) askBalance() error {
	id, err := d.id()
	if err != nil {
		return errNoCustomer
	}
	if !d.r.URL.Query().Has("amount") {
		return d.to("customers/" + strconv.FormatInt(id, 10))
	}
	b, err := d.balance(id)
	if err != nil {
		return err
	}
	typed := trimmed(d.r.URL.Query().Get("amount"))
	amount, wrong, err := d.typed(b.Holder.PartnerID, typed)
	if err != nil {
		return err
	}
	if wrong != "" {
		return d.showCustomer(id, page{Status: http.StatusUnprocessableEntity, Errors: []link{{wrong, "#amount"}}}, typed, wrong)
	}
	b.Amount = amount
	return d.showBill(b, page{})
}

// typed reads an amount to a balance; wrong says what is wrong with it.
func (d *desk) typed(partner int64, text string) (a currency.Amount, wrong string, err error) {
	code := d.Generation.Partner(partner).Currency
	least, most, err := d.TopUp(partner).Bounds(code)
	if err != nil {
		return a, "", err
	}
	a, bad := web.ParseAmount(text, code)
	switch {
	case bad != nil:
		return a, "Type an amount in " + code + ", such as 20.00.", nil
	case below(a, least), below(most, a):
		return a, "Type an amount from " + web.Money(least) + " to " + web.Money(most) + ".", nil
	}
	return a, "", nil
}

// balance is the bill of an amount to a customer's balance. A sub-account has none of its own:
// its main account pays.
func (d *desk) balance(id int64) (*bill, error) {
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	c, err := d.customer(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.ParentID != 0 {
		return nil, errNoPage
	}
	if err := d.e.Serves(ctx, d.Generation, c.PartnerID); err != nil {
		return nil, err
	}
	return &bill{document{Kind: payment.KindTopUp, Customer: c.ID}, c, currency.Amount{}}, nil
}

// payBalance charges the amount that was confirmed.
func (d *desk) payBalance() error {
	f, err := d.form(actPay)
	if err != nil {
		return err
	}
	id, err := d.id()
	if err != nil {
		return err
	}
	b, err := d.balance(id)
	if err != nil {
		return err
	}
	if f.Amount == nil {
		return errBadForm
	}
	_, wrong, err := d.typed(b.Holder.PartnerID, f.Amount.Number())
	if err != nil {
		return err
	}
	if wrong != "" || f.Amount.CurrencyCode() != d.Generation.Partner(b.Holder.PartnerID).Currency { // the settings have changed
		return d.showCustomer(id, page{Status: http.StatusConflict}, f.Amount.Number(), wrong)
	}
	b.Amount = *f.Amount
	return d.pay(b, f)
}

// below tells whether a is less than b, or of another currency.
func below(a, b currency.Amount) bool {
	c, err := a.Cmp(b)
	return err != nil || c < 0
}

func balancePath(customer int64) string {
	return web.AdminPath + "customers/" + strconv.FormatInt(customer, 10) + "/balance"
}
