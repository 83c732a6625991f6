package windcave

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bojanz/currency"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

const folder = "testdata"

// capture returns the body of a captured message: of a whole HTTP message, what follows the
// blank line.
func capture(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(file, ".http") {
		_, body, found := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n\n")
		if !found {
			t.Fatalf("%s: no blank line", file)
		}
		return []byte(body)
	}
	return data
}

func amount(t testing.TB, number, code string) currency.Amount {
	t.Helper()
	a, err := currency.NewAmount(number, code)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func testKey() string { return strings.Repeat("0123456789abcdef", 4) }

// refused is the part of an *Error that a refusal is known by.
type refused struct {
	Kind              Kind
	Class             Class
	Code, Key, Reason string
}

func refusedBy(t *testing.T, err error) refused {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	return refused{e.Kind, e.Class, e.Code, e.Key, e.Reason}
}

var pageReplies = map[string]struct {
	page string
	err  refused
}{
	"pxpay/request-valid-pxmi3.http":              {page: "https://sec.windcave.com/pxmi3/EF4054F622D6C4C1B0FA3975F5B37D5883A7AA411DF778AEBA9C4E3CBE1B394B50478552233E3FBD7"},
	"pxpay/request-valid-long-uri.http":           {page: "https://sec.windcave.com/pxpay/pxpay.aspx?userid=Developer&request=v5H7JrBTzH-4Whs__1iQnz4RGSb9qxRKNR4kIuDP8kIkQzIDiIob9GTIjw_9q_AdRiR47ViWGVx40uRMu52yz2mijT39YtGeO7cZWrL5rfnx0Mc4DltIHRnIUxy1EO1srkNpxaU8fT8_1xMMRmLa-8Fd9bT8Oq0BaWMxMquYa1hDNwvoGs1SJQOAJvyyKACvvwsbMCC2qJVyN0rlvwUoMtx6gGhvmk7ucEsPc_Cyr5kNl3qURnrLKxINnS0trdpU4kXPKOlmT6VacjzT1zuj_DnrsWAPFSFq-hGsow6GpKKciQ0V0aFbAqECN8rl_c-aZWFFy0gkfjnUM4qp6foS0KMopJlPzGAgMjV6qZ0WfleOT64c3E-FRLMP5V_-mILs8a"},
	"pxpay/request-invalid-bare.xml":              {err: refused{KindRefused, ClassRequest, "", KeyRefused, ""}},
	"pxpay/request-invalid-key.http":              {err: refused{KindRefused, ClassConfig, "", KeyConfigCredentials, "Invalid Key"}},
	"pxpay/request-invalid-txntype.xml":           {err: refused{KindRefused, ClassRequest, "", KeyRequestType, "Invalid TxnType"}},
	"pxpay/request-not-acceptable-xml.html":       {err: refused{KindNoAnswer, ClassNone, "", KeyNoAnswer, ""}},
	"pxpay/request-reco-ip-check-user-access.xml": {err: refused{KindRefused, ClassConfig, "IP", KeyConfigAccess, "Check User Access Error:"}},
	"pxpay/request-reco-ip-invalid-access.xml":    {err: refused{KindRefused, ClassConfig, "IP", KeyConfigAccess, "Invalid Access Info"}},
	"pxpay/request-reco-iu-amount.xml":            {err: refused{KindRefused, ClassRequest, "IU", KeyRequestAmount, "Amount Format Fail"}},
	"pxpay/request-reco-w4-duplicate-txnid.xml":   {err: refused{KindRefused, ClassDuplicate, "W4", KeyDuplicate, "TxnId/TxnRef duplicate"}},
}

func TestCapturedPageReplies(t *testing.T) {
	t.Parallel()
	p, err := NewPxPay(Config{}, NewCredentials("SampleUserId", testKey()))
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range pageReplies {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			reply, err := decodePageReply(capture(t, file))
			var page HostedPage
			if err != nil {
				err = noAnswer(OpGenerateRequest, 200, err)
			} else {
				page, err = p.page(reply, answer{status: 200})
			}
			if page.URL != want.page {
				t.Errorf("page %q, want %q", page.URL, want.page)
			}
			if want.page == "" {
				if diff := cmp.Diff(want.err, refusedBy(t, err)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

type judged struct {
	want Expect
	// as captured, and, where the capture names no TxnId, as if it named the one of want
	asCaptured, withID Verdict
}

func foreign(code, dpsTxnRef string, claimed bool) Verdict {
	return Verdict{Outcome: Unknown, Class: ClassUnknown, Key: KeyForeign, Foreign: true, Code: code, DpsTxnRef: dpsTxnRef, Claimed: claimed}
}

func approved(code, dpsTxnRef string) Verdict {
	return Verdict{Outcome: Approved, Class: ClassApproved, Key: KeyApproved, Code: code, DpsTxnRef: dpsTxnRef, Claimed: true}
}

func capturedResults(t *testing.T) map[string]judged {
	return map[string]judged{
		"pxpay/response-auth-approved.http": {
			want:       Expect{Auth, "P075985DA31094D8", "TestReference", amount(t, "10", "NZD")},
			asCaptured: approved("00", "0000000103f5dc65"),
		},
		"pxpay/response-create-card-approved.http": {
			want:       Expect{Auth, "A1", "", amount(t, "1", "NZD")},
			asCaptured: foreign("00", "000000030a1806f0", true),
			withID:     approved("00", "000000030a1806f0"),
		},
		"pxpay/response-purchase-approved-2012.xml": {
			want:       Expect{Purchase, "A1", "1", amount(t, "157", "USD")},
			asCaptured: foreign("", "00000008096f3c7a", true),
			withID:     approved("", "00000008096f3c7a"),
		},
		"pxpay/response-purchase-declined-2012.xml": {
			want:       Expect{Purchase, "A1", "100", amount(t, "157", "USD")},
			asCaptured: foreign("", "00000008096fa1b2", false),
			withID:     Verdict{Outcome: Declined, Class: ClassDeclined, Key: KeyDeclined, DpsTxnRef: "00000008096fa1b2"},
		},
		"pxpay/synthetic-response-jpy.xml": {
			want:       Expect{Purchase, "a1b2c3d4e5f60718", "INV-1234", amount(t, "1500.00", "JPY")},
			asCaptured: approved("00", "000000060495729b"),
		},
		"pxpay/synthetic-response-surcharge.xml": {
			want:       Expect{Purchase, "a1b2c3d4e5f60718", "INV-1234", amount(t, "10.00", "NZD")},
			asCaptured: approved("00", "000000060495729b"),
		},
		"pxpay/synthetic-response-user-cancelled.xml": {
			want:       Expect{Purchase, "a1b2c3d4e5f60718", "INV-1234", amount(t, "10.00", "NZD")},
			asCaptured: Verdict{Outcome: Declined, Class: ClassDeclined, Key: KeyCancelled, Cancelled: true},
		},
	}
}

func TestCapturedResults(t *testing.T) {
	t.Parallel()
	for file, row := range capturedResults(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			r, err := readProcessed(answer{body: capture(t, file), status: 200})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.asCaptured, r.Judge(row.want)); diff != "" {
				t.Error(diff)
			}
			if r.TxnID == "" {
				r.TxnID = row.want.TxnID
				if diff := cmp.Diff(row.withID, r.Judge(row.want)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestCapturedInvalidToken(t *testing.T) {
	t.Parallel()
	_, err := readProcessed(answer{body: capture(t, "pxpay/response-invalid-token.http"), status: 200})
	want := refused{KindRefused, ClassRequest, "", KeyTokenInvalid, "Length of the data to decrypt is invalid."}
	if diff := cmp.Diff(want, refusedBy(t, err)); diff != "" {
		t.Error(diff)
	}
}

// Values of a capture reach the fields they are for.
func TestCapturedValues(t *testing.T) {
	t.Parallel()
	r, err := decodeResult(capture(t, "pxpay/synthetic-response-surcharge.xml"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{r.AmountSettlement, r.TotalAmount, r.AmountSurcharge, r.SurchargeDpsTxnRef, r.CardHolderName.Reveal(), r.CardNumber, r.DateExpiry, r.DateSettlement}
	want := []string{"10.00", "10.25", "0.25", "000000060495729c", "TEST HOLDER", "411111........11", "1230", "20250301"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	x, err := decodeTransaction(capture(t, "pxpost/response-purchase-approved-usd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	got = []string{x.dpsBillingID.Reveal(), x.CardHolderName.Reveal(), x.CardHolderResponseDescription, x.ResponseText, x.HelpText, x.RxDate, x.TransactionID, x.TestMode, x.Retry, x.AllowRetry}
	want = []string{"0000080023225598", "A ANDERSON", "The Transaction was approved", "APPROVED", "Transaction Approved", "20090610225432", "0884cdc6", "0", "0", "1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// flat returns the direct children of a document that are not empty.
func flat(t *testing.T, data []byte) (root string, values map[string]string) {
	t.Helper()
	e, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]string{}
	for _, c := range e.children {
		if c.text != "" {
			values[c.name] = c.text
		}
	}
	return e.name, values
}

// What our encoders send has the elements and values of the captured requests.
func TestCapturedRequests(t *testing.T) {
	t.Parallel()
	type document interface{ encode() ([]byte, error) }
	cards := GenerateRequest{
		TxnType: Auth, Amount: amount(t, "1", "NZD"), MerchantReference: "card 77 & check", TxnID: "a1b2c3d4e5f60718",
		EnableAddBillCard: true, RecurringMode: "CredentialOnFileInitial",
		URLSuccess: "https://portal.example.net/paymentexpress/return/k1", URLFail: "https://portal.example.net/paymentexpress/return/k1",
		URLCallback: "https://portal.example.net/paymentexpress/notify/k1",
	}
	demo := "https://demo.paymentexpress.com/SandboxSuccess.aspx"
	auth := GenerateRequest{
		TxnType: Auth, Amount: amount(t, "1.00", "NZD"), MerchantReference: "Auth Example", TxnID: "P03E890575E9D4A2",
		TxnData1: "John Doe", TxnData2: "0211111111", TxnData3: "98 Anzac Ave, Auckland 1010", EmailAddress: "user@example.com",
		URLSuccess: demo, URLFail: demo,
	}
	opt := GenerateRequest{
		TxnType: Purchase, Amount: amount(t, "2.06", "NZD"), MerchantReference: "Test Transaction", TxnID: "P777575CA3DDA78C",
		TxnData1: "28 Grange Rd", TxnData2: "Auckland", TxnData3: "NZ", ExpiresAt: utc(t, "2009-01-14T22:21:59Z"),
		URLSuccess: "http://www.mycompany.com/success.cfm", URLFail: "http://www.mycompany.com/fail.cfm",
	}
	rebill := ChargeRequest{DpsBillingID: secret.New(testBillingID), Amount: amount(t, "10", "NZD"), TxnID: ownID, MerchantReference: "INV-1234", RecurringMode: "Recurring"}
	takes := CompleteRequest{DpsTxnRef: "000000600000005b", Amount: amount(t, "1.23", "NZD"), TxnID: ownID, MerchantReference: "-"}
	gives := RefundRequest{DpsTxnRef: "000000600000005b", Amount: amount(t, "1", "NZD"), TxnID: ownID, MerchantReference: "Card check refund"}
	voids := VoidRequest{DpsTxnRef: "000000600000005b", Amount: amount(t, "1.23", "NZD"), TxnID: ownID}
	// post gives a document the credentials of the captures, and a TxnId of their form.
	post := func(d *postRequest, err error) func(id string) document {
		if err != nil {
			t.Fatal(err)
		}
		return func(id string) document {
			d.user, d.password, d.txnID = "ExampleUser", secret.New("ExamplePassword"), id
			return d
		}
	}
	completes := post(takes.Sent().document())("").(*postRequest)
	completes.reference = "" // the capture has neither id nor reference
	sample := "abcdef1234567890abcdef1234567890abcdef1234567890abcdef1234567890"
	page := func(g GenerateRequest, user, key string) document {
		d, err := g.Sent().document(NewCredentials(user, key), utc(t, "2009-01-01T00:00:00Z"))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for file, d := range map[string]document{
		"pxpay/generate-request-auth.xml":               page(auth, "SampleUserId", sample),
		"pxpay/generate-request-with-opt-timeout.xml":   page(opt, "TestAccount", testKey()),
		"pxpay/synthetic-generate-request-add-card.xml": page(cards, "ExamplePxPayUser", testKey()),
		"pxpay/process-response.xml":                    &resultRequest{user: "SampleUserId", key: secret.New(sample), token: secret.New("00008400001853747f2bc6ded6012345")},
		"pxpost/request-status.xml":                     &postRequest{user: "ExampleUser", password: secret.New("ExamplePassword"), txnType: "Status", txnID: "000000600000005b"},
		"pxpost/request-rebill-dpsbillingid.xml":        post(rebill.Sent().document(Purchase))("a1b2c3d4e5f60718"),
		"pxpost/request-refund.xml":                     post(gives.Sent().document())("5f3d2cde30deeef0"),
		"pxpost/request-complete.xml":                   completes,
		"pxpost/request-void.xml":                       post(voids.document())(""),
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := d.encode()
			if err != nil {
				t.Fatal(err)
			}
			gotRoot, got := flat(t, data)
			wantRoot, want := flat(t, capture(t, file))
			if want["EnableAddBillCard"] == "0" {
				delete(want, "EnableAddBillCard") // left out says the same
			}
			if gotRoot != wantRoot {
				t.Errorf("root %s, want %s", gotRoot, wantRoot)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var returnQueries = map[string]struct{ token, user string }{
	"fprn/pxpay-notification-get.http": {"0000840000185374a1b2c3d4e5f60718", "ExamplePxPayUser"},
	"fprn/pxpay-return-query.txt":      {"0000120000123476f1519ff80a123456", "SampleUserId"},
	"fprn/pxpay1-return-query.txt":     {"v5OKdyEkGAkbwMhFgpYUH7ImWB0CAu1r_skOZkoZrcrgWbrb9RR-Vp1DVXygfuuHutktZ-I_KMWD2lyL9bX8-8CNEE_g2BRRRM1Ay4JQUhnsKd5WP8Y6QTxLo6njihiaMduzaWlEjxBzrzqSUF4GSMPIzdOtPFwaXlOutqsEBBOLFvvjE_YM88RJittIiS_QBpQDIMXLvrT0-qEMMtddnNUfq7u6nb9qoWCTbAygIY0YjzPL01f0M8tKc_x3hjVF19k2x7KD5yoSmy4PfN-RhWsqfMO69q83pyhu3whChC5mBbJHXC6Mhpjcyw__MD7V8meLkB5ulgRRtOTCznoRsruVOKeHP7m6Cd1KWrgas-ErIIE8mxLtdf5ZAz0J9asaGfm_GfJ8QHiCHqBNFivBp5z5qJgO4EGZvU7uWTRQM6kVFiBqm7ZBG1w9FxSqIkIYOrGepneA7aEALeF1kdwq0I2A==", "PxPayUser"},
	"fprn/rest-notification-get.http":  {}, // of another interface: no result token
}

func TestCapturedReturns(t *testing.T) {
	t.Parallel()
	for file, want := range returnQueries {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join(folder, file))
			if err != nil {
				t.Fatal(err)
			}
			query, _, _ := strings.Cut(string(data), "\n")
			if line := strings.Fields(query); len(line) == 3 {
				_, query, _ = strings.Cut(line[1], "?")
			}
			token, user, err := ReturnQuery(strings.TrimSpace(query))
			if token.Reveal() != want.token || user != want.user || (err == nil) != (want.token != "") {
				t.Errorf("token %q, user %q, error %v", token.Reveal(), user, err)
			}
		})
	}
}

// Every capture is in a table of this file and in the index, and no table names another.
func TestEveryCaptureIsTested(t *testing.T) {
	t.Parallel()
	tested := []string{
		"pxpay/response-invalid-token.http", "pxpay/generate-request-auth.xml", "pxpay/generate-request-with-opt-timeout.xml",
		"pxpay/synthetic-generate-request-add-card.xml", "pxpay/process-response.xml", "pxpost/request-status.xml",
		"pxpost/request-rebill-dpsbillingid.xml", "pxpost/request-refund.xml", "pxpost/request-complete.xml", "pxpost/request-void.xml",
	}
	tested = append(tested, names(pageReplies)...)
	tested = append(tested, names(capturedResults(t))...)
	tested = append(tested, names(capturedTransactions(t))...)
	tested = append(tested, names(otherRequests)...)
	tested = append(tested, names(returnQueries)...)

	var there []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, "/") && !strings.HasPrefix(path, "fuzz/") {
			there = append(there, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.Open(filepath.Join(folder, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = index.Close() }()
	lines := csv.NewReader(index)
	lines.Comma, lines.LazyQuotes = '\t', true
	rows, err := lines.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var indexed []string
	for _, row := range rows[1:] {
		indexed = append(indexed, row[0])
	}
	sorted := cmpopts.SortSlices(strings.Compare)
	if diff := cmp.Diff(there, tested, sorted); diff != "" {
		t.Error("tables differ from the folder: ", diff)
	}
	if diff := cmp.Diff(there, indexed, sorted); diff != "" {
		t.Error("index differs from the folder: ", diff)
	}
}

func names[V any](m map[string]V) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	return out
}
