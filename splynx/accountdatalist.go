package splynx

import (
	"context"
	"iter"
	"strconv"
)

// dataPage is how many rows are read per call. Full rows of this number stay below the
// longest answer that is read.
const dataPage = 250

// AllAccountData goes through what all customers' accounts of a kind hold, in the order of
// the customers' ids, one page in memory at a time. An error is the last value.
func (c *Client) AllAccountData(ctx context.Context, accountID int64) iter.Seq2[AccountData, error] {
	return func(yield func(AccountData, error) bool) {
		after := int64(0)
		for {
			rows, err := c.dataAfter(ctx, accountID, after)
			if err != nil {
				yield(AccountData{}, err)
				return
			}
			for _, r := range rows {
				if !yield(r.value, nil) {
					return
				}
				after = r.id
			}
			if len(rows) < dataPage {
				return
			}
		}
	}
}

// dataAfter reads one page: rows of customers with ids above one. An offset would skip
// customers when others are removed meanwhile.
func (c *Client) dataAfter(ctx context.Context, accountID, after int64) ([]rowWithID[AccountData], error) {
	if accountID <= 0 {
		return nil, inputError(opAllAccountData, "the id %d is not positive", accountID)
	}
	q := query{}.equal(mainAttributes, "account_id", strconv.FormatInt(accountID, 10)).
		where(mainAttributes, "customer_id", above, strconv.FormatInt(after, 10)).
		order("customer_id", "ASC").page(dataPage, 0)
	rows, err := rowsOf[wireAccountData](ctx, c, opAllAccountData, q)
	if err != nil {
		return nil, err
	}
	if len(rows) > dataPage {
		return nil, notHonoured(opAllAccountData, "more rows came than the limit of "+strconv.Itoa(dataPage))
	}
	for _, r := range rows {
		if r.value.AccountID != accountID || r.id <= after {
			return nil, notHonoured(opAllAccountData, "a row came that does not match, or not in the order asked for")
		}
		after = r.id
	}
	return rows, nil
}
