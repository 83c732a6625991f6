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
	widget := s.AddWidgetEntryPoint()
	b.signIn("/portal/", "tyler", "soap")
	page := b.sees("/portal/", "-12.34", "name=paymentexpress_invoice&amp;", "name=paymentexpress_request&amp;",
		`<form method="post" action="/paymentexpress/">`, `name="PaymentForm[amount]"`, `name="refill_balance" value="1"`,
		`<iframe src="/paymentexpress/widget"`,
		`<a href="/portal/add-on?module=splynx_addon_paymentexpress&amp;name=paymentexpress_card">Credit card via Payment Express</a></nav>`)
	if strings.Contains(page, "{%") || strings.Contains(page, "{{") || strings.Contains(page, "Pay Now") {
		t.Error(page)
	}
	s.ChangeEntryPoint(widget, func(e *EntryPoint) { e.Disabled = true })
	if page := b.sees("/portal/"); strings.Contains(page, "<iframe") {
		t.Error("shows a widget that is switched off")
	}
	fresh, _ := setup(t, Options{})
	fresh.AddCustomerSession("c0ffee", 1)
	b = newBrowser(t, fresh)
	if page := b.sees("/"); strings.Contains(page, "Payment Express") {
		t.Error("a fresh system has entry points")
	}
}

// A menu entry opens the add-on's page inside the portal's; what is switched off is nowhere.
func TestPortalMenu(t *testing.T) {
	t.Parallel()
	s, _, b := house(t, Options{})
	s.AddEntryPoint(EntryPoint{Module: "m", Name: "report", Title: "Report", URL: "/report?a=b", Size: "small"})
	s.AddEntryPoint(EntryPoint{Module: "m", Name: "admins", Place: "admin", URL: "/x"})
	s.AddWidgetEntryPoint()
	b.signIn("/portal/", "tyler", "soap")
	link := func(module, name string) string { return "/portal/add-on?" + pairs("module", module, "name", name) }
	b.sees(link(addOnModule, "paymentexpress_card"), "<!DOCTYPE html>", `src="/paymentexpress/card?module=splynx_addon_paymentexpress"`, "1200px")
	b.sees(link("m", "report"), `src="/report?a=b&amp;module=m"`, `</nav>`+"\n"+`<a href="/portal/add-on?module=m&amp;name=report">Report</a>`)
	for _, path := range []string{
		link("m", "x"), link("x", "report"), link("m", "admins"), link(addOnModule, "paymentexpress_invoice"),
		link(addOnModule, "paymentexpress_widget"), "/portal/add-on",
	} {
		if resp, page := b.do("GET", path, nil); resp.StatusCode != 404 || strings.Contains(page, "<iframe") {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	for _, e := range s.EntryPoints() {
		s.ChangeEntryPoint(e.ID, func(e *EntryPoint) { e.Disabled = true })
	}
	if page := b.sees("/portal/"); strings.Contains(page, "Express") || strings.Contains(page, "<iframe") || strings.Contains(page, "add-on") {
		t.Error(page)
	}
	if resp, _ := b.do("GET", link(addOnModule, "paymentexpress_card"), nil); resp.StatusCode != 404 {
		t.Errorf("a disabled page: %d", resp.StatusCode)
	}
}

// Staff see a customer's payment accounts by their labels and change them by hand, unchecked.
func TestPaymentAccountsByHand(t *testing.T) {
	t.Parallel()
	s, c, b := house(t, Options{})
	c.want(202, "PUT", accountsPath+"?id=2--4", card)
	s.AddAdministrator(Administrator{Name: "No billing", Login: "no", Password: "p", Permissions: map[string][]string{}})
	const path, back = "/admin/customers/payment-account", "/admin/customers/view?id=2"
	b.sentTo("/admin/login/?return=%2Fadmin%2F", "POST", path, url.Values{"id": {"2"}, "account": {"4"}})
	b.signIn("/admin/", "bob", "his name")
	page := b.sees(back, "<h3>Payment Express</h3>", `Billing ID <input name="field_1" value="0000010000000001"`, `Expires <input name="field_4" value="12/29"`)
	if strings.Contains(page, "field_5") {
		t.Error("shows a field without a label")
	}
	b.sentTo(back+"#payment-accounts", "POST", path, url.Values{"id": {"2"}, "account": {"4"}, "field_1": {`<script>"x`}, "field_4": {""}})
	b.sees(back, `value="&lt;script&gt;&#34;x"`)
	if row, _ := s.AccountData(2, 4); row.Fields != fields(`<script>"x`, "411111........11", "Visa") {
		t.Errorf("%+v", row)
	}
	b.sees("/", "411111........11")
	long := url.Values{"id": {"2"}, "account": {"4"}, "field_1": {strings.Repeat("x", 256)}}
	if resp, page := b.do("POST", path, long); resp.StatusCode != 422 || !strings.Contains(page, "at most 255 characters") {
		t.Errorf("%d %s", resp.StatusCode, page)
	}
	b.sentTo(back+"#payment-accounts", "GET", path+"?id=2&account=4&field_1=y", nil)
	for _, form := range []url.Values{{"id": {"99"}, "account": {"4"}}, {"id": {"2"}}} {
		if resp, _ := b.do("POST", path, form); resp.StatusCode != 404 {
			t.Errorf("%v: %d", form, resp.StatusCode)
		}
	}
	b.signIn("/admin/", "no", "p")
	if page := b.sees(back); strings.Contains(page, "411111") || strings.Contains(page, "field_1") {
		t.Error("shown without the permission")
	}
	if resp, _ := b.do("POST", path, url.Values{"id": {"2"}, "account": {"4"}, "field_1": {"y"}}); resp.StatusCode != 404 {
		t.Errorf("changed without the permission: %d", resp.StatusCode)
	}
	if row, _ := s.AccountData(2, 4); row.Fields[0] != `<script>"x` {
		t.Errorf("%+v", row)
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
