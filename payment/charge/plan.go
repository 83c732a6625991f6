package charge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// planner plans a run, page by page: what is planned is in the journal with the cursor, and a
// planning that was killed goes on there.
type planner struct {
	*job
	known map[int64]*account
	kept  kept
	old   map[int64]Item // of a run that charges failed ones again: this page's, by document or customer
}

// page is how many documents or customers are planned at a time, and in one transaction.
const page = 200

// planPauses are the pauses before a planning is tried again that could not read Splynx. A run that
// nobody sits before is tried again at the last of them, as long as its day is not over.
var planPauses = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}

// plan plans the job's run to its end, or fails it.
func (j *job) plan(ctx context.Context) {
	for try := 0; ; try++ {
		before := j.run.Cursor
		err := (&planner{job: j, known: make(map[int64]*account)}).all(ctx)
		if err == nil {
			_, err = j.held(ctx, func(run *Run) (Writes, error) { return j.step(run, Planned, WhyPlanned, "", "engine") })
		}
		if err == nil || ctx.Err() != nil || errors.Is(err, errFenced) {
			return
		}
		if j.run.Cursor != before {
			try = 0
		}
		why := whyFails(err)
		if !j.plansOn(why, try) {
			if _, err := j.moves(ctx, j.id, Failed, why, err.Error(), "engine"); err != nil {
				logger(j.g).Error("charge run cannot be taken up; it is tried again", describe(j.run, zap.Error(err))...)
			}
			return
		}
		logger(j.g).Warn("charge run cannot be planned now; it is tried again", describe(j.run, zap.Error(err))...)
		if j.run.Automatic() && try >= len(planPauses) {
			j.notPlanned(ctx, why, err)
		}
		if !sleep(ctx, planPauses[min(try, len(planPauses)-1)]) {
			return
		}
		j.g, j.books = j.with() // what hinders may have been mended by a reload
	}
}

// plansOn tells whether a planning that could not be done is tried again. Whoever has asked for a
// run sees that it fails; one that was made by itself has the rest of its day.
func (j *job) plansOn(why Why, try int) bool {
	if j.run.Automatic() {
		return !j.late(j.g, j.run)
	}
	return (why == WhySplynxDown || why == WhyErrors) && try < 2*len(planPauses)
}

// notPlanned notes what keeps a run from being planned, where that is new.
func (j *job) notPlanned(ctx context.Context, why Why, cause error) {
	if j.run.Why == why {
		return
	}
	run, err := j.held(ctx, func(run *Run) (Writes, error) {
		return Writes{Events: []Event{run.stay(Event{At: j.now(), Why: why, Note: clip(cause.Error()), Who: "engine"})}}, nil
	})
	if err == nil { // else the next try notes it
		j.run = run
	}
}

// sleep waits, and tells whether it has; ctx ends it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// whyFails tells what an error means for the run.
func whyFails(err error) Why {
	if errors.Is(err, payment.ErrNoCardAccount) {
		return WhyNoAccount
	}
	if e, ok := errors.AsType[*splynx.Error](err); ok {
		switch e.Kind {
		case splynx.KindAuth, splynx.KindFilter, splynx.KindRefused, splynx.KindInput:
			return WhySplynxNo
		}
		return WhySplynxDown
	}
	return WhyErrors
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*splynx.Error](err)
	return ok && e.Kind == splynx.KindNotFound
}

func (p *planner) all(ctx context.Context) (err error) {
	if p.kept, err = p.whoIsKept(ctx); err != nil {
		return err
	}
	switch {
	case p.run.Of != "":
		return p.again(ctx)
	case p.run.Sort == Balances:
		return p.balances(ctx)
	}
	return p.invoices(ctx)
}

// invoices goes through the invoices that the filter is about. Those that somebody set to
// pending are shown too.
func (p *planner) invoices(ctx context.Context) error {
	f := p.run.Filter
	base := splynx.InvoiceQuery{Statuses: []string{splynx.NotPaid, splynx.Pending}, Issued: f.Issued, DueWithin: f.DueWithin}
	queries := []splynx.InvoiceQuery{base}
	switch {
	case len(f.Numbers) > 0:
		queries = nil
		for _, n := range f.Numbers {
			q := base
			q.Number = n
			queries = append(queries, q)
		}
	case len(f.Customers) > 0:
		queries = nil
		for _, c := range f.Customers {
			q := base
			q.Customer = c
			queries = append(queries, q)
		}
	}
	for n := p.run.Cursor.Query; n < len(queries); n++ {
		q := queries[n]
		q.After = p.run.Cursor.After
		list := make([]splynx.Invoice, 0, page)
		for i, err := range p.books.AllInvoices(ctx, q) {
			if err != nil {
				return err
			}
			if list = append(list, i); len(list) < page {
				continue
			}
			if err := p.planInvoices(ctx, list, Cursor{Query: n, After: i.ID}); err != nil {
				return err
			}
			list = list[:0]
		}
		if err := p.planInvoices(ctx, list, Cursor{Query: n + 1}); err != nil {
			return err
		}
	}
	return nil
}

// planInvoices writes the items of a page.
func (p *planner) planInvoices(ctx context.Context, list []splynx.Invoice, then Cursor) error {
	ids := make([]int64, 0, len(list))
	for _, i := range list {
		ids = append(ids, i.CustomerID)
	}
	if err := p.accounts(ctx, ids); err != nil {
		return err
	}
	items := make([]Item, 0, len(list))
	for _, i := range list {
		if item, ok := p.invoiceItem(p.known[i.CustomerID], i); ok {
			p.known[i.CustomerID].tried = p.known[i.CustomerID].tried || item.State == ItemPlanned
			items = append(items, item)
		}
	}
	return p.write(ctx, items, then)
}

// invoiceItem is what becomes of an invoice; false if the run is not about it.
func (p *planner) invoiceItem(a *account, i splynx.Invoice) (Item, bool) {
	if !a.asked {
		return Item{}, false
	}
	item := Item{Customer: i.CustomerID, Partner: a.customer.PartnerID, DocumentID: i.ID, Number: i.Number, Card: a.card, State: ItemPlanned}
	due, err := payment.Due(&i, a.currency)
	if err != nil {
		item.Out, item.Amount = OutUnreadable, zero(a.currency)
		return item.judged(), true
	}
	if !p.selects(i, due) {
		return Item{}, false
	}
	item.Amount = due
	if item.Out = a.out; item.Out == "" {
		item.Out = p.invoiceOut(a, i, due)
	}
	if credit, ok := a.credit[i.ID]; ok && item.Out == "" {
		item.Credit = credit
		if a.covered[i.ID] && !p.run.DespiteCredit {
			item.Out = OutHasCredit
		}
	}
	return item.judged(), true
}

// judged gives an item the state that its Out says.
func (i Item) judged() Item {
	if i.Out != "" {
		i.State = ItemLeftOut
	}
	return i
}

// zero is no amount, in a currency.
func zero(code string) currency.Amount {
	a, err := currency.NewAmount("0", code)
	if err != nil { // no partner's currency is that wrong
		a, _ = currency.NewAmount("0", "XXX")
	}
	return a
}

// selects tells whether the filter is about an invoice, but for its customer.
func (p *planner) selects(i splynx.Invoice, due currency.Amount) bool {
	f := p.run.Filter
	if len(f.Numbers) > 0 && !slices.Contains(f.Numbers, i.Number) || len(f.Customers) > 0 && !slices.Contains(f.Customers, i.CustomerID) {
		return false
	}
	if !f.reaches(due) {
		return false
	}
	if p.run.Of != "" {
		_, failed := p.old[i.ID]
		return failed
	}
	return within(i.DateCreated, f.Issued) && within(i.DateTill, f.DueWithin) &&
		(i.Status == splynx.Pending || slices.Contains(f.Statuses, i.Status))
}

func within(d splynx.Date, days splynx.Days) bool {
	return (days.From.IsZero() || !d.Day().Before(days.From.Day())) && (days.To.IsZero() || !days.To.Day().Before(d.Day()))
}

// reaches tells whether an amount is between the filter's least and highest one.
func (f Filter) reaches(a currency.Amount) bool {
	is := func(bound string, sign int) bool {
		if bound == "" {
			return true
		}
		limit, err := money.Exact(bound, a.CurrencyCode())
		if err != nil {
			return false
		}
		c, err := a.Cmp(limit)
		return err == nil && c*sign >= 0
	}
	return is(f.From, 1) && is(f.To, -1)
}

// invoiceOut tells why an invoice is not charged, whoever's it is.
func (p *planner) invoiceOut(a *account, i splynx.Invoice, due currency.Amount) Out {
	switch {
	case i.Status == splynx.Paid && p.run.Of != "":
		return OutPaid
	case !due.IsPositive():
		return OutNothingDue
	case i.Status == splynx.Pending && !p.run.takesPending():
		return OutPending
	}
	asked := &payment.Payment{Kind: payment.KindInvoice, Customer: a.customer.ID, DocumentID: i.ID}
	if slices.ContainsFunc(a.flights, func(f *payment.Payment) bool { return f.Blocks(asked) }) {
		return OutInFlight
	}
	return p.againOut(a, i.ID, due)
}

// write adds a page's items to the run, with how far it has come.
func (p *planner) write(ctx context.Context, items []Item, then Cursor) error {
	faultpoint.Hit("before_plan_page")
	run, err := p.held(ctx, func(run *Run) (Writes, error) {
		for i := range items {
			items[i].Run, items[i].Seq, items[i].MovedAt = run.ID, run.Items+int64(i)+1, p.now()
			items[i].Number = strings.ToValidUTF8(items[i].Number, "?")
		}
		run.Items += int64(len(items))
		run.Cursor, run.MovedAt = then, p.now()
		return Writes{Add: items}, nil
	})
	if err != nil {
		return err
	}
	faultpoint.Hit("plan_page")
	p.run = run
	p.g, p.books = p.with()
	return nil
}
