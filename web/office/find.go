package office

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// find leads to what somebody looks for.
func (d *desk) find() error {
	q := d.r.URL.Query()
	text, what := q.Get("q"), q.Get("what")
	switch what {
	case "customer":
		return d.to("customers/" + url.PathEscape(trimmed(text)))
	case "payment":
		return d.to("payments/" + url.PathEscape(upper(text)))
	case string(payment.KindInvoice), string(payment.KindProforma):
		return d.to("pay?" + url.Values{"kind": {what}, "item_id": {trimmed(text)}}.Encode())
	}
	return errNoPage
}

// findDocument leads to the document that an item means. Several are listed: nothing is charged
// before one is chosen.
func (d *desk) findDocument() error {
	q := d.r.URL.Query()
	kind, item := payment.Kind(q.Get("kind")), q.Get("item_id")
	if !isDocument(kind) {
		return errNoPage
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	found, err := d.meant(ctx, kind, item)
	if err != nil {
		return err
	}
	var seen []document
	for _, x := range found {
		b, err := d.bill(ctx, x)
		if p, ok := errors.AsType[problem](err); ok && p.status == http.StatusNotFound {
			continue
		} else if err != nil {
			return err
		}
		x.Name, x.Due = b.Holder.Name, &b.Amount
		seen = append(seen, x)
	}
	switch len(seen) {
	case 0:
		return errNoDocument
	case 1:
		return d.to(seen[0].Path())
	}
	d.show(page{Title: "Which one?", Template: "which", Data: map[string]any{"Item": item, "Found": seen}})
	return nil
}

func trimmed(text string) string { return strings.TrimSpace(text) }
func upper(text string) string   { return strings.ToUpper(trimmed(text)) }
