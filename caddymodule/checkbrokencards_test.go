package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

const pxPostLine = "\t\t\tpxpost SitePxPost {env.CHECKED_PXPOST}\n"

func noAccount(o *checkedOptions) { o.splynx.NoPaymentAccount = true }

func brokenCards() []brokenInstallation {
	return []brokenInstallation{
		{"no payment account is for cards", noAccount, func(k *checked) {
			k.splynx.AddPaymentAccount(splynxtest.PaymentAccount{ID: 2, Title: "Bank account"})
		}, levelWarn, "is called Payment Express or Windcave; there are: 2 Bank account"},
		{"several payment accounts are for cards", nil, func(k *checked) {
			k.splynx.AddPaymentAccount(splynxtest.PaymentAccount{ID: 7, Title: "Windcave", Fields: [10]string{"Token"}})
		}, levelWarn, "several are called Payment Express or Windcave: 4 Payment Express, 7 Windcave"},
		{"nothing: the fields of the payment account stand in another order", noAccount, func(k *checked) {
			k.splynx.AddPaymentAccount(splynxtest.PaymentAccount{ID: 5, Title: "Windcave card", Fields: [10]string{"Masked number", "Expiry", "Token", "PxPost user"}})
		}, levelOK, `Windcave's id of the card in field 3 "Token", masked number in field 1 "Masked number", card type nowhere, expiry in field 2 "Expiry", PxPost user in field 4 "PxPost user"`},
		{"the labels of the payment account do not tell which field is the card's id", noAccount, func(k *checked) {
			k.splynx.AddPaymentAccount(splynxtest.PaymentAccount{ID: 5, Title: "Windcave", Fields: [10]string{"Holder", "Digits", "Expiry", "Brand"}})
		}, levelWarn, `Windcave's id of the card in field 1 "Holder"`},
		{"the payment account has no labels", noAccount, func(k *checked) {
			k.splynx.AddPaymentAccount(splynxtest.PaymentAccount{ID: 5, Title: "Windcave"})
		}, levelWarn, `Windcave's id of the card in field 1 ""`},
		{"`pxpost` is not configured: saved cards", nil, func(k *checked) { k.replace(pxPostLine, "") }, levelWarn, "saved cards: saved cards are off: windcave pxpost is missing"},
		{"a partner has `pxpay` of its own and no `pxpost`: saved cards", nil, func(k *checked) {
			k.replace("name North", "pxpay SitePxPay {env.CHECKED_PXPAY}")
		}, levelWarn, "saved cards of partner 2: saved cards are off: windcave pxpost is missing"},
		{"Splynx does not list what the key may do", nil, func(k *checked) { k.permissionsUntold() }, levelWarn, "CustomerPaymentAccounts update, CustomerPaymentAccounts delete"},
	}
}

// permissionsUntold has Splynx leave out of the answer to a sign-in what the key may do.
func (k *checked) permissionsUntold() {
	k.front = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/auth/tokens") {
			return false
		}
		told := httptest.NewRecorder()
		k.splynx.ServeHTTP(told, r)
		var token map[string]any
		k.must(json.Unmarshal(told.Body.Bytes(), &token))
		delete(token, "permissions")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(told.Code)
		k.must(json.NewEncoder(w).Encode(token))
		return true
	}
}

func brokenEntryPoints() []brokenInstallation {
	all := []brokenInstallation{
		{"the pay icon of invoices is not in Splynx", nil, func(k *checked) {
			k.splynx.ChangeEntryPoint(1, func(e *splynxtest.EntryPoint) { e.URL = "/elsewhere" })
		}, levelWarn, "pay icon of invoices, in the portal: not there"},
		{"the pay icon of invoices is switched off in Splynx", nil, func(k *checked) { k.disable(1) }, levelWarn, "switched off in Splynx"},
		{"the pay icon of invoices is on in Splynx and off here", nil, func(k *checked) {
			k.replace("currency NZD", "currency NZD\n\t\tentry_points {\n\t\t\tinvoice off\n\t\t}")
		}, levelWarn, "off in the configuration"},
	}
	for i, what := range []string{"form to add money on the dashboard", "menu entry of the saved card", "widget of all that is unpaid on the dashboard"} {
		all = append(all, brokenInstallation{"the " + what + " is not in Splynx", nil, func(k *checked) {
			k.splynx.ChangeEntryPoint(int64(i)+3, func(e *splynxtest.EntryPoint) { e.Name, e.URL = "another", "/elsewhere" })
		}, levelWarn, what + ", in the portal: not there. To do: "})
	}
	return append(all, []brokenInstallation{
		{"the dashboard shows no unpaid invoices: neither the widget nor the add-on's list", nil, func(k *checked) { k.disable(5) }, levelWarn, "unpaid invoices on the dashboard, in the portal: not there"},
		{"the dashboard shows no unpaid proforma invoices: neither the widget nor the add-on's list", nil, func(k *checked) { k.disable(5) }, levelWarn, "unpaid proforma invoices on the dashboard, in the portal: not there"},
		{"nothing: the dashboard shows the add-on's lists in the widget's place", nil, func(k *checked) {
			k.splynx.AddAddOnEntryPoints()
			k.disable(5)
		}, levelOK, "not shown; paymentexpress_dashboard_invoices is"},
		{"the saved card's menu entry is on in Splynx, and `pxpost` is not configured", nil, func(k *checked) { k.replace(pxPostLine, "") }, levelWarn, "enabled in Splynx, and saved cards are off: windcave pxpost is missing"},
		{"the office's button to add money is on in Splynx and off here", nil, func(k *checked) {
			k.splynx.AddAddOnEntryPoints()
			k.replace("currency NZD", "currency NZD\n\t\tentry_points {\n\t\t\tadd_money_by_admin off\n\t\t}")
		}, levelWarn, "button to add money on a customer's page, in the admin: enabled in Splynx, and off in the configuration"},
		{"nothing: the office's button to add money is not in Splynx", nil, nil, levelOK, "button to add money on a customer's page, in the admin: not shown; the page is below /paymentexpress/admin/"},
		{"nothing: the office is not in Splynx's menu", nil, nil, levelOK, "menu entry of the office, in the admin: not shown; the page is below /paymentexpress/admin/"},
		{"nothing: the office is in Splynx's menu", nil, func(k *checked) {
			k.splynx.AddEntryPoint(splynxtest.EntryPoint{Module: addOnModule, Name: "paymentexpress_office", Place: "admin", Type: "menu_link", URL: "%2Fpaymentexpress%2Fadmin%2F"})
		}, levelOK, "menu entry of the office, in the admin: there"},
		{"customers see the office's menu entry", nil, func(k *checked) {
			k.splynx.AddEntryPoint(splynxtest.EntryPoint{Module: "our_own", Name: "paymentexpress_office", Place: "portal", Type: "menu_link", URL: "/paymentexpress/admin/charge"})
		}, levelWarn, "which no customer may open: paymentexpress_office (portal)"},
		{"the old add-on's settings are in Splynx", nil, nil, levelWarn, "old add-on: settings of module " + addOnModule},
		{"the old add-on's entry points are in Splynx", nil, func(k *checked) {
			k.forgetAddOn()
			k.splynx.AddAddOnEntryPoints()
		}, levelWarn, "old add-on: module " + addOnModule + " is still there"},
		{"nothing: the old add-on never was there", nil, (*checked).forgetAddOn, levelOK, "old add-on: neither settings nor entry points"},
		{"the key lacks Config view, which only this check uses", mostly("Config:view"), nil, levelSkipped, "whether Splynx has its settings cannot be told"},
		{"entry points of the old add-on lead to what this version does not serve", nil, func(k *checked) {
			k.splynx.AddEntryPoint(splynxtest.EntryPoint{Module: addOnModule, Name: "paymentexpress_charge", Place: "admin", URL: "/paymentexpress/charge"})
		}, levelWarn, "not served by this version"},
	}...)
}

func (k *checked) disable(id int64) {
	k.splynx.ChangeEntryPoint(id, func(e *splynxtest.EntryPoint) { e.Disabled = true })
}

// forgetAddOn has Splynx know no settings of the old add-on.
func (k *checked) forgetAddOn() {
	k.front = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/admin/config/config") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte("[]"))
		k.must(err)
		return true
	}
}
