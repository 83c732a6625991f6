package web

import (
	"context"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// names keeps the providers' names that Splynx gives, so that a page does not wait for them.
type names struct {
	mu    sync.Mutex
	known map[int64]name
	asks  singleflight.Group
}

type name struct {
	text  string
	until time.Time // asked for again after that
}

const (
	nameLife    = 10 * time.Minute
	nameRetry   = 30 * time.Second
	nameTimeout = 2 * time.Second
)

// of is the name that payers know the partner by: the setting, or Splynx's company name.
// While neither can be had it is empty: no name is better than one that could be wrong.
func (n *names) of(ctx context.Context, g *payment.Generation, partner int64, now time.Time) string {
	if set := g.Partner(partner).Name; set != "" {
		return set
	}
	if partner == 0 {
		partner = 1 // of a fresh Splynx, and of those with one partner
	}
	n.mu.Lock()
	have, ok := n.known[partner]
	n.mu.Unlock()
	if ok && now.Before(have.until) {
		return have.text
	}
	text, _, _ := n.asks.Do(strconv.FormatInt(partner, 10), func() (any, error) {
		return n.ask(ctx, g, partner, have.text, now), nil
	})
	return text.(string)
}

// ask does not end with the request that it is for: others wait for the answer too.
func (n *names) ask(ctx context.Context, g *payment.Generation, partner int64, last string, now time.Time) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), nameTimeout)
	defer cancel()
	answer := name{last, now.Add(nameRetry)}
	if info, err := g.Splynx.CompanyInfo(ctx, partner); err == nil && info.CompanyName != "" {
		answer = name{info.CompanyName, now.Add(nameLife)}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = make(map[int64]name)
	}
	n.known[partner] = answer
	return answer.text
}
