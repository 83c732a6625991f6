package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	linkLife = 30 // days
	linkMost = 366
)

// LinkRequest asks for a payment link.
type LinkRequest struct {
	Kind   payment.Kind // payment.KindInvoice or payment.KindProforma
	Number string       // of the document; or else
	ID     int64        // its id in Splynx
	Ends   string       // the last day of the link, in UTC, such as 2026-12-31. Default: in 30 days
}

// Link is a signed payment link.
type Link struct {
	URL      string
	Kind     payment.Kind
	ID       int64 // of the document, in Splynx
	Number   string
	Customer int64
	Due      currency.Amount
	Ends     string // the last day, in UTC
	Required bool   // without its signature the link would not work
}

// Errors of SignLink; callers compare with errors.Is.
var (
	ErrLinkAsked   = errors.New("no such link can be made")
	ErrNoDocument  = errors.New("there is no such document in Splynx")
	ErrSeveralDocs = errors.New("several documents have this number")
)

// SignLink makes the signed link of a document that is there.
func (h *Handler) SignLink(ctx context.Context, e *payment.Engine, q LinkRequest) (Link, error) {
	if !h.DirectPay {
		return Link{}, fmt.Errorf("%w: payment links are off (entry_points direct_pay)", ErrLinkAsked)
	}
	v, item, err := q.visit(e)
	if err != nil {
		return Link{}, err
	}
	ends, err := q.ends(h.Now())
	if err != nil {
		return Link{}, err
	}
	found, b, err := h.lookUp(ctx, v, item)
	switch {
	case len(found) > 1:
		return Link{}, severalOf(found)
	case err == nil && len(found) == 0, isGone(err): // or its customer is not
		return Link{}, fmt.Errorf("%w: %s %s", ErrNoDocument, q.Kind, item)
	case err != nil:
		return Link{}, fmt.Errorf("look the document up in Splynx: %w", err)
	}
	address, err := signLink(ctx, e, v.path, item, ends)
	if err != nil {
		return Link{}, err
	}
	return Link{
		URL: h.public.Scheme + "://" + h.public.Host + address, Kind: q.Kind, ID: b.id, Number: b.number, Customer: b.customer,
		Due: b.due, Ends: ends, Required: h.signed(v.way),
	}, nil
}

// visit is the way that the link leads, and what it names there.
func (q LinkRequest) visit(e *payment.Engine) (visit, string, error) {
	item, byID := strings.TrimSpace(q.Number), q.ID != 0
	if byID == (item != "") || q.ID < 0 || !byID && !isNumber(item) {
		return visit{}, "", fmt.Errorf("%w: want the number of a document, or its id in Splynx", ErrLinkAsked)
	}
	if byID {
		item = strconv.FormatInt(q.ID, 10)
	}
	for _, y := range ways {
		if !y.portal && y.kind == q.Kind && y.byID == byID {
			return visit{way: y, e: e}, item, nil
		}
	}
	return visit{}, "", fmt.Errorf("%w: of %q there are no links, but of %s and %s", ErrLinkAsked, q.Kind, payment.KindInvoice, payment.KindProforma)
}

// ends is the last day of the link.
func (q LinkRequest) ends(now time.Time) (string, error) {
	now = now.UTC()
	if q.Ends == "" {
		return now.AddDate(0, 0, linkLife).Format(time.DateOnly), nil
	}
	end, err := linkEnd(q.Ends)
	if err != nil {
		return "", fmt.Errorf("%w: its last day %q: want a day such as 2026-12-31", ErrLinkAsked, q.Ends)
	}
	if !now.Before(end) || end.After(now.AddDate(0, 0, linkMost+1)) {
		return "", fmt.Errorf("%w: its last day %s: want one from today on, at most %d days ahead", ErrLinkAsked, q.Ends, linkMost)
	}
	return q.Ends, nil
}

// severalOf names the documents that have the same number.
func severalOf(found []document) error {
	list := make([]string, 0, len(found))
	for _, d := range found {
		list = append(list, fmt.Sprintf("id %d of customer %d", d.id, d.customer))
	}
	return fmt.Errorf("%w: %s. Choose one by its id", ErrSeveralDocs, strings.Join(list, ", "))
}
