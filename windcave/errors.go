package windcave

import (
	"errors"
	"fmt"
	"strings"
)

// Kind tells how far a request came.
type Kind uint8

// The kinds of error.
const (
	// KindInput: refused by this package, nothing was sent.
	KindInput Kind = iota + 1
	// KindNotSent: surely never reached the gateway: no connection (refused, name not found,
	// TLS handshake or certificate failed, time was up before one was had).
	KindNotSent
	// KindNoAnswer: it may have gone out, but no answer that can be read came back: time-out,
	// cut off, empty, not the expected XML, too large, HTTP 3xx or 5xx.
	KindNoAnswer
	// KindRefused: the gateway said no: configuration, request, duplicate, bad result token.
	KindRefused
)

// String returns the kind as a word for logs.
func (k Kind) String() string {
	switch k {
	case KindInput:
		return "input"
	case KindNotSent:
		return "not sent"
	case KindNoAnswer:
		return "no answer"
	case KindRefused:
		return "refused"
	}
	return "error"
}

// The operations that an Error names.
const (
	OpConfig          = "configure"
	OpGenerateRequest = "GenerateRequest"
	OpProcessResponse = "ProcessResponse"
	OpStatus          = "Status"
	OpPurchase        = "Purchase"
	OpAuth            = "Auth"
	OpComplete        = "Complete"
	OpRefund          = "Refund"
	OpVoid            = "Void"
	OpReturnQuery     = "ReturnQuery"
)

// Error is every error of this package; get at it with errors.As. Its text is safe to log.
type Error struct {
	Op         string // one of the Op constants
	Kind       Kind
	Class      Class  // of a refusal
	Code       string // the gateway's code of a refusal, as Verdict.Code; may be empty
	Key        string // key for the words people read, one of Keys()
	HTTPStatus int    // 0: no answer came
	Reason     string // the gateway's own words, if they are but words; for administrators
	Err        error  // the cause in this package's words; context errors can be found in it
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "windcave %s: %s", e.Op, e.Kind)
	if e.Class != ClassNone {
		fmt.Fprintf(&b, ", %s", e.Class)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ", code %s", e.Code)
	}
	if e.HTTPStatus != 0 && e.HTTPStatus != 200 {
		fmt.Fprintf(&b, ", HTTP status %d", e.HTTPStatus)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, ": %q", e.Reason)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// MaySent tells whether the request may have reached the gateway and done its work without
// our learning of it.
func (e *Error) MaySent() bool { return e.Kind == KindNoAnswer }

// Causes that no error of another package may stand for: those quote what was received.
var (
	errEmpty     = errors.New("the answer is empty")
	errTooLarge  = errors.New("the answer is too large")
	errNotXML    = errors.New("the answer is not well-formed XML in UTF-8")
	errDoctype   = errors.New("the answer holds a document type")
	errDeep      = errors.New("the answer nests too deep")
	errRoot      = errors.New("the answer is another document than expected")
	errNoVerdict = errors.New("the answer does not say whether it is valid")
	errConflict  = errors.New("the answer contradicts itself")
	errStatus    = errors.New("the HTTP status is not that of an answer")
	errRedirect  = errors.New("a redirect, which is not followed")
	errCut       = errors.New("the connection broke before the answer was whole")
)

func inputError(op string, err error) *Error {
	return &Error{Op: op, Kind: KindInput, Key: KeyInput, Err: err}
}

func noAnswer(op string, status int, err error) *Error {
	return &Error{Op: op, Kind: KindNoAnswer, Key: KeyNoAnswer, HTTPStatus: status, Err: err}
}

// refusal reads class and key from the code first, then from words that are known to stand
// without one.
func refusal(op string, status int, code, text, fallback string) *Error {
	m, known := meaningOf(code)
	if !known {
		m, known = meaningOfText(text)
	}
	if !known || m.class == ClassApproved {
		m = meaning{ClassRequest, fallback}
	}
	return &Error{
		Op: op, Kind: KindRefused, Class: m.class, Key: m.key,
		Code: cleanCode(code), HTTPStatus: status, Reason: words(text),
	}
}
