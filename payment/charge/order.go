package charge

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Order asks for a plan.
type Order struct {
	FormKey       string // made with the form: sent twice it is one run
	Sort          Sort
	Filter        Filter
	Partners      []int64 // whose customers the starter may see; nil: all
	DespiteCredit bool
	Source        Source
	Who           string
	Of            payment.ID // the run whose failed charges are to be made again; Sort and Filter are that run's then

	schedule, class string // as in Run
	starts          bool
}

// Plan makes a run and has it planned in the background: who would be charged, how much, and who
// not and why. The same form key gives the same run; with other values it is ErrFormChanged.
// ErrFilter, ErrNotFound of Of.
func (r *Runs) Plan(ctx context.Context, o Order) (*Run, error) {
	if o.Of != "" {
		of, err := r.store.Run(ctx, o.Of)
		if err != nil {
			return nil, err
		}
		if !of.Ended() && of.State != Paused && of.State != Waiting {
			return nil, fmt.Errorf("%w: run %s is %s, and its failed charges are not all known yet", ErrMove, of.ID, of.State)
		}
		o.Sort, o.Filter = of.Sort, of.Filter
	}
	o.Filter = o.Filter.normalize()
	if err := o.check(); err != nil {
		return nil, err
	}
	id, err := payment.NewID(r.o.Rand)
	if err != nil {
		return nil, err
	}
	now := r.now()
	run := &Run{
		ID: id, FormKey: o.FormKey, Sort: o.Sort, Filter: o.Filter, Partners: o.Partners, DespiteCredit: o.DespiteCredit,
		Source: o.Source, Who: o.Who, Of: o.Of,
		Schedule: o.schedule, Class: o.class, Starts: o.starts, State: Planning, Why: WhyAsked, CreatedAt: now, MovedAt: now, Revision: 1,
	}
	begun := Event{Run: id, At: now, To: Planning, Why: WhyAsked, Who: o.Who, Node: r.o.Node}
	err = r.store.CreateRun(ctx, run, begun)
	if errors.Is(err, ErrFormKeyUsed) {
		return r.already(ctx, run)
	}
	if err != nil {
		return nil, fmt.Errorf("write the charge run: %w", err)
	}
	r.tell(run, Writes{Events: []Event{begun}})
	r.poke()
	return run, nil
}

// already finds the run that this form has made.
func (r *Runs) already(ctx context.Context, run *Run) (*Run, error) {
	first, err := r.store.RunByFormKey(ctx, run.FormKey)
	if err != nil {
		return nil, err
	}
	if first.Sort != run.Sort || first.Of != run.Of || first.DespiteCredit != run.DespiteCredit || !slices.Equal(first.Partners, run.Partners) ||
		!reflect.DeepEqual(first.Filter, run.Filter) {
		return nil, ErrFormChanged
	}
	return first, nil
}

func (f Filter) normalize() Filter {
	f.Statuses, f.CustomerStatuses, f.Numbers = set(f.Statuses), set(f.CustomerStatuses), set(f.Numbers)
	f.Partners, f.Customers = set(f.Partners), set(f.Customers)
	if len(f.Statuses) == 0 {
		f.Statuses = []string{splynx.NotPaid}
	}
	return f
}

// set is each value once, in order; nil if there is none.
func set[T string | int64](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func (o Order) check() error {
	if o.Sort != Invoices && o.Sort != Balances {
		return fmt.Errorf("%w: there is no sort %q", ErrFilter, o.Sort)
	}
	if o.Who == "" || o.Source == "" {
		return fmt.Errorf("%w: it must be known who asks", ErrFilter)
	}
	for _, s := range o.Filter.Statuses {
		if s != splynx.NotPaid && s != splynx.Pending {
			return fmt.Errorf("%w: invoices that are %q cannot be charged", ErrFilter, s)
		}
	}
	if err := o.Filter.bounds(); err != nil {
		return err
	}
	if o.Sort == Balances && (len(o.Filter.Numbers) > 0 || o.Filter.Issued != (splynx.Days{}) || o.Filter.DueWithin != (splynx.Days{})) {
		return fmt.Errorf("%w: a balance has no number and no days", ErrFilter)
	}
	return nil
}

// bounds tells what of the filter lets nothing through.
func (f Filter) bounds() error {
	var ends [2]*currency.Amount
	for n, text := range []string{f.From, f.To} {
		if text == "" {
			continue
		}
		a, err := money.Exact(text, "USD") // of whatever currency: only the number counts
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFilter, err)
		}
		ends[n] = &a
	}
	if ends[0] != nil && ends[1] != nil {
		if more, err := ends[0].Cmp(*ends[1]); err != nil || more > 0 {
			return fmt.Errorf("%w: no amount is from %s up to %s", ErrFilter, f.From, f.To)
		}
	}
	for _, d := range []splynx.Days{f.Issued, f.DueWithin} {
		if !d.From.IsZero() && !d.To.IsZero() && d.To.Before(d.From) {
			return fmt.Errorf("%w: no day is from %s until %s", ErrFilter, d.From, d.To)
		}
	}
	return nil
}
