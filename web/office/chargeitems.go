package office

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// itemList is the list of a run's items, with its filters.
type itemList struct {
	Rows        []itemRow
	Sums        []currency.Amount
	Next, First string
	States      []choice
	Outs        []choice
	Customer    string
	Wrong       string
	Tick        string // sealed form that ticks off; empty: it cannot be
	Back        string // the filters, for the way back
	Class       string
	ClassWords  string
	Balances    bool // it has no documents
	Credit      bool // somebody has some
}

// Before and After are how many columns stand on both sides of the amount.
func (v itemList) Before() int {
	n := 2
	if v.Balances {
		n--
	}
	if v.Tick != "" {
		n++
	}
	return n
}

// After is said at Before.
func (v itemList) After() int {
	if v.Credit {
		return 4
	}
	return 3
}

// itemRow is one item in words.
type itemRow struct {
	charge.Item
	Name     string
	Standing standing
	Why      string
	CardName string
	Sum      currency.Amount
	Ticks    bool // it can be ticked off, or taken in again
	Again    again
}

// Label names the row for who does not see it.
func (r itemRow) Label() string {
	what := "take part in the run"
	if r.State == charge.ItemPlanned {
		what = "leave out"
	}
	return "Choose " + r.What() + " to " + what
}

// What is what the row would pay.
func (r itemRow) What() string {
	switch {
	case r.DocumentID == 0:
		return "the balance of customer " + strconv.FormatInt(r.Customer, 10)
	case r.Number == "":
		return "invoice with the id " + strconv.FormatInt(r.DocumentID, 10)
	}
	return "invoice " + r.Number
}

// itemFilter reads which items are asked for.
func itemFilter(q url.Values) (f charge.ItemFilter, after int64, wrong string) {
	for _, s := range charge.ItemStates() {
		if q.Get("state") == string(s) {
			f.State = s
		}
	}
	for _, o := range charge.Outs() {
		if q.Get("out") == string(o) {
			f.Out = o
		}
	}
	if _, known := classWords[q.Get("class")]; known {
		f.Class = q.Get("class")
	}
	if text := trimmed(q.Get("customer")); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if f.Customer = id; err != nil || id < 1 {
			wrong = "Customers are looked for by their ids in Splynx, which are numbers."
		}
	}
	after, _ = strconv.ParseInt(q.Get("after"), 10, 64)
	return f, max(after, 0), wrong
}

// items lists a page of a run's items.
func (d *desk) items(ctx context.Context, runs *charge.Runs, run *charge.Run) (v itemList, err error) {
	q := d.r.URL.Query()
	q.Del("n")
	f, after, wrong := itemFilter(q)
	v = itemList{Customer: trimmed(q.Get("customer")), Wrong: wrong, Class: f.Class, ClassWords: classWords[f.Class], Balances: run.Sort == charge.Balances}
	v.choices(f)
	if wrong != "" {
		return v, nil
	}
	all, err := runs.Items(ctx, run.ID, f, after, pageRows+1)
	if err != nil {
		return v, err
	}
	path := runPath(run.ID)
	if len(all) > pageRows {
		all = all[:pageRows]
		last := q
		last.Del("after")
		v.Next = next(path, last, "")
		v.Next += map[bool]string{true: "&", false: "?"}[v.Next != path] + "after=" + strconv.FormatInt(all[pageRows-1].Seq, 10)
	}
	q.Del("after")
	if after > 0 {
		v.First = next(path, q, "")
	}
	v.Back = d.r.URL.Query().Encode()
	if err := d.fill(ctx, &v, all); err != nil {
		return v, err
	}
	if run.State == charge.Planned && d.may(Charge) {
		err = d.tickable(&v, run)
	}
	return v, err
}

// choices are the filters that are offered.
func (v *itemList) choices(f charge.ItemFilter) {
	v.States, v.Outs = []choice{{"", "All", f.State == ""}}, []choice{{"", "All", f.Out == ""}}
	for _, s := range charge.ItemStates() {
		v.States = append(v.States, choice{string(s), upperFirst(itemStandings[s].Word), f.State == s})
	}
	for _, o := range charge.Outs() {
		v.Outs = append(v.Outs, choice{string(o), upperFirst(meaning.Out(o)), f.Out == o})
	}
}

// fill puts names and words to the items.
func (d *desk) fill(ctx context.Context, v *itemList, all []charge.Item) error {
	var ids []int64
	sums := moneys{}
	for _, i := range all {
		if !slices.Contains(ids, i.Customer) {
			ids = append(ids, i.Customer)
		}
		sums.add(i.Counts())
	}
	names := d.named(ids...)
	for _, i := range all {
		r := itemRow{Item: i, Name: names[i.Customer].Name, Standing: itemStandings[i.State], Why: reasonOf(i), Sum: i.Counts()}
		if i.Card.Key != "" {
			r.CardName = cardName(i.Card.Brand, i.Card.Ends)
		}
		if i.State == charge.ItemDeclined || i.State == charge.ItemNotCharged {
			p, err := d.e.Get(ctx, i.Payment)
			if err != nil {
				return err
			}
			r.Why, r.Again = failureWords(p), againOf(i.Class, i.Code)
		}
		v.Credit = v.Credit || i.Credit.CurrencyCode() != ""
		v.Rows = append(v.Rows, r)
	}
	v.Sums = sums.list()
	return nil
}

// tickable marks the rows that can be ticked off or taken in again, and seals which they are.
func (d *desk) tickable(v *itemList, run *charge.Run) (err error) {
	f := form{Act: actTick, Run: run.ID}
	for i := range v.Rows {
		r := &v.Rows[i]
		if r.Ticks = r.State == charge.ItemPlanned || r.Out == charge.OutTickedOff; r.Ticks {
			f.Seqs = append(f.Seqs, r.Seq)
		}
	}
	if len(f.Seqs) > 0 {
		v.Tick, err = d.seal(f)
	}
	return err
}
