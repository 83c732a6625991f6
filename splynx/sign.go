package splynx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// sign returns the signature of a nonce: HMAC-SHA256 with the key's secret over the decimal
// nonce followed by the key, in upper-case hexadecimal digits.
func sign(key, secret secret.Secret, nonce int64) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(strconv.FormatInt(nonce, 10) + key.Reveal()))
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// tokenHeader returns the Authorization header for an access token. What stands in the
// brackets is form-encoded.
func tokenHeader(access secret.Secret) string {
	return "Splynx-EA (access_token=" + url.QueryEscape(access.Reveal()) + ")"
}

// signedHeader returns the Authorization header of a call that is signed itself.
func signedHeader(key, secret secret.Secret, nonce int64) string {
	return "Splynx-EA (key=" + url.QueryEscape(key.Reveal()) + "&signature=" + sign(key, secret, nonce) +
		"&nonce=" + strconv.FormatInt(nonce, 10) + ")"
}
