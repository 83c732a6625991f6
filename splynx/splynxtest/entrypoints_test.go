package splynxtest

import (
	"reflect"
	"strings"
	"testing"
)

const entryPointsPath = "admin/config/entry-points"

func TestEntryPoints(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	if got := c.want(200, "GET", entryPointsPath, ""); got != "[]" {
		t.Errorf("a fresh system has %s", got)
	}
	s.AddAddOnEntryPoints()
	id := s.AddEntryPoint(EntryPoint{
		Module: "m", Name: "n", Place: "admin", Type: "tab", Size: "small", Title: "T", Root: "r", URL: "/u", Icon: "i", Background: "b",
		Location: "after_content", Partners: []int64{1, 2}, Locations: []int64{3}, PaymentTypes: []int64{4}, PaymentAccountID: "5", Disabled: true,
	})
	row := rowsOf(t, c.want(200, "GET", entryPointsPath+"?main_attributes[name]=n", ""))[0]
	got := encode(row)
	want := `{"background":"b","code":"","enabled":"0","icon":"i","id":10,"location":"after_content","location_geo":[3],"model":"","module":"m",` +
		`"name":"n","partners":[1,2],"payment_account_id":"5","payment_type":[4],"place":"admin","root":"r","size":"small","title":"T","type":"tab","url":"/u"}`
	if strings.TrimSpace(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	var one map[string]any
	decode(t, c.want(200, "GET", entryPointsPath+"/1", ""), &one)
	if one["name"] != "paymentexpress_invoice" || one["url"] != "/paymentexpress/pay-invoice" || one["model"] != "Invoices" ||
		one["type"] != "action_link" || one["place"] != "portal" || one["size"] != "extra_large" || one["icon"] != "fa-credit-card" {
		t.Errorf("%v", one)
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		path := entryPointsPath
		if method != "POST" {
			path += "/1"
		}
		c.code(405, "METHOD_DISABLED", method, path, `{}`)
	}
	if all := s.EntryPoints(); len(all) != 10 || all[9].ID != id || !reflect.DeepEqual(all[9].Partners, []int64{1, 2}) || !all[9].Disabled {
		t.Errorf("%+v", all)
	}
	rows := rowsOf(t, c.want(200, "GET", "portal/login/entry-points", ""))
	if len(rows) != 6 {
		t.Errorf("%d entry points of the portal", len(rows))
	}
	c.code(404, "NOT_FOUND", "GET", "portal/login/entry-points/10", "")
	s.ChangeEntryPoint(1, func(e *EntryPoint) { e.Disabled = true })
	if rows := rowsOf(t, c.want(200, "GET", "portal/login/entry-points", "")); len(rows) != 5 {
		t.Errorf("%d entry points of the portal, one of them disabled", len(rows))
	}
}

func TestEntryPointsOfVersion4(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{Style: V4})
	s.AddEntryPoint(EntryPoint{Module: "m", Name: "n", Partners: []int64{1, 2}})
	row := rowsOf(t, c.want(200, "GET", entryPointsPath, ""))[0]
	if row["id"] != "1" || !reflect.DeepEqual(row["partners"], []any{"1", "2"}) || row["enabled"] != "1" {
		t.Errorf("%v", row)
	}
}

func TestEntryPointsNeedPermission(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{Keys: []APIKey{{Key: testKey, Secret: testSecret, Permissions: map[string][]string{"EntryPoints": {"index"}}}}})
	s.AddAddOnEntryPoints()
	c.want(200, "GET", entryPointsPath, "")
	c.code(403, "FORBIDDEN", "GET", entryPointsPath+"/1", "")
	c.code(403, "FORBIDDEN", "GET", "admin/config/config?module=main&path=api", "")
	c.signIn(`{"auth_type":"customer","login":"tyler","password":"soap"}`)
	c.code(403, "FORBIDDEN", "GET", entryPointsPath, "")
	c.want(200, "GET", "portal/login/entry-points", "")
}

// OPTIONS has the recorded titles of the resources that have titles of their own.
func TestTitlesAsRecorded(t *testing.T) {
	t.Parallel()
	var recorded map[string]struct {
		Attributes []struct{ Name, Title string }
	}
	capture(t, "options-schemas.json", &recorded)
	_, c := setup(t, Options{})
	for _, path := range []string{"admin/administration/administrators", "admin/administration/partners", "portal/login/entry-points"} {
		var got struct {
			Attributes []struct{ Name, Title string }
		}
		decode(t, c.want(200, "OPTIONS", path, ""), &got)
		titles := map[string]string{}
		for _, a := range got.Attributes {
			titles[a.Name] = a.Title
		}
		for _, a := range recorded[path].Attributes {
			if titles[a.Name] != a.Title {
				t.Errorf("%s: %s is titled %q, recorded was %q", path, a.Name, titles[a.Name], a.Title)
			}
		}
	}
}
