package splynxtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// everything makes a server that has at least one record of each resource.
func everything(t *testing.T, st Style) *caller {
	t.Helper()
	s, c := setup(t, Options{Style: st})
	s.AddProforma(Proforma{CustomerID: 1, Number: "P1", Total: "100"})
	s.AddAdministrator(Administrator{Name: "Marla", Login: "marla"})
	s.AddAddOnEntryPoints()
	c.want(201, "POST", "admin/finance/payments", paymentBody(map[string]any{"amount": "60.00"}))
	c.want(201, "POST", "admin/finance/bank-statements", `{"title":"Card 03/2026","status":"success"}`)
	c.want(201, "POST", "admin/finance/bank-statements-records", `{"bank_statements_process_id":1,"customer_id":1,"amount":"1"}`)
	c.want(201, "POST", "admin/config/mail", `{"type":"add-on","subject":"A card","recipient":"office@isp.example","message":"x"}`)
	return c
}

type schema struct {
	Attributes []struct {
		Name, Type string
		Required   bool
	}
	Additional *[]any `json:"additional_attributes"`
}

func captured(t *testing.T) map[string]schema {
	var all map[string]schema
	capture(t, "options-schemas.json", &all)
	return all
}

// OPTIONS lists the attributes that were recorded with their types; their order means nothing.
func TestOptionsAsRecorded(t *testing.T) {
	t.Parallel()
	c := everything(t, V5)
	compared := 0
	for _, res := range resources {
		want, ok := captured(t)[res.path]
		if !ok {
			continue
		}
		compared++
		var got schema
		decode(t, c.want(200, "OPTIONS", res.path, ""), &got)
		if (got.Additional == nil) != (want.Additional == nil) {
			t.Errorf("%s: additional_attributes differ", res.path)
		}
		if got, want := lines(got), lines(want); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", res.path, got, want)
		}
	}
	if compared < 9 {
		t.Errorf("only %d resources were compared", compared)
	}
}

func lines(s schema) []string {
	var all []string
	for _, a := range s.Attributes {
		all = append(all, fmt.Sprintf("%s %s %v", a.Name, a.Type, a.Required))
	}
	slices.Sort(all)
	return all
}

// Version 5 rows hold what OPTIONS lists (and items, labels or additional attributes where said), and numbers where it
// says integer or float.
func TestV5Rows(t *testing.T) {
	t.Parallel()
	c := everything(t, V5)
	extra := map[string]bool{"items": true, "customer_labels": true, "additional_attributes": true}
	for _, res := range resources {
		want, ok := captured(t)[res.path]
		if !ok {
			continue
		}
		row := rowsOf(t, c.want(200, "GET", res.path, ""))[0]
		for _, a := range want.Attributes {
			v, ok := row[a.Name]
			delete(row, a.Name)
			if kind := jsonKind(v); !ok || !slices.Contains(allowed(a.Type), kind) {
				t.Errorf("%s: %s is %v (%s), OPTIONS says %s", res.path, a.Name, v, kind, a.Type)
			}
		}
		for name := range row {
			if !extra[name] {
				t.Errorf("%s has %s, which was not recorded", res.path, name)
			}
		}
	}
}

func allowed(option string) []string {
	switch option {
	case "integer", "float", "numeric":
		return []string{"number", "null"}
	case "array":
		return []string{"list"}
	case "string": // says nothing about numbers: payment_id is called a string and is one
		return []string{"string", "number", "null", "list"}
	}
	return []string{"string", "null"}
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case json.Number:
		return "number"
	case []any:
		return "list"
	}
	return reflect.TypeOf(v).Kind().String()
}

// sameShape compares the names and JSON types of two records.
func sameShape(t *testing.T, what string, got, want map[string]any, except ...string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[name]; !ok || jsonKind(v) != jsonKind(want[name]) && !slices.Contains(except, name) {
			t.Errorf("%s: %s is %#v, recorded was %#v", what, name, v, want[name])
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s has %s, which was not recorded", what, name)
		}
	}
}

func TestV5InvoiceAsRecorded(t *testing.T) {
	t.Parallel()
	var want, got map[string]any
	capture(t, "invoice-live-5x.json", &want)
	decode(t, everything(t, V5).want(200, "GET", "admin/finance/invoices/1", ""), &got)
	sameShape(t, "invoice", got, want)
}

// Numbers keep the recorded forms: no zeros at the end of a float, four places in a decimal string.
func TestV5Numbers(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddInvoice(Invoice{ID: 137737, CustomerID: 1, Number: "000007_0.22966300 1756472751", Total: "69354.84"})
	var got map[string]json.RawMessage
	decode(t, c.want(200, "GET", "admin/finance/invoices/137737", ""), &got)
	for name, want := range map[string]string{
		"id": "137737", "customer_id": "1", "total": "69354.84", "due": "69354.84", "payment_id": "0",
		"date_payment": `"0000-00-00"`, "is_sent": `"0"`, "number": `"000007_0.22966300 1756472751"`,
	} {
		if string(got[name]) != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
	s.ChangeInvoice(137737, func(i *Invoice) { i.Total, i.Due = "120", "0.0049" })
	decode(t, c.want(200, "GET", "admin/finance/invoices/137737", ""), &got)
	if string(got["total"]) != "120" || string(got["due"]) != "0.0049" {
		t.Errorf("total %s, due %s", got["total"], got["due"])
	}
}

// A fresh system answers the lists that were recorded on one, value by value.
func TestFreshSystemAsRecorded(t *testing.T) {
	t.Parallel()
	var want map[string]struct {
		Status int
		Body   any `json:"body_first_records"`
	}
	capture(t, "get-samples.json", &want)
	_, c := setup(t, Options{})
	for _, path := range []string{
		"admin/api/check", "admin/finance/payment-methods", "admin/finance/transaction-categories",
		"admin/administration/partners",
	} {
		var got any
		decode(t, c.want(want[path].Status, "GET", path, ""), &got)
		if !reflect.DeepEqual(got, want[path].Body) {
			t.Errorf("%s:\n got %v\nwant %v", path, got, want[path].Body)
		}
	}
	c.want(201, "POST", "admin/finance/bank-statements", `{}`)
	got := rowsOf(t, c.want(200, "GET", "admin/finance/bank-statements", ""))[0]
	recorded := want["admin/finance/bank-statements"].Body.([]any)[0].(map[string]any)
	got["date_time"] = recorded["date_time"]
	if !reflect.DeepEqual(got, recorded) {
		t.Errorf("bank-statements:\n got %v\nwant %v", got, recorded)
	}
}

// Version 4 shows the names and types of its own dumps.
func TestV4AsDumped(t *testing.T) {
	t.Parallel()
	var want map[string]map[string]any
	capture(t, "dumps-4x.json", &want)
	c := everything(t, V4)
	for name, path := range map[string]string{
		"customer_billing": "admin/customers/customer-billing/1", "partner": "admin/administration/partners/1",
		"transaction_2": "admin/finance/transactions/1", "invoice_1": "admin/finance/invoices/1",
		"proforma_invoice": "admin/finance/proforma-invoices/1", "payment": "admin/finance/payments/1",
	} {
		var got map[string]any
		decode(t, c.want(200, "GET", path, ""), &got)
		// the payment was for an invoice here and for a proforma in the dump
		sameShape(t, name, got, want[name], "invoice_id", "request_id")
	}
}

// Statuses and lengths of refusals that were recorded.
func TestStatusesAsRecorded(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{})
	var recorded struct {
		Confirmed struct{ Body string }
	}
	capture(t, "error-bodies.json", &recorded)
	if got := c.want(405, "DELETE", "admin/finance/invoices/1", ""); got != recorded.Confirmed.Body {
		t.Errorf("disabled method: %s, want %s", got, recorded.Confirmed.Body)
	}
	for _, tt := range []struct {
		method, path, body string
		status, length     int
	}{
		{"PUT", "admin/finance/payments", `{}`, 400, 97},
		{"DELETE", "admin/finance/payments", "", 400, 97},
		{"PUT", "admin/auth/tokens", `{}`, 400, 97},
		{"DELETE", "admin/auth/tokens", "", 400, 97},
		{"POST", "admin/auth/tokens", `{"auth_type":"no"}`, 401, 110},
		{"OPTIONS", "admin/auth/tokens", "", 500, 84},
		{"GET", "admin/auth/tokens", "", 405, 0},
		{"HEAD", "admin/auth/tokens", "", 500, 0},
		{"GET", "admin/auth/sessions", "", 403, 0},
		{"GET", "admin/administration/roles", "", 404, 0},
		{"GET", "portal/services/billing-info", "", 403, 0},
		{"GET", "portal/dashboard/dashboard", "", 403, 0},
		{"HEAD", "admin/finance/payments", "", 204, 0},
	} {
		if got := c.want(tt.status, tt.method, tt.path, tt.body); tt.length != 0 && len(got) != tt.length {
			t.Errorf("%s %s: %d bytes, recorded were %d", tt.method, tt.path, len(got), tt.length)
		}
	}
	var matrix struct {
		Statuses map[string]map[string]int `json:"GET_status_by_endpoint_with_api_key"`
	}
	capture(t, "http-status-matrix.json", &matrix)
	for _, res := range resources {
		if want, ok := matrix.Statuses[res.path]; ok {
			c.want(want["GET"], "GET", res.path, "")
		}
	}
}
