// Package splynxhost tests the script for the Splynx host.
package splynxhost

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	script   = "paymentexpress-host.sh"
	addon    = "system/script/addon"
	charge   = "system/external_handlers/finance/charge/"
	aside    = "system/paymentexpress-aside/"
	handler  = charge + "paymentexpress.php"
	setAside = aside + "1/paymentexpress.php"
	php      = "<?php // charges\n"
	other    = charge + "netcash_do.php"
)

// host is a folder laid out as Splynx's.
type host struct {
	t   *testing.T
	dir string
}

// setup makes a Splynx with the add-on's handler among others; files are by their paths, and an
// empty one is not there.
func setup(t *testing.T, files map[string]string) *host {
	t.Helper()
	t.Parallel()
	h := &host{t, filepath.Join(t.TempDir(), "a splynx")}
	all := map[string]string{addon: "#!/usr/bin/php\n", handler: php, other: "<?php // another's\n"}
	for path, text := range files {
		all[path] = text
	}
	h.must(os.MkdirAll(filepath.Join(h.dir, charge), 0o755))
	for path, text := range all {
		if text != "" {
			h.write(path, text)
		}
	}
	return h
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) write(path, text string) {
	h.t.Helper()
	path = filepath.Join(h.dir, path)
	h.must(os.MkdirAll(filepath.Dir(path), 0o755))
	h.must(os.WriteFile(path, []byte(text), 0o640))
}

// tree is all that is there: the text of files, where links lead.
func (h *host) tree() map[string]string {
	h.t.Helper()
	found := make(map[string]string)
	h.must(filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(h.dir, path)
		if err != nil || d.IsDir() {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			found[name], err = os.Readlink(path)
			return err
		}
		text, err := os.ReadFile(path)
		found[name] = string(text)
		return err
	}))
	return found
}

// run returns what the script says and its exit code.
func (h *host) run(args ...string) (said string, code int) {
	h.t.Helper()
	cmd := exec.Command("sh", append([]string{script, "--splynx", h.dir}, args...)...)
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// succeed runs it, and expects the files to be as they were but for those that moved, each a
// pair of paths.
func (h *host) succeed(moved [][2]string, says string, args ...string) {
	h.t.Helper()
	want := h.tree()
	for _, m := range moved {
		if want[m[0]] == "" {
			h.t.Fatalf("%s is not there", m[0])
		}
		want[m[1]] = want[m[0]]
		delete(want, m[0])
	}
	said, code := h.run(args...)
	if code != 0 || !strings.Contains(said, says) || !strings.Contains(said, "UNPROVEN") {
		h.t.Errorf("%v ends with %d, does not say %q, or not that it is unproven:\n%s", args, code, says, said)
	}
	if diff := cmp.Diff(want, h.tree()); diff != "" {
		h.t.Errorf("%v (-want +got):\n%s", args, diff)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	h := setup(t, nil)
	h.succeed(nil, "would move")
	h.succeed(nil, "would move", "--dry-run", "--apply")
	h.succeed(nil, "would move", "--apply", "--dry-run")
	h.succeed([][2]string{{handler, setAside}}, "moved", "--apply")
	h.succeed(nil, "would move", "--undo", "--dry-run")
	if _, err := os.Stat(filepath.Join(h.dir, charge)); err != nil {
		t.Error(err)
	}
}

func TestApplyMovesOnceAndUndoPutsBack(t *testing.T) {
	h := setup(t, nil)
	before, err := os.Stat(filepath.Join(h.dir, handler))
	h.must(err)
	h.succeed([][2]string{{handler, setAside}}, "moved", "--apply")
	h.succeed(nil, "nothing to move", "--apply")
	h.succeed([][2]string{{setAside, handler}}, "moved", "--undo")
	h.succeed(nil, "nothing to put back", "--undo")
	after, err := os.Stat(filepath.Join(h.dir, handler))
	h.must(err)
	if after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) || !os.SameFile(before, after) {
		t.Errorf("the handler came back as %v %v, was %v %v", after.Mode(), after.ModTime(), before.Mode(), before.ModTime())
	}
	second := aside + "2/paymentexpress.php"
	h.succeed([][2]string{{handler, second}}, "moved", "--apply")
	h.succeed([][2]string{{second, handler}}, "moved", "--undo")
}

// An upgrade puts the handler back while an older one is aside.
func TestHandlerThatComesBack(t *testing.T) {
	h := setup(t, nil)
	h.succeed([][2]string{{handler, setAside}}, "moved", "--apply")
	h.write(handler, php+"// newer\n")
	h.succeed(nil, "is in its place", "--undo")
	second := aside + "2/paymentexpress.php"
	h.succeed([][2]string{{handler, second}}, "moved", "--apply")
	h.succeed(nil, "a newer one goes back", "--undo", "--dry-run")
	h.succeed([][2]string{{second, handler}}, "moved", "--undo")
}

func TestHandlersOfOtherForms(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"PaymentExpress.php":          {charge + "PaymentExpress.php": php},
		"payment-express.php":         {charge + "payment-express.php": php},
		"splynx_windcave.php":         {charge + "splynx_windcave.php": php},
		"paymentexpress with a blank": {charge + "paymentexpress with a blank": php},
		"paymentexpress":              {charge + "paymentexpress/Charge.php": php, charge + "paymentexpress/template.csv": "a;b\n"},
	} {
		t.Run(name, func(t *testing.T) {
			files[handler] = ""
			h := setup(t, files)
			var there, back [][2]string
			for path := range files {
				if rest, ok := strings.CutPrefix(path, charge); ok && path != handler {
					there, back = append(there, [2]string{path, aside + "1/" + rest}), append(back, [2]string{aside + "1/" + rest, path})
				}
			}
			h.succeed(there, "moved", "--apply")
			h.succeed(back, "moved", "--undo")
		})
	}
}

// A link moves as it is, and leads where it did once it is back.
func TestHandlerThatIsALink(t *testing.T) {
	h := setup(t, map[string]string{handler: "", "addons/splynx-paymentexpress/charge.php": php})
	h.must(os.Symlink("../../../../addons/splynx-paymentexpress/charge.php", filepath.Join(h.dir, handler)))
	h.succeed([][2]string{{handler, setAside}}, "apt-mark hold splynx-paymentexpress", "--apply")
	h.succeed(nil, "nothing to move", "--apply")
	h.succeed([][2]string{{setAside, handler}}, "moved", "--undo")
}

func TestNamedHandler(t *testing.T) {
	second := charge + "paymentexpress_old.php"
	h := setup(t, map[string]string{second: php})
	h.succeed([][2]string{{second, aside + "1/paymentexpress_old.php"}}, "moved", "--apply", "--handler", "paymentexpress_old.php")
	h.succeed(nil, "nothing to move: no charge handler paymentexpress_old.php", "--apply", "--handler", "paymentexpress_old.php")
	h.succeed([][2]string{{handler, aside + "2/paymentexpress.php"}}, "moved", "--apply")
	h.succeed([][2]string{{aside + "1/paymentexpress_old.php", second}}, "moved", "--undo", "--handler", "paymentexpress_old.php")
}

func TestUnknownIsRefused(t *testing.T) {
	for what, tt := range map[string]struct {
		files  map[string]string
		change func(*host)
		args   []string
		says   string
	}{
		"no Splynx":             {change: func(h *host) { h.dir += "/none" }, says: "is not there"},
		"no script of add-ons":  {files: map[string]string{addon: ""}, says: "not a Splynx that this script knows"},
		"no folder of handlers": {change: func(h *host) { h.must(os.Rename(filepath.Join(h.dir, charge), filepath.Join(h.dir, "charge"))) }, says: "not a Splynx that this script knows"},
		"two that look like it": {files: map[string]string{charge + "windcave.php": php}, says: "both look like"},
		"one of another name":   {files: map[string]string{handler: "", other: "<?php $name = 'PaymentExpress';\n"}, says: "netcash_do.php is not named like the add-on's, but speaks of it"},
		"not PHP":               {files: map[string]string{handler: "\x7fELF"}, says: "is not PHP"},
		"a link that leads to none": {files: map[string]string{handler: ""}, change: func(h *host) {
			h.must(os.Symlink("nowhere.php", filepath.Join(h.dir, handler)))
		}, says: "is not PHP"},
		"a file in the way":            {files: map[string]string{strings.TrimSuffix(aside, "/"): "somebody's"}, says: "is not a folder of this script's"},
		"a handler outside the folder": {args: []string{"--handler", "../../../script/addon"}, says: "not a path"},
	} {
		t.Run(what, func(t *testing.T) {
			h := setup(t, tt.files)
			whole := *h
			if tt.change != nil {
				tt.change(h)
			}
			before := whole.tree()
			for _, do := range [][]string{nil, {"--apply"}} {
				said, code := h.run(append(do, tt.args...)...)
				if code != 1 || !strings.Contains(said, tt.says) {
					t.Errorf("%v ends with %d and does not say %q:\n%s", do, code, tt.says, said)
				}
			}
			if diff := cmp.Diff(before, whole.tree()); diff != "" {
				t.Errorf("it has changed something (-before +after):\n%s", diff)
			}
		})
	}
}

func TestNoHandler(t *testing.T) {
	h := setup(t, map[string]string{handler: ""})
	h.succeed(nil, "nothing to move")
	h.succeed(nil, "nothing to move", "--apply")
	h.succeed(nil, "nothing to put back", "--undo")
}

// Where add-ons call Splynx's program is told, and nothing of what the lines hold.
func TestCallsOfOtherAddOns(t *testing.T) {
	const call = "addons/splynx-netcash/commands/InstallController.php"
	h := setup(t, map[string]string{call: "<?php\nexec('/var/www/splynx/system/script/addon --secret=hush');\n"})
	h.succeed(nil, call+":2")
	if said, _ := h.run(); strings.Contains(said, "hush") {
		t.Errorf("it prints a line:\n%s", said)
	}
}

func TestWrongCallsAreTold(t *testing.T) {
	for _, args := range [][]string{{"--aply"}, {"--handler"}, {"--splynx", ""}, {"paymentexpress.php"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			h := setup(t, nil)
			before := h.tree()
			if said, code := h.run(append([]string{"--apply"}, args...)...); code != 2 || !strings.Contains(said, "usage:") {
				t.Errorf("it ends with %d:\n%s", code, said)
			}
			if diff := cmp.Diff(before, h.tree()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Hosts have dash for sh. shellcheck looks where it is installed.
func TestScriptIsPlainSh(t *testing.T) {
	t.Parallel()
	for _, tool := range [][]string{{"sh", "-n"}, {"dash", "-n"}, {"shellcheck", "--shell=sh"}} {
		path, err := exec.LookPath(tool[0])
		if err != nil {
			continue
		}
		if out, err := exec.Command(path, append(tool[1:], script)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", tool[0], err, out)
		}
	}
}

// Both say that nobody has tried it, and README.md has every option.
func TestSaidToBeUnproven(t *testing.T) {
	t.Parallel()
	for _, name := range []string{script, "README.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if top := string(text[:min(len(text), 600)]); !strings.Contains(strings.ToUpper(top), "UNPROVEN") || !strings.Contains(top, "on a copy") {
			t.Errorf("%s does not say so at its top", name)
		}
		for _, option := range []string{"--dry-run", "--apply", "--undo", "--splynx DIR", "--handler NAME"} {
			if !strings.Contains(string(text), option) {
				t.Errorf("%s has no word of %s", name, option)
			}
		}
	}
}
