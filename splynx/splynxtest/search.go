package splynxtest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// search returns the records that fulfil all conditions. An attribute that the table does not have is ignored.
func (t *table) search(all []condition) ([]*row, *refusal) {
	var tests []func(cell) bool
	var columns []int
	for _, c := range all {
		i, ok := t.at[c.attribute]
		if !ok {
			continue
		}
		test, err := c.compile(t.columns[i])
		if err != nil {
			return nil, err
		}
		tests, columns = append(tests, test), append(columns, i)
	}
	var found []*row
rows:
	for _, r := range t.candidates(all) {
		if r.deleted() {
			continue
		}
		for i, test := range tests {
			if !test(r.cells[columns[i]]) {
				continue rows
			}
		}
		found = append(found, r)
	}
	return found, nil
}

// candidates are the records that a search can find at all: a search for ids needs no others.
func (t *table) candidates(all []condition) []*row {
	id := t.columns[0]
	for _, c := range all {
		if c.attribute != id.name || id.name != "id" || c.operator != "=" && c.operator != "IN" {
			continue
		}
		var rows []*row
		for _, v := range c.values {
			n, err := strconv.ParseInt(id.asked(v), 10, 64)
			if r := t.byID[n]; err == nil && r != nil && !slices.Contains(rows, r) {
				rows = append(rows, r)
			}
		}
		slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.id(), b.id()) })
		return rows
	}
	return t.rows
}

// operands is how many values an operator takes; -1 for any number.
var operands = map[string]int{
	"=": 1, "!=": 1, "<>": 1, ">": 1, "<": 1, ">=": 1, "<=": 1,
	"IS": -1, "IN": -1, "BETWEEN": 2, "LIKE": 1, "REGEXP": 1, "FIND_IN_SET": 1,
}

// compile turns a condition into a test of one cell. As in SQL, NULL passes no test but IS.
func (c condition) compile(col column) (func(cell) bool, *refusal) {
	n, ok := operands[c.operator]
	if !ok || (n >= 0 && len(c.values) != n) {
		return nil, refuse(400, "BAD_REQUEST", "Wrong search condition for "+c.attribute)
	}
	if c.operator == "IS" {
		return func(v cell) bool { return v.null }, nil
	}
	test, bad := c.test(col)
	return func(v cell) bool { return !v.null && test(v.text) }, bad
}

func (c condition) test(col column) (func(string) bool, *refusal) {
	values := make([]string, len(c.values))
	for i, v := range c.values {
		values[i] = col.asked(v)
	}
	compare := func(text string, i int) int { return col.compare(text, values[i]) }
	switch c.operator {
	case "!=", "<>":
		return func(s string) bool { return compare(s, 0) != 0 }, nil
	case ">":
		return func(s string) bool { return compare(s, 0) > 0 }, nil
	case "<":
		return func(s string) bool { return compare(s, 0) < 0 }, nil
	case ">=":
		return func(s string) bool { return compare(s, 0) >= 0 }, nil
	case "<=":
		return func(s string) bool { return compare(s, 0) <= 0 }, nil
	case "BETWEEN":
		return func(s string) bool { return compare(s, 0) >= 0 && compare(s, 1) <= 0 }, nil
	case "IN":
		if col.kind == kindInt { // kept as it is asked for
			set := make(map[string]bool, len(values))
			for _, v := range values {
				set[v] = true
			}
			return func(s string) bool { return set[s] }, nil
		}
		return func(s string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return col.compare(s, v) == 0 })
		}, nil
	case "FIND_IN_SET":
		return func(s string) bool { return slices.Contains(strings.Split(fold(s), ","), fold(c.values[0])) }, nil
	case "LIKE", "REGEXP":
		pattern := c.values[0]
		if c.operator == "LIKE" {
			pattern = likePattern(pattern)
		}
		re, err := regexp.Compile("(?is)" + pattern)
		if err != nil {
			return nil, refuse(500, "SERVER_ERROR", "Database error")
		}
		return re.MatchString, nil
	}
	return func(s string) bool { return compare(s, 0) == 0 }, nil
}

// asked is a search value as compare wants it. To a number column a text is the number it starts with.
func (c column) asked(v string) string {
	if !c.kind.numeric() {
		return fold(v)
	}
	v = leadingNumber(v)
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return v
}

// compare orders as MySQL does: numbers by value, texts without regard to case and to spaces at the end.
func (c column) compare(kept, asked string) int {
	if kept == asked {
		return 0
	}
	if !c.kind.numeric() {
		return strings.Compare(fold(kept), asked)
	}
	if a, err := strconv.ParseInt(kept, 10, 64); err == nil {
		if b, err := strconv.ParseInt(asked, 10, 64); err == nil {
			return cmp.Compare(a, b)
		}
	}
	return compareNumbers(kept, asked)
}

func fold(s string) string { return strings.ToLower(strings.TrimRight(s, " ")) }

var numberAtStart = regexp.MustCompile(`^\s*([-+]?\d{1,40}(?:\.\d{1,40})?)`)

func leadingNumber(s string) string {
	if m := numberAtStart.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return "0"
}

// likePattern turns the wildcards of LIKE into a regular expression; without any, it looks for the text anywhere.
func likePattern(s string) string {
	if !strings.ContainsAny(s, "%_") {
		return regexp.QuoteMeta(s)
	}
	p := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(s))
	return "^" + p + "$"
}

// arrange sorts by the query's order and cuts it to limit and offset.
func (t *table) arrange(rows []*row, q *node) []*row {
	rows = slices.Clone(rows)
	if order := q.child("order"); order != nil {
		slices.SortStableFunc(rows, func(a, b *row) int {
			for _, name := range order.names {
				i, ok := t.at[name]
				if !ok {
					continue
				}
				d := t.columns[i].compare(a.cells[i].text, t.columns[i].asked(b.cells[i].text))
				if strings.EqualFold(order.children[name].text, "DESC") {
					d = -d
				}
				if d != 0 {
					return d
				}
			}
			return 0
		})
	}
	if n, err := strconv.Atoi(q.child("offset").string()); err == nil && n > 0 {
		rows = rows[min(n, len(rows)):]
	}
	if n, err := strconv.Atoi(q.child("limit").string()); err == nil && n >= 0 {
		rows = rows[:min(n, len(rows))]
	}
	return rows
}
