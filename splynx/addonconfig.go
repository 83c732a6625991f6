package splynx

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// AddOnConfig reads the settings of an add-on, by name; of one partner, or the general ones
// when it is 0. Any of them may be a key, so all are secrets. Splynx may leave out or empty
// hidden ones. An add-on without settings gives an empty map.
//
// The form of the answer is not documented: a map of values and a list of objects with key
// and value are understood, and what is neither is left out.
func (c *Client) AddOnConfig(ctx context.Context, module string, partner int64) (map[string]secret.Secret, error) {
	if module == "" || partner < 0 {
		return nil, inputError(opAddOnConfig, "the add-on is missing, or the partner is negative")
	}
	q := url.Values{"module": {"add-on"}, "path": {module}} // plain names, as this resource has it
	if partner > 0 {
		q.Set("partner_id", strconv.FormatInt(partner, 10))
	}
	a, err := c.do(ctx, opAddOnConfig, request{query: q.Encode()})
	if err != nil {
		return nil, err
	}
	var list []wireSetting
	if decode(a.body, &list) == nil && list != nil {
		return settingsOfList(list, module)
	}
	var object map[string]json.RawMessage
	if err := decode(a.body, &object); err != nil {
		return nil, unreadable(opAddOnConfig, a, err)
	}
	if object == nil {
		return nil, unreadable(opAddOnConfig, a, errors.New("it is empty"))
	}
	settings := map[string]secret.Secret{}
	for name, raw := range object {
		var w wireSetting
		if v, err := scalar(raw); err == nil {
			settings[name] = secret.New(v)
		} else if json.Unmarshal(raw, &w) == nil && w.Value != nil {
			keepSetting(settings, name, w.Value)
		}
	}
	return settings, nil
}

// wireSetting is a row of Splynx's table of settings.
type wireSetting struct {
	Module wireText        `json:"module"`
	Path   wireText        `json:"path"`
	Key    wireText        `json:"key"`
	Value  json.RawMessage `json:"value"`
}

func settingsOfList(list []wireSetting, module string) (map[string]secret.Secret, error) {
	settings := map[string]secret.Secret{}
	for _, w := range list {
		if w.Module != "" && w.Module != "add-on" || w.Path != "" && string(w.Path) != module {
			return nil, notHonoured(opAddOnConfig, "a row came that does not match")
		}
		if w.Key != "" {
			keepSetting(settings, string(w.Key), w.Value)
		}
	}
	return settings, nil
}

func keepSetting(settings map[string]secret.Secret, name string, raw json.RawMessage) {
	if v, err := scalar(raw); err == nil {
		settings[name] = secret.New(v)
	}
}
