package splynx

import (
	"context"
	"iter"
	"strconv"
	"strings"
)

// InvoiceQuery selects invoices; zero fields select all. Both ends of a range of days count.
type InvoiceQuery struct {
	Statuses  []string // such as NotPaid
	Customer  int64
	Number    string // exact, but for spaces around it
	Issued    Days   // DateCreated
	DueWithin Days   // DateTill: the last day to pay
	After     int64  // ids above it
}

// Days is a range of days; a zero end is open.
type Days struct{ From, To Date }

func (q InvoiceQuery) search() query {
	var s query
	if len(q.Statuses) > 0 {
		s = s.among(mainAttributes, "status", q.Statuses...)
	}
	if q.Customer != 0 {
		s = s.equal(mainAttributes, "customer_id", strconv.FormatInt(q.Customer, 10))
	}
	if q.Number != "" {
		s = s.equal(mainAttributes, "number", q.Number)
	}
	s = s.days("date_created", q.Issued.From, q.Issued.To)
	return s.days("date_till", q.DueWithin.From, q.DueWithin.To)
}

func (q InvoiceQuery) judge(v Invoice) verdict {
	out := keep
	if len(q.Statuses) > 0 {
		out = foreign
		for _, s := range q.Statuses {
			out = min(out, sameText(v.Status, s))
		}
	}
	if q.Customer != 0 {
		out = both(out, sameID(v.CustomerID, q.Customer))
	}
	if q.Number != "" {
		out = both(out, sameText(v.Number, q.Number))
	}
	out = both(out, both(sameDay(v.DateCreated, q.Issued.From, q.Issued.To), sameDay(v.DateTill, q.DueWithin.From, q.DueWithin.To)))
	if v.Deleted {
		return both(out, drop)
	}
	return out
}

// AllInvoices goes through the invoices that q selects and that are not deleted, in the order of
// their ids, one page in memory at a time. An error is the last value; a row that q does not
// select is a KindFilter error.
func (c *Client) AllInvoices(ctx context.Context, q InvoiceQuery) iter.Seq2[Invoice, error] {
	q.Number = strings.TrimSpace(q.Number)
	return ascend[wireInvoice](ctx, c, opInvoices, q.search(), q.After, q.judge)
}

// InvoicesByID reads several invoices, by their ids; one that is not there is not in it.
func (c *Client) InvoicesByID(ctx context.Context, ids []int64) (map[int64]Invoice, error) {
	of := func(v Invoice) int64 { return v.ID }
	return byID(named[wireInvoice](ctx, c, opInvoices, query{}, "id", ids, of, anything[Invoice]), of)
}

// UnpaidInvoicesOf reads the invoices of several customers that are NotPaid or Pending and not
// deleted, by the customers' ids; who has none is not in it.
func (c *Client) UnpaidInvoicesOf(ctx context.Context, customers []int64) (map[int64][]Invoice, error) {
	q := query{}.among(mainAttributes, "status", NotPaid, Pending)
	all := map[int64][]Invoice{}
	rows := named[wireInvoice](ctx, c, opInvoices, q, "customer_id", customers, func(v Invoice) int64 { return v.CustomerID },
		func(v Invoice) verdict { return unpaidOf(v.CustomerID, v.CustomerID, v.Status, v.Deleted) })
	for v, err := range rows {
		if err != nil {
			return nil, err
		}
		all[v.CustomerID] = append(all[v.CustomerID], v)
	}
	return all, nil
}
