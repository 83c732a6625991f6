package splynx

import (
	"context"
	"strconv"
)

// NewestPayments returns the newest payments of all customers, newest first by id, at most
// limit. Only ids below before count; 0 begins at the newest. Fewer than limit means that
// there are no more.
func (c *Client) NewestPayments(ctx context.Context, before int64, limit int) ([]Payment, error) {
	return newest[wirePayment](ctx, c, opPayments, before, limit)
}

// NewestRecords returns the newest statement records of all statements, in the way of
// NewestPayments.
func (c *Client) NewestRecords(ctx context.Context, before int64, limit int) ([]Record, error) {
	return newest[wireRecord](ctx, c, opRecords, before, limit)
}

// newest reads one page of a list backwards.
func newest[W wireRow[T], T any](ctx context.Context, c *Client, op operation, before int64, limit int) ([]T, error) {
	if before < 0 || limit <= 0 {
		return nil, inputError(op, "the limit %d is not positive, or the id %d is negative", limit, before)
	}
	rows, err := newestRows[W](ctx, c, op, query{}, before, limit)
	if err != nil {
		return nil, err
	}
	found := make([]T, 0, len(rows))
	for _, r := range rows {
		found = append(found, r.value)
	}
	return found, nil
}

// newestRows reads one page of a search backwards. Ids that do not fall, or do not lie below
// before, show that the order or the condition was ignored.
func newestRows[W wireRow[T], T any](ctx context.Context, c *Client, op operation, q query, before int64, limit int) ([]rowWithID[T], error) {
	if before > 0 {
		q = q.where(mainAttributes, "id", below, strconv.FormatInt(before, 10))
	}
	rows, err := rowsOf[W](ctx, c, op, q.order("id", "DESC").page(limit, 0))
	if err != nil {
		return nil, err
	}
	if len(rows) > limit {
		return nil, notHonoured(op, "more rows came than the limit of "+strconv.Itoa(limit))
	}
	for _, r := range rows {
		if before > 0 && r.id >= before {
			return nil, notHonoured(op, "a row came that does not match, or not in the order asked for")
		}
		before = r.id
	}
	return rows, nil
}
