package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// checkConfiguration reads the configuration as Caddy does, and provisions this module's app
// alone: others write when they are provisioned, such as a certificate authority.
func (c *checker) checkConfiguration(context.Context) []finding {
	if err := quietCaddy(); err != nil {
		return []finding{wrong("run it again", "Caddy's log cannot be switched off: %v", err)}
	}
	for _, file := range c.options.envfiles {
		if err := loadEnvFile(file); err != nil {
			return []finding{wrong("correct --envfile", "the environment file cannot be read: %v", err)}
		}
	}
	text, file, _, err := caddycmd.LoadConfig(c.options.config, c.options.adapter)
	if file != "" {
		c.options.config = file
	}
	if path, err := filepath.Abs(c.options.config); err == nil && c.options.config != "" && c.options.config != "-" {
		c.options.config = path
	}
	switch {
	case err != nil:
		return []finding{wrong("correct the file, or name the right one with --config and its form with --adapter", "%v", err)}
	case len(text) == 0:
		return []finding{wrong("name the file with --config", "there is no configuration, and no Caddyfile in this folder")}
	}
	var config caddy.Config
	if err := caddy.StrictUnmarshalJSON(caddy.RemoveMetaFields(text), &config); err != nil {
		return []finding{wrong("correct the file", "%v", err)}
	}
	return c.provision(&config)
}

// provision makes the app and a client of Splynx of its own.
func (c *checker) provision(config *caddy.Config) []finding {
	raw := config.AppsRaw["paymentexpress"]
	if raw == nil {
		return []finding{wrong("write the paymentexpress block into the global options", "the configuration has no settings of this module")}
	}
	ctx, err := caddy.ProvisionContext(&caddy.Config{Logging: noLogging(), AppsRaw: caddy.ModuleMap{"paymentexpress": raw}})
	if err != nil {
		return []finding{unprovisioned(err)}
	}
	app, err := ctx.App("paymentexpress")
	if err != nil {
		return []finding{unprovisioned(err)}
	}
	c.app = app.(*App)
	if c.api, c.client, err = c.clients(); err != nil {
		c.app = nil
		return []finding{unprovisioned(err)}
	}
	found := []finding{good("it can be read; %s", counted(len(c.app.Partners), "partner block", "partner blocks"))}
	if !namesHandler(config.AppsRaw["http"]) {
		found = append(found, warned("add it to the site of your Splynx", "no site has the word paymentexpress: no page is served"))
	}
	return append(found, c.literals()...)
}

// clients are made from what is configured, but without the file of nonces and the gate.
func (c *checker) clients() (*splynx.Client, *http.Client, error) {
	key, err := c.app.resolve("api_key", c.app.Splynx.Key)
	if err != nil {
		return nil, nil, err
	}
	secret, err := c.app.resolve("api_secret", c.app.Splynx.Secret)
	if err != nil {
		return nil, nil, err
	}
	transport, err := c.app.splynxTransport()
	if err != nil {
		return nil, nil, err
	}
	auth := splynx.AuthToken
	if c.app.Splynx.Auth == "signature" {
		auth = splynx.AuthSignature
	}
	api, err := splynx.New(splynx.Config{
		URL: c.app.address, PublicURL: c.app.public, Key: key, Secret: secret, Transport: transport, Auth: auth,
		Timeout: c.patience, Now: c.now, Nonces: &checkNonces{now: c.now},
	})
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return api, &http.Client{Transport: transport, Timeout: c.patience, CheckRedirect: stay}, err
}

// missingVariable is what Caddy says of a placeholder that has no value.
var missingVariable = regexp.MustCompile(`placeholder \{(env|file)\.([^}]*)\}`)

func unprovisioned(err error) finding {
	what := err.Error()
	for _, caller := range []string{"loading paymentexpress app module: ", "provision paymentexpress: ", "paymentexpress: "} {
		what = strings.TrimPrefix(what, caller)
	}
	m := missingVariable.FindStringSubmatch(what)
	switch {
	case m == nil:
		return wrong("correct the setting", "%s", what)
	case m[1] == "env":
		return wrong("set it, or name the file that Caddy's service has it from: --envfile FILE", "the environment variable %s is not set: %s", m[2], what)
	}
	return wrong("make it, readable for this user", "the file %s is empty or cannot be read: %s", m[2], what)
}

// literals are secrets that stand in the configuration itself.
func (c *checker) literals() []finding {
	secrets := map[string]string{
		"api_secret": c.app.Splynx.Secret, "pxpay": c.app.Windcave.PxPay.Secret, "pxpost": c.app.Windcave.PxPost.Secret,
	}
	for id, p := range c.app.Partners {
		secrets[fmt.Sprintf("partner %d pxpay", id)] = p.PxPay.Secret
		secrets[fmt.Sprintf("partner %d pxpost", id)] = p.PxPost.Secret
	}
	var open []string
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if s := secrets[name]; s != "" && !strings.Contains(s, "{") {
			open = append(open, name)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return []finding{warned("write {env.NAME} or {file.PATH} in its place", "a secret stands in the configuration itself, and so in autosave.json and in what the admin address tells: %s", strings.Join(open, ", ")).about("secrets")}
}

// checkZone tells today's date as payments get it.
func (c *checker) checkZone(context.Context) []finding {
	zone, now := c.app.generation.Settings.TimeZone, c.now()
	if c.app.TimeZone == "" {
		zone = c.zone
	}
	dates := fmt.Sprintf("today is %s there and %s in UTC", now.In(zone).Format(time.DateOnly), now.UTC().Format(time.DateOnly))
	switch {
	case c.app.TimeZone != "":
		return []finding{good("%s, as configured; %s. Splynx does not tell its own", zone, dates)}
	case isUTC(zone):
		return []finding{warned("set time_zone, such as Pacific/Auckland", "time_zone is not set and this machine's is UTC; %s", dates)}
	}
	return []finding{warned("set time_zone: Caddy may run with another TZ than you", "time_zone is not set: this machine's; %s", dates)}
}

// namesHandler tells whether a site has the directive.
func namesHandler(http json.RawMessage) bool {
	var compact bytes.Buffer
	return json.Compact(&compact, http) == nil && bytes.Contains(compact.Bytes(), []byte(`"handler":"paymentexpress"`))
}

// quietCaddy has Caddy's own log say nothing: the report says it all.
func quietCaddy() error {
	_, err := caddy.ProvisionContext(&caddy.Config{Logging: noLogging()})
	return err
}

func noLogging() *caddy.Logging {
	return &caddy.Logging{Logs: map[string]*caddy.CustomLog{
		caddy.DefaultLoggerName: {BaseLog: caddy.BaseLog{Level: "FATAL"}}, // another writer would be announced
	}}
}

// counted writes a number with its noun.
func counted(n int, one, more string) string {
	switch n {
	case 0:
		return "no " + more
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// wordOf is the deepest text of an error, without the names of calls around it.
func wordOf(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}
