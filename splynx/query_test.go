package splynx

import (
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

func TestQueryVectors(t *testing.T) {
	t.Parallel()
	var vectors struct {
		SearchQuery []struct{ Query, Decoded string } `json:"search_query"`
	}
	sample(t, "vectors/derived.json", &vectors)
	made := []query{
		query{}.where(mainAttributes, "login", like, "durden").where(mainAttributes, "partner_id", between, "1", "10").
			equal(mainAttributes, "added_by", "api").among(additionalAttributes, "sex", "male", "female").order("id", "DESC").page(10, 20),
		query{}.equal(mainAttributes, "number", "202201000409"),
		query{}.equal(mainAttributes, "customer_id", "7").among(mainAttributes, "status", "not_paid", "pending"),
	}
	if len(made) != len(vectors.SearchQuery) {
		t.Fatalf("%d vectors", len(vectors.SearchQuery))
	}
	for i, v := range vectors.SearchQuery {
		plain, err := url.QueryUnescape(made[i].encoded)
		if made[i].encoded != v.Query || plain != v.Decoded || err != nil {
			t.Errorf("made %s\nwant %s", made[i].encoded, v.Query)
		}
	}
}

func TestQueryEscapes(t *testing.T) {
	t.Parallel()
	got := query{}.equal(mainAttributes, "number", "A B&c=[d]~é+").page(5, 0).encoded
	if want := "main_attributes%5Bnumber%5D=A+B%26c%3D%5Bd%5D%7E%C3%A9%2B&limit=5"; got != want {
		t.Errorf("made %s\nwant %s", got, want)
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("number", "A B&c=[d]~é+", "202201000409", 0)
	f.Add("", "", "\x00\xff", 100)
	f.Fuzz(func(t *testing.T, field, first, second string, offset int) {
		q := query{}.equal(mainAttributes, field, first).where(mainAttributes, field, atLeast, second).among(mainAttributes, field, first, second).page(7, offset)
		want := [][2]string{
			{"main_attributes[" + field + "]", first},
			{"main_attributes[" + field + "][0]", ">="},
			{"main_attributes[" + field + "][1]", second},
			{"main_attributes[" + field + "][0]", "IN"},
			{"main_attributes[" + field + "][1][0]", first},
			{"main_attributes[" + field + "][1][1]", second},
			{"limit", "7"},
		}
		pairs := strings.Split(q.encoded, "&")
		if offset != 0 {
			pairs = pairs[:len(pairs)-1]
		}
		if len(pairs) != len(want) {
			t.Fatalf("%d pairs in %s", len(pairs), q.encoded)
		}
		for i, pair := range pairs {
			name, value, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(name)
			if err != nil {
				t.Fatal(err)
			}
			if value, err = url.QueryUnescape(value); err != nil || name != want[i][0] || value != want[i][1] {
				t.Errorf("pair %d is %q=%q, %v; want %q", i, name, value, err, want[i])
			}
		}
	})
}

func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	var vectors struct {
		SignatureAuth []struct {
			Key, Secret, Signature string
			Nonce                  int64
		} `json:"signature_auth"`
	}
	sample(t, "vectors/derived.json", &vectors)
	if len(vectors.SignatureAuth) != 4 {
		t.Fatalf("%d vectors", len(vectors.SignatureAuth))
	}
	for _, v := range vectors.SignatureAuth {
		if got := sign(secret.New(v.Key), secret.New(v.Secret), v.Nonce); got != v.Signature {
			t.Errorf("%s %d: %s", v.Key, v.Nonce, got)
		}
	}
	if got := tokenHeader(secret.New("a.b-c_d+/=")); got != "Splynx-EA (access_token=a.b-c_d%2B%2F%3D)" {
		t.Errorf("header %s", got)
	}
}
