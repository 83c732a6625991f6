package windcave

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ascii maps s to the printable ASCII that the gateway takes, and cuts it to limit characters.
// Letters lose their marks, control characters and blanks of any kind become a space, what is
// left beyond ASCII is dropped. Cutting comes before any escaping, so no entity is split.
// The ends are trimmed, since the gateway's echo is read without the blanks around it.
func ascii(s string, limit int) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r):
			b.WriteByte(' ')
		case r < unicode.MaxASCII:
			b.WriteRune(r)
		}
	}
	out := strings.TrimSpace(b.String())
	if len(out) > limit {
		out = strings.TrimSpace(out[:limit])
	}
	return out
}

// visible tells whether s is 1 to limit printable ASCII characters without a blank.
func visible(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

var (
	wordsOnly = regexp.MustCompile(`^[A-Za-z0-9 .,:;()/'_-]{1,100}$`)
	longRun   = regexp.MustCompile(`[A-Za-z0-9_=-]{16,}|//`)
)

// words returns a reason given by the gateway if it looks like words, and nothing if it may
// hold an address, a token, a key or a number of a card.
func words(s string) string {
	s = strings.TrimSpace(s)
	if !wordsOnly.MatchString(s) || longRun.MatchString(s) {
		return ""
	}
	return s
}

// maskCard returns a card number as the gateway masks it, six digits, dots, two digits. A
// number that arrives with more than ten digits is masked here, so that none is ever kept.
func maskCard(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if len(digits) <= 10 {
		return s
	}
	return digits[:6] + strings.Repeat(".", len(digits)-8) + digits[len(digits)-2:]
}
