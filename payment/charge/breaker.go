package charge

import (
	"sync"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// breaker has a run pause by itself when what comes of its charges says that all others will
// fare no better. It counts what comes in a row.
type breaker struct {
	stopAfter, unknownMax int

	mu     sync.Mutex
	counts map[Why]int
	proven chan struct{} // closed at the first charge that the bank has decided on
}

func newBreaker(o Options) *breaker {
	return &breaker{stopAfter: o.StopAfter, unknownMax: o.UnknownMax, counts: make(map[Why]int), proven: make(chan struct{})}
}

// note counts what became of a charge, and tells why the run has to pause; empty: it goes on.
func (b *breaker) note(p *payment.Payment) Why {
	switch {
	case p.State == payment.Declined, p.HasMoney():
		b.decided()
	case p.Reason == payment.ReasonGatewayRefused:
		return b.fails(WhyConfig)
	case p.State == payment.Unknown:
		return b.fails(WhyUnknown)
	case p.Reason == payment.ReasonNotSent:
		return b.fails(WhyUnreachable)
	case p.Reason == payment.ReasonSplynxUnreadable:
		return b.fails(WhySplynxDown)
	}
	return ""
}

// decided notes that everything works: the bank has said yes or no.
func (b *breaker) decided() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.counts)
	select {
	case <-b.proven:
	default:
		close(b.proven)
	}
}

func (b *breaker) isProven() bool {
	select {
	case <-b.proven:
		return true
	default:
		return false
	}
}

// fails counts one thing that went wrong.
func (b *breaker) fails(why Why) Why {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[why]++
	limit := b.stopAfter
	if why == WhyUnknown {
		limit = b.unknownMax
	}
	if b.counts[why] >= limit {
		return why
	}
	return ""
}
