package office

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// logDays is how far back the log of charges looks unless a day is named: rare ones would be looked
// for through all years.
const logDays = 30

// chargeLogView is the list of all payments with what the gateway said, and its filters.
type chargeLogView struct {
	Rows        []chargeLogRow
	Next, First string
	CSV         string

	States, Kinds, Classes, Origins []choice
	logTyped
}

// chargeLogRow is a payment in the log.
type chargeLogRow struct {
	row
	Said string // by the gateway, in words
	User string // of the gateway, that it was made with
}

// classOrder is the order of the classes in the filter.
var classOrder = []string{"approved", "soft", "declined", "card", "token", "config", "request", "duplicate", "refund", "unknown", "not_found"}

var originOrder = []payment.Origin{payment.OriginCustomer, payment.OriginGuest, payment.OriginAdministrator, payment.OriginRun, payment.OriginEngine}

// gatewayUser is the user that a payment was made with.
func gatewayUser(p *payment.Payment) string {
	if p.ByPxPost() {
		return p.PxPostUser
	}
	return p.PxPayUser
}

// chargeLog lists all payments with what the gateway said, the newest first.
func (d *desk) chargeLog() error {
	q := d.r.URL.Query()
	f, v, ok := d.chargeLogFilter(q)
	if after := q.Get("after"); after != "" {
		last, err := d.e.Get(d.r.Context(), payment.ID(after))
		if err != nil || !sees(d.staff, last.Partner) {
			return errNoPage
		}
		f.After, v.First = last.Cursor(), next(d.r.URL.Path, q, "")
	}
	if ok {
		all, err := d.logged(d.r.Context(), f, v.Payment)
		if err != nil {
			return err
		}
		if len(all) > pageRows {
			all = all[:pageRows]
			v.Next = next(d.r.URL.Path, q, all[pageRows-1].ID)
		}
		for _, r := range d.rows(all) {
			v.Rows = append(v.Rows, chargeLogRow{r, cmp.Or(codeWords[r.Words], meaning.Class(r.Class)), gatewayUser(r.Payment)})
		}
	}
	v.CSV = csvPath("logs/charges/csv", q)
	d.show(page{Title: "Charges", Template: "chargelog", Data: v, Tabs: d.logTabs("logs/charges")})
	return nil
}

// logged finds payments; by their reference at most the one.
func (d *desk) logged(ctx context.Context, f payment.Filter, reference string) ([]*payment.Payment, error) {
	if reference == "" {
		f.Limit = pageRows + 1
		return d.e.Find(ctx, f)
	}
	p, err := d.e.Get(ctx, payment.ID(upper(reference)))
	if err != nil || !sees(d.staff, p.Partner) {
		return nil, nil
	}
	return []*payment.Payment{p}, nil
}

// chargeLogFilter reads what is asked for. ok is false where nothing is to be shown.
func (d *desk) chargeLogFilter(q url.Values) (f payment.Filter, v *chargeLogView, ok bool) {
	v = new(chargeLogView)
	if trimmed(q.Get("from")) == "" && q.Get("payment") == "" {
		q = cloned(q)
		q.Set("from", d.midnight(d.Now(), -logDays).Format(time.DateOnly))
	}
	span := d.logTyped(q, &v.logTyped)
	f = payment.Filter{Customer: span.customer, Partner: span.partner, From: span.from, Until: span.until}
	for _, g := range groups {
		v.States = append(v.States, choice{g.value, g.text, q.Get("state") == g.value})
		if q.Get("state") == g.value {
			f.States = g.states
		}
	}
	v.Kinds = choices(q.Get("kind"), kindChoices, func(k payment.Kind) string { return kindWords[k] })
	v.Classes = choices(q.Get("class"), classOrder, func(c string) string { return upperFirst(classWords[c]) })
	v.Origins = choices(q.Get("origin"), originOrder, func(o payment.Origin) string { return upperFirst(originOf(o)) })
	f.Kind, f.Class, f.Origin = payment.Kind(chosenOf(v.Kinds)), chosenOf(v.Classes), payment.Origin(chosenOf(v.Origins))
	return f, v, v.Wrong == "" && span.ok
}

func cloned(q url.Values) url.Values {
	to := url.Values{}
	for name, values := range q {
		to[name] = slices.Clone(values)
	}
	return to
}

// choices are a filter's entries, with "All" in front.
func choices[T ~string](asked string, all []T, words func(T) string) []choice {
	list := []choice{{"", "All", asked == ""}}
	for _, one := range all {
		list = append(list, choice{string(one), words(one), asked == string(one)})
	}
	return list
}

// chosen is the entry that was asked for, if it is one.
func chosenOf(all []choice) string {
	for _, c := range all {
		if c.Chosen {
			return c.Value
		}
	}
	return ""
}

var chargeLogHead = []string{
	"payment", "begun", "state", "kind", "customer", "name", "partner", "document", "amount", "currency", "origin", "way", "run", "class", "code", "means",
	"dps txn ref", "txn id", "gateway user", "card", "approved", "splynx payment", "changed",
}

// chargeLogCSV is the list as it is filtered, whole.
func (d *desk) chargeLogCSV() error {
	f, v, ok := d.chargeLogFilter(d.r.URL.Query())
	if v.Wrong != "" || !ok {
		return errNoPage
	}
	f.Limit = exportPage
	return d.export("charges.csv", payment.Act{Partner: f.Partner, Note: "charges " + v.From + " to " + v.To}, chargeLogHead, func(ctx context.Context, s *sheet) error {
		for {
			list, err := d.e.Find(ctx, f)
			if err != nil {
				return err
			}
			if err := s.payments(ctx, list); err != nil || len(list) < f.Limit {
				return err
			}
			f.After = list[len(list)-1].Cursor()
		}
	})
}

func (s *sheet) payments(ctx context.Context, list []*payment.Payment) error {
	ids := make([]int64, 0, len(list))
	for _, p := range list {
		ids = append(ids, p.Customer)
	}
	s.meet(ctx, ids)
	for _, p := range list {
		if err := s.csv.Write([]string{
			string(p.ID), s.d.when(p.CreatedAt), standingOf(p).Word, kindWords[p.Kind], decimalOf(p.Customer), safe(s.known[p.Customer]), decimalOf(p.Partner),
			safe(p.DocumentNumber), p.Amount.Number(), p.Amount.CurrencyCode(), originOf(p.Origin), meaning.Way(p.Way), safe(p.Run), p.Class, safe(p.Code), codeWords[p.Words],
			safe(p.DpsTxnRef), string(p.TxnID), safe(gatewayUser(p)), cardText(p.Card), s.d.when(p.ApprovedAt), decimalOf(p.Booking.PaymentID), s.d.when(p.MovedAt),
		}); err != nil {
			return err
		}
	}
	return s.page()
}
