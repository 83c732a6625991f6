package office

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// overviewView is what the first page shows.
type overviewView struct {
	Work      string
	Busy      bool // something waits
	Oldest    *payment.Payment
	Health    []ailment
	Upstreams []reached
	Charges   bool

	Heads                []standing // of outcomes
	Month                string
	TodayPath, MonthPath string // the logs of their charges
	Accounts             []accountRow
	Apart                bool // several partners or currencies have figures
	Partner              bool // several partners
	Charts               []*chart
	Expiry               *expiryView // nil: there are no cards to be seen
}

// accountRow is what today and this month came to, of one partner and currency.
type accountRow struct {
	account
	Today, Month *tallies
}

// reached is whether a system answers.
type reached struct {
	Name string
	standing
	Since time.Time
}

// overview shows what came in, what waits, and what is wrong.
func (d *desk) overview() error {
	v := overviewView{Heads: outcomeWords[:], Charges: d.may(Charge), Upstreams: d.reached()}
	if err := d.figures(&v); err != nil {
		return err
	}
	waiting, err := d.attention(payment.Filter{Limit: countMost})
	if err != nil {
		return err
	}
	v.Work, v.Busy = strconv.Itoa(len(waiting)), len(waiting) > 0
	if len(waiting) >= countMost {
		v.Work = strconv.Itoa(countMost) + " or more"
	}
	for _, p := range waiting {
		if v.Oldest == nil || p.MovedAt.Before(v.Oldest.MovedAt) {
			v.Oldest = p
		}
	}
	if v.Health, err = d.health(); err != nil {
		return err
	}
	v.Expiry = d.expiring()
	d.show(page{Title: "Overview", Template: "overview", Data: v})
	return nil
}

// figures adds up today, the month and each of the last days. The days of both overlap, and each is
// read once.
func (d *desk) figures(v *overviewView) error {
	if _, ok := onlyPartner(d.staff); !ok {
		return nil
	}
	now := d.Now()
	today := d.midnight(now, 0)
	month := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, d.zone)
	mine := func(partner int64) bool { return sees(d.staff, partner) }
	ofToday, ofMonth := map[account]*tallies{}, map[account]*tallies{}
	charts := map[string]*chart{}
	for back := max(chartDays, today.Day()) - 1; back >= 0; back-- {
		from := d.midnight(now, -back)
		list, err := d.tallied.day(d.r.Context(), d.e, from, d.midnight(now, 1-back), now)
		if err != nil {
			return err
		}
		if !from.Before(month) {
			err = by(list, mine, ofMonth)
		}
		if err == nil && back == 0 {
			err = by(list, mine, ofToday)
		}
		if err == nil && back < chartDays {
			err = d.chart(charts, list, mine, chartDays-1-back, now)
		}
		if err != nil {
			return err
		}
	}
	v.Month = today.Format("January")
	v.TodayPath, v.MonthPath = chargesFrom(today), chargesFrom(month)
	for _, k := range accounts(ofMonth) {
		row := accountRow{k, ofToday[k], ofMonth[k]}
		if row.Today == nil {
			row.Today = new(tallies)
		}
		v.Accounts = append(v.Accounts, row)
		v.Apart, v.Partner = len(v.Accounts) > 1, v.Partner || k.Partner != v.Accounts[0].Partner
	}
	return v.drawn(charts)
}

// chargesFrom is the log of the charges since a day.
func chargesFrom(day time.Time) string {
	return web.AdminPath + "logs/charges?" + url.Values{"from": {day.Format(time.DateOnly)}}.Encode()
}

// chart adds a day's figures to the pictures of their currencies.
func (d *desk) chart(charts map[string]*chart, list []payment.Figure, mine func(int64) bool, at int, now time.Time) error {
	for _, f := range list {
		if _, counts := outcomeOf(f); !counts || !mine(f.Partner) {
			continue
		}
		code := f.Amount.CurrencyCode()
		c := charts[code]
		if c == nil {
			c = &chart{Currency: code, Days: make([]chartDay, chartDays)}
			for i := range c.Days {
				c.Days[i].Day = d.midnight(now, i+1-chartDays)
			}
			charts[code] = c
		}
		if err := c.Days[at].Sum.add(f); err != nil {
			return err
		}
		if err := c.Sum.add(f); err != nil {
			return err
		}
	}
	return nil
}

// drawn puts the pictures on the page, in the order of their currencies.
func (v *overviewView) drawn(charts map[string]*chart) error {
	for _, code := range slices.Sorted(maps.Keys(charts)) {
		if err := charts[code].draw(); err != nil {
			return err
		}
		v.Charts = append(v.Charts, charts[code])
	}
	return nil
}

// upstreamNames are the systems as staff know them.
var upstreamNames = map[string]string{"splynx": "Splynx", "windcave": "Windcave"}

// reached tells whether both systems answer, as the last calls went.
func (d *desk) reached() (all []reached) {
	if d.Upstreams == nil {
		return nil
	}
	for _, s := range d.Upstreams() {
		all = append(all, reachedOf(s))
	}
	return all
}

func reachedOf(s upstream.State) reached {
	r := reached{Name: upstreamNames[s.Name], standing: standing{Mark: markDone, Word: "answers"}, Since: s.LastFailure}
	switch s.Gate {
	case "open":
		r.Mark, r.Word = markStop, "does not answer"
	case "half-open":
		r.Mark, r.Word = markWait, "is tried again"
	}
	return r
}
