package splynxtest

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestOwnInvoices(t *testing.T) {
	t.Parallel()
	s, _, b := house(t, Options{})
	s.AddInvoice(Invoice{CustomerID: 1, Number: "part", Total: "20", Due: "5.25", Till: "2026-03-01"})
	s.AddInvoice(Invoice{CustomerID: 1, Number: "late", Total: "20", Till: "2026-03-01"})
	s.AddInvoice(Invoice{CustomerID: 1, Number: "waiting", Total: "20", Status: "pending"})
	s.AddInvoice(Invoice{CustomerID: 1, Number: "gone", Total: "20", Status: "deleted"})
	s.PayInvoice(s.AddInvoice(Invoice{CustomerID: 1, Number: "done", Total: "30"}))
	s.AddProforma(Proforma{CustomerID: 1, Number: "P 1", Total: "100"})
	s.AddProforma(Proforma{CustomerID: 2, Number: "P-M", Total: "100"})
	b.signIn("/portal/", "tyler", "soap")
	page := b.sees("/portal/finance/invoices", "2026/1 A", "57.50", "5.25", "2026-03-14", "unpaid", "partially paid", "overdue", "pending", "paid",
		`href="/portal/add-on--action-link-modal?module=splynx_addon_paymentexpress&amp;name=paymentexpress_invoice&amp;id=2026%2F1&#43;A"`)
	for _, foreign := range []string{"M-1", "S-1", "gone", "P 1"} {
		if strings.Contains(page, foreign) {
			t.Errorf("shows %s", foreign)
		}
	}
	if n := strings.Count(page, "add-on--action-link-modal?"); n != 3 {
		t.Errorf("%d icons, want those of what can be paid", n)
	}
	page = b.sees("/portal/finance/requests", "P 1", "100.00", "name=paymentexpress_request")
	if strings.Contains(page, "P-M") {
		t.Error("another's proforma invoice")
	}
	b.sees("/portal/finance/payments/list", "30.00", "2026-01-00001")
	s.InsertPayment(Payment{CustomerID: 2, Amount: "3", Receipt: "of another"})
	s.DeletePayment(1)
	page = b.sees("/portal/finance/payments/list")
	if strings.Contains(page, "of another") || strings.Contains(page, "30.00") {
		t.Error(page)
	}
}

func TestDialog(t *testing.T) {
	t.Parallel()
	s, _, b := house(t, Options{})
	b.signIn("/portal/", "tyler", "soap")
	link := func(name, id string) string {
		return "/portal/add-on--action-link-modal?" + url.Values{"module": {addOnModule}, "name": {name}, "id": {id}}.Encode()
	}
	page := b.sees(link("paymentexpress_invoice", "2026/1 A"), "<!DOCTYPE html>",
		`src="/paymentexpress/pay-invoice?module=splynx_addon_paymentexpress&amp;model=Invoices&amp;item_id=2026%2F1&#43;A"`, "1200px")
	if strings.Count(page, "<iframe") != 1 {
		t.Error(page)
	}
	_, inside := b.do("GET", link("paymentexpress_invoice", "2026/1 A"), nil, "X-Requested-With", "XMLHttpRequest")
	if strings.Contains(inside, "<html") || !strings.Contains(inside, "<iframe") {
		t.Errorf("a script got %s", inside)
	}
	for what, path := range map[string]string{
		"another's invoice":  link("paymentexpress_invoice", "M-1"),
		"no such invoice":    link("paymentexpress_invoice", "x"),
		"no such name":       link("x", "2026/1 A"),
		"the admin's":        link("paymentexpress_invoice_admin", "2026/1 A"),
		"not an action link": link("paymentexpress_card", "2026/1 A"),
		"nothing":            "/portal/add-on--action-link-modal",
	} {
		if resp, page := b.do("GET", path, nil); resp.StatusCode != 404 || strings.Contains(page, "<iframe") {
			t.Errorf("%s: %d", what, resp.StatusCode)
		}
	}
	s.ChangeEntryPoint(1, func(e *EntryPoint) { e.Partners = []int64{2} })
	if resp, _ := b.do("GET", link("paymentexpress_invoice", "2026/1 A"), nil); resp.StatusCode != 404 {
		t.Errorf("another partner's entry point: %d", resp.StatusCode)
	}
	s.ChangeEntryPoint(1, func(e *EntryPoint) { e.Partners = []int64{1, 2} })
	b.sees(link("paymentexpress_invoice", "2026/1 A"))
	s.ChangeEntryPoint(1, func(e *EntryPoint) { e.Disabled = true })
	if strings.Contains(b.sees("/portal/finance/invoices"), "add-on--action-link-modal?") {
		t.Error("an icon of a disabled entry point")
	}
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	s, _, b := house(t, Options{})
	s.AddProforma(Proforma{CustomerID: 1, Number: "P-1", Total: "100"})
	s.SetDeposit(1, "-12.34")
	b.signIn("/portal/", "tyler", "soap")
	page := b.sees("/portal/", "-12.34", "name=paymentexpress_invoice&amp;", "name=paymentexpress_request&amp;",
		`<form method="post" action="/paymentexpress/">`, `name="PaymentForm[amount]"`, `name="refill_balance" value="1"`,
		`<a href="/paymentexpress/card">Credit card via Payment Express</a>`)
	if strings.Contains(page, "{%") || strings.Contains(page, "{{") || strings.Contains(page, "Pay Now") {
		t.Error(page)
	}
	fresh, _ := setup(t, Options{})
	fresh.AddCustomerSession("c0ffee", 1)
	b = newBrowser(t, fresh)
	if page := b.sees("/"); strings.Contains(page, "Payment Express") {
		t.Error("a fresh system has entry points")
	}
}

func TestAdminPages(t *testing.T) {
	t.Parallel()
	for byID, item := range map[bool]string{false: "M-1", true: "2"} {
		s, _, b := house(t, Options{AdminLinksByID: byID})
		s.AddEntryPoint(EntryPoint{Module: "m", Name: "report", Place: "admin", Title: "Report", URL: "/report?a=b", Size: "small"})
		b.signIn("/admin/", "bob", "his name")
		b.sees("/admin/", "Tyler Durden", "Marla Singer", "/admin/config/add-on?module=m&amp;name=report")
		page := b.sees("/admin/customers/view?id=2", "M-1", `action="/admin/customers/login-as"`, `add-money-by-admin?customer_id=2`)
		if strings.Contains(page, "2026/1 A") {
			t.Error("another customer's invoice")
		}
		link := regexp.MustCompile(`href="(/admin/config/add-on\?[^"]*paymentexpress_invoice_admin[^"]*)"`).FindStringSubmatch(page)
		if link == nil {
			t.Fatal(page)
		}
		b.sees(strings.ReplaceAll(link[1], "&amp;", "&"),
			`src="/paymentexpress/pay-invoice?module=splynx_addon_paymentexpress&amp;model=Invoices&amp;item_id=`+item+`"`)
		b.sees("/admin/config/add-on?module=m&name=report", `src="/report?a=b&amp;module=m"`, "500px")
		if resp, _ := b.do("GET", "/admin/config/add-on?module=m&name=x", nil); resp.StatusCode != 404 {
			t.Errorf("no such add-on page: %d", resp.StatusCode)
		}
	}
}

// Names and numbers that look like HTML stay text, and an address that is none of a page is not put into a frame.
func TestPagesEscape(t *testing.T) {
	t.Parallel()
	s, _, b := house(t, Options{})
	s.AddCustomer(Customer{Name: "<script>x", Login: "x", Password: "p"})
	s.AddInvoice(Invoice{CustomerID: 4, Number: `"><script>y`, Total: "1"})
	s.AddEntryPoint(EntryPoint{Module: "m", Name: "n", Type: "action_link", Model: "Invoices", URL: "javascript:alert(1)", Title: "<script>z"})
	b.signIn("/portal/", "x", "p")
	for _, path := range []string{
		"/", "/portal/", "/portal/finance/invoices", "/portal/login/?login=%22%3E%3Cscript%3Ew",
		"/portal/add-on--action-link-modal?module=m&name=n&id=" + url.QueryEscape(`"><script>y`), "/nowhere/%3Cscript%3Ev",
	} {
		page := b.sees(path)
		if regexp.MustCompile(`<script>[vwxyz]`).MatchString(page) || strings.Contains(page, `src="javascript:`) {
			t.Errorf("%s: %s", path, page)
		}
	}
}

func TestPagesDuringAnOutage(t *testing.T) {
	t.Parallel()
	s, _, b := house(t, Options{})
	s.SetOutage(true)
	if _, err := b.http.Get(origin + "/portal/login/"); err == nil {
		t.Error("answered")
	}
	s.SetOutage(false)
	b.sees("/portal/login/")
}
