package splynx

import (
	"context"
	"strconv"
)

// MaxUnpaid is how many unpaid documents of a customer are returned at most. That many mean
// that there may be more.
const MaxUnpaid = 500

// UnpaidInvoices returns a customer's invoices that are NotPaid or Pending and not deleted,
// newest first by id: of more than MaxUnpaid, the newest.
func (c *Client) UnpaidInvoices(ctx context.Context, customerID int64) ([]Invoice, error) {
	return unpaid[wireInvoice](ctx, c, opInvoices, customerID, func(v Invoice) verdict {
		return unpaidOf(customerID, v.CustomerID, v.Status, v.Deleted)
	})
}

// UnpaidProformas returns a customer's proforma invoices, in the way of UnpaidInvoices.
func (c *Client) UnpaidProformas(ctx context.Context, customerID int64) ([]Proforma, error) {
	return unpaid[wireProforma](ctx, c, opProformas, customerID, func(v Proforma) verdict {
		return unpaidOf(customerID, v.CustomerID, v.Status, v.Deleted)
	})
}

// unpaidOf judges a document. Its being deleted is not asked for, since Splynx 5 keeps that
// column to itself.
func unpaidOf(asked, customer int64, status string, deleted bool) verdict {
	v := both(sameID(customer, asked), min(sameText(status, NotPaid), sameText(status, Pending)))
	if deleted {
		return both(v, drop)
	}
	return v
}

// unpaid reads the unpaid documents backwards by their ids, so that one that is paid between
// two pages does not shift the next page.
func unpaid[W wireRow[T], T any](ctx context.Context, c *Client, op operation, customerID int64, judge func(T) verdict) ([]T, error) {
	if customerID <= 0 {
		return nil, inputError(op, "the id %d is not positive", customerID)
	}
	q := query{}.equal(mainAttributes, "customer_id", strconv.FormatInt(customerID, 10)).among(mainAttributes, "status", NotPaid, Pending)
	found := []T{}
	before := int64(0)
	for range maxPages {
		rows, err := newestRows[W](ctx, c, op, q, before, pageSize)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			switch judge(r.value) {
			case foreign:
				return nil, notHonoured(op, "a row came that does not match")
			case keep:
				found = append(found, r.value)
			}
			before = r.id
		}
		if len(found) >= MaxUnpaid {
			return found[:MaxUnpaid], nil
		}
		if len(rows) < pageSize {
			return found, nil
		}
	}
	return nil, tooManyRows(op)
}
