package windcave

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestPageAddress(t *testing.T) {
	t.Parallel()
	const live = "https://sec.windcave.com"
	for _, row := range []struct {
		endpoint, address string
		good              bool
	}{
		{live, "https://sec.windcave.com/pxmi3/EF40", true},
		{live, "https://SEC.Windcave.COM/pxmi3/EF40", true},
		{live, "https://uat.windcave.com/pxmi3/EF40", true},
		{live, "https://pay.eu.windcave.com:443/x?a=b&c=d", true},
		{live, "https://windcave.com/x", true},
		{live, "http://sec.windcave.com/pxmi3/EF40", false},
		{live, "https://sec.windcave.com:8443/x", false},
		{live, "https://evilwindcave.com/x", false},
		{live, "https://windcave.com.evil.example/x", false},
		{live, "https://sec.windcave.com@evil.example/x", false},
		{live, "https://user@sec.windcave.com/x", false},
		{live, `https://evil.example\@sec.windcave.com/x`, false},
		{live, "https://sec.windcave.com./x", false},
		{live, "https://com/x", false},
		{live, "https://127.0.0.1/x", false},
		{live, "//sec.windcave.com/x", false},
		{live, "/pxmi3/EF40", false},
		{live, "https:sec.windcave.com/x", false},
		{live, "javascript:alert(1)//sec.windcave.com", false},
		{live, "https://sec.windcave.com/a b", false},
		{live, "https://sec.windcave.com/é", false},
		{live, `https://sec.windcave.com/"onclick=`, false},
		{live, "https://sec.windcave.com/<script>", false},
		{live, "https://sec.windcave.com/" + strings.Repeat("x", maxPageURL), false},
		{"https://pay.example.co.nz", "https://other.co.nz/x", false},
		{"https://example.co.nz", "https://www.example.co.nz/x", true},
		{"https://example.co.nz", "https://co.nz/x", false},
		{"https://sec.windcave.com:9443", "https://sec.windcave.com:9443/x", true},
		{"https://192.0.2.1", "https://192.0.2.1/x", true},
		{"https://192.0.2.1", "https://192.0.2.2/x", false},
		{"https://192.0.2.1", "https://evil.example./x", false},
		{"https://gateway", "https://gateway/x", true},
		{"https://gateway", "https://a.gateway/x", false},
		{"http://127.0.0.1:8080", "http://127.0.0.1:9090/page", true},
		{"http://127.0.0.1:8080", "https://localhost/page", true},
		{"http://127.0.0.1:8080", "http://[::1]:1/page", true},
		{"http://127.0.0.1:8080", "https://sec.windcave.com/page", false},
		{"http://127.0.0.1:8080", "ftp://127.0.0.1/page", false},
		{"https://localhost", "http://127.0.0.1.evil.example/page", false},
	} {
		endpoint, err := url.Parse(row.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkPage(row.address, endpoint); (err == nil) != row.good {
			t.Errorf("endpoint %s, page %q: %v", row.endpoint, row.address, err)
		}
	}
}

// Whoever knows the path can pay there.
func TestPageDoesNotPrint(t *testing.T) {
	t.Parallel()
	p := HostedPage{URL: "https://sec.windcave.com/pxmi3/EF40?request=v5H7"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if out := fmt.Sprintf(verb, p); out != "https://sec.windcave.com/..." {
			t.Errorf("%s prints %s", verb, out)
		}
	}
	if out := (HostedPage{}).String(); out != "[no page]" {
		t.Error(out)
	}
}

func TestPageReplies(t *testing.T) {
	t.Parallel()
	p, err := NewPxPay(Config{}, NewCredentials("u", testKey()))
	if err != nil {
		t.Fatal(err)
	}
	const uri = "<URI>https://sec.windcave.com/pxmi3/EF40</URI>"
	for name, row := range map[string]struct {
		body   string
		status int
		kind   Kind // 0: a page
		key    string
	}{
		"page":                 {`<Request valid="1">` + uri + `</Request>`, 200, 0, ""},
		"empty Reco":           {`<Request valid="1">` + uri + `<Reco/></Request>`, 200, 0, ""},
		"page in lower case":   {`<request VALID=" 1 "><uri>https://sec.windcave.com/pxmi3/EF40</uri></request>`, 201, 0, ""},
		"no URI":               {`<Request valid="1"/>`, 200, KindRefused, KeyPageMissing},
		"empty URI":            {`<Request valid="1"><URI> </URI></Request>`, 200, KindRefused, KeyPageMissing},
		"page and code":        {`<Request valid="1">` + uri + `<Reco>W4</Reco></Request>`, 200, KindRefused, KeyDuplicate},
		"page and code 00":     {`<Request valid="1">` + uri + `<Reco>00</Reco></Request>`, 200, KindRefused, KeyRefused},
		"strange code":         {`<Request valid="1"><ReCo>QQ</ReCo></Request>`, 200, KindRefused, KeyRefused},
		"not valid":            {`<Request valid="0">` + uri + `</Request>`, 200, KindRefused, KeyRefused},
		"does not say":         {`<Request>` + uri + `</Request>`, 200, KindNoAnswer, KeyNoAnswer},
		"says something else":  {`<Request valid="2">` + uri + `</Request>`, 200, KindNoAnswer, KeyNoAnswer},
		"two pages":            {`<Request valid="1">` + uri + `<URI>https://uat.windcave.com/x</URI></Request>`, 200, KindNoAnswer, KeyNoAnswer},
		"valid and not":        {`<Request valid="1" Valid="0">` + uri + `</Request>`, 200, KindNoAnswer, KeyNoAnswer},
		"foreign page":         {`<Request valid="1"><URI>https://evil.example/x</URI></Request>`, 200, KindRefused, KeyPageAddress},
		"words for an address": {`<Request valid="1"><URI>Invalid Key</URI></Request>`, 200, KindRefused, KeyConfigCredentials},
		"page under 404":       {`<Request valid="1">` + uri + `</Request>`, 404, KindNoAnswer, KeyNoAnswer},
		"refused under 400":    {`<Request valid="0"><URI>Invalid Key</URI></Request>`, 400, KindRefused, KeyConfigCredentials},
	} {
		reply, err := decodePageReply([]byte(row.body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		page, err := p.page(reply, answer{status: row.status})
		if row.kind == 0 {
			if err != nil || page.URL != "https://sec.windcave.com/pxmi3/EF40" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Kind != row.kind || e.Key != row.key || page.URL != "" || strings.Contains(err.Error(), "pxmi3") || strings.Contains(err.Error(), "evil") {
			t.Errorf("%s: %v, key %q", name, err, e.Key)
		}
	}
}

// A reason is shown if it is words, not if it may be a key, a token or an address.
func TestReasons(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Invalid Key ":                      "Invalid Key",
		"Check User Access Error:":           "Check User Access Error:",
		"https://sec.windcave.com/error?x":   "",
		"see //host/path":                    "",
		"key " + testKey():                   "",
		"card 4111111111111111":              "",
		"<script>":                           "",
		"line\nbreak":                        "",
		strings.Repeat("long words ", 20):    "",
		"token 00008400001853747f2bc6ded601": "",
	} {
		if got := words(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}
