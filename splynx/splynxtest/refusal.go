package splynxtest

import (
	"net/http"
	"strconv"
)

// refusal is an error that the API answers with.
type refusal struct {
	status  int
	code    string // internal_code
	message string
	field   string // the attribute that is wrong, for 422
}

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// invalid is a 422: the attribute cannot be as sent.
func invalid(field, message string) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, code: "INVALID_INPUT_DATA", message: message, field: field}
}

// Refusals whose length is recorded. The words are known only of the first; the others are made to be as long.
var (
	methodDisabled = refuse(405, "METHOD_DISABLED", "Method is disabled!")
	withoutID      = refuse(400, "BAD_REQUEST", "Request without an id is refused")
	badSignIn      = refuse(401, "UNAUTHORIZED", "The sign-in data cannot be accepted as given")
	tokenOptions   = refuse(500, "SERVER_ERROR", "Server is at fault")

	notFound  = refuse(404, "NOT_FOUND", "Not found")
	forbidden = refuse(403, "FORBIDDEN", "Access denied")
)

func (e *refusal) body(lists bool) []byte {
	if lists && e.field != "" {
		return []byte(`[{"field":` + quoted(e.field) + `,"message":` + quoted(e.message) + `}]`)
	}
	return []byte(`{"error":{"message":` + quoted(e.message) + `,"code":` + strconv.Itoa(e.status) +
		`,"internal_code":` + quoted(e.code) + `}}`)
}

// codes are the internal codes that go with a status.
var codes = map[int]string{
	400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND",
	422: "INVALID_INPUT_DATA", 500: "SERVER_ERROR",
}

// plain is the refusal for a status alone.
func plain(status int) *refusal {
	if status == methodDisabled.status {
		return methodDisabled
	}
	code, ok := codes[status]
	if !ok {
		code = "SERVER_ERROR"
	}
	return refuse(status, code, http.StatusText(status))
}
