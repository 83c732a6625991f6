// Package secret holds values that must never be printed: keys, passwords, result tokens.
package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"go.uber.org/zap/zapcore"
)

const redacted = "[redacted]"

// Secret is a value that prints as "[redacted]" under every fmt verb, in JSON, in text
// encodings, in zap and in slog. The zero value is an empty secret.
//
// The value is behind a pointer because fmt cannot call the methods of an unexported field:
// of a pointer inside a struct it prints the address.
type Secret struct{ value *string }

// New wraps value.
func New(value string) Secret { return Secret{&value} }

// Reveal returns the value itself. Whatever receives it must not log it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty tells whether there is no value.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer, for %#v.
func (s Secret) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb reaches the fields.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalLogObject implements zapcore.ObjectMarshaler, for zap.Any and zap.Object.
func (s Secret) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddString("value", redacted)
	return nil
}

// Interface guards.
var (
	_ fmt.Formatter           = Secret{}
	_ json.Marshaler          = Secret{}
	_ slog.LogValuer          = Secret{}
	_ zapcore.ObjectMarshaler = Secret{}
)
