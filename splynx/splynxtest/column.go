package splynxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// kind is how a column is kept and written.
type kind string

const (
	kindInt   kind = "int"   // an integer; a string in V4
	kindFloat kind = "float" // a decimal, written as a JSON number
	kindDec   kind = "dec"   // a decimal, written as a string with four places
	kindText  kind = "text"
	kindDate  kind = "date" // 0000-00-00 when empty
	kindTime  kind = "time" // 0000-00-00 00:00:00 when empty
	kindFlag  kind = "flag" // "0" or "1"
	kindBool  kind = "bool" // true or false; kept as a flag
	kindList  kind = "list" // always empty
	kindMap   kind = "map"  // always empty
	kindIDs   kind = "ids"  // a list of ids, kept with commas between them
)

// column is one attribute of a resource.
type column struct {
	name    string
	kind    kind
	v4      kind     // how V4 writes it, when not as kind says
	option  string   // its type in the answer to OPTIONS; "-" when that leaves it out
	need    bool     // must be sent with POST
	star    bool     // OPTIONS calls it required
	fixed   bool     // the API cannot set it
	null    bool     // NULL by default
	only    string   // "v4", "v5", "none" or "" for both
	single  bool     // shown when one record is read, never in lists
	max     int      // longest text in characters, 0 for no limit
	initial string   // value of a new record
	values  []string // the only values allowed
	label   string   // its title in OPTIONS, where that is not made from the name
}

// parseColumn reads a line of a table: name, kind, OPTIONS type, then words.
func parseColumn(line string) column {
	words := strings.Fields(line)
	c := column{name: words[0], kind: kind(words[1]), option: words[2]}
	c.initial = c.kind.empty()
	for _, word := range words[3:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "*":
			c.star, c.need = true, true
		case "need":
			c.need = true
		case "fixed":
			c.fixed = true
		case "null":
			c.null = true
		case "single":
			c.single = true
		case "only":
			c.only = value
		case "title":
			c.label = strings.ReplaceAll(value, "~", " ")
		case "v4":
			c.v4 = kind(value)
		case "new":
			c.initial = value
		case "in":
			c.values = strings.Split(value, "|")
			c.initial = c.values[0]
		case "max":
			c.max, _ = strconv.Atoi(value)
		default:
			panic("splynxtest: unknown word in a table: " + word)
		}
	}
	return c
}

// empty is what a new record holds in a column of the kind.
func (k kind) empty() string {
	switch k {
	case kindInt, kindFlag, kindBool:
		return "0"
	case kindFloat, kindDec:
		return "0.0000"
	case kindDate:
		return "0000-00-00"
	case kindTime:
		return "0000-00-00 00:00:00"
	}
	return ""
}

func (k kind) numeric() bool { return k == kindInt || k == kindFloat || k == kindDec }

// accept turns a value from outside (string, json.Number, bool or nil) into what the column keeps.
func (c column) accept(v any) (cell, error) {
	var text string
	switch v := v.(type) {
	case nil:
		return cell{null: c.null, text: c.initial}, nil
	case string:
		text = v
	case json.Number:
		text = v.String()
	case bool:
		text = "0"
		if v {
			text = "1"
		}
	default:
		return cell{}, errors.New("must be a single value")
	}
	if text == "" && c.kind != kindText {
		return cell{null: c.null, text: c.initial}, nil
	}
	text, err := c.clean(text)
	return cell{text: text}, err
}

func (c column) clean(text string) (string, error) {
	if c.values != nil && !slices.Contains(c.values, text) {
		return "", errors.New("is not one of the allowed values")
	}
	switch c.kind {
	case kindInt:
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return "", errors.New("must be an integer")
		}
		return strconv.FormatInt(n, 10), nil
	case kindFloat, kindDec:
		text, err := fourPlaces(strings.TrimSpace(text))
		if err != nil {
			return "", errors.New("must be a number")
		}
		return text, nil
	case kindDate, kindTime:
		layout := time.DateOnly
		if c.kind == kindTime {
			layout = time.DateTime
		}
		if _, err := time.Parse(layout, text); err != nil && text != c.kind.empty() {
			return "", errors.New("has a wrong format")
		}
	case kindFlag, kindBool:
		if text != "0" && text != "1" {
			return "", errors.New("must be 0 or 1")
		}
	case kindText:
		if c.max > 0 && utf8.RuneCountInString(text) > c.max {
			return "", fmt.Errorf("should contain at most %d characters", c.max)
		}
	case kindList, kindMap, kindIDs:
		return "", errors.New("cannot be set")
	}
	return text, nil
}

// title is the column's name for people.
func (c column) title() string {
	if c.label != "" {
		return c.label
	}
	if c.name == "id" {
		return "ID"
	}
	return strings.ToUpper(c.name[:1]) + strings.ReplaceAll(c.name[1:], "_", " ")
}

// shown reports whether answers in the style hold the column.
func (c column) shown(st Style, single bool) bool {
	return (c.only == "" || c.only == st.name()) && (!c.single || single)
}
