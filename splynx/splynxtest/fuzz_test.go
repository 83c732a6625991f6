package splynxtest

import (
	"net/http"
	"strings"
	"testing"
)

func FuzzBody(f *testing.F) {
	f.Add("application/json", `{"customer_id":1,"amount":"57.50"}`)
	f.Add("application/json", `{"a":[1,{"b":null}],"a":1e999}{`)
	f.Add("application/x-www-form-urlencoded", "a=1&a=2&%zz")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, kind, body string) {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		in, err := readInput(r)
		if err != nil {
			return
		}
		if in == nil {
			t.Error("neither a body nor an error")
		}
		p := newTable(paymentSchema).blank()
		if p.fill(in, false) == nil && len([]rune(p.text("receipt_number"))) > 32 {
			t.Error("a receipt number longer than its column")
		}
	})
}

// What is kept reads back as itself, whatever was sent.
func FuzzFourPlaces(f *testing.F) {
	for _, s := range []string{"57.50", "-0", "1e3", "0.00005", "999999999999999.9999", "1e15", "1e57", "NaN", "Infinity", "1e-99999999", "1e99999999", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kept, err := fourPlaces(s)
		if err != nil {
			return
		}
		if again, err := fourPlaces(kept); err != nil || again != kept {
			t.Errorf("%q is kept as %q and read back as %q, %v", s, kept, again, err)
		}
		if i := strings.IndexByte(kept, '.'); len(kept)-i != 5 {
			t.Errorf("%q is kept as %q", s, kept)
		}
	})
}

func FuzzAuthorization(f *testing.F) {
	f.Add(sign256(testKey, testSecret, "1")[:40])
	f.Add("Splynx-EA (access_token=a.b.c)")
	f.Add("Splynx-EA (key=&signature=&nonce=)")
	f.Add("Basic azpz")
	s := New(Options{Keys: []APIKey{{Key: testKey, Secret: testSecret}}})
	f.Cleanup(s.Close)
	good := sign256(testKey, testSecret, "1")
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		if _, bad := s.identify(r); bad == nil && !strings.Contains(header, good[60:100]) {
			t.Errorf("%q was let in", header)
		}
	})
}
