package windcave

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bojanz/currency"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// seed gives a fuzz target every capture and the documents of the other tests.
func seed(f *testing.F) {
	for _, pattern := range []string{"pxpay/*", "pxpost/*"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil || len(files) == 0 {
			f.Fatalf("no captures: %v", err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if _, body, found := bytes.Cut(data, []byte("\n\n")); found && strings.HasSuffix(file, ".http") {
				data = body
			}
			f.Add(data)
		}
	}
	f.Add([]byte(paidXML))
	f.Add([]byte(paidTxn))
	f.Add([]byte(`<?xml version="1.0" encoding="us-ascii"?><Txn><Transaction Success="1"><CardNumber>4111111111111111</CardNumber></Transaction><!-- --></Txn>`))
	f.Add([]byte(`<Response valid="1"><Success>1&#13;&#x1F600;</Success><success>0</success></Response>`))
}

func listed(fields []field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.name+"="+f.get())
	}
	return out
}

// again: what was read, written and read once more must be the same.
func again[D any](t *testing.T, data []byte, decode func([]byte) (D, error), encode func(D) ([]byte, error), values func(D) []string) {
	t.Helper()
	first, err := decode(data)
	if err != nil {
		return
	}
	written, err := encode(first)
	if err != nil {
		t.Fatalf("read, but not written: %v", err)
	}
	if len(written) > maxAnswer {
		return // escapes may make a document longer
	}
	second, err := decode(written)
	if err != nil {
		t.Fatalf("written, but not read: %v\n%s", err, written)
	}
	if diff := cmp.Diff(values(first), values(second)); diff != "" {
		t.Fatal(diff)
	}
}

func FuzzPageReply(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, decodePageReply, (*pageReply).encode, func(p *pageReply) []string { return append(listed(p.fields()), p.valid) })
	})
}

func FuzzResult(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, decodeResult, (*Result).encode, func(r *Result) []string { return append(listed(r.fields()), r.valid) })
		r, err := readProcessed(answer{body: data, status: 200})
		if err != nil {
			return
		}
		want := expected(t)
		v := r.Judge(want)
		exact := r.Success == "1" && r.TxnID == want.TxnID && r.TxnType == string(want.TxnType) && r.MerchantReference == want.MerchantReference &&
			r.CurrencyInput == "NZD" && sameAmount(r.AmountSettlement, want.Amount) && len(r.Conflicting) == 0
		checkVerdict(t, v, exact, r.Success == "0" && r.TxnID == want.TxnID)
		if _, saved := r.SavedCard(want); saved && !exact {
			t.Fatalf("a card is given out: %+v", v)
		}
	})
}

func FuzzTransaction(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, decodeTransaction, (*Transaction).encode, func(x *Transaction) []string {
			return append(listed(x.detail()), listed(x.summary())...)
		})
		x, err := decodeTransaction(data)
		if err != nil {
			return
		}
		want := expected(t)
		exact := x.Success == "1" && x.Authorized == "1" && x.StatusRequired == "0" && x.TxnRef == want.TxnID && x.TxnType == string(want.TxnType) &&
			(x.MerchantReference == "" || x.MerchantReference == want.MerchantReference) && x.InputCurrencyName == "NZD" &&
			sameAmount(x.Amount, want.Amount) && len(x.Conflicting) == 0
		refused := x.Success == "0" && x.Authorized == "0" && x.StatusRequired == "0" && x.TxnRef == want.TxnID
		v := x.Judge(want)
		checkVerdict(t, v, exact, refused)
		if _, saved := x.SavedCard(want); saved && v.Outcome != Approved {
			t.Fatalf("a card is given out: %+v", v)
		}
		if m := x.judgeMoved(want); m.Outcome != v.Outcome || m.Claimed != v.Claimed || m.NotFound || m.Class == ClassNotFound {
			t.Fatalf("%+v, moved %+v", v, m)
		}
		checkVoid(t, x, want)
	})
}

// checkVoid: a Void is approved by its flags and type, and by nothing that names another.
func checkVoid(t *testing.T, x *Transaction, want Expect) {
	t.Helper()
	want.TxnType = Void
	exact := x.Success == "1" && x.Authorized == "1" && x.StatusRequired == "0" && x.TxnType == "Void" &&
		(x.TxnRef == "" || x.TxnRef == want.TxnID) && (x.InputCurrencyName == "" || x.InputCurrencyName == "NZD") &&
		(x.Amount == "" || sameAmount(x.Amount, want.Amount)) && len(x.Conflicting) == 0
	refused := x.Success == "0" && x.Authorized == "0" && x.StatusRequired == "0" && (x.TxnRef == "" || x.TxnRef == want.TxnID)
	checkVerdict(t, x.judgeMoved(want), exact, refused)
}

func checkVerdict(t *testing.T, v Verdict, exact, refused bool) {
	t.Helper()
	switch {
	case v.Outcome == Approved && (!exact || v.Foreign || !v.Claimed || len(v.Mismatch) > 0),
		v.Outcome == Declined && (!refused || v.Claimed || v.Foreign || len(v.Mismatch) > 0),
		v.Outcome == Failed && v.Claimed,
		v.NotFound && v.Outcome != Unknown,
		v.Class == ClassNone, v.Key == "", len(v.Code) > 4:
		t.Fatalf("%+v", v)
	}
}

func FuzzRequests(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, decodePageRequest, (*pageRequest).encode, func(p *pageRequest) []string { return listed(p.fields()) })
		again(t, data, decodeResultRequest, (*resultRequest).encode, func(r *resultRequest) []string { return listed(r.fields()) })
		again(t, data, decodePostRequest, (*postRequest).encode, func(s *postRequest) []string { return listed(s.fields()) })
	})
}

// What is written is read back the same, and is ASCII within the lengths.
func FuzzSent(f *testing.F) {
	f.Add("INV-1 & <b>", "Ōtāhuhu", "user@example.com", "token", "card1")
	f.Add("\u2126\ufb03\u1e9b\u0323", "\r\n\t", "é", "a=b==", "")
	f.Fuzz(func(t *testing.T, reference, data, email, token, billing string) {
		g := plain(t)
		g.MerchantReference, g.TxnData1, g.TxnData2, g.TxnData3, g.ClientVersion, g.EmailAddress, g.BillingID = reference, data, data, data, data, email, billing
		sent := g.Sent()
		if sent != sent.Sent() {
			t.Fatalf("not stable: %+v", sent)
		}
		for limit, s := range map[int]string{64: sent.MerchantReference, 255: sent.TxnData1} {
			if len(s) > limit || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) || s != strings.TrimSpace(s) {
				t.Fatalf("%q is sent", s)
			}
		}
		d, err := sent.document(NewCredentials("user", testKey()), time.Time{})
		if err != nil {
			return // a BillingId that is not taken
		}
		written, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := decodePageRequest(written)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(listed(d.fields()), listed(read.fields())); diff != "" {
			t.Fatal(diff)
		}
		if validToken(token) {
			r := &resultRequest{user: "user", key: secret.New(testKey()), token: secret.New(token)}
			written, err := r.encode()
			if err != nil {
				t.Fatal(err)
			}
			if read, err := decodeResultRequest(written); err != nil || read.token.Reveal() != token {
				t.Fatalf("%v", err)
			}
		}
	})
}

// A charge that is taken is read back the same; one that is not does not tell the card.
func FuzzCharge(f *testing.F) {
	f.Add(testBillingID, ownID, "INV-1 & <b>", "recurring", int64(1000))
	f.Add("0000<x/>", "a1", "Ōtāhuhu", "Card On File", int64(-1))
	f.Fuzz(func(t *testing.T, card, id, reference, mode string, cents int64) {
		a, err := currency.NewAmountFromInt64(cents, "NZD")
		if err != nil {
			return
		}
		c := ChargeRequest{DpsBillingID: secret.New(card), Amount: a, TxnID: id, MerchantReference: reference, TxnData1: reference, RecurringMode: mode}.Sent()
		if again := c.Sent(); again.MerchantReference != c.MerchantReference || again.TxnData1 != c.TxnData1 || again.RecurringMode != c.RecurringMode {
			t.Fatalf("not stable: %+v", c)
		}
		d, err := c.document(Purchase)
		if err != nil {
			if len(card) > 6 && strings.Contains(err.Error(), card) {
				t.Fatal(err)
			}
			return
		}
		written, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := decodePostRequest(written)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(listed(d.fields()), listed(read.fields())); diff != "" || read.dpsBillingID.Reveal() != card || read.txnID != id {
			t.Fatal(diff)
		}
		if !sameAmount(read.amount, a) || len(read.txnID) != 16 || len(read.reference) > 64 {
			t.Fatalf("%s", written)
		}
	})
}

func FuzzReturnQuery(f *testing.F) {
	for _, s := range []string{"result=abc&userid=U", "c=5?result=a-_%3D&userid=U", "result=a&result=b", "userid=%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		token, user, err := ReturnQuery(query)
		if (err == nil) != validToken(token.Reveal()) || err != nil && user != "" || user != "" && !visible(user, 32) {
			t.Fatalf("%q, %q, %v", token.Reveal(), user, err)
		}
		if err == nil {
			again, sameUser, err := ReturnQuery("userid=" + url.QueryEscape(user) + "&result=" + token.Reveal())
			if err != nil || again.Reveal() != token.Reveal() || sameUser != user {
				t.Fatalf("%q, %v", user, err)
			}
		}
	})
}

func FuzzPageAddress(f *testing.F) {
	f.Add("https://sec.windcave.com/pxmi3/EF40")
	f.Add("https://sec.windcave.com@evil.example/")
	p, err := NewPxPay(Config{}, NewCredentials("user", testKey()))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if checkPage(address, p.endpoint) != nil {
			return
		}
		// An independent look: what stands between the scheme and the path.
		rest, found := strings.CutPrefix(strings.ToLower(address), "https://")
		host := strings.TrimSuffix(rest[:strings.IndexFunc(rest+"/", func(r rune) bool { return strings.ContainsRune("/?#", r) })], ":443")
		host = strings.TrimSuffix(host, ":")
		if !found || host != "windcave.com" && !strings.HasSuffix(host, ".windcave.com") || strings.ContainsAny(host, "@\\%[]") || !utf8.ValidString(address) {
			t.Fatalf("%q", address)
		}
	})
}
