package splynxtest

import (
	"bytes"
	"net/http"
	"strconv"
)

// record answers a call that names one record.
func (s *Server) record(c *call) (answer, *refusal) {
	id, err := strconv.ParseInt(c.rest, 10, 64)
	if err != nil || c.res.listed {
		return answer{}, notFound
	}
	r := c.res.table(s).find(id)
	if r == nil || c.res.hides(r) {
		return answer{}, notFound
	}
	if bad := s.sees(c.who, c.res, r); bad != nil {
		return answer{}, bad
	}
	if c.res.finance && c.method != http.MethodGet && s.closedForSub(r.int(c.res.owner)) {
		return answer{}, subRefused
	}
	switch c.method {
	case http.MethodGet:
		var b bytes.Buffer
		r.appendJSON(&b, s.opts.Style, true)
		return answer{status: http.StatusOK, body: b.Bytes()}, nil
	case http.MethodPut:
		if c.body == nil {
			return answer{}, refuse(400, "BAD_REQUEST", "Body cannot be read")
		}
		if bad := c.res.update(s, r, c.body); bad != nil {
			return answer{}, bad
		}
		return answer{status: http.StatusAccepted, committed: true}, nil
	case http.MethodDelete:
		c.res.remove(s, r)
		return answer{status: http.StatusNoContent, committed: true}, nil
	}
	return answer{}, methodDisabled
}

// collection answers GET and HEAD of a collection, with the search in the query.
func (s *Server) collection(c *call) (answer, *refusal) {
	t := c.res.table(s)
	rows, bad := t.search(c.conditions())
	if bad != nil {
		return answer{}, bad
	}
	seen := rows[:0:0]
	for _, r := range rows {
		if !c.res.hides(r) && s.sees(c.who, c.res, r) == nil {
			seen = append(seen, r)
		}
	}
	return s.list(c, t, seen), nil
}

// list answers with rows of a table, ordered and cut as the query says, or with their number.
func (s *Server) list(c *call, t *table, seen []*row) answer {
	switch {
	case c.faulty(EmptySearch):
		seen = nil
	case c.faulty(MissNewest):
		seen = withoutNewest(seen)
	}
	if c.method == http.MethodHead {
		return answer{status: http.StatusNoContent, header: map[string]string{
			"X-Total-Count": strconv.Itoa(len(seen)), "Access-Control-Expose-Headers": "X-total-count",
		}}
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for i, r := range t.arrange(seen, c.query) {
		if i > 0 {
			b.WriteByte(',')
		}
		r.appendJSON(&b, s.opts.Style, false)
	}
	b.WriteByte(']')
	return answer{status: http.StatusOK, body: b.Bytes()}
}

// conditions are what the search is by, after the fault that forgets them.
func (c *call) conditions() []condition {
	if c.faulty(IgnoreFilter) {
		return nil
	}
	all := c.query.conditions()
	for _, name := range c.res.plain {
		if v := c.query.child(name); v != nil {
			all = append(all, condition{attribute: name, operator: "=", values: []string{v.text}})
		}
	}
	return all
}

func (c *call) faulty(k Kind) bool { return c.fault != nil && c.fault.Kind == k }

func withoutNewest(rows []*row) []*row {
	newest := 0
	for i, r := range rows {
		if r.id() > rows[newest].id() {
			newest = i
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return append(rows[:newest:newest], rows[newest+1:]...)
}

// attributes answers OPTIONS.
func (s *Server) attributes(c *call) answer {
	type attribute struct {
		Name     string `json:"name"`
		Title    string `json:"title"`
		Type     string `json:"type"`
		Required bool   `json:"required"`
	}
	var all []attribute
	for _, col := range c.res.table(s).columns {
		if col.option != "-" {
			all = append(all, attribute{col.name, col.title(), col.option, col.star})
		}
	}
	body := map[string]any{"attributes": all}
	if !c.res.bare {
		body["additional_attributes"] = []string{}
	}
	return answer{status: http.StatusOK, body: []byte(encode(body))}
}
