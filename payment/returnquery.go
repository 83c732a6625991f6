package payment

import (
	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// ReturnQuery reads the query that the gateway puts behind a return address, for
// Engine.Result. What it says is a hint from anybody; its errors do not hold the token.
func ReturnQuery(rawQuery string) (token secret.Secret, userID string, err error) {
	return windcave.ReturnQuery(rawQuery)
}
