package caddymodule

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// optional is a line of the example that is switched off: a # and no space.
var optional = regexp.MustCompile(`(?m)^(\t*)#([^ \n])`)

// officePassword is "office-password" as `caddy hash-password` hashes it, at the least cost.
const officePassword, officeHash = "office-password", "$2a$04$SONS4cW59UUprF/ZMZ7GDOJqS.M0ysPPdfj3IVduE0GV/ykBlPNHO"

func readExample(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// The example is a configuration that loads, as it stands and with all that it offers, and
// looks as `caddy fmt` leaves it.
func TestExampleIsValid(t *testing.T) {
	text := readExample(t)
	if string(caddyfile.Format([]byte(text))) != text {
		t.Error("run caddy fmt --overwrite Caddyfile.example")
	}
	for name, key := range map[string]string{
		"SPLYNX_API_KEY": "0123456789abcdef0123456789abcdef", "SPLYNX_API_SECRET": splynxSecret,
		"PXPAY_USER_ID": "A", "PXPAY_KEY": pxPayKey, "PXPOST_USERNAME": "B", "PXPOST_PASSWORD": pxPostKey,
		"OLD_PXPAY_USER_ID": "C", "OLD_PXPAY_KEY": pxPayKey, "OLD_PXPOST_USERNAME": "D", "OLD_PXPOST_PASSWORD": pxPostKey,
		"P2_PXPAY_USER_ID": "E", "P2_PXPAY_KEY": pxPayKey, "P2_PXPOST_USERNAME": "F", "P2_PXPOST_PASSWORD": pxPostKey,
		"OFFICE_PASSWORD_HASH": officeHash,
	} {
		t.Setenv(name, key)
	}
	all := optional.ReplaceAllString(text, "$1$2")
	for _, word := range []string{"auth", "session_cookie", "endpoint", "retired", "partner", "entry_points", "cards", "charge", "second_approval", "logo", "accent", "language", "admin_commands"} {
		if !regexp.MustCompile(`(?m)^\t+` + word + " ").MatchString(all) {
			t.Errorf("the example does not show %s", word)
		}
	}
	logo := filepath.Join(t.TempDir(), "logo.svg")
	if err := os.WriteFile(logo, []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>`), 0o600); err != nil {
		t.Fatal(err)
	}
	all = strings.Replace(all, "/etc/caddy/logo.svg", logo, 1)
	for name, text := range map[string]string{"as it stands": text, "with all settings": all} {
		if err := validate(t, strings.Replace(text, "{\n", "{\n\tstorage file_system STORAGE\n", 1)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wholeFile is a block of code, after its fence, that is a Caddyfile by itself and not a part.
var wholeFile = regexp.MustCompile(`\A\n(\{|isp\.example \{)\n`)

// Every Caddyfile in the pages is one that Caddy takes, and looks as `caddy fmt` leaves it.
func TestCaddyfilesInPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, page := range append(pages, "../README.md", "../SECURITY.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, part := range strings.Split(string(text), "\n```") {
			if i%2 == 0 || !wholeFile.MatchString(part) {
				continue
			}
			seen++
			code := strings.TrimPrefix(part, "\n") + "\n"
			if string(caddyfile.Format([]byte(code))) != code {
				t.Errorf("%s: not as caddy fmt leaves it:\n%s", page, code)
			}
			if got := adapt(t, code); !strings.HasPrefix(got, "{") {
				t.Errorf("%s: %s\n%s", page, got, code)
			}
		}
	}
	if seen < 6 {
		t.Errorf("only %d Caddyfiles were found", seen)
	}
}

// The example's gates let through whom a payment needs.
func TestExampleGates(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	text := strings.NewReplacer(
		"{\n\t# How long", "{\n\tadmin unix/"+s.admin+"\n\tstorage file_system "+filepath.Join(s.dir, "storage")+"\n\t# How long",
		"static 192.0.2.10", "static 127.0.0.1",
		"http://127.0.0.1:8080/", s.backend, "reverse_proxy 127.0.0.1:8080", "reverse_proxy "+s.backend,
		"#endpoint https://uat.windcave.com", "endpoint "+s.pay,
		"https://isp.example/", s.public, "isp.example {", s.public+" {",
		"/var/lib/caddy/paymentexpress.db", s.journal(), "{env.OFFICE_PASSWORD_HASH}", officeHash,
	).Replace(readExample(t))
	file := filepath.Join(s.dir, "Caddyfile")
	s.must(os.WriteFile(file, []byte(text), 0o600))
	s.run(file, "")
	const (
		anywhere = "198.51.100.7"
		blocked  = "203.0.113.7"
		back     = "/paymentexpress/return/AAAAAAAAAAAAAAAA"
		link     = "/paymentexpress/direct-pay-invoice?item_id=2026/0042"
	)
	for name, c := range map[string]struct {
		from, password, path string
		want                 int
	}{
		"the portal asks for the password":               {anywhere, "", "/portal/login/", http.StatusUnauthorized},
		"the portal opens with it":                       {anywhere, officePassword, "/portal/login/", http.StatusOK},
		"the portal's pay icon asks for it":              {anywhere, "", "/paymentexpress/pay-invoice?item_id=2026/0042", http.StatusUnauthorized},
		"a payment link opens without":                   {anywhere, "", link, http.StatusOK},
		"the return address opens without":               {anywhere, "", back, http.StatusOK},
		"a payment's page opens without":                 {anywhere, "", "/paymentexpress/payment/AAAAAAAAAAAAAAAA", http.StatusNotFound},
		"the style sheet opens without":                  {anywhere, "", "/paymentexpress/assets/none.css", http.StatusNotFound},
		"a payment link is closed to who is blocked":     {blocked, "", link, http.StatusForbidden},
		"Splynx is closed to who is blocked":             {blocked, officePassword, "/portal/login/", http.StatusForbidden},
		"the return address is open to who is blocked":   {blocked, "", back, http.StatusOK},
		"nobody reaches Splynx through a return address": {anywhere, "", "/paymentexpress/return/../../portal/login/", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.public+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", c.from)
			if c.password != "" {
				r.SetBasicAuth("office", c.password)
			}
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != c.want {
				t.Errorf("status %d, want %d", resp.StatusCode, c.want)
			}
		})
	}
	s.stop()
}
