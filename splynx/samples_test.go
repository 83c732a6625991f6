package splynx

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decimal(t testing.TB, s string) Decimal {
	t.Helper()
	d, err := ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func decoded[W wireRow[T], T any](t *testing.T, raw []byte) (T, error) {
	t.Helper()
	var w W
	if err := decode(raw, &w); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return w.value()
}

func TestInvoiceOfSplynx5(t *testing.T) {
	t.Parallel()
	var raw json.RawMessage
	sample(t, "recorded/invoice-live-5x.json", &raw)
	got, err := decoded[wireInvoice](t, raw)
	want := Invoice{
		ID: 137737, CustomerID: 693, Number: "000007_0.22966300 1756472751", Status: NotPaid,
		Total: decimal(t, "69354.84"), Due: decimal(t, "69354.84"),
		DateCreated: date(t, "2022-08-19"), DateTill: date(t, "2022-08-28"),
	}
	if err != nil || !cmp.Equal(got, want, dates) {
		t.Error(err, cmp.Diff(want, got, dates))
	}
	if got.Due.String() != "69354.84" {
		t.Errorf("due %s", got.Due)
	}
}

var dates = cmp.Comparer(func(a, b Date) bool { return a == b })

func TestObjectsOfSplynx4(t *testing.T) {
	t.Parallel()
	var dumps map[string]json.RawMessage
	sample(t, "dumps/template-var-dumps.json", &dumps)
	paid := Invoice{
		ID: 2614, CustomerID: 7332, Number: "202201000409", Status: Paid, Total: decimal(t, "120"), Due: decimal(t, "0"), PaymentID: 1821,
		DateCreated: date(t, "2022-04-20"), DateTill: date(t, "2022-05-05"), DatePayment: date(t, "2022-04-20"),
	}
	open := Invoice{
		ID: 2615, CustomerID: 7332, Number: "202201000410", Status: NotPaid, Total: decimal(t, "220"), Due: decimal(t, "220"),
		DateCreated: date(t, "2022-04-20"), DateTill: date(t, "2022-05-05"),
	}
	for name, want := range map[string]Invoice{"invoice_1": paid, "invoice_2": paid, "invoice_3": open} {
		got, err := decoded[wireInvoice](t, dumps[name])
		if err != nil || !cmp.Equal(got, want, dates) {
			t.Error(name, err, cmp.Diff(want, got, dates))
		}
	}
	payment, err := decoded[wirePayment](t, dumps["payment"])
	wantPayment := Payment{
		ID: 1822, CustomerID: 7332, RequestID: 226, PaymentType: 1, ReceiptNumber: "2022-01-00215", Date: date(t, "2022-04-20"),
		Amount: decimal(t, "100"), AddedBy: "admin", CreatedAt: date(t, "2022-04-20 16:50:49"),
	}
	if err != nil || !cmp.Equal(payment, wantPayment, dates) {
		t.Error(err, cmp.Diff(wantPayment, payment, dates))
	}
	billing := setup(t, says(200, string(dumps["customer_billing"])))
	if b, err := billing.client.Billing(t.Context(), 7331); err != nil || b.PaymentMethod != 1 || !cmp.Equal(b.Deposit, decimal(t, "363")) {
		t.Errorf("billing %+v, %v", b, err)
	}
	// A proforma invoice has no due amount, and is not to be taken for an invoice.
	if got, err := decoded[wireInvoice](t, dumps["proforma_invoice"]); err == nil {
		t.Errorf("a proforma invoice became %+v", got)
	}
}

func TestAnswersOfSplynx5(t *testing.T) {
	t.Parallel()
	var answers map[string]struct {
		Body json.RawMessage `json:"body_first_records"`
	}
	sample(t, "recorded/get-samples.json", &answers)
	s := setup(t, says(200, string(answers["admin/finance/payment-methods"].Body)))
	methods, err := s.client.PaymentMethods(t.Context())
	want := []PaymentMethod{
		{1, "Cash", true, [5]string{"Payer"}},
		{2, "Bank transfer", true, [5]string{"Account", "Transaction ID"}},
		{3, "Credit card", true, [5]string{"Number", "Transaction ID"}},
		{5, "Other", true, [5]string{}},
		{6, "Refill card", true, [5]string{"Card"}},
	}
	if err != nil || !cmp.Equal(methods, want) {
		t.Error(err, cmp.Diff(want, methods))
	}
	var statements []json.RawMessage
	if err := json.Unmarshal(answers["admin/finance/bank-statements"].Body, &statements); err != nil {
		t.Fatal(err)
	}
	got, err := decoded[wireStatement](t, statements[0])
	if wantStatement := (Statement{ID: 1, Status: "new", At: date(t, "2025-09-12 07:10:49")}); err != nil || got != wantStatement {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Every value of every sample, also of objects that this package does not use, is read by
// the decoder that its name asks for.
func TestEveryValueOfTheSamples(t *testing.T) {
	t.Parallel()
	ids := regexp.MustCompile(`(^|_)id$|^(pos|quantity|records|processed|errors|new|canceled)$`)
	moneys := regexp.MustCompile(`^(total|due|price|tax|tax_amount|tax_percent|amount|remind_amount|deposit|min_balance|month_price)$`)
	days := regexp.MustCompile(`^date|^period_|_at$|datetime$`)
	flags := regexp.MustCompile(`^(is_|deleted$|use_transactions|payd_from|enabled$|to_invoice)`)
	count := map[string]int{}
	var walk func(name string, raw json.RawMessage)
	try := func(kind, name string, raw json.RawMessage, into json.Unmarshaler) {
		count[kind]++
		if err := into.UnmarshalJSON(raw); err != nil {
			t.Errorf("%s %s=%s: %v", kind, name, raw, err)
		}
	}
	walk = func(name string, raw json.RawMessage) {
		var object map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case json.Unmarshal(raw, &object) == nil && object != nil:
			for k, v := range object {
				walk(k, v)
			}
		case json.Unmarshal(raw, &list) == nil && list != nil:
			for _, v := range list {
				walk(name, v)
			}
		case ids.MatchString(name):
			try("id", name, raw, new(wireID))
		case moneys.MatchString(name):
			if string(raw) != "null" {
				try("amount", name, raw, new(Decimal))
			}
		case days.MatchString(name):
			try("date", name, raw, new(Date))
		case flags.MatchString(name):
			try("flag", name, raw, new(wireFlag))
		default:
			try("text", name, raw, new(wireText))
		}
	}
	for _, file := range []string{"recorded/invoice-live-5x.json", "dumps/template-var-dumps.json"} {
		var raw json.RawMessage
		sample(t, file, &raw)
		// Ids that are words, and days that are numbers, carry names of their own.
		walk("", []byte(strings.NewReplacer(`"billing_date"`, `"billing_day"`, `"id_documento"`, `"documento"`).Replace(string(raw))))
	}
	var answers map[string]struct {
		Body json.RawMessage `json:"body_first_records"`
	}
	sample(t, "recorded/get-samples.json", &answers)
	for _, a := range answers {
		if a.Body != nil {
			walk("", a.Body)
		}
	}
	for kind, least := range map[string]int{"id": 60, "amount": 25, "date": 30, "flag": 20, "text": 60} {
		if count[kind] < least {
			t.Errorf("only %d of %s", count[kind], kind)
		}
	}
}

// The names read and sent are the names that Splynx told, column by column.
func TestNamesAreSplynxNames(t *testing.T) {
	t.Parallel()
	var schemas map[string]struct {
		Attributes []struct {
			Name string `json:"name"`
		} `json:"attributes"`
	}
	sample(t, "recorded/options-schemas.json", &schemas)
	for _, tt := range []struct {
		op   operation
		wire any
	}{
		{opCustomer, wireCustomer{}},
		{opInvoice, wireInvoice{}},
		{opPayment, wirePayment{}},
		{opCreatePayment, wireNewPayment{}},
		{opStatements, wireStatement{}},
		{opPaymentMethods, wirePaymentMethod{}},
	} {
		known := map[string]bool{"deleted": true} // a column that 5.x keeps to itself
		for _, a := range schemas[tt.op.path].Attributes {
			known[a.Name] = true
		}
		for name := range names(reflect.TypeOf(tt.wire)) {
			if !known[name] {
				t.Errorf("%s has no %q", tt.op.path, name)
			}
		}
	}
	for name := range names(reflect.TypeOf(wireCustomer{})) {
		if strings.Contains(name, "password") || strings.Contains(name, "email") || name == "login" {
			t.Errorf("%q of a customer is read", name)
		}
	}
}

func names(of reflect.Type) map[string]bool {
	found := map[string]bool{}
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous {
			for n := range names(f.Type) {
				found[n] = true
			}
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		found[name] = true
	}
	return found
}

func TestLimitsAreTheColumns(t *testing.T) {
	t.Parallel()
	var tables map[string]struct {
		Columns []struct{ Field, Type string } `json:"columns"`
	}
	sample(t, "recorded/db-columns.json", &tables)
	types := map[string]string{}
	for _, c := range tables["payments"].Columns {
		types[c.Field] = c.Type
	}
	if types["receipt_number"] != "varchar(32)" || types["comment"] != "varchar(256)" || types["field_1"] != "varchar(512)" ||
		MaxReceipt != 32 || MaxComment != 256 || MaxField != 512 {
		t.Errorf("columns %v", types)
	}
}
