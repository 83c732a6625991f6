package splynx

import (
	"encoding/json"
	"regexp"
	"strings"
)

// internalCode is what Splynx's error codes look like; anything else is not repeated.
var internalCode = regexp.MustCompile(`^[A-Z0-9_]{1,64}$`)

// maxMessage is how much of the server's text is kept, in bytes.
const maxMessage = 200

// parseErrorBody reads what it can from the body of a refused call: an object with an
// error (the documented form), a list of fields with messages (how the framework under
// Splynx reports validation), or a web page or nothing at all, which give nothing.
func parseErrorBody(body []byte) (code, message string) {
	var fields []struct {
		Field   wireText `json:"field"`
		Message wireText `json:"message"`
	}
	if json.Unmarshal(body, &fields) == nil {
		var lines []string
		for _, f := range fields {
			if f.Message != "" {
				lines = append(lines, strings.TrimPrefix(string(f.Field)+": "+string(f.Message), ": "))
			}
		}
		return "", strings.Join(lines, "; ")
	}
	var object struct {
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(body, &object) != nil {
		return "", ""
	}
	var detail struct {
		Message      json.RawMessage `json:"message"`
		InternalCode json.RawMessage `json:"internal_code"`
	}
	if json.Unmarshal(object.Error, &detail) == nil {
		if s := textOf(detail.InternalCode); internalCode.MatchString(s) {
			code = s
		}
		return code, textOf(detail.Message)
	}
	if s := textOf(object.Error); s != "" {
		return "", s
	}
	return "", textOf(object.Message)
}

// textOf returns a JSON string's text, or "" for anything else.
func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// cleanText makes one short line of plain ASCII, or nothing.
func cleanText(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if !printable(s) {
		return ""
	}
	if len(s) > maxMessage {
		s = s[:maxMessage]
	}
	return s
}

// printable tells whether a text is printable ASCII throughout.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
