package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// noSuchNumber is nobody's receipt number, invoice number or marker: ours have no hyphen.
const noSuchNumber = "PAYMENTEXPRESS-CHECK-NONE"

// permission is what the API key needs, in Splynx's words.
type permission struct {
	controller, action string
	without            string                                      // what does not work
	try                func(context.Context, *splynx.Client) error // reads only; nil: it writes, or the client has no such call
	optional           bool
}

func (p permission) String() string { return p.controller + " " + p.action }

// permissions are those of README.md.
func (c *checker) permissions() []permission {
	all := []permission{
		{"Invoices", "index", "no invoice is found by its number, so nothing can be paid", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.InvoicesByNumber(ctx, noSuchNumber)
			return err
		}, false},
		{"Invoices", "view", "no invoice can be read again before it is booked", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.Invoice(ctx, 1)
			return err
		}, false},
		{"ProformaInvoices", "index", "no proforma invoice is found by its number, so none can be paid", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.ProformasByNumber(ctx, noSuchNumber)
			return err
		}, true},
		{"ProformaInvoices", "view", "no proforma invoice can be read again before it is booked", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.Proforma(ctx, 1)
			return err
		}, true},
		{"Customer", "index", "no charge run can be made, and the office's lists have neither names nor saved cards", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.CustomersByID(ctx, []int64{1})
			return err
		}, true},
		{"Customer", "view", "whose account an invoice is paid to is not known, so nothing can be paid", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.Customer(ctx, 1)
			return err
		}, false},
		{"CustomerBilling", "view", "what a customer owes is not suggested on the page that tops up the balance", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.Billing(ctx, 1)
			return err
		}, true},
		{"Payments", "index", "nothing is booked: every booking is searched for before and after", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.NewestPayments(ctx, 0, 1)
			return err
		}, false},
		{"Payments", "view", "a payment that staff made by hand is not recognised", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.Payment(ctx, 1)
			return err
		}, false},
		{"Payments", "add", "what was paid cannot be booked", nil, false},
		{"PaymentMethods", "index", "whether payment_method is there cannot be told", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.PaymentMethods(ctx)
			return err
		}, false},
	}
	all = append(all, statementPermissions()...)
	if c.savesCards() {
		all = append(all, cardPermissions(c.app.Cards)...)
	}
	if c.app.Name == "" {
		all = append(all, permission{"CompanyInfo", "view", "the pages have no name of yours, unless name is set", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.CompanyInfo(ctx, 1)
			return err
		}, true})
	}
	return append(all, permission{"Administrators", "view", "an administrator whose own role may not read administrators is not recognised", nil, true})
}

// statementPermissions are for the payment statements that staff see.
func statementPermissions() []permission {
	return []permission{
		{"BankStatements", "index", "payments get no statement", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.StatementsByTitle(ctx, noSuchNumber)
			return err
		}, false},
		{"BankStatements", "add", "payments get no statement", nil, false},
		{"BankStatementsRecords", "index", "payments get no record on their statement", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.RecordsByMarker(ctx, noSuchNumber)
			return err
		}, false},
		{"BankStatementsRecords", "view", "a record that staff paired by hand is not recognised", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.Record(ctx, 1)
			return err
		}, false},
		{"BankStatementsRecords", "add", "payments get no record on their statement", nil, false},
		{"BankStatementsRecords", "update", "records stay New after the payment", nil, false},
	}
}

// cardPermissions are for the payment account that cards are kept in, and for what is done once a
// card is saved.
func cardPermissions(cards Cards) []permission {
	all := []permission{
		{"CustomerPaymentAccounts", "index", "the payment account that cards are kept in is not found, so there are no saved cards", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.PaymentAccounts(ctx)
			return err
		}, true},
		{"CustomerPaymentAccounts", "view", "no saved card can be used", func(ctx context.Context, s *splynx.Client) error {
			_, err := s.AccountData(ctx, 1, 1)
			return err
		}, true},
		{"CustomerPaymentAccounts", "update", "no card can be saved", nil, true},
		{"CustomerPaymentAccounts", "delete", "no saved card can be removed", nil, true},
	}
	if cards.PaymentMethod != 0 {
		all = append(all, permission{"CustomerBilling", "update", "customers who save a card keep the payment method that they have", nil, true})
	}
	if cards.Tell != "" {
		all = append(all, permission{"Mail", "add", "the office is not told when a customer saves a card", nil, true})
	}
	return all
}

// checkPermissions asks Splynx's own list where there is one, and reads what may be read.
func (c *checker) checkPermissions(ctx context.Context) []finding {
	told, err := c.permissionsTold(ctx)
	if err != nil {
		told = nil
	}
	var found []finding
	var there, listedOnly, untold []string
	for _, p := range c.permissions() {
		allowed, said := allows(told, p)
		switch {
		case said && !allowed:
			found = append(found, missingPermission(p, "missing"))
		case p.try == nil && !said:
			untold = append(untold, p.String())
		case p.try == nil:
			listedOnly = append(listedOnly, p.String())
		default:
			if f := c.tryReading(ctx, p); f != nil {
				found = append(found, *f)
			} else {
				there = append(there, p.String())
			}
		}
	}
	if len(untold) > 0 {
		found = append(found, warned("look at Administration, API keys", "Splynx does not list what the key may do; by reading it cannot be told of %s", strings.Join(untold, ", ")))
	}
	if len(there) > 0 {
		found = append(found, good("the key has %s", strings.Join(there, ", ")))
	}
	if len(listedOnly) > 0 {
		found = append(found, good("listed by Splynx, and not tried, for most would write: %s", strings.Join(listedOnly, ", ")))
	}
	return found
}

func (c *checker) permissionsTold(ctx context.Context) (splynx.Permissions, error) {
	ctx, cancel := c.call(ctx)
	defer cancel()
	return c.api.Permissions(ctx)
}

// tryReading returns nil when Splynx let the key read, whether anything was there or not.
func (c *checker) tryReading(ctx context.Context, p permission) *finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	failed, ok := errors.AsType[*splynx.Error](p.try(ctx, c.api))
	switch {
	case !ok || failed.Kind == splynx.KindNotFound || strings.HasPrefix(failed.InternalCode, "NOT_ALLOWED_BY_"):
		return nil
	case failed.HTTPStatus == http.StatusForbidden:
		f := missingPermission(p, fmt.Sprintf("refused when tried (HTTP 403 %s)", failed.InternalCode))
		return &f
	case failed.Kind == splynx.KindFilter:
		return nil // the step that searches tells
	}
	f := wrong(failed.Advice(), "it could not be tried: %v", failed).about("permission %s", p)
	return &f
}

func missingPermission(p permission, how string) finding {
	f := wrong("tick it at Administration, API keys", "%s; without it %s", how, p.without).about("permission %s", p)
	if p.optional {
		f.Level = levelWarn
	}
	return f
}

// allows finds a permission by the controller's own name: the list has it with the names of
// what it is in before it, which differ between versions.
func allows(told splynx.Permissions, p permission) (allowed, said bool) {
	allowed = true
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if !strings.EqualFold(name[strings.LastIndex(name, `\`)+1:], p.controller) {
			continue
		}
		yes, here := told.Allows(name, p.action)
		said = said || here
		allowed = allowed && (yes || !here)
	}
	return allowed && said, said
}
