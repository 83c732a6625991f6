package splynxtest

import (
	"strings"
	"testing"
)

const addOnConfig = "admin/config/config?module=add-on&path=splynx_addon_paymentexpress"

func addOnValue(key, value string, partner int64) ConfigValue {
	return ConfigValue{Module: "add-on", Path: addOnModule, Key: key, Value: value, PartnerID: partner}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	if got := c.want(200, "GET", addOnConfig, ""); strings.TrimSpace(got) != "[]" {
		t.Errorf("a fresh system has %s", got)
	}
	s.SetConfig(addOnValue("user", "Main", 0))
	s.SetConfig(addOnValue("user", "North", 2))
	s.SetConfig(addOnValue("group", "month", 0))
	secret := addOnValue("key", "hush", 0)
	secret.Hidden = true
	s.SetConfig(secret)
	values := func(query string) string {
		var all []string
		for _, row := range rowsOf(t, c.want(200, "GET", addOnConfig+query, "")) {
			all = append(all, row["key"].(string)+"="+row["value"].(string)+"@"+row["partner_id"].(interface{ String() string }).String())
		}
		return strings.Join(all, " ")
	}
	for query, want := range map[string]string{
		"":                        "user=Main@0 group=month@0 key=@0",
		"&key=group":              "group=month@0",
		"&key=none":               "",
		"&partner_id=2":           "user=North@2 group=month@0 key=@0",
		"&partner_id=1&key=user":  "user=Main@0",
		"&partner_id=2&key=user":  "user=North@2",
		"&partner_id=0&key=group": "group=month@0",
	} {
		if got := values(query); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	c.want(202, "PUT", addOnConfig+"&key=group", `{"value":"day"}`)
	c.want(202, "PUT", addOnConfig+"&partner_id=1", `{"key":"user","value":"Mine"}`)
	if got := values("&partner_id=1"); got != "group=day@0 key=@0 user=Mine@1" {
		t.Errorf("after PUT: %s", got)
	}
	c.code(400, "BAD_REQUEST", "PUT", addOnConfig, `{"value":"x"}`)
	c.code(422, "INVALID_INPUT_DATA", "PUT", addOnConfig+"&key=group", `{}`)
	c.code(422, "INVALID_INPUT_DATA", "PUT", addOnConfig+"&key="+strings.Repeat("k", 65), `{"value":"x"}`)
	for _, query := range []string{"", "?module=main", "?path=api", "?module=main&path=api&partner_id=x", "/1?module=main&path=api"} {
		c.code(400, "BAD_REQUEST", "GET", "admin/config/config"+query, "")
	}
	c.code(405, "METHOD_DISABLED", "POST", addOnConfig, `{}`)
	c.code(405, "METHOD_DISABLED", "DELETE", addOnConfig, "")
	for _, e := range s.Log() {
		if strings.Contains(encode(e), "hush") {
			t.Error("a setting is in the log")
		}
	}
}

func TestConfigShapes(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{ConfigMap: true, ConfigInClear: true})
	secret := addOnValue("key", "hush", 0)
	secret.Hidden = true
	s.SetConfig(secret)
	if got := c.want(200, "GET", addOnConfig, ""); strings.TrimSpace(got) != `{"key":"hush"}` {
		t.Errorf("a map in clear: %s", got)
	}
	if got := c.want(200, "GET", addOnConfig+"&key=none", ""); strings.TrimSpace(got) != `[]` {
		t.Errorf("an empty map: %s", got)
	}
	s, c = setup(t, Options{Style: V4})
	s.SetConfig(addOnValue("user", "Main", 0))
	if row := rowsOf(t, c.want(200, "GET", addOnConfig, ""))[0]; row["partner_id"] != "0" {
		t.Errorf("version 4: %v", row)
	}
}

func TestWhoReadsConfig(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{Keys: []APIKey{{
		Key: testKey, Secret: testSecret, PartnerID: 2, Permissions: map[string][]string{"Config": {"view"}},
	}}})
	s.SetConfig(ConfigValue{Module: "main", Path: "portal", Key: "k", Value: "v"})
	c.want(200, "GET", addOnConfig+"&partner_id=2", "")
	c.code(403, "NOT_ALLOWED_BY_PARTNER_RESTRICTION", "GET", addOnConfig+"&partner_id=1", "")
	c.code(403, "FORBIDDEN", "PUT", addOnConfig+"&key=a", `{"value":"x"}`)
	c.signIn(`{"auth_type":"customer","login":"tyler","password":"soap"}`)
	for _, path := range []string{"cap", "cards", "portal", "system"} {
		c.want(200, "GET", "admin/config/config?module=main&path="+path, "")
	}
	c.code(403, "FORBIDDEN", "GET", "admin/config/config?module=main&path=api", "")
	c.code(403, "FORBIDDEN", "GET", addOnConfig, "")
	c.code(403, "FORBIDDEN", "PUT", "admin/config/config?module=main&path=portal&key=k", `{"value":"x"}`)
	c.header = ""
	c.code(401, "MISSED_AUTHORIZATION_HEADER", "GET", "admin/config/config?module=main&path=portal", "")
}

// The server reads two settings of its own: whether the probe answers, and whether sub-accounts pay.
func TestSettingsInForce(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.AddCustomer(Customer{Name: "Sub", ParentID: 1})
	body := paymentBody(map[string]any{"customer_id": 2, "invoice_id": nil})
	c.code(422, "INVALID_INPUT_DATA", "POST", paymentsPath, body)
	s.SetConfig(ConfigValue{Module: "main", Path: "api", Key: subAccountsKey, Value: "0"})
	c.want(201, "POST", paymentsPath, body)
	c.want(200, "GET", checkPath, "")
	s.SetConfig(ConfigValue{Module: "main", Path: "api", Key: checkKey, Value: "1"})
	c.code(404, "NOT_FOUND", "GET", checkPath, "")

	_, c = setup(t, Options{CheckNeedsAuth: true})
	c.want(200, "GET", checkPath+"?checkAuth=1", "")
	c.header = ""
	c.code(401, "MISSED_AUTHORIZATION_HEADER", "GET", checkPath, "")
}
