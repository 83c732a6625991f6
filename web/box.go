package web

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// The boxes that browsers carry. What was sealed for one use opens in no other.
const (
	formBox    = "form"
	signBox    = "sign-in-form"
	sessionBox = "session"
)

// sealBox writes v so that a browser can neither read nor change it.
func sealBox(ctx context.Context, e *payment.Engine, name string, v any) (string, error) {
	box, err := boxOf(ctx, e, name)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(box.Seal(nil, nil, text, nil)), nil
}

// openBox reads what sealBox wrote; errSeal for anything that is not ours.
func openBox(ctx context.Context, e *payment.Engine, name, s string, v any) error {
	box, err := boxOf(ctx, e, name)
	if err != nil {
		return err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return errSeal
	}
	text, err := box.Open(nil, nil, sealed, nil)
	if err != nil || json.Unmarshal(text, v) != nil {
		return errSeal
	}
	return nil
}

// ErrSeal tells that a box is not one that we made.
var ErrSeal = errSeal

// Seal writes v into a box of a name so that a browser can neither read nor change it.
func Seal(ctx context.Context, e *payment.Engine, name string, v any) (string, error) {
	return sealBox(ctx, e, name, v)
}

// Open reads what Seal wrote. ErrSeal.
func Open(ctx context.Context, e *payment.Engine, name, box string, v any) error {
	return openBox(ctx, e, name, box, v)
}

// boxOf encrypts and authenticates with a key that lives as long as the journal.
func boxOf(ctx context.Context, e *payment.Engine, name string) (cipher.AEAD, error) {
	key, err := e.Key(ctx, name)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
