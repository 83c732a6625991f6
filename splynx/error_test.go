package splynx

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
)

// sample reads a file of testdata.
func sample(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestErrorBodies(t *testing.T) {
	t.Parallel()
	var recorded struct {
		Confirmed struct {
			Status        int    `json:"status"`
			ContentLength int    `json:"content_length"`
			Body          string `json:"body"`
		} `json:"confirmed"`
	}
	sample(t, "recorded/error-bodies.json", &recorded)
	if len(recorded.Confirmed.Body) != recorded.Confirmed.ContentLength {
		t.Error("the recorded body is not as long as recorded")
	}
	long := strings.Repeat("x", 300)
	for _, tt := range []struct{ body, code, message string }{
		{recorded.Confirmed.Body, "METHOD_DISABLED", "Method is disabled!"},
		{`{"error":{"message":"a\r\n b","internal_code":"X_1"}}`, "X_1", "a b"},
		{`{"error":{"message":"a","internal_code":"lower"}}`, "", "a"},
		{`{"error":{"message":"a","internal_code":"A B"}}`, "", "a"},
		{`{"error":{"message":"a","internal_code":"` + strings.Repeat("A", 65) + `"}}`, "", "a"},
		{`{"error":{"message":"a","internal_code":7,"code":"400"}}`, "", "a"},
		{`{"error":{"message":{"deep":1},"internal_code":"A"}}`, "A", ""},
		{`{"error":{"message":"` + long + `"}}`, "", long[:200]},
		{`{"error":{"message":"Müller"}}`, "", ""},
		{`{"error":{"message":"a\u0000b"}}`, "", ""},
		{`{"error":"no"}`, "", "no"},
		{`{"error":["no"]}`, "", ""},
		{`{"message":"no"}`, "", "no"},
		{`{"name":"Jane","password":"x"}`, "", ""},
		{`[{"field":"customer_id","message":"Customer ID cannot be blank."},{"field":"amount","message":"Sum is invalid."}]`, "", "customer_id: Customer ID cannot be blank.; amount: Sum is invalid."},
		{`[{"message":"no"},{"field":"x"}]`, "", "no"},
		{`[{"field":["x"],"message":"no"}]`, "", ""},
		{`[]`, "", ""},
		{`["a"]`, "", ""},
		{`{}`, "", ""},
		{`null`, "", ""},
		{`"text"`, "", ""},
		{`{"error":{"message":"cut`, "", ""},
		{``, "", ""},
	} {
		s := setup(t, says(422, tt.body)).withToken()
		e := theError(t, writes["create"](t.Context(), s.client, aPayment(t)), KindRefused)
		if e.InternalCode != tt.code || e.Message != tt.message || e.HTTPStatus != 422 || !e.SurelyNot() {
			t.Errorf("%s: code %q, message %q", tt.body, e.InternalCode, e.Message)
		}
		if strings.Contains(e.Error(), "Jane") || strings.ContainsAny(e.Error(), "\n\r") {
			t.Errorf("%s: %s", tt.body, e)
		}
	}
}

// A 404 page comes from a wrong address; only the API can say that there is no such object.
func TestNotFoundPageIsNoAnswer(t *testing.T) {
	t.Parallel()
	for body, kind := range map[string]Kind{
		`{"error":{"message":"Not found","code":404,"internal_code":"NOT_FOUND"}}`: KindNotFound,
		``:                                    KindNotFound,
		"\n<!DOCTYPE html><title>404</title>": KindUnclear,
	} {
		s := setup(t, says(404, body))
		e := theError(t, reads["read"](t.Context(), s.client, NewPayment{}), kind)
		if kind == KindUnclear && !strings.Contains(e.Advice(), "address") {
			t.Error(e.Advice())
		}
	}
}

// A server that repeats our token in its text does not get it into ours.
func TestTokenInServersText(t *testing.T) {
	t.Parallel()
	s := setup(t, func(w http.ResponseWriter, r *http.Request) {
		says(400, `{"error":{"message":"bad header `+r.Header.Get("Authorization")+`"}}`)(w, r)
	})
	e := theError(t, writes["create"](t.Context(), s.client, aPayment(t)), KindRefused)
	if e.Message != "" {
		t.Errorf("message %q", e.Message)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	s := setup(t, says(405, `{"error":{"message":"Method is disabled!","code":405,"internal_code":"METHOD_DISABLED"}}`))
	err := writes["create"](t.Context(), s.client, aPayment(t))
	const want = `splynx: create payment: not available (HTTP 405 METHOD_DISABLED): "Method is disabled!"`
	if e := theError(t, err, KindUnavailable); e.Error() != want || !strings.Contains(e.Advice(), "switched") {
		t.Errorf("got %v; %s", e, e.Advice())
	}
	s = setup(t, says(405, `{"error":{"internal_code":"NOT_ALLOWED_BY_PARTNER_RESTRICTION"}}`))
	e := theError(t, reads["read"](t.Context(), s.client, NewPayment{}), KindAuth)
	if !strings.Contains(e.Advice(), "partner") {
		t.Error(e.Advice())
	}
	cause := errors.New("cause")
	if !errors.Is(&Error{Err: cause}, cause) || Kind(99).String() != "kind 99" {
		t.Error("the cause is lost, or an unknown kind has no name")
	}
}

// An Error that others make, in their tests or fakes, is judged by its kind alone.
func TestSurelyNot(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]bool{
		KindUnclear: false, KindInput: true, KindNotFound: true, KindAuth: true, KindRefused: true, KindUnavailable: true, KindFilter: true,
	} {
		if got := (&Error{Kind: kind}).SurelyNot(); got != want {
			t.Errorf("%v: %v", kind, got)
		}
	}
	if (&Error{}).SurelyNot() {
		t.Error("an error of no kind leaves no doubt")
	}
}

// Each recorded answer of an endpoint that this package reads becomes the kind it should.
func TestRecordedStatuses(t *testing.T) {
	t.Parallel()
	var recorded struct {
		Gets map[string]map[string]int `json:"GET_status_by_endpoint_with_api_key"`
		All  map[string]map[string]struct {
			Status int `json:"status"`
		} `json:"all_methods"`
	}
	sample(t, "recorded/http-status-matrix.json", &recorded)
	used := 0
	for _, op := range []operation{opCheck, opCustomer, opInvoice, opPayment, opStatements, opPaymentMethods, opCompanyInfo} {
		got, ok := recorded.Gets[op.path]
		if !ok || got[http.MethodGet] != http.StatusOK {
			t.Errorf("%s was recorded as %v", op.path, got)
		}
		used++
	}
	for path, methods := range recorded.Gets {
		status := methods[http.MethodGet]
		want := map[int]Kind{400: KindUnclear, 403: KindAuth, 404: KindNotFound, 405: KindUnavailable, 500: KindUnclear}
		kind, ok := want[status]
		if !ok && status != 200 {
			t.Errorf("%s: nobody has thought of %d", path, status)
		}
		if ok && kindOf(opInvoice, status, "") != kind {
			t.Errorf("%s %d is %v, want %v", path, status, kindOf(opInvoice, status, ""), kind)
		}
	}
	for path, methods := range recorded.All {
		for method, answer := range methods {
			if method != http.MethodPost && method != http.MethodPut {
				continue
			}
			want, ok := map[int]Kind{400: KindRefused, 401: KindAuth, 405: KindUnavailable, 422: KindRefused}[answer.Status]
			if got := kindOf(opCreatePayment, answer.Status, ""); !ok || got != want {
				t.Errorf("%s %s %d is %v, want %v", method, path, answer.Status, got, want)
			}
			used++
		}
	}
	if used < 20 {
		t.Errorf("only %d statuses looked at", used)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		e    Error
		want string
	}{
		{Error{Kind: KindAuth, HTTPStatus: 403, Permission: "Payments add"}, "permission Payments add"},
		{Error{Kind: KindAuth, HTTPStatus: 401, Permission: "Payments add"}, "white list"},
		{Error{Kind: KindAuth, HTTPStatus: 401}, "secret"},
		{Error{Kind: KindAuth, InternalCode: "IP_CHANGED"}, "fixed address"},
		{Error{Kind: KindUnavailable}, "runs"},
		{Error{Kind: KindUnavailable, HTTPStatus: 429}, "limit"},
		{Error{Kind: KindUnavailable, HTTPStatus: 405}, "method"},
		{Error{Kind: KindUnavailable, HTTPStatus: 503}, "try again"},
		{Error{Kind: KindRefused}, "by hand"},
		{Error{Kind: KindFilter}, "conditions"},
		{Error{Kind: KindInput}, "values"},
		{Error{Kind: KindNotFound}, "id"},
		{Error{Kind: KindUnclear}, "before anything is sent again"},
		{Error{Kind: KindUnclear, read: true}, "ask again"},
		{Error{Kind: KindUnclear, read: true, HTTPStatus: 200}, "version"},
		{Error{Kind: KindUnclear, HTTPStatus: 302}, "directly"},
	} {
		if got := tt.e.Advice(); !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %q lacks %q", tt.e, got, tt.want)
		}
	}
}
