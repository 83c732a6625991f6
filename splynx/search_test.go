package splynx

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// search is one of each search that is filtered.
var searches = map[string]struct {
	find  func(context.Context, *Client) (int, error)
	query string // what has to be asked, decoded
	row   string // a row that matches
	// foreign are rows that prove that the filter was ignored; near are rows that MySQL may
	// take for equal.
	foreign, near []string
}{
	"invoices": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.InvoicesByNumber(ctx, " INV-1 ")
			return len(v), err
		},
		"main_attributes[number]=INV-1&order[id]=ASC&limit=100",
		`{"id":1,"number":"INV-1","total":1,"due":1}`,
		[]string{`{"id":2,"number":"INV-2","total":1,"due":1}`, `{"id":2,"total":1,"due":1}`, `{"id":2,"number":"INV-1a","total":1,"due":1}`},
		[]string{`{"id":2,"number":"inv-1","total":1,"due":1}`, `{"id":2,"number":"INV-1 ","total":1,"due":1}`},
	},
	"invoices of a customer": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.CustomerInvoicesByNumber(ctx, 7, " INV-1 ")
			return len(v), err
		},
		"main_attributes[number]=INV-1&main_attributes[customer_id]=7&order[id]=ASC&limit=100",
		`{"id":1,"customer_id":"7","number":"INV-1","total":1,"due":1}`,
		[]string{
			`{"id":2,"customer_id":8,"number":"INV-1","total":1,"due":1}`,
			`{"id":2,"number":"INV-1","total":1,"due":1}`,
			`{"id":2,"customer_id":7,"number":"INV-2","total":1,"due":1}`,
			`{"id":2,"customer_id":8,"number":"inv-1","total":1,"due":1}`,
		},
		[]string{`{"id":2,"customer_id":7,"number":"inv-1","total":1,"due":1}`},
	},
	"unpaid invoices": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.UnpaidInvoices(ctx, 7)
			return len(v), err
		},
		"main_attributes[customer_id]=7&main_attributes[status][0]=IN&main_attributes[status][1][0]=not_paid&main_attributes[status][1][1]=pending&order[id]=DESC&limit=100",
		`{"id":"3","customer_id":"7","status":"not_paid","total":"1.0000","due":"0.5000","deleted":"0"}`,
		[]string{
			`{"id":2,"customer_id":8,"status":"not_paid","total":1,"due":1}`,
			`{"id":2,"status":"not_paid","total":1,"due":1}`,
			`{"id":2,"customer_id":7,"status":"paid","total":1,"due":0}`,
			`{"id":2,"customer_id":7,"status":"deleted","total":1,"due":0}`,
			`{"id":2,"customer_id":7,"total":1,"due":0}`,
			`{"id":2,"customer_id":8,"status":"not_paid","deleted":"1","total":1,"due":1}`,
			`{"id":3,"customer_id":7,"status":"not_paid","total":1,"due":1}`,
			`{"id":4,"customer_id":7,"status":"not_paid","total":1,"due":1}`,
		},
		[]string{
			`{"id":2,"customer_id":7,"status":"not_paid","deleted":"1","total":1,"due":1}`,
			`{"id":2,"customer_id":7,"status":"Pending","total":1,"due":1}`,
		},
	},
	"unpaid proforma invoices": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.UnpaidProformas(ctx, 7)
			return len(v), err
		},
		"main_attributes[customer_id]=7&main_attributes[status][0]=IN&main_attributes[status][1][0]=not_paid&main_attributes[status][1][1]=pending&order[id]=DESC&limit=100",
		`{"id":3,"customer_id":7,"status":"pending","total":1}`,
		[]string{
			`{"id":2,"customer_id":8,"status":"pending","total":1}`,
			`{"id":2,"customer_id":7,"status":"paid","total":1}`,
		},
		[]string{`{"id":"2","customer_id":"7","status":"not_paid","deleted":"1","total":"1.0000"}`},
	},
	"proforma invoices": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.ProformasByNumber(ctx, " P-1 ")
			return len(v), err
		},
		"main_attributes[number]=P-1&order[id]=ASC&limit=100",
		`{"id":1,"number":"P-1","total":1}`,
		[]string{`{"id":2,"number":"P-2","total":1}`, `{"id":2,"total":1}`},
		[]string{`{"id":2,"number":"p-1","total":1}`},
	},
	"proforma invoices of a customer": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.CustomerProformasByNumber(ctx, 7, " P-1 ")
			return len(v), err
		},
		"main_attributes[number]=P-1&main_attributes[customer_id]=7&order[id]=ASC&limit=100",
		`{"id":1,"customer_id":"7","number":"P-1","total":1}`,
		[]string{`{"id":2,"customer_id":8,"number":"P-1","total":1}`, `{"id":2,"number":"P-1","total":1}`},
		[]string{`{"id":2,"customer_id":7,"number":"p-1","total":1}`},
	},
	"payments by receipt": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.PaymentsByReceipt(ctx, "R1", 7)
			return len(v), err
		},
		"main_attributes[receipt_number]=R1&main_attributes[customer_id]=7&order[id]=ASC&limit=100",
		`{"id":"1","customer_id":"7","receipt_number":"R1","amount":"1.0000"}`,
		[]string{
			`{"id":2,"customer_id":8,"receipt_number":"R1","amount":1}`,
			`{"id":2,"customer_id":7,"receipt_number":"R2","amount":1}`,
			`{"id":2,"customer_id":8,"receipt_number":"r1","amount":1}`,
			`{"id":2,"receipt_number":"R1","amount":1}`,
		},
		[]string{`{"id":2,"customer_id":7,"receipt_number":"r1","amount":1}`, `{"id":2,"customer_id":7,"receipt_number":"R1  ","amount":1}`},
	},
	"payments since": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.PaymentsSince(ctx, 7, time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("NZDT", 13*3600)))
			return len(v), err
		},
		"main_attributes[customer_id]=7&main_attributes[date][0]=>=&main_attributes[date][1]=2026-03-01&order[id]=ASC&limit=100",
		`{"id":1,"customer_id":7,"date":"2026-03-01","amount":1}`,
		[]string{
			`{"id":2,"customer_id":8,"date":"2026-03-01","amount":1}`,
			`{"id":2,"customer_id":7,"date":"2026-02-28","amount":1}`,
			`{"id":2,"customer_id":7,"date":"0000-00-00","amount":1}`,
		},
		nil,
	},
	"statements": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.StatementsByTitle(ctx, "Windcave 03/2026")
			return len(v), err
		},
		"main_attributes[title]=Windcave 03/2026&order[id]=ASC&limit=100",
		`{"id":1,"title":"Windcave 03/2026","status":"success"}`,
		[]string{`{"id":2,"title":"","status":"new"}`},
		[]string{`{"id":2,"title":"WINDCAVE 03/2026"}`},
	},
	"records": {
		func(ctx context.Context, c *Client) (int, error) {
			v, err := c.RecordsByMarker(ctx, "M1")
			return len(v), err
		},
		"main_attributes[additional_1]=M1&order[id]=ASC&limit=100",
		`{"id":1,"bank_statements_process_id":"4","additional_1":"M1","amount":"1"}`,
		[]string{`{"id":2,"bank_statements_process_id":4,"additional_1":"","amount":1}`},
		[]string{`{"id":2,"bank_statements_process_id":4,"additional_1":"m1","amount":1}`},
	},
}

func TestSearches(t *testing.T) {
	t.Parallel()
	for name, tt := range searches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := "[" + tt.row + "]"
			s := setup(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
			if n, err := tt.find(t.Context(), s.client); n != 1 || err != nil {
				t.Fatalf("%d rows, %v", n, err)
			}
			if q, err := url.QueryUnescape(s.seen(false)[0].query); q != tt.query || err != nil {
				t.Errorf("asked %s\nwant  %s", q, tt.query)
			}
			answer = "[]"
			if n, err := tt.find(t.Context(), s.client); n != 0 || err != nil {
				t.Errorf("nothing there: %d rows, %v", n, err)
			}
			for _, row := range tt.near {
				answer = "[" + tt.row + "," + row + "]"
				if n, err := tt.find(t.Context(), s.client); n != 1 || err != nil {
					t.Errorf("%s: %d rows, %v", row, n, err)
				}
			}
			for _, row := range tt.foreign {
				answer = "[" + tt.row + "," + row + "]"
				_, err := tt.find(t.Context(), s.client)
				theError(t, err, KindFilter)
			}
			// None of these is "nothing found".
			for _, bad := range []string{
				"", "null", "{}", `{"0":` + tt.row + "}", "[null]", "[[]]", "<html>login</html>", "[" + tt.row, `[{"id":0}]`, `[{"number":"INV-1"}]`, `"x"`, "0",
				`{"error":{"message":"x"}}`, strings.Replace("["+tt.row+"]", `"id":1`, `"id":{}`, 1) + "]",
			} {
				answer = bad
				_, err := tt.find(t.Context(), s.client)
				if e := theError(t, err, KindUnclear); e.HTTPStatus != 200 || strings.Contains(e.Error(), "INV-1") {
					t.Errorf("%s: %v", bad, e)
				}
			}
		})
	}
}

// An amount that is missing or odd makes the row, and so the list, unreadable.
func TestAmountIsNeverMadeUp(t *testing.T) {
	t.Parallel()
	for _, due := range []string{`"due":null`, `"due":""`, `"due":"x"`, `"due":[]`, `"Due_":1`} {
		s := setup(t, says(200, `[{"id":1,"number":"N","total":1,`+due+`}]`))
		_, err := s.client.InvoicesByNumber(t.Context(), "N")
		theError(t, err, KindUnclear)
	}
}

// manyInvoices answers n invoices of number N by limit and offset, as change has it.
func manyInvoices(t *testing.T, n int, change func(limit, offset int) (int, int)) *server {
	return setup(t, func(w http.ResponseWriter, r *http.Request) {
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		limit, offset = change(limit, offset)
		rows := []map[string]any{}
		for id := offset + 1; id <= min(n, offset+limit); id++ {
			rows = append(rows, map[string]any{"id": id, "number": "N", "total": "1.0000", "due": 0})
		}
		if err := json.NewEncoder(w).Encode(rows); err != nil {
			t.Error(err)
		}
	})
}

func TestPaging(t *testing.T) {
	t.Parallel()
	honest := func(l, o int) (int, int) { return l, o }
	for n, calls := range map[int]int{0: 1, 1: 1, 99: 1, 100: 2, 101: 2, 250: 3} {
		s := manyInvoices(t, n, honest)
		found, err := s.client.InvoicesByNumber(t.Context(), "N")
		if err != nil || len(found) != n || len(s.seen(false)) != calls {
			t.Errorf("%d: %d rows in %d calls, %v", n, len(found), len(s.seen(false)), err)
		}
		for i, v := range found {
			if v.ID != int64(i+1) {
				t.Fatalf("row %d has id %d", i, v.ID)
			}
		}
	}
	s := manyInvoices(t, 100, func(l, _ int) (int, int) { return l, 0 })
	_, err := s.client.InvoicesByNumber(t.Context(), "N")
	theError(t, err, KindFilter) // the offset is ignored
	s = manyInvoices(t, 150, func(_, _ int) (int, int) { return 1000, 0 })
	_, err = s.client.InvoicesByNumber(t.Context(), "N")
	theError(t, err, KindFilter) // the limit is ignored
	s = manyInvoices(t, 1<<30, honest)
	_, err = s.client.InvoicesByNumber(t.Context(), "N")
	if e := theError(t, err, KindUnclear); len(s.seen(false)) != maxPages || !strings.Contains(e.Error(), "10000") {
		t.Errorf("%d calls, %v", len(s.seen(false)), e)
	}
}

func TestNewest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ask    func(context.Context, *Client) ([]int64, error)
		before int64
		query  string
	}{
		"latest payments": {
			func(ctx context.Context, c *Client) ([]int64, error) {
				v, err := c.LatestPayments(ctx, 2)
				return ids(v, func(p Payment) int64 { return p.ID }), err
			}, 0, "order[id]=DESC&limit=2",
		},
		"payments": {
			func(ctx context.Context, c *Client) ([]int64, error) {
				v, err := c.NewestPayments(ctx, 0, 2)
				return ids(v, func(p Payment) int64 { return p.ID }), err
			}, 0, "order[id]=DESC&limit=2",
		},
		"payments before": {
			func(ctx context.Context, c *Client) ([]int64, error) {
				v, err := c.NewestPayments(ctx, 10, 2)
				return ids(v, func(p Payment) int64 { return p.ID }), err
			}, 10, "main_attributes[id][0]=<&main_attributes[id][1]=10&order[id]=DESC&limit=2",
		},
		"records before": {
			func(ctx context.Context, c *Client) ([]int64, error) {
				v, err := c.NewestRecords(ctx, 10, 2)
				return ids(v, func(r Record) int64 { return r.ID }), err
			}, 10, "main_attributes[id][0]=<&main_attributes[id][1]=10&order[id]=DESC&limit=2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := func(id int) string { return fmt.Sprintf(`{"id":%d,"customer_id":1,"amount":"1"}`, id) }
			answer := "[" + row(9) + "," + row(4) + "]"
			s := setup(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
			if got, err := tt.ask(t.Context(), s.client); err != nil || !slices.Equal(got, []int64{9, 4}) {
				t.Errorf("got %v, %v", got, err)
			}
			if q, _ := url.QueryUnescape(s.seen(false)[0].query); q != tt.query {
				t.Errorf("asked %s", q)
			}
			answer = "[]"
			if got, err := tt.ask(t.Context(), s.client); err != nil || len(got) != 0 {
				t.Errorf("nothing there: %v, %v", got, err)
			}
			bad := []string{"[" + row(4) + "," + row(9) + "]", "[" + row(4) + "," + row(4) + "]", "[" + row(9) + "," + row(4) + "," + row(3) + "]"}
			if tt.before > 0 {
				bad = append(bad, "["+row(10)+"]", "["+row(11)+","+row(4)+"]")
			}
			for _, answer = range bad {
				_, err := tt.ask(t.Context(), s.client)
				theError(t, err, KindFilter)
			}
		})
	}
}

func ids[T any](rows []T, id func(T) int64) []int64 {
	var all []int64
	for _, r := range rows {
		all = append(all, id(r))
	}
	return all
}

func TestReadOne(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"admin/customers/customer/7":              `{"id":"7","name":"Jane","status":"active","partner_id":"2","parent_id":null,"category":"person","password":"marked","deleted":"1","additional_attributes":[]}`,
		"admin/finance/payments/9":                `{"id":9,"customer_id":7,"invoice_id":12,"amount":57.5,"field_2":"X","date":"2026-03-01","deleted":"1"}`,
		"admin/finance/bank-statements-records/3": `{"id":3,"bank_statements_process_id":4,"customer_id":"7","payment_id":"9","status":"manual_paired","amount":"57.5000","additional_1":"M1"}`,
		"admin/config/company-info/2":             `{"company_name":" ACME ","splynx_url":"https://billing.example"}`,
		"admin/finance/invoices/12":               `{"id":13,"number":"other","total":1,"due":1}`,
		"admin/finance/invoices/14":               `[]`,
		"admin/finance/invoices/15":               `{"id":15,"customer_id":7,"number":"D","status":"deleted","total":"1","due":"1"}`,
		"admin/config/company-info/3":             `null`,
	}
	s := setup(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, bodies[strings.TrimPrefix(r.URL.Path, "/api/2.0/")])
	})
	ctx, c := t.Context(), s.client
	if v, err := c.Customer(ctx, 7); err != nil || *v != (Customer{ID: 7, Name: "Jane", Status: "active", PartnerID: 2, Category: "person", Deleted: true}) {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := c.Payment(ctx, 9); err != nil || v.InvoiceID != 12 || v.Fields[1] != "X" || !v.Deleted || v.Amount.String() != "57.5" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := c.Record(ctx, 3); err != nil || v.Status != RecordManualPaired || v.PaymentID != 9 || v.StatementID != 4 || v.Additional[0] != "M1" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := c.CompanyInfo(ctx, 2); err != nil || *v != (CompanyInfo{"ACME", "https://billing.example"}) {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := c.Invoice(ctx, 15); err != nil || !v.Deleted || v.Status != Deleted {
		t.Errorf("%+v, %v", v, err)
	}
	for _, id := range []int64{12, 14} { // another object, no object
		_, err := c.Invoice(ctx, id)
		theError(t, err, KindUnclear)
	}
	_, err := c.CompanyInfo(ctx, 3)
	theError(t, err, KindUnclear)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		check, methods http.HandlerFunc
		want           any // Kind, or nil for none
	}{
		"good":            {says(200, `{"status":"ok","message":"API is valid","same_server":0,"more":{"a":[]}}`), says(200, oneMethod), nil},
		"check is off":    {says(405, ``), says(200, oneMethod), nil},
		"wants a token":   {says(401, ``), says(200, oneMethod), nil},
		"another website": {says(200, `<html>`), says(200, oneMethod), KindUnclear},
		"login page":      {http.RedirectHandler("/login", http.StatusFound).ServeHTTP, says(200, oneMethod), KindUnclear},
		"no permission":   {says(200, `{}`), says(403, ``), KindAuth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/check") {
					tt.check(w, r)
					return
				}
				tt.methods(w, r)
			})
			err := s.client.Check(t.Context())
			if kind, bad := tt.want.(Kind); bad {
				theError(t, err, kind)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	s := setup(t, says(200, `{}`))
	s.http.Close()
	theError(t, s.client.Check(t.Context()), KindUnavailable)
}
