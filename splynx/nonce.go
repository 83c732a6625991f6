package splynx

import (
	"context"
	"sync"
	"time"
)

// Nonces gives the numbers that signatures are made with. A key with nonce check refuses one
// that is not above the last, so a key should have one source, shared by all its clients.
//
// A source may also have a method Skip(ctx, by int64) error, which leaves out that many
// numbers: it is told so after Splynx has refused a signature.
type Nonces interface {
	// Next returns a number above all that it returned before.
	Next(ctx context.Context) (int64, error)
}

// skipper is the method that a source of nonces may have.
type skipper interface {
	Skip(ctx context.Context, by int64) error
}

// leap is how far a nonce jumps after a refusal: one hour of the microseconds it counts.
// Somebody else may use the key, or the clock was set back since the last start.
const leap = int64(time.Hour / time.Microsecond)

// clockNonces counts microseconds since 1970 by the clock, and on when that stands or goes back.
type clockNonces struct {
	now  func() time.Time
	mu   sync.Mutex
	last int64
}

// Next implements Nonces.
func (n *clockNonces) Next(context.Context) (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = max(n.last+1, n.now().UnixMicro())
	return n.last, nil
}

// Skip leaves out numbers.
func (n *clockNonces) Skip(_ context.Context, by int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = max(n.last, n.now().UnixMicro()) + by
	return nil
}
