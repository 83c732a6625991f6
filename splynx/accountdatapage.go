package splynx

import "context"

// AccountDataAfter reads one page of what AllAccountData goes through: that of customers with ids
// above after. more tells that there may be another page behind it.
func (c *Client) AccountDataAfter(ctx context.Context, accountID, after int64) (page []AccountData, more bool, err error) {
	rows, err := c.dataAfter(ctx, accountID, after)
	if err != nil {
		return nil, false, err
	}
	for _, r := range rows {
		page = append(page, r.value)
	}
	return page, len(rows) == dataPage, nil
}
