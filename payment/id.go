package payment

import (
	"fmt"
	"io"
	"regexp"
)

// ID names a payment, here, at the gateway (TxnId) and in Splynx (receipt number).
// It has 16 capitals and digits: Splynx's database compares without case.
type ID string

const (
	idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	idLength  = 16
)

var idForm = regexp.MustCompile(`^[A-Z0-9]{16}$`)

// NewID draws an ID from r, which must be a cryptographic source.
func NewID(r io.Reader) (ID, error) {
	const fair = 256 - 256%len(idLetters) // bytes from here on would favour the first letters
	id := make([]byte, 0, idLength)
	buf := make([]byte, 2*idLength)
	for len(id) < idLength {
		if _, err := io.ReadFull(r, buf); err != nil {
			return "", fmt.Errorf("draw a payment id: %w", err)
		}
		for _, b := range buf {
			if int(b) < fair && len(id) < idLength {
				id = append(id, idLetters[int(b)%len(idLetters)])
			}
		}
	}
	return ID(id), nil
}

// ParseID reads an ID as it stands in an address.
func ParseID(s string) (ID, error) {
	if !idForm.MatchString(s) {
		return "", fmt.Errorf("payment id: want 16 capitals and digits, not %d characters", len(s))
	}
	return ID(s), nil
}
