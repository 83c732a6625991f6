package office

import (
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// todayMost is how many payments of a day are looked at.
const todayMost = 5000

// overviewView is what the first page shows.
type overviewView struct {
	Counts  []count
	Sums    []sum
	More    bool // there are more than were counted
	Work    string
	Busy    bool // something waits
	Oldest  *payment.Payment
	Health  []ailment
	Finds   []choice
	Charges bool
}

// count is how many payments of today stand in one way.
type count struct {
	standing
	N    int
	Path string
}

// overview shows today, what waits, and what is wrong.
func (d *desk) overview() error {
	var v overviewView
	today, err := d.today()
	if err != nil {
		return err
	}
	if v.More = len(today) > todayMost; v.More {
		today = today[:todayMost]
	}
	v.Counts, v.Sums = counts(today), sums(today)
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
	v.Charges = d.may(Charge)
	d.show(page{Title: "Overview", Template: "overview", Data: v})
	return nil
}

// today are the payments that have moved since midnight in the provider's zone, with one more than
// are counted.
func (d *desk) today() ([]*payment.Payment, error) {
	partner, ok := onlyPartner(d.staff)
	if !ok {
		return nil, nil
	}
	now := d.Now().In(d.zone)
	begin := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, d.zone)
	return d.e.Find(d.r.Context(), payment.Filter{Partner: partner, Since: begin, Limit: todayMost + 1})
}

// counts counts them by how they stand, in the order of the list's filter.
func counts(all []*payment.Payment) (list []count) {
	for _, g := range groups[1:] {
		n := 0
		for _, p := range all {
			for _, s := range g.states {
				if p.State == s {
					n++
				}
			}
		}
		mark := standings[g.states[0]]
		mark.Word = g.text
		list = append(list, count{mark, n, listPath("state", g.value)})
	}
	return list
}
