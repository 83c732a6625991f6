package splynxtest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// node is a value of a query string as PHP reads it: a text, or named children.
type node struct {
	text     string
	names    []string // of the children, in the order sent
	children map[string]*node
}

func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	return n.children[name]
}

func (n *node) string() string {
	if n == nil {
		return ""
	}
	return n.text
}

// texts are the values of a list, or the one value.
func (n *node) texts() []string {
	switch {
	case n == nil:
		return nil
	case n.children == nil:
		return []string{n.text}
	}
	var all []string
	for _, name := range n.names {
		all = append(all, n.children[name].texts()...)
	}
	return all
}

// maxDepth bounds how deep brackets may nest; PHP has such a bound too.
const maxDepth = 8

// parseQuery reads a query string the way PHP fills its $_GET: a[b][0]=c nests. What cannot be read is left out.
func parseQuery(raw string) *node {
	root := &node{children: map[string]*node{}}
	for pair := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(pair, "=")
		k, err := url.QueryUnescape(key)
		if err != nil || k == "" {
			continue
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		if path := splitKey(k); len(path) <= maxDepth {
			root.put(path, v)
		}
	}
	return root
}

// splitKey turns a[b][c] into a, b, c.
func splitKey(key string) []string {
	open := strings.IndexByte(key, '[')
	if open <= 0 {
		return []string{key}
	}
	path := []string{key[:open]}
	for rest := key[open:]; strings.HasPrefix(rest, "["); {
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			break
		}
		path = append(path, rest[1:end])
		rest = rest[end+1:]
	}
	return path
}

func (n *node) put(path []string, value string) {
	for _, name := range path {
		if n.children == nil {
			n.text, n.children = "", map[string]*node{}
		}
		if name == "" {
			name = strconv.Itoa(len(n.names))
		}
		next := n.children[name]
		if next == nil {
			next = &node{}
			n.children[name] = next
			n.names = append(n.names, name)
		}
		n = next
	}
	*n = node{text: value}
}

// condition is one part of a search.
type condition struct {
	attribute, operator string
	values              []string
}

// conditions are the main_attributes of the query. Every other name in it means nothing to a search.
func (n *node) conditions() []condition {
	main := n.child("main_attributes")
	if main == nil {
		return nil
	}
	var all []condition
	for _, name := range main.names {
		c := condition{attribute: name, operator: "="}
		switch v := main.children[name]; {
		case v.children == nil:
			c.values = []string{v.text}
		default:
			c.operator = strings.ToUpper(strings.TrimSpace(v.child("0").string()))
			for _, i := range v.names {
				if i != "0" {
					c.values = append(c.values, v.children[i].texts()...)
				}
			}
		}
		all = append(all, c)
	}
	return all
}

// describe is the search in words, for the log.
func describe(all []condition) string {
	var parts []string
	for _, c := range all {
		parts = append(parts, c.attribute+" "+c.operator+" "+strings.Join(c.values, ","))
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}
