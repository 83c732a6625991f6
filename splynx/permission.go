package splynx

import (
	"context"
	"encoding/json"
)

// Permissions is what Splynx says that the API key may do, per controller and action. It is
// nil when Splynx did not say.
type Permissions map[string]map[string]string

// readPermissions reads the map. PHP writes an empty one as []; a filled list is taken for
// nothing said, because no client knows what it would mean.
func readPermissions(b []byte) Permissions {
	var outer map[string]json.RawMessage
	if json.Unmarshal(b, &outer) != nil || len(outer) == 0 {
		return nil
	}
	p := make(Permissions, len(outer))
	for controller, raw := range outer {
		var actions map[string]wireText
		if json.Unmarshal(raw, &actions) != nil {
			continue
		}
		p[controller] = make(map[string]string, len(actions))
		for action, verdict := range actions {
			p[controller][action] = string(verdict)
		}
	}
	return p
}

// Allows tells whether an action is allowed, and whether Splynx has said anything about it.
func (p Permissions) Allows(controller, action string) (allowed, told bool) {
	verdict, told := p[controller][action]
	return verdict == "allow", told
}

// Permissions returns what Splynx said about the API key when the current token was made.
func (c *Client) Permissions(ctx context.Context) (Permissions, error) {
	t, err := c.token(ctx, opSignIn, nil)
	if err != nil {
		return nil, err
	}
	return t.permissions(), nil
}
