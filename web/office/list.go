package office

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const pageRows = 50

// listView is a list of payments with its filters.
type listView struct {
	Rows   []row
	Sums   []sum
	Next   string // address of the next page; empty: this is the last
	First  string // of the first one; empty: this is it
	Groups []choice
	Kinds  []choice
	// What was typed, and what is wrong with it.
	Customer, Partner string
	Typed             map[string]string
	Wrong             string
	Partners          bool // the administrator may choose one
}

// row is a payment in a list.
type row struct {
	*payment.Payment
	Standing standing
	Name     string // the customer's
}

// sum is what the rows of a currency come to.
type sum struct {
	All, Approved, Back *currency.Amount // nil: nothing
}

// choice is an entry of a list to choose from.
type choice struct {
	Value, Text string
	Chosen      bool
}

// groups are the states that a filter offers together.
var groups = []struct {
	value, text string
	states      []payment.State
}{
	{"", "All", nil},
	{"needs-you", "Needs you", []payment.State{payment.Parked}},
	{"waiting", "Waiting", []payment.State{payment.Created, payment.Offered, payment.Submitted}},
	{"unknown", "Unknown", []payment.State{payment.Unknown}},
	{"approved", "Approved, not booked", []payment.State{payment.Approved}},
	{"booked", "Booked", []payment.State{payment.Recorded}},
	{"refunded", "Refunded", []payment.State{payment.Refunded, payment.Settled}},
	{"declined", "Declined", []payment.State{payment.Declined}},
	{"not-done", "Not done", []payment.State{payment.NotOffered, payment.NotStarted, payment.Cancelled, payment.Expired, payment.NotDone}},
}

var kindChoices = []payment.Kind{payment.KindInvoice, payment.KindProforma, payment.KindTopUp, payment.KindRefund, payment.KindCardCheck}

// list shows payments, the newest first.
func (d *desk) list() error {
	q := d.r.URL.Query()
	f, v, err := d.filter(q)
	if err != nil {
		return err
	}
	held, ok := onlyPartner(d.staff)
	if v.Partners = held == 0; !v.Partners {
		f.Partner = held
	}
	var all []*payment.Payment
	if ok && v.Wrong == "" {
		if all, err = d.e.Find(d.r.Context(), f); err != nil {
			return err
		}
	}
	if len(all) > pageRows {
		all = all[:pageRows]
		v.Next = next(d.r.URL.Path, q, all[pageRows-1].ID)
	}
	if q.Has("after") {
		v.First = next(d.r.URL.Path, q, "")
	}
	v.Rows, v.Sums = d.rows(all), sums(all)
	d.show(page{Title: "History", Template: "list", Data: v, Tabs: d.tabs()})
	return nil
}

// filter reads what is asked for. What cannot be read is said on the page.
func (d *desk) filter(q url.Values) (f payment.Filter, v *listView, err error) {
	v = &listView{Customer: trimmed(q.Get("customer")), Partner: trimmed(q.Get("partner")), Typed: typedIn(q, "since", "until", "number", "document")}
	f.From, f.Until, v.Wrong = d.period(q)
	f.Number = v.Typed["number"]
	f.Limit = pageRows + 1
	for _, g := range groups {
		chosen := q.Get("state") == g.value
		v.Groups = append(v.Groups, choice{g.value, g.text, chosen})
		if chosen {
			f.States = g.states
		}
	}
	v.Kinds = []choice{{"", "All", q.Get("kind") == ""}}
	for _, k := range kindChoices {
		chosen := q.Get("kind") == string(k)
		v.Kinds = append(v.Kinds, choice{string(k), kindWords[k], chosen})
		if chosen {
			f.Kind = k
		}
	}
	for _, x := range []struct {
		text string
		into *int64
	}{{v.Customer, &f.Customer}, {v.Partner, &f.Partner}, {v.Typed["document"], &f.Document}} {
		if x.text == "" {
			continue
		}
		if *x.into, err = strconv.ParseInt(x.text, 10, 64); err != nil || *x.into < 1 {
			v.Wrong = "Customer, partner and document are looked for by their ids in Splynx, which are numbers."
		}
	}
	if after := q.Get("after"); after != "" {
		last, err := d.e.Get(d.r.Context(), payment.ID(after))
		if err != nil || !sees(d.staff, last.Partner) {
			return f, nil, errNoPage
		}
		f.After = last.Cursor()
	}
	return f, v, nil
}

// next is the address of a list behind a payment; "" is its beginning.
func next(path string, q url.Values, after payment.ID) string {
	to := url.Values{}
	for name, values := range q {
		if name != "after" && values[0] != "" {
			to[name] = values[:1]
		}
	}
	if after != "" {
		to.Set("after", string(after))
	}
	if len(to) == 0 {
		return path
	}
	return path + "?" + to.Encode()
}

// rows are payments with the names of their customers.
func (d *desk) rows(all []*payment.Payment) []row {
	var ids []int64
	for _, p := range all {
		if p.Customer != 0 && !slices.Contains(ids, p.Customer) {
			ids = append(ids, p.Customer)
		}
	}
	names := d.named(ids...)
	list := make([]row, 0, len(all))
	for _, p := range all {
		list = append(list, row{p, standingOf(p), names[p.Customer].Name})
	}
	return list
}

// sums adds up a list, each currency apart, in the order of their codes.
func sums(all []*payment.Payment) (list []sum) {
	whole, approved, back := moneys{}, moneys{}, moneys{}
	var codes []string
	for _, p := range all {
		if code := p.Amount.CurrencyCode(); !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
		switch {
		case p.Kind == payment.KindRefund:
			if p.HasMoney() {
				back.add(p.Amount)
			}
			continue
		case p.HasMoney() && p.Kind != payment.KindCardCheck:
			approved.add(p.Amount)
		}
		whole.add(p.Amount)
	}
	slices.Sort(codes)
	for _, c := range codes {
		list = append(list, sum{whole.of(c), approved.of(c), back.of(c)})
	}
	return list
}

// of is the sum of a currency; nil: nothing.
func (m moneys) of(code string) *currency.Amount {
	if a, ok := m[code]; ok {
		return &a
	}
	return nil
}
