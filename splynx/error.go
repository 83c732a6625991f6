package splynx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// Kind is what the caller may conclude from an error.
type Kind uint8

// The kinds of errors. The zero Kind is the careful one.
const (
	// KindUnclear: a write may have happened (time-out, broken connection, 5xx but 503, a
	// redirect, an answer that cannot be read). Of a read, nothing was learnt.
	KindUnclear Kind = iota
	// KindInput: refused here; nothing was sent.
	KindInput
	// KindNotFound: Splynx has no object with this id. Only reads of one object say so.
	KindNotFound
	// KindAuth: the API key, its token or its permissions were refused. Nothing was written.
	KindAuth
	// KindRefused: Splynx refused to write (400, 404, 422), and will refuse it again.
	KindRefused
	// KindUnavailable: nothing was written, and a later try may succeed (no connection, 503,
	// 429, 405, or no access token to be had).
	KindUnavailable
	// KindFilter: a search answered rows or an order that were not asked for. Nothing was
	// learnt: the rows asked for may or may not exist.
	KindFilter
)

var kindTexts = [...]string{
	KindUnclear:     "outcome unclear",
	KindInput:       "refused before sending",
	KindNotFound:    "not found",
	KindAuth:        "access refused",
	KindRefused:     "refused",
	KindUnavailable: "not available",
	KindFilter:      "search not honoured",
}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindTexts) {
		return kindTexts[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Error is every error of this package's calls.
type Error struct {
	Op           string // what was tried, such as "create payment"
	Kind         Kind
	HTTPStatus   int    // 0 when there was no answer
	InternalCode string // Splynx's own code, such as METHOD_DISABLED; "" when none came
	Message      string // Splynx's own text, when it was short and plain
	Permission   string // what the API key needs for this call, such as "Payments add"
	// Created tells of a POST that its answer's status was a success: the object most
	// probably exists, though its id is not known.
	Created bool
	Err     error

	read    bool
	foreign bool      // the body was there and was not JSON: not Splynx has answered
	date    time.Time // when the answer was given, by the server's clock
}

// Error implements error. It holds no address, no token and no data of a customer.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("splynx: " + e.Op + ": " + e.Kind.String())
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, " (HTTP %d", e.HTTPStatus)
		if e.InternalCode != "" {
			b.WriteString(" " + e.InternalCode)
		}
		b.WriteString(")")
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %q", e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// SurelyNot tells that this call wrote nothing. A read never writes, so it is true of every
// read; it says nothing about an earlier write that the read was to find.
func (e *Error) SurelyNot() bool {
	return e.read || e.Kind != KindUnclear
}

// inputError is for what is refused before sending.
func inputError(op operation, format string, args ...any) error {
	return &Error{Op: op.name, Kind: KindInput, read: op.reads(), Err: fmt.Errorf(format, args...)}
}

// unreadable is for a success whose body is not what it should be.
func unreadable(op operation, a *answer, cause error) error {
	return &Error{
		Op: op.name, Kind: KindUnclear, HTTPStatus: a.status, Permission: op.permission,
		Created: op.method == http.MethodPost, read: op.reads(),
		Err: fmt.Errorf("the answer cannot be read: %w", cause),
	}
}

// notHonoured is for a search whose answer proves that its conditions were ignored.
func notHonoured(op operation, what string) error {
	return &Error{Op: op.name, Kind: KindFilter, HTTPStatus: http.StatusOK, Permission: op.permission, read: true, Err: errors.New(what)}
}

// refusal makes the error of an answer that is not a 2xx.
func refusal(op operation, resp *http.Response, body []byte, unsaid ...secret.Secret) error {
	e := &Error{Op: op.name, HTTPStatus: resp.StatusCode, Permission: op.permission, read: op.reads(), date: dateOf(resp)}
	var text string
	e.InternalCode, text = parseErrorBody(body)
	if !op.hush && !holdsAny(text, unsaid) {
		e.Message = cleanText(text)
	}
	e.Kind = kindOf(op, resp.StatusCode, e.InternalCode)
	body = bytes.TrimSpace(body)
	e.foreign = len(body) > 0 && !isJSON(body)
	if notOurs(e, op, body) {
		e.Kind = KindUnclear
	}
	if resp.StatusCode/100 == 3 {
		e.Err = errors.New("redirected" + redirectTarget(resp) + ": a login page or a wrong address")
	}
	return e
}

// notOurs tells an answer that Splynx did not give, but a proxy, another site, or Splynx half
// up. Taken for "no such invoice" or for a refusal, it would send a customer's money to the
// balance; and a proxy may say 503 or 429 after it has passed the call on.
func notOurs(e *Error, op operation, body []byte) bool {
	switch e.Kind {
	case KindNotFound, KindRefused:
		return e.foreign
	case KindUnavailable:
		return !op.reads() && e.HTTPStatus != http.StatusMethodNotAllowed && !isJSON(body)
	}
	return false
}

// isJSON takes an answer that was cut off for JSON too.
func isJSON(body []byte) bool {
	return json.Valid(body) || bytes.HasPrefix(body, []byte("{")) || bytes.HasPrefix(body, []byte("["))
}

// holdsAny tells whether a text repeats a secret.
func holdsAny(text string, secrets []secret.Secret) bool {
	return slices.ContainsFunc(secrets, func(s secret.Secret) bool { return !s.Empty() && strings.Contains(text, s.Reveal()) })
}

// kindOf is the table of statuses. What it does not know is unclear.
func kindOf(op operation, status int, code string) Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return KindAuth
	case http.StatusMethodNotAllowed:
		// Records of another partner are also answered with 405.
		if strings.HasPrefix(code, "NOT_ALLOWED_BY_") {
			return KindAuth
		}
		return KindUnavailable
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return KindUnavailable
	case http.StatusNotFound:
		if op.reads() && !op.list {
			return KindNotFound
		}
		if op.reads() {
			return KindUnclear // a list is always there: the address is wrong
		}
		return KindRefused
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if !op.reads() {
			return KindRefused
		}
	}
	return KindUnclear
}

// redirectTarget names the host of a redirect. Its path and query stay out: they may repeat
// the address called.
func redirectTarget(resp *http.Response) string {
	u, err := resp.Location()
	if err != nil || u.Host == "" || !printable(u.Host) {
		return ""
	}
	return " to " + u.Scheme + "://" + u.Host
}
