package windcave

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func capturedTransactions(t *testing.T) map[string]judged {
	ours := Expect{Purchase, "a1b2c3d4e5f60718", "INV-1234", amount(t, "10.00", "NZD")}
	stored := func(n, code string) Expect { return Expect{Auth, "A1", "whatever", amount(t, n, code)} }
	credentials := func(code string) Verdict {
		return Verdict{Outcome: Failed, Class: ClassConfig, Key: KeyConfigCredentials, Code: code}
	}
	rebill := Expect{Purchase, "A1", "whatever", amount(t, "10", "NZD")}
	return map[string]judged{
		"pxpost/response-purchase-approved-pxpay-fields.xml": {
			want:       Expect{Purchase, "inv1278", "Test Transaction", amount(t, "1.23", "USD")},
			asCaptured: approved("00", "000000030884cdc6"),
		},
		"pxpost/response-purchase-approved-usd.xml": {
			want:       Expect{Purchase, "inv1278", "Test Transaction", amount(t, "1.23", "USD")},
			asCaptured: approved("00", "000000030884cdc6"),
		},
		"pxpost/response-invalid-credentials-ag.xml": {
			want: ours, asCaptured: credentials("AG"), withID: credentials("AG"),
		},
		"pxpost/response-purchase-bad-login-u5.http": {
			want: rebill, asCaptured: credentials("U5"), withID: credentials("U5"),
		},
		"pxpost/response-purchase-declined-05.xml": {
			want:       Expect{Purchase, "A1", strings.Repeat("0", 31) + "1", amount(t, "23.99", "AUD")},
			asCaptured: foreign("05", "000000080985f6b6", false),
			withID:     Verdict{Outcome: Declined, Class: ClassDeclined, Key: KeyDeclinedIssuer, Code: "05", DpsTxnRef: "000000080985f6b6"},
		},
		"pxpost/response-rebill-billingid-approved.xml": {
			want: rebill, asCaptured: foreign("00", "0000000303ace8db", true), withID: approved("00", "0000000303ace8db"),
		},
		"pxpost/response-rebill-dpsbillingid-approved.xml": {
			want: rebill, asCaptured: foreign("00", "0000000303ace8db", true), withID: approved("00", "0000000303ace8db"),
		},
		"pxpost/response-store-card-approved-2007.xml": {
			want: stored("0.01", "NZD"), asCaptured: foreign("00", "0000000303accf5c", true), withID: approved("00", "0000000303accf5c"),
		},
		"pxpost/response-store-card-approved.http": {
			want: stored("1.00", "NZD"), asCaptured: foreign("00", "00000001040c73ea", true), withID: approved("00", "00000001040c73ea"),
		},
		"pxpost/response-store-card-qk.http": {
			want: stored("1.00", "NZD"), asCaptured: foreign("QK", "", false),
			withID: Verdict{Outcome: Declined, Class: ClassCard, Key: KeyCardNumber, Code: "QK"},
		},
		"pxpost/synthetic-declined-51.xml": {
			want: ours, asCaptured: Verdict{Outcome: Declined, Class: ClassSoft, Key: KeyDeclinedFunds, Code: "51", DpsTxnRef: "0000000303ace8db"},
		},
		"pxpost/synthetic-declined-retry.xml": {
			want: ours, asCaptured: Verdict{Outcome: Declined, Class: ClassSoft, Key: KeyDeclinedUnavailable, Code: "91", DpsTxnRef: "0000000303ace8db"},
		},
		"pxpost/synthetic-refund-approved.xml": {
			want: Expect{"Refund", "a1b2c3d4e5f60718", "INV-1234", amount(t, "1", "NZD")}, asCaptured: approved("00", "0000000303ace8db"),
		},
		"pxpost/synthetic-status-not-found-af.xml": {
			want: ours, asCaptured: Verdict{Outcome: Unknown, Class: ClassNotFound, Key: KeyNotFound, Code: "AF", NotFound: true},
		},
		"pxpost/synthetic-status-required-u9.xml": {
			want: ours, asCaptured: Verdict{Outcome: Unknown, Class: ClassUnknown, Key: KeyUnknown, Code: "U9", DpsTxnRef: "0000000303ace8db"},
		},
	}
}

func TestCapturedTransactions(t *testing.T) {
	t.Parallel()
	for file, row := range capturedTransactions(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			x, err := decodeTransaction(capture(t, file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.asCaptured, x.Judge(row.want)); diff != "" {
				t.Error(diff)
			}
			if x.TxnRef == "" {
				x.TxnRef = row.want.TxnID
				if diff := cmp.Diff(row.withID, x.Judge(row.want)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// An answer to an operation that moves money means what it would mean of Status; but AF, which
// only Status can ask for.
func TestCapturedMoves(t *testing.T) {
	t.Parallel()
	for file, row := range capturedTransactions(t) {
		x, err := decodeTransaction(capture(t, file))
		if err != nil {
			t.Fatal(err)
		}
		want := row.asCaptured
		if want.NotFound {
			want.NotFound, want.Class, want.Key = false, ClassUnknown, KeyUnknown
		}
		if diff := cmp.Diff(want, x.judgeMoved(row.want)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		// No capture is of a Void, so as an answer to one none is an approval.
		row.want.TxnType = Void
		if v := x.judgeMoved(row.want); v.Outcome == Approved {
			t.Errorf("%s: %+v as an answer to Void", file, v)
		}
	}
}

// Requests that this package cannot make, for card data and a merchant's own name of a card:
// the elements that each is made of.
var otherRequests = map[string]string{
	"pxpost/request-purchase-card.xml":    "Amount CardHolderName CardNumber Cvc2 DateExpiry InputCurrency MerchantReference PostPassword PostUsername TxnId TxnType",
	"pxpost/request-rebill-billingid.xml": "Amount AvsAction AvsPostCode AvsStreetAddress BillingId EnableAvsData InputCurrency MerchantReference PostPassword PostUsername TxnId TxnType",
}

func TestCapturedOtherRequests(t *testing.T) {
	t.Parallel()
	for file, want := range otherRequests {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			root, values := flat(t, capture(t, file))
			var names []string
			for name := range values {
				names = append(names, name)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); root != "Txn" || got != want {
				t.Errorf("%s: %s\nwant %s", root, got, want)
			}
			p, err := decodePostRequest(capture(t, file))
			if err != nil || p.txnType != values["TxnType"] || p.password.Reveal() != values["PostPassword"] {
				t.Errorf("credentials and type were not read: %v", err)
			}
		})
	}
}
