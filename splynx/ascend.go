package splynx

import (
	"context"
	"iter"
	"slices"
	"strconv"
)

// ascend goes through a search in the order of the ids, above after, one page in memory at a
// time: a row that is made or removed between two pages shifts nothing. An error is the last
// value.
func ascend[W wireRow[T], T any](ctx context.Context, c *Client, op operation, q query, after int64, judge func(T) verdict) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for {
			rows, err := rowsAfter[W](ctx, c, op, q, after)
			if err != nil {
				yield(none, err)
				return
			}
			for _, r := range rows {
				after = r.id
				switch judge(r.value) {
				case foreign:
					yield(none, notHonoured(op, "a row came that does not match"))
					return
				case keep:
					if !yield(r.value, nil) {
						return
					}
				}
			}
			if len(rows) < pageSize {
				return
			}
		}
	}
}

// rowsAfter reads one page. Ids that do not rise show that the order or the condition was
// ignored.
func rowsAfter[W wireRow[T], T any](ctx context.Context, c *Client, op operation, q query, after int64) ([]rowWithID[T], error) {
	if after > 0 { // else a search for ids may stand here, which are fewer than a page
		q = q.where(mainAttributes, "id", above, strconv.FormatInt(after, 10))
	}
	q = q.order("id", "ASC").page(pageSize, 0)
	rows, err := rowsOf[W](ctx, c, op, q)
	if err != nil {
		return nil, err
	}
	if len(rows) > pageSize {
		return nil, notHonoured(op, "more rows came than the limit of "+strconv.Itoa(pageSize))
	}
	for _, r := range rows {
		if r.id <= after {
			return nil, notHonoured(op, "a row came that does not match, or not in the order asked for")
		}
		after = r.id
	}
	return rows, nil
}

// idsPerCall is how many ids one search names: the vendor's own add-ons split lists at as many,
// for the length of the address.
const idsPerCall = 80

// batch is the ids of one call.
type batch struct {
	ids   []int64 // rising
	texts []string
}

func (b batch) has(id int64) bool {
	_, found := slices.BinarySearch(b.ids, id)
	return found
}

// batches splits ids into calls; one that is named twice is asked for once.
func batches(ids []int64) []batch {
	var all []batch
	for some := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), idsPerCall) {
		b := batch{ids: some}
		for _, id := range some {
			b.texts = append(b.texts, strconv.FormatInt(id, 10))
		}
		all = append(all, b)
	}
	return all
}

// named goes through what there is of some ids; field is the attribute that holds them, and of
// takes it from a row.
func named[W wireRow[T], T any](ctx context.Context, c *Client, op operation, q query, field string, ids []int64, of func(T) int64, judge func(T) verdict) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, some := range batches(ids) {
			rows := ascend[W](ctx, c, op, q.among(mainAttributes, field, some.texts...), 0, func(v T) verdict {
				if !some.has(of(v)) {
					return foreign
				}
				return judge(v)
			})
			for v, err := range rows {
				if !yield(v, err) || err != nil {
					return
				}
			}
		}
	}
}

// byID collects rows by the id that of takes from them.
func byID[T any](rows iter.Seq2[T, error], of func(T) int64) (map[int64]T, error) {
	all := map[int64]T{}
	for v, err := range rows {
		if err != nil {
			return nil, err
		}
		all[of(v)] = v
	}
	return all, nil
}

// anything judges a row that matches however it is.
func anything[T any](T) verdict { return keep }

// sameDay judges a day against a range whose zero ends are open.
func sameDay(got, from, to Date) verdict {
	if !from.IsZero() && got.Before(from.Day()) || !to.IsZero() && to.Day().Before(got.Day()) {
		return foreign
	}
	return keep
}

// days asks for a range of days; a zero end is open. A column with a time is compared with the
// end of the last day.
func (q query) days(field string, from, to Date) query {
	switch {
	case !from.IsZero() && !to.IsZero():
		return q.where(mainAttributes, field, between, from.Day().String(), to.Day().String())
	case !from.IsZero():
		return q.where(mainAttributes, field, atLeast, from.Day().String())
	case !to.IsZero():
		return q.where(mainAttributes, field, atMost, to.Day().String())
	}
	return q
}
