package windcave

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bojanz/currency"
	"github.com/google/go-cmp/cmp"
)

func utc(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// plain is a request that is taken.
func plain(t testing.TB) GenerateRequest {
	return GenerateRequest{
		TxnType: Purchase, Amount: amount(t, "57.50", "NZD"), MerchantReference: "INV-1234", TxnID: "A1B2C3D4E5F60718",
		URLSuccess: "https://isp.example/return/k1", URLFail: "https://isp.example/return/k1",
	}
}

// F59: control signs, letters of four bytes and ten thousand of them become text that the
// gateway takes.
func TestF59SentText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Café Zürich":                 "Cafe Zurich",
		"Ōtāhuhu  Pā":                 "Otahuhu  Pa",
		"日本 INV-7":                    "INV-7",
		"tab\tand\nline":              "tab and line",
		"no\u00a0break\u2003wide":     "no break wide",
		"\x00\x1f ends \x7f":          "ends",
		"ﬁne ½":                       "fine 12",
		"bad\xff\xfebytes":            "badbytes",
		strings.Repeat("&", 70):       strings.Repeat("&", 64),
		strings.Repeat("é", 70):       strings.Repeat("e", 64),
		strings.Repeat("a ", 40):      strings.TrimSpace(strings.Repeat("a ", 32)),
		"\u202eevil\u200b":            "evil",
		"INV\r\n-7\r\nX: y":           "INV  -7  X: y",
		"\U0001F600 INV-7 \U0001D518": "INV-7 U",
		strings.Repeat("x", 10_000):   strings.Repeat("x", 64),
		`<b>"quotes" & 'others'</b>`:  `<b>"quotes" & 'others'</b>`,
	} {
		got := GenerateRequest{MerchantReference: in}.Sent().MerchantReference
		if got != want {
			t.Errorf("%q was mapped to %q, want %q", in, got, want)
		}
		if again := (GenerateRequest{MerchantReference: got}).Sent().MerchantReference; again != got {
			t.Errorf("%q is not stable: %q", got, again)
		}
	}
}

func TestSentLengths(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	s := GenerateRequest{MerchantReference: long, TxnData1: long, TxnData2: long, TxnData3: long, ClientVersion: long, EmailAddress: long, TxnID: long}.Sent()
	got := []int{len(s.MerchantReference), len(s.TxnData1), len(s.TxnData2), len(s.TxnData3), len(s.ClientVersion), len(s.EmailAddress), len(s.TxnID)}
	if diff := cmp.Diff([]int{64, 255, 255, 255, 64, 0, 300}, got); diff != "" {
		t.Error(diff)
	}
}

// An address with its letters changed would be another person's.
func TestSentLeavesOutForeignEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"user@example.com": "user@example.com", "josé@example.com": "", "a b@example.com": "", "a@b\r\nBcc: c@d": "",
	} {
		if got := (GenerateRequest{EmailAddress: in}).Sent().EmailAddress; got != want {
			t.Errorf("%q was sent as %q", in, got)
		}
	}
}

// An entity must not be split: 64 ampersands are 64 characters, however long they are in XML.
func TestEscapingAfterCutting(t *testing.T) {
	t.Parallel()
	g := plain(t)
	g.MerchantReference = strings.Repeat("&<", 40)
	d, err := g.Sent().document(NewCredentials("u", testKey()), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.encode()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "&amp;&lt;"); n != 32 {
		t.Errorf("%d pairs were sent, want 32", n)
	}
	back, err := decodePageRequest(data)
	if err != nil || back.reference != strings.Repeat("&<", 32) {
		t.Errorf("read back %q, %v", back.reference, err)
	}
}

// F62: amounts in the digits of their currency, exactly, or refused.
func TestF62Amounts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ number, code, want string }{
		{"57.5", "NZD", "57.50"},
		{"57.500", "NZD", "57.50"},
		{"0.01", "NZD", "0.01"},
		{"999999.99", "NZD", "999999.99"},
		{"1500", "JPY", "1500"},
		{"1500.00", "JPY", "1500"},
		{"999999", "VUV", "999999"},
		{"1.5", "KWD", "1.500"},
		{"0.001", "BHD", "0.001"},
		{"1500", "ISK", "1500.00"},
		{"7", "UGX", "7.00"},
		{"100000", "JPY", "100000"},
		{"57.505", "NZD", ""},
		{"0.5", "JPY", ""},
		{"0.0005", "KWD", ""},
		{"0", "NZD", ""},
		{"-1", "NZD", ""},
		{"1000000", "NZD", ""},
		{"999999.991", "KWD", ""},
		{"1000000", "JPY", ""},
		{"0.001", "NZD", ""},
	} {
		got, err := formatAmount(amount(t, row.number, row.code))
		if got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%s %s: %q, %v; want %q", row.number, row.code, got, err, row.want)
		}
	}
	if _, err := formatAmount(currency.Amount{}); err == nil {
		t.Error("an amount without a currency was taken")
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	now := utc(t, "2026-03-01T10:00:30Z")
	for name, spoil := range map[string]func(*GenerateRequest){
		"no type":              func(g *GenerateRequest) { g.TxnType = "" },
		"type of PxPost":       func(g *GenerateRequest) { g.TxnType = "Refund" },
		"no id":                func(g *GenerateRequest) { g.TxnID = "" },
		"id of 17":             func(g *GenerateRequest) { g.TxnID = "A1B2C3D4E5F607189" },
		"id with a dash":       func(g *GenerateRequest) { g.TxnID = "A1-B2" },
		"id with a line":       func(g *GenerateRequest) { g.TxnID = "A1\n" },
		"id in other digits":   func(g *GenerateRequest) { g.TxnID = "A٣" },
		"no amount":            func(g *GenerateRequest) { g.Amount = currency.Amount{} },
		"fraction of a cent":   func(g *GenerateRequest) { g.Amount = amount(t, "1.005", "NZD") },
		"query":                func(g *GenerateRequest) { g.URLSuccess += "?c=1" },
		"empty query":          func(g *GenerateRequest) { g.URLFail += "?" },
		"fragment":             func(g *GenerateRequest) { g.URLFail += "#x" },
		"no address":           func(g *GenerateRequest) { g.URLFail = "" },
		"relative address":     func(g *GenerateRequest) { g.URLSuccess = "/return" },
		"other scheme":         func(g *GenerateRequest) { g.URLCallback = "ftp://isp.example/x" },
		"script":               func(g *GenerateRequest) { g.URLSuccess = "javascript:alert(1)" },
		"user in address":      func(g *GenerateRequest) { g.URLCallback = "https://me:pw@isp.example/x" },
		"address of 256":       func(g *GenerateRequest) { g.URLSuccess = "https://isp.example/" + strings.Repeat("x", 236) },
		"name of card of 33":   func(g *GenerateRequest) { g.BillingID = strings.Repeat("x", 33) },
		"mode with a blank":    func(g *GenerateRequest) { g.RecurringMode = "card on file" },
		"page closed long ago": func(g *GenerateRequest) { g.ExpiresAt = now.Add(-time.Hour) },
		"page closed at once":  func(g *GenerateRequest) { g.ExpiresAt = now.Add(10 * time.Second) },
	} {
		g := plain(t)
		spoil(&g)
		if _, err := g.Sent().document(NewCredentials("u", testKey()), now); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	g := plain(t)
	g.URLSuccess = "https://isp.example/" + strings.Repeat("x", 235)
	if _, err := g.Sent().document(NewCredentials("u", testKey()), now); err != nil {
		t.Errorf("255 characters: %v", err)
	}
}

// The page's end is told in UTC, whatever zone the caller thinks in.
func TestExpiryIsUTC(t *testing.T) {
	t.Parallel()
	g := plain(t)
	g.ExpiresAt = utc(t, "2026-03-01T23:59:59Z").In(time.FixedZone("NZDT", 13*3600))
	d, err := g.Sent().document(NewCredentials("u", testKey()), utc(t, "2026-03-01T10:00:00Z"))
	if err != nil || d.opt != "TO=2603012359" {
		t.Errorf("%q, %v", d.opt, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := NewCredentials("user", testKey())
	for name, row := range map[string]struct {
		cfg  Config
		cred Credentials
	}{
		"http":            {Config{Endpoint: "http://sec.windcave.com"}, good},
		"path":            {Config{Endpoint: "https://sec.windcave.com/pxaccess"}, good},
		"query":           {Config{Endpoint: "https://sec.windcave.com?a"}, good},
		"user":            {Config{Endpoint: "https://u:p@sec.windcave.com"}, good},
		"no host":         {Config{Endpoint: "https://"}, good},
		"no scheme":       {Config{Endpoint: "sec.windcave.com"}, good},
		"other scheme":    {Config{Endpoint: "ftp://127.0.0.1"}, good},
		"time-out":        {Config{PageTimeout: -1}, good},
		"no user":         {Config{}, NewCredentials("", testKey())},
		"user of 33":      {Config{}, NewCredentials(strings.Repeat("u", 33), testKey())},
		"no key":          {Config{}, NewCredentials("user", "")},
		"key of 63":       {Config{}, NewCredentials("user", testKey()[1:])},
		"key with blanks": {Config{}, NewCredentials("user", " "+testKey()[1:])},
	} {
		_, err := NewPxPay(row.cfg, row.cred)
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindInput || e.MaySent() || strings.Contains(e.Error(), testKey()[1:]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, endpoint := range []string{"", "https://uat.windcave.com/", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"} {
		if _, err := NewPxPost(Config{Endpoint: endpoint}, NewCredentials("user", "password")); err != nil {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	if _, err := NewPxPost(Config{}, NewCredentials("user", "")); err == nil {
		t.Error("an empty password was taken")
	}
}
