package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// runbook is a page for each thing that needs a person, in a file named after its key.
var runbook = filepath.Join("..", "..", "docs", "runbook")

// sections are what each page says, in this order.
var sections = []string{"What happened", "Is money at risk?", "Look at", "Do", "If it comes again"}

// oneScreen is how many lines a page may have.
const oneScreen = 45

// goodWhys are reasons of a charge run's moves that nobody has to do anything about.
var goodWhys = []string{"WhyAsked", "WhyPlanned", "WhyAllBegun"}

// Each reason for which a payment is parked has a page, headed by the words of the work list; so
// has each reason for which a charge run stands still.
func TestRunbookHasEachReason(t *testing.T) {
	t.Parallel()
	reasons := values(t, "payment", "Reason")
	parked := parkedReasons(t)
	if len(parked) < 13 {
		t.Errorf("only %d reasons of parked payments were found: %v", len(parked), parked)
	}
	for _, name := range parked {
		key := reasons[name]
		words := meaning.Reason(payment.Reason(key))
		if got, want := heading(t, key), "# "+strings.ToUpper(words[:1])+words[1:]; got != want {
			t.Errorf("%s.md is headed %q, the work list says %q", key, got, want)
		}
	}
	whys := values(t, "payment/charge", "Why")
	for _, name := range goodWhys {
		if _, ok := whys[name]; !ok {
			t.Errorf("there is no %s", name)
		}
		delete(whys, name)
	}
	if len(whys) < 10 {
		t.Errorf("only %d reasons of runs were found: %v", len(whys), whys)
	}
	for _, key := range whys {
		heading(t, key)
	}
}

// Each page has its sections, fits on a screen, and is listed once; a link leads to a file and a
// heading that are there.
func TestRunbookPages(t *testing.T) {
	t.Parallel()
	index := page(t, filepath.Join(runbook, "README.md"))
	all := pages(t)
	for _, file := range all {
		text := page(t, file)
		followLinks(t, file, text)
		name := filepath.Base(file)
		if name == "README.md" {
			continue
		}
		if n := strings.Count(index, "\n| ["+strings.TrimSuffix(name, ".md")+"]("+name+") |"); n != 1 {
			t.Errorf("the index lists %s %d times", name, n)
		}
		var got []string
		for _, m := range section.FindAllStringSubmatch(text, -1) {
			got = append(got, m[1])
		}
		if !slices.Equal(got, sections) {
			t.Errorf("%s has the sections %q", name, got)
		}
		if n := strings.Count(text, "\n"); n > oneScreen {
			t.Errorf("%s has %d lines: it does not fit on a screen", name, n)
		}
	}
	for _, beside := range []string{"bad-night.md", "operations.md", "staff.md"} {
		file := filepath.Join("..", "..", "docs", beside)
		followLinks(t, file, page(t, file))
	}
}

var (
	section = regexp.MustCompile(`(?m)^## (.+)$`)
	link    = regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`)
	command = regexp.MustCompile("caddy paymentexpress ([^`\n]+)")
	flagged = regexp.MustCompile(`--([a-z-]+)`)
	button  = regexp.MustCompile(`\*\*([^*\n]+…|Ask again)\*\*`)
)

// What a page tells to type or to press is there to be typed and pressed.
func TestRunbookNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	commands, office := source(t, "caddymodule", "cmd_*.go"), source(t, "web/office", "*.go")+source(t, "web/office/templates", "*.html")
	typed, pressed := 0, 0
	for _, file := range pages(t) {
		text := page(t, file)
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			typed++
			for _, word := range words(m[1]) {
				if !regexp.MustCompile("(?:Use:\\s*|Command\\()[`\"]" + word + "\\b").MatchString(commands + source(t, "caddymodule", "check*.go")) {
					t.Errorf("%s: there is no command %q", filepath.Base(file), m[0])
				}
			}
			for _, f := range flagged.FindAllStringSubmatch(m[1], -1) {
				if !strings.Contains(commands, `"`+f[1]+`"`) {
					t.Errorf("%s: there is no flag --%s", filepath.Base(file), f[1])
				}
			}
		}
		for _, m := range button.FindAllStringSubmatch(text, -1) {
			if pressed++; !strings.Contains(office, m[1]) {
				t.Errorf("%s: there is no button %q", filepath.Base(file), m[1])
			}
		}
	}
	if typed < 30 || pressed < 30 {
		t.Errorf("only %d commands and %d buttons were found", typed, pressed)
	}
}

// words are the command's own words: what comes before what it is about.
func words(line string) (all []string) {
	for _, w := range strings.Fields(line) {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
			break
		}
		all = append(all, w)
	}
	return all
}

// parkedReasons are the names of the reasons that package payment parks for: what stands beside
// Parked, or is handed to park; where a function has chosen it, what that function returns.
func parkedReasons(t *testing.T) (names []string) {
	t.Helper()
	functions := map[string]*ast.FuncDecl{}
	for _, file := range files(t, "payment") {
		for _, d := range parse(t, file).Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				functions[fn.Name.Name] = fn
			}
		}
	}
	for _, fn := range functions {
		ast.Inspect(fn, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ReturnStmt:
				if len(n.Results) > 0 && called(n.Results[0]) == "Parked" {
					names = append(names, reasonsIn(n)...)
				}
			case *ast.CallExpr:
				if called(n.Fun) == "park" || len(n.Args) > 1 && called(n.Args[0]) == "Parked" {
					names = append(names, reasonsIn(n)...)
					for _, by := range choosers(fn, n) {
						names = append(names, returned(functions[by])...)
					}
				}
			}
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reasonsIn are the names of reasons in a piece of code.
func reasonsIn(n ast.Node) (names []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && strings.TrimPrefix(id.Name, "Reason") != id.Name {
			names = append(names, id.Name)
		}
		return true
	})
	return names
}

// returned are the reasons that a function returns.
func returned(fn *ast.FuncDecl) (names []string) {
	if fn == nil {
		return nil
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			names = append(names, reasonsIn(r)...)
		}
		return true
	})
	return names
}

// choosers are the functions whose results a call's arguments come from.
func choosers(fn *ast.FuncDecl, call *ast.CallExpr) (all []string) {
	var given []string
	for _, a := range call.Args {
		given = append(given, called(a))
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		set, ok := n.(*ast.AssignStmt)
		if !ok || len(set.Rhs) != 1 {
			return true
		}
		from, ok := set.Rhs[0].(*ast.CallExpr)
		if ok && slices.ContainsFunc(set.Lhs, func(e ast.Expr) bool { return called(e) == "why" && slices.Contains(given, "why") }) {
			all = append(all, called(from.Fun))
		}
		return true
	})
	return all
}

// called is the last part of a name; empty: it is none.
func called(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// values are the constants of a type in a package, by name.
func values(t *testing.T, dir, of string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, file := range files(t, dir) {
		ast.Inspect(parse(t, file), func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || spec.Type == nil || called(spec.Type) != of {
				return true
			}
			if text, ok := spec.Values[0].(*ast.BasicLit); ok {
				all[spec.Names[0].Name] = strings.Trim(text.Value, `"`)
			}
			return true
		})
	}
	return all
}

// followLinks wants the files and headings that a page's links lead to.
func followLinks(t *testing.T, file, text string) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		to := file
		if m[1] != "" {
			to = filepath.Join(filepath.Dir(file), m[1])
		}
		if _, err := os.Stat(to); err != nil {
			t.Errorf("%s links to %s, which is not there", filepath.Base(file), m[1])
			continue
		}
		if m[2] != "" && !slices.Contains(anchors(page(t, to)), m[2]) {
			t.Errorf("%s links to %s%s: there is no such heading", filepath.Base(file), m[1], m[2])
		}
	}
}

// anchors are what a page's headings are linked by.
func anchors(text string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, "#"+strings.ReplaceAll(kept, " ", "-"))
	}
	return all
}

// heading is the first line of a key's page.
func heading(t *testing.T, key string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(runbook, key+".md"))
	if err != nil {
		t.Errorf("%q has no page in the runbook: %v", key, err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return first
}

func pages(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(runbook, "*.md"))
	if err != nil || len(all) < 20 {
		t.Fatal(len(all), err)
	}
	return all
}

func page(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// source is the text of a package's files, but for tests.
func source(t *testing.T, dir, pattern string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("..", "..", dir, pattern))
	if err != nil || len(all) == 0 {
		t.Fatal(fmt.Errorf("%s/%s: %w", dir, pattern, err))
	}
	var text strings.Builder
	for _, file := range all {
		if !strings.HasSuffix(file, "_test.go") {
			text.WriteString(page(t, file))
		}
	}
	return text.String()
}

// files are those of a package, but for tests.
func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
	if err != nil || len(found) == 0 {
		t.Fatal(dir, err)
	}
	return slices.DeleteFunc(found, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
