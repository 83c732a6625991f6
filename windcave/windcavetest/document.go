package windcavetest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// document is a request: a root with plain children.
type document struct {
	root   string
	fields map[string]string
}

func (d document) get(name string) string { return d.fields[name] }

const largestRequest = 1 << 20

var errNotAcceptable = errors.New("not acceptable input XML")

// readRequest takes the XML from the body whatever the Content-Type, or from a
// form field named xml; clients send all of these.
func readRequest(r *http.Request) (document, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, largestRequest+1))
	if err != nil {
		return document{}, err
	}
	if len(body) > largestRequest {
		return document{}, errNotAcceptable
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return document{}, errNotAcceptable
		}
		body = []byte(form.Get("xml"))
	}
	return parseDocument(body)
}

// parseDocument is strict: one root, children without children, no document
// type, no repeated element.
func parseDocument(body []byte) (document, error) {
	doc := document{fields: map[string]string{}}
	dec := xml.NewDecoder(bytes.NewReader(body))
	var name string
	var text strings.Builder
	for depth := 0; ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && doc.root != "" && depth == 0 {
			return doc, nil
		}
		if err != nil {
			return document{}, errNotAcceptable
		}
		switch t := tok.(type) {
		case xml.StartElement:
			depth++
			if depth == 1 && doc.root == "" {
				doc.root = t.Name.Local
				continue
			}
			name = t.Name.Local
			if _, twice := doc.fields[name]; depth != 2 || twice {
				return document{}, errNotAcceptable
			}
			text.Reset()
		case xml.EndElement:
			if depth == 2 {
				doc.fields[name] = text.String()
			}
			depth--
		case xml.CharData:
			if depth == 2 {
				text.Write(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return document{}, errNotAcceptable
			}
		case xml.Directive:
			return document{}, errNotAcceptable
		}
	}
}

// tooLong names the first element that is above its limit, or nothing.
func (d document) tooLong(limits map[string]int) string {
	for _, name := range slices.Sorted(maps.Keys(d.fields)) {
		if limit := limits[name]; limit > 0 && len(d.fields[name]) > limit {
			return name
		}
	}
	return ""
}

// unknown are the elements that no limit is known for.
func (d document) unknown(limits map[string]int) []string {
	names := slices.Sorted(maps.Keys(d.fields))
	return slices.DeleteFunc(names, func(name string) bool { _, ok := limits[name]; return ok })
}

func (d document) ascii() bool {
	for _, value := range d.fields {
		for i := range len(value) {
			if value[i] >= 0x80 {
				return false
			}
		}
	}
	return true
}

// values holds what the elements of a reply say, by name.
type values map[string]string

// write renders the elements of layout in its order, empty ones included.
func (v values) write(b *bytes.Buffer, layout string) {
	for _, name := range strings.Fields(layout) {
		b.WriteString("<" + name + ">")
		_ = xml.EscapeText(b, []byte(v[name]))
		b.WriteString("</" + name + ">")
	}
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
