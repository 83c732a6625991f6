package web

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// An operator's texts stand in place of ours, and a new language has English where it says
// nothing.
func TestOwnMessages(t *testing.T) {
	inBubble(t, setup{Edit: func(c *Config) {
		c.Messages = fstest.MapFS{
			"active.en.json": {Data: []byte(`{"pay.title": "Bill{{with .Number}} {{.}}{{end}}"}`)},
			"active.de.json": {Data: []byte("\xef\xbb\xbf" + `{"button": {"pay": "Jetzt {{.Money}} an {{.Provider}} zahlen"}}`)},
			"active.mi.json": {Data: []byte(`{"pay.title": "Nama {{.Number}}", "date.months": "K H P Pa H Pi Ho Hk M W Wh Hk"}`)},
			"README.txt":     {Data: []byte("ours")},
		}
	}}, func(r *rig) {
		for lang, want := range map[string][]string{
			"en": {"<h1>Bill 2026/0042</h1>", "Pay NZ$57.50"},
			"de": {"<h1>Rechnung 2026/0042</h1>", "Jetzt 57,50 <wbr>NZ$ an Long White Cloud Internet zahlen"},
			"mi": {`<html lang="mi">`, "<h1>Nama 2026/0042</h1>", "Pay NZ$57.50"},
		} {
			a := r.get(r.link(), header("Accept-Language", lang))
			for _, text := range want {
				if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), text) {
					r.Errorf("%s has no %q\n%s", lang, text, a.Body)
				}
			}
		}
		r.wants(r.get(goldenURL, header("Accept-Language", "mi")), 404, "Payment not found")
	})
}

func TestOwnMessagesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"no JSON":            {"active.de.json", `{"paid.title"`, "active.de.json: want a JSON object"},
		"not an object":      {"active.de.json", `"paid"`, "active.de.json: want a JSON object"},
		"unknown key":        {"active.de.json", `{"payd.title": "x"}`, `active.de.json: key "payd.title": no page uses it`},
		"does not parse":     {"active.de.json", `{"paid.lead": "x {{.Provider"}`, `key "paid.lead": the text is no template`},
		"unknown word":       {"active.de.json", `{"paid.lead": "{{.Customer}}"}`, `key "paid.lead": it has {{.Customer}}, which is not there: use {{.Provider}}`},
		"hidden unknown":     {"active.de.json", `{"paid.lead": "{{if .Number}}{{else}}{{.Nmber}}{{end}}"}`, "it has {{.Nmber}}"},
		"word within":        {"active.de.json", `{"paid.lead": "{{with .Number}}{{.Money}}{{end}}"}`, "it has {{.Money}}"},
		"a form of ours":     {"active.de.json", `{"paid.lead": "{{.Form}}"}`, "it has {{.Form}}"},
		"another text":       {"active.de.json", `{"paid.lead": "{{.T \"paid.lead\"}}"}`, "which is not there"},
		"a function":         {"active.de.json", `{"paid.lead": "{{printf \"%s\" .Money}}"}`, "no template"},
		"a loop":             {"active.de.json", `{"paid.lead": "{{range .Money}}x{{end}}"}`, "which is not there"},
		"a definition":       {"active.de.json", `{"paid.lead": "{{define \"x\"}}{{end}}"}`, "cannot define"},
		"itself":             {"active.de.json", `{"provider": "{{.Provider}}"}`, "this text takes no values"},
		"empty":              {"active.de.json", `{"paid.lead": ""}`, "no text"},
		"other delimiters":   {"active.de.json", `{"paid.lead": {"other": "<<.Form>>", "leftDelim": "<<", "rightDelim": ">>"}}`, "delimiters"},
		"plural of no count": {"active.de.json", `{"paid.lead": {"one": "x", "other": "y"}}`, "no plural forms"},
		"plural form lacks":  {"active.pl.json", `{"wait": {"one": "x", "other": "y"}}`, `key "wait": there is no text for`},
		"plural as a text":   {"active.de.json", `{"wait": "bald"}`, `key "wait": there is no text for 1`},
		"eleven months":      {"active.de.json", `{"date.months": "1 2 3 4 5 6 7 8 9 10 11"}`, "want 12 names"},
		"name":               {"de.json", `{}`, "de.json: name it active.<language>.json"},
		"no language":        {"active.klingonese.json", `{}`, "is no language"},
		"nothing":            {"README.txt", "", "has no file active.<language>.json"},
	} {
		_, err := newLanguages(fstest.MapFS{c.file: {Data: []byte(c.text)}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s gives %v, want %q", name, err, c.want)
		}
	}
	if _, err := newLanguages(os.DirFS(filepath.Join(t.TempDir(), "none"))); err == nil {
		t.Error("a folder that is not there is none")
	}
}

// All that is wrong is told at once.
func TestOwnMessagesTellAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := newLanguages(fstest.MapFS{
		"active.de.json": {Data: []byte(`{"paid.lead": "{{.X}}", "nothing": "y"}`)},
		"active.fr.json": {Data: []byte(`{"paid.title": "{{.Z}}"}`)},
	})
	for _, want := range []string{"{{.X}}", `"nothing"`, "active.fr.json", "{{.Z}}"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell of %s", err, want)
		}
	}
}
