package money

import (
	"errors"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		number, code, want string
		err                error
	}{
		{"57.50", "NZD", "57.50", nil},
		{"57.5", "NZD", "57.50", nil},
		{"57.5000", "NZD", "57.50", nil},
		{"0.01", "NZD", "0.01", nil},
		{"1500", "JPY", "1500", nil},
		{"1.234", "KWD", "1.234", nil},
		{"-3.00", "NZD", "-3.00", nil},
		{"10.005", "NZD", "", ErrDigits},
		{"1500.5", "JPY", "", ErrDigits},
		{"1e3", "NZD", "", ErrFormat},
		{"1,000.00", "NZD", "", ErrFormat},
		{"+1", "NZD", "", ErrFormat},
		{" 1", "NZD", "", ErrFormat},
		{"", "NZD", "", ErrFormat},
		{"NaN", "NZD", "", ErrFormat},
		{"1", "nzd", "", ErrCurrency},
		{"1", "XXX", "", ErrCurrency},
	} {
		got, err := Parse(tt.number, tt.code)
		if !errors.Is(err, tt.err) || (err == nil && got.Number() != tt.want) {
			t.Errorf("Parse(%q, %s) = %v, %v; want %s, %v", tt.number, tt.code, got, err, tt.want, tt.err)
		}
	}
}

// F62, F79: what is charged is what is due, rounded half up to the smallest coin.
func TestRound(t *testing.T) {
	for _, tt := range []struct{ number, code, want string }{
		{"10.0049", "NZD", "10.00"},
		{"10.005", "NZD", "10.01"},
		{"1.005", "NZD", "1.01"},
		{"0.004", "NZD", "0.00"},
		{"0.005", "NZD", "0.01"},
		{"999999.99", "NZD", "999999.99"},
		{"1500.5", "JPY", "1501"},
		{"1.2345", "KWD", "1.235"},
		{"-10.005", "NZD", "-10.01"},
	} {
		if got, err := Round(tt.number, tt.code); err != nil || got.Number() != tt.want {
			t.Errorf("Round(%q, %s) = %v, %v; want %s", tt.number, tt.code, got, err, tt.want)
		}
	}
}
