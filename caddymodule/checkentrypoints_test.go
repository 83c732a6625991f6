package caddymodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// rowsBelow are the cells of a table in docs/splynx-host/README.md.
func rowsBelow(t *testing.T, head string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "splynx-host", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n"+head+"\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var rows [][]string
	for line := range strings.Lines(table) {
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.Trim(strings.TrimSpace(cell), "`"))
		}
		rows = append(rows, cells)
	}
	if len(rows) < 2 {
		t.Fatalf("no table below %q", head)
	}
	return rows[1:]
}

// What is made as docs/splynx-host says is what is looked for.
func TestCheckFindsWhatTheHostIsToldToMake(t *testing.T) {
	t.Parallel()
	on := EntryPoints{Invoice: "on", Request: "on", AddMoney: "on", DashboardInvoices: "on", DashboardRequests: "on", Card: "on", DirectPay: "on"}
	c := &checker{app: &App{EntryPoints: on, generation: &payment.Generation{Default: payment.Partner{Credentials: payment.Credentials{PxPost: new(windcave.PxPost)}}}}}
	var made []splynx.EntryPoint
	for _, row := range rowsBelow(t, "| name | place | type | title | model | address |") {
		p := splynx.EntryPoint{Module: addOnModule, Name: row[0], Place: row[1], Type: row[2], Title: row[3], Model: row[4], URL: row[5], Enabled: true}
		fits := 0
		for _, s := range c.servedEntryPoints() {
			if s.is(p) {
				fits++
			}
		}
		if fits != 1 {
			t.Errorf("%s is %d of what is looked for", p.Name, fits)
		}
		made = append(made, p)
	}
	for _, s := range c.servedEntryPoints() {
		if f := s.compare(made); f.Level != levelOK {
			t.Errorf("%s", f)
		}
	}
}

// Every page of the office is served; what only begins like its address is not.
func TestCheckKnowsWhatLeadsToTheOffice(t *testing.T) {
	t.Parallel()
	c := &checker{app: &App{generation: new(payment.Generation)}}
	for url, want := range map[string]string{
		"/paymentexpress/admin/": "", "/paymentexpress/admin": "", "%2Fpaymentexpress%2Fadmin%2Fcharge": "", "https://isp.example/paymentexpress/admin/history?x=1": "",
		"/paymentexpress/admins": "idle", "/paymentexpress/admin.php": "idle",
	} {
		for _, place := range []string{"admin", "portal"} {
			idle, misplaced := c.unserved([]splynx.EntryPoint{{Name: "x", Place: place, Type: "menu_link", URL: url, Enabled: true}})
			got := strings.Join(append(idle, misplaced...), " ")
			if (got == "") != (want == "" && place == "admin") || (len(misplaced) > 0) != (want == "" && place == "portal") {
				t.Errorf("%s in the %s: idle %q, misplaced %q", url, place, idle, misplaced)
			}
		}
	}
}

// The office's entry is kept under the add-on's name, and does not tell that the add-on is there.
// Not parallel: provisioning sets globals of Caddy's.
func TestCheckTakesTheOfficeForNoAddOn(t *testing.T) {
	setCheckedEnv(t)
	k := newChecked(t, nil)
	k.forgetAddOn()
	k.splynx.AddEntryPoint(splynxtest.EntryPoint{Module: addOnModule, Name: "paymentexpress_office", Place: "admin", Type: "menu_link", URL: "%2Fpaymentexpress%2Fadmin%2F"})
	if report, err := k.run(); err != nil || !strings.Contains(report, "neither settings nor entry points of it") {
		t.Errorf("%v\n%s", err, report)
	}
}

func TestCheckFindsThePaymentAccountThatTheHostIsToldToMake(t *testing.T) {
	t.Parallel()
	rows := rowsBelow(t, "| | type |")
	account := splynx.PaymentAccount{ID: 1, Title: rows[0][1]}
	for i, row := range rows[1:] {
		account.Fields[i] = row[1]
	}
	found, err := payment.FindCardAccount([]splynx.PaymentAccount{account}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := payment.CardFields{Token: 1, Number: 2, Brand: 3, Expires: 4, User: 5}
	if got := (payment.CardFields{}).In(found); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if f := fieldsOf(found, payment.CardFields{}); f.Level != levelOK {
		t.Errorf("%s", f)
	}
}

// Fields that are configured go by no label, and one without a label is warned of.
func TestCheckOfConfiguredCardFields(t *testing.T) {
	t.Parallel()
	account := splynx.PaymentAccount{ID: 1, Title: "Cards", Fields: [splynx.AccountFields]string{"Holder", "", "Anything"}}
	for _, tt := range []struct {
		fields payment.CardFields
		want   checkLevel
	}{
		{payment.CardFields{Token: 1, Number: 3}, levelOK},
		{payment.CardFields{Token: 1, Number: 2}, levelWarn},
		{payment.CardFields{Token: 3}, levelOK},
	} {
		if f := fieldsOf(account, tt.fields); f.Level != tt.want {
			t.Errorf("%+v: %s", tt.fields, f)
		}
	}
}

// Without PxPost no card can be charged: one line says so, and none is about where cards are kept.
// Not parallel: provisioning sets globals of Caddy's.
func TestCheckLooksForNoCardsWithoutPxPost(t *testing.T) {
	setCheckedEnv(t)
	k := newChecked(t, noAccount)
	k.replace(pxPostLine, "")
	report, err := k.run()
	if err != nil {
		t.Error(err)
	}
	for text, want := range map[string]int{cardsOff: 2, "no card can be saved": 0, "payment account": 0, "CustomerPaymentAccounts": 0} {
		if got := strings.Count(report, text); got != want {
			t.Errorf("%q is said %d times, not %d:\n%s", text, got, want, report)
		}
	}
	for _, e := range k.splynx.Log() {
		if strings.Contains(e.Resource, "payment-account") {
			t.Errorf("it has asked for %s", e.Resource)
		}
	}
}
