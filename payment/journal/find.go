package journal

import (
	"cmp"
	"context"
	"slices"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Find implements payment.Store.
func (s *SQLite) Find(ctx context.Context, f payment.Filter) ([]*payment.Payment, error) {
	f.Limit = limited(f.Limit)
	f.States, f.Runs = set(f.States), set(f.Runs)
	index, parts := stretches(f)
	var list []*payment.Payment
	for _, part := range parts {
		some, err := s.stretch(ctx, index, part)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	if len(parts) > 1 {
		slices.SortFunc(list, func(a, b *payment.Payment) int {
			return cmp.Or(cmp.Compare(stamp(b.CreatedAt), stamp(a.CreatedAt)), cmp.Compare(a.ID, b.ID))
		})
		list = list[:min(len(list), f.Limit)]
	}
	return list, nil
}

// set leaves out what is named twice.
func set[T cmp.Ordered](list []T) []T { return slices.Compact(slices.Sorted(slices.Values(list))) }

const (
	// runsApart is how many charge runs are looked through one by one, for a page of so many rows:
	// as many are read of each.
	runsApart = 10
	shortPage = 100
)

// stretches names the index that a list is read from, and splits its filter so that each part is
// one stretch of it, in the order of lists: it is left as soon as the page is full. What is rare in
// any journal leads. Without a name SQLite chooses.
func stretches(f payment.Filter) (index string, parts []payment.Filter) {
	switch {
	case f.Document != 0:
		return "payments_document", []payment.Filter{f}
	case f.Number != "":
		return "payments_number", []payment.Filter{f}
	case f.Customer != 0:
		return "payments_customer", []payment.Filter{f}
	case f.Payer != "", !f.Before.IsZero(), !f.Since.IsZero():
		return "", []payment.Filter{f}
	case len(f.Runs) == 1, len(f.Runs) > 1 && len(f.Runs) <= runsApart && f.Limit <= shortPage:
		return "payments_run", byRunAndState(f)
	case rareClass(f.Class):
		return "payments_class", []payment.Filter{f}
	case len(f.States) > 0 && !slices.Contains(f.States, payment.Recorded):
		return "payments_standing", byState(f)
	case f.Kind != "" && f.Kind != payment.KindInvoice:
		return "payments_kind", []payment.Filter{f}
	case f.Partner != 0:
		return "payments_partner", []payment.Filter{f}
	case f.Origin != "":
		return "payments_origin", []payment.Filter{f}
	}
	return "payments_created", []payment.Filter{f}
}

// rareClass tells whether the index of classes has one: what was approved is not in it.
func rareClass(class string) bool { return class != "" && class != "approved" }

func byState(f payment.Filter) (parts []payment.Filter) {
	for _, state := range f.States {
		part := f
		part.States = []payment.State{state}
		parts = append(parts, part)
	}
	return parts
}

func byRunAndState(f payment.Filter) (parts []payment.Filter) {
	if len(f.States) == 0 {
		f.States = payment.States()
	}
	for _, run := range f.Runs {
		one := f
		one.Runs = []payment.ID{run}
		parts = append(parts, byState(one)...)
	}
	return parts
}

// partly is what a question must say to be answered from an index of some rows only.
var partly = map[string]string{
	"payments_document": "document>0",
	"payments_number":   "number<>''",
	"payments_run":      "run<>''",
	"payments_class":    "class<>'' AND class<>'approved'",
	"payments_standing": "state<>'recorded'",
	"payments_kind":     "kind<>'invoice'",
}

// stretch reads one.
func (s *SQLite) stretch(ctx context.Context, index string, f payment.Filter) ([]*payment.Payment, error) {
	var w where
	w.when(len(f.States) > 0, "state IN ("+questions(len(f.States))+")", anys(f.States)...)
	w.when(f.Partner != 0, "partner=?", f.Partner)
	w.when(f.Customer != 0, "customer=?", f.Customer)
	w.when(f.Kind != "", "kind=?", string(f.Kind))
	w.when(f.Document != 0, "document=?", f.Document)
	w.when(f.Number != "", "number=?", f.Number)
	w.when(f.Payer != "", "payer=?", f.Payer)
	w.when(f.Origin != "", "origin=?", string(f.Origin))
	w.when(len(f.Runs) > 0, "run IN ("+questions(len(f.Runs))+")", anys(f.Runs)...)
	w.when(f.Class != "", "class=?", f.Class)
	w.when(!f.From.IsZero(), "created_at>=?", stamp(f.From))
	w.when(!f.Until.IsZero(), "created_at<?", stamp(f.Until))
	w.when(!f.Before.IsZero(), "moved_at<?", stamp(f.Before))
	w.when(!f.Since.IsZero(), "moved_at>=?", stamp(f.Since))
	w.after(f.After.CreatedAt, f.After.ID)
	w.when(partly[index] != "", partly[index])
	from := "payments"
	if index != "" {
		from += " INDEXED BY " + index
	}
	return scan(s.read.query(ctx, `SELECT detail FROM `+from+w.text()+` ORDER BY created_at DESC, id LIMIT ?`, append(w.args, f.Limit)...))
}
