package splynx

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

const (
	pageSize = 100 // rows per call
	maxPages = 100 // calls per search
)

// verdict is what a row of an answer turns out to be when it is compared with the search.
type verdict uint8

const (
	keep    verdict = iota // it is what was asked for
	drop                   // MySQL takes it for equal; we do not
	foreign                // it does not match: the search was not honoured
)

// both returns the worse of two verdicts.
func both(a, b verdict) verdict { return max(a, b) }

// sameID compares an id.
func sameID(got, asked int64) verdict {
	if got != asked {
		return foreign
	}
	return keep
}

// sameText compares a text exactly. MySQL's usual collations ignore case and spaces at the
// end, so a row that differs only so does not prove that the search was ignored.
func sameText(got, asked string) verdict {
	switch {
	case got == asked:
		return keep
	case strings.EqualFold(strings.TrimSpace(got), strings.TrimSpace(asked)):
		return drop
	}
	return foreign
}

// find reads every row of a search, page by page in the order of the ids, and judges each.
// Nothing found is an empty slice.
func find[W wireRow[T], T any](ctx context.Context, c *Client, op operation, q query, judge func(T) verdict) ([]T, error) {
	found := []T{}
	seen := map[int64]bool{}
	q = q.order("id", "ASC")
	for page := range maxPages {
		rows, err := rowsOf[W](ctx, c, op, q.page(pageSize, page*pageSize))
		if err != nil {
			return nil, err
		}
		if len(rows) > pageSize {
			return nil, notHonoured(op, "more rows came than the limit of "+strconv.Itoa(pageSize))
		}
		for _, r := range rows {
			if seen[r.id] {
				return nil, notHonoured(op, "the same row came twice")
			}
			seen[r.id] = true
			switch judge(r.value) {
			case foreign:
				return nil, notHonoured(op, "a row came that does not match")
			case keep:
				found = append(found, r.value)
			}
		}
		if len(rows) < pageSize {
			return found, nil
		}
	}
	return nil, tooManyRows(op)
}

// tooManyRows is for a search that does not come to its end.
func tooManyRows(op operation) error {
	return &Error{
		Op: op.name, Kind: KindUnclear, HTTPStatus: http.StatusOK, Permission: op.permission, read: true,
		Err: errors.New("there are more rows than " + strconv.Itoa(maxPages*pageSize)),
	}
}

// everything reads a short list that is not searched.
func everything[W wireRow[T], T any](ctx context.Context, c *Client, op operation) ([]T, error) {
	rows, err := rowsOf[W](ctx, c, op, query{})
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, len(rows))
	for _, r := range rows {
		all = append(all, r.value)
	}
	return all, nil
}

// rowWithID is one row of a list.
type rowWithID[T any] struct {
	id    int64
	value T
}

// rowsOf reads one list. One row that cannot be read spoils it: it might be the one that
// matters.
func rowsOf[W wireRow[T], T any](ctx context.Context, c *Client, op operation, q query) ([]rowWithID[T], error) {
	a, err := c.do(ctx, op, request{query: q.encoded})
	if err != nil {
		return nil, err
	}
	return rowsIn[W](op, a)
}

// rowsIn reads the list of an answer.
func rowsIn[W wireRow[T], T any](op operation, a *answer) ([]rowWithID[T], error) {
	var list *[]W // null is not a list
	if err := decode(a.body, &list); err != nil {
		return nil, unreadable(op, a, err)
	}
	if list == nil {
		return nil, unreadable(op, a, errors.New("it is not a list"))
	}
	rows := make([]rowWithID[T], 0, len(*list))
	for _, w := range *list {
		if w.rowID() <= 0 {
			return nil, unreadable(op, a, errors.New("a row has no id"))
		}
		v, err := w.value()
		if err != nil {
			return nil, unreadable(op, a, err)
		}
		rows = append(rows, rowWithID[T]{w.rowID(), v})
	}
	return rows, nil
}
