package web

import (
	"context"
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// names keeps the providers' names that Splynx gives, so that a page does not wait for them.
type names struct {
	mu    sync.Mutex
	known map[int64]name
}

type name struct {
	text string
	at   time.Time
}

const (
	nameLife    = 10 * time.Minute
	nameTimeout = 2 * time.Second
)

// of is the name that payers know the partner by: the setting, or Splynx's company name, or,
// while that cannot be had, nothing that could be wrong.
func (n *names) of(ctx context.Context, g *payment.Generation, partner int64) string {
	if set := g.Partner(partner).Name; set != "" {
		return set
	}
	if partner == 0 {
		partner = 1
	}
	n.mu.Lock()
	have, ok := n.known[partner]
	n.mu.Unlock()
	if ok && time.Since(have.at) < nameLife {
		return have.text
	}
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	if info, err := g.Splynx.CompanyInfo(ctx, partner); err == nil && info.CompanyName != "" {
		have.text = info.CompanyName
	} else if have.text == "" {
		have.text = unnamed
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = make(map[int64]name)
	}
	n.known[partner] = name{have.text, time.Now()}
	return have.text
}

const unnamed = "your provider"
