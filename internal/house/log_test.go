package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every warning and error of ours is in docs/log-lines.md, with what to do; and every message
// that is explained there exists.
func TestLogLinesAreExplained(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "log-lines.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	eachFile(t, func(dir, file string, _ []string) {
		if strings.HasSuffix(file, "_test.go") || !slices.Contains([]string{"caddymodule", "web", "web/office", "payment", "payment/charge", "payment/journal", "internal/upstream"}, dir) {
			return
		}
		for _, message := range messages(t, filepath.Join("..", "..", file)) {
			said[message] = true
			if !strings.Contains(string(page), "`"+message+"`") {
				t.Errorf("%s logs %q, which docs/log-lines.md does not explain", file, message)
			}
		}
	})
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.TrimSpace(cells[1]) != "warn" && strings.TrimSpace(cells[1]) != "error" {
			continue
		}
		if _, message, ok := strings.Cut(cells[2], "`"); ok && !said[strings.TrimSuffix(strings.TrimSpace(message), "`")] {
			t.Errorf("docs/log-lines.md explains %s, which nothing logs", cells[2])
		}
	}
	if len(said) < 15 {
		t.Errorf("only %d messages were found", len(said))
	}
}

// messages are the literal texts of a file's Warn and Error calls.
func messages(t *testing.T, file string) (all []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		fn, ok := call.Fun.(*ast.SelectorExpr)
		text, isText := call.Args[0].(*ast.BasicLit)
		if ok && isText && (fn.Sel.Name == "Warn" || fn.Sel.Name == "Error") {
			if s, err := strconv.Unquote(text.Value); err == nil {
				all = append(all, s)
			}
		}
		return true
	})
	return all
}
