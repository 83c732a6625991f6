package splynxtest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// cell is one value of a row.
type cell struct {
	text string
	null bool
}

// table is one resource's records, in the order in which they were made.
type table struct {
	columns []column
	at      map[string]int
	rows    []*row
	byID    map[int64]*row
	last    int64 // highest id given
}

// row is one record; the table's first column is its id.
type row struct {
	t     *table
	cells []cell
}

func newTable(schema string) *table {
	t := &table{at: map[string]int{}, byID: map[int64]*row{}}
	for line := range strings.Lines(strings.TrimSpace(schema)) {
		c := parseColumn(line)
		t.at[c.name] = len(t.columns)
		t.columns = append(t.columns, c)
	}
	return t
}

// blank is a record with every column at its initial value; it is not in the table yet.
func (t *table) blank() *row {
	r := &row{t: t, cells: make([]cell, len(t.columns))}
	for i, c := range t.columns {
		r.cells[i] = cell{text: c.initial, null: c.null}
	}
	return r
}

// insert gives the record an id, unless it has one, and keeps it.
func (t *table) insert(r *row) int64 {
	id := r.id()
	if id == 0 {
		id = t.last + 1
		r.setInt(t.columns[0].name, id)
	}
	if t.byID[id] != nil {
		panic("splynxtest: id " + strconv.FormatInt(id, 10) + " is taken")
	}
	t.last = max(t.last, id)
	t.rows = append(t.rows, r)
	t.byID[id] = r
	return id
}

// find returns the record with the id, nil when there is none or it was deleted.
func (t *table) find(id int64) *row {
	if r := t.byID[id]; r != nil && !r.deleted() {
		return r
	}
	return nil
}

func (t *table) column(name string) (column, bool) {
	i, ok := t.at[name]
	if !ok {
		return column{}, false
	}
	return t.columns[i], true
}

func (r *row) id() int64 { return r.intAt(0) }

func (r *row) deleted() bool {
	i, ok := r.t.at["deleted"]
	return ok && r.cells[i].text == "1"
}

func (r *row) cell(name string) *cell {
	i, ok := r.t.at[name]
	if !ok {
		panic("splynxtest: no column " + name)
	}
	return &r.cells[i]
}

// text is the kept text, "" for NULL.
func (r *row) text(name string) string {
	if c := r.cell(name); !c.null {
		return c.text
	}
	return ""
}

// int is the kept integer, 0 for NULL.
func (r *row) int(name string) int64 { return r.intAt(r.t.at[name]) }

func (r *row) intAt(i int) int64 {
	n, err := strconv.ParseInt(r.cells[i].text, 10, 64)
	if err != nil || r.cells[i].null {
		return 0
	}
	return n
}

func (r *row) set(name, text string) { *r.cell(name) = cell{text: text} }

func (r *row) setInt(name string, n int64) { r.set(name, strconv.FormatInt(n, 10)) }

// setLink sets a reference; 0 means none.
func (r *row) setLink(name string, id int64) {
	r.setInt(name, id)
	c, _ := r.t.column(name)
	r.cell(name).null = id == 0 && c.null
}

// appendJSON writes the record. Shape: style decides between the versions, single adds what only one record's page has.
func (r *row) appendJSON(b *bytes.Buffer, st Style, single bool) {
	b.WriteByte('{')
	first := true
	for i, c := range r.t.columns {
		if !c.shown(st, single) {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(`"` + c.name + `":`)
		b.WriteString(r.cells[i].json(c, st))
	}
	b.WriteByte('}')
}

func (v cell) json(c column, st Style) string {
	if v.null {
		return "null"
	}
	k := c.kind
	switch {
	case st == V4 && c.v4 != "":
		k = c.v4
	case st == V4 && k == kindInt:
		k = kindText
	}
	switch k {
	case kindInt:
		return v.text
	case kindFloat: // PHP drops a zero fraction
		if strings.Contains(v.text, ".") {
			return strings.TrimRight(strings.TrimRight(v.text, "0"), ".")
		}
		return v.text
	case kindBool:
		return strconv.FormatBool(v.text == "1")
	case kindList:
		return "[]"
	case kindMap:
		return "{}"
	case kindIDs:
		return idList(v.text, st)
	}
	return quoted(v.text)
}

// idList writes ids as numbers; V4 writes them as strings.
func idList(kept string, st Style) string {
	if kept == "" {
		return "[]"
	}
	if st == V4 {
		return strings.TrimSpace(encode(strings.Split(kept, ",")))
	}
	return "[" + kept + "]"
}

// quoted is the text as a JSON string, slashes and angle brackets as they are.
func quoted(text string) string { return strings.TrimSuffix(encode(text), "\n") }

func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("splynxtest: " + err.Error())
	}
	return b.String()
}

// remove takes a record out for good.
func (t *table) remove(id int64) {
	delete(t.byID, id)
	t.rows = slices.DeleteFunc(t.rows, func(r *row) bool { return r.id() == id })
}
