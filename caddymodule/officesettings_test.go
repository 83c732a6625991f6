package caddymodule

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	officepages "github.com/caddy-paymentexpress/paymentexpress/web/office"
)

// settledApp is an app as Provision leaves it, as far as its settings are told.
func settledApp(t *testing.T) *App {
	t.Helper()
	a := &App{
		Splynx: Splynx{Key: "marked-key", Secret: "marked-secret"}, Currency: "NZD", PaymentMethod: 3, Name: "Kereru",
		Windcave:      Windcave{PxPay: Credentials{User: "{env.USER}", Secret: "marked-pxpay"}, PxPost: Credentials{User: "{env.POST}", Secret: "marked-pxpost"}},
		Partners:      map[int64]Partner{2: {PxPay: Credentials{User: "South", Secret: "marked-south"}, Currency: "AUD", Name: "Southern Cloud"}, 3: {}},
		AdminCommands: "all",
	}
	a.setDefaults()
	a.address, a.public, a.endpoint, a.hostKey = "http://127.0.0.1:8080/", "https://isp.example", defaultEndpoint, "/var/lib/caddy/paymentexpress.db"
	north := payment.Partner{Credentials: payment.Credentials{Endpoint: defaultEndpoint, PxPayUser: "NorthPay", PxPostUser: "NorthPost"}, Currency: "NZD", PaymentMethod: 3}
	south := payment.Partner{Credentials: payment.Credentials{Endpoint: defaultEndpoint, PxPayUser: "SouthPay"}, Currency: "AUD", PaymentMethod: 3, Own: true}
	a.generation = &payment.Generation{Default: north, Partners: map[int64]payment.Partner{2: south, 3: north}}
	return a
}

// settingOf finds a setting.
func settingOf(t *testing.T, table officepages.SettingsTable, name string) officepages.SettingsRow {
	t.Helper()
	for _, g := range table.Groups {
		for _, r := range g.Rows {
			if r.Name == name {
				return r
			}
		}
	}
	t.Fatalf("there is no setting %s", name)
	return officepages.SettingsRow{}
}

func TestSettingsTable(t *testing.T) {
	t.Parallel()
	table := settledApp(t).settingsTable()
	if !slices.Equal(table.Partners, []int64{2, 3}) {
		t.Errorf("partners %v", table.Partners)
	}
	for name, want := range map[string]string{
		"pxpay": "Caddyfile: NorthPay, key set | SouthPay, key set* | NorthPay, key set", "pxpost": "Caddyfile: NorthPost, password set | none* | NorthPost, password set",
		"currency": "Caddyfile: NZD | AUD* | NZD", "name": "Caddyfile: Kereru | Southern Cloud* | Kereru", "accent": "default: blue | blue | blue",
		"top_up": "default: 1 to 10000 | 1 to 10000 | 1 to 10000", "retired": "default: none | none | none",
		"endpoint": "default: https://sec.windcave.com", "api_secret": "Caddyfile: set", "api_key": "Caddyfile: set", "admin_commands": "Caddyfile: all", "page_life": "default: 1h0m0s",
		"cards account": "Splynx: the payment account that names Payment Express or Windcave", "cards check_amount": "default: 1", "journal_reserve": "default: 256 MiB",
		"office charge": "default: whoever may add payments in Splynx", "journal": "Caddyfile: sqlite /var/lib/caddy/paymentexpress.db", "entry_points charge": "default: on",
	} {
		r := settingOf(t, table, name)
		var cells []string
		for _, c := range r.Cells {
			text := c.Value
			if c.Differ {
				text += "*"
			}
			cells = append(cells, text)
			if strings.Contains(c.Value, "marked-") {
				t.Errorf("%s shows a secret", name)
			}
		}
		if got := r.From + ": " + strings.Join(cells, " | "); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Who is told of saved cards is one mail address.
func TestTellIsOneAddress(t *testing.T) {
	t.Parallel()
	for to, good := range map[string]bool{"": true, "office@isp.example": true, "Office <office@isp.example>": false, "a@isp.example, b@isp.example": false, "office": false, "a@isp.example\nBcc: b@isp.example": false} {
		a := &App{Cards: Cards{Tell: to}}
		a.setDefaults()
		if err := a.Cards.check(); (err == nil) != good {
			t.Errorf("%q: %v", to, err)
		}
		if got := a.Cards.settings().Tell; got != to {
			t.Errorf("the engine is given %q", got)
		}
	}
}

// Each setting that there is, is on the page: its word, or that of its block.
func TestEverySettingIsShown(t *testing.T) {
	t.Parallel()
	var words []string
	for _, g := range settledApp(t).settingsTable().Groups {
		for _, r := range g.Rows {
			words = append(words, strings.Fields(r.Name)...)
		}
	}
	other := map[string]string{ // the words of the Caddyfile, where they are not those of JSON
		"schedules": "schedule", "url": "splynx", "session_cookies": "session_cookie", "windcave": "endpoint", "partners": "pxpay", "fields": "field", "modes": "mode",
	}
	var look func(reflect.Type)
	look = func(of reflect.Type) {
		for f := range of.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous {
				look(f.Type)
				continue
			}
			if name == "" || name == "secret" || name == "backend" || name == "path" {
				continue
			}
			if to := other[name]; to != "" {
				name = to
			}
			if !slices.Contains(words, name) {
				t.Errorf("%s of %s is not shown", name, of)
			}
			if f.Type.Kind() == reflect.Struct && slices.Contains([]string{"Splynx", "Windcave", "Cards", "Charge", "EntryPoints", "Office", "CardModes"}, f.Type.Name()) {
				look(f.Type)
			}
		}
	}
	look(reflect.TypeFor[App]())
}

// The page and a check through Caddy: what is in force, what is wrong, and no secret.
func TestSettingsThroughCaddy(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.splynx.AddPartner("South", "Southern Cloud Ltd")
	s.words = southBlock
	s.splynx.AddAdministratorSession(staffSession, s.splynx.AddAdministrator(splynxtest.Administrator{Login: "marked-login", Name: "Marked Clerk"}))
	s.start("")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	staff, at, page := signedIn(staffSession), s.public+"/paymentexpress/admin/settings", payer.Page{}
	s.until("the page is served", func() bool {
		var err error
		page, err = staff.Open(ctx, at)
		return err == nil && page.HasForm()
	})
	for _, text := range []string{"SitePxPay, key set", "SouthPxPay, key set", "Southern Cloud", `<strong class="own">*`, s.journal()} {
		if !strings.Contains(page.Body, text) {
			t.Errorf("the page does not say %s", text)
		}
	}
	begun, err := staff.Press(ctx, at+"/check", page)
	s.must(err)
	if begun.Location != "/paymentexpress/admin/settings" {
		t.Fatalf("the button leads to %d %q %q", begun.Status, begun.Title, begun.Location)
	}
	s.until("the check has ended", func() bool {
		var err error
		page, err = staff.Open(ctx, at)
		return err == nil && strings.Contains(page.Body, "What the check of")
	})
	for _, about := range []string{"API key", "PxPost", "permissions", "journal"} {
		if !regexp.MustCompile(`data-label="About">[^<]*` + about).MatchString(page.Body) {
			t.Errorf("the check says nothing of %s", about)
		}
	}
	for what, text := range map[string]string{"page": page.Body, "log": s.logged()} {
		for _, secret := range []string{pxPayKey, pxPostKey, splynxSecret, southKey, southPostKey, "0123456789abcdef0123456789abcdef", staffSession} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s shows the secret %s…", what, secret[:8])
			}
		}
	}
}
