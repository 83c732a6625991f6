package splynx

import (
	"net/url"
	"strconv"
	"strings"
)

// operator compares an attribute with a value in a search.
type operator string

// The operators that Splynx knows and this package or its tests use. Equality has none.
const (
	atLeast operator = ">="
	above   operator = ">"
	below   operator = "<"
	atMost  operator = "<="
	between operator = "BETWEEN"
	like    operator = "LIKE"
	oneOf   operator = "IN"
)

// attributes is the group of names that a condition is about.
type attributes string

const (
	mainAttributes       attributes = "main_attributes"
	additionalAttributes attributes = "additional_attributes"
)

// query is a search as PHP's http_build_query writes one. Splynx ignores plain names such as
// customer_id=7 without a word and answers every row, so there is no way to write them here.
// The zero value searches for everything; each method returns a longer query.
type query struct {
	encoded string
}

// equal asks for rows whose attribute has a value.
func (q query) equal(of attributes, field, value string) query {
	return q.with(value, string(of), field)
}

// where asks for rows whose attribute compares with one value, or two for between.
func (q query) where(of attributes, field string, op operator, values ...string) query {
	q = q.with(string(op), string(of), field, "0")
	for i, v := range values {
		q = q.with(v, string(of), field, strconv.Itoa(i+1))
	}
	return q
}

// among asks for rows whose attribute has one of several values.
func (q query) among(of attributes, field string, values ...string) query {
	q = q.with(string(oneOf), string(of), field, "0")
	for i, v := range values {
		q = q.with(v, string(of), field, "1", strconv.Itoa(i))
	}
	return q
}

// order sorts by an attribute, ASC or DESC.
func (q query) order(field, direction string) query {
	return q.with(direction, "order", field)
}

// page asks for a part of the rows.
func (q query) page(limit, offset int) query {
	q = q.with(strconv.Itoa(limit), "limit")
	if offset == 0 {
		return q
	}
	return q.with(strconv.Itoa(offset), "offset")
}

// with adds name[key][key]=value.
func (q query) with(value, name string, keys ...string) query {
	var b strings.Builder
	b.WriteString(q.encoded)
	if q.encoded != "" {
		b.WriteByte('&')
	}
	b.WriteString(phpEscape(name))
	for _, k := range keys {
		b.WriteString(phpEscape("[" + k + "]"))
	}
	b.WriteString("=" + phpEscape(value))
	return query{b.String()}
}

// phpEscape escapes as PHP's urlencode does: like Go, and the tilde too.
func phpEscape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "~", "%7E")
}
