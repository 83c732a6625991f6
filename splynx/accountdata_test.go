package splynx

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

const (
	row74  = `{"account_id":4,"customer_id":7,"field_1":"marked-token","field_2":411111111,"field_3":null,"field_10":" last "}`
	row74s = `{"account_id":"4","customer_id":"7","field_1":"marked-token","field_2":"411111111","field_3":"","field_10":" last "}`
	row84  = `{"account_id":4,"customer_id":8,"field_1":"marked"}`
	row75  = `{"account_id":5,"customer_id":7,"field_1":"marked"}`

	notThere = `{"error":{"message":"marked","code":404,"internal_code":"NOT_FOUND"}}`
)

// told returns the fields that hold something, by number.
func told(d AccountData) map[int]string {
	fields := map[int]string{}
	for i, f := range d.Fields {
		if !f.Empty() {
			fields[i+1] = f.Reveal()
		}
	}
	return fields
}

func TestAccountData(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   any // true: row74, false: nothing, or a Kind
	}{
		"splynx 5":                 {200, "[" + row74 + "]", true},
		"splynx 4":                 {200, "[" + row74s + "]", true},
		"by itself":                {200, row74, true},
		"none":                     {200, `[]`, false},
		"not found":                {404, notThere, false},
		"another customer's":       {200, "[" + row84 + "]", KindFilter},
		"another account's":        {200, "[" + row75 + "]", KindFilter},
		"another's by itself":      {200, row84, KindFilter},
		"everybody's":              {200, "[" + row74 + "," + row84 + "]", KindFilter},
		"twice":                    {200, "[" + row74 + "," + row74 + "]", KindFilter},
		"the accounts themselves":  {200, `[{"id":4,"title":"Windcave","field_1":"Token"}]`, KindFilter},
		"nothing in a list":        {200, `[null]`, KindFilter},
		"web page":                 {200, `<html>marked`, KindUnclear},
		"empty":                    {200, ``, KindUnclear},
		"null":                     {200, `null`, KindUnclear},
		"word":                     {200, `"marked"`, KindUnclear},
		"object":                   {200, `{"marked":1}`, KindUnclear},
		"cut off":                  {200, "[" + row74, KindUnclear},
		"odd value":                {200, `[{"account_id":4,"customer_id":7,"field_1":["marked"]}]`, KindUnclear},
		"odd id":                   {200, `[{"account_id":4,"customer_id":"marked"}]`, KindUnclear},
		"not found by a web page":  {404, `<html>marked`, KindUnclear},
		"no permission":            {403, `{"error":{"message":"marked","code":403,"internal_code":"FORBIDDEN"}}`, KindAuth},
		"another partner's":        {405, `{"error":{"internal_code":"NOT_ALLOWED_BY_PARTNER_RESTRICTION"}}`, KindAuth},
		"refused":                  {422, `[{"field":"id","message":"marked"}]`, KindUnclear},
		"broken":                   {500, `{"error":{"message":"marked","internal_code":"SERVER_ERROR"}}`, KindUnclear},
		"redirected":               {302, ``, KindUnclear},
		"not available":            {503, `marked`, KindUnavailable},
		"another way of answering": {200, `{"0":` + row74 + `}`, KindUnclear},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, says(tt.status, tt.body))
			d, err := s.client.AccountData(t.Context(), 7, 4)
			noSecrets(t, fmt.Sprintf("%v %+v %#v", d, d, err)+s.logText())
			if c := s.seen(false)[0]; c.method != http.MethodGet || c.path != "admin/customers/customer-payment-accounts" || c.query != "id=7--4" {
				t.Errorf("asked %s %s?%s", c.method, c.path, c.query)
			}
			switch want := tt.want.(type) {
			case Kind:
				if e := theError(t, err, want); d != nil || !e.SurelyNot() || e.Message != "" || e.Permission != "CustomerPaymentAccounts view" {
					t.Errorf("%v, %+v", d, e)
				}
			case bool:
				if err != nil || (d != nil) != want {
					t.Fatalf("got %v, %v", d, err)
				}
				if want && (d.AccountID != 4 || d.CustomerID != 7 || !maps.Equal(told(*d), map[int]string{1: "marked-token", 2: "411111111", 10: " last "})) {
					t.Errorf("got %v of %d, %d", told(*d), d.CustomerID, d.AccountID)
				}
			}
		})
	}
}

func TestSetAccountData(t *testing.T) {
	t.Parallel()
	s := setup(t, says(202, ``))
	fields := map[int]secret.Secret{10: secret.New("é<&>"), 1: secret.New("marked-token"), 2: {}}
	if err := s.client.SetAccountData(t.Context(), 7, 4, fields); err != nil {
		t.Fatal(err)
	}
	const want = `PUT admin/customers/customer-payment-accounts?id=7--4 {"field_1":"marked-token","field_10":"é\u003c\u0026\u003e","field_2":""}`
	if c := s.seen(false)[0]; c.method+" "+c.path+"?"+c.query+" "+c.body != want {
		t.Errorf("sent %s %s?%s %s", c.method, c.path, c.query, c.body)
	}
	noSecrets(t, s.logText())
	long := strings.Repeat("é", MaxField)
	if err := s.client.SetAccountData(t.Context(), 7, 4, map[int]secret.Secret{1: secret.New(long)}); err != nil {
		t.Error(err)
	}
	for name, tt := range map[string]struct {
		customer, account int64
		fields            map[int]secret.Secret
	}{
		"no customer":   {0, 4, fields},
		"no account":    {7, 0, fields},
		"no fields":     {7, 4, nil},
		"field 0":       {7, 4, map[int]secret.Secret{0: secret.New("marked")}},
		"field 11":      {7, 4, map[int]secret.Secret{1: secret.New("marked"), 11: secret.New("marked")}},
		"too long":      {7, 4, map[int]secret.Secret{1: secret.New("marked"), 10: secret.New("marked" + long)}},
		"not UTF-8":     {7, 4, map[int]secret.Secret{1: secret.New("marked\xff")}},
		"is trimmed":    {7, 4, map[int]secret.Secret{1: secret.New("marked ")}},
		"has a newline": {7, 4, map[int]secret.Secret{1: secret.New("marked\nmarked")}},
	} {
		err := s.client.SetAccountData(t.Context(), tt.customer, tt.account, tt.fields)
		if e := theError(t, err, KindInput); !e.SurelyNot() || len(s.seen(false)) != 2 {
			t.Errorf("%s: %+v after %d calls", name, e, len(s.seen(false)))
		}
	}
	// What Splynx says of a value may repeat it.
	s = setup(t, says(422, `[{"field":"field_1","message":"plain-value is too long"}]`))
	err := s.client.SetAccountData(t.Context(), 7, 4, map[int]secret.Secret{1: secret.New("plain-value")})
	if e := theError(t, err, KindRefused); e.Message != "" || strings.Contains(err.Error(), "plain") {
		t.Errorf("%v", err)
	}
}

func TestDeleteAccountData(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deleted, read http.HandlerFunc // nil: not to be called
		kind          any              // nil for none
		surelyNot     bool
	}{
		"deleted":                  {says(204, ``), nil, nil, false},
		"was gone":                 {says(404, notThere), says(200, `[]`), nil, false},
		"was gone, a 404 for both": {says(404, notThere), says(404, notThere), nil, false},
		"a 404, but there":         {says(404, notThere), says(200, "["+row74+"]"), KindRefused, true},
		"a 404, another's there":   {says(404, notThere), says(200, "["+row84+"]"), KindRefused, true},
		"a 404, not seen":          {says(404, notThere), says(403, ``), KindRefused, true},
		"a web page's 404":         {says(404, `<html>marked`), nil, KindUnclear, false},
		"without id":               {says(400, `{"error":{"internal_code":"BAD_REQUEST"}}`), nil, KindRefused, true},
		"no permission":            {says(403, `{"error":{"message":"marked"}}`), nil, KindAuth, true},
		"web page":                 {says(200, `<html>marked`), nil, KindUnclear, false},
		"broken":                   {says(500, `marked`), nil, KindUnclear, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodDelete:
					tt.deleted(w, r)
				case tt.read == nil:
					t.Error("it was looked for")
				default:
					tt.read(w, r)
				}
			})
			err := s.client.DeleteAccountData(t.Context(), 7, 4)
			if c := s.seen(false)[0]; c.path != "admin/customers/customer-payment-accounts" || c.query != "id=7--4" || c.body != "" {
				t.Errorf("asked %s %s?%s", c.method, c.path, c.query)
			}
			if kind, bad := tt.kind.(Kind); bad {
				if e := theError(t, err, kind); e.SurelyNot() != tt.surelyNot || e.Permission != "CustomerPaymentAccounts delete" {
					t.Errorf("%+v", e)
				}
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	s := setup(t, says(204, ``))
	theError(t, s.client.DeleteAccountData(t.Context(), 0, 4), KindInput)
	theError(t, s.client.DeleteAccountData(t.Context(), 7, 0), KindInput)
	if len(s.seen(false)) != 0 {
		t.Error("calls were made")
	}
}

func TestAllAccountDataIsChecked(t *testing.T) {
	t.Parallel()
	row := func(customer, account int) string {
		return fmt.Sprintf(`{"account_id":%d,"customer_id":"%d","field_1":"marked"}`, account, customer)
	}
	for name, tt := range map[string]struct {
		answers []string
		kind    any // nil for none
		want    []int64
	}{
		"none":                {[]string{`[]`}, nil, nil},
		"two":                 {[]string{"[" + row(7, 4) + "," + row(9, 4) + "]"}, nil, []int64{7, 9}},
		"another account's":   {[]string{"[" + row(7, 4) + "," + row(9, 5) + "]"}, KindFilter, nil},
		"another order":       {[]string{"[" + row(9, 4) + "," + row(7, 4) + "]"}, KindFilter, nil},
		"twice":               {[]string{"[" + row(7, 4) + "," + row(7, 4) + "]"}, KindFilter, nil},
		"limit ignored":       {[]string{manyRows(1, dataPage+1)}, KindFilter, nil},
		"two pages":           {[]string{manyRows(1, dataPage), manyRows(dataPage+1, dataPage+1)}, nil, upTo(dataPage + 1)},
		"full page, then end": {[]string{manyRows(1, dataPage), `[]`}, nil, upTo(dataPage)},
		"condition ignored":   {[]string{manyRows(1, dataPage), manyRows(1, dataPage)}, KindFilter, upTo(dataPage)},
		"nobody's":            {[]string{`[{"account_id":4}]`}, KindUnclear, nil},
		"web page":            {[]string{`<html>marked`}, KindUnclear, nil},
		"web page later":      {[]string{manyRows(1, dataPage), `<html>marked`}, KindUnclear, upTo(dataPage)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			s := setup(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, tt.answers[n])
				n++
			})
			var got []int64
			var err error
			for d, e := range s.client.AllAccountData(t.Context(), 4) {
				if err = e; e == nil {
					got = append(got, d.CustomerID)
					noSecrets(t, fmt.Sprintf("%v %+v", d, d))
				}
			}
			if kind, bad := tt.kind.(Kind); bad {
				theError(t, err, kind)
			} else if err != nil {
				t.Error(err)
			}
			if !slices.Equal(got, tt.want) || n != len(tt.answers) {
				t.Errorf("got %d rows in %d calls", len(got), n)
			}
		})
	}
	s := setup(t, says(200, manyRows(1, dataPage)))
	for _, err := range s.client.AllAccountData(t.Context(), 0) {
		theError(t, err, KindInput)
	}
	for d := range s.client.AllAccountData(t.Context(), 4) {
		if d.CustomerID == 3 {
			break
		}
	}
	if n := len(s.seen(false)); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// manyRows is a page of account 4, of the customers first to last.
func manyRows(first, last int) string {
	rows := []string{}
	for id := first; id <= last; id++ {
		rows = append(rows, fmt.Sprintf(`{"account_id":4,"customer_id":%d,"field_1":"marked"}`, id))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

func upTo(last int64) []int64 {
	var all []int64
	for id := int64(1); id <= last; id++ {
		all = append(all, id)
	}
	return all
}

// The longest values that Splynx can keep come through in a full page, escaped as PHP does.
func TestFullPageOfAccountDataIsRead(t *testing.T) {
	t.Parallel()
	fields := ""
	for n := 1; n <= AccountFields; n++ {
		fields += fmt.Sprintf(`,"field_%d":"%s"`, n, strings.Repeat(`\u00e9`, MaxField))
	}
	rows := []string{}
	for id := 1; id <= dataPage; id++ {
		rows = append(rows, fmt.Sprintf(`{"account_id":4,"customer_id":%d%s}`, id, fields))
	}
	page := "[" + strings.Join(rows, ",") + "]"
	s := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "=0&") { // above 0: the first page
			_, _ = io.WriteString(w, page)
			return
		}
		_, _ = io.WriteString(w, `[]`)
	})
	n := 0
	for _, err := range s.client.AllAccountData(t.Context(), 4) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != dataPage {
		t.Errorf("%d rows", n)
	}
}
