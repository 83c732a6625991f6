package office

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

const (
	censusLife = time.Hour       // how long cards are not counted anew
	censusTime = 5 * time.Minute // what counting may take
	censusWait = time.Second     // what the first page waits for it
)

// census counts when cards expire. Splynx has to be asked for all of them, so it is done seldom,
// and beside the page that wants it.
type census struct {
	mu      sync.Mutex
	running chan struct{} // closed when the count under way has ended; nil: none is
	tried   time.Time
	at      time.Time                // of counts; zero: never counted
	counts  map[int64]map[string]int // good cards, by partner and MM/YY
	none    bool                     // there is no account for cards
}

// expiryView is what the first page says of cards that are about to expire.
type expiryView struct {
	Counting   bool
	This, Next int // month
	Path       string
	At         time.Time
}

// expiring tells how many cards that can be charged expire this month and next. nil: nothing is
// known, or there are none.
func (d *desk) expiring() *expiryView {
	now := d.Now()
	done := d.cardCensus.begin(d, now)
	if done != nil {
		wait := time.NewTimer(censusWait)
		defer wait.Stop()
		select {
		case <-done:
		case <-wait.C:
		case <-d.r.Context().Done():
		}
	}
	c := &d.cardCensus
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.none || c.at.IsZero() && c.running == nil {
		return nil
	}
	month := d.midnight(now, 1-now.In(d.zone).Day())
	following := month.AddDate(0, 1, 0)
	v := &expiryView{Counting: c.at.IsZero(), At: c.at}
	v.Path = web.AdminPath + "cards?" + url.Values{"standing": {string(payment.CardGood)}, "until": {following.Format("2006-01")}}.Encode()
	for partner, months := range c.counts {
		if sees(d.staff, partner) {
			v.This += months[month.Format("01/06")]
			v.Next += months[following.Format("01/06")]
		}
	}
	return v
}

// begin starts a count, unless one is under way or not long ago; nil: there is nothing to wait for.
func (c *census) begin(d *desk, now time.Time) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil {
		return c.running
	}
	if !c.tried.IsZero() && now.Sub(c.tried).Abs() < censusLife {
		return nil
	}
	done := make(chan struct{})
	c.running, c.tried = done, now
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.r.Context()), censusTime)
	e, log := d.e, d.Logger
	go func() {
		defer cancel()
		counts, err := countCards(ctx, e)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.none = errors.Is(err, payment.ErrNoCardAccount)
		if err == nil {
			c.at, c.counts = now, counts
		} else if !c.none {
			log.Warn("saved cards could not be counted", zap.Error(err))
		}
		c.running = nil
		close(done)
	}()
	return done
}

// countCards counts the cards that can be charged, by partner and month.
func countCards(ctx context.Context, e *payment.Engine) (map[int64]map[string]int, error) {
	counts := map[int64]map[string]int{}
	for last, more := int64(0), true; more; {
		page, err := e.CardsAfter(ctx, last)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Cards {
			if c.Standing != payment.CardGood {
				continue
			}
			if counts[c.Customer.PartnerID] == nil {
				counts[c.Customer.PartnerID] = map[string]int{}
			}
			counts[c.Customer.PartnerID][c.Expires]++
		}
		last, more = page.Last, page.More
	}
	return counts, nil
}
