package office

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

const (
	splynxTimeout = 10 * time.Second // what a person waits for Splynx
	namesTimeout  = 2 * time.Second  // and for names, without which a page does
	numberLimit   = 64               // bytes of a document's number
)

// document is an invoice or a proforma invoice as Splynx has it.
type document struct {
	Kind     payment.Kind
	ID       int64
	Customer int64
	Number   string
	Till     string // the last day to pay, as 31 Dec 2026; may be empty
	pending  bool   // somebody else is charging it
	deleted  bool
	due      func(code string) (currency.Amount, error)

	ByID bool // it was found by its id, and not by its number
	Name string
	Due  *currency.Amount
}

// Path is where the document is paid, below web.AdminPath.
func (x document) Path() string { return payPath(x.Kind, x.ID) }

func payPath(kind payment.Kind, id int64) string {
	return "pay/" + string(kind) + "/" + strconv.FormatInt(id, 10)
}

func ofInvoice(i splynx.Invoice) document {
	return document{
		Kind: payment.KindInvoice, ID: i.ID, Customer: i.CustomerID, Number: i.Number, Till: dayOf(i.DateTill), pending: i.Status == splynx.Pending,
		deleted: i.Deleted, due: func(code string) (currency.Amount, error) { return payment.Due(&i, code) },
	}
}

func ofProforma(p splynx.Proforma) document {
	return document{
		Kind: payment.KindProforma, ID: p.ID, Customer: p.CustomerID, Number: p.Number, Till: dayOf(p.DateTill), pending: p.Status == splynx.Pending,
		deleted: p.Deleted, due: func(code string) (currency.Amount, error) { return payment.ProformaDue(&p, code) },
	}
}

// dayOf is a day of Splynx's as pages show days; empty where there is none.
func dayOf(d splynx.Date) string {
	day, err := time.Parse(time.DateOnly, d.Day().String())
	if err != nil {
		return d.Day().String()
	}
	return day.Format("2 Jan 2006")
}

// isDocument tells whether a kind is one of documents.
func isDocument(k payment.Kind) bool { return k == payment.KindInvoice || k == payment.KindProforma }

// byNumber finds the documents of a number.
func (o *Office) byNumber(ctx context.Context, kind payment.Kind, number string) ([]document, error) {
	if kind == payment.KindProforma {
		return each(ofProforma)(o.Generation.Splynx.ProformasByNumber(ctx, number))
	}
	return each(ofInvoice)(o.Generation.Splynx.InvoicesByNumber(ctx, number))
}

// byID reads a document; nil for one that is not there.
func (o *Office) byID(ctx context.Context, kind payment.Kind, id int64) (*document, error) {
	var x document
	var err error
	if kind == payment.KindProforma {
		var p *splynx.Proforma
		if p, err = o.Generation.Splynx.Proforma(ctx, id); err == nil {
			x = ofProforma(*p)
		}
	} else {
		var i *splynx.Invoice
		if i, err = o.Generation.Splynx.Invoice(ctx, id); err == nil {
			x = ofInvoice(*i)
		}
	}
	if isGone(err) || err == nil && x.deleted {
		return nil, nil
	}
	return &x, err
}

// meant finds what an item may mean: all documents with that number, and the one with that id.
// Which of the two Splynx passes is not known. The numbers come first.
func (o *Office) meant(ctx context.Context, kind payment.Kind, item string) ([]document, error) {
	item = strings.TrimSpace(item)
	if item == "" || len(item) > numberLimit {
		return nil, nil
	}
	all, err := o.byNumber(ctx, kind, item)
	if err != nil {
		return nil, err
	}
	var found []document
	seen := map[int64]bool{}
	for _, x := range all {
		if !x.deleted {
			seen[x.ID] = true
			found = append(found, x)
		}
	}
	if id, err := strconv.ParseInt(item, 10, 64); err == nil && id > 0 && !seen[id] {
		x, err := o.byID(ctx, kind, id)
		if err != nil {
			return nil, err
		}
		if x != nil {
			x.ByID = true
			found = append(found, *x)
		}
	}
	return found, nil
}

// customer reads a customer whom the administrator may see.
func (d *desk) customer(ctx context.Context, id int64) (*splynx.Customer, error) {
	c, err := d.Generation.Splynx.Customer(ctx, id)
	switch {
	case isGone(err):
		return nil, errNoCustomer
	case err != nil:
		return nil, err
	case c.Deleted || !sees(d.staff, c.PartnerID):
		return nil, errNoCustomer
	}
	return c, nil
}

// named tells the names of customers, as far as the administrator may see them and Splynx tells.
func (d *desk) named(ids ...int64) map[int64]splynx.Customer {
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), namesTimeout)
	defer cancel()
	all, err := d.Generation.Splynx.CustomersByID(ctx, ids)
	if err != nil {
		return nil
	}
	for id, c := range all {
		if !sees(d.staff, c.PartnerID) {
			delete(all, id)
		}
	}
	return all
}

func isGone(err error) bool {
	var failed *splynx.Error
	return errors.As(err, &failed) && failed.Kind == splynx.KindNotFound
}

func each[T any](of func(T) document) func([]T, error) ([]document, error) {
	return func(all []T, err error) ([]document, error) {
		found := make([]document, 0, len(all))
		for _, one := range all {
			found = append(found, of(one))
		}
		return found, err
	}
}
