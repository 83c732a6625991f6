package splynxtest

import (
	"strings"
	"testing"
)

// Finance documents of a sub-account are closed by the setting, and open without it or by the option.
func TestFinanceOfSubAccounts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		options Options
		setting string
		open    bool
	}{
		"fresh":      {},
		"set":        {setting: "1"},
		"lifted":     {setting: "0", open: true},
		"the option": {options: Options{SubAccounts: true}, open: true},
	} {
		s, c, _ := house(t, tt.options)
		proforma := s.AddProforma(Proforma{CustomerID: 3, Number: "P", Total: "5"})
		s.InsertPayment(Payment{CustomerID: 3, Amount: "1"})
		if tt.setting != "" {
			s.SetConfig(ConfigValue{Module: "main", Path: "api", Key: subAccountsKey, Value: tt.setting})
		}
		for _, call := range []struct {
			method, path, body string
			status             int
		}{
			{"POST", "admin/finance/payments", paymentBody(map[string]any{"customer_id": 3, "invoice_id": 3, "amount": "10"}), 201},
			{"PUT", "admin/finance/invoices/3", `{"status":"pending"}`, 202},
			{"PUT", "admin/finance/proforma-invoices/1", `{"status":"pending"}`, 202},
			{"DELETE", "admin/finance/payments/1", "", 204},
		} {
			if tt.open {
				c.want(call.status, call.method, call.path, call.body)
				continue
			}
			c.code(422, "INVALID_INPUT_DATA", call.method, call.path, call.body)
		}
		if i, _ := s.Invoice(3); tt.open != (i.Status != "not_paid") || proforma != 1 {
			t.Errorf("%s: %+v", name, i)
		}
		c.want(200, "GET", "admin/finance/invoices/3", "")
		c.want(202, "PUT", accountsPath+"?id=3--4", `{}`)
		c.want(201, "POST", "admin/finance/payments", paymentBody(nil))
		c.want(202, "PUT", "admin/finance/invoices/1", `{"note":"main accounts are open"}`)
	}
}

// A sub-account signs in by itself; its session and its token are its own, not the main account's.
func TestSubAccountSignsIn(t *testing.T) {
	t.Parallel()
	_, c, b := house(t, Options{})
	login, password := DefaultLogin(3)
	b.signIn("/portal/", login, password)
	page := b.sees("/portal/finance/invoices", "S-1")
	if strings.Contains(page, "2026/1 A") {
		t.Error("shows the main account's invoice")
	}
	for _, body := range []string{
		sessionBody(b.cookie("PHPSESSID")), encode(map[string]string{"auth_type": "customer", "login": login, "password": password}),
	} {
		c.signIn(body)
		rows := rowsOf(t, c.want(200, "GET", "admin/customers/customer", ""))
		if len(rows) != 1 || encode(rows[0]["id"]) != "3\n" || encode(rows[0]["parent_id"]) != "1\n" {
			t.Errorf("%v", rows)
		}
		c.want(200, "GET", "portal/services/billing-info", "")
	}
}
