package splynx

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLists(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list       func(context.Context, *Client) (any, error)
		path, body string
		want       any
	}{
		"partners": {
			func(ctx context.Context, c *Client) (any, error) { return c.Partners(ctx) },
			"admin/administration/partners",
			`[{"id":1,"name":"Main"},{"id":"2","name":17}]`,
			[]Partner{{1, "Main"}, {2, "17"}},
		},
		"payment accounts": {
			func(ctx context.Context, c *Client) (any, error) { return c.PaymentAccounts(ctx) },
			"admin/customers/customer-payment-accounts",
			`[{"id":"1","title":"Windcave","field_1":"Token","field_2":"Card","field_9":9,"field_10":"Last","more":1},{"id":2,"title":null}]`,
			[]PaymentAccount{{1, "Windcave", [10]string{0: "Token", 1: "Card", 8: "9", 9: "Last"}}, {ID: 2}},
		},
		"administrators": {
			func(ctx context.Context, c *Client) (any, error) { return c.Administrators(ctx) },
			"admin/administration/administrators",
			`[` + marla3 + `,{"id":4,"partner_id":0,"filter_partner_id":2,"role_name":"engineer"}]`,
			[]Administrator{quiet, {ID: 4, FilterPartnerID: 2, Role: "engineer"}},
		},
		"entry points": {
			func(ctx context.Context, c *Client) (any, error) { return c.EntryPoints(ctx) },
			"admin/config/entry-points",
			`[{"id":5,"module":"splynx_addon_paymentexpress","name":"paymentexpress_invoice","place":"portal","type":"action_link","size":"extra_large",` +
				`"title":"Pay","root":null,"model":"Invoices","url":"/paymentexpress/pay-invoice","code":"{{ x }}","partners":[1],"enabled":true},{"id":6,"type":"code","enabled":"0"}]`,
			[]EntryPoint{
				{5, "splynx_addon_paymentexpress", "paymentexpress_invoice", "portal", "action_link", "Pay", "", "Invoices", "/paymentexpress/pay-invoice", true},
				{ID: 6, Type: "code"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := tt.body
			s := setup(t, func(w http.ResponseWriter, r *http.Request) { says(200, answer)(w, r) })
			got, err := tt.list(t.Context(), s.client)
			if err != nil || !cmp.Equal(got, tt.want) {
				t.Error(err, cmp.Diff(tt.want, got))
			}
			if c := s.seen(false)[0]; c.path != tt.path || c.query != "" {
				t.Errorf("asked %s?%s", c.path, c.query)
			}
			for _, answer = range []string{``, `null`, `{}`, `<html>`, `[{"name":"no id"}]`} {
				_, err := tt.list(t.Context(), s.client)
				theError(t, err, KindUnclear)
			}
		})
	}
}

func TestAddOnConfig(t *testing.T) {
	t.Parallel()
	want := map[string]string{"user": "PxUser", "key": "marked", "group": "1", "empty": ""}
	for name, body := range map[string]string{
		"map":            `{"user":"PxUser","key":"marked","group":1,"empty":null,"more":{"a":[]},"list":[]}`,
		"map of objects": `{"user":{"value":"PxUser"},"key":{"value":"marked","type":"text"},"group":{"value":1},"empty":{"value":""},"odd":{"value":[]}}`,
		"list": `[{"module":"add-on","path":"splynx_addon_x","key":"user","value":"PxUser"},{"key":"key","value":"marked"},{"key":"group","value":1},` +
			`{"key":"empty","value":""},{"key":"odd","value":{}},{"value":"of nothing"}]`,
	} {
		s := setup(t, says(200, body))
		got, err := s.client.AddOnConfig(t.Context(), "splynx_addon_x", 2)
		if err != nil {
			t.Fatal(name, err)
		}
		told := map[string]string{}
		for k, v := range got {
			told[k] = v.Reveal()
		}
		if !maps.Equal(told, want) {
			t.Errorf("%s: %v", name, told)
		}
		if q, _ := url.QueryUnescape(s.seen(false)[0].query); q != "module=add-on&partner_id=2&path=splynx_addon_x" {
			t.Errorf("asked %s", q)
		}
		noSecrets(t, fmt.Sprintf("%v %+v %#v", got, got, got)+s.logText())
	}
	for body, kind := range map[string]Kind{
		`[{"path":"splynx_addon_y","key":"user","value":"x"}]`: KindFilter,
		`[{"module":"main","key":"user","value":"x"}]`:         KindFilter,
		``: KindUnclear, `null`: KindUnclear, `"x"`: KindUnclear, `[1]`: KindUnclear, `<html>`: KindUnclear,
	} {
		s := setup(t, says(200, body))
		_, err := s.client.AddOnConfig(t.Context(), "splynx_addon_x", 0)
		theError(t, err, kind)
		if q := s.seen(false)[0].query; strings.Contains(q, "partner") {
			t.Errorf("asked %s", q)
		}
	}
	s := setup(t, says(200, `[]`))
	if got, err := s.client.AddOnConfig(t.Context(), "splynx_addon_x", 0); err != nil || len(got) != 0 || got == nil {
		t.Errorf("nothing set: %v, %v", got, err)
	}
	_, err := s.client.AddOnConfig(t.Context(), "", 0)
	theError(t, err, KindInput)
	s = setup(t, says(403, `{"error":{"message":"marked"}}`))
	_, err = s.client.AddOnConfig(t.Context(), "splynx_addon_x", 0)
	theError(t, err, KindAuth)
}

func TestClock(t *testing.T) {
	t.Parallel()
	const date = "Sun, 01 Mar 2026 11:59:30 GMT"
	want := time.Date(2026, 3, 1, 11, 59, 30, 0, time.UTC)
	for name, tt := range map[string]struct {
		status int
		date   string
		want   any // Kind, or nil for none
	}{
		"good":      {200, date, nil},
		"off":       {405, date, nil},
		"refused":   {401, date, nil},
		"error":     {500, date, KindUnclear},
		"redirect":  {302, date, KindUnclear},
		"down":      {503, date, KindUnavailable},
		"no date":   {200, "", KindUnclear},
		"odd date":  {200, "yesterday", KindUnclear},
		"off, none": {405, "", KindUnavailable},
	} {
		s := setup(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Date"] = slices.DeleteFunc([]string{tt.date}, func(s string) bool { return s == "" })
			w.WriteHeader(tt.status)
		})
		got, err := s.client.Clock(t.Context())
		if kind, bad := tt.want.(Kind); bad {
			theError(t, err, kind)
		} else if err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if c := s.seen(false); c[0].path != "admin/api/check" || c[0].header.Get("Authorization") != "" || len(s.seen(true)) != 0 {
			t.Errorf("%s: calls %+v", name, c)
		}
	}
}
