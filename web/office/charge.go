package office

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// chargeView is the page that chooses whom to charge.
type chargeView struct {
	choosing
	Form     string
	Partners []choice // names from Splynx; none: ids are typed
	Methods  []choice
	Statuses []choice // of customers
	Held     bool     // the administrator is held to one partner
	Quick    []link
	Open     []runRow
	Last     []runRow
}

// runRow is a run in a list.
type runRow struct {
	*charge.Run
	Standing standing
	What     string
	Count    int64             // to be charged or, once it is started, charged
	Amounts  []currency.Amount // likewise
}

const (
	lastRuns = 10
	whatMost = 120 // characters of whom a run is about, in a list
)

// askCharge asks whom to charge.
func (d *desk) askCharge() error {
	q := d.r.URL.Query()
	if len(q) == 0 && d.DespiteCredit {
		q.Set("credit", "1")
	}
	return d.showCharge(readChoice(q), page{})
}

func (d *desk) showCharge(c choosing, p page) error {
	mine, err := d.partners()
	if err != nil {
		return err
	}
	runs, err := d.runs()
	if err != nil {
		return err
	}
	v := &chargeView{choosing: c, Held: mine != nil, Quick: d.quick()}
	if v.Form, err = d.seal(form{Act: actPlan}); err != nil {
		return err
	}
	d.offer(v)
	ctx := d.r.Context()
	open, err := d.visible(ctx, runs, charge.RunFilter{States: append(charge.OpenStates(), charge.Planning, charge.Planned)}, pageRows)
	if err != nil {
		return err
	}
	last, err := d.visible(ctx, runs, charge.RunFilter{States: []charge.State{charge.Done, charge.Stopped, charge.Failed}}, lastRuns)
	if err != nil {
		return err
	}
	if v.Open, err = d.runRows(ctx, runs, open); err != nil {
		return err
	}
	if v.Last, err = d.runRows(ctx, runs, last); err != nil {
		return err
	}
	p.Title, p.Template, p.Data = "Charge", "charge", v
	d.show(p)
	return nil
}

// offer reads the names of partners and payment methods from Splynx; without them ids are typed.
func (d *desk) offer(v *chargeView) {
	v.Statuses = chosen(v.Typed["customer_status"], choice{"", "New, active or blocked", false}, choice{"active", "Active", false}, choice{"blocked", "Blocked", false}, choice{"new", "New", false})
	ctx, cancel := context.WithTimeout(d.r.Context(), namesTimeout)
	defer cancel()
	entry := func(id int64, name string) choice {
		value := strconv.FormatInt(id, 10)
		return choice{value, name + " (" + value + ")", false}
	}
	if methods, err := d.Generation.Splynx.PaymentMethods(ctx); err == nil {
		all := []choice{{"", "Any", false}}
		for _, m := range methods {
			all = append(all, entry(m.ID, m.Name))
		}
		v.Methods = chosen(v.Typed["method"], all...)
	}
	if v.Held {
		return
	}
	if partners, err := d.Generation.Splynx.Partners(ctx); err == nil {
		all := []choice{{"", "All", false}}
		for _, p := range partners {
			all = append(all, entry(p.ID, p.Name))
		}
		v.Partners = chosen(v.Typed["partner"], all...)
	}
}

// chosen marks what was typed. What is not in the list is added: a list that fell back to its
// first entry would choose more than was meant.
func chosen(typed string, all ...choice) []choice {
	for i := range all {
		if all[i].Value == typed {
			all[i].Chosen = true
			return all
		}
	}
	return append(all, choice{typed, typed, true})
}

// quick are periods that are chosen often.
func (d *desk) quick() []link {
	now := d.Now().In(d.zone)
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, d.zone)
	day := func(t time.Time) string { return t.Format(time.DateOnly) }
	to := func(text string, pairs ...string) link {
		q := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return link{text, d.r.URL.Path + "?" + q.Encode()}
	}
	return []link{
		to("Issued this month", "issued_from", day(first), "issued_to", day(first.AddDate(0, 1, -1))),
		to("Issued last month", "issued_from", day(first.AddDate(0, -1, 0)), "issued_to", day(first.AddDate(0, 0, -1))),
		to("Due today or before", "due_to", day(now)),
		to("Balances", "sort", string(charge.Balances)),
	}
}

// plan has the preview of a run made. The same form twice is one run.
func (d *desk) plan() error {
	f, err := d.form(actPlan)
	if err != nil {
		return err
	}
	c := readChoice(d.r.PostForm)
	if len(c.Wrong) > 0 {
		return d.showCharge(c, page{Status: http.StatusUnprocessableEntity, Errors: errorsOf(c.Wrong)})
	}
	mine, err := d.partners()
	if err != nil {
		return err
	}
	if mine != nil {
		c.Filter.Partners = mine
	}
	run, err := d.order(charge.Order{FormKey: f.Key, Sort: c.Sort, Filter: c.Filter, Partners: mine, DespiteCredit: c.DespiteCredit})
	switch {
	case errors.Is(err, charge.ErrFormChanged):
		return d.showCharge(c, page{Status: http.StatusConflict, Notice: &notice{markWait, "Nothing was done. This page was sent before with other values; its preview is in the list below. Press once more to have another one made."}})
	case errors.Is(err, charge.ErrFilter):
		return d.showCharge(c, page{Status: http.StatusUnprocessableEntity, Errors: []link{{sentence(err), "#sort"}}})
	case err != nil:
		return err
	}
	return d.to("charge/" + string(run.ID))
}

// order has a run planned.
func (d *desk) order(o charge.Order) (*charge.Run, error) {
	runs, err := d.runs()
	if err != nil {
		return nil, err
	}
	o.Source, o.Who = charge.Administrator, d.who()
	run, err := runs.Plan(d.r.Context(), o)
	if err != nil {
		return nil, err
	}
	d.acts(payment.DeedPreview, run, d.what(run))
	return run, nil
}

// acts writes down and logs what was done to a run.
func (d *desk) acts(what payment.Deed, run *charge.Run, note string) {
	a := payment.Act{What: what, Run: run.ID, Note: note}
	if len(run.Partners) == 1 {
		a.Partner = run.Partners[0]
	}
	d.notes(a)
	d.did("charge run: "+string(what), zap.String("run", string(run.ID)), zap.String("state", string(run.State)))
}

// runRows are runs with what they come to.
func (d *desk) runRows(ctx context.Context, runs *charge.Runs, list []*charge.Run) ([]runRow, error) {
	rows := make([]runRow, 0, len(list))
	for _, r := range list {
		sums, err := runs.Sums(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		row := runRow{Run: r, Standing: standingOfRun(r).standing, What: shortened(d.what(r), whatMost)}
		all := moneys{}
		for _, s := range sums {
			if taken := s.State == charge.ItemApproved || s.State == charge.ItemRecorded; taken == !r.StartedAt.IsZero() && (taken || s.State == charge.ItemPlanned) {
				row.Count += s.Count
				all.add(s.Amount)
			}
		}
		row.Amounts = all.list()
		rows = append(rows, row)
	}
	return rows, nil
}
