package office

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	chartDays   = 30
	freshLife   = time.Minute      // how long figures of today and yesterday are kept
	settledLife = 15 * time.Minute // and of the days before, of which little moves
)

// outcome tells payments apart by what came of them. Each payment counts once.
type outcome int

const (
	tookIn   outcome = iota // the money was taken, and nothing waits for a person
	needsYou                // a person must look
	waits                   // nothing is known yet
	refused
	gaveBack
	outcomes int = iota
)

// outcomeOf tells what came of payments; a card check and what came to nothing count nowhere.
func outcomeOf(f payment.Figure) (outcome, bool) {
	switch {
	case f.Kind == payment.KindCardCheck:
		return 0, false
	case f.Kind == payment.KindRefund:
		return gaveBack, f.Money
	case f.State == payment.Parked:
		return needsYou, true
	case f.Money:
		return tookIn, true
	case f.State == payment.Declined:
		return refused, true
	case f.State == payment.Created, f.State == payment.Offered, f.State == payment.Submitted, f.State == payment.Unknown:
		return waits, true
	}
	return 0, false
}

// tally is how many payments had an outcome, and their sum.
type tally struct {
	N      int
	Amount currency.Amount
}

// tallies are those of one partner and currency, or of one day.
type tallies [outcomes]tally

func (t *tallies) add(f payment.Figure) error {
	o, counts := outcomeOf(f)
	if !counts {
		return nil
	}
	at := &t[o]
	if at.N == 0 {
		*at = tally{f.Count, f.Amount}
		return nil
	}
	sum, err := at.Amount.Add(f.Amount)
	at.N, at.Amount = at.N+f.Count, sum
	return err
}

// account is whose money is added up: no sum goes over partners in a table, or over currencies.
type account struct {
	Partner  int64
	Currency string
}

// by adds up figures of each account that the administrator may see.
func by(list []payment.Figure, may func(int64) bool, into map[account]*tallies) error {
	for _, f := range list {
		if _, counts := outcomeOf(f); !counts || !may(f.Partner) {
			continue
		}
		a := account{f.Partner, f.Amount.CurrencyCode()}
		if into[a] == nil {
			into[a] = new(tallies)
		}
		if err := into[a].add(f); err != nil {
			return err
		}
	}
	return nil
}

// accounts are in the order of partners and currencies.
func accounts(of map[account]*tallies) []account {
	return slices.SortedFunc(maps.Keys(of), func(a, b account) int {
		return cmp.Or(cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.Currency, b.Currency))
	})
}

// figureCache keeps what days came to: many look at the first page, and a day can have thousands
// of payments.
type figureCache struct {
	mu   sync.Mutex // held while they are read, so that they are read once
	days map[time.Time]cachedDay
}

type cachedDay struct {
	list []payment.Figure
	at   time.Time
}

// day reads what came of the payments that began on a day.
func (c *figureCache) day(ctx context.Context, e *payment.Engine, from, until, now time.Time) ([]payment.Figure, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	life := freshLife
	if now.Sub(until) > 24*time.Hour {
		life = settledLife
	}
	if kept, ok := c.days[from]; ok && now.Sub(kept.at).Abs() < life {
		return kept.list, nil
	}
	list, err := e.Figures(ctx, from, until)
	if err != nil {
		return nil, err
	}
	if c.days == nil {
		c.days = map[time.Time]cachedDay{}
	}
	maps.DeleteFunc(c.days, func(day time.Time, _ cachedDay) bool { return now.Sub(day) > (chartDays+10)*24*time.Hour })
	c.days[from] = cachedDay{list, now}
	return list, nil
}

// midnight is when a day began in the provider's zone, some days before or after.
func (o *Office) midnight(t time.Time, days int) time.Time {
	t = t.In(o.zone)
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, o.zone)
}
