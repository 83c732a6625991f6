package splynxtest

import (
	"testing"
	"time"
)

func customerSignIn(login, password string) string {
	return encode(map[string]string{"auth_type": "customer", "login": login, "password": password})
}

// Customers made without a login have one that can be known; who shall have none has none.
func TestDefaultLogins(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddCustomer(Customer{ID: 7, Name: "Seven"})
	s.AddCustomer(Customer{ID: 8, Name: "Eight", Login: "eight"})
	s.AddCustomer(Customer{ID: 9, Name: "Nine", Login: "nine", Password: "p", NoPortal: true})
	c.signIn(customerSignIn("customer7", "password7"))
	if rows := rowsOf(t, c.want(200, "GET", "admin/customers/customer", "")); len(rows) != 1 || rows[0]["login"] != "customer7" {
		t.Errorf("%v", rows)
	}
	c.want(200, "GET", "portal/services/billing-info", "")
	c.signIn(customerSignIn("eight", "password8"))
	for _, nobody := range [][2]string{{"nine", "p"}, {"customer9", "password9"}, {"", ""}, {"", "password9"}} {
		c.code(401, "UNAUTHORIZED", "POST", tokensPath, customerSignIn(nobody[0], nobody[1]))
	}
	if all := s.Customers(); all[3].Login != "" || all[1].Password != "" {
		t.Errorf("%+v", all)
	}
}

// An unknown login and a wrong password cannot be told apart, also when they were tried too often.
func TestTooManyAttempts(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{MaxAttempts: 3})
	now := noon
	s.Now = func() time.Time { return now }
	for range 2 {
		for _, login := range []string{"tyler", "nobody"} {
			for range 3 {
				if got := c.want(401, "POST", tokensPath, customerSignIn(login, "wrong")); len(got) != 110 {
					t.Errorf("%s: %s", login, got)
				}
			}
			for _, password := range []string{"wrong", "soap"} {
				c.code(401, "EXCEEDED_MAX_ATTEMPTS", "POST", tokensPath, customerSignIn(login, password))
			}
			c.code(401, "EXCEEDED_MAX_ATTEMPTS", "POST", tokensPath, customerSignIn(login+" ", "soap"))
		}
		s.AddCustomer(Customer{Name: "another"})
		c.want(201, "POST", tokensPath, customerSignIn(DefaultLogin(2)))
		now = now.Add(15*time.Minute - 1)
		c.code(401, "EXCEEDED_MAX_ATTEMPTS", "POST", tokensPath, customerSignIn("tyler", "soap"))
		now = now.Add(1)
	}
	for range 3 { // a right sign-in begins anew
		c.want(401, "POST", tokensPath, customerSignIn("tyler", "wrong"))
		c.want(401, "POST", tokensPath, customerSignIn("tyler", "wrong"))
		c.want(201, "POST", tokensPath, customerSignIn("tyler", "soap"))
	}
}

func TestAttemptsByAddress(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{MaxAttempts: 2, AttemptsByAddress: true})
	s.AddAdministrator(Administrator{Name: "x", Login: "two", Password: "p", Code: "123"})
	c.want(401, "POST", tokensPath, customerSignIn("nobody", "wrong"))
	c.code(401, "MISSED_TWO_FACTOR_CODE", "POST", tokensPath, `{"auth_type":"admin","login":"two","password":"p"}`)
	c.code(401, "INVALID_TWO_FACTOR_CODE", "POST", tokensPath, `{"auth_type":"admin","login":"two","password":"p","code":"1"}`)
	c.code(401, "EXCEEDED_MAX_ATTEMPTS", "POST", tokensPath, customerSignIn("tyler", "soap"))
	c.want(201, "POST", tokensPath, keySignIn("9")) // a key is no login
	_, plain := setup(t, Options{})
	for range 100 {
		plain.want(401, "POST", tokensPath, customerSignIn("tyler", "wrong"))
	}
	plain.want(201, "POST", tokensPath, customerSignIn("tyler", "soap"))
}
