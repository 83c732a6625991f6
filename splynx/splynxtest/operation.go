package splynxtest

import (
	"net/http"
	"strings"
)

// operation is what a call does: its method and the resource's name.
type operation struct {
	method, resource string
	record           bool // a record is named
}

// operationOf names a request. Paths outside the API are called after their last part.
func operationOf(method, path string) operation {
	inner, _ := strings.CutPrefix(path, apiPrefix)
	inner = strings.Trim(inner, "/")
	if res, rest := route(inner); res != nil {
		return operation{method, res.name(), rest != ""}
	}
	if strings.HasPrefix(inner, tokensPath+"/") { // what follows is secret
		return operation{method, "tokens", true}
	}
	return operation{method, inner[strings.LastIndexByte(inner, '/')+1:], false}
}

// list reports whether the call lists or counts a collection.
func (o operation) list() bool {
	return !o.record && (o.method == http.MethodGet || o.method == http.MethodHead)
}

// matches reports whether the operation is meant by a pattern: a method and a resource, each may be "*", or "*" for
// everything. LIST is the GET of a collection (a search), VIEW the GET of a record, GET both.
func (o operation) matches(pattern string) bool {
	if pattern == "*" {
		return true
	}
	method, resource, _ := strings.Cut(pattern, " ")
	if resource != "*" && resource != o.resource {
		return false
	}
	switch method {
	case "*":
		return true
	case "LIST":
		return o.method == http.MethodGet && !o.record
	case "VIEW":
		return o.method == http.MethodGet && o.record
	}
	return method == o.method
}
