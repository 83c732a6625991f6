package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/bojanz/currency"
	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// setDefaults fills in what adapt shows too.
func (a *App) setDefaults() {
	setDefault(&a.Windcave.Endpoint, defaultEndpoint)
	setDefault(&a.Splynx.Auth, "token")
	if len(a.Splynx.SessionCookies) == 0 {
		a.Splynx.SessionCookies = []string{"PHPSESSID"}
	}
	setDefault(&a.EntryPoints.Invoice, "on")
	setDefault(&a.EntryPoints.Request, "on")
	setDefault(&a.EntryPoints.AddMoney, "on")
	setDefault(&a.EntryPoints.DashboardInvoices, "on")
	setDefault(&a.EntryPoints.DashboardRequests, "on")
	setDefault(&a.EntryPoints.Card, "on")
	setDefault(&a.EntryPoints.DirectPay, "on")
	setDefault(&a.EntryPoints.AddMoneyByAdmin, "on")
	setDefault(&a.EntryPoints.Charge, "on")
	setDefault(&a.Cards.Check, "purchase")
	setDefault(&a.Cards.CheckAmount, "1")
	setDefault(&a.Cards.Modes.Save, windcave.ModeCredentialInitial)
	setDefault(&a.Cards.Modes.Customer, windcave.ModeCredential)
	setDefault(&a.Cards.Modes.Staff, windcave.ModeUnscheduled)
	setDefault(&a.Cards.Modes.Run, windcave.ModeRecurring)
	setDefault(&a.CannotBook, "balance")
	setDefault(&a.SecondApproval, "balance")
	setDefault(&a.RefundInSplynx, "task")
	a.Charge.setDefaults()
	if a.TopUp.Least == "" && a.TopUp.Most == "" {
		a.TopUp.Least, a.TopUp.Most = "1", "10000"
	}
	setDefault(&a.AdminCommands, "read")
	setDefault(&a.Statements, "monthly")
	setDefault(&a.PageLife, caddy.Duration(time.Hour))
	setDefault(&a.BookingQuietTime, caddy.Duration(10*time.Minute))
	setDefault(&a.MarkerField, 5)
	setDefault(&a.GuestLimit, GuestLimit{Document: 10, Address: 60, All: 600})
	setDefault(&a.GuestDeclines, 30)
	setDefault(&a.SignedLinks, "off")
	setDefault(&a.Splynx.SignIn, "splynx")
	setDefault(&a.Journal.Backend, "sqlite")
	setDefault(&a.JournalReserve, 256<<20)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check refuses what cannot work, naming the setting and what it may be.
func (a *App) check() error {
	switch {
	case a.Splynx.URL == "":
		return errors.New("paymentexpress: splynx is missing: name the address of your Splynx, and its api_key and api_secret")
	case a.Currency == "":
		return errors.New("paymentexpress: currency is missing, such as NZD")
	case !currency.IsValid(a.Currency):
		return fmt.Errorf("paymentexpress: currency %q is no ISO 4217 code, such as NZD", a.Currency)
	case a.PaymentMethod <= 0:
		return errors.New("paymentexpress: payment_method is missing: the id of the payment method in Splynx (Config, Finance, Payment methods)")
	case a.Splynx.Auth != "token" && a.Splynx.Auth != "signature":
		return fmt.Errorf("paymentexpress: splynx: auth %q: token or signature", a.Splynx.Auth)
	case a.AdminCommands != "read" && a.AdminCommands != "all":
		return fmt.Errorf("paymentexpress: admin_commands %q: read or all", a.AdminCommands)
	case a.Statements != "monthly" && a.Statements != "daily":
		return fmt.Errorf("paymentexpress: statements %q: monthly or daily", a.Statements)
	case a.MarkerField < 1 || a.MarkerField > 5:
		return fmt.Errorf("paymentexpress: marker_field %d: 1 to 5", a.MarkerField)
	case a.PageLife < caddy.Duration(15*time.Minute) || a.PageLife > caddy.Duration(72*time.Hour):
		return fmt.Errorf("paymentexpress: page_life %s: 15m to 72h", time.Duration(a.PageLife))
	case a.BookingQuietTime < 0:
		return fmt.Errorf("paymentexpress: booking_quiet_time %s is negative", time.Duration(a.BookingQuietTime))
	case a.GuestLimit.Document < 1 || a.GuestLimit.Address < 1 || a.GuestLimit.All < 1:
		return errors.New("paymentexpress: guest_limit takes three numbers above 0: for a document, for an address, over all")
	case a.GuestDeclines < 1:
		return errors.New("paymentexpress: guest_declines takes a number above 0")
	case !slices.Contains([]string{"off", web.SignedByID, web.SignedAll}, a.SignedLinks):
		return fmt.Errorf("paymentexpress: signed_links %q: off, by_id or all", a.SignedLinks)
	case a.Splynx.SignIn != "splynx" && a.Splynx.SignIn != web.SignInOwn:
		return fmt.Errorf("paymentexpress: splynx: sign_in %q: splynx or own", a.Splynx.SignIn)
	case a.Journal.Backend != "sqlite":
		return fmt.Errorf("paymentexpress: journal %q: sqlite", a.Journal.Backend)
	case a.JournalReserve < 0:
		return errors.New("paymentexpress: journal_reserve is negative")
	}
	for _, name := range a.Splynx.SessionCookies {
		if (&http.Cookie{Name: name, Value: "x"}).Valid() != nil {
			return fmt.Errorf("paymentexpress: splynx: session_cookie %q is no name of a cookie, such as PHPSESSID", name)
		}
	}
	if err := a.EntryPoints.check(); err != nil {
		return err
	}
	if err := a.checkTopUp(0); err != nil {
		return err
	}
	if err := a.Cards.check(); err != nil {
		return err
	}
	if err := a.Cards.checkAmountIn(a.Currency); err != nil {
		return err
	}
	if err := a.checkBack(); err != nil {
		return err
	}
	if err := a.checkCharge(); err != nil {
		return err
	}
	return a.checkPartners()
}

func (e EntryPoints) check() error {
	for name, value := range map[string]string{
		"invoice": e.Invoice, "request": e.Request, "dashboard_invoices": e.DashboardInvoices, "dashboard_requests": e.DashboardRequests,
		"add_money_on_dashboard": e.AddMoney, "card": e.Card, "direct_pay": e.DirectPay, "add_money_by_admin": e.AddMoneyByAdmin, "charge": e.Charge,
	} {
		if value != "on" && value != "off" {
			return fmt.Errorf("paymentexpress: entry_points: %s %q: on or off", name, value)
		}
	}
	return nil
}
