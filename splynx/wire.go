package splynx

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// What a scalar of Splynx can turn out not to be. The texts do not repeat the value, which
// may belong to a customer.
var (
	errScalar  = errors.New("a list or an object stands where a value should be")
	errID      = errors.New("a value that should be a whole number is none")
	errFlag    = errors.New("a value that should be yes or no is neither")
	errDecimal = errors.New("a value that should be an amount is none")
	errDate    = errors.New("a value that should be a date is none")
)

// decode reads a document; what is wrong with it is told without quoting it.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return errors.New("it is not JSON")
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errors.New("it is JSON of another shape")
	}
	return err
}

// scalar returns the text of a string, number or boolean; null is "".
func scalar(b []byte) (string, error) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0:
		return "", errScalar
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return "", errScalar
		}
		return s, nil
	case b[0] == '{', b[0] == '[':
		return "", errScalar
	case string(b) == "null":
		return "", nil
	}
	return string(b), nil
}

// wireID is an id or a count: Splynx 5 writes a number, Splynx 4 a string, and both write
// null, "" or 0 for none.
type wireID int64

// UnmarshalJSON implements json.Unmarshaler.
func (w *wireID) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	if err != nil {
		return err
	}
	if s = strings.TrimSpace(s); s == "" {
		*w = 0
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return errID
	}
	*w = wireID(n)
	return nil
}

// nullable returns what is sent for an id: null for none.
func nullable(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// wireFlag is yes or no: "0", "1", 0, 1, true, false, or "" and null for no.
type wireFlag bool

// UnmarshalJSON implements json.Unmarshaler.
func (w *wireFlag) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	if err != nil {
		return err
	}
	switch strings.TrimSpace(s) {
	case "1", "true":
		*w = true
	case "0", "false", "":
		*w = false
	default:
		return errFlag
	}
	return nil
}

// MarshalJSON implements json.Marshaler: Splynx's flags are "0" and "1".
func (w wireFlag) MarshalJSON() ([]byte, error) {
	if w {
		return []byte(`"1"`), nil
	}
	return []byte(`"0"`), nil
}

// wireText is a text that PHP may have made a number of. It keeps every character.
type wireText string

// UnmarshalJSON implements json.Unmarshaler.
func (w *wireText) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	if err != nil {
		return err
	}
	*w = wireText(s)
	return nil
}
