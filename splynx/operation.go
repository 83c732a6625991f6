package splynx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"

	"github.com/hashicorp/go-retryablehttp"
)

// operation is what there is to know about one kind of call.
type operation struct {
	name       string // in errors and the log
	method     string
	path       string // below api/2.0/
	permission string // what the API key needs for it, in the words of Splynx
	list       bool   // answers many objects
	hush       bool   // its answers hold secrets: none of the server's text goes anywhere
	// retry decides whether the library sends the same call again.
	retry retryablehttp.CheckRetry
}

// reads tells whether the call changes nothing that matters at Splynx.
func (o operation) reads() bool { return o.method == http.MethodGet }

// answerLimit is the longest answer that is read, in bytes.
func (o operation) answerLimit() int64 {
	if o.list {
		return 8 << 20
	}
	return 1 << 20
}

// The calls that read. A read changes nothing, so it may be sent again.
var (
	opCheck          = operation{name: "check the address", method: http.MethodGet, path: "admin/api/check", retry: repeatRead}
	opCustomer       = operation{name: "read customer", method: http.MethodGet, path: "admin/customers/customer", permission: "Customer view", retry: repeatRead}
	opCustomers      = operation{name: "search customers", method: http.MethodGet, path: "admin/customers/customer", permission: "Customer index", list: true, hush: true, retry: repeatRead}
	opBilling        = operation{name: "read customer billing", method: http.MethodGet, path: "admin/customers/customer-billing", permission: "CustomerBilling view", retry: repeatRead}
	opInvoice        = operation{name: "read invoice", method: http.MethodGet, path: "admin/finance/invoices", permission: "Invoices view", retry: repeatRead}
	opInvoices       = operation{name: "search invoices", method: http.MethodGet, path: "admin/finance/invoices", permission: "Invoices index", list: true, retry: repeatRead}
	opProforma       = operation{name: "read proforma invoice", method: http.MethodGet, path: "admin/finance/proforma-invoices", permission: "ProformaInvoices view", retry: repeatRead}
	opProformas      = operation{name: "search proforma invoices", method: http.MethodGet, path: "admin/finance/proforma-invoices", permission: "ProformaInvoices index", list: true, retry: repeatRead}
	opPayment        = operation{name: "read payment", method: http.MethodGet, path: "admin/finance/payments", permission: "Payments view", retry: repeatRead}
	opPayments       = operation{name: "search payments", method: http.MethodGet, path: "admin/finance/payments", permission: "Payments index", list: true, retry: repeatRead}
	opStatements     = operation{name: "search statements", method: http.MethodGet, path: "admin/finance/bank-statements", permission: "BankStatements index", list: true, retry: repeatRead}
	opRecord         = operation{name: "read statement record", method: http.MethodGet, path: "admin/finance/bank-statements-records", permission: "BankStatementsRecords view", retry: repeatRead}
	opRecords        = operation{name: "search statement records", method: http.MethodGet, path: "admin/finance/bank-statements-records", permission: "BankStatementsRecords index", list: true, retry: repeatRead}
	opPaymentMethods = operation{name: "list payment methods", method: http.MethodGet, path: "admin/finance/payment-methods", permission: "PaymentMethods index", list: true, retry: repeatRead}
	opCompanyInfo    = operation{name: "read company info", method: http.MethodGet, path: "admin/config/company-info", permission: "CompanyInfo view", retry: repeatRead}
	opPartners       = operation{name: "list partners", method: http.MethodGet, path: "admin/administration/partners", permission: "Partners index", list: true, retry: repeatRead}
	opAdministrator  = operation{name: "read administrator", method: http.MethodGet, path: "admin/administration/administrators", permission: "Administrators view", retry: repeatRead}
	opAdministrators = operation{name: "list administrators", method: http.MethodGet, path: "admin/administration/administrators", permission: "Administrators index", list: true, retry: repeatRead}
	opEntryPoints    = operation{name: "list entry points", method: http.MethodGet, path: "admin/config/entry-points", permission: "EntryPoints index", list: true, retry: repeatRead}
	opAccounts       = operation{name: "list payment accounts", method: http.MethodGet, path: "admin/customers/customer-payment-accounts", permission: "CustomerPaymentAccounts index", list: true, retry: repeatRead}
	opAddOnConfig    = operation{name: "read add-on settings", method: http.MethodGet, path: "admin/config/config", permission: "Config view", list: true, hush: true, retry: repeatRead}
)

// The calls with the token of a person, whose answers may hold anything about that person.
var (
	opPortal            = operation{name: "ask the portal for the session", method: http.MethodGet, path: "portal/services/billing-info", hush: true, retry: repeatRead}
	opOwnCustomer       = operation{name: "read the session's customer", method: http.MethodGet, path: "admin/customers/customer", list: true, hush: true, retry: repeatRead}
	opSeeAdministrators = operation{name: "list administrators for the session", method: http.MethodGet, path: "admin/administration/administrators", list: true, hush: true, retry: repeatRead}
	opSeeAdministrator  = operation{name: "read the session's administrator", method: http.MethodGet, path: "admin/administration/administrators", hush: true, retry: repeatRead}
)

// The calls that write. Splynx books a repeated POST twice, and a PUT that is sent again
// late may undo what staff did meanwhile: the caller decides, after it has looked.
var (
	opCreatePayment   = operation{name: "create payment", method: http.MethodPost, path: "admin/finance/payments", permission: "Payments add", retry: neverRepeat}
	opCreateStatement = operation{name: "create statement", method: http.MethodPost, path: "admin/finance/bank-statements", permission: "BankStatements add", retry: neverRepeat}
	opCreateRecord    = operation{name: "create statement record", method: http.MethodPost, path: "admin/finance/bank-statements-records", permission: "BankStatementsRecords add", retry: neverRepeat}
	opSetMethod       = operation{name: "update customer billing", method: http.MethodPut, path: "admin/customers/customer-billing", permission: "CustomerBilling update", retry: neverRepeat}
	opUpdateRecord    = operation{name: "update statement record", method: http.MethodPut, path: "admin/finance/bank-statements-records", permission: "BankStatementsRecords update", retry: neverRepeat}
)

// The calls about what customers' payment accounts hold. The values are secrets, which an
// answer may repeat. A write that is sent again late may undo a card that was saved or removed
// meanwhile. The add-ons' list of permissions has one name for all of them.
var (
	opAccountData       = operation{name: "read payment account data", method: http.MethodGet, path: "admin/customers/customer-payment-accounts", permission: "CustomerPaymentAccounts view", hush: true, retry: repeatRead}
	opAllAccountData    = operation{name: "list payment account data", method: http.MethodGet, path: "admin/customers/customer-payment-account-data", permission: "CustomerPaymentAccounts index", list: true, hush: true, retry: repeatRead}
	opSetAccountData    = operation{name: "update payment account data", method: http.MethodPut, path: "admin/customers/customer-payment-accounts", permission: "CustomerPaymentAccounts update", hush: true, retry: neverRepeat}
	opDeleteAccountData = operation{name: "delete payment account data", method: http.MethodDelete, path: "admin/customers/customer-payment-accounts", permission: "CustomerPaymentAccounts delete", hush: true, retry: neverRepeat}
)

// The calls about access tokens. A nonce or a refresh token may be good for one call only,
// so the same request is never sent again; a new token is made in its place.
var (
	opExchangeSession = operation{name: "exchange a session", method: http.MethodPost, path: "admin/auth/tokens", hush: true, retry: neverRepeat}
	opSignInCustomer  = operation{name: "sign a customer in", method: http.MethodPost, path: "admin/auth/tokens", hush: true, retry: neverRepeat}

	opSignIn     = operation{name: "sign in", method: http.MethodPost, path: "admin/auth/tokens", hush: true, retry: neverRepeat}
	opRenewToken = operation{name: "renew the access token", method: http.MethodGet, path: "admin/auth/tokens", hush: true, retry: neverRepeat}
	opDropToken  = operation{name: "drop the access token", method: http.MethodDelete, path: "admin/auth/tokens", hush: true, retry: neverRepeat}
)

// retriesOfRead is how often a read is sent again at most.
const retriesOfRead = 2

// repeatRead sends a read again when nobody was there to answer it: connection refused or
// closed, or a proxy in front of a Splynx that restarts. Not after a time-out: the caller
// has waited long enough.
func repeatRead(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, nil // the call's own error tells
	}
	if err != nil {
		return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), nil
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, nil
	}
	return false, nil
}

// neverRepeat sends nothing again.
func neverRepeat(context.Context, *http.Response, error) (bool, error) { return false, nil }
