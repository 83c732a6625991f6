package splynxtest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddCustomer(Customer{Name: "Two"})
	for _, p := range []Payment{
		{CustomerID: 1, Receipt: "A1", Amount: "10", Date: "2026-03-01"},
		{CustomerID: 2, Receipt: "a1 ", Amount: "9.5", Date: "2026-03-02"},
		{CustomerID: 1, Receipt: "B%2", Amount: "100", Date: "2026-03-03", InvoiceID: 1},
		{CustomerID: 2, Receipt: "x,a1,y", Amount: "10.0001", Date: "2026-03-04"},
		{CustomerID: 1, Receipt: "gone", Amount: "1"},
	} {
		s.InsertPayment(p)
	}
	s.DeletePayment(5)
	for _, tt := range []struct{ query, ids string }{
		{"", "1 2 3 4"},
		{"customer_id=1", "1 2 3 4"},
		{"receipt_number=A1&attributes[customer_id]=1", "1 2 3 4"},
		{"main_attributes[customer_id]=1", "1 3"},
		{"main_attributes[customer_id]=1x", "1 3"},
		{"main_attributes[customer_id]=x", ""},
		{"main_attributes[receipt_number]=A1", "1 2"},
		{"main_attributes[receipt_number]=a1", "1 2"},
		{"main_attributes[receipt_number]=A1&main_attributes[customer_id]=1", "1"},
		{"main_attributes[receipt_number]=A", ""},
		{"main_attributes[receipt_number]=", ""},
		{"main_attributes[no_such]=1", "1 2 3 4"},
		{"main_attributes[amount]=10", "1"},
		{"main_attributes[amount]=10.0001", "4"},
		{"main_attributes[customer_id][0]==&main_attributes[customer_id][1]=2", "2 4"},
		{"main_attributes[customer_id][0]=!=&main_attributes[customer_id][1]=2", "1 3"},
		{"main_attributes[customer_id][0]=<>&main_attributes[customer_id][1]=2", "1 3"},
		{"main_attributes[amount][0]=>&main_attributes[amount][1]=10", "3 4"},
		{"main_attributes[amount][0]=>=&main_attributes[amount][1]=10", "1 3 4"},
		{"main_attributes[amount][0]=<&main_attributes[amount][1]=10", "2"},
		{"main_attributes[amount][0]=<=&main_attributes[amount][1]=10", "1 2"},
		{"main_attributes[date][0]=>=&main_attributes[date][1]=2026-03-03", "3 4"},
		{"main_attributes[date][0]=BETWEEN&main_attributes[date][1]=2026-03-02&main_attributes[date][2]=2026-03-03", "2 3"},
		{"main_attributes[id][0]=IN&main_attributes[id][1][0]=1&main_attributes[id][1][1]=4&main_attributes[id][1][2]=9", "1 4"},
		{"main_attributes[id][0]=IN&main_attributes[id][1][]=2&main_attributes[id][1][]=3", "2 3"},
		{"main_attributes[receipt_number][0]=LIKE&main_attributes[receipt_number][1]=1", "1 2 4"},
		{"main_attributes[receipt_number][0]=like&main_attributes[receipt_number][1]=b%25", "3"},
		{"main_attributes[receipt_number][0]=LIKE&main_attributes[receipt_number][1]=_1", "1"},
		{"main_attributes[receipt_number][0]=REGEXP&main_attributes[receipt_number][1]=^[ab]", "1 2 3"},
		{"main_attributes[receipt_number][0]=FIND_IN_SET&main_attributes[receipt_number][1]=A1", "1 2 4"},
		{"main_attributes[invoice_id][0]=IS&main_attributes[invoice_id][1]=null", "1 2 4"},
		{"main_attributes[invoice_id]=0", ""},
		{"main_attributes[invoice_id][0]=!=&main_attributes[invoice_id][1]=7", "3"},
		{"order[id]=DESC", "4 3 2 1"},
		{"order[customer_id]=ASC&order[amount]=desc", "3 1 4 2"},
		{"order[id]=DESC&limit=2", "4 3"},
		{"order[id]=DESC&limit=2&offset=3", "1"},
		{"limit=0", ""},
		{"limit=x&offset=y", "1 2 3 4"},
		{"offset=9", ""},
	} {
		got := idsOf(rowsOf(t, c.want(200, "GET", "admin/finance/payments?"+escape(tt.query), "")))
		if got != tt.ids {
			t.Errorf("%s: rows %q, want %q", tt.query, got, tt.ids)
		}
	}
}

// escape writes a query as PHP does, brackets included.
func escape(query string) string {
	return strings.NewReplacer("[", "%5B", "]", "%5D", ">", "%3E", "<", "%3C", "==", "=%3D", "!=", "!%3D", ">=", "%3E%3D",
		"<=", "%3C%3D", "^", "%5E").Replace(query)
}

func idsOf(rows []map[string]any) string {
	var ids []string
	for _, r := range rows {
		ids = append(ids, fmt.Sprint(r["id"]))
	}
	return strings.Join(ids, " ")
}

func TestSearchRefused(t *testing.T) {
	t.Parallel()
	_, c := setup(t, Options{})
	for query, status := range map[string]int{
		"main_attributes[id][0]=SOUNDS&main_attributes[id][1]=1":         400,
		"main_attributes[id][0]=BETWEEN&main_attributes[id][1]=1":        400,
		"main_attributes[number][0]=REGEXP&main_attributes[number][1]=(": 500,
		"main_attributes[id][5]=1":                                       400,
	} {
		c.want(status, "GET", "admin/finance/invoices?"+escape(query), "")
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	for range 3 {
		s.InsertPayment(Payment{CustomerID: 1, Amount: "1", Receipt: "A"})
	}
	for query, want := range map[string]string{
		"": "3", "limit=1&offset=1": "3", "main_attributes[id]=2": "1", "main_attributes[id]=9": "0",
	} {
		resp, _, err := c.try("HEAD", "admin/finance/payments?"+escape(query), "")
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 204 || resp.Header.Get("X-total-count") != want {
			t.Errorf("%q: %d, count %q, want %s", query, resp.StatusCode, resp.Header.Get("X-total-count"), want)
		}
		if resp.Header.Get("Access-Control-Expose-Headers") != "X-total-count" {
			t.Error("the count is not exposed")
		}
	}
}

// The queries of the vectors are read as what they were made from.
func TestQueryVectors(t *testing.T) {
	t.Parallel()
	var vectors struct {
		Queries []struct{ Query, Decoded string } `json:"search_query"`
	}
	capture(t, "vectors.json", &vectors)
	want := []string{
		"added_by = api; login LIKE durden; partner_id BETWEEN 1,10",
		"number = 202201000409",
		"customer_id = 7; status IN not_paid,pending",
	}
	for i, v := range vectors.Queries {
		q := parseQuery(v.Query)
		if got := describe(q.conditions()); got != want[i] {
			t.Errorf("%s: read as %s, want %s", v.Decoded, got, want[i])
		}
	}
	q := parseQuery(vectors.Queries[0].Query)
	if q.child("order").child("id").string() != "DESC" || q.child("limit").string() != "10" || q.child("offset").string() != "20" {
		t.Errorf("order, limit or offset: %+v", q)
	}
	if got := q.child("additional_attributes").child("sex").child("1").texts(); fmt.Sprint(got) != "[male female]" {
		t.Errorf("additional attributes: %v", got)
	}
}

// The log says what was searched for.
func TestSearchInLog(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(200, "GET", "admin/finance/payments?"+url.Values{
		"main_attributes[receipt_number]": {"A1"}, "main_attributes[customer_id]": {"7"}, "token": {"secret"},
	}.Encode(), "")
	if e := s.Log()[0]; e.Search != "customer_id = 7; receipt_number = A1" || e.Committed || e.Status != 200 {
		t.Errorf("%+v", e)
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("main_attributes[login][0]=LIKE&main_attributes[login][1]=durden")
	f.Add("a[b][][c]=1&a=2&a[b]=3&[=4&a[b=5&%zz=1")
	f.Add("main_attributes[id][0]=IN&main_attributes[id][1][]=1")
	f.Add("main_attributes[amount]=1e99&order[amount]=DESC&limit=-1&offset=-5")
	s := New(Options{})
	f.Cleanup(s.Close)
	s.AddCustomer(Customer{Name: "x"})
	s.InsertPayment(Payment{CustomerID: 1, Amount: "1"})
	f.Fuzz(func(t *testing.T, raw string) {
		q := parseQuery(raw)
		rows, bad := s.payments.search(q.conditions())
		if bad != nil && len(rows) > 0 {
			t.Error("rows with a refusal")
		}
		if len(s.payments.arrange(rows, q)) > 1 {
			t.Error("more rows than there are")
		}
	})
}
