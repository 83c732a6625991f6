package web

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMessagesAreUsedAndThere compares the messages with the keys that code and templates
// name: none may be missing, and none may be left over.
func TestMessagesAreUsedAndThere(t *testing.T) {
	t.Parallel()
	have, used := messageKeys(t), usedKeys(t)
	for key := range used {
		if !have[key] {
			t.Errorf("message %q is used and not there", key)
		}
	}
	for key := range have {
		if !used[key] {
			t.Errorf("message %q is there and not used", key)
		}
	}
}

// TestEveryPageHasAGolden wants a golden page for every title.
func TestEveryPageHasAGolden(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, g := range goldenPages {
		key, _, _ := strings.Cut(g.name, "-")
		names[key] = true
	}
	for key := range messageKeys(t) {
		if page, ok := strings.CutSuffix(key, ".title"); ok && !names[page] {
			t.Errorf("page %q has no golden", page)
		}
		if notice, ok := strings.CutPrefix(key, "notice."); ok && !slices.ContainsFunc(goldenPages, func(g goldenPage) bool { return strings.HasSuffix(g.name, "-"+notice) }) {
			t.Errorf("notice %q has no golden", notice)
		}
	}
	files, err := filepath.Glob("testdata/*.golden.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".golden.html")
		if !slices.ContainsFunc(goldenPages, func(g goldenPage) bool { return g.name == name }) {
			t.Errorf("%s is nobody's", f)
		}
	}
}

// unpaid are the pages of payments that the gateway, or we, know to have charged nothing.
var unpaid = regexp.MustCompile(`^(notice\.)?(declined|declined_card|cancelled|not_started|bare_not_paid|preparing)(\.lead)?$`)

// Whoever has just paid may come upon any other page: none may say that nothing was charged
// and invite to pay, without a word about having paid.
func TestNoPageInvitesToPayTwice(t *testing.T) {
	t.Parallel()
	for key, text := range messages(t) {
		s, _ := text.(string)
		if unpaid.MatchString(key) {
			continue
		}
		if strings.Contains(s, "Nothing was charged.") || strings.Contains(s, "Nothing was charged by this") && !strings.Contains(s, "If you have paid already, do not pay again.") {
			t.Errorf("%s: %s", key, s)
		}
	}
}

func messageKeys(t *testing.T) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for key := range messages(t) {
		keys[key] = true
	}
	return keys
}

func messages(t *testing.T) map[string]any {
	t.Helper()
	text, err := files.ReadFile("messages/active.en.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	templateKey = regexp.MustCompile(`\.T "([^"]+)"`)
	messageForm = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)?$`)
)

// usedKeys are the messages that templates name, those that code names outright, and title
// and lead (or the notice) of every page that code names.
func usedKeys(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{"pay.title": true, "pay_proforma.title": true, "pay_top_up.title": true}
	templates, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range templates {
		text, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range templateKey.FindAllStringSubmatch(string(text), -1) {
			used[m[1]] = true
		}
	}
	pages, notices, literals := namedInCode(t)
	for page := range pages {
		used[page+".title"] = true
		if !slices.Contains([]string{"pay", "pay_proforma", "pay_top_up", "widget", "payments"}, page) { // they have a form or a list in place of a sentence
			used[page+".lead"] = true
		}
	}
	for notice := range notices {
		used["notice."+notice] = true
	}
	for key := range messageKeys(t) {
		if literals[key] {
			used[key] = true
		}
	}
	return used
}

// namedInCode reads the package: what is given to the fields Key and Notice, and every other
// text that has the form of a message's key.
func namedInCode(t *testing.T) (pages, notices, literals map[string]bool) {
	t.Helper()
	pages, notices, literals = map[string]bool{}, map[string]bool{}, map[string]bool{}
	ended := []string{"declined", "declined_card", "cancelled", "expired"} // endedKey; a notice has no not_started
	for _, e := range ended {
		pages[e], notices[e] = true, true
	}
	pages["not_started"] = true
	for _, b := range bareKeys {
		pages[b] = true
	}
	for _, k := range cardKeys {
		pages[k] = true
	}
	give := func(field string, value ast.Expr) {
		text, ok := literal(value)
		switch {
		case ok && field == "Key":
			pages[text] = true
		case ok && field == "Notice":
			notices[text] = true
		}
	}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if field, ok := n.Key.(*ast.Ident); ok {
					give(field.Name, n.Value)
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if len(n.Lhs) == len(n.Rhs) {
						give(assigned(left), n.Rhs[i])
					}
				}
			case *ast.BasicLit:
				if s, ok := literal(n); ok && messageForm.MatchString(s) {
					literals[s] = true
				}
			}
			return true
		})
	}
	return pages, notices, literals
}

// assigned names the field, or the variable for a page's key, that a value is given to.
func assigned(to ast.Expr) string {
	switch to := to.(type) {
	case *ast.SelectorExpr:
		return to.Sel.Name
	case *ast.Ident:
		if to.Name == "key" {
			return "Key"
		}
	}
	return ""
}

// sources are the files of this package that are not tests.
func sources(t *testing.T) (all []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
