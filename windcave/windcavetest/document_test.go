package windcavetest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestRequestsAreTakenWhateverTheContentType(t *testing.T) {
	t.Parallel()
	form := "xml=" + url.QueryEscape(generateXML("TxnId", "FORM"))
	for i, tt := range []struct{ mime, body string }{
		{"application/xml", generateXML("TxnId", "A")},
		{"text/xml", generateXML("TxnId", "B")},
		{"application/x-www-form-urlencoded", generateXML("TxnId", "C")},
		{"application/x-www-form-urlencoded", form},
		{"", "  \n<?xml version=\"1.0\"?><!-- note -->" + generateXML("TxnId", "D")},
	} {
		r := setup(t, Options{})
		req, _ := http.NewRequest(http.MethodPost, "https://gateway.test"+pxPayPath, strings.NewReader(tt.body))
		req.Header.Set("Content-Type", tt.mime)
		res, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := r.last(OpGenerate).Outcome; got != Offered {
			t.Errorf("%d: %s", i, got)
		}
	}
}

func TestWhatIsNoRequestIsNotAcceptable(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	for _, body := range []string{
		"", "hello", "a=b", "xml=", "<GenerateRequest>", "<GenerateRequest/><GenerateRequest/>", "<Other/>",
		"<GenerateRequest><PxPayKey><b/></PxPayKey></GenerateRequest>", "<GenerateRequest>text</GenerateRequest>",
		"<GenerateRequest><A>1</A><A>2</A></GenerateRequest>", "<GenerateRequest><A>&undefined;</A></GenerateRequest>",
		"<!DOCTYPE a [<!ENTITY b 'c'>]>" + generateXML(), "<GenerateRequest><A>\x00</A></GenerateRequest>",
		"<GenerateRequest><A>" + strings.Repeat("a", largestRequest) + "</A></GenerateRequest>",
	} {
		for _, path := range []string{pxPayPath, pxPostPath} {
			if got := string(r.post(path, body)); got != "<html><body><p>Error - Not acceptable input XML.</p></body></html>" {
				t.Errorf("%s %.60q: %s", path, body, got)
			}
		}
	}
	if len(r.Log()) != 0 {
		t.Errorf("%d entries in the log", len(r.Log()))
	}
}

func TestOnlyPostIsServed(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{})
	for path, want := range map[string]int{pxPayPath: 405, pxPostPath: 405, "/pxmi3/none": 404, "/else": 404} {
		res, err := r.client.Get("https://gateway.test" + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text   string
		digits int
		minor  int64
		ok     bool
	}{
		{"10.00", 2, 1000, true},
		{"0.01", 2, 1, true},
		{"999999.99", 2, 99999999, true},
		{"1500", 0, 1500, true},
		{"1.234", 3, 1234, true},
		{"0.00", 2, 0, true},
		{"1.5", 2, 0, false},
		{"1", 2, 0, false},
		{"1.005", 2, 0, false},
		{"1,000.00", 2, 0, false},
		{" 1.00", 2, 0, false},
		{"1.00 ", 2, 0, false},
		{"-1.00", 2, 0, false},
		{"+1.00", 2, 0, false},
		{".50", 2, 0, false},
		{"01.00", 2, 0, false},
		{"1.0e", 2, 0, false},
		{"", 0, 0, false},
		{"1500.00", 0, 0, false},
		{"1.2345", 3, 0, false},
		{"12345678901.00", 2, 0, false},
		{"１.00", 2, 0, false},
	} {
		a, ok := parseAmount(tt.text, tt.digits)
		if ok != tt.ok || ok && a.minor != tt.minor {
			t.Errorf("%q with %d: %v %v", tt.text, tt.digits, a, ok)
		}
		if ok && a.String() != tt.text {
			t.Errorf("%q is written %q", tt.text, a)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	f.Add("10.00", 2)
	f.Add("1500", 0)
	f.Add("1.234", 3)
	f.Fuzz(func(t *testing.T, text string, digits int) {
		if digits < 0 || digits > 3 {
			return
		}
		if a, ok := parseAmount(text, digits); ok && a.String() != text {
			t.Fatalf("%q is written %q", text, a)
		}
	})
}

func FuzzParseDocument(f *testing.F) {
	f.Add([]byte(generateXML()))
	f.Add([]byte(processXML("00008400001853747f2bc6ded6012345")))
	f.Add([]byte(statusXML(theID)))
	f.Add([]byte("<Txn><a>&amp;</a>\n<b/></Txn>"))
	f.Add([]byte("<!DOCTYPE a><Txn/>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := parseDocument(body)
		if err != nil {
			return
		}
		again, err := parseDocument([]byte(request(doc.root, doc.fields)))
		if err != nil || len(again.fields) != len(doc.fields) {
			t.Fatalf("%v after writing %q", err, doc)
		}
		for name, value := range doc.fields {
			if value != "-" && again.fields[name] != value {
				t.Fatalf("%s: %q became %q", name, value, again.fields[name])
			}
		}
	})
}
