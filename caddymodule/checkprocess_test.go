package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// checked runs the command as a process, with the secrets from a file; nothing but the report
// is to be seen.
func (s *site) checked(env string, args ...string) (report string, code int) {
	s.tb.Helper()
	var out, log bytes.Buffer
	cmd := exec.Command(os.Args[0], append([]string{
		"paymentexpress", "check", "--config", filepath.Join(s.dir, "Caddyfile"), "--adapter", "caddyfile", "--envfile", env,
	}, args...)...)
	cmd.Env = append(os.Environ(), asCaddy+"=1", "XDG_CONFIG_HOME="+s.dir, "XDG_DATA_HOME="+s.dir)
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		s.tb.Fatal(err)
	}
	for _, secret := range []string{splynxSecret, pxPayKey, pxPostKey} {
		if strings.Contains(out.String()+log.String(), secret) {
			s.tb.Errorf("a secret is printed:\n%s%s", out.String(), log.String())
		}
	}
	if log.Len() > 0 {
		s.tb.Errorf("beside the report:\n%s", log.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// Beside a running Caddy: the journal is its, the site is found, and the exit code tells.
func TestCheckAsAProcess(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.start("")
	s.until("the journal is open", func() bool { return strings.Contains(s.logged(), "journal is open") })
	env := filepath.Join(s.dir, "paymentexpress.env")
	write := func(secret string) {
		s.must(os.WriteFile(env, []byte("# of the service\nSPLYNX_API_KEY=0123456789abcdef0123456789abcdef\nexport SPLYNX_API_SECRET=\""+secret+
			"\"\nPXPAY_USER_ID=SitePxPay\nPXPAY_KEY="+pxPayKey+"\nPXPOST_USERNAME=SitePxPost\nPXPOST_PASSWORD='"+pxPostKey+"'\n"), 0o600))
	}
	write(splynxSecret)
	report, code := s.checked(env)
	for _, want := range []string{"a running Caddy uses it", "is answered by this module", "ok      API key", "\n0 wrong, "} {
		if !strings.Contains(report, want) {
			t.Errorf("it does not say %q:\n%s", want, report)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d\n%s", code, report)
	}
	write("another")
	if report, code = s.checked(env, "--json"); code != 1 {
		t.Errorf("exit code %d\n%s", code, report)
	}
	var r checkReport
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatalf("%v\n%s", err, report)
	}
	i := slices.IndexFunc(r.Findings, func(f finding) bool { return f.Level == levelWrong })
	if r.Wrong != 1 || i < 0 || r.Findings[i].About != stepKey {
		t.Errorf("%d wrong\n%s", r.Wrong, report)
	}
}

func TestEnvFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       map[string]string
	}{
		{"plain", "A=1\n\n# B=2\nC=3=4\n", map[string]string{"A": "1", "C": "3=4"}},
		{"for a shell", "export A=1\n  B=2 # said\n", map[string]string{"A": "1", "B": "2"}},
		{"in quotes", "A=\"one two\"\nB='x'\n", map[string]string{"A": "one two", "B": "x"}},
		{"over lines", "A=\"one\ntwo\"\nB=3\n", map[string]string{"A": "one\ntwo", "B": "3"}},
		{"a hash cuts, as in Caddy", "A=ab#cd\n", map[string]string{"A": "ab"}},
		{"no equals sign", "A\n", nil},
		{"no name", "=1\n", nil},
		{"a name of two words", "A B=1\n", nil},
		{"a blank before the value", "A= 1\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseEnvFile(strings.NewReader(tt.text))
			if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != (tt.want == nil) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// The permissions looked at are those that README.md asks for.
func TestCheckKnowsThePermissionsOfTheManual(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(manual), "| permission | for |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var want, got []string
	for row := range strings.Lines(table) {
		if strings.Contains(row, "only for `caddy paymentexpress check`") {
			continue // a step is skipped without it
		}
		controller, actions, ok := strings.Cut(strings.TrimSpace(strings.Split(row, "|")[1]), ": ")
		if !ok {
			t.Fatalf("a row is not like Payments: index, view: %s", row)
		}
		for _, action := range strings.Split(actions, ", ") {
			want = append(want, controller+" "+action)
		}
	}
	cards := payment.Generation{Default: payment.Partner{Credentials: payment.Credentials{PxPost: new(windcave.PxPost)}}}
	for _, p := range (&checker{app: &App{Cards: Cards{PaymentMethod: 3, Tell: "office@isp.example"}, generation: &cards}}).permissions() {
		got = append(got, p.String())
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-README.md +check:\n%s", diff)
	}
}
