package windcave

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

const (
	maxAnswer = 256 << 10 // bytes of a document; replies have some thousand
	maxDepth  = 16        // levels; replies have three
)

// element is an XML element without name spaces, with the text that stands directly in it.
type element struct {
	name     string
	attrs    []xml.Attr
	children []*element
	text     string
}

// field binds an element of a document to where its value lives, for both directions.
type field struct {
	name    string
	text    *string        // one of text and sealed
	sealed  *secret.Secret //
	decides bool           // the outcome hangs on it: repeats must agree
	single  bool           // repeats that differ leave it empty: neither can be believed
}

func (f field) get() string {
	if f.sealed != nil {
		return f.sealed.Reveal()
	}
	return *f.text
}

func (f field) set(v string) {
	switch {
	case f.sealed == nil:
		*f.text = v
	case v != "":
		*f.sealed = secret.New(v)
	}
}

// parse reads a document of UTF-8 with one root. Text around the root is passed over; a
// document type, and with it every entity beyond XML's own five, is refused.
func parse(data []byte) (*element, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errEmpty
	case len(data) > maxAnswer:
		return nil, errTooLarge
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = onlyASCII
	top := &element{}
	open := []*element{top}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errNotXML
		}
		if open, err = grow(open, token); err != nil {
			return nil, err
		}
	}
	if len(top.children) != 1 {
		return nil, errNotXML
	}
	return top.children[0], nil
}

// grow adds one token to the innermost open element.
func grow(open []*element, token xml.Token) ([]*element, error) {
	last := open[len(open)-1]
	switch t := token.(type) {
	case xml.StartElement:
		if len(open) > maxDepth {
			return nil, errDeep
		}
		e := &element{name: t.Name.Local, attrs: slices.Clone(t.Attr)}
		last.children = append(last.children, e)
		return append(open, e), nil
	case xml.EndElement:
		last.text = strings.TrimSpace(last.text)
		return open[:len(open)-1], nil
	case xml.CharData:
		if len(open) > 1 {
			last.text += string(t)
		}
	case xml.Directive:
		return nil, errDoctype
	}
	return open, nil
}

// onlyASCII is asked for every declared encoding but UTF-8.
func onlyASCII(label string, in io.Reader) (io.Reader, error) {
	if strings.EqualFold(label, "us-ascii") {
		return in, nil
	}
	return nil, errNotXML
}

// attr returns an attribute by name, in any case, and whether repeats of it disagree.
func (e *element) attr(name string) (value string, conflict bool) {
	for _, a := range e.attrs {
		v := strings.TrimSpace(a.Value)
		switch {
		case !strings.EqualFold(a.Name.Local, name) || v == "":
		case value == "":
			value = v
		case value != v:
			conflict = true
		}
	}
	return value, conflict
}

// child returns all direct children of a name, in any case, as if they were one element.
func (e *element) child(name string) *element {
	all := &element{name: name}
	for _, c := range e.children {
		if strings.EqualFold(c.name, name) {
			all.attrs = append(all.attrs, c.attrs...)
			all.children = append(all.children, c.children...)
		}
	}
	return all
}

// read fills the fields from the direct children of the scopes. The first that is not empty
// wins. It returns the deciding fields whose repeats disagree, or that hold elements where a
// value should be: no approval may rest on such an answer.
func read(fields []field, scopes ...*element) (conflicting []string) {
	for _, f := range fields {
		value, odd := "", false
		for _, scope := range scopes {
			for _, c := range scope.children {
				switch {
				case !strings.EqualFold(c.name, f.name):
				case len(c.children) > 0:
					odd = true
				case c.text == "":
				case value == "":
					value = c.text
				case value != c.text:
					odd = true
				}
			}
		}
		if odd && f.single {
			value = ""
		}
		f.set(value)
		if odd && f.decides {
			conflicting = append(conflicting, f.name)
		}
	}
	return conflicting
}

// compose makes an element of the fields that are not empty, in their order.
func compose(name string, fields []field, attrs ...xml.Attr) *element {
	e := &element{name: name}
	for _, a := range attrs {
		if a.Value != "" {
			e.attrs = append(e.attrs, a)
		}
	}
	for _, f := range fields {
		if v := f.get(); v != "" {
			e.children = append(e.children, &element{name: f.name, text: v})
		}
	}
	return e
}

func attribute(name, value string) xml.Attr {
	return xml.Attr{Name: xml.Name{Local: name}, Value: value}
}

// MarshalXML implements xml.Marshaler: the encoder does all escaping.
func (e *element) MarshalXML(enc *xml.Encoder, _ xml.StartElement) error {
	start := xml.StartElement{Name: xml.Name{Local: e.name}, Attr: e.attrs}
	if err := enc.EncodeToken(start); err != nil {
		return err
	}
	if err := enc.EncodeToken(xml.CharData(e.text)); err != nil {
		return err
	}
	for _, c := range e.children {
		if err := c.MarshalXML(enc, xml.StartElement{}); err != nil {
			return err
		}
	}
	return enc.EncodeToken(start.End())
}

// decodeAs reads a request's document, whose root is name, into its fields.
func decodeAs(name string, data []byte, fields []field) error {
	root, err := parse(data)
	if err != nil {
		return err
	}
	if !strings.EqualFold(root.name, name) {
		return errRoot
	}
	read(fields, root)
	return nil
}
