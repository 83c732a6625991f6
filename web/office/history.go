package office

import (
	"net/url"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// historyView is the list of runs.
type historyView struct {
	Rows        []runRow
	Sums        []currency.Amount // charged, of the rows
	Next, First string
	States      []choice
	Sources     []choice
	Typed       map[string]string
	Wrong       string
}

// period reads two days of an address, both of which count.
func (d *desk) period(q url.Values) (since, until time.Time, wrong string) {
	day := func(name string, more int) time.Time {
		text := trimmed(q.Get(name))
		if text == "" {
			return time.Time{}
		}
		t, err := time.ParseInLocation(time.DateOnly, text, d.zone)
		if err != nil {
			wrong = "Type days such as 2026-11-30."
			return time.Time{}
		}
		return t.AddDate(0, 0, more)
	}
	return day("since", 0), day("until", 1), wrong
}

// typedIn are what was typed into the fields of a list.
func typedIn(q url.Values, names ...string) map[string]string {
	typed := map[string]string{}
	for _, n := range names {
		typed[n] = trimmed(q.Get(n))
	}
	return typed
}

// runHistory lists runs, the newest first.
func (d *desk) runHistory() error {
	runs, err := d.runs()
	if err != nil {
		return err
	}
	q := d.r.URL.Query()
	v := &historyView{Typed: typedIn(q, "since", "until", "who")}
	var f charge.RunFilter
	f.Since, f.Until, v.Wrong = d.period(q)
	v.choices(q, &f)
	if after := q.Get("after"); after != "" {
		last, err := runs.Get(d.r.Context(), payment.ID(after))
		mine, held := d.partners()
		if err != nil || held != nil || !last.VisibleTo(mine) {
			return errNoRun
		}
		f.After = last.Place()
		v.First = next(d.r.URL.Path, q, "")
	}
	if v.Wrong == "" {
		list, err := runsOf(f, v.Typed["who"], pageRows+1, func(f charge.RunFilter, most int) ([]*charge.Run, error) {
			return d.visible(d.r.Context(), runs, f, most)
		})
		if err != nil {
			return err
		}
		if len(list) > pageRows {
			list = list[:pageRows]
			v.Next = next(d.r.URL.Path, q, list[pageRows-1].ID)
		}
		if v.Rows, err = d.runRows(d.r.Context(), runs, list); err != nil {
			return err
		}
	}
	sums := moneys{}
	for _, r := range v.Rows {
		if !r.StartedAt.IsZero() {
			for _, a := range r.Amounts {
				sums.add(a)
			}
		}
	}
	v.Sums = sums.list()
	d.show(page{Title: "History", Template: "history", Data: v, Tabs: d.tabs()})
	return nil
}

// runsOf lists up to most runs that list finds; who is the administrator's id, or who else made them.
func runsOf(f charge.RunFilter, who string, most int, list func(charge.RunFilter, int) ([]*charge.Run, error)) (all []*charge.Run, err error) {
	for {
		some, err := list(f, most)
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			if who == "" || strings.EqualFold(r.Who, who) || strings.EqualFold(r.Who, "administrator "+who) {
				all = append(all, r)
			}
		}
		if len(some) < most || len(all) >= most {
			return all[:min(len(all), most)], nil
		}
		f.After = some[len(some)-1].Place()
	}
}

func (v *historyView) choices(q url.Values, f *charge.RunFilter) {
	v.States, v.Sources = []choice{{"", "All", q.Get("state") == ""}}, []choice{{"", "All", q.Get("source") == ""}}
	for _, s := range []charge.State{charge.Planning, charge.Planned, charge.Running, charge.Paused, charge.Waiting, charge.Stopped, charge.Done, charge.Failed} {
		chosen := q.Get("state") == string(s)
		v.States = append(v.States, choice{string(s), upperFirst(runStandings[s].Word), chosen})
		if chosen {
			f.States = []charge.State{s}
		}
	}
	for _, s := range []charge.Source{charge.Administrator, charge.Command, charge.Schedule, charge.Retry} {
		chosen := q.Get("source") == string(s)
		v.Sources = append(v.Sources, choice{string(s), upperFirst(sourceWords[s]), chosen})
		if chosen {
			f.Source = s
		}
	}
}

// tabs are the lists that the place History has.
func (d *desk) tabs() []place {
	if !d.chargesMany() {
		return nil
	}
	all := []place{{Name: "Runs", Path: "history"}, {Name: "Charges of runs", Path: "history/charges"}, {Name: "All payments", Path: "payments"}}
	for i := range all {
		all[i].Path = web.AdminPath + all[i].Path
		all[i].Here = all[i].Path == d.r.URL.Path
	}
	return all
}
