package caddymodule

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

const goodConfig = `{
	storage file_system STORAGE
	paymentexpress {
		splynx http://127.0.0.1:8080/ {
			public_url https://isp.example/
			api_key 0123456789abcdef0123456789abcdef
			api_secret {env.CONFIG_TEST_SECRET}
		}
		windcave {
			pxpay User {env.CONFIG_TEST_KEY}
		}
		currency NZD
		payment_method 3
		time_zone Pacific/Auckland
		journal sqlite JOURNAL
	}
}
http://127.0.0.1:0 {
	paymentexpress
}
`

// validate does what `caddy validate` does.
func validate(t *testing.T, caddyfile string) error {
	t.Helper()
	dir := t.TempDir()
	caddyfile = strings.NewReplacer("STORAGE", filepath.Join(dir, "storage"), "JOURNAL", filepath.Join(dir, "j.db")).Replace(caddyfile)
	raw, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatal(err)
	}
	var cfg caddy.Config
	if err := json.Unmarshal(raw, &cfg); err != nil {
		t.Fatal(err)
	}
	err = caddy.Validate(&cfg)
	if _, stat := os.Stat(filepath.Join(dir, "j.db")); stat == nil {
		t.Error("validate made a journal")
	}
	return err
}

func TestValidateOpensNothing(t *testing.T) {
	t.Setenv("CONFIG_TEST_SECRET", "secret")
	t.Setenv("CONFIG_TEST_KEY", pxPayKey)
	if err := validate(t, goodConfig); err != nil {
		t.Error(err)
	}
}

// Each wrong setting, alone, is refused with words that say which and what to do.
func TestWrongSettings(t *testing.T) {
	t.Setenv("CONFIG_TEST_SECRET", "secret")
	t.Setenv("CONFIG_TEST_KEY", pxPayKey)
	for name, c := range map[string]struct{ old, new, want string }{
		"no splynx": {
			"splynx http://127.0.0.1:8080/ {\n\t\t\tpublic_url https://isp.example/\n\t\t\tapi_key 0123456789abcdef0123456789abcdef\n\t\t\tapi_secret {env.CONFIG_TEST_SECRET}\n\t\t}", "",
			"splynx is missing: name the address of your Splynx, and its api_key and api_secret",
		},
		"no currency":        {"currency NZD", "", "currency is missing, such as NZD"},
		"unknown currency":   {"currency NZD", "currency NZ$", `currency "NZ$" is no ISO 4217 code`},
		"no payment method":  {"payment_method 3", "", "payment_method is missing: the id of the payment method in Splynx"},
		"statements":         {"currency NZD", "currency NZD\nstatements weekly", `statements "weekly": monthly or daily`},
		"marker field":       {"currency NZD", "currency NZD\nmarker_field 6", "marker_field 6: 1 to 5"},
		"page life":          {"currency NZD", "currency NZD\npage_life 1m", "page_life 1m0s: 15m to 72h"},
		"time zone":          {"Pacific/Auckland", "Pacific/Atlantis", `time_zone "Pacific/Atlantis": want a name such as Pacific/Auckland`},
		"no pxpay":           {"pxpay User {env.CONFIG_TEST_KEY}", "", "pxpay is missing: the PxPay user id and its key"},
		"short pxpay key":    {"{env.CONFIG_TEST_KEY}", "short", "64"},
		"unset variable":     {"{env.CONFIG_TEST_SECRET}", "{env.CONFIG_TEST_NOT_SET}", "api_secret"},
		"plain http":         {"http://127.0.0.1:8080/", "http://10.0.0.5:8080/", "is another machine: use https, or add plain_http"},
		"splynx with a path": {"http://127.0.0.1:8080/", "http://127.0.0.1:8080/api/2.0/", "want scheme and host, such as https://isp.example/"},
		"no public url":      {"public_url https://isp.example/", "", "public_url is missing: customers cannot reach 127.0.0.1:8080"},
		"public url":         {"https://isp.example/", "isp.example", "want scheme and host, such as https://isp.example/"},
		"endpoint by http":   {"windcave {", "windcave {\nendpoint http://sec.windcave.com", "http"},
		"journal":            {"journal sqlite JOURNAL", "journal postgres JOURNAL", `journal "postgres": sqlite`},
		"auth":               {"public_url", "auth basic\npublic_url", `auth "basic": token or signature`},
		"session cookie":     {"public_url", "session_cookie \"a b\"\npublic_url", `session_cookie "a b" is no name of a cookie, such as PHPSESSID`},
		"admin commands":     {"currency NZD", "currency NZD\nadmin_commands write", `admin_commands "write": read or all`},
		"entry point":        {"currency NZD", "currency NZD\nentry_points {\ninvoice yes\n}", `entry_points: invoice "yes": on or off`},
		"partner's currency": {"currency NZD", "currency NZD\npartner 2 {\ncurrency NZ$\n}", `partner 2: currency "NZ$" is no ISO 4217 code`},
		"partner's pxpost":   {"currency NZD", "currency NZD\npartner 2 {\npxpost U {env.CONFIG_TEST_KEY}\n}", "partner 2: pxpost without pxpay; the partner needs both of its own, or neither"},
		"partner's key":      {"currency NZD", "currency NZD\npartner 2 {\npxpay U {env.CONFIG_TEST_NOT_SET}\n}", "partner 2: pxpay secret"},
		"retired key":        {"windcave {", "windcave {\nretired pxpay U {env.CONFIG_TEST_NOT_SET}", "windcave: retired: pxpay secret"},
		"sign_in":            {"public_url", "sign_in ours\npublic_url", `sign_in "ours": splynx or own`},
		"signed links":       {"currency NZD", "currency NZD\nsigned_links yes", `signed_links "yes": off, by_id or all`},
		"card check":         {"currency NZD", "currency NZD\ncards {\ncheck validate\n}", `cards: check "validate": purchase or auth`},
		"card check amount":  {"currency NZD", "currency NZD\ncards {\ncheck_amount 1.001\n}", `cards: check_amount "1.001" is no amount of NZD, such as 1.00`},
		"partner's check":    {"currency NZD", "currency NZD\ncards {\ncheck_amount 1.50\n}\npartner 2 {\ncurrency JPY\n}", `cards: check_amount "1.50" is no amount of JPY, such as 1`},
		"card fields":        {"currency NZD", "currency NZD\ncards {\nfield token 2\nfield number 2\n}", "cards: fields number and token are both 2"},
		"card without token": {"currency NZD", "currency NZD\ncards {\nfield number 2\n}", "cards: field token is missing: without it no card can be charged"},
		"card field":         {"currency NZD", "currency NZD\ncards {\nfield token 11\n}", "cards: field token 11: 1 to 10"},
		"card mode":          {"currency NZD", "currency NZD\ncards {\nmode staff Recurring\n}", `cards: mode staff "Recurring": lower-case letters, such as credentialonfile, or none`},
		"cannot book":        {"currency NZD", "currency NZD\ncannot_book park", `cannot_book "park": balance or refund`},
		"schedule's rule":    {"currency NZD", "currency NZD\ncharge {\nschedule a {\non monday\nat 09:00\n}\n}", `charge: that cannot be done by itself: schedule a: there is no rule "monday"`},
		"schedule's time":    {"currency NZD", "currency NZD\ncharge {\nschedule a {\non due\nat 9\n}\n}", `charge: schedule a: at "9": want a time such as 09:00`},
		"schedule's days":    {"currency NZD", "currency NZD\ncharge {\nschedule a {\non due 3\nat 09:00\n}\n}", `schedule a: 3 days`},
		"schedule's start":   {"currency NZD", "currency NZD\ncharge {\nschedule a {\non due\nat 09:00\nstart now\n}\n}", `there is no start "now"`},
		"retry of nothing":   {"currency NZD", "currency NZD\ncharge {\nretry {\nat 10:00\n}\n}", "retry: say what is tried again"},
		"retry too soon":     {"currency NZD", "currency NZD\ncharge {\nretry {\nsoft 1h\nat 10:00\n}\n}", "pauses of soft: at least one, each of 24h to 30 days"},
		"refund in splynx":   {"currency NZD", "currency NZD\nrefund_in_splynx credit_note", `refund_in_splynx "credit_note": task or payment`},
		"too many at once":   {"currency NZD", "currency NZD\ncharge {\nconcurrency 513\n}", "charge: concurrency 513: 1 to 512"},
		"too fast":           {"currency NZD", "currency NZD\ncharge {\nper_second 1001\n}", "charge: per_second 1001: 1 to 1000, or leave it out"},
		"confirm above":      {"currency NZD", "currency NZD\ncharge {\nconfirm_above 50 10.001\n}", `charge: confirm_above: "10.001" is no amount of NZD above 0, such as 10000.00`},
		"schedule above":     {"currency NZD", "currency NZD\ncharge {\nschedule x {\non due\nat 09:00\nconfirm_above 50 10.001\n}\n}", `charge: schedule x: confirm_above: "10.001" is no amount of NZD above 0, such as 10000.00`},
		"confirm above 0":    {"currency NZD", "currency NZD\ncharge {\nconfirm_above 50 0.00\n}", `charge: confirm_above: "0.00" is no amount of NZD above 0`},
		"refund, no pxpost":  {"currency NZD", "currency NZD\nsecond_approval refund", "cannot_book and second_approval can be refund only with windcave pxpost: refunds are made by it"},
		"accent":             {"currency NZD", "currency NZD\naccent blue", "accent"},
		"logo":               {"currency NZD", "currency NZD\nlogo /does/not/exist.png", "logo"},
		"partner's logo":     {"currency NZD", "currency NZD\npartner 2 {\nlogo /does/not/exist.png\n}", "partner 2: logo"},
		"language":           {"currency NZD", "currency NZD\nlanguage xx", "language"},
		"messages":           {"currency NZD", "currency NZD\nmessages /does/not/exist", "messages /does/not/exist: want a folder with files such as active.de.json"},
		"top up":             {"currency NZD", "currency NZD\ntop_up 5.00 1.00", `top_up for partner 0: from "5.00" to "1.00": want two amounts in NZD`},
		"suggested amounts":  {"currency NZD", "currency NZD\ntop_up 5.00 100.00 20.00 500.00", `suggested ["20.00" "500.00"]: want at most 6 amounts in NZD, each from 5.00 to 100.00`},
		"partner's top up":   {"currency NZD", "currency NZD\npartner 2 {\ncurrency JPY\ntop_up 0.50 100\n}", "top_up for partner 2"},
		"tls_ca":             {"public_url", "tls_ca /does/not/exist.pem\npublic_url", "tls_ca"},
		"unset tls_ca":       {"public_url", "tls_ca {env.CONFIG_TEST_NOT_SET}\npublic_url", "tls_ca"},
		"unset server name":  {"public_url", "tls_server_name {env.CONFIG_TEST_NOT_SET}\npublic_url", "tls_server_name"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(goodConfig, c.old) {
				t.Fatalf("the good configuration has no %q", c.old)
			}
			err := validate(t, strings.Replace(goodConfig, c.old, c.new, 1))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v\nwant %s", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), pxPayKey) || strings.Contains(err.Error(), "short")) {
				t.Error("the error shows a secret")
			}
		})
	}
}

// A certificate authority and a server's name are given by placeholders too.
func TestTLSByPlaceholders(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONFIG_TEST_CA", file)
	t.Setenv("CONFIG_TEST_NAME", "splynx.example")
	a := &App{Splynx: Splynx{URL: "https://10.0.0.5/", TLSCA: "{env.CONFIG_TEST_CA}", TLSServerName: "{env.CONFIG_TEST_NAME}"}}
	if err := a.resolvePlain(); err != nil {
		t.Fatal(err)
	}
	transport, err := a.splynxTransport()
	if err != nil {
		t.Fatal(err)
	}
	if c := transport.(*http.Transport).TLSClientConfig; c.ServerName != "splynx.example" || c.RootCAs == nil {
		t.Errorf("server name %q, authorities %v", c.ServerName, c.RootCAs)
	}
}

// What works, but should not be so for long, is warned about.
func TestDoubtfulSettings(t *testing.T) {
	const plain = "public_url is plain http: whoever can listen in between can read and change the payment pages"
	for public, want := range map[string]int{
		"https://isp.example/": 0, "http://isp.example/": 1, "http://127.0.0.1:9000/": 0, "http://localhost/": 0, "http://[::1]/": 0,
	} {
		core, logged := observer.New(zapcore.WarnLevel)
		a := &App{log: zap.New(core), host: newHost(""), Splynx: Splynx{URL: "http://127.0.0.1:8080/", PublicURL: public, Key: "key", Secret: "secret"}}
		if err := a.resolvePlain(); err != nil {
			t.Fatal(err)
		}
		if _, err := a.splynxClient(); err != nil {
			t.Fatal(err)
		}
		if n := logged.FilterMessage(plain).Len(); n != want {
			t.Errorf("%s is warned about %d times", public, n)
		}
	}
	for endpoint, want := range map[string]bool{
		defaultEndpoint: true, "https://SEC.windcave.com:443/": true,
		"https://uat.windcave.com": false, "https://sec.windcave.com.example": false, "http://127.0.0.1:9001": false,
	} {
		if isLive(endpoint) != want {
			t.Errorf("%s: live %t", endpoint, !want)
		}
	}
}

func TestDirectiveWithoutOptions(t *testing.T) {
	err := validate(t, "http://127.0.0.1:0 {\n\tpaymentexpress\n}\n")
	if err == nil || !strings.Contains(err.Error(), "the global options have no paymentexpress block") {
		t.Error(err)
	}
}
