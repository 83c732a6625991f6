package payment

import (
	"context"
	"time"

	"github.com/bojanz/currency"
)

// Figure is what payments that are alike come to: how many there are, and their sum. All that it
// is told apart by is of each of them.
type Figure struct {
	Partner int64
	Kind    Kind
	State   State
	Money   bool // the gateway has approved them
	Count   int
	Amount  currency.Amount
}

// Figures adds up payments.
type Figures interface {
	// Figures adds up the payments that began at from or later and before until, as they stand
	// now, in no order.
	Figures(ctx context.Context, from, until time.Time) ([]Figure, error)
}

// Figures adds up the payments that began at from or later and before until, as they stand now,
// in no order.
func (e *Engine) Figures(ctx context.Context, from, until time.Time) ([]Figure, error) {
	return e.store.Figures(ctx, from, until)
}
