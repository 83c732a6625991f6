package splynx_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

var styles = map[string]splynxtest.Options{"v4": {Style: splynxtest.V4}, "v5": {Style: splynxtest.V5}}

// held returns the fields that hold something, by number.
func held(d *splynx.AccountData) map[int]string {
	fields := map[int]string{}
	if d == nil {
		return fields
	}
	for i, f := range d.Fields {
		if !f.Empty() {
			fields[i+1] = f.Reveal()
		}
	}
	return fields
}

func refusedAs(t *testing.T, err error, kind splynx.Kind) {
	t.Helper()
	if e, ok := errors.AsType[*splynx.Error](err); !ok || e.Kind != kind {
		t.Errorf("got %v, want kind %s", err, kind)
	}
}

// A card is kept, changed, read and removed, and another's is never taken for it.
func TestAccountsOfASimulator(t *testing.T) {
	t.Parallel()
	for name, o := range styles {
		for auth := range 2 {
			t.Run(fmt.Sprint(name, auth), func(t *testing.T) {
				t.Parallel()
				s, c := against(t, o, func(c *splynx.Config) { c.Auth = splynx.Auth(auth) })
				ctx := t.Context()
				jane, joe := s.AddCustomer(splynxtest.Customer{Name: "Jane"}), s.AddCustomer(splynxtest.Customer{Name: "Joe"})
				all, err := c.PaymentAccounts(ctx)
				if err != nil || len(all) != 1 || all[0].ID != splynxtest.AddOnAccountID || all[0].Title == "" || all[0].Fields[0] == "" {
					t.Fatalf("accounts %+v, %v", all, err)
				}
				account := all[0].ID
				s.SetAccountData(joe, account, map[int]string{1: "joes"})
				if d, err := c.AccountData(ctx, jane, account); d != nil || err != nil {
					t.Errorf("before: %v, %v", held(d), err)
				}
				if err := c.DeleteAccountData(ctx, jane, account); err != nil {
					t.Errorf("nothing to delete: %v", err)
				}
				kept := map[int]secret.Secret{1: secret.New("0000030001234567"), 2: secret.New("4111 .. 11"), 10: secret.New("é")}
				for range 2 {
					if err := c.SetAccountData(ctx, jane, account, kept); err != nil {
						t.Fatal(err)
					}
				}
				d, err := c.AccountData(ctx, jane, account)
				if want := map[int]string{1: "0000030001234567", 2: "4111 .. 11", 10: "é"}; err != nil || !maps.Equal(held(d), want) || d.CustomerID != jane || d.AccountID != account {
					t.Errorf("kept %v, %v", held(d), err)
				}
				s.Inject(splynxtest.Fault{Op: "LIST customer-payment-accounts", Kind: splynxtest.IgnoreFilter})
				_, err = c.AccountData(ctx, jane, account)
				refusedAs(t, err, splynx.KindFilter)
				if err := c.DeleteAccountData(ctx, jane, account); err != nil {
					t.Error(err)
				}
				if rows := s.AllAccountData(); len(rows) != 1 || rows[0].CustomerID != joe {
					t.Errorf("left %+v", rows)
				}
				refusedAs(t, c.SetAccountData(ctx, jane, account+1, kept), splynx.KindRefused)
				refusedAs(t, c.SetAccountData(ctx, joe+1, account, kept), splynx.KindRefused)
			})
		}
	}
}

func TestAllAccountDataOfASimulator(t *testing.T) {
	t.Parallel()
	for name, o := range styles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := against(t, o, func(*splynx.Config) {})
			other := s.AddPaymentAccount(splynxtest.PaymentAccount{Title: "Other"})
			want := map[int64]string{}
			for range 600 {
				id := s.AddCustomer(splynxtest.Customer{Name: "Customer"})
				if id%7 == 0 {
					s.SetAccountData(id, other, map[int]string{1: "other"})
					continue
				}
				want[id] = fmt.Sprint("token", id)
				s.SetAccountData(id, splynxtest.AddOnAccountID, map[int]string{1: want[id]})
			}
			got := map[int64]string{}
			for d, err := range c.AllAccountData(t.Context(), splynxtest.AddOnAccountID) {
				if err != nil {
					t.Fatal(err)
				}
				got[d.CustomerID] = d.Fields[0].Reveal()
			}
			if !maps.Equal(got, want) {
				t.Errorf("%d rows, want %d", len(got), len(want))
			}
			s.Inject(splynxtest.Fault{Op: "LIST customer-payment-account-data", Kind: splynxtest.IgnoreFilter})
			var last error
			for _, err := range c.AllAccountData(t.Context(), other) {
				last = err
			}
			refusedAs(t, last, splynx.KindFilter)
		})
	}
}

func TestPaymentMethodOfASimulator(t *testing.T) {
	t.Parallel()
	for name, o := range styles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := against(t, o, func(*splynx.Config) {})
			jane := s.AddCustomer(splynxtest.Customer{Name: "Jane", Deposit: "-42.10"})
			if err := c.SetPaymentMethod(t.Context(), jane, 3); err != nil {
				t.Fatal(err)
			}
			b, err := c.Billing(t.Context(), jane)
			if err != nil || b.PaymentMethod != 3 {
				t.Errorf("%+v, %v", b, err)
			}
			if owed, err := b.Deposit.Amount("NZD"); err != nil || owed.Number() != "-42.10" {
				t.Errorf("the balance became %v, %v", b.Deposit, err)
			}
			refusedAs(t, c.SetPaymentMethod(t.Context(), jane+1, 3), splynx.KindRefused)
		})
	}
}

func TestUnpaidOfASimulator(t *testing.T) {
	t.Parallel()
	for name, o := range styles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := against(t, o, func(*splynx.Config) {})
			ctx := t.Context()
			jane, joe := s.AddCustomer(splynxtest.Customer{Name: "Jane"}), s.AddCustomer(splynxtest.Customer{Name: "Joe"})
			var invoices, proformas []int64
			for i, status := range []string{"not_paid", "paid", "pending", "deleted", "not_paid"} {
				v := splynxtest.Invoice{CustomerID: jane, Number: fmt.Sprint("I", i), Total: "10", Status: status, Created: "2026-03-01", Till: "0000-00-00"}
				if id := s.AddInvoice(v); status == "not_paid" || status == "pending" {
					invoices = append([]int64{id}, invoices...)
				}
				v.CustomerID = joe
				s.AddInvoice(v)
				if status == "deleted" {
					continue // a proforma is never that
				}
				p := splynxtest.Proforma{CustomerID: jane, Number: fmt.Sprint("P", i), Total: "10", Status: status, Till: "2026-03-15"}
				if id := s.AddProforma(p); status != "paid" {
					proformas = append([]int64{id}, proformas...)
				}
			}
			gotI, err := c.UnpaidInvoices(ctx, jane)
			if err != nil || len(gotI) != len(invoices) {
				t.Fatalf("%+v, %v", gotI, err)
			}
			for i, v := range gotI {
				if v.ID != invoices[i] || v.CustomerID != jane || v.DateCreated.String() != "2026-03-01" || !v.DateTill.IsZero() {
					t.Errorf("%d: %+v", i, v)
				}
			}
			gotP, err := c.UnpaidProformas(ctx, jane)
			if err != nil || len(gotP) != len(proformas) {
				t.Fatalf("%+v, %v", gotP, err)
			}
			for i, v := range gotP {
				if v.ID != proformas[i] || v.CustomerID != jane || v.DateTill.String() != "2026-03-15" {
					t.Errorf("%d: %+v", i, v)
				}
			}
			s.Inject(splynxtest.Fault{Op: "LIST invoices", Kind: splynxtest.IgnoreFilter})
			_, err = c.UnpaidInvoices(ctx, jane)
			refusedAs(t, err, splynx.KindFilter)
		})
	}
}

func TestSignInOfASimulator(t *testing.T) {
	t.Parallel()
	for name, o := range styles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.EmailLogin, o.MaxAttempts, o.RefusedStatuses = true, 3, []string{"disabled"}
			s, c := against(t, o, func(*splynx.Config) {})
			ctx := t.Context()
			jane := s.AddCustomer(splynxtest.Customer{Name: "Jane", Login: "jane", Password: "pässwörd ", Email: "jane@example.com"})
			sub := s.AddCustomer(splynxtest.Customer{Name: "Sub", Login: "sub", Password: "sub", ParentID: jane})
			s.AddCustomer(splynxtest.Customer{Name: "Gone", Login: "gone", Password: "gone", Status: "disabled"})
			s.AddAdministrator(splynxtest.Administrator{Name: "Marla", Login: "marla", Role: "manager", Password: "marla"})
			for _, who := range []struct {
				login, password string
				id              int64 // 0: refused
			}{
				{"jane", "pässwörd ", jane},
				{"jane@example.com", "pässwörd ", jane},
				{"sub", "sub", sub},
				{"jane", "pässwörd", 0},
				{"nobody", "pässwörd ", 0},
				{"marla", "marla", 0},
				{"gone", "gone", 0},
			} {
				v, err := c.SignIn(ctx, who.login, secret.New(who.password))
				if who.id == 0 {
					if !errors.Is(err, splynx.ErrSignIn) || v != nil {
						t.Errorf("%s: %+v, %v", who.login, v, err)
					}
				} else if err != nil || v.ID != who.id {
					t.Errorf("%s: %+v, %v", who.login, v, err)
				}
				if err != nil && (strings.Contains(err.Error(), who.login) || strings.Contains(err.Error(), who.password)) {
					t.Errorf("%v tells them", err)
				}
			}
			if v, err := c.SignIn(ctx, "sub", secret.New("sub")); err != nil || v.ParentID != jane {
				t.Errorf("%+v, %v", v, err)
			}
			for range 3 {
				_, _ = c.SignIn(ctx, "sub", secret.New("wrong"))
			}
			if _, err := c.SignIn(ctx, "sub", secret.New("sub")); !errors.Is(err, splynx.ErrTooManyAttempts) {
				t.Errorf("got %v", err)
			}
			if _, err := c.SignIn(ctx, "jane", secret.New("pässwörd ")); err != nil {
				t.Errorf("others may not sign in: %v", err)
			}
		})
	}
}
