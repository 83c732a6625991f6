// Package house holds the tests that keep the tree as it is meant to be.
package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/caddy-paymentexpress/paymentexpress/"

// Who may import whom, of our own packages; a package that is not here may import internal
// ones only. Tests and simulators are apart.
var allowed = map[string][]string{
	"caddymodule":         {"web", "web/office", "payment", "payment/charge", "payment/journal", "splynx", "windcave"},
	"web":                 {"payment", "splynx"},
	"web/office":          {"web", "payment", "payment/charge", "splynx"},
	"payment":             {"splynx", "windcave"},
	"payment/charge":      {"payment", "splynx", "windcave"},
	"payment/journal":     {"payment", "payment/charge"},
	"payment/paymenttest": {"payment", "payment/charge", "payment/journal", "splynx", "windcave", "splynx/splynxtest", "windcave/windcavetest"},
	"cmd/caddy":           {"caddymodule"},
	"cmd/demo":            {"caddymodule", "payment", "payment/charge", "payment/journal", "payment/paymenttest", "splynx/splynxtest", "windcave/windcavetest"},
}

// Only these may know Caddy: a cold build of it costs minutes.
var knowCaddy = []string{"caddymodule", "cmd/caddy", "cmd/demo"}

// Only these may know a simulator, outside of tests.
var knowSimulators = []string{"payment/paymenttest", "cmd/demo"}

func TestImportsGoOneWay(t *testing.T) {
	eachFile(t, func(dir, file string, imports []string) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(dir, "internal") || dir == "payment/journal/journaltest" {
			return
		}
		for _, path := range imports {
			own, ok := strings.CutPrefix(path, module)
			switch {
			case strings.HasPrefix(path, "github.com/caddyserver/") && !slices.Contains(knowCaddy, dir):
				t.Errorf("%s imports %s: only %v know Caddy", file, path, knowCaddy)
			case ok && !strings.HasPrefix(own, "internal/") && !slices.Contains(allowed[dir], own):
				t.Errorf("%s imports %s, which %s may not", file, own, dir)
			case ok && strings.HasSuffix(own, "test") && !slices.Contains(knowSimulators, dir):
				t.Errorf("%s imports %s: simulators are for tests and the demo", file, own)
			}
		}
	})
}

// The simulators must not agree with the clients by construction.
func TestSimulatorsShareNoCode(t *testing.T) {
	eachFile(t, func(dir, file string, imports []string) {
		for _, path := range imports {
			own, ok := strings.CutPrefix(path, module)
			if own == "internal/chromium" && strings.HasSuffix(file, "_test.go") {
				continue // starts a browser, and knows nothing of either
			}
			if ok && strings.HasSuffix(dir, "cavetest") && own != dir || ok && strings.HasSuffix(dir, "splynxtest") && own != dir {
				t.Errorf("%s imports %s", file, own)
			}
		}
	})
}

// eachFile visits the Go files of the module.
func eachFile(t *testing.T, visit func(dir, file string, imports []string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || d.Name() == "tools") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, p)
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		seen++
		visit(filepath.ToSlash(filepath.Dir(rel)), filepath.ToSlash(rel), imports)
		return nil
	})
	if err != nil || seen < 50 {
		t.Fatal(seen, err)
	}
}
