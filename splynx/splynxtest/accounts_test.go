package splynxtest

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const accountDataPath = "admin/customers/customer-payment-account-data"

// card is what a careful caller stores.
const card = `{"field_1":"0000010000000001","field_2":"411111........11","field_3":"Visa","field_4":"12/29"}`

func fields(values ...string) (ten [10]string) {
	copy(ten[:], values)
	return ten
}

func TestPaymentAccountDefinitions(t *testing.T) {
	t.Parallel()
	for st, id := range map[Style]string{V5: `4`, V4: `"4"`} {
		s, c := setup(t, Options{Style: st})
		want := `[{"id":` + id + `,"title":"Payment Express","field_1":"Billing ID","field_2":"Card number","field_3":"Card type",` +
			`"field_4":"Expires","field_5":"","field_6":"","field_7":"","field_8":"","field_9":"","field_10":""}]`
		if got := c.want(200, "GET", accountsPath, ""); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		if id := s.AddPaymentAccount(PaymentAccount{Title: "Another", Fields: fields("Token")}); id != AddOnAccountID+1 {
			t.Errorf("the next id is %d", id)
		}
		all := s.PaymentAccounts()
		if len(all) != 2 || all[0].ID != AddOnAccountID || !reflect.DeepEqual(all[1], PaymentAccount{5, "Another", fields("Token")}) {
			t.Errorf("%+v", all)
		}
		resp, _, err := c.try("HEAD", accountsPath, "")
		if err != nil || resp.StatusCode != 204 || resp.Header.Get("X-Total-Count") != "2" {
			t.Errorf("%v %v", resp, err)
		}
		c.code(405, "METHOD_DISABLED", "POST", accountsPath, `{"title":"no"}`)
		c.code(400, "BAD_REQUEST", "PUT", accountsPath, card)
		c.code(400, "BAD_REQUEST", "DELETE", accountsPath, "")
	}
	_, c := setup(t, Options{NoPaymentAccount: true})
	if got := c.want(200, "GET", accountsPath, ""); got != "[]" {
		t.Errorf("where the add-on never was: %s", got)
	}
}

// A row is made, changed field by field, read in both ways and deleted.
func TestAccountData(t *testing.T) {
	t.Parallel()
	for st, ids := range map[Style]string{V5: `"account_id":4,"customer_id":1`, V4: `"account_id":"4","customer_id":"1"`} {
		s, c := setup(t, Options{Style: st})
		s.AddCustomer(Customer{Name: "Marla"})
		another := s.AddPaymentAccount(PaymentAccount{Title: "Another"})
		if _, ok := s.AccountData(1, AddOnAccountID); ok {
			t.Error("a fresh customer has a row")
		}
		if got := c.want(202, "PUT", accountsPath+"?id=1--4", card); got != "" {
			t.Errorf("PUT answers %q", got)
		}
		c.want(202, "PUT", accountsPath+"?id=1--4", `{"field_2":"545454........54","field_10":10,"field_3":null,"customer_id":2,"id":9,"other":"x"}`)
		c.want(202, "PUT", accountsPath+"?id=2--4", `{}`)
		s.SetAccountData(1, another, map[int]string{1: "by hand"})
		mine := `{` + ids + `,"field_1":"0000010000000001","field_2":"545454........54","field_3":"","field_4":"12/29",` +
			`"field_5":"","field_6":"","field_7":"","field_8":"","field_9":"","field_10":"10"}`
		if got := c.want(200, "GET", accountsPath+"?id=1--4", ""); got != "["+mine+"]" {
			t.Errorf("\n got %s\nwant [%s]", got, mine)
		}
		if got := c.want(200, "GET", accountsPath+"?id=1", ""); !strings.HasPrefix(got, "["+mine+",") || !strings.Contains(got, "by hand") {
			t.Errorf("both rows: %s", got)
		}
		if rows := rowsOf(t, c.want(200, "GET", accountDataPath, "")); len(rows) != 3 {
			t.Errorf("%v", rows)
		}
		if rows := rowsOf(t, c.want(200, "GET", accountDataPath+"?customer_id=1", "")); len(rows) != 3 {
			t.Errorf("a plain query name filters: %v", rows)
		}
		if row, ok := s.AccountData(1, AddOnAccountID); !ok || row != (AccountRow{1, 4, fields("0000010000000001", "545454........54", "", "12/29", "", "", "", "", "", "10")}) {
			t.Errorf("%+v", row)
		}
		c.want(204, "DELETE", accountsPath+"?id=1--4", "")
		if got := c.want(200, "GET", accountsPath+"?id=1--4", ""); got != "[]" {
			t.Errorf("after deleting: %s", got)
		}
		if n := len(s.AllAccountData()); n != 2 || len(rowsOf(t, c.want(200, "GET", accountDataPath, ""))) != n {
			t.Errorf("%d rows are left", n)
		}
		c.want(202, "PUT", accountsPath+"?id=1--4", `{"field_4":"01/30"}`)
		if row, _ := s.AccountData(1, AddOnAccountID); row.Fields != fields("", "", "", "01/30") {
			t.Errorf("a deleted row came back: %+v", row)
		}
	}
}

func TestAccountDataThatCannotBe(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(202, "PUT", accountsPath+"?id=1--4", card)
	before := s.AllAccountData()
	for _, tt := range []struct {
		status             int
		code, method, path string
		body               string
	}{
		{404, "NOT_FOUND", "PUT", accountsPath + "?id=9--4", card},
		{404, "NOT_FOUND", "PUT", accountsPath + "?id=1--9", card},
		{404, "NOT_FOUND", "DELETE", accountsPath + "?id=1--9", ""},
		{404, "NOT_FOUND", "DELETE", accountsPath + "?id=9--4", ""},
		{400, "BAD_REQUEST", "PUT", accountsPath + "?id=1", card},
		{400, "BAD_REQUEST", "DELETE", accountsPath + "?id=1", ""},
		{404, "NOT_FOUND", "GET", accountsPath + "?id=x", ""},
		{404, "NOT_FOUND", "GET", accountsPath + "?id=1--", ""},
		{404, "NOT_FOUND", "GET", accountsPath + "?id=1--0", ""},
		{404, "NOT_FOUND", "PUT", accountsPath + "?id=1--4--4", card},
		{404, "NOT_FOUND", "PUT", accountsPath + "/1--4", card},
		{404, "NOT_FOUND", "GET", accountsPath + "/4", ""},
		{404, "NOT_FOUND", "GET", accountDataPath + "/1", ""},
		{405, "METHOD_DISABLED", "POST", accountDataPath, card},
		{405, "METHOD_DISABLED", "DELETE", accountDataPath + "/1", ""},
		{400, "BAD_REQUEST", "PUT", accountsPath + "?id=1--4", `field_1`},
		{422, "INVALID_INPUT_DATA", "PUT", accountsPath + "?id=1--4", `{"field_1":"new","field_9":"` + strings.Repeat("é", 256) + `"}`},
		{422, "INVALID_INPUT_DATA", "PUT", accountsPath + "?id=1--4", `{"field_1":["new"]}`},
	} {
		c.code(tt.status, tt.code, tt.method, tt.path, tt.body)
	}
	for _, id := range []string{"9", "9--4", "1--9"} {
		if got := c.want(200, "GET", accountsPath+"?id="+id, ""); got != "[]" {
			t.Errorf("?id=%s: %s", id, got)
		}
	}
	if got := s.AllAccountData(); !reflect.DeepEqual(got, before) {
		t.Errorf("refused calls changed %+v into %+v", before, got)
	}
	c.want(202, "PUT", accountsPath+"?id=1--4", `{"field_9":"`+strings.Repeat("é", 255)+`"}`)
	for name, f := range map[string]func(){
		"customer": func() { s.SetAccountData(9, 4, nil) },
		"account":  func() { s.SetAccountData(1, 9, nil) },
		"field":    func() { s.SetAccountData(1, 4, map[int]string{0: "x"}) },
		"length":   func() { s.SetAccountData(1, 4, map[int]string{1: strings.Repeat("x", 256)}) },
		"id taken": func() { s.AddPaymentAccount(PaymentAccount{ID: 4}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			f()
		}()
	}
}

func TestAccountPermissions(t *testing.T) {
	t.Parallel()
	calls := []struct {
		action, method, path string
		status               int
	}{
		{"index", "GET", accountsPath, 200},
		{"index", "GET", accountDataPath, 200},
		{"view", "GET", accountsPath + "?id=1", 200},
		{"update", "PUT", accountsPath + "?id=1--4", 202},
		{"delete", "DELETE", accountsPath + "?id=1--4", 204},
	}
	for _, action := range []string{"index", "view", "update", "delete", "add"} {
		s, c := setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, Permissions: map[string][]string{"CustomerPaymentAccounts": {action}}}}})
		s.SetAccountData(1, 4, map[int]string{1: "token"})
		for _, tt := range calls {
			if tt.action == action {
				c.want(tt.status, tt.method, tt.path, card)
				continue
			}
			c.code(403, "FORBIDDEN", tt.method, tt.path, card)
		}
	}
	_, c, _ := house(t, Options{})
	c.signIn(`{"auth_type":"customer","login":"tyler","password":"soap"}`)
	for _, tt := range calls {
		c.code(403, "FORBIDDEN", tt.method, tt.path, card)
	}
}

// A key of one partner reads and writes the rows of its customers alone.
func TestAccountsOfAnotherPartner(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, PartnerID: 1}}})
	north := s.AddCustomer(Customer{Name: "North", PartnerID: s.AddPartner("North", "North")})
	s.SetAccountData(1, 4, map[int]string{1: "main"})
	s.SetAccountData(north, 4, map[int]string{1: "north"})
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		c.code(403, "NOT_ALLOWED_BY_PARTNER_RESTRICTION", method, accountsPath+"?id=2--4", card)
	}
	if rows := rowsOf(t, c.want(200, "GET", accountDataPath, "")); len(rows) != 1 || rows[0]["field_1"] != "main" {
		t.Errorf("%v", rows)
	}
	s.Inject(Fault{Op: "GET customer-payment-accounts", Kind: IgnoreFilter})
	if rows := rowsOf(t, c.want(200, "GET", accountsPath+"?id=1", "")); len(rows) != 1 || rows[0]["field_1"] != "main" {
		t.Errorf("without the filter: %v", rows)
	}
	s.RemoveCustomer(north)
	if got := c.want(200, "GET", accountsPath+"?id=2", ""); got != "[]" {
		t.Errorf("of a customer who is gone: %s", got)
	}
	if got := c.want(200, "GET", accountsPath, ""); got == "[]" {
		t.Error("the definitions are hidden")
	}
}

// What goes wrong with payments goes wrong here too.
func TestFaultsOfStoring(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fault  Fault
		status int // 0: no answer
		stored bool
	}{
		{"500 before", Fault{Kind: Status}, 500, false},
		{"500 after", Fault{Kind: Status, Commit: true}, 500, true},
		{"503", Fault{Kind: Status, Status: 503}, 503, false},
		{"cut before", Fault{Kind: Cut}, 0, false},
		{"cut after", Fault{Kind: Cut, Commit: true}, 0, true},
		{"refused", Fault{Kind: Refuse}, 0, false},
		{"garbage after", Fault{Kind: Garbage, Commit: true}, 202, true},
		{"login page", Fault{Kind: LoginPage}, 200, false},
		{"slow", Fault{Kind: Slow, Delay: time.Nanosecond}, 202, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, c := setup(t, Options{})
			tt.fault.Op = "PUT customer-payment-accounts"
			s.Inject(tt.fault)
			c.want(200, "GET", accountsPath+"?id=1--4", "") // another operation, not met
			resp, _, err := c.try("PUT", accountsPath+"?id=1--4", card)
			if (err != nil) != (tt.status == 0) || err == nil && resp.StatusCode != tt.status {
				t.Errorf("answer %v, error %v; want %d", resp, err, tt.status)
			}
			if _, ok := s.AccountData(1, 4); ok != tt.stored {
				t.Errorf("stored is %v", ok)
			}
			e := s.Log()[len(s.Log())-1]
			if e.Fault != tt.fault.Kind || e.Committed != tt.stored || e.Resource != "customer-payment-accounts" ||
				tt.fault.Kind != Refuse && (e.CustomerID != 1 || e.ID != 4) {
				t.Errorf("log %+v", e)
			}
		})
	}
}

// A PUT whose caller gave up commits later, over what was stored meanwhile.
func TestLateStoring(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := setup(t, Options{})
		s.Inject(Fault{Op: "PUT customer-payment-accounts", Kind: Late, Hold: time.Second, Delay: 30 * time.Second})
		if _, _, err := c.try("PUT", accountsPath+"?id=1--4", card); err == nil {
			t.Error("answered")
		}
		c.want(202, "PUT", accountsPath+"?id=1--4", `{"field_1":"newer"}`)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if row, _ := s.AccountData(1, 4); row.Fields[0] != "0000010000000001" {
			t.Errorf("%+v", row)
		}
		if log := s.Log(); !log[len(log)-1].Late || !log[len(log)-1].Committed || log[len(log)-1].CustomerID != 1 {
			t.Errorf("%+v", log)
		}
		c.http.CloseIdleConnections()
		s.Close()
	})
}

// A search that forgets whose card is asked for gives everybody's.
func TestFaultsOfReadingCards(t *testing.T) {
	t.Parallel()
	for _, path := range []string{accountsPath + "?id=2--4", accountDataPath + "?" + escape("main_attributes[customer_id]=2")} {
		s, c := setup(t, Options{})
		s.AddCustomer(Customer{Name: "Marla"})
		s.SetAccountData(1, 4, map[int]string{1: "tyler"})
		s.SetAccountData(2, 4, map[int]string{1: "marla"})
		for _, tt := range []struct {
			kind Kind
			want int
		}{{IgnoreFilter, 2}, {EmptySearch, 0}, {MissNewest, 0}, {"", 1}} {
			if tt.kind != "" {
				s.Inject(Fault{Op: "GET *", Kind: tt.kind})
			}
			if rows := rowsOf(t, c.want(200, "GET", path, "")); len(rows) != tt.want {
				t.Errorf("%s, %s: %v", path, tt.kind, rows)
			}
		}
	}
}

// Every change can be read back, in order, with who made it; the log of calls names whose card it was.
func TestAccountHistory(t *testing.T) {
	t.Parallel()
	s, c, _ := house(t, Options{})
	c.want(202, "PUT", accountsPath+"?id=1--4", `{"field_1":"a"}`)
	s.SetAccountData(1, 4, map[int]string{2: "b"})
	c.signIn(`{"auth_type":"admin","login":"bob","password":"his name"}`)
	c.want(204, "DELETE", accountsPath+"?id=1--4", "")
	c.want(404, "DELETE", accountsPath+"?id=1--4", "")
	want := []AccountChange{
		{AccountRow{1, 4, fields("a")}, noon, "api", false},
		{AccountRow{1, 4, fields("a", "b")}, noon, "staff", false},
		{AccountRow{1, 4, fields("a", "b")}, noon, "admin", true},
	}
	if got := s.AccountChanges(); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	log := s.Log()
	for i, e := range []Entry{
		{Method: "DELETE", Status: 204, Committed: true}, {Method: "DELETE", Status: 404},
	} {
		e.Time, e.Resource, e.ID, e.CustomerID = noon, "customer-payment-accounts", 4, 1
		if got := log[len(log)-2+i]; got != e {
			t.Errorf("\n got %+v\nwant %+v", got, e)
		}
	}
}

func TestBillingShowsThePaymentMethod(t *testing.T) {
	t.Parallel()
	for st, want := range map[Style]string{V5: `"payment_method":3,`, V4: `"payment_method":"3",`} {
		_, c := setup(t, Options{Style: st})
		c.want(202, "PUT", "admin/customers/customer-billing/1", `{"payment_method":3}`)
		if got := c.want(200, "GET", "admin/customers/customer-billing/1", ""); !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}
