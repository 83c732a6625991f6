package splynx

import (
	"context"
	"iter"
	"strconv"
)

// CustomerQuery selects customers; zero fields select all.
type CustomerQuery struct {
	Partner, Location int64
	Status            string // new, active, blocked or disabled
	After             int64  // ids above it
}

func (q CustomerQuery) search() query {
	var s query
	if q.Partner != 0 {
		s = s.equal(mainAttributes, "partner_id", strconv.FormatInt(q.Partner, 10))
	}
	if q.Location != 0 {
		s = s.equal(mainAttributes, "location_id", strconv.FormatInt(q.Location, 10))
	}
	if q.Status != "" {
		s = s.equal(mainAttributes, "status", q.Status)
	}
	return s
}

func (q CustomerQuery) judge(v Customer) verdict {
	out := keep
	if q.Partner != 0 {
		out = both(out, sameID(v.PartnerID, q.Partner))
	}
	if q.Location != 0 {
		out = both(out, sameID(v.LocationID, q.Location))
	}
	if q.Status != "" {
		out = both(out, sameText(v.Status, q.Status))
	}
	if v.Deleted {
		return both(out, drop)
	}
	return out
}

// AllCustomers goes through the customers that q selects and that are not deleted, in the way of
// AllInvoices.
func (c *Client) AllCustomers(ctx context.Context, q CustomerQuery) iter.Seq2[Customer, error] {
	return ascend[wireCustomer](ctx, c, opCustomers, q.search(), q.After, q.judge)
}

// CustomersByID reads several customers, by their ids; one that is not there is not in it.
func (c *Client) CustomersByID(ctx context.Context, ids []int64) (map[int64]Customer, error) {
	of := func(v Customer) int64 { return v.ID }
	return byID(named[wireCustomer](ctx, c, opCustomers, query{}, "id", ids, of, anything[Customer]), of)
}

// AccountDataOf reads what the payment accounts of one kind hold of several customers, by the
// customers' ids; who has none is not in it.
func (c *Client) AccountDataOf(ctx context.Context, accountID int64, customers []int64) (map[int64]AccountData, error) {
	if accountID <= 0 {
		return nil, inputError(opAllAccountData, "the id %d is not positive", accountID)
	}
	all := map[int64]AccountData{}
	for _, some := range batches(customers) {
		q := query{}.equal(mainAttributes, "account_id", strconv.FormatInt(accountID, 10)).among(mainAttributes, "customer_id", some.texts...).
			order("customer_id", "ASC").page(dataPage, 0)
		rows, err := rowsOf[wireAccountData](ctx, c, opAllAccountData, q)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if _, twice := all[r.id]; twice || r.value.AccountID != accountID || !some.has(r.id) {
				return nil, notHonoured(opAllAccountData, "a row came that does not match, or twice")
			}
			all[r.id] = r.value
		}
	}
	return all, nil
}
