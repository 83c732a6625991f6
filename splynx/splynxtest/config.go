package splynxtest

import (
	"net/http"
	"slices"
	"strconv"
)

// Settings that the server itself reads, all in module main, path api.
const (
	subAccountsKey = "disable_working_with_finance_documents_for_sub_accounts"
	checkKey       = "disable_check_api_url"
)

// defaults are their values on a fresh system.
var defaults = map[string]string{subAccountsKey: "1", checkKey: "0"}

// ConfigValue is one setting of the system or of an add-on.
type ConfigValue struct {
	// Module is add-on, main or finance; Path the add-on's name there, e.g. splynx_addon_paymentexpress.
	Module, Path, Key, Value string
	// PartnerID is whose setting it is; 0: everybody's who has none of its own.
	PartnerID int64
	// Hidden keeps the value from being read, as that of a password (Options.ConfigInClear shows it).
	Hidden bool
}

// SetConfig sets a setting. It panics when the value cannot be kept.
func (s *Server) SetConfig(v ConfigValue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(0, s.setConfig(v))
}

func (s *Server) setConfig(v ConfigValue) error {
	r := s.configRow(v.Module, v.Path, v.Key, v.PartnerID)
	fresh := r == nil
	if fresh {
		r = s.configs.blank()
	}
	r.setInt("partner_id", v.PartnerID)
	if err := r.put(map[string]string{"module": v.Module, "path": v.Path, "key": v.Key, "value": v.Value}); err != nil {
		return err
	}
	if v.Hidden {
		r.set("hidden", "1")
	}
	if fresh {
		s.configs.insert(r)
	}
	return nil
}

func (s *Server) configRow(module, path, key string, partner int64) *row {
	for _, r := range s.configs.rows {
		if r.text("module") == module && r.text("path") == path && r.text("key") == key && r.int("partner_id") == partner {
			return r
		}
	}
	return nil
}

// configured is the value of a setting of main/api.
func (s *Server) configured(key string) string {
	if r := s.configRow("main", "api", key, 0); r != nil {
		return r.text("value")
	}
	return ""
}

// customersRead are the paths of module main that a customer may read.
var customersRead = []string{"cap", "cards", "portal", "system"}

// configCall answers admin/config/config?module=…&path=…&key=…&partner_id=….
func (s *Server) configCall(c *call) (answer, *refusal) {
	ask := func(name string) string { return c.query.child(name).string() }
	module, path, key := ask("module"), ask("path"), ask("key")
	partner, err := strconv.ParseInt(or(ask("partner_id"), "0"), 10, 64)
	switch {
	case !slices.Contains([]string{http.MethodGet, http.MethodPut}, c.method):
		return answer{}, methodDisabled
	case !c.who.mayConfig(c.method, module, path):
		return answer{}, forbidden
	case c.rest != "" || module == "" || path == "" || err != nil:
		return answer{}, refuse(400, "BAD_REQUEST", "Module and path are expected")
	case c.who.partner != 0 && partner != 0 && partner != c.who.partner:
		return answer{}, refuse(403, "NOT_ALLOWED_BY_PARTNER_RESTRICTION", "Not allowed by partner restriction")
	case c.method == http.MethodPut:
		return s.putConfig(c, ConfigValue{Module: module, Path: path, Key: or(key, c.body.text("key")), PartnerID: partner})
	}
	return answer{status: http.StatusOK, body: []byte(encode(s.readConfig(module, path, key, partner)))}, nil
}

func (who identity) mayConfig(method, module, path string) bool {
	switch {
	case who.kind == "customer":
		return method == http.MethodGet && module == "main" && slices.Contains(customersRead, path)
	case method == http.MethodPut:
		return who.may("Config", "update")
	}
	return who.may("Config", "index") || who.may("Config", "view")
}

func (s *Server) putConfig(c *call, v ConfigValue) (answer, *refusal) {
	if v.Key == "" {
		return answer{}, refuse(400, "BAD_REQUEST", "A key is expected")
	}
	if _, sent := c.body["value"]; !sent {
		return answer{}, invalid("value", "Value cannot be blank.")
	}
	v.Value = c.body.text("value")
	if err := s.setConfig(v); err != nil {
		return answer{}, invalid("value", err.Error())
	}
	return answer{status: http.StatusAccepted, committed: true}, nil
}

// readConfig are the settings in force for the partner: its own, and everybody's where it has none.
func (s *Server) readConfig(module, path, key string, partner int64) any {
	list, values := []map[string]any{}, map[string]string{}
	for _, r := range s.configs.rows {
		of := r.int("partner_id")
		if r.text("module") != module || r.text("path") != path || (key != "" && r.text("key") != key) ||
			(of != partner && (of != 0 || s.configRow(module, path, r.text("key"), partner) != nil)) {
			continue
		}
		value := r.text("value")
		if r.text("hidden") == "1" && !s.opts.ConfigInClear {
			value = ""
		}
		values[r.text("key")] = value
		line := map[string]any{"module": module, "path": path, "key": r.text("key"), "value": value, "partner_id": of}
		if s.opts.Style == V4 {
			line["partner_id"] = strconv.FormatInt(of, 10)
		}
		list = append(list, line)
	}
	if s.opts.ConfigMap && len(values) > 0 { // PHP writes an empty map as an empty list
		return values
	}
	return list
}
