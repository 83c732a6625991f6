package splynxtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// input is a request's body: attributes by name, each a string, json.Number, bool, nil or something nested.
type input map[string]any

// maxBody is the largest body that is read.
const maxBody = 1 << 20

var errBody = errors.New("body cannot be read")

// text is the attribute as text, "" when it is absent, null or nested.
func (in input) text(name string) string {
	switch v := in[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// readInput reads a JSON object, a form or a multipart form. No body is an empty input.
func readInput(r *http.Request) (input, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBody {
		return nil, errBody
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return input{}, nil
	}
	kind, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(data))
		return fromForm(values), err
	case "multipart/form-data":
		r.Body = io.NopCloser(bytes.NewReader(data))
		if parameters["boundary"] == "" || r.ParseMultipartForm(maxBody) != nil {
			return nil, errBody
		}
		return fromForm(r.MultipartForm.Value), nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var in input
	if err := d.Decode(&in); err != nil || in == nil {
		return nil, errBody
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errBody
	}
	return in, nil
}

func fromForm(values url.Values) input {
	in := input{}
	for name := range values {
		in[name] = values.Get(name)
	}
	return in
}
