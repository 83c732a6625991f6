package splynxtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// PaymentAccount says what customers can have stored in it, e.g. a saved card. Only staff and an add-on's installation
// make one; the API cannot.
type PaymentAccount struct {
	ID     int64 // AddPaymentAccount: 0 for the next one
	Title  string
	Fields [10]string // the labels of field_1 to field_10; empty: not used
}

// AccountRow is what one customer has stored in a payment account; there is one row at most for the two.
type AccountRow struct {
	CustomerID, AccountID int64
	Fields                [10]string // field_1 to field_10
}

// AccountChange is a row made, changed or deleted.
type AccountChange struct {
	AccountRow // after the change; before it, when the row was deleted

	Time time.Time // on the server's clock
	// By is api (a key), admin (an administrator's token) or staff (by hand).
	By      string
	Deleted bool
}

// AddOnAccountID is the id of the payment account that a new server has, unless Options.NoPaymentAccount is set. Ids
// differ from system to system; this one is not the first that could be.
const AddOnAccountID int64 = 4

// addOnAccount is what the add-on's installation made. Its real labels are not public.
var addOnAccount = PaymentAccount{ID: AddOnAccountID, Title: "Payment Express", Fields: [10]string{
	"Billing ID", "Card number", "Card type", "Expires",
}}

// AddPaymentAccount makes a payment account and returns its id. It panics when the id is taken.
func (s *Server) AddPaymentAccount(p PaymentAccount) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.addPaymentAccount(p))
}

func (s *Server) addPaymentAccount(p PaymentAccount) (int64, error) {
	if s.accounts.byID[p.ID] != nil {
		return 0, fmt.Errorf("payment account id %d is taken", p.ID)
	}
	r := s.accounts.blank()
	r.setInt("id", p.ID)
	r.set("title", p.Title)
	for i, label := range p.Fields {
		r.set(fieldName(i+1), label)
	}
	return s.accounts.insert(r), nil
}

func (s *Server) plantPaymentAccount(p PaymentAccount) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addPaymentAccount(p)
}

// PaymentAccounts is every payment account, in the order of their making.
func (s *Server) PaymentAccounts() []PaymentAccount {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.accounts, func(r *row) PaymentAccount {
		return PaymentAccount{ID: r.id(), Title: r.text("title"), Fields: r.tenFields()}
	})
}

// SetAccountData is staff typing a customer's fields by hand, by their number from 1 to 10. The others stay as they are.
// It panics when there is no such customer, account or field, or a value is too long.
func (s *Server) SetAccountData(customer, account int64, fields map[int]string) {
	must(0, s.typeAccountData(customer, account, fields))
}

func (s *Server) typeAccountData(customer, account int64, fields map[int]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.customers.find(customer) == nil {
		return fmt.Errorf("no customer %d", customer)
	}
	if s.accounts.find(account) == nil {
		return fmt.Errorf("no payment account %d", account)
	}
	typed := input{}
	for _, n := range slices.Sorted(maps.Keys(fields)) {
		if n < 1 || n > 10 {
			return fmt.Errorf("no field %d", n)
		}
		typed[fieldName(n)] = fields[n]
	}
	if bad := s.keepAccountData(accountKey{customer, account}, typed, "staff"); bad != nil {
		return errors.New(bad.message)
	}
	return nil
}

// AccountData is what the customer has stored in the account; ok is false when there is no row.
func (s *Server) AccountData(customer, account int64) (found AccountRow, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.accountRows[accountKey{customer, account}]
	if r == nil {
		return AccountRow{}, false
	}
	return accountRowOf(r), true
}

// AllAccountData is every row, in the order of their making.
func (s *Server) AllAccountData() []AccountRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.accountData, accountRowOf)
}

// AccountChanges is all that ever happened to rows, whoever did it, in the order in which it happened.
func (s *Server) AccountChanges() []AccountChange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accountLog)
}

func accountRowOf(r *row) AccountRow {
	return AccountRow{CustomerID: r.int("customer_id"), AccountID: r.int("account_id"), Fields: r.tenFields()}
}

func fieldName(n int) string { return "field_" + strconv.Itoa(n) }

func (r *row) tenFields() (fields [10]string) {
	for i := range fields {
		fields[i] = r.text(fieldName(i + 1))
	}
	return fields
}
