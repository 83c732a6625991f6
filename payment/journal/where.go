package journal

import (
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// where is the conditions of a question, and what stands for their question marks.
type where struct {
	clauses []string
	args    []any
}

// when adds a condition, if it is asked for.
func (w *where) when(asked bool, clause string, args ...any) {
	if asked {
		w.clauses, w.args = append(w.clauses, clause), append(w.args, args...)
	}
}

// after goes on behind a place in a list, the newest first; no time: from its beginning.
func (w *where) after(created time.Time, id payment.ID) {
	at := stamp(created)
	w.when(at != 0, "created_at<=? AND (created_at<? OR id>?)", at, at, string(id))
}

func (w *where) text() string {
	if len(w.clauses) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.clauses, " AND ")
}

// questions is so many question marks for a list of values.
func questions(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// anys is a list as arguments of a question.
func anys[T ~string](list []T) []any {
	args := make([]any, len(list))
	for i, one := range list {
		args[i] = string(one)
	}
	return args
}

// limited is a limit, or the usual one.
func limited(limit int) int {
	if limit == 0 {
		return 100
	}
	return limit
}
