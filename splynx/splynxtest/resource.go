package splynxtest

import "strings"

// resource is a collection of the API.
type resource struct {
	path       string // e.g. admin/finance/payments
	controller string // its name among the permissions
	class      string // the same as the permissions map of a token spells it, without the leading api\
	methods    string // the methods that are enabled, besides HEAD and OPTIONS
	table      func(*Server) *table

	owner   string          // the column with the customer's id; "" when the record's own id is meant
	partner string          // the column with the partner's id, where no customer tells it
	open    bool            // not restricted by partner
	keyed   bool            // records only, no collection
	listed  bool            // a collection only, no records
	bare    bool            // OPTIONS has no additional_attributes
	plain   []string        // plain query names that filter
	public  bool            // every caller may read it
	only    func(*row) bool // the rows that there are, nil for all
	finance bool            // documents that may be closed for sub-accounts

	create func(*Server, identity, input) (int64, *refusal)
	update func(*Server, *row, input) *refusal
	remove func(*Server, *row)
	call   func(*Server, *call) (answer, *refusal) // answers in the place of all else
}

var resources = []*resource{
	{
		path: "admin/customers/customer", controller: "Customer", methods: "GET", partner: "partner_id",
		table: func(s *Server) *table { return s.customers },
	},
	{
		path: "admin/customers/customer-billing", controller: "CustomerBilling", methods: "GET PUT", keyed: true,
		owner: "customer_id", table: func(s *Server) *table { return s.billing }, update: (*Server).change,
	},
	{
		path: accountsPath, controller: "CustomerPaymentAccounts", methods: "GET PUT DELETE", open: true,
		table: func(s *Server) *table { return s.accounts }, call: (*Server).accountsCall,
	},
	{
		path: "admin/customers/customer-payment-account-data", controller: "CustomerPaymentAccounts", methods: "GET",
		owner: "customer_id", listed: true, table: func(s *Server) *table { return s.accountData },
	},
	{
		path: "admin/finance/invoices", controller: "Invoices", methods: "GET PUT", owner: "customer_id", finance: true,
		table: func(s *Server) *table { return s.invoices }, update: (*Server).changeDocument,
	},
	{
		path: "admin/finance/proforma-invoices", controller: "ProformaInvoices", methods: "GET PUT", owner: "customer_id",
		finance: true, table: func(s *Server) *table { return s.proformas }, update: (*Server).changeDocument,
	},
	{
		path: "admin/finance/payments", controller: "Payments", methods: "GET POST DELETE", owner: "customer_id", finance: true,
		table: func(s *Server) *table { return s.payments }, create: (*Server).createPayment, remove: (*Server).unbook,
	},
	{
		path: "admin/finance/transactions", controller: "Transactions", methods: "GET", owner: "customer_id",
		table: func(s *Server) *table { return s.transactions },
	},
	{
		path: "admin/finance/invoice-relations", controller: "InvoiceRelations", methods: "GET", owner: "customer_id", bare: true,
		plain: []string{"customer_id", "invoice_id"}, table: func(s *Server) *table { return s.relations },
	},
	{
		path: "admin/finance/payment-methods", controller: "PaymentMethods", methods: "GET", open: true, bare: true,
		table: func(s *Server) *table { return s.methods },
	},
	{
		path: "admin/finance/transaction-categories", controller: "TransactionCategories", methods: "GET", open: true, bare: true,
		table: func(s *Server) *table { return s.categories },
	},
	{
		path: "admin/finance/bank-statements", controller: "BankStatements", methods: "GET POST PUT", open: true, bare: true,
		table: func(s *Server) *table { return s.statements }, create: (*Server).createStatement, update: (*Server).change,
	},
	{
		path: "admin/finance/bank-statements-records", controller: "BankStatementsRecords", methods: "GET POST PUT",
		owner: "customer_id", bare: true, table: func(s *Server) *table { return s.records },
		create: (*Server).createRecord, update: (*Server).changeRecord,
	},
	{
		path: "admin/administration/partners", controller: "Partners", methods: "GET", partner: "id",
		table: func(s *Server) *table { return s.partners },
	},
	{
		path: "admin/administration/administrators", controller: "Administrators", methods: "GET", partner: "partner_id",
		table: func(s *Server) *table { return s.administrators },
	},
	{
		path: "admin/config/company-info", controller: "CompanyInfo", methods: "GET", partner: "partner_id", bare: true,
		table: func(s *Server) *table { return s.companies },
	},
	{
		path: "admin/config/entry-points", controller: "EntryPoints", methods: "GET", open: true, bare: true,
		table: func(s *Server) *table { return s.entryPoints },
	},
	{
		path: "portal/login/entry-points", controller: "EntryPoints", methods: "GET", open: true, bare: true, public: true,
		table: func(s *Server) *table { return s.entryPoints }, only: shownInPortal,
	},
	{
		path: "admin/config/mail", controller: "Mail", methods: "GET POST", open: true, bare: true,
		table: func(s *Server) *table { return s.mails }, create: (*Server).createMail,
	},
	{
		path: "admin/config/config", controller: "Config", methods: "GET PUT", open: true, bare: true,
		table: func(s *Server) *table { return s.configs }, call: (*Server).configCall,
	},
}

func init() {
	for _, res := range resources {
		parts := strings.Split(res.path, "/")
		res.class = parts[0] + `\` + parts[1] + `\` + res.controller
	}
}

// hides reports whether the record is none of the resource's.
func (res *resource) hides(r *row) bool { return res.only != nil && !res.only(r) }

// name is the last part of the path, the resource in an operation's name.
func (res *resource) name() string { return res.path[strings.LastIndexByte(res.path, '/')+1:] }

// route finds the resource that a path below /api/2.0/ names, and what follows it.
func route(path string) (*resource, string) {
	for _, res := range resources {
		rest, ok := strings.CutPrefix(path, res.path)
		if ok && rest == "" {
			return res, ""
		}
		if id, ok := strings.CutPrefix(rest, "/"); ok && !strings.Contains(id, "/") && strings.HasPrefix(path, res.path+"/") {
			return res, id
		}
	}
	return nil, ""
}
