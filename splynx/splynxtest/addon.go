package splynxtest

const (
	addOnModule = "splynx_addon_paymentexpress"

	// The form is as the official add-on's widget has it, without a token against forgery.
	addMoneyCode = `<form method="post" action="/paymentexpress/">
<input type="hidden" name="refill_balance" value="1">
<label>Amount <input name="PaymentForm[amount]" inputmode="decimal" required></label>
<button>Add money by Payment Express</button></form>`

	widgetCode = `<iframe src="/paymentexpress/widget" title="Unpaid, by Payment Express" style="height: 22rem"></iframe>`

	// The words are not public, only that they are Twig and what they show.
	unpaidInvoicesCode = `{% for invoice in invoices %}{{ invoice.number }}{% endfor %}`
	unpaidRequestsCode = `{% for request in requests %}{{ request.number }}{% endfor %}`
	addMoneyAdminCode  = `<a class="button" href="/paymentexpress/add-money-by-admin?customer_id={{ customer.id }}">Pay Now</a>`
)

// addOn are the entry points of the official add-on, from its manual's screenshots.
var addOn = []EntryPoint{
	{
		Name: "paymentexpress_invoice", Type: "action_link", Model: "Invoices", Icon: "fa-credit-card",
		Title: "Pay by Payment Express", URL: "/paymentexpress/pay-invoice",
	},
	{
		Name: "paymentexpress_request", Type: "action_link", Model: "Requests", Icon: "fa-credit-card",
		Title: "Pay by Payment Express", URL: "/paymentexpress/pay-request",
	},
	{
		Name: "paymentexpress_dashboard_invoices", Type: "code", Root: `controllers\portal\DashboardController`,
		Title: "Payment Express: invoices", Code: unpaidInvoicesCode,
	},
	{
		Name: "paymentexpress_dashboard_requests", Type: "code", Root: `controllers\portal\DashboardController`,
		Title: "Payment Express: proforma invoices", Code: unpaidRequestsCode,
	},
	{
		Name: "paymentexpress_add_money_on_dashboard", Type: "code", Root: `controllers\portal\DashboardController`,
		Title: "Add money by Payment Express", Code: addMoneyCode,
	},
	{
		Name: "paymentexpress_card", Type: "menu_link", Root: `controllers\portal\FinanceController`, Icon: "fa-credit-card",
		Title: "Credit card via Payment Express", URL: "/paymentexpress/card",
	},
	{
		Name: "paymentexpress_add_money_by_admin", Place: "admin", Type: "code",
		Root: `controllers\admin\CustomersController`, Title: "Pay Now", Code: addMoneyAdminCode,
	},
	{
		Name: "paymentexpress_invoice_admin", Place: "admin", Type: "action_link", Model: "Invoices", Icon: "fa-credit-card",
		Title: "Pay by Payment Express", URL: "/paymentexpress/pay-invoice",
	},
	{
		Name: "paymentexpress_request_admin", Place: "admin", Type: "action_link", Model: "Requests", Icon: "fa-credit-card",
		Title: "Pay by Payment Express", URL: "/paymentexpress/pay-request",
	},
}

// AddAddOnEntryPoints registers the entry points of the official Windcave add-on, as its installation does. Of the names
// paymentexpress_invoice, …_request, …_add_money_on_dashboard and …_add_money_by_admin are known, of the addresses
// /paymentexpress/pay-invoice and /paymentexpress/; the others are by analogy or invented. Payment links and
// charging all have no entry point.
func (s *Server) AddAddOnEntryPoints() {
	for _, e := range addOn {
		e.Module, e.Size = addOnModule, "extra_large"
		s.AddEntryPoint(e)
	}
}

// AddWidgetEntryPoint registers what the official add-on does not have: an entry point, paymentexpress_widget, that shows
// /paymentexpress/widget in a frame on the dashboard. It returns the id.
func (s *Server) AddWidgetEntryPoint() int64 {
	return s.AddEntryPoint(EntryPoint{
		Module: addOnModule, Name: "paymentexpress_widget", Type: "code", Root: `controllers\portal\DashboardController`,
		Title: "Payment Express: to pay", Code: widgetCode,
	})
}
