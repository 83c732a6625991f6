package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// formLife is how long a page's form may be sent.
const formLife = 24 * time.Hour

var errSeal = errors.New("the form is not one that we made, or is too old")

// sealedForm is what a page that moves money has shown. The browser carries it and cannot
// change it; what it says is compared with what is true when it comes back.
type sealedForm struct {
	Key      string          `json:"k"` // unique for each page: sent twice it is one payment
	Kind     payment.Kind    `json:"t"`
	Document int64           `json:"d"`
	Number   string          `json:"n"`
	Customer int64           `json:"c"`
	Amount   currency.Amount `json:"a"`
	Payer    string          `json:"p"`
	Made     time.Time       `json:"m"`
}

// seal writes a form so that open can tell that it is ours.
func seal(ctx context.Context, e *payment.Engine, f sealedForm) (string, error) {
	key, err := e.Key(ctx, "form")
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(sign(key, text)), nil
}

// unseal reads what seal wrote; errSeal for anything else.
func unseal(ctx context.Context, e *payment.Engine, s string, now time.Time) (sealedForm, error) {
	key, err := e.Key(ctx, "form")
	if err != nil {
		return sealedForm{}, err
	}
	left, right, _ := strings.Cut(s, ".")
	text, errText := base64.RawURLEncoding.DecodeString(left)
	mac, errMAC := base64.RawURLEncoding.DecodeString(right)
	var f sealedForm
	if errText != nil || errMAC != nil || !hmac.Equal(mac, sign(key, text)) || json.Unmarshal(text, &f) != nil {
		return sealedForm{}, errSeal
	}
	if age := now.Sub(f.Made); age < -time.Minute || age > formLife {
		return sealedForm{}, errSeal
	}
	return f, nil
}

func sign(key, text []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return mac.Sum(nil)
}
