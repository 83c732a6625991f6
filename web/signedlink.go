package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// What Config.SignedLinks may be.
const (
	SignedNone = ""
	SignedByID = "by_id"
	SignedAll  = "all"
)

const (
	linkKeyMark = "link_key"
	signBytes   = 16 // of the HMAC: 128 bits, for an address that people get by SMS
)

// signed tells whether links of a way must be signed.
func (h *Handler) signed(y way) bool {
	return !y.portal && (h.SignedLinks == SignedAll || h.SignedLinks == SignedByID && y.byID)
}

// LinkKey is the number of the key that new links are signed with. Keys are kept in the
// journal, all of them: a link lives until its end.
func LinkKey(ctx context.Context, e *payment.Engine) (int, error) {
	text, err := e.Mark(ctx, linkKeyMark)
	if err != nil || text == "" {
		return 1, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("read the mark %q of the journal: it is no number above 0", linkKeyMark)
	}
	return n, nil
}

// RotateLinkKey has new links signed with a new key, and returns its number. Links that were
// signed before live until their ends.
func RotateLinkKey(ctx context.Context, e *payment.Engine) (int, error) {
	n, err := LinkKey(ctx, e)
	if err != nil {
		return 0, err
	}
	if _, err := e.Key(ctx, linkKeyName(n+1)); err != nil {
		return 0, err
	}
	return n + 1, e.SetMark(ctx, linkKeyMark, strconv.Itoa(n+1))
}

func linkKeyName(n int) string { return "link-" + strconv.Itoa(n) }

// linkSign is the signature of an address: of its path and all that its query says.
func linkSign(ctx context.Context, e *payment.Engine, path, item, ends string, key int) (string, error) {
	secret, err := e.Key(ctx, linkKeyName(key))
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join([]string{path, item, ends, strconv.Itoa(key)}, "\n")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:signBytes]), nil
}

// signLink is the signed address of a document, which ends with a day in UTC.
func signLink(ctx context.Context, e *payment.Engine, path, item, ends string) (string, error) {
	key, err := LinkKey(ctx, e)
	if err != nil {
		return "", err
	}
	sign, err := linkSign(ctx, e, path, item, ends, key)
	if err != nil {
		return "", err
	}
	return itemURL(path, item) + "&ends=" + ends + "&key=" + strconv.Itoa(key) + "&sign=" + sign, nil
}

// readSign reads the day with which a link ends; empty where its signature is not ours.
func readSign(ctx context.Context, e *payment.Engine, path, item string, query url.Values) (string, error) {
	ends, said := query.Get("ends"), query.Get("sign")
	key, err := strconv.Atoi(query.Get("key"))
	if _, bad := linkEnd(ends); bad != nil || err != nil || key < 1 || said == "" || !isNumber(item) {
		return "", nil
	}
	current, err := LinkKey(ctx, e)
	if err != nil || key > current { // else anybody could have the journal make keys
		return "", err
	}
	sign, err := linkSign(ctx, e, path, item, ends, key)
	if err != nil || !hmac.Equal([]byte(sign), []byte(said)) {
		return "", err
	}
	return ends, nil
}

// linkEnd is the moment at which a link ends whose address names that day.
func linkEnd(ends string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, ends)
	return day.AddDate(0, 0, 1), err
}

// admit tells whether a link's address may be followed, and answers if not. To whoever has no
// good signature there is no document.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, v visit) (visit, bool) {
	item := strings.TrimSpace(r.URL.Query().Get("item_id"))
	ends, err := readSign(r.Context(), v.e, v.path, item, r.URL.Query())
	if err != nil {
		h.closed(w, r, err)
		return v, false
	}
	end, _ := linkEnd(ends)
	over := ends != "" && !h.Now().Before(end)
	switch {
	case h.signed(v.way) && ends == "":
		h.show(w, r, v.missing())
	case h.signed(v.way) && over:
		h.show(w, r, v.of(page{Status: http.StatusGone, Key: "link_ended"}))
	default:
		if !over {
			v.ends = ends
		}
		return v, true
	}
	return v, false
}

// at is the visit's address, with the document that it names; empty where it cannot be signed.
func (h *Handler) at(ctx context.Context, v visit, b *bill) string {
	if v.kind == payment.KindTopUp {
		return v.path
	}
	if v.ends == "" {
		return itemURL(v.path, v.item(b))
	}
	address, err := signLink(ctx, v.e, v.path, v.item(b), v.ends)
	if err != nil {
		return ""
	}
	return address
}

// againAt is where whoever has started a payment can pay its document again. Where links are
// signed that lives no longer than the link that was followed; a payment from before they were
// has a day.
func (h *Handler) againAt(ctx context.Context, e *payment.Engine, p *payment.Payment, again string) string {
	u, err := url.Parse(again)
	if err != nil || again == "" {
		return again
	}
	ends := p.LinkEnds
	if ends == "" {
		ends = p.CreatedAt.UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	}
	for _, y := range ways {
		if y.path == u.Path && h.signed(y) {
			if again, err = signLink(ctx, e, y.path, u.Query().Get("item_id"), ends); err != nil {
				return ""
			}
		}
	}
	return again
}
