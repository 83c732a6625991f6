package splynx

import (
	"errors"
	"net/http"
)

// adviceByCode is what to do about the codes that have one cause.
var adviceByCode = map[string]string{
	"METHOD_DISABLED":                    "this Splynx has switched the method off; look at its API configuration and its version",
	"NOT_ALLOWED_BY_PARTNER_RESTRICTION": "the record belongs to another partner than the API key; use a key of that partner, or one without a partner",
	"NOT_ALLOWED_BY_USER_RESTRICTION":    "the record is closed to this API key; look at the key's partner and restrictions",
	"USER_AGENT_CHANGED":                 "Splynx binds a token to its User-Agent; look for a proxy on the way that changes it",
	"IP_CHANGED":                         "Splynx binds a token to the address that made it; reach Splynx from one fixed address",
	"TOKEN_BANNED":                       "Splynx has banned the access token; look at the API key's state and its log there",
	"EMPTY_ACCESS_TOKEN":                 "the access token did not arrive; look for a proxy on the way that changes headers",
	"MISSED_AUTHORIZATION_HEADER":        "the Authorization header did not arrive; look for a proxy on the way that removes it",
	"EXPIRED_ACCESS_TOKEN":               "a fresh token was refused as expired; compare the clocks of this machine and of Splynx",
	"EXCEEDED_MAX_ATTEMPTS":              "Splynx has locked sign-in after too many attempts; wait, then check the API key and its secret",
	"INVALID_AUTH_TYPE":                  "this Splynx does not know this way of signing in; look at its version",
}

// Advice tells the operator what to do about the error.
func (e *Error) Advice() string {
	if errors.Is(e.Err, ErrTooManyAttempts) {
		return "Splynx takes no more sign-ins for a while, of this customer or from this machine's address; wait, and look at its log if many customers are told so"
	}
	if s := adviceByCode[e.InternalCode]; s != "" {
		return s
	}
	switch e.Kind {
	case KindInput:
		return "correct the values; nothing was sent"
	case KindNotFound:
		return "the record is not in Splynx, or the API key may not see it; look for it there by its id"
	case KindAuth:
		return e.authAdvice()
	case KindRefused:
		return "Splynx refuses this for good; look at the customer and the document there, and book by hand if need be"
	case KindUnavailable:
		return e.unavailableAdvice()
	case KindFilter:
		return "this Splynx ignores the conditions of a search, or a proxy on the way drops the query; its answers prove nothing until that is mended"
	}
	switch {
	case e.HTTPStatus/100 == 3, e.HTTPStatus == http.StatusNotFound:
		return "check the address of Splynx: it should be reached directly and answer below api/2.0/"
	case e.read && e.HTTPStatus/100 == 2:
		return "this is not how api/2.0/ answers; check the address of Splynx and its version"
	case e.read:
		return "nothing was learnt; ask again, and look at the log of Splynx if it stays"
	}
	return "look in Splynx whether it was written before anything is sent again"
}

func (e *Error) authAdvice() string {
	if e.Permission == "" {
		return "check the API key and its secret, its white list of addresses, and this machine's clock (a key with nonce check needs one that never goes back)"
	}
	if e.HTTPStatus == http.StatusForbidden {
		return "give the API key the permission " + e.Permission + " (Administration, API keys)"
	}
	return "check the API key's white list of addresses and its permission " + e.Permission + " (Administration, API keys)"
}

func (e *Error) unavailableAdvice() string {
	switch e.HTTPStatus {
	case 0:
		return "check that Splynx runs, and its address, name and certificate as seen from this machine"
	case http.StatusTooManyRequests:
		return "Splynx or a proxy limits the number of calls; raise the limit for this machine"
	case http.StatusMethodNotAllowed:
		return "Splynx does not allow the method here; check its address and version"
	}
	return "nothing was written; try again when Splynx answers"
}
