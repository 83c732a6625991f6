package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// guestCookie knows a guest's browser again, so that it may see the payment it made.
const guestCookie = "paymentexpress_guest"

var guestForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)

// guest returns who the guest is, as payments keep it: a keyed hash of the cookie, which is
// given to the browser if it has none.
func (h *Handler) guest(w http.ResponseWriter, r *http.Request, e *payment.Engine) (string, error) {
	if known, err := h.knownGuest(r, e); known != "" || err != nil {
		return known, err
	}
	fresh := make([]byte, 16)
	_, _ = rand.Read(fresh) // never fails
	value := base64.RawURLEncoding.EncodeToString(fresh)
	http.SetCookie(w, &http.Cookie{
		Name: guestCookie, Value: value, Path: Prefix, MaxAge: 180 * 24 * 3600,
		HttpOnly: true, Secure: h.public.Scheme == "https", SameSite: http.SameSiteLaxMode,
	})
	return guestHash(r.Context(), e, value)
}

// knownGuest is guest for a browser that has the cookie; empty for others.
func (h *Handler) knownGuest(r *http.Request, e *payment.Engine) (string, error) {
	c, err := r.Cookie(guestCookie)
	if err != nil || !guestForm.MatchString(c.Value) {
		return "", nil
	}
	return guestHash(r.Context(), e, c.Value)
}

func guestHash(ctx context.Context, e *payment.Engine, cookie string) (string, error) {
	key, err := e.Key(ctx, "guest-cookie")
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(cookie))
	return "guest-" + hex.EncodeToString(mac.Sum(nil)[:16]), nil
}
