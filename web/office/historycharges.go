package office

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
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
	Newest      int // of the person's runs, that were looked through; 0: all
}

// chargeRow is a charge of a run.
type chargeRow struct {
	row
	By    string // who made the run
	Why   string
	Again again
}

// whoRuns is how many runs of one person are looked through.
const whoRuns = 1000

// chargeFilter reads which charges are asked for.
func (d *desk) chargeFilter(q url.Values) (f payment.Filter, v *chargesView) {
	v = &chargesView{Typed: typedIn(q, "run", "who", "since", "until", "customer", "number", "document")}
	f.Origin = payment.OriginRun
	f.From, f.Until, v.Wrong = d.period(q)
	f.Number = v.Typed["number"]
	if run := upper(v.Typed["run"]); run != "" {
		f.Runs = []payment.ID{payment.ID(run)}
	}
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

var errTooManyRuns = problem{
	status: http.StatusUnprocessableEntity, key: "too_many_runs", link: link{"Charges of runs", web.AdminPath + "history/charges"},
}

// held holds a filter to what the administrator may see, and to the runs of the person that was
// typed. Without any it is false: no charge fits.
func (d *desk) held(f *payment.Filter, v *chargesView) (bool, error) {
	partner, ok := onlyPartner(d.staff)
	f.Partner = partner
	if who := v.Typed["who"]; ok && who != "" {
		runs, err := d.runs()
		if err != nil {
			return false, err
		}
		// A run over all partners is none that the administrator may see; its charges of one may be.
		list, err := runsOf(charge.RunFilter{Until: f.Until}, who, whoRuns, func(f charge.RunFilter, most int) ([]*charge.Run, error) {
			f.Limit = most
			return runs.List(d.r.Context(), f)
		})
		if err != nil {
			return false, err
		}
		if len(list) == whoRuns {
			v.Newest = whoRuns
		}
		asked := f.Runs
		f.Runs = nil
		for _, r := range list {
			if len(asked) == 0 || slices.Contains(asked, r.ID) {
				f.Runs = append(f.Runs, r.ID)
			}
		}
		ok = len(f.Runs) > 0
	}
	return ok, nil
}

// makers are who made the runs of payments, by the runs' ids.
func (d *desk) makers(list []*payment.Payment) (map[string]string, error) {
	runs, err := d.runs()
	if err != nil {
		return nil, err
	}
	by := map[string]string{}
	for _, p := range list {
		if _, known := by[p.Run]; known {
			continue
		}
		run, err := runs.Get(d.r.Context(), payment.ID(p.Run))
		switch {
		case errors.Is(err, charge.ErrNotFound):
			by[p.Run] = ""
		case err != nil:
			return nil, err
		default:
			by[p.Run] = run.Who
		}
	}
	return by, nil
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
	some := false
	if v.Wrong == "" {
		var err error
		if some, err = d.held(&f, v); err != nil {
			return err
		}
	}
	if some {
		f.Limit = pageRows + 1
		list, err := d.e.Find(d.r.Context(), f)
		if err != nil {
			return err
		}
		if len(list) > pageRows {
			list = list[:pageRows]
			v.Next = next(d.r.URL.Path, q, list[pageRows-1].ID)
		}
		by, err := d.makers(list)
		if err != nil {
			return err
		}
		for _, r := range d.rows(list) {
			c := chargeRow{row: r, By: by[r.Run]}
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

// historyHead names the columns of the file of charges.
var historyHead = []string{
	"begun", "run", "run by", "payment", "state", "reason", "customer", "name", "partner", "for", "document id", "document", "amount", "currency", "card", "class", "code", "try again", "dps txn ref", "approved", "splynx payment", "changed",
}

// historyCSV is the file of the charges that the page lists.
func (d *desk) historyCSV() error {
	f, v := d.chargeFilter(d.r.URL.Query())
	if v.Wrong != "" {
		return errNoPage
	}
	some, err := d.held(&f, v)
	if err != nil {
		return err
	}
	if v.Newest > 0 {
		return errTooManyRuns
	}
	f.Limit = exportPage
	act := payment.Act{Customer: f.Customer, Note: "history of charges"}
	if len(f.Runs) == 1 {
		act.Run = f.Runs[0]
	}
	return d.export("charges.csv", act, historyHead, func(ctx context.Context, s *sheet) error {
		for some {
			list, err := d.e.Find(ctx, f)
			if err != nil {
				return err
			}
			if err := s.charges(ctx, list); err != nil || len(list) < f.Limit {
				return err
			}
			f.After = list[len(list)-1].Cursor()
		}
		return nil
	})
}

// charges writes a page of charges.
func (s *sheet) charges(ctx context.Context, list []*payment.Payment) error {
	var ids []int64
	for _, p := range list {
		ids = append(ids, p.Customer)
	}
	s.meet(ctx, ids)
	by, err := s.d.makers(list)
	if err != nil {
		return err
	}
	for _, p := range list {
		i := charge.Item{}
		i.Begun(p)
		why := ""
		if !p.HasMoney() {
			why = failureWords(p)
		}
		err := s.csv.Write([]string{
			s.d.when(p.CreatedAt), p.Run, safe(by[p.Run]), string(p.ID), standingOf(p).Word, safe(why), decimalOf(p.Customer), safe(s.known[p.Customer]), decimalOf(p.Partner), kindWords[p.Kind],
			decimalOf(p.DocumentID), safe(p.DocumentNumber), p.Amount.Number(), p.Amount.CurrencyCode(), cardText(p.Card), i.Class, safe(i.Code), tryAgain(i), safe(p.DpsTxnRef),
			s.d.when(p.ApprovedAt), decimalOf(p.Booking.PaymentID), s.d.when(p.MovedAt),
		})
		if err != nil {
			return err
		}
	}
	return s.page()
}
