package windcave

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// tokenForm is that of a result token: 32 characters in PxPay 2.0, thousands in 1.0.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_=-]+$`)

const maxToken = 2048

var errToken = errors.New("result: 1 to 2048 letters, digits, _ = or - are needed")

// ReturnQuery reads the query of a buyer's return or of a notification: the result token for
// ProcessResponse, and the PxPay user name it belongs to, empty if there is none. Both are
// hints from anybody: look the user up among those configured, and ask the gateway. The
// gateway is known to have glued a second "?" to an address with a query; it is taken as "&".
func ReturnQuery(rawQuery string) (token secret.Secret, userID string, err error) {
	if len(rawQuery) > 4*maxToken {
		return secret.Secret{}, "", inputError(OpReturnQuery, errors.New("query is too long"))
	}
	// An error leaves out the pairs that cannot be read, none of which is ours to judge.
	values, _ := url.ParseQuery(strings.ReplaceAll(rawQuery, "?", "&"))
	result, ok := single(values, "result")
	if !ok || !validToken(result) {
		return secret.Secret{}, "", inputError(OpReturnQuery, errToken)
	}
	userID, ok = single(values, "userid")
	if !ok || userID != "" && !visible(userID, 32) {
		return secret.Secret{}, "", inputError(OpReturnQuery, errors.New("userid: at most 32 printable characters"))
	}
	return secret.New(result), userID, nil
}

// single returns the value of a parameter; repeats must agree.
func single(values url.Values, name string) (value string, ok bool) {
	for _, v := range values[name] {
		switch {
		case v == "" || v == value:
		case value == "":
			value = v
		default:
			return "", false
		}
	}
	return value, true
}

func validToken(s string) bool { return len(s) <= maxToken && tokenForm.MatchString(s) }
