package office

import (
	"context"
	"net/url"
	"strconv"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// chargesView is the list of what runs have charged.
type chargesView struct {
	Rows        []chargeRow
	Sums        []sum
	Next, First string
	States      []choice
	Classes     []choice
	Typed       map[string]string
	Wrong       string
	CSV         string
	More        bool // the journal was not looked through to its end
}

// chargeRow is a charge of a run.
type chargeRow struct {
	row
	Why   string
	Again again
}

// chargeFilter is which charges are asked for: what the journal looks for, and what is left to
// look at here.
type chargeFilter struct {
	payment.Filter
	run    payment.ID
	number string
}

const (
	scanPage = 500
	scanMost = 20_000 // payments that a page looks at before it offers to go on
)

// chargeFilter reads which charges are asked for.
func (d *desk) chargeFilter(q url.Values) (f chargeFilter, v *chargesView) {
	v = &chargesView{Typed: typedIn(q, "run", "since", "until", "customer", "number", "document")}
	f.Origin = payment.OriginRun
	f.From, f.Until, v.Wrong = d.period(q)
	f.run, f.number = payment.ID(upper(v.Typed["run"])), v.Typed["number"]
	for name, into := range map[string]*int64{"customer": &f.Customer, "document": &f.Document} {
		if text := v.Typed[name]; text != "" {
			var err error
			if *into, err = strconv.ParseInt(text, 10, 64); err != nil || *into < 1 {
				v.Wrong = "Customers and documents are looked for by their ids in Splynx, which are numbers."
			}
		}
	}
	if f.Document != 0 {
		f.Kind = payment.KindInvoice
	}
	for _, g := range groups {
		chosen := q.Get("state") == g.value
		v.States = append(v.States, choice{g.value, g.text, chosen})
		if chosen {
			f.States = g.states
		}
	}
	v.Classes = []choice{{"", "All", q.Get("class") == ""}}
	for _, c := range []string{"soft", "declined", "card", "token", "config", "request", "duplicate", "not_found"} {
		v.Classes = append(v.Classes, choice{c, upperFirst(classWords[c]), q.Get("class") == c})
		if q.Get("class") == c {
			f.Class = c
		}
	}
	return f, v
}

func (f chargeFilter) fits(p *payment.Payment) bool {
	return (f.run == "" || p.Run == string(f.run)) && (f.number == "" || p.DocumentNumber == f.number)
}

// chargeHistory lists charges of runs, the newest first.
func (d *desk) chargeHistory() error {
	q := d.r.URL.Query()
	f, v := d.chargeFilter(q)
	if after := q.Get("after"); after != "" {
		last, err := d.e.Get(d.r.Context(), payment.ID(after))
		if err != nil || !sees(d.staff, last.Partner) {
			return errNoPage
		}
		f.After = last.Cursor()
		v.First = next(d.r.URL.Path, q, "")
	}
	if v.Wrong == "" {
		list, last, err := d.charges(d.r.Context(), f, pageRows, scanMost)
		if err != nil {
			return err
		}
		if last != "" {
			v.Next, v.More = next(d.r.URL.Path, q, last), len(list) < pageRows
		}
		for _, r := range d.rows(list) {
			c := chargeRow{row: r}
			if !r.HasMoney() {
				c.Why = failureWords(r.Payment)
			}
			if s := charge.StateOf(r.Payment); s == charge.ItemDeclined || s == charge.ItemNotCharged {
				c.Again = againOf(r.Class, r.Code)
			}
			v.Rows = append(v.Rows, c)
		}
		v.Sums = sums(list)
		v.CSV = next(web.AdminPath+"history/csv", q, "")
	}
	d.show(page{Title: "History", Template: "charges", Data: v, Tabs: d.tabs()})
	return nil
}

// charges finds up to most charges of runs, looking at no more payments than scan. last is the
// payment behind which it goes on; empty: that was all.
func (d *desk) charges(ctx context.Context, f chargeFilter, most, scan int) (list []*payment.Payment, last payment.ID, err error) {
	held, ok := onlyPartner(d.staff)
	if f.Partner, f.Limit = held, scanPage; !ok {
		return nil, "", nil
	}
	for seen := 0; seen < scan; {
		some, err := d.e.Find(ctx, f.Filter)
		if err != nil {
			return nil, "", err
		}
		for _, p := range some {
			if !f.fits(p) {
				continue
			}
			if len(list) == most {
				return list, list[most-1].ID, nil
			}
			list = append(list, p)
		}
		if len(some) < scanPage {
			return list, "", nil
		}
		seen += len(some)
		last = some[len(some)-1].ID
		f.After = some[len(some)-1].Cursor()
	}
	return list, last, nil
}

// historyHead names the columns of the file of charges.
var historyHead = []string{
	"begun", "run", "payment", "state", "reason", "customer", "name", "partner", "for", "document id", "document", "amount", "currency", "card", "class", "code", "try again", "dps txn ref", "approved", "splynx payment", "changed",
}

// historyCSV is the file of the charges that the page lists.
func (d *desk) historyCSV() error {
	f, v := d.chargeFilter(d.r.URL.Query())
	if v.Wrong != "" {
		return errNoPage
	}
	act := payment.Act{Run: f.run, Customer: f.Customer, Note: "history of charges"}
	return d.export("charges.csv", act, historyHead, func(ctx context.Context, s *sheet) error {
		for {
			list, last, err := d.charges(ctx, f, exportPage, scanMost)
			if err != nil {
				return err
			}
			if err := s.charges(ctx, list); err != nil || last == "" {
				return err
			}
			p, err := d.e.Get(ctx, last)
			if err != nil {
				return err
			}
			f.After = p.Cursor()
		}
	})
}

// charges writes a page of charges.
func (s *sheet) charges(ctx context.Context, list []*payment.Payment) error {
	var ids []int64
	for _, p := range list {
		ids = append(ids, p.Customer)
	}
	s.meet(ctx, ids)
	for _, p := range list {
		i := charge.Item{}
		i.Begun(p)
		why := ""
		if !p.HasMoney() {
			why = failureWords(p)
		}
		err := s.csv.Write([]string{
			s.d.when(p.CreatedAt), p.Run, string(p.ID), standingOf(p).Word, safe(why), decimalOf(p.Customer), safe(s.known[p.Customer]), decimalOf(p.Partner), kindWords[p.Kind],
			decimalOf(p.DocumentID), safe(p.DocumentNumber), p.Amount.Number(), p.Amount.CurrencyCode(), cardText(p.Card), i.Class, safe(i.Code), tryAgain(i), safe(p.DpsTxnRef),
			s.d.when(p.ApprovedAt), decimalOf(p.Booking.PaymentID), s.d.when(p.MovedAt),
		})
		if err != nil {
			return err
		}
	}
	return s.page()
}
